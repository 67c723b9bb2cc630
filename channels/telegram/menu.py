"""The command menu behind the / button: by language, by kind of chat, and with the admin commands where they apply.

A menu only shows; it allows nothing. Each is sent when it has changed, which a fingerprint in memory tells.
"""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from telegram import Bot, BotCommandScope, BotCommandScopeChat
from telegram.error import TelegramError

from bridge.channel import Command, Memory
from bridge.types import User
from channels.kit.menus import fingerprint
from channels.telegram.errors import translated

MEMORY_PREFIX = "menu:"
LANGUAGES = {"": "en", "zh": "zh-CN"}
"""Telegram's language codes have two letters, so it cannot tell 简体 from 繁體; the empty one is for all others."""
EVERYONE = ("default", "all_private_chats", "all_group_chats")
MAX_ADMINS = 100
"""Admins who get a menu of their own: each costs two calls whenever it changes."""
MAX_SUMMARY_LENGTH = 256
MAX_COMMANDS = 100
"""Bot API, setMyCommands and BotCommand."""

Menu = list[tuple[str, str]]
"""Names and what they do."""

_log = structlog.get_logger(__name__)


async def publish(bot: Bot, memory: Memory, commands: Sequence[Command], admins: Sequence[User]) -> None:
    """Send the menus that have changed. An admin who has never written to the bot has no chat to show one in yet."""
    known = await memory.names(MEMORY_PREFIX)
    plain = [command for command in commands if not command.admin]
    wanted = {MEMORY_PREFIX + kind: (BotCommandScope(kind), plain) for kind in EVERYONE}
    for admin in admins[:MAX_ADMINS]:
        wanted[MEMORY_PREFIX + admin.id] = (BotCommandScopeChat(admin.id), list(commands))
    for name, (scope, shown) in wanted.items():
        menus = {code: _menu(shown, language) for code, language in LANGUAGES.items()}
        digest = fingerprint(menus)
        if known.get(name) != digest and await _set(bot, scope, menus):
            await memory.put(name, digest)
    for name in known.keys() - wanted.keys():  # admins no longer
        if await _remove(bot, BotCommandScopeChat(name.removeprefix(MEMORY_PREFIX))):
            await memory.forget(name)


def _menu(commands: Sequence[Command], language: str) -> Menu:
    lines = ((command.name, command.summary.get(language) or command.summary.get("en", "")) for command in commands)
    return [(name, (summary or name)[:MAX_SUMMARY_LENGTH]) for name, summary in lines][:MAX_COMMANDS]


async def _set(bot: Bot, scope: BotCommandScope, menus: dict[str, Menu]) -> bool:
    try:
        for code, menu in menus.items():
            await bot.set_my_commands(menu, scope=scope, language_code=code)
    except TelegramError as error:
        _log.info("a command menu was not taken", scope=scope.type, error=str(translated(error)))
        return False
    return True


async def _remove(bot: Bot, scope: BotCommandScope) -> bool:
    try:
        for code in LANGUAGES:
            await bot.delete_my_commands(scope=scope, language_code=code)
    except TelegramError as error:
        _log.info("a command menu was not removed", scope=scope.type, error=str(translated(error)))
        return False
    return True
