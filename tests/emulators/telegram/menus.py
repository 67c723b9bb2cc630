"""The command menus: kept for each scope and language, and resolved to what one person sees in one chat."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from .envelope import Arguments, bad_request
from .people import Person, Room

Scope = tuple[str, int, int]
"""The scope's type, its chat and its user; 0 where the type has none."""
Commands = Sequence[dict[str, str]]

_PLAIN = ("default", "all_private_chats", "all_group_chats", "all_chat_administrators")
_OF_CHAT = ("chat", "chat_administrators", "chat_member")
_NAME = re.compile(r"[a-z0-9_]{1,32}")


@dataclass
class Menus:
    kept: dict[tuple[Scope, str], Commands] = field(default_factory=dict)
    """By scope and language code; the language is empty for those without a menu of their own."""

    def seen_by(self, person: Person, room: Room) -> Commands:
        """The menu this person has in this room: the narrowest scope that has one, their language first."""
        _, standing = room.members.get(person.id, (person, "member"))
        admin = standing in ("creator", "administrator")
        if room.is_private:
            scopes = [("chat", room.id, 0), ("all_private_chats", 0, 0)]
        else:
            scopes = [("chat_member", room.id, person.id)]
            scopes += [("chat_administrators", room.id, 0)] if admin else []
            scopes += [("chat", room.id, 0)]
            scopes += [("all_chat_administrators", 0, 0)] if admin else []
            scopes += [("all_group_chats", 0, 0)]
        for scope in (*scopes, ("default", 0, 0)):
            for language in (person.language.partition("-")[0], ""):
                if self.kept.get((scope, language)):
                    return self.kept[scope, language]
        return ()


def read_commands(args: Arguments) -> list[dict[str, str]]:
    """The `commands` argument. Raises ApiError 400."""
    given = args.structure("commands")
    if not isinstance(given, list):
        raise bad_request("can't parse commands: expected an Array of BotCommand")
    if len(given) > 100:
        raise bad_request("BOT_COMMANDS_TOO_MUCH")
    return [_command(each) for each in given]


def _command(given: Any) -> dict[str, str]:
    if not isinstance(given, dict):
        raise bad_request("can't parse BotCommand: expected an Object")
    for name in ("command", "description"):
        if not isinstance(given.get(name), str):
            raise bad_request(f"can't parse BotCommand: can't find field {json.dumps(name)}")
    command = given["command"].removeprefix("/")
    if not _NAME.fullmatch(command):
        raise bad_request("BOT_COMMAND_INVALID")
    if not 1 <= len(given["description"]) <= 256:
        raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
    return {"command": command, "description": given["description"]}


def read_language(args: Arguments) -> str:
    """The `language_code` argument: two letters of ISO 639-1, or nothing. Raises ApiError 400."""
    language = args.text("language_code")
    if language and not re.fullmatch(r"[a-z]{2}", language):
        raise bad_request("invalid language code specified")
    return language


def read_scope(args: Arguments) -> tuple[str, str, int]:
    """The `scope` argument: its type, its chat as it was given, its user. Raises ApiError 400."""
    given = args.structure("scope")
    if given is None:
        return "default", "", 0
    if not isinstance(given, dict) or given.get("type") not in (*_PLAIN, *_OF_CHAT):
        raise bad_request("can't parse BotCommandScope: unsupported type specified")
    if given["type"] in _PLAIN:
        return given["type"], "", 0
    if not given.get("chat_id"):
        raise bad_request("can't parse BotCommandScope: can't find field \"chat_id\"")
    user = given.get("user_id", 0)
    if given["type"] == "chat_member" and not (isinstance(user, int) and user > 0):
        raise bad_request("can't parse BotCommandScope: can't find field \"user_id\"")
    return given["type"], str(given["chat_id"]), user
