"""Run one of our own scripts in a child process: what it reads comes from others and may be meant to harm.

The script sets its limits of memory and processor time itself, before it opens anything. It has no environment of ours
and so no secret. It reads its request, one JSON object, from standard input, so that no name of a file stands in the
list of processes. It answers on standard output: one line of JSON, then bytes.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

MAX_CHILDREN = 2
"""Children of one process at the same time; what they may use of memory is several times that of the bridge. The
others wait, and that does not count as their time."""
READ_BYTES = 1 << 18
_KEPT_VARIABLES = ("PATH", "SYSTEMROOT", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
"""What Python itself may need to start. Nothing else of our environment, which holds keys, reaches the child."""

_slots: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


class ChildFailed(Exception):
    """`kind` says why: ``timeout``, ``memory``, ``too_much``, ``broken``, or what the script itself calls it.

    `head` is the first line of its answer, where there is one; `detail` is for logs and names no content.
    """

    def __init__(self, kind: str, detail: str = "", head: dict[str, Any] | None = None) -> None:
        super().__init__(kind)
        self.kind = kind
        self.detail = detail
        self.head = head or {}


async def run_child(
    script: Path, request: dict[str, Any], *, seconds: float, max_bytes: int
) -> tuple[dict[str, Any], bytes]:
    """Give `request` to `script`; return the head and the body of its answer, `max_bytes` at most in all.

    The child and all that it may have started are killed after `seconds`, and where this is cancelled. Raises
    ChildFailed.
    """
    async with _slots.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(MAX_CHILDREN)):
        code, answer = await _run(script, json.dumps(request).encode(), seconds, max_bytes)
    if code != 0:
        raise ChildFailed(_reason(code), f"exit status {code}")
    line, _, body = answer.partition(b"\n")
    try:
        head = json.loads(line)
        error = head.get("error")
    except (ValueError, AttributeError):
        raise ChildFailed("broken", "the child's answer cannot be read") from None
    if error:
        raise ChildFailed(str(error), str(head.get("detail", "")), head)
    return head, body


async def _run(script: Path, request: bytes, seconds: float, max_bytes: int) -> tuple[int, bytes]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        str(script),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ},
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(seconds):
            answer = await _exchange(process, request, max_bytes)
            return await process.wait(), answer
    except TimeoutError:
        raise ChildFailed("timeout") from None
    finally:
        await _end(process)


async def _exchange(process: asyncio.subprocess.Process, request: bytes, max_bytes: int) -> bytes:
    assert process.stdin is not None
    assert process.stdout is not None
    with suppress(BrokenPipeError, ConnectionResetError):  # it ended at once: its exit status says why
        process.stdin.write(request)
        await process.stdin.drain()
        process.stdin.close()
    pieces = []
    while piece := await process.stdout.read(READ_BYTES):
        pieces.append(piece)
        max_bytes -= len(piece)
        if max_bytes < 0:
            raise ChildFailed("too_much", "the child's answer is too long")
    return b"".join(pieces)


async def _end(process: asyncio.subprocess.Process) -> None:
    """Kill the child where it still runs, and whatever it may have started."""
    with suppress(ProcessLookupError, PermissionError):
        if sys.platform == "win32":
            process.kill()
        elif process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
    if process.stdout is not None:
        while await process.stdout.read(READ_BYTES):  # a pipe that is not read to its end keeps `wait` from returning
            pass
    await asyncio.shield(process.wait())


def _reason(code: int) -> str:
    """Why a child ended without an answer."""
    if sys.platform != "win32":
        if code in (-signal.SIGXCPU, -signal.SIGALRM):
            return "timeout"
        if code in (-signal.SIGABRT, -signal.SIGKILL, -signal.SIGTRAP, -signal.SIGILL):
            return "memory"  # PDFium ends itself like this where it is given no more memory
    return "broken"
