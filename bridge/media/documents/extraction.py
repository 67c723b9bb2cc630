"""Run the child that reads a document, within its limits, and take its answer."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, get_args
from weakref import WeakKeyDictionary

from bridge.media.documents.types import DocumentKind, Extracted, ExtractError, ExtractErrorKind, ExtractLimits, Unit

MAX_CHILDREN = 2
"""Documents that one process reads at the same time; the others wait, and that does not count as their time."""
MAX_HEAD_BYTES = 1 << 16
MAX_PICTURE_BYTES = 2_000_000
"""Of one page; `readers/pdf.py` makes none larger than 1,500,000."""
_CHILD = Path(__file__).with_name("child.py")
_READ_BYTES = 1 << 18
_KEPT_VARIABLES = ("SYSTEMROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
"""What Python itself may need to start. Nothing else of our environment, which holds keys, reaches the child."""

_slots: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


async def extract(
    content: Path, *, name: str, mime: str, limits: ExtractLimits, pages: range | None = None
) -> Extracted:
    """Return the text of the file `content`, from its first page or of `pages`, as far as the limits go.

    `name` and `mime` are what the sender says; they decide only where the content leaves it open. Pages count from 1.
    Raises ExtractError.
    """
    size = (await asyncio.to_thread(content.stat)).st_size
    if size == 0:
        raise ExtractError("empty")
    if size > limits.max_bytes:
        raise ExtractError("too_large")
    request = {
        "path": str(content),
        "name": name,
        "mime": mime,
        "first": max(1, pages.start) if pages else 1,
        "last": max(1, pages.stop - 1) if pages else 0,
        "max_chars": limits.max_chars,
        "max_pictures": limits.max_pictures,
        "seconds": limits.seconds,
        "memory_bytes": limits.memory_bytes,
    }
    loop = asyncio.get_running_loop()
    async with _slots.setdefault(loop, asyncio.Semaphore(MAX_CHILDREN)):
        return await _run(json.dumps(request).encode(), limits)


async def _run(request: bytes, limits: ExtractLimits) -> Extracted:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        str(_CHILD),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ},
        start_new_session=True,
    )
    max_bytes = MAX_HEAD_BYTES + 4 * limits.max_chars + MAX_PICTURE_BYTES * limits.max_pictures
    try:
        async with asyncio.timeout(limits.seconds):
            answer = await _exchange(process, request, max_bytes)
            code = await process.wait()
    except TimeoutError:
        raise ExtractError("timeout") from None
    finally:
        await _end(process)
    if code != 0:
        raise ExtractError(_reason(code), detail=f"exit status {code}")
    try:
        return _parse(answer)
    except (ValueError, KeyError, TypeError):
        raise ExtractError("broken", detail="the child's answer cannot be read") from None


async def _exchange(process: asyncio.subprocess.Process, request: bytes, max_bytes: int) -> bytes:
    assert process.stdin is not None
    assert process.stdout is not None
    with suppress(BrokenPipeError, ConnectionResetError):  # it ended at once: its exit status says why
        process.stdin.write(request)
        await process.stdin.drain()
        process.stdin.close()
    pieces = []
    while piece := await process.stdout.read(_READ_BYTES):
        pieces.append(piece)
        max_bytes -= len(piece)
        if max_bytes < 0:
            raise ExtractError("broken", detail="the child's answer is too long")
    return b"".join(pieces)


async def _end(process: asyncio.subprocess.Process) -> None:
    """Kill the child where it still runs, and whatever it may have started."""
    with suppress(ProcessLookupError, PermissionError):
        if sys.platform == "win32":
            process.kill()
        elif process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
    if process.stdout is not None:
        await process.stdout.read()  # a pipe that is not read to its end keeps `wait` from returning
    await asyncio.shield(process.wait())


def _reason(code: int) -> ExtractErrorKind:
    """Why a child ended without an answer."""
    if sys.platform != "win32":
        if code in (-signal.SIGXCPU, -signal.SIGALRM):
            return "timeout"
        if code in (-signal.SIGABRT, -signal.SIGKILL, -signal.SIGTRAP, -signal.SIGILL):
            return "memory"  # PDFium ends itself like this where it is given no more memory
    return "broken"


def _parse(answer: bytes) -> Extracted:
    """Read the frame that `child.write_answer` writes: a line of JSON, the text, then the pictures."""
    line, _, body = answer.partition(b"\n")
    head: dict[str, Any] = json.loads(line)
    if error := head.get("error"):
        raise ExtractError(
            _one_of(get_args(ExtractErrorKind), error), pages_total=int(head["total"]), detail=str(head["detail"])
        )
    sizes = [int(size) for size in head["sizes"]]
    if sum(sizes) != len(body) or min(sizes) < 0:
        raise ValueError("the frame is incomplete")
    parts = []
    at = 0
    for size in sizes:
        parts.append(body[at : at + size])
        at += size
    return Extracted(
        text=parts[0].decode(),
        kind=_one_of(get_args(DocumentKind), head["kind"]),
        pages_total=int(head["total"]),
        pages_read=range(int(head["first"]), int(head["last"]) + 1),
        unit=_one_of(get_args(Unit), head["unit"]),
        scanned=tuple(parts[1:]),
        truncated=bool(head["truncated"]),
        macros=bool(head["macros"]),
    )


def _one_of(names: tuple[str, ...], name: object) -> Any:
    if name not in names:
        raise ValueError("an unknown name")
    return name
