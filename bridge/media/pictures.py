"""Pictures as models take them: upright, small, opaque, without metadata."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bridge.media.child import ChildFailed, run_child
from bridge.media.download import as_file
from bridge.media.errors import Unreadable

MAX_EDGE = 1568
"""Pixels of the longer edge; beyond them Anthropic scales down itself
(https://docs.anthropic.com/en/docs/build-with-claude/vision), and others need no more."""
MAX_PICTURE_BYTES = 600_000
"""Of one picture as it is kept and sent; a photo takes about half of that."""
MAX_PIXELS = 50_000_000
"""Beyond them a picture is refused unopened; a JPEG, which can be decoded small, only beyond eight times as many."""
MEMORY_BYTES = 512 << 20
"""Of address space, for the child; 50 million pixels take 200 MB."""
CPU_SECONDS, CHILD_SECONDS = 20, 40.0

_SCRIPT = Path(__file__).with_name("picture_child.py")


@dataclass(frozen=True, slots=True)
class Scaled:
    content: bytes
    mime: str
    width: int
    height: int


async def scaled(content: Path, *, name: str = "", max_bytes: int = MAX_PICTURE_BYTES) -> Scaled:
    """Read the picture in the file `content`. Raises Unreadable."""
    request = {
        "path": str(content),
        "edge": MAX_EDGE,
        "max_bytes": max_bytes,
        "max_pixels": MAX_PIXELS,
        "memory_bytes": MEMORY_BYTES,
        "seconds": CPU_SECONDS,
    }
    try:
        told, body = await run_child(_SCRIPT, request, seconds=CHILD_SECONDS, max_bytes=2 * max_bytes)
    except ChildFailed as failed:
        kind = {"pixels": "pixels", "broken": "broken"}.get(failed.kind, "too_much")
        raise Unreadable(kind, name, limit=MAX_PIXELS // 1_000_000) from None
    return Scaled(body, told["mime"], told["width"], told["height"])


async def shrunk(content: bytes, max_bytes: int) -> Scaled:
    """`content`, a picture, in at most `max_bytes`. Raises Unreadable."""
    with as_file(content) as file:
        return await scaled(file, max_bytes=max_bytes)
