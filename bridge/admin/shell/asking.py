"""A person at a plain terminal: questions to them, and text from outside made fit for them to read.

Secrets are not shown while they are typed.
"""

from __future__ import annotations

import asyncio
import getpass
import os
import shutil
import sys
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

from bridge import log

T = TypeVar("T")
NAME = "cherry-bridge"


def at_terminal() -> bool:
    """Whether a person can be asked: standard input and output are a terminal."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def program() -> str:
    """The command that starts this program: by its path where a shell does not find it by its name."""
    started = Path(sys.argv[0])
    if started.name != NAME or shutil.which(NAME):
        return NAME
    return os.path.relpath(started)


def say(text: str = "") -> None:
    print(text, flush=True)


def waited_for(task: Coroutine[Any, Any, T]) -> T:
    """Run `task`, and return its result; while it takes longer than a second, a line counts the seconds."""
    return asyncio.run(_counted(task))


async def _counted(task: Coroutine[Any, Any, T]) -> T:
    counting = asyncio.create_task(_count_seconds())
    try:
        return await task
    finally:
        counting.cancel()
        await asyncio.wait([counting])


async def _count_seconds() -> None:
    if not sys.stdout.isatty():
        return
    began = time.monotonic()
    try:
        while True:
            await asyncio.sleep(1)
            print(f"\r… {time.monotonic() - began:.0f} s ", end="", flush=True)
    finally:
        print("\r       \r", end="", flush=True)


def ask(prompt: str, *, hidden: bool = False) -> str:
    """Ask, and return what is typed, without spaces around it and without unprintable characters.

    Raises KeyboardInterrupt on Ctrl-C and EOFError on Ctrl-D.
    """
    typed = getpass.getpass(f"{prompt}: ") if hidden else input(f"{prompt}: ")
    return "".join(char for char in typed if char.isprintable()).strip()


def agrees(prompt: str, *, otherwise: bool) -> bool:
    """Ask for yes or no, again if need be; return `otherwise` where only Enter is pressed."""
    while typed := ask(prompt).lower():
        if typed in ("y", "yes", "是", "好"):
            return True
        if typed in ("n", "no", "否", "不"):
            return False
    return otherwise


def clean(text: str) -> str:
    """Return `text` on one line, without secrets and control characters: it may hold names from outside."""
    if not sys.stdout.encoding.lower().startswith("utf"):
        text = text.encode(sys.stdout.encoding, "replace").decode(sys.stdout.encoding)
    return "".join(char if char.isprintable() else " " for char in log.redact(text))
