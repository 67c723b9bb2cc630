"""The bridge's commands as Discord's slash commands."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import discord

from bridge.channel import Command

LOCALES = ("zh-CN", "zh-TW")
"""Discord's names of our languages, but for English, which needs none."""
MAX_DESCRIPTION = 100
"""Characters of a command's description, and of its argument's."""
MANAGE_SERVER = str(discord.Permissions(manage_guild=True).value)
STRING, GUILD_INSTALL, IN_GUILDS, IN_DIRECT_CHATS = 3, 0, 0, 1


def slash_commands(commands: Sequence[Command]) -> list[dict[str, Any]]:
    """The payload that names all of the application's commands."""
    return [_slash_command(command) for command in commands]


def _slash_command(command: Command) -> dict[str, Any]:
    summary = command.summary.get("en") or command.name
    payload: dict[str, Any] = {
        "type": 1,
        "name": command.name,
        "description": summary[:MAX_DESCRIPTION],
        "description_localizations": {
            locale: command.summary[locale][:MAX_DESCRIPTION] for locale in LOCALES if command.summary.get(locale)
        },
        "integration_types": [GUILD_INSTALL],
        "contexts": [IN_GUILDS, IN_DIRECT_CHATS],
    }
    if command.admin:
        # Discord cannot show a command to some people only: in a server, those who manage it come closest.
        payload["default_member_permissions"] = MANAGE_SERVER
    if command.argument:
        payload["options"] = [
            {
                "type": STRING,
                "name": _option_name(command.argument),
                "description": command.argument[:MAX_DESCRIPTION],
                "required": False,
                "autocomplete": command.completes,
            }
        ]
    return payload


def _option_name(argument: str) -> str:
    return re.sub(r"[^\w-]+", "_", argument.lower()).strip("_")[:32] or "text"
