"""A command line that starts at once: what each command loads, and how a shell completes it."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.emulators.gateway import GatewayEmulator
from tests.emulators.telegram import TelegramPlatform

ROOT = Path(__file__).parents[2]
PROGRAM = """
import sys
from bridge.__main__ import main
try:
    main()
finally:
    print(*(name for name, module in sys.modules.items() if module), file=sys.stderr)
"""
HEAVY = {
    "pydantic",
    "aiohttp",
    "httpx",
    "redis",
    "structlog",
    "msgspec",
    "asyncio",
    "rich",
    "prompt_toolkit",
    "channels",
}
DRAWING = {"rich", "pygments", "click", "prompt_toolkit", "channels.console"}


async def started(home: Path, *arguments: str, **environment: str) -> asyncio.subprocess.Process:
    surroundings = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(ROOT),
        "BRIDGE_DATA_DIR": str(home / "data"),
    }
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PROGRAM, *arguments), stdout=-1, stderr=-1, cwd=home, env=surroundings | environment
    )


async def loaded(process: asyncio.subprocess.Process) -> set[str]:
    """What the program had loaded by its end."""
    _, errors = await asyncio.wait_for(process.communicate(), 60)
    return set(errors.decode().splitlines()[-1].split())


@pytest.mark.parametrize(
    "arguments", [["--version"], ["--help"], ["access", "--help"], ["bench", "--help"], ["completion", "fish"]]
)
async def test_what_asks_for_nothing_loads_nothing_heavy(arguments: list[str], tmp_path: Path) -> None:
    assert not await loaded(await started(tmp_path, *arguments)) & HEAVY


async def test_models_loads_neither_a_store_nor_a_channel(tmp_path: Path) -> None:
    async with GatewayEmulator("C") as gateway:
        process = await started(tmp_path, "models", BRIDGE_GATEWAY_URL=gateway.url, BRIDGE_GATEWAY_KEY=gateway.key)
        modules = await loaded(process)
    assert process.returncode == 0
    assert not modules & {*DRAWING, "redis", "channels", "bridge.app"}


async def test_run_loads_no_platform_but_its_own(tmp_path: Path) -> None:
    async with TelegramPlatform() as platform:
        process = await started(tmp_path, "run", BRIDGE_GATEWAY_URL="http://127.0.0.1:9", **platform.environment())
        await platform.server.until_called("getUpdates")
        process.send_signal(signal.SIGTERM)
        modules = await loaded(process)
    assert "channels.telegram.adapter" in modules
    others = {"discord", "channels.discord.adapter", "channels.feishu.adapter", "google.protobuf"}
    assert not modules & {*DRAWING, *others}


def test_the_input_line_comes_before_all_that_answers() -> None:
    needed = """
import sys
from bridge.admin.shell import chat, configuration
configuration.read_settings()
from channels.console import Settings, terminal
Settings().open_channel()
print(*sys.modules)
"""
    run = subprocess.run([sys.executable, "-c", needed], capture_output=True, cwd=ROOT, text=True, check=True)
    assert not set(run.stdout.split()) & {"aiohttp", "httpx", "redis", "structlog", "rich", "markdown_it", "bridge.app"}


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("cherry-bridge comp", ["completion"]),
        ("cherry-bridge completion ", ["bash", "fish", "zsh"]),
        ("cherry-bridge access in", ["invite"]),
        ("cherry-bridge models --j", ["--json"]),
        ("cherry-bridge inbox ", ["drop", "list", "retry"]),
        ("cherry-bridge bench --m", ["--max-tokens", "--models"]),
        ("cherry-bridge run --", ["--help", "--processes"]),
    ],
)
def test_bash_completes_it(typed: str, offered: list[str]) -> None:
    script = subprocess.run(
        [sys.executable, "-m", "bridge", "completion", "bash"], capture_output=True, cwd=ROOT, text=True, check=True
    ).stdout
    ask = """
read -ra COMP_WORDS <<< "$TYPED"
[[ $TYPED == *" " ]] && COMP_WORDS+=("")
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
COMP_LINE=$TYPED COMP_POINT=${#TYPED}
set -- $(complete -p cherry-bridge)
while [[ $1 != -F ]]; do shift; done
$2 cherry-bridge "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}" 2>/dev/null
printf '%s\\n' "${COMPREPLY[@]}"
"""
    run = subprocess.run(
        ["bash", "-c", script + ask], capture_output=True, text=True, env={**os.environ, "TYPED": typed}, check=False
    )
    assert sorted(run.stdout.split()) == offered, run.stderr


@pytest.mark.parametrize(
    ("shell", "begins"), [("zsh", "#compdef cherry-bridge"), ("fish", "complete -c cherry-bridge")]
)
def test_other_shells_are_given_a_script_of_theirs(shell: str, begins: str, capsys: pytest.CaptureFixture[str]) -> None:
    from bridge.cli import main

    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert begins in script
    assert "demo-gateway" in script
    if program := shutil.which(shell):
        read = subprocess.run([program, "-n"], input=script, capture_output=True, text=True, check=False)
        assert (read.returncode, read.stderr) == (0, "")
