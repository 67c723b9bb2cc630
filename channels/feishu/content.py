"""What a Feishu message says: its content, JSON inside JSON, as text and attachments."""

from __future__ import annotations

import json
import mimetypes
import re
from collections.abc import Iterator, Mapping
from typing import Any

from bridge.types import Attachment, AttachmentKind

MAX_CONTENT_LENGTH = 1_000_000
"""Characters of content that are looked at; the platform's largest text has 150 KB."""
MAX_NAME_LENGTH = 255
EVERYONE = "@_all"
VOICE_MIME = "audio/ogg"
"""A voice message is Opus in Ogg (im-v1/message/events/message_content)."""
_KINDS: Mapping[str, AttachmentKind] = {
    "image": "image",
    "file": "file",
    "audio": "audio",
    "media": "video",
    "sticker": "sticker",
}
_KEY = re.compile(r"[\w.-]{1,256}")
_EDITED = re.compile(r"<p>(.*)</p>", re.DOTALL)


class Malformed(ValueError):
    """What the platform sent cannot be understood."""


def load(source: object) -> dict[str, Any]:
    """A JSON object. Raises Malformed on anything else."""
    if not isinstance(source, str | bytes) or len(source) > MAX_CONTENT_LENGTH:
        raise Malformed("no JSON")
    try:
        value = json.loads(source)
    except (ValueError, RecursionError) as error:
        raise Malformed("no JSON") from error
    if not isinstance(value, dict):
        raise Malformed("no object")
    return value


def read(
    kind: str, source: object, names: Mapping[str, str], message: str, *, edited: bool = False
) -> tuple[str, tuple[Attachment, ...]]:
    """Text and attachments of a message of `kind` with the id `message`.

    `names` gives what to write for each mention's placeholder. A text that has been `edited` is told in one or more
    paragraphs of HTML. Raises Malformed.
    """
    content = load(source)
    if kind == "text":
        text = _string(content, "text")
        if edited and (paragraphs := _EDITED.fullmatch(text)):
            text = paragraphs[1].replace("</p><p>", "\n")
        return _called(text, names).strip(), ()
    if kind == "post":
        return _post(content, names, message)
    if kind == "interactive":
        return "\n".join(_card_texts(content)), ()
    return "", (_attachment(_KINDS.get(kind, "other"), content, message),)


def _attachment(kind: AttachmentKind, content: Mapping[str, Any], message: str) -> Attachment:
    name, milliseconds = content.get("file_name"), content.get("duration")
    name = name[:MAX_NAME_LENGTH] if isinstance(name, str) else ""
    mime = VOICE_MIME if kind == "audio" else mimetypes.guess_type(name)[0] or ""
    seconds = milliseconds / 1000 if isinstance(milliseconds, int) and milliseconds > 0 else 0.0
    still = _ref("image", content, message) if kind == "video" else ""
    return Attachment(kind, name, _ref(kind, content, message), mime, seconds=seconds, still=still)


def _ref(kind: AttachmentKind, content: Mapping[str, Any], message: str) -> str:
    """What is needed to download it; empty for stickers and all else that cannot be (im-v1/message-resource/get)."""
    if kind not in ("image", "file", "audio", "video"):
        return ""
    key = content.get("image_key" if kind == "image" else "file_key")
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        return ""
    return f"{message}/{key}/{'image' if kind == 'image' else 'file'}"


def _called(text: str, names: Mapping[str, str]) -> str:
    if not names or "@_" not in text:
        return text
    # The longest first, or @_user_1 would be found in @_user_10.
    keys = sorted(names, key=len, reverse=True)
    pattern = "|".join(re.escape(key) + (" ?" if not names[key] else "") for key in keys)
    return re.sub(pattern, lambda found: names[found[0].rstrip(" ")], text)


def _post(content: dict[str, Any], names: Mapping[str, str], message: str) -> tuple[str, tuple[Attachment, ...]]:
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
        parts = [part for part in _list(line) if isinstance(part, dict)]
        attachments += [
            _attachment("image" if part["tag"] == "img" else "video", part, message)
            for part in parts
            if part.get("tag") in ("img", "media")
        ]
        lines.append("".join(_part(part, names) for part in parts))
    attachments += [_attachment("file", file, message) for file in _list(body.get("files")) if isinstance(file, dict)]
    return "\n".join(lines).strip(), tuple(attachments)


def _part(part: dict[str, Any], names: Mapping[str, str]) -> str:
    tag = part.get("tag")
    text = part.get("text")
    text = text if isinstance(text, str) else ""
    match tag:
        case "at":
            key, name = part.get("user_id"), part.get("user_name")
            known = names.get(key) if isinstance(key, str) else None
            return known if known is not None else f"@{name}" if isinstance(name, str) else ""
        case "a":
            href = part.get("href")
            return f"[{text}]({href})" if isinstance(href, str) and href != text else text
        case "img" | "media":
            return ""
        case "code_block":
            language = part.get("language")
            return f"```{language.lower() if isinstance(language, str) else ''}\n{text.rstrip()}\n```"
        case "emotion":
            return f"[{part.get('emoji_type', '')}]"
        case "hr":
            return "---"
    return _called(text, names)


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
        if value.get("tag") == "collapsible_panel" or value.get("text_size") == "notation":
            return  # an aside is no part of what was said
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
