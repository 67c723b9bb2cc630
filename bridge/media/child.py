"""Run one of our own scripts in a child process: what it reads comes from others and may be meant to harm.

The script sets its limits of memory and processor time itself, before it opens anything. It has no environment of ours
and so no secret. It answers on its standard output: one line of JSON, then bytes.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

MAX_CHILDREN = 2
"""Children of one process at the same time; what they may use of memory is several times that of the bridge."""
READ_BYTES = 1 << 16

_slots: dict[asyncio.AbstractEventLoop, asyncio.Semaphore] = {}


class ChildFailed(Exception):
    """`kind` says why: ``timeout``, ``memory``, ``too_much``, or what the script itself calls it."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


async def run_child(
    script: Path, arguments: dict[str, Any], content: Path, *, seconds: float, max_bytes: int
) -> tuple[dict[str, Any], bytes]:
    """Give `content` to `script` on its standard input; return the head and the body of its answer.

    `arguments` are handed over as JSON. Raises ChildFailed.
    """
    async with _slot():
        with content.open("rb") as file:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-I",
                str(script),
                json.dumps(arguments),
                stdin=file,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                env={name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "TMPDIR") if name in os.environ},
            )
        try:
            async with asyncio.timeout(seconds):
                answer = await _read(process, max_bytes)
                code = await process.wait()
        except TimeoutError:
            raise ChildFailed("timeout") from None
        finally:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
    head, _, body = answer.partition(b"\n")
    try:
        told = json.loads(head) if code == 0 else {"error": "memory" if code < 0 else "broken"}
    except ValueError:
        told = {"error": "broken"}
    if error := told.get("error"):
        raise ChildFailed(str(error))
    return told, body


async def _read(process: asyncio.subprocess.Process, max_bytes: int) -> bytes:
    assert process.stdout is not None
    pieces: list[bytes] = []
    size = 0
    while piece := await process.stdout.read(READ_BYTES):
        size += len(piece)
        if size > max_bytes:
            raise ChildFailed("too_much")
        pieces.append(piece)
    return b"".join(pieces)


def _slot() -> asyncio.Semaphore:
    loop = asyncio.get_running_loop()
    for each in [each for each in _slots if each.is_closed()]:
        del _slots[each]
    return _slots.setdefault(loop, asyncio.Semaphore(MAX_CHILDREN))
