"""telegramify-markdown's walk over the parsed Markdown, kept from losing anything a person should read.

The library drops raw HTML (and with it the `<int>` of `vector<int>`). Here HTML stays as it was written, an address
that cannot be a link stands beside its label, and the marks that our dialect puts into a text become entities.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from telegramify_markdown import MessageEntity, RenderConfig
from telegramify_markdown.converter import EventWalker

from channels.kit.inline import JOINT, MARKS

LINKABLE = ("http", "https", "mailto", "tel")
"""Other schemes act inside the app (`tg://user?id=` mentions somebody silently), so they stay text."""
TAB = "    "
"""Telegram makes one space of a tab; code should still show its levels."""
FOLDS = "\ufdd1"
"""The next quotation is shown folded."""

_ENTITIES = {"b": "bold", "i": "italic", "u": "underline", "s": "strikethrough"}
_BEGINS = {MARKS[tag][0]: kind for tag, kind in _ENTITIES.items()}
_ENDS = {MARKS[tag][1]: kind for tag, kind in _ENTITIES.items()}
_OUR_MARKS = re.compile("([\ufdd0-\ufdd9])")
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
    """One walk."""

    # One entity a heading: the library spends two on the larger ones, of a hundred that Telegram shows.
    _HEADING_ENTITIES = {level: ["bold"] for level in ("H1", "H2", "H3", "H4")} | {
        "H5": ["italic"],
        "H6": ["italic"],
    }

    def __init__(self, source: str) -> None:
        super().__init__(LOOK, source)
        self._links: list[tuple[str, int]] = []
        """The links that are open: their address, and at which part their label begins."""
        self._folds = False
        """Whether the next quotation is shown folded."""

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
        text = text.replace("\t", TAB)
        if text.isascii() or not _OUR_MARKS.search(text):
            super()._on_text(text)
            return
        for part in _OUR_MARKS.split(text):
            if kind := _BEGINS.get(part):
                self._push_entity(kind)
            elif kind := _ENDS.get(part):
                self._pop_entity(kind)
            elif part == FOLDS:
                self._folds = True
            elif part != JOINT:
                super()._on_text(part)

    def _on_start_blockquote(self, source_start: int | None = None) -> None:
        super()._on_start_blockquote(source_start)
        if self._folds:
            self._blockquote_scopes[-1].entity_type = "expandable_blockquote"
            self._folds = False

    def _on_end_blockquote(self) -> None:
        kind = self._blockquote_scopes[-1].entity_type
        super()._on_end_blockquote()
        if self._entities and self._entities[-1].type == "blockquote":
            self._entities[-1].type = kind

    def _on_inline_html(self, html: str) -> None:
        if html.lower() in ("<tg-spoiler>", "</tg-spoiler>"):  # the library's own, from ||spoiler||
            super()._on_inline_html(html)
        else:
            self._on_text(html)

    def _on_start_link(self, link_data: dict[str, Any]) -> None:
        url = str(link_data.get("dest_url", ""))
        self._links.append((url, len(self._buf._parts)))
        self._push_entity("text_link", url=url)

    def _end_link(self) -> None:
        """Close a link. Its label must not hide where it leads."""
        self._pop_entity("text_link")
        url, begin = self._links.pop()
        label = "".join(self._buf._parts[begin:]).strip()
        if not url or url in (label, f"mailto:{label}"):
            return
        if not linkable(url):
            self._on_text(f" ({url})")
        elif (claimed := _ADDRESS.fullmatch(label)) and claimed[1].lower() != host(url):
            self._on_text(f" ({host(url)})")


def linkable(url: str) -> bool:
    return url.partition(":")[0].lower() in LINKABLE and ":" in url


def host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return url
