"""The app's slash commands, made to match ours. Only what changed is written, and only what we made is removed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bridge.channel import Command, Memory
from channels.feishu.rest import Rest
from channels.kit import menus

PATH = "/application/v7/app_slash_commands"
PUBLISHED = "commands"
"""Remembers what was registered last: a fingerprint, then the names."""
_LANGUAGES = {"en": "en_us", "zh-CN": "zh_cn", "zh-TW": "zh_tw"}


async def register(rest: Rest, memory: Memory, commands: Sequence[Command]) -> None:
    """Everyone sees the same list, so it leaves out what is for admins. Raises ChannelError, StoreError."""
    wanted = {command.name: _description(command.summary) for command in commands if not command.admin}
    fingerprint = menus.fingerprint(wanted)
    before, *ours = (await memory.get(PUBLISHED)).split() or [""]
    if before == fingerprint:
        return
    # Should this fail halfway, the next start compares again, and knows all that may be ours.
    await memory.put(PUBLISHED, " ".join(["-", *dict.fromkeys([*ours, *wanted])]))
    there = await _there(rest)
    for name, description in wanted.items():
        if name not in there:
            await rest.call("POST", PATH, {"command": name, "description": description})
        elif there[name].get("description") != description:
            await rest.call("PATCH", f"{PATH}/{there[name]['command_id']}", {"description": description})
    for name in ours:
        if name in there and name not in wanted:
            await rest.call("DELETE", f"{PATH}/{there[name]['command_id']}")
    await memory.put(PUBLISHED, " ".join([fingerprint, *wanted]))


async def _there(rest: Rest) -> dict[str, dict[str, Any]]:
    answer = (await rest.call("GET", PATH)).get("data")
    items = answer.get("items") if isinstance(answer, dict) else None
    return {
        item["command"].removeprefix("/"): item
        for item in (items if isinstance(items, list) else [])
        if isinstance(item, dict) and isinstance(item.get("command"), str) and isinstance(item.get("command_id"), str)
    }


def _description(summary: Mapping[str, str]) -> dict[str, Any]:
    texts = {_LANGUAGES[language]: text for language, text in summary.items() if language in _LANGUAGES}
    return {"default_value": summary.get("en", ""), "i18n": texts}
