"""A file of a platform's, as a temporary file: bounded in bytes and time while it comes."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager, suppress
from pathlib import Path

from bridge.errors import ChannelError, Gone, Refused
from bridge.media.errors import Unreadable
from bridge.media.limits import DOWNLOAD_SECONDS, MEGABYTE, SILENCE_SECONDS

ATTEMPTS = 3
PREFIX = "cherry-bridge-file-"
LEFT_BEHIND_SECONDS = 3600.0
"""A temporary file that is older was left behind by a process that was killed."""


@asynccontextmanager
async def downloaded(
    pieces: AsyncGenerator[bytes, None], *, max_bytes: int, name: str = "", seconds: float = DOWNLOAD_SECONDS
) -> AsyncIterator[Path]:
    """The content of `pieces` as a file that is there while inside.

    Raises Unreadable where it is too large, too slow, or no longer there; ChannelError where the connection broke.
    """
    path = _temporary()
    try:
        try:
            async with asyncio.timeout(seconds), aclosing(pieces):
                await _write(pieces, path, max_bytes, name)
        except TimeoutError:
            raise Unreadable("slow", name) from None
        except Gone:
            raise Unreadable("gone", name) from None
        except Refused:
            raise Unreadable("refused", name) from None
        yield path
    finally:
        path.unlink(missing_ok=True)


@contextmanager
def as_file(content: bytes) -> Iterator[Path]:
    """`content` as a file that is there while inside, and closed: Windows opens an open temporary file only once."""
    path = _temporary()
    try:
        path.write_bytes(content)
        yield path
    finally:
        path.unlink(missing_ok=True)


async def _write(pieces: AsyncGenerator[bytes, None], path: Path, max_bytes: int, name: str) -> None:
    size = 0
    with path.open("wb", buffering=0) as file:
        while True:
            try:
                async with asyncio.timeout(SILENCE_SECONDS):
                    piece = await anext(pieces)
            except StopAsyncIteration:
                break
            size += len(piece)
            if size > max_bytes:
                raise Unreadable("too_large", name, limit=max_bytes // MEGABYTE)
            file.write(piece)
    if not size:
        raise Unreadable("empty", name)


def _temporary() -> Path:
    folder = Path(tempfile.gettempdir())
    old = time.time() - LEFT_BEHIND_SECONDS
    for left in folder.glob(f"{PREFIX}*"):
        with suppress(OSError):
            if left.stat().st_mtime < old:
                left.unlink()
    with tempfile.NamedTemporaryFile(prefix=PREFIX, delete=False) as file:
        return Path(file.name)


def is_transient(error: ChannelError) -> bool:
    """Whether asking once more may help."""
    return not isinstance(error, Gone | Refused)
