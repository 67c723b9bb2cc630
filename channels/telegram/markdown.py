"""Markdown, as models write it, to what Telegram takes: text and entities, never a parse mode.

Entities cannot be malformed the way markup can, so half an answer renders as well as a whole one. Whatever
cannot be rendered within Telegram's limits goes out as it was written: nothing is ever lost.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Any

import pyromark
import structlog
from telegramify_markdown import MessageEntity, utf16_len
from telegramify_markdown.converter import _code_regions, _parse

from channels.kit.inline import JOINT, MARKS, Style
from channels.kit.markdown import Dialect
from channels.kit.tables import surplus
from channels.kit.text import clean
from channels.telegram.walker import FOLDS, TAB, Walker, linkable

MAX_LENGTH = 4096
"""Code points of a message's text after parsing (tdlib/td, MessageContent.cpp; 4096 emoji were accepted live)."""
MAX_ENTITIES = 100
"""Telegram drops what exceeds this without a word (PTB's MessageLimit.MESSAGE_ENTITIES)."""
MAX_ENTITY_BYTES = 9000
"""Telegram refuses about 9.5 kB of entities (tdlib/telegram-bot-api#165)."""
MAX_ENTITY_BYTES_ALONE = 85
"""JSON of one entity, its address and language left out, at most."""
LONGEST_LANGUAGE = 32
LONGEST_ADDRESS = 2000

_OPTIONS = pyromark.Options.ENABLE_STRIKETHROUGH | pyromark.Options.ENABLE_TASKLISTS
"""Tables and formulas are laid out before the parser comes to them."""
_BY_WORTH = ("pre", "text_link", "code", "expandable_blockquote", "blockquote", "bold")
"""Which entities stay where there are too many; other kinds go first."""
_JOINER = "\u2060"
_MENTION = re.compile(r"(?<![\w/])@(?=[A-Za-z0-9_])")
_DEFINITION = re.compile(r"^( {0,3})(?=\[[^\]\n]+\]:)", re.MULTILINE)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Content:
    """What a message says. `entities` as the Bot API takes them."""

    text: str
    entities: list[dict[str, Any]] = field(default_factory=list)


class _Telegram(Dialect):
    style = Style(tags=MARKS, joint=JOINT, angle="\\<")  # else the lines after a tag would be no Markdown
    shows_tasks = True
    labels_diagrams = False  # a `pre` shows its language

    def fold(self, title: str, lines: list[str], *, closed: bool) -> list[str]:
        """A quotation that a tap unfolds; while it is being written it is open, or it would be lost to its reader."""
        head = [f"{FOLDS if closed and lines else ''}{self.bold(title)}"] if title else []
        return [*head, *([""] if head and lines else []), *(f"> {line}" if line else ">" for line in lines), ""]


_DIALECT = _Telegram()


def measure(markdown: str) -> int:
    """The length that a text may take at most, from its source alone.

    The exact length, once rendered, falls when markup closes (a link loses its address), is not worth half a
    millisecond each time it is asked for, and is hardly ever the longer one. What rendering adds is counted here:
    a tab's width, a mention's joiner, the layout of a table.
    """
    length = _size(markdown)
    if "|" not in markdown:
        return length
    return length + surplus(clean(markdown), len if length == len(markdown) else _size)


def _size(text: str) -> int:
    return len(text) + text.count("\t") * (len(TAB) - 1) + text.count("@")


def render(markdown: str) -> Content:
    """The text and entities for `markdown`; its source where that shows more, or fits while the rest does not."""
    source = clean(markdown)
    try:
        content = _rendered(source)
    except Exception as error:  # noqa: BLE001 - a fault in a parser must not cost anyone an answer
        _log.warning("Markdown could not be rendered", fault=type(error).__name__)
        return plain(markdown)
    return content if content.text.strip() and len(content.text) <= MAX_LENGTH else plain(markdown)


