"""A conversation at a plain terminal: lines go out, answers come in, secrets are not shown while they are typed."""

from __future__ import annotations

import getpass
import sys


def at_terminal() -> bool:
    """Whether somebody can be asked."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def say(text: str = "") -> None:
    print(text, flush=True)


def ask(prompt: str, *, hidden: bool = False) -> str:
    """What is typed, without blanks around it or anything that is no character.

    Raises KeyboardInterrupt on Ctrl-C and EOFError on Ctrl-D.
    """
    typed = getpass.getpass(f"{prompt}: ") if hidden else input(f"{prompt}: ")
    return "".join(char for char in typed if char.isprintable()).strip()


def agrees(prompt: str, *, otherwise: bool) -> bool:
    """Yes or no; `otherwise` where only Enter is pressed. Asked again where neither was said."""
    while typed := ask(prompt).lower():
        if typed in ("y", "yes", "是", "好"):
            return True
        if typed in ("n", "no", "否", "不"):
            return False
    return otherwise
