"""A request to read a document, its result, and the reasons why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bridge.errors import BridgeError

DocumentKind = Literal[
    "pdf", "word", "spreadsheet", "slides", "opendocument", "epub", "html", "svg", "csv", "json", "mail", "rtf", "text"
]
Unit = Literal["page", "sheet", "slide", "chapter", "part", ""]
"""What a document is counted in. A part is some 4,000 characters of a text that has no pages of its own, or 50
rows of a sheet, where a workbook has a long one; a text of one part has the unit ``""``."""
ExtractErrorKind = Literal[
    "encrypted",  # a password is needed
    "broken",  # it is damaged, or is not what it says
    "too_large",  # the file itself has more bytes than `ExtractLimits.max_bytes`
    "bomb",  # it unpacks into more than is opened
    "unsafe",  # its XML declares entities
    "timeout",
    "memory",
    "empty",  # there is no text in it, nor pages that could be shown as pictures
    "past_end",  # the pages that were asked for are behind its last
    "picture",  # a picture, whatever its name says
    "archive",  # a ZIP file or the like, which holds other files
    "legacy",  # a text or a presentation of Office 97 to 2003
    "unsupported",
]


@dataclass(frozen=True, slots=True)
class ExtractLimits:
    """Bounds of one extraction. The defaults fit a machine with 1 GB of memory."""

    max_chars: int = 100_000
    """Of the text that is returned."""
    max_bytes: int = 20_000_000
    """Of the file."""
    max_pictures: int = 4
    """Pages of a scanned PDF that are returned as pictures; 0 for none."""
    seconds: float = 20.0
    """For the whole extraction, by the clock; of processor time, as many whole seconds."""
    memory_bytes: int = 400 << 20
    """Address space of the child, where the system can limit it (Linux)."""


@dataclass(frozen=True, slots=True)
class Extracted:
    text: str
    """Markdown; each page, sheet, slide and chapter under a heading with its number or name."""
    kind: DocumentKind
    """By its content."""
    pages_total: int
    pages_read: range
    """Numbers of the pages that `text` and `scanned` hold; the first page is 1."""
    unit: Unit = ""
    scanned: tuple[bytes, ...] = ()
    """JPEG pictures of the pages without text, in order, at most 1,568 pixels high and wide."""
    truncated: bool = False
    """Whether pages that were asked for are missing, or the end of a page that alone is longer than the budget."""
    macros: bool = False
    """Whether it has macros. They are neither run nor read."""


class ExtractError(BridgeError):
    """Nothing could be read. `Words.document_errors` has a sentence for each `kind`.

    `pages_total` is known where the kind is ``past_end``. `detail` names an exception and a line of ours for the log,
    and never anything that stands in the document.
    """

    def __init__(self, kind: ExtractErrorKind, *, pages_total: int = 0, detail: str = "") -> None:
        super().__init__(f"{kind} ({detail})" if detail else kind)
        self.kind = kind
        self.pages_total = pages_total
        self.detail = detail
