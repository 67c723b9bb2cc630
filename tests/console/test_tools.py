"""Tools in the terminal: the demo shows them in two messages, and a question outlives the program."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pexpect  # type: ignore[import-untyped]

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 60


def demo(home: Path) -> Any:
    surroundings = {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8", "TERM": "xterm"}
    ours = {"PYTHONPATH": str(ROOT), "BRIDGE_DATA_DIR": str(home / "data"), "BRIDGE_LANGUAGE": "en"}
    child = pexpect.spawn(
        sys.executable,
        ["-m", "bridge", "demo"],
        env=surroundings | ours,
        cwd=str(home),
        encoding="utf-8",
        timeout=PATIENCE_SECONDS,
        dimensions=(40, 100),
    )
    child.expect("›")
    return child


def test_two_messages_show_them_and_a_question_outlives_us(tmp_path: Path) -> None:
    terminal = demo(tmp_path)
    terminal.send("/tools on\r")
    terminal.expect("Tools are on here")
    terminal.send("What is the weather in Paris?\r")
    terminal.expect("Paris: [a-z]+, -?[0-9]+ degrees")
    terminal.send("Note down: buy milk\r")
    terminal.expect("buy milk.*/tool once.always.no ([a-z0-9.]+)")
    asked = terminal.match[1]
    terminal.kill(9)
    terminal.wait()
    again = demo(tmp_path)
    again.send(f"/tool once {asked}\r")
    again.expect("Notes so far: 1")
    again.kill(15)  # in order, so that the store does not stay behind
    again.wait()
