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

import structlog
from telegramify_markdown import MessageEntity, utf16_len
from telegramify_markdown.converter import STANDARD_OPTIONS, _code_regions, _parse

from channels.telegram.walker import TAB, Walker, linkable, too_deep

MAX_LENGTH = 4096
"""Code points of a message's text after parsing (tdlib/td, MessageContent.cpp; 4096 emoji were accepted live)."""
MAX_ENTITIES = 100
"""Telegram drops what exceeds this without a word (PTB's MessageLimit.MESSAGE_ENTITIES)."""
MAX_ENTITY_BYTES = 9000
"""Telegram refuses about 9.5 kB of entities (tdlib/telegram-bot-api#165)."""
LONGEST_LANGUAGE = 32
LONGEST_ADDRESS = 2000

_BY_WORTH = ("pre", "text_link", "code", "blockquote", "bold")
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


def measure(markdown: str) -> int:
    """The length that a text may take at most, from its source alone.

    The exact length, once rendered, falls when markup closes (a link loses its address), is not worth half a
    millisecond each time it is asked for, and is hardly ever the longer one. What rendering adds is counted
    here, a tab's width and a mention's joiner; a padded table is the one thing that may still not fit, and
    `render` then leaves the padding out.
    """
    return len(markdown) + markdown.count("\t") * (len(TAB) - 1) + markdown.count("@")


def render(markdown: str) -> Content:
    """The text and entities for `markdown`; its source where that shows more, or fits while the rest does not."""
    source = _encodable(markdown)
    try:
        content = _rendered(source)
    except Exception as error:  # noqa: BLE001 - a fault in a parser must not cost anyone an answer
        _log.warning("Markdown could not be rendered", fault=type(error).__name__)
        return plain(markdown)
    return content if content.text.strip() and len(content.text) <= MAX_LENGTH else plain(markdown)


def plain(markdown: str) -> Content:
    """The source itself: the last resort where Telegram does not take the rendered text."""
    source = _encodable(markdown)
    return Content(_without_mentions(source, [])[0])


def _rendered(source: str) -> Content:
    text, events = _parse(_keep_definitions(source), STANDARD_OPTIONS, latex_escape=not too_deep(source))
    walker = Walker(text, aligned=True)
    shown, entities = walker.result(events)
    if walker.tables and len(shown) > MAX_LENGTH:
        shown, entities = Walker(text, aligned=False).result(events)
    return Content(*_without_mentions(shown, _few_enough(entities)))


def _encodable(text: str) -> str:
    """`text` without lone halves of surrogate pairs, which no wire carries."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode(errors="replace").decode()
    return text


def _keep_definitions(source: str) -> str:
    """Let `[1]: https://...` be read as text.

    As a definition it would vanish, and a page with the labels may be another than the one with the addresses.
    """
    if "]:" not in source or not (found := list(_DEFINITION.finditer(source))):
        return source
    code = _code_regions(source, STANDARD_OPTIONS)
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
    if len(wanted) > MAX_ENTITIES or _size(wanted) > MAX_ENTITY_BYTES:
        wanted.sort(key=lambda each: _BY_WORTH.index(each["type"]) if each["type"] in _BY_WORTH else len(_BY_WORTH))
        del wanted[MAX_ENTITIES:]
        while _size(wanted) > MAX_ENTITY_BYTES:
            wanted.pop()
    return sorted(wanted, key=lambda each: (each["offset"], -each["length"]))


def _size(entities: list[dict[str, Any]]) -> int:
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
