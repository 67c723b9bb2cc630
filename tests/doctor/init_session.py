"""`cherry-bridge init` in a pseudo-terminal, with a person's answers."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Self

import pexpect  # type: ignore[import-untyped]

PATIENCE = 40
ROOT = Path(__file__).parents[2]


class InitSession:
    """Runs `init` in the folder `home`. `screen` is what it has printed."""

    def __init__(self, home: Path, port: int, **environment: str) -> None:
        self.home, self.environment = home, surroundings(home, port) | environment

    def __enter__(self) -> Self:
        command = ["-m", "tests.doctor.program"]
        self._child = pexpect.spawn(
            sys.executable, command, cwd=self.home, env=self.environment, encoding="utf-8", dimensions=(60, 250)
        )
        self._child.delaybeforesend = None
        self.screen = ""
        return self

    def __exit__(self, *exc: object) -> None:
        self._child.close(force=True)

    def expect(self, text: str) -> None:
        """Wait until `text` is printed."""
        try:
            self._child.expect_exact(text, timeout=PATIENCE)
        except (pexpect.TIMEOUT, pexpect.EOF):
            raise AssertionError(f"never seen: {text!r}; but {self.screen}{self._child.before}") from None
        self.screen += self._child.before + self._child.after

    def answer(self, question: str, typed: str) -> None:
        self.expect(question)
        self.expect(": ")
        if "hidden" in self.screen[self.screen.rindex(question) :]:
            assert self._child.waitnoecho(PATIENCE), "a secret would be shown"
        self._child.sendline(typed)

    def line(self) -> str:
        """The rest of the line that is being read."""
        self._child.expect("\r?\n", timeout=PATIENCE)
        return str(self._child.before).strip()

    def interrupt_at(self, question: str) -> None:
        """Press Ctrl-C at `question`, and again if nothing happens: the C library may miss one just before it reads."""
        self.expect(question)
        self.expect(": ")
        for _ in range(PATIENCE // 2):
            self._child.sendcontrol("c")
            if (
                self._child.expect_exact(["run cherry-bridge init", "再运行 cherry-bridge init", pexpect.TIMEOUT], 2)
                < 2
            ):
                self.screen += self._child.before + self._child.after
                return
        raise AssertionError(f"it does not stop; {self.screen}{self._child.before}")

    def close_at(self, question: str) -> None:
        """Press Ctrl-D at `question`."""
        self.expect(question)
        self.expect(": ")
        self._child.sendcontrol("d")

    def interrupt(self) -> None:
        self._child.sendcontrol("c")

    def wait(self) -> int:
        self._child.expect(pexpect.EOF, timeout=PATIENCE)
        self.screen += self._child.before
        self._child.wait()
        return int(self._child.exitstatus)


def surroundings(home: Path, port: int) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "LANG": "en_GB.UTF-8",
        "PYTHONPATH": str(ROOT),
        "USUAL_PORT": str(port),
        "BRIDGE_DATA_DIR": str(home / "data"),
    }
