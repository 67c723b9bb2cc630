"""Pictures that a model writes into its text as data URLs: ``![cat](data:image/png;base64,…)``.

They come as tens of thousands of characters that nobody can read, so they are cut out of the text as they stream.
"""

from __future__ import annotations

import re

from bridge.events import Picture, Unsupported
from bridge.gateway.dialects.parts import picture_from_url
from bridge.gateway.sse import MAX_EVENT_BYTES

_MARKDOWN = re.compile(r"!\[([^\[\]\n]{0,500})\]\(\s?<?(?=data:)", re.IGNORECASE)
_HTML = re.compile(r"<img\s[^<>]{0,300}?src\s?=\s?[\"']?(?=data:)", re.IGNORECASE)
_BARE = re.compile(r"(?=data:[\w.+-]{1,40}/[\w.+-]{1,80};base64,)", re.IGNORECASE)
_PARTIAL = re.compile(
    r"!(?:\[[^\[\]\n]{0,500}(?:\](?:\(\s?<?(?:d(?:a(?:t(?:a)?)?)?)?)?)?)?"
    r"|<(?:i(?:m(?:g(?:\s[^<>]{0,400})?)?)?)?"
    r"|d(?:a(?:t(?:a(?::[\w.+-]{0,40}(?:/[\w.+-]{0,80}(?:;[base64]{0,6})?)?)?)?)?)?",
    re.IGNORECASE,
)
_ALT = re.compile(r"alt\s?=\s?[\"']([^\"'<>]{0,300})", re.IGNORECASE)
_END_OF = {"markdown": re.compile(r"\)"), "html": re.compile(">"), "bare": re.compile(r"[^\w:;,./+=%-]", re.ASCII)}


def may_become_media(rest: str) -> bool:
    """Whether `rest` may begin a data URL, a picture in Markdown or in HTML, once more has come."""
    return len(rest) < 600 and _PARTIAL.fullmatch(rest) is not None


class InlineMedia:
    """One data URL that is being collected."""

    def __init__(self, kind: str, alt: str, start: int) -> None:
        self.start = start
        """Where in the text the URL begins."""
        self._alt = alt
        self._end = _END_OF[kind]
        self._bare = kind == "bare"
        self._pieces: list[str] = []
        self._size = 0

    @classmethod
    def at(cls, text: str, place: int) -> InlineMedia | None:
        """What begins at `place`; None where nothing of the kind does."""
        if head := _MARKDOWN.match(text, place):
            return cls("markdown", head[1].strip(), head.end())
        if head := _HTML.match(text, place):
            alt = _ALT.search(head[0])
            return cls("html", alt[1].strip() if alt else "", head.end())
        if (place == 0 or not text[place - 1].isalnum()) and _BARE.match(text, place):
            return cls("bare", "", place)
        return None

    def feed(self, text: str, place: int) -> int:
        """Take what belongs to it; where the text goes on after it, or -1 while it may go on itself."""
        end = self._end.search(text, place)
        piece = text[place : end.start() if end else len(text)]
        self._size += len(piece)
        if self._size <= MAX_EVENT_BYTES:
            self._pieces.append(piece)
        if end is None:
            return -1
        return end.start() if self._bare else end.end()

    def take(self, *, ended: bool) -> Picture | Unsupported:
        """What has come. Half a picture cannot be shown; a bare URL may end with the text."""
        url = "".join(self._pieces)
        if url[:5].lower() != "data:" or self._size > MAX_EVENT_BYTES:
            return Unsupported("image")
        url = re.split(r"[\"'<>]", url, maxsplit=1)[0]
        url = url if self._bare else re.sub(r"\s+$", "", url)
        mime = url[5:60].partition(";")[0]
        found = picture_from_url("data:" + url[5:], self._alt) if ended or self._bare else None
        return found or Unsupported(mime)
