"""Run the child that reads a document, within its limits, and take its answer."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, get_args

from bridge.media.child import ChildFailed, run_child
from bridge.media.documents.types import DocumentKind, Extracted, ExtractError, ExtractErrorKind, ExtractLimits, Unit

MAX_HEAD_BYTES = 1 << 16
MAX_PICTURE_BYTES = 2_000_000
"""Of one page; `readers/pdf.py` makes none larger than 1,500,000."""
_CHILD = Path(__file__).with_name("child.py")


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
    return await _run(request, limits)


async def _run(request: dict[str, Any], limits: ExtractLimits) -> Extracted:
    max_bytes = MAX_HEAD_BYTES + 4 * limits.max_chars + MAX_PICTURE_BYTES * limits.max_pictures
    try:
        head, body = await run_child(_CHILD, request, seconds=limits.seconds, max_bytes=max_bytes)
    except ChildFailed as failed:
        kind = failed.kind if failed.kind in get_args(ExtractErrorKind) else "broken"
        pages_total = failed.head.get("total", 0)
        raise ExtractError(
            _one_of(get_args(ExtractErrorKind), kind),
            pages_total=pages_total if isinstance(pages_total, int) else 0,
            detail=failed.detail,
        ) from None
    try:
        return _parse(head, body)
    except (ValueError, KeyError, TypeError):
        raise ExtractError("broken", detail="the child's answer cannot be read") from None


def _parse(head: dict[str, Any], body: bytes) -> Extracted:
    """Read the frame that `child.write_answer` writes: behind the head, the text, then the pictures."""
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
