"""What a Feishu message says: its content, JSON inside JSON, as text and attachments."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from bridge.types import Attachment, AttachmentKind

MOST = 1_000_000
"""Characters of content that are looked at; the platform's largest text has 150 KB."""
EVERYONE = "@_all"
_KINDS: Mapping[str, AttachmentKind] = {
    "image": "image",
    "file": "file",
    "audio": "audio",
    "media": "video",
    "sticker": "sticker",
}


class Malformed(ValueError):
    """What the platform sent cannot be understood."""


def load(source: object) -> dict[str, Any]:
    """A JSON object. Raises Malformed on anything else."""
    if not isinstance(source, str | bytes) or len(source) > MOST:
        raise Malformed("no JSON")
    try:
        value = json.loads(source)
    except (ValueError, RecursionError) as error:
        raise Malformed("no JSON") from error
    if not isinstance(value, dict):
        raise Malformed("no object")
    return value


def read(kind: str, source: object, names: Mapping[str, str]) -> tuple[str, tuple[Attachment, ...]]:
    """Text and attachments of a message of `kind`. `names` gives what to write for each mention's placeholder.

    Raises Malformed.
    """
    content = load(source)
    if kind == "text":
        return _called(_string(content, "text"), names).strip(), ()
    if kind == "post":
        return _post(content, names)
    if kind == "interactive":
        return "\n".join(_card_texts(content)), ()
    name = content.get("file_name")
    return "", (Attachment(_KINDS.get(kind, "other"), name[:255] if isinstance(name, str) else ""),)


def _called(text: str, names: Mapping[str, str]) -> str:
    if not names or "@_" not in text:
        return text
    # The longest first, or @_user_1 would be found in @_user_10.
    keys = sorted(names, key=len, reverse=True)
    pattern = "|".join(re.escape(key) + (" ?" if not names[key] else "") for key in keys)
    return re.sub(pattern, lambda found: names[found[0].rstrip(" ")], text)


def _post(content: dict[str, Any], names: Mapping[str, str]) -> tuple[str, tuple[Attachment, ...]]:
    body = content
    if not any(key in content for key in ("content", "content_v2")):
        # Some clients wrap it once more, by language.
        body = next((each for each in content.values() if isinstance(each, dict)), {})
    lines: list[str] = []
    attachments: list[Attachment] = []
    title = body.get("title")
    if isinstance(title, str) and title.strip():
        lines.append(title)
    for line in _list(body.get("content_v2")) or _list(body.get("content")):
        parts = [_part(part, names, attachments) for part in _list(line) if isinstance(part, dict)]
        lines.append("".join(parts))
    for file in _list(body.get("files")):
        name = file.get("file_name") if isinstance(file, dict) else None
        attachments.append(Attachment("file", name[:255] if isinstance(name, str) else ""))
    return "\n".join(lines).strip(), tuple(attachments)


def _part(part: dict[str, Any], names: Mapping[str, str], attachments: list[Attachment]) -> str:
    tag = part.get("tag")
    text = part.get("text")
    text = text if isinstance(text, str) else ""
    if tag == "at":
        key, name = part.get("user_id"), part.get("user_name")
        known = names.get(key) if isinstance(key, str) else None
        return known if known is not None else f"@{name}" if isinstance(name, str) else ""
    if tag == "a":
        href = part.get("href")
        return f"[{text}]({href})" if isinstance(href, str) and href != text else text
    if tag in ("img", "media"):
        attachments.append(Attachment("image" if tag == "img" else "video"))
        return ""
    if tag == "code_block":
        language = part.get("language")
        return f"```{language.lower() if isinstance(language, str) else ''}\n{text.rstrip()}\n```"
    if tag == "emotion":
        return f"[{part.get('emoji_type', '')}]"
    return "---" if tag == "hr" else _called(text, names)


def _card_texts(value: object, depth: int = 0) -> Iterator[str]:
    """The words of a card, whichever way it is told: as it was sent, or as what old clients show."""
    if depth > 20:
        return
    if isinstance(value, list):
        for each in value:
            yield from _card_texts(each, depth + 1)
    elif isinstance(value, dict):
        if isinstance(dsl := value.get("user_dsl"), str):
            yield from _card_texts(load(dsl), depth + 1)
            return
        for name in ("content", "text"):
            if isinstance(text := value.get(name), str) and text.strip():
                yield text
        if value.get("tag") != "button":
            for name in ("title", "header", "body", "elements", "columns", "fields", "text"):
                yield from _card_texts(value.get(name), depth + 1)


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _string(content: dict[str, Any], name: str) -> str:
    value = content.get(name)
    if not isinstance(value, str):
        raise Malformed(f"no {name}")
    return value
