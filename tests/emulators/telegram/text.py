"""What becomes of a text on its way into a message: cleaned, checked, trimmed, measured.

Offsets are UTF-16 units and lengths code points, as on the real server; every cleaned character moves the entities
behind it. The order of the checks is tdlib's (MessageEntity.cpp, fix_formatted_text).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from .entities import Entity, detect, parse, repair
from .envelope import Arguments, bad_request
from .rules import Rules

_DROPPED = frozenset("\r\u0333\u033f\u030a") | {chr(code) for code in range(0x2028, 0x202F)}
_CLEANED = {code: " " for code in range(32) if code != 10} | dict.fromkeys(map(ord, _DROPPED))
_BLANK = " \n"


@dataclass(frozen=True, slots=True)
class Formatted:
    """A message's text and its entities, in order, as they are stored and shown."""

    text: str
    entities: tuple[Entity, ...] = ()

    def blocks(self, kind: str, *, beyond: int = 0) -> list[str]:
        """The stretches of text under the entities of this type, from the UTF-16 offset `beyond` on."""
        units = self.text.encode("utf-16-le")
        found = [e for e in self.entities if e.type == kind and e.offset >= beyond]
        return [units[2 * e.offset : 2 * e.end].decode("utf-16-le") for e in found]


NO_TEXT = Formatted("")


def utf16(text: str) -> int:
    return len(text) + sum(char > "\uffff" for char in text)


def written(text: str, marked: Sequence[Entity] = ()) -> Formatted:
    """A person's text as their app sends it, with what they `marked` in it."""
    return _formatted(text, marked) if text.strip() else NO_TEXT


def composed(args: Arguments, rules: Rules, *, edit: bool) -> Formatted:
    """The bot's text out of `text` and `entities`. Raises ApiError 400 in the server's words."""
    raw = args.text("text")
    if not raw:
        raise bad_request("message text is empty")
    try:
        size = len(raw.encode())
    except UnicodeEncodeError:
        raise bad_request("strings must be encoded in UTF-8") from None
    if size > rules.raw_bytes:
        raise bad_request("text is too long")
    given = args.structure("entities") or []
    result = _formatted(raw, parse(given))
    if len(result.text) > rules.text_max:
        raise bad_request("MESSAGE_TOO_LONG" if edit else "message is too long")
    if len(json.dumps(given, ensure_ascii=False, separators=(",", ":")).encode()) > rules.entity_bytes:
        raise bad_request("ENTITIES_TOO_LONG")
    return Formatted(result.text, result.entities[: rules.entities_max])


def captioned(args: Arguments, rules: Rules, *, edit: bool) -> Formatted:
    """The caption out of `caption` and `caption_entities`; it may be empty. Raises ApiError 400."""
    raw = args.text("caption")
    if not raw.strip(_BLANK):
        return NO_TEXT
    result = _formatted(raw, parse(args.structure("caption_entities") or []))
    if len(result.text) > rules.caption_max:
        raise bad_request("MEDIA_CAPTION_TOO_LONG" if edit else "message caption is too long")
    return Formatted(result.text, result.entities[: rules.entities_max])


def drafted(args: Arguments, rules: Rules) -> str:
    """The text of a draft, which may be empty. Raises ApiError 400."""
    text = args.text("text")
    return composed(args, rules, edit=False).text if text.strip(_BLANK) else ""


def _formatted(raw: str, sent: Sequence[Entity]) -> Formatted:
    text, entities = _clean(raw, repair(sent))
    kept = text.rstrip(_BLANK)
    end = utf16(kept)
    entities = [
        Entity(e.type, e.offset, min(e.end, end) - e.offset, e.extra) for e in entities if e.offset < end and e.length
    ]
    first = min((e.offset for e in entities), default=end)
    start = 0
    while start < first and kept[start] in _BLANK:
        start += 1
    kept = kept[start:]
    if not kept.strip(_BLANK):
        raise bad_request("text must be non-empty")
    moved = repair([Entity(e.type, e.offset - start, e.length, e.extra) for e in entities])
    return Formatted(kept, tuple(detect(kept, moved)))


def _clean(raw: str, entities: Sequence[Entity]) -> tuple[str, list[Entity]]:
    """Control characters become spaces, carriage returns and the like go; the entities move along."""
    cleaned = raw.translate(_CLEANED)
    old, byte_at = len(raw), dict[int, int]()
    moved_to: range | dict[int, int] = range(old + 1)
    if entities and (len(cleaned) < len(raw) or max(raw) > "\uffff"):
        old, moved_to, byte_at = _offsets(raw)
    moved = []
    for entity in entities:
        if entity.offset > old:
            raise bad_request(f"Entity begins after the end of the text at UTF-16 offset {entity.offset}")
        if entity.offset not in moved_to:
            place = byte_at[entity.offset]
            raise bad_request(f"Entity begins in a middle of a UTF-16 symbol at byte offset {place}")
        beginning = f"Entity beginning at UTF-16 offset {entity.offset} ends"
        if entity.end > old:
            raise bad_request(f"{beginning} after the end of the text at UTF-16 offset {entity.end}")
        if entity.end not in moved_to:
            raise bad_request(f"{beginning} in a middle of a UTF-16 symbol at byte offset {byte_at[entity.end]}")
        start = moved_to[entity.offset]
        moved.append(Entity(entity.type, start, moved_to[entity.end] - start, entity.extra))
    return cleaned, moved


def _offsets(raw: str) -> tuple[int, dict[int, int], dict[int, int]]:
    """The length in UTF-16 units, where each offset between characters moves, at which byte the others fall."""
    old = new = size = 0
    moved_to: dict[int, int] = {0: 0}
    byte_at: dict[int, int] = {}
    for char in raw:
        width = 1 + (char > "\uffff")
        if width == 2:
            byte_at[old + 1] = size
        old += width
        size += len(char.encode())
        new += 0 if char in _DROPPED else width
        moved_to[old] = new
    return old, moved_to, byte_at
