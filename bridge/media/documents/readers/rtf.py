"""Rich Text Format."""

from __future__ import annotations

from typing import BinaryIO

from bridge.media.documents.readers.reading import MAX_TEXT_CHARS, Document, Flow, without_gaps


def open_document(file: BinaryIO, kind: str) -> Document:
    from striprtf.striprtf import rtf_to_text

    content = file.read(MAX_TEXT_CHARS * 4).decode("latin-1")
    text: str = rtf_to_text(content, errors="replace")  # type: ignore[no-untyped-call]  # striprtf has no types
    return Flow(kind, without_gaps(text))
