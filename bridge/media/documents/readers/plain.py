"""Text, source code, CSV and JSON: as they are."""

from __future__ import annotations

from typing import BinaryIO

from bridge.media.documents.readers.encoding import decode
from bridge.media.documents.readers.reading import MAX_TEXT_CHARS, Document, Flow


def open_document(file: BinaryIO, kind: str) -> Document:
    most = MAX_TEXT_CHARS * 4
    content = file.read(most)
    return Flow(kind, decode(content), cut=len(content) == most)
