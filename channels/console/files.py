"""Files that came with an answer, written to a folder; and files of the person's, read for `Console.fetch`."""

from __future__ import annotations

import asyncio
import os
import re
import stat
import unicodedata
from collections.abc import AsyncGenerator
from itertools import count
from pathlib import Path
from typing import BinaryIO

from bridge.errors import ChannelError, Gone, Refused
from bridge.types import Attachment, BodyFile

MAX_NAME_LENGTH = 100
CHUNK_BYTES = 1 << 18

_NOT_ON_WINDOWS = re.compile(r'[<>:"|?*]')
_DEVICE = re.compile(r"(?i)con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³]")


async def save(file: BodyFile, folder: Path) -> Path:
    """Write `file` under its own name, or one with a number where another file has that; return its path.

    The same content is not written twice under one name. Raises ChannelError where it cannot be written.
    """
    try:
        return await asyncio.to_thread(_save, file, folder)
    except OSError as error:
        raise ChannelError(f"{folder} cannot be written: {error.strerror}") from error


class LocalFiles:
    """The files of this machine, for a question that is asked without a chat; `folder` takes those of the answer."""

    name = "console"

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def fetch(self, attachment: Attachment) -> AsyncGenerator[bytes, None]:
        """As `Channel.fetch`."""
        return read(attachment.ref.partition("\t")[0])

    async def save(self, file: BodyFile) -> Path:
        """Write `file`, and return where. Raises ChannelError."""
        return await save(file, self._folder)


async def read(path: str) -> AsyncGenerator[bytes, None]:
    """Yield the content of a regular file. Raises Gone where there is no such file, another ChannelError where it
    cannot be read."""
    try:
        with await asyncio.to_thread(_open, path) as file:
            while piece := await asyncio.to_thread(file.read, CHUNK_BYTES):
                yield piece
    except FileNotFoundError:
        raise Gone("there is no such file any more") from None
    except OSError as error:
        raise ChannelError(f"the file cannot be read: {error.strerror}") from error


def _open(path: str) -> BinaryIO:
    # A pipe or a device might never end, or never begin.
    if not stat.S_ISREG(os.stat(path).st_mode):
        raise Refused("only regular files can be read")
    return open(path, "rb")


def _save(file: BodyFile, folder: Path) -> Path:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    name = Path(_harmless(file.name) or file.kind)
    for number in count(1):
        path = folder / (name.name if number == 1 else f"{name.stem}-{number}{name.suffix}")
        try:
            descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        except FileExistsError:
            if path.is_file() and path.read_bytes() == file.content:
                return path
            continue
        with open(descriptor, "wb") as written:
            written.write(file.content)
        return path
    raise AssertionError("there is always another number")


def _harmless(name: str) -> str:
    """The last part of `name`, which a model or a tool chose: no folder, no control character, not hidden.

    Windows has more that a name cannot hold: `:` would write into another stream, `CON` to the screen.
    https://learn.microsoft.com/en-us/windows/win32/fileio/naming-a-file
    """
    last = name.replace("\\", "/").rpartition("/")[2]
    kept = "".join(char for char in last if unicodedata.category(char)[0] != "C").strip().lstrip(".")
    kept = _NOT_ON_WINDOWS.sub("_", kept).rstrip(". ")
    if _DEVICE.fullmatch(kept.partition(".")[0]):
        kept = f"_{kept}"
    stem, suffix = os.path.splitext(kept)
    return stem[: MAX_NAME_LENGTH - len(suffix)] + suffix if len(suffix) < MAX_NAME_LENGTH else stem[:MAX_NAME_LENGTH]