def plain(markdown: str) -> Content:
    """The source itself: the last resort where Telegram does not take the rendered text."""
    source = clean(markdown)
    return Content(_without_mentions(source, [])[0])


def _rendered(source: str) -> Content:
    text, events = _parse(_keep_definitions(_DIALECT.render(source)), _OPTIONS, latex_escape=False)
    shown, entities = Walker(text).result(events)
    return Content(*_without_mentions(shown, _few_enough(entities)))


def _keep_definitions(source: str) -> str:
    """Let `[1]: https://...` be read as text.

    As a definition it would vanish, and a page with the labels may be another than the one with the addresses.
    """
    if "]:" not in source or not (found := list(_DEFINITION.finditer(source))):
        return source
    code = _code_regions(source, _OPTIONS)
    parts: list[str] = []
    done = 0
    for each in found:
        place = len(source[: each.end()].encode())
        if not any(start <= place < end for start, end in code):
            parts += [source[done : each.end()], "\\"]
            done = each.end()
    return "".join([*parts, source[done:]])


def _few_enough(entities: list[MessageEntity]) -> list[dict[str, Any]]:
    """Those that Telegram may be given, the most telling first where they are too many; in order of place."""
    wanted = [each.to_dict() for each in entities if each.type != "text_link" or linkable(each.url or "")]
    for each in wanted:
        if "language" in each:
            each["language"] = each["language"].split()[0][:LONGEST_LANGUAGE]
    longest = len(wanted) * MAX_ENTITY_BYTES_ALONE + sum(map(_most_more_bytes, wanted))
    if len(wanted) > MAX_ENTITIES or (longest > MAX_ENTITY_BYTES and _json_size(wanted) > MAX_ENTITY_BYTES):
        wanted.sort(key=lambda each: _BY_WORTH.index(each["type"]) if each["type"] in _BY_WORTH else len(_BY_WORTH))
        del wanted[MAX_ENTITIES:]
        while _json_size(wanted) > MAX_ENTITY_BYTES:
            wanted.pop()
    return sorted(wanted, key=lambda each: (each["offset"], -each["length"]))


def _most_more_bytes(entity: dict[str, Any]) -> int:
    """Return what an entity's address and language take at most: JSON writes a character in up to six bytes, or two
    times six."""
    return 12 * (len(entity.get("url", "")) + len(entity.get("language", "")))


def _json_size(entities: list[dict[str, Any]]) -> int:
    return len(json.dumps(entities, separators=(",", ":")))


def _without_mentions(text: str, entities: list[dict[str, Any]]) -> tuple[str, list[dict[str, Any]]]:
    """Keep Telegram from making `@name` a mention, which would call that person.

    An invisible joiner after the @ does it. Inside code Telegram looks for none (a found entity yields to one
    that was sent: tdlib/td, MessageEntity.cpp, merge_new_entities), and what people copy must stay as it was.
    """
    if "@" not in text:
        return text, entities
    code = [(each["offset"], each["offset"] + each["length"]) for each in entities if each["type"] in ("pre", "code")]
    parts: list[str] = []
    places: list[int] = []
    done = offset = 0
    for found in _MENTION.finditer(text):
        offset += utf16_len(text[done : found.end()])
        mute = not _within_an_address(text, found.start()) and not any(a < offset <= b for a, b in code)
        parts += [text[done : found.end()], _JOINER if mute else ""]
        places += [offset] if mute else []
        done = found.end()
    for each in entities:
        begin, end = each["offset"], each["offset"] + each["length"]
        each["offset"] = begin + bisect_right(places, begin)
        each["length"] = end + bisect_right(places, end) - each["offset"]
    return "".join([*parts, text[done:]]), entities


def _within_an_address(text: str, place: int) -> bool:
    """Whether the word around `place` is a web address: Telegram does not look for a mention there."""
    before = text[max(0, place - LONGEST_ADDRESS) : place]
    return "://" in before and not before[-1].isspace() and "://" in before.split()[-1]
