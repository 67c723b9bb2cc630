"""telegramify-markdown's walk over the parsed Markdown, kept from losing anything a person should read.

The library drops raw HTML (and with it the `<int>` of `vector<int>`), the addresses of links in tables, and lines
up tables by code points. Here HTML stays as it was written, an address that cannot be a link stands beside its
label, and tables are lined up by what a character takes on the screen.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from telegramify_markdown import MessageEntity, RenderConfig
from telegramify_markdown.converter import EventWalker
from wcwidth import wcswidth

LINKABLE = ("http", "https", "mailto", "tel")
"""Other schemes act inside the app (`tg://user?id=` mentions somebody silently), so they stay text."""
WIDEST_TABLE = 64
"""Columns that a desktop client shows in one bubble. A wider table wraps, and padding makes that worse."""
DEEPEST_MATHS = 12
"""Deeper braces than anyone writes: the library's LaTeX reader takes seconds for hundreds of levels."""
TAB = "    "
"""Telegram makes one space of a tab; code should still show its levels."""

_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_BRACES = re.compile(r"[{}]")
_ADDRESS = re.compile(r"(?:https?://)?([\w-]+(?:\.[\w-]+)+)(?:[/:?#].*)?", re.IGNORECASE)


def _plain_look() -> RenderConfig:
    config = RenderConfig.isolated()
    symbols = config.markdown_symbol
    symbols.heading_level_1 = symbols.heading_level_2 = symbols.heading_level_3 = symbols.heading_level_4 = ""
    symbols.unordered_list_item = "•"
    symbols.task_completed, symbols.task_uncompleted = "☑", "☐"
    symbols.horizontal_rule = "———"
    config.cite_expandable = False  # a quote that folds up while it is being written is lost to its reader
    return config


LOOK = _plain_look()


class Walker(EventWalker):
    """One walk. `aligned` asks for tables padded into columns."""

    # One entity a heading: the library spends two on the larger ones, of a hundred that Telegram shows.
    _HEADING_ENTITIES = {level: ["bold"] for level in ("H1", "H2", "H3", "H4")} | {
        "H5": ["italic"],
        "H6": ["italic"],
    }

    def __init__(self, source: str, *, aligned: bool) -> None:
        super().__init__(LOOK, source)
        self._aligned = aligned
        self._links: list[tuple[str, int]] = []
        """The links that are open: their address, and at which part their label begins."""
        self.tables = 0

    def result(self, events: tuple[Any, ...]) -> tuple[str, list[MessageEntity]]:
        text, entities, _ = self.walk(events)
        return text, entities

    def _handle_event(self, event: Any) -> None:
        payload = event[0] if isinstance(event, tuple) else event
        if isinstance(payload, dict) and "Html" in payload:
            self._on_inline_html(payload["Html"])
        else:
            super()._handle_event(event)

    def _on_start(self, tag: Any, source_range: dict[str, int] | None = None) -> None:
        if tag == "HtmlBlock":
            self._ensure_block_spacing(self._source_start(source_range))
        super()._on_start(tag, source_range)

    def _on_end(self, tag: Any) -> None:
        if tag == "Link":
            self._end_link()
        elif tag == "HtmlBlock":
            self._mark_block_end()
        else:
            super()._on_end(tag)

    def _on_text(self, text: str) -> None:
        super()._on_text(text.replace("\t", TAB))

    def _on_inline_html(self, html: str) -> None:
        if html.lower() in ("<tg-spoiler>", "</tg-spoiler>"):  # the library's own, from ||spoiler||
            super()._on_inline_html(html)
        else:
            self._on_text(_BREAK.sub(" " if self._in_table_cell else "\n", html))

    def _on_inline_math(self, math: str) -> None:
        if self._in_table_cell:  # the library would put it in front of the table
            self._on_text(math)
        elif too_deep(math):
            self._on_inline_code(math)
        else:
            super()._on_inline_math(math)

    def _on_display_math(self, math: str, source_range: dict[str, int] | None = None) -> None:
        if self._in_table_cell:
            self._on_text(math)
        elif too_deep(math):
            self._on_inline_code(math)
        else:
            super()._on_display_math(math, source_range)

    def _on_start_link(self, link_data: dict[str, Any]) -> None:
        url = str(link_data.get("dest_url", ""))
        self._links.append((url, len(self._parts)))
        self._push_entity("text_link", url=url)

    def _end_link(self) -> None:
        """Close a link. Its label must not hide where it leads."""
        self._pop_entity("text_link")
        url, begin = self._links.pop()
        label = "".join(self._parts[begin:]).strip()
        if not url or url in (label, f"mailto:{label}"):
            return
        if self._in_table_cell or not linkable(url):
            self._on_text(f" ({url})")
        elif (claimed := _ADDRESS.fullmatch(label)) and claimed[1].lower() != host(url):
            self._on_text(f" ({host(url)})")

    @property
    def _parts(self) -> list[str]:
        """What has been written so far, to the table's cell or to the text."""
        return self._cell_parts if self._in_table_cell else self._buf._parts

    def _format_table(self, rows: list[list[str]]) -> str:
        self.tables += 1
        columns = max((len(row) for row in rows), default=0)
        rows = [row + [""] * (columns - len(row)) for row in rows]
        widths = [max(width(row[i]) for row in rows) for i in range(columns)]
        if not self._aligned or sum(widths) + 3 * (columns - 1) > WIDEST_TABLE:
            lines = [" | ".join(row) for row in rows]
            rule = "-+-".join("---" for _ in widths)
        else:
            lines = [_padded(row, widths) for row in rows]
            rule = "-+-".join("-" * each for each in widths)
        return "\n".join([*lines[:1], rule, *lines[1:]] if len(lines) > 1 else lines)


def linkable(url: str) -> bool:
    return url.partition(":")[0].lower() in LINKABLE and ":" in url


def host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return url


def width(text: str) -> int:
    """Columns on the screen: two for an ideograph, none for a combining mark."""
    return len(text) if text.isascii() else max(wcswidth(text), 0) or len(text)


def too_deep(text: str) -> bool:
    """Whether braces are nested deeper than maths ever is."""
    depth = 0
    if text.count("{") > DEEPEST_MATHS:
        for brace in _BRACES.finditer(text):
            depth = depth + 1 if brace[0] == "{" else max(depth - 1, 0)
            if depth > DEEPEST_MATHS:
                return True
    return False


def _padded(row: list[str], widths: list[int]) -> str:
    return " | ".join(cell + " " * (most - width(cell)) for cell, most in zip(row, widths, strict=True)).rstrip()
