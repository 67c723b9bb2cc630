"""Content that comes as a list of parts, and pictures in all the shapes in which providers send them."""

from __future__ import annotations

import binascii
import re
from typing import Any, NamedTuple

from bridge.events import Picture, Unsupported
from bridge.gateway.dialects.fields import as_dict, as_text
from bridge.gateway.dialects.frame import Extra

_DATA_URL = re.compile(r"data:([\w.+-]+/[\w.+-]+)?((?:;[\w.+-]+=[^;,]*)*)(;base64)?,", re.IGNORECASE)
_NO_BASE64 = re.compile(r"[^A-Za-z0-9+/_=-]+")
_SILENT_KINDS = {"reference", "tool_use", "tool_reference", "server_tool_use", "redacted_thinking"}
"""Parts without anything to show: Mistral's and Anthropic's marks of where something was looked up or thought."""


class Content(NamedTuple):
    text: str = ""
    reasoning: str = ""
    extras: tuple[Extra, ...] = ()


def read_content(value: Any) -> Content:
    """`content` as a string, or as a list of parts: Mistral's reasoning models and makers of pictures send one."""
    if not isinstance(value, list):
        return Content(as_text(value))
    text, reasoning, extras = "", "", []
    for part in map(as_dict, value):
        kind = as_text(part.get("type"))
        if kind in ("thinking", "reasoning"):
            thought = part.get("thinking") or part.get("reasoning") or part.get("text")
            reasoning += _joined(thought)
        elif isinstance(part.get("text"), str):
            text += part["text"]
        elif kind in _SILENT_KINDS:
            continue
        elif (extra := read_picture(part)) is not None:
            elsewhere = isinstance(extra, Picture) and extra.url and kind and "image" not in kind
            extras.append(Unsupported(kind) if elsewhere else extra)
        elif kind:
            extras.append(Unsupported(kind))
    return Content(text, reasoning, tuple(extras))


def _joined(thought: Any) -> str:
    """Mistral sends what the model thinks as a list of parts of its own."""
    if isinstance(thought, list):
        return "".join(as_text(as_dict(part).get("text")) for part in thought)
    return as_text(thought)


def read_picture(value: Any, depth: int = 3) -> Picture | Unsupported | None:
    """The picture in `value`, or the kind of what it is instead; None where there is nothing.

    Known: ``{"image_url": {"url": …}}`` (OpenRouter, LiteLLM), ``{"url": …}``, ``{"b64_json": …}``,
    ``{"source": {"media_type": …, "data": …}}`` (Anthropic), ``{"inline_data": {"mime_type": …, "data": …}}`` (Gemini),
    ``{"image": …}`` (Qwen) and a string. Raises nothing.
    """
    if isinstance(value, str):
        return picture_from_url(value)
    part = as_dict(value)
    if not part or not depth:
        return None
    for name in ("image_url", "url", "image", "source", "inline_data", "inlineData"):
        inner = part.get(name)
        if (found := picture_from_url(inner) if isinstance(inner, str) else read_picture(inner, depth - 1)) is not None:
            return found
    data = as_text(part.get("b64_json")) or as_text(part.get("data")) or as_text(part.get("result"))
    mime = next((as_text(part[name]) for name in ("mime_type", "mimeType", "media_type") if name in part), "")
    if mime and not mime.startswith("image/"):
        return Unsupported(mime)
    if not data or "audio" in as_text(part.get("type")):
        return None
    return _picture(data, mime or "image/png")


def picture_from_url(url: str, alt: str = "") -> Picture | Unsupported | None:
    """The picture that a URL names or, as a data URL, holds. Its bytes are decoded here, once."""
    if url.startswith(("https://", "http://")):
        return Picture(url=url, alt=alt)
    if (head := _DATA_URL.match(url)) is None:
        return None
    mime = (head[1] or "text/plain").lower()
    if not mime.startswith("image/") or not head[3]:
        return Unsupported(mime)
    return _picture(url[head.end() :], mime, alt)


def _picture(base64: str, mime: str, alt: str = "") -> Picture | Unsupported:
    data = decode_base64(base64)
    return Picture(data=data, mime=mime, alt=alt) if data else Unsupported(mime)


def decode_base64(text: str) -> bytes:
    """The bytes; empty where there are none. Line breaks, a missing ``=`` and the URL alphabet are taken."""
    try:
        return binascii.a2b_base64(text, strict_mode=True)
    except (binascii.Error, ValueError):
        pass
    kept = _NO_BASE64.sub("", text).replace("-", "+").replace("_", "/").rstrip("=")
    if len(kept) % 4 == 1:  # cut in the middle: what is whole of it
        kept = kept[:-1]
    try:
        return binascii.a2b_base64(kept + "=" * (-len(kept) % 4))
    except (binascii.Error, ValueError):
        return b""
