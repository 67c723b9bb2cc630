"""A backup by the note's own commands, restored into nothing: the conversation goes on."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from tests.emulators.gateway import GatewayEmulator
from tests.emulators.telegram import TelegramPlatform
from tests.harness import BridgeProcess
from tests.operations.test_files import OPERATIONS


def commands(mark: str, data: Path) -> str:
    """The note's block, for a data folder that lies elsewhere; stopping and starting is done by the test."""
    found = re.search(rf"^```sh {mark}\n(.*?)^```$", OPERATIONS.read_text(), re.MULTILINE | re.DOTALL)
    assert found
    lines = found[1].replace("/var/lib/cherry-bridge/", f"{data}/").splitlines()
    assert lines[0] == "systemctl stop cherry-bridge"
    assert lines[-1] == "systemctl start cherry-bridge"
    return "\n".join(lines[1:-1])


def run(script: str, where: Path) -> None:
    subprocess.run(["sh", "-euc", script], cwd=where, check=True)


def test_what_is_restored_belongs_to_whom_its_folder_belongs_to(tmp_path: Path) -> None:
    """A service's user may have another number on the next machine. Only root can be somebody else here."""
    data, root = tmp_path / "data", os.geteuid() == 0
    log = data / "valkey" / "appendonlydir" / "appendonly.aof.manifest"
    log.parent.mkdir(parents=True)
    log.touch()
    os.chown(log, 61_999 if root else -1, -1)
    run(commands("backup", data), tmp_path)
    os.chown(data, 61_234 if root else -1, -1)
    run(commands("restore", data), tmp_path)
    assert {path.stat().st_uid for path in data.rglob("*")} == {data.stat().st_uid}


async def test_history_before_a_backup_is_known_after_the_restore(tmp_path: Path) -> None:
    async with TelegramPlatform() as platform, GatewayEmulator("B") as gateway:
        async with BridgeProcess(platform, gateway, tmp_path, BRIDGE_ADMINS=str(platform.user("mia"))) as bot:
            data = bot.home / "data"
            await bot.ask("My cat is called Momo.")
            await bot.stop()
            run(commands("backup", data), tmp_path)
            shutil.rmtree(data)
            (data / "valkey" / "appendonlydir").mkdir(mode=0o700, parents=True)
            run(commands("restore", data), tmp_path)
            await bot.start()
            await bot.ask("What is my cat called?")
            assert [each["content"] for each in gateway.requests[-1].messages if each["role"] == "user"] == [
                "My cat is called Momo.",
                "What is my cat called?",
            ]
