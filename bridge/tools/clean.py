"""What servers say of their tools, cleaned and bounded before a model or a person sees it.

A server may be anything: names with control characters, a schema of a thousand fields, a description of a megabyte.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Any

from msgspec import json

from bridge.shorten import shorten
from bridge.tools.tool import Tool

MAX_TOOLS_OF_SERVER = 100
MAX_NAME_CHARACTERS = 128
MAX_TITLE_CHARACTERS = 60
MAX_DESCRIPTION_CHARACTERS = 1000
MAX_SCHEMA_BYTES = 16_000
"""Of JSON. A tool whose schema is larger, without its descriptions, is not offered."""
MAX_SCHEMA_DEPTH = 12
_NOT_IN_FUNCTION = re.compile(r"[^a-zA-Z0-9_-]+")
MAX_FUNCTION_CHARACTERS = 64
"""OpenAI's and Anthropic's limit for the name of a function."""


def plain(text: object, most: int) -> str:
    """`text` as one line without control or other invisible characters; empty where it is no text."""
    if not isinstance(text, str):
        return ""
    line = " ".join("".join(each if each.isprintable() else " " for each in text[: most * 4]).split())
    return shorten(line, most)


def lines(text: str) -> str:
    """`text` with its line breaks and tabs, without other control characters, which have no place on a screen."""
    return "".join(each for each in text if each in "\n\t" or each.isprintable())


def progress_text(done: float, total: float | None, said: object) -> str:
    """What people read of how far a tool has come: its own words, or the share; empty where it says neither."""
    if words := plain(said, MAX_TITLE_CHARACTERS):
        return words
    try:
        return f"{min(int(100 * done / total), 100)}%" if total and done >= 0 < total else ""
    except (ValueError, OverflowError):  # no number, or more than there are
        return ""


def read_tools(server: str, entries: object) -> list[Tool]:
    """The tools in a server's list; entries that are none, or that cannot be bounded, are passed over."""
    found: dict[str, Tool] = {}
    for entry in (entries if isinstance(entries, list) else [])[: 10 * MAX_TOOLS_OF_SERVER]:
        if isinstance(entry, dict) and (tool := _tool(server, entry)) is not None:
            found.setdefault(tool.name, tool)
    return list(found.values())[:MAX_TOOLS_OF_SERVER]


def _tool(server: str, entry: dict[str, Any]) -> Tool | None:
    name = entry.get("name")
    if not isinstance(name, str) or not 0 < len(name) <= MAX_NAME_CHARACTERS or not name.isprintable():
        return None
    schema = _schema(entry.get("inputSchema"))
    if schema is None:
        return None
    hints = entry.get("annotations")
    hints = hints if isinstance(hints, dict) else {}
    title = plain(entry.get("title") or hints.get("title"), MAX_TITLE_CHARACTERS)
    read_only = hints.get("readOnlyHint") is True
    return Tool(
        server,
        name,
        title or plain(name.replace("_", " "), MAX_TITLE_CHARACTERS),
        plain(entry.get("description"), MAX_DESCRIPTION_CHARACTERS),
        schema,
        read_only=read_only,
        repeatable=read_only or hints.get("idempotentHint") is True,
        permission="always" if read_only else "ask",
    )


def _schema(value: Any) -> dict[str, Any] | None:
    """The schema of an object, without descriptions where it is too large with them; None where it still is."""
    if not isinstance(value, dict) or value.get("type", "object") != "object":
        return None if isinstance(value, dict) else {"type": "object", "properties": {}}
    try:
        for described in (True, False):
            kept = _kept(value, MAX_SCHEMA_DEPTH, described=described)
            if isinstance(kept, dict) and len(json.encode(kept)) <= MAX_SCHEMA_BYTES:
                return {"properties": {}, **kept, "type": "object"}
    except (ValueError, TypeError, RecursionError):
        pass
    return None


def _kept(value: Any, depth: int, *, described: bool) -> Any:
    if depth < 0:
        raise ValueError("too deep")
    if isinstance(value, dict):
        return {
            plain(name, MAX_NAME_CHARACTERS): _kept(each, depth - 1, described=described)
            for name, each in value.items()
            if described or not (name in ("description", "title", "examples") and isinstance(each, str | list))
        }
    if isinstance(value, list):
        return [_kept(each, depth - 1, described=described) for each in value]
    return lines(value)[:MAX_DESCRIPTION_CHARACTERS] if isinstance(value, str) else value


def function_names(tools: Sequence[Tool], built_in: str) -> dict[str, Tool]:
    """Each tool by a name that every provider takes: its server's and its own, told apart where two become one."""
    named: dict[str, Tool] = {}
    for tool in tools:
        words = [tool.name] if tool.server == built_in else [tool.server, tool.name]
        name = "__".join(_NOT_IN_FUNCTION.sub("_", word).strip("_") or "x" for word in words)
        if len(name) > MAX_FUNCTION_CHARACTERS or name in named:
            mark = blake2b(tool.key.encode(errors="replace"), digest_size=4).hexdigest()
            name = f"{name[: MAX_FUNCTION_CHARACTERS - 9]}_{mark}"
        named.setdefault(name, tool)
    return named


def within(tools: Iterable[Tool], most: int, most_bytes: int) -> list[Tool]:
    """As many of `tools`, in order, as may be offered at once."""
    kept: list[Tool] = []
    room = most_bytes
    for tool in tools:
        room -= len(json.encode(tool.parameters)) + len(tool.description.encode()) + 60
        if len(kept) == most or room < 0:
            break
        kept.append(tool)
    return kept
