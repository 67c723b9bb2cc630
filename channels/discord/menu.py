"""The bridge's commands as Discord's slash commands, and a bubble's buttons as button_view."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from typing import Any

import discord

from bridge.channel import Command
from bridge.types import Button

LOCALES = ("zh-CN", "zh-TW")
"""Discord's names of our languages, but for English, which needs none."""
MAX_BUTTONS = 25
"""Five rows of five."""
LONGEST_LABEL = 80
LONGEST_TEXT = 100
SHORT = 12
"""Labels of up to this many characters share a row of five."""
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
        "description": summary[:LONGEST_TEXT],
        "description_localizations": {
            locale: command.summary[locale][:LONGEST_TEXT] for locale in LOCALES if command.summary.get(locale)
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
                "description": command.argument[:LONGEST_TEXT],
                "required": False,
                "autocomplete": command.suggest is not None,
            }
        ]
    return payload


def _option_name(argument: str) -> str:
    return re.sub(r"[^\w-]+", "_", argument.lower()).strip("_")[:32] or "text"


def fingerprint(payload: object, account: str) -> str:
    """Changes when the commands do; Discord lets an application register only so many a day."""
    return hashlib.sha256(json.dumps([account, payload], sort_keys=True).encode()).hexdigest()


def button_view(buttons: Sequence[Button]) -> discord.ui.View | None:
    """Buttons that carry their command themselves, so that pressing one works after any restart."""
    if not buttons:
        return None
    buttons = buttons[:MAX_BUTTONS]
    per_row = 5 if all(len(button.label) <= SHORT for button in buttons) else -(-len(buttons) // 5)
    view = discord.ui.View(timeout=None)
    for number, button in enumerate(buttons):
        label = button.label.strip()[:LONGEST_LABEL] or button.command[:LONGEST_LABEL]
        view.add_item(discord.ui.Button(label=label, custom_id=f"{number}:{button.command}", row=number // per_row))
    view.stop()  # a finished view is sent all the same, and not kept in memory to wait for presses
    return view
