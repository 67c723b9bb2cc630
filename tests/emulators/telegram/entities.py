"""Message entities: reading those a bot sends, putting right those that cross, finding those nobody marked.

Conflicts are repaired without a word, as on the real server; only what cannot be read at all is refused.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from .envelope import bad_request

_STYLES = frozenset({"bold", "italic", "underline", "strikethrough", "spoiler"})
_QUOTES = frozenset({"blockquote", "expandable_blockquote"})
_CODE = frozenset({"code", "pre"})
_SOLID = _CODE | {"text_link", "text_mention", "custom_emoji", "date_time"}
_FOUND = frozenset({"mention", "hashtag", "cashtag", "bot_command", "url", "email", "phone_number", "bank_card_number"})
_EXTRA = ("url", "language", "user", "custom_emoji_id", "unix_time", "date_time_format")
_ORDER = ("blockquote", "expandable_blockquote", "bold", "italic", "underline", "strikethrough", "spoiler")
_LINK = re.compile(r"(?:https?|ftp|tg|ton|mailto|tel)(?:://|:)\S+|(?:[\w-]+\.)+\w{2,}(?:[/:?#]\S*)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Entity:
    """`offset` and `length` in UTF-16 units; `extra` is what else belongs to the type (a link's url)."""

    type: str
    offset: int
    length: int
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def end(self) -> int:
        return self.offset + self.length

    def json(self) -> dict[str, Any]:
        return {"offset": self.offset, "length": self.length, "type": self.type, **self.extra}


def parse(given: Any) -> list[Entity]:
    """The `entities` argument. Raises ApiError 400 where it cannot be read; types that are detected are ignored."""
    if not isinstance(given, list):
        raise bad_request("can't parse entities: expected an Array of MessageEntity")
    return [entity for each in given if (entity := _parse_one(each)) is not None]


def _parse_one(given: Any) -> Entity | None:
    def refuse(reason: str) -> Exception:
        return bad_request(f"can't parse MessageEntity: {reason}")

    if not isinstance(given, dict):
        raise refuse("expected an Object")
    for name, kind in (("offset", int), ("length", int), ("type", str)):
        if name not in given:
            raise refuse(f'Can\'t find field "{name}"')
        if not isinstance(given[name], kind) or isinstance(given[name], bool):
            raise refuse(f'Field "{name}" must be of type {"Number" if kind is int else "String"}')
    type, offset, length = given["type"], given["offset"], given["length"]
    for word, number in (("offset", offset), ("length", length)):
        if not 0 <= number <= 1_000_000:
            raise bad_request(f"Receive an entity with incorrect {word} {number}")
    if type in _FOUND or not length:
        return None
    if type not in _STYLES | _QUOTES | _SOLID:
        raise refuse("Unsupported type specified")
    extra = {name: given[name] for name in _EXTRA if given.get(name) not in (None, "")}
    if type == "text_link":
        if "url" not in extra:
            raise refuse('Can\'t find field "url"')
        if not isinstance(extra["url"], str) or not _LINK.fullmatch(extra["url"]):
            return None  # an address that is none loses its link and keeps its text
    return Entity(type, offset, length, extra)


def repair(entities: Iterable[Entity]) -> list[Entity]:
    """The entities in the server's order: nested, never crossing, nothing inside code."""
    ordered = sorted((e for e in entities if e.length), key=_place)
    if _nested(ordered):
        return ordered
    quotes = _apart(e for e in ordered if e.type in _QUOTES)
    solid = [e for e in _apart(e for e in ordered if e.type in _SOLID) if not any(_cross(e, q) for q in quotes)]
    borders = {edge for e in (*quotes, *solid) for edge in (e.offset, e.end)}
    borders |= {e.offset for e in ordered if e.type in _STYLES}
    code = [e for e in solid if e.type in _CODE]
    pieces: list[Entity] = []
    for style in sorted(_STYLES):
        for start, end in _united(e for e in ordered if e.type == style):
            edges = sorted({start, end, *(b for b in borders if start < b < end)})
            pieces += [
                Entity(style, a, b - a)
                for a, b in pairwise(edges)
                if not any(c.offset <= a and b <= c.end for c in code)
            ]
    return sorted((*quotes, *solid, *pieces), key=_place)


def _place(entity: Entity) -> tuple[int, int, int]:
    rank = _ORDER.index(entity.type) if entity.type in _ORDER else len(_ORDER)
    return entity.offset, -entity.length, rank


def _nested(ordered: Sequence[Entity]) -> bool:
    around: list[Entity] = []
    for entity in ordered:
        while around and around[-1].end <= entity.offset:
            around.pop()
        for outer in around:
            if entity.end > outer.end or outer.type in _CODE or outer.type == entity.type:
                return False
            if entity.type in _SOLID and outer.type in _SOLID:
                return False
            if entity.type in _QUOTES:
                return False
            if entity.type in _CODE and outer.type in _STYLES:
                return False
        around.append(entity)
    return True


def _cross(one: Entity, other: Entity) -> bool:
    overlap = one.offset < other.end and other.offset < one.end
    inside = other.offset <= one.offset and one.end <= other.end
    return overlap and not inside


def _apart(ordered: Iterable[Entity]) -> list[Entity]:
    kept: list[Entity] = []
    for entity in ordered:
        if not kept or kept[-1].end <= entity.offset:
            kept.append(entity)
    return kept


def _united(ordered: Iterable[Entity]) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    for entity in ordered:
        if spans and entity.offset <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(spans[-1][1], entity.end))
        else:
            spans.append((entity.offset, entity.end))
    return spans


_DETECTED = re.compile(
    r"(?P<url>(?:https?|ftp|tg)://[^\s<>\"]+"
    r"|(?<![\w@./-])(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+(?:com|org|net|io|dev|ai|app|me|cn|de|uk|info)\b(?:[/:?#][^\s<>\"]*)?(?!@))"
    r"|(?P<email>(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+)"
    r"|(?P<mention>(?<![\w@/.])@[a-z0-9_]{3,32}(?!\w))"
    r"|(?P<bot_command>(?<![\w/<>])/[a-z0-9_]{1,64}(?:@[a-z0-9_]{3,32})?(?![\w/>]))"
    r"|(?P<hashtag>(?<![\w#])#(?=\w*[^\W\d_])\w{1,256})",
    re.IGNORECASE,
)


def detect(text: str, marked: Sequence[Entity]) -> list[Entity]:
    """`marked` and what the server finds by itself: links, addresses, mentions, commands, hashtags.

    Nothing is found across or inside what is code, a link or a mention already.
    """
    astral = [index for index, char in enumerate(text) if char > "\uffff"]
    solid = [e for e in marked if e.type in _SOLID]
    quotes = [e for e in marked if e.type in _QUOTES]
    found = []
    for match in _DETECTED.finditer(text):
        start, end = match.span()
        if match.lastgroup == "url":
            end = start + len(match[0].rstrip(".,;:!?'\")]}"))
        start, end = start + bisect_left(astral, start), end + bisect_left(astral, end)
        entity = Entity(str(match.lastgroup), start, end - start)
        taken = any(e.offset < end and start < e.end for e in solid)
        if not taken and not any(_cross(entity, e) for e in quotes):
            found.append(entity)
    return sorted((*marked, *found), key=_place)
