"""A document as a part of a message: its text goes into the store, its name and what was read of it into the part."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from bridge.media.documents import Extracted, ExtractError, ExtractLimits, extract
from bridge.media.errors import Unreadable
from bridge.media.limits import MEGABYTE, Extent
from bridge.types import Attachment, Excerpt

CHARACTERS_PER_TOKEN = 4
"""Of English; a text that takes more tokens is read again, for fewer characters."""


async def read_document(
    content: Path, attachment: Attachment, extent: Extent, max_bytes: int, estimate: Callable[[str], int]
) -> Extracted:
    """Return as much of the document's text as `extent` has room for. Raises Unreadable."""
    characters = extent.tokens * CHARACTERS_PER_TOKEN
    found = await _extract(content, attachment, extent, max_bytes, characters)
    if (tokens := estimate(found.text)) > extent.tokens * 1.2:
        fewer = int(len(found.text) * extent.tokens / tokens)
        found = await _extract(content, attachment, extent, max_bytes, fewer)
    return found


async def _extract(content: Path, attachment: Attachment, extent: Extent, max_bytes: int, characters: int) -> Extracted:
    limits = ExtractLimits(max_chars=characters, max_bytes=max_bytes)
    try:
        return await extract(content, name=attachment.name, mime=attachment.mime, limits=limits, pages=extent.pages)
    except ExtractError as error:
        values = {"limit": max_bytes // MEGABYTE, "total": error.pages_total}
        raise Unreadable(f"document:{error.kind}", attachment.name, **values) from None


def excerpt_of(found: Extracted) -> Excerpt:
    """Return which part of the document was read."""
    read = found.pages_read
    return Excerpt(found.unit, read.start, read.stop - 1, found.pages_total, found.truncated, found.macros)


_FOOT = "\n\n[End of the document]\n\n"


def without_head(text: str) -> str:
    """Return what `headed` was given."""
    head, _, rest = text.partition("\n\n")
    return rest.removesuffix(_FOOT) if head.startswith("[Document ") else text


def headed(found: Extracted, name: str) -> str:
    """Return the text with a head that tells a model what it is, and a foot where it ends."""
    excerpt = excerpt_of(found)
    whole = (excerpt.first, excerpt.last) == (1, excerpt.total) or not excerpt.unit
    part = "" if whole else f", {excerpt.unit}s {excerpt.first} to {excerpt.last} of {excerpt.total}"
    beginning = ", the beginning" if found.truncated and not excerpt.unit else ""
    return f"[Document {name or 'without a name'}{part}{beginning}]\n\n{found.text.strip()}{_FOOT}"
