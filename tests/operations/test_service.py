"""`cherry-bridge service`: what it writes, what it has the system do, and what it refuses."""

from __future__ import annotations

import os
import plistlib
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bridge.admin.shell.serve import qr_code
from bridge.admin.shell.service import Launchd, Systemd

ROOT = Path(__file__).parents[2]
TOKEN = "TELEGRAM_TOKEN=123456:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="plays systemd")


class Machine:
    """A home with a folder that is set up, and a systemd that writes down what it is told."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.folder = home / "my 100% bot"
        self.folder.mkdir()
        (self.folder / ".env").write_text(TOKEN)
        (home / "bin").mkdir()
        for name in ("systemctl", "journalctl"):
            self.play(name)

    def play(self, name: str, *, status: int = 0, says: str = "") -> None:
        program = self.home / "bin" / name
        program.write_text(
            f'#!/bin/sh\necho {name} "$@" >> {self.home}/told\n{says and f"echo {says} >&2"}\nexit {status}\n'
        )
        program.chmod(0o755)

    def run(self, *arguments: str, folder: Path | None = None, **environment: str) -> tuple[int, str]:
        kept = {"PATH": f"{self.home}/bin:/usr/bin:/bin", "HOME": str(self.home), "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-m", "bridge", "service", *arguments]
        where = folder or self.folder
        ran = subprocess.run(command, cwd=where, env={**kept, **environment}, capture_output=True, text=True)
        return ran.returncode, ran.stdout + ran.stderr

    def told(self) -> list[str]:
        """What systemd was told since the last call."""
        path = self.home / "told"
        lines = path.read_text().splitlines() if path.exists() else []
        path.unlink(missing_ok=True)
        return lines

    @property
    def unit(self) -> Path:
        return self.home / ".config/systemd/user/cherry-bridge.service"


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_it_is_installed_shown_and_taken_away(machine: Machine) -> None:
    status, said = machine.run("install")
    assert status == 0 and said.startswith(f"Installed {machine.unit}"), said
    assert machine.told() == [
        f"systemctl --user {each} cherry-bridge".replace("reload cherry-bridge", "reload")
        for each in ("daemon-reload", "enable", "restart")
    ]
    unit = machine.unit.read_text()
    assert f"WorkingDirectory={machine.home}/my 100%% bot\n" in unit
    assert f"ExecStart={sys.executable} -m bridge run\n" in unit
    assert machine.run("status")[0] == machine.run("logs", "--follow")[0] == 0
    assert machine.told() == [
        "systemctl --user --no-pager status cherry-bridge",
        "journalctl --user --unit cherry-bridge --lines 100 --follow",
    ]
    assert machine.run("install")[1].startswith("Updated"), "again, as after an upgrade"
    machine.told()
    status, said = machine.run("uninstall")
    assert status == 0 and not machine.unit.exists() and (machine.folder / ".env").exists()
    assert machine.told() == ["systemctl --user disable --now cherry-bridge", "systemctl --user daemon-reload"]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="has no systemd")
def test_systemd_takes_the_unit(machine: Machine) -> None:
    machine.run("install")
    checked = subprocess.run(
        ["systemd-analyze", "--user", "verify", os.fspath(machine.unit)], capture_output=True, text=True
    )
    ours = [line for line in checked.stderr.splitlines() if "cherry-bridge" in line]
    assert ours == []


def test_what_cannot_run_is_not_installed(machine: Machine) -> None:
    empty = machine.home / "empty"
    empty.mkdir()
    assert "There is no .env in this folder" in machine.run("install", folder=empty)[1]
    (machine.folder / ".env").write_text("")
    assert "No channel is configured." in machine.run("install")[1]
    status, said = machine.run("install", TELEGRAM_TOKEN=TOKEN.strip().partition("=")[2])
    assert status == 2 and "TELEGRAM_TOKEN is set in this shell only" in said
    assert not machine.unit.exists() and machine.told() == []
    assert "is not installed" in machine.run("status")[1]


def test_what_systemd_says_is_passed_on(machine: Machine) -> None:
    machine.play("systemctl", status=1, says="Failed to connect to bus")
    status, said = machine.run("install")
    assert status == 1 and "could not be started: Failed to connect to bus" in said


def test_the_unit_quotes_a_program_with_spaces() -> None:
    unit = Systemd(Path("/home/mia")).definition(["/opt/my $bot/python", "-m", "bridge"], Path("/srv")).decode()
    assert 'ExecStart="/opt/my $$bot/python" -m bridge\n' in unit


def test_the_agent_of_a_mac_reads_as_apple_tells() -> None:
    mac = Launchd(Path("/Users/mia"), 501)
    agent = plistlib.loads(mac.definition(["/opt/bot/python", "-m", "bridge", "run"], Path("/Users/mia/my bot")))
    assert agent["ProgramArguments"] == ["/opt/bot/python", "-m", "bridge", "run"]
    assert (agent["WorkingDirectory"], agent["RunAtLoad"], agent["KeepAlive"]) == ("/Users/mia/my bot", True, True)
    assert mac.file == Path("/Users/mia/Library/LaunchAgents/cherry-bridge.plist")
    assert mac.start() == [["launchctl", "bootstrap", "gui/501", str(mac.file)]]
    assert mac.stop() == [["launchctl", "bootout", "gui/501/cherry-bridge"]]


def test_a_link_is_shown_for_a_phone() -> None:
    lines = qr_code("https://t.me/cherry_test_bot?start=ABCDEFGH2345").splitlines()
    assert 15 < len(lines) < 24 and len(set(map(len, lines))) == 1
    assert set("".join(lines)) <= set(" █▀▄")
