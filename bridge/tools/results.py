"""What an MCP server gives back for a call, as text for the model and files for the person."""

from __future__ import annotations

from binascii import Error as Base64Error
from binascii import a2b_base64
from mimetypes import guess_extension
from typing import Any

from msgspec import json

from bridge.tools.clean import lines, plain
from bridge.tools.tool import ToolFile, ToolOutcome
from bridge.types import FileKind

MAX_RESULT_BYTES = 24_000
"""Bytes of UTF-8 that a model is given of one result; some 6,000 tokens of English."""
MAX_FILES = 4
MAX_FILE_BYTES = 5_000_000
CUT = "\n[The result is longer; the rest was left out.]"


def bounded(text: str, most: int = MAX_RESULT_BYTES) -> str:
    """`text` without control characters, and with a note where it was cut to `most` bytes."""
    kept = lines(text[: most + 1]).encode(errors="replace")
    if len(kept) <= most and len(text) <= most:
        return kept.decode(errors="replace")
    return kept[: most - len(CUT)].decode(errors="ignore") + CUT


def read_result(result: object) -> ToolOutcome:
    """Read the result of ``tools/call``, as JSON has it. Raises nothing: what cannot be read is left out."""
    fields = result if isinstance(result, dict) else {}
    texts: list[str] = []
    files: list[ToolFile] = []
    room = MAX_RESULT_BYTES + 1
    content = fields.get("content")
    for part in (content if isinstance(content, list) else [])[:1000]:
        if isinstance(part, dict) and room > 0:
            said = _part(part, files)
            texts.append(said[:room])
            room -= len(said)
    structured = fields.get("structuredContent")
    if not any(map(str.strip, texts)) and isinstance(structured, dict):
        texts = [json.encode(structured).decode()[: MAX_RESULT_BYTES + 1]]
    text = bounded("\n".join(filter(None, texts)))
    return ToolOutcome(text or "[no text]", fields.get("isError") is True, tuple(files))


def _part(part: dict[str, Any], files: list[ToolFile]) -> str:
    match part.get("type"):
        case "text":
            return part["text"] if isinstance(part.get("text"), str) else ""
        case "image" | "audio" as kind:
            return _file(part.get("data"), part.get("mimeType"), kind, "", files)
        case "resource" if isinstance(inner := part.get("resource"), dict):
            if isinstance(inner.get("text"), str):
                return str(inner["text"])
            name = plain(inner.get("uri"), 200).rpartition("/")[2]
            return _file(inner.get("blob"), inner.get("mimeType"), "file", name, files)
        case "resource_link":
            return f"{plain(part.get('name'), 200)}: {plain(part.get('uri'), 2000)}"
        case kind:
            return f"[{plain(kind, 40)}: cannot be read]"


def _file(data: object, mime: object, kind: FileKind, name: str, files: list[ToolFile]) -> str:
    """Take a file, and return what the model is told in its place."""
    mime = plain(mime, 100).lower() or "application/octet-stream"
    if mime.startswith("image/"):
        kind = "image"
    if not isinstance(data, str) or len(data) > MAX_FILE_BYTES * 4 // 3 + 4 or len(files) >= MAX_FILES:
        return f"[a file of type {mime} was left out: too large, or too many]"
    try:
        content = a2b_base64(data)
    except (Base64Error, ValueError):
        content = b""
    if not content:
        return f"[a file of type {mime} could not be read]"
    name = name or f"{kind}-{len(files) + 1}{guess_extension(mime) or ''}"
    files.append(ToolFile(kind, name, mime, content))
    return f"[a file of type {mime} is shown to the person]"
