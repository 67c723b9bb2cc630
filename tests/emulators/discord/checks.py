"""What the API accepts of a message, a menu of commands and a list of suggestions; anything else is a 400."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from tests.emulators.discord.faults import EMPTY, Fault, form_fault

CONTENT = 2000
"""Code points, as Discord's staff say (discord-api-docs #1315)."""
FILES, DESCRIPTION = 10, 1024
"""The most attachments of a message, and characters of the description of one."""
FILE_BYTES, REQUEST_BYTES = 20 << 20, 25 << 20
"""The default for one file, and the most for a whole request (discord-api-docs #8578, Create Message)."""
COMPONENTS_V2 = 1 << 15
_COMMAND_NAME = re.compile(r"[-_'\w]{1,32}")
_LOCALES = frozenset(("en-GB", "en-US", "zh-CN", "zh-TW", "de", "fr", "ja", "ko"))
"""Some of those it knows."""


def check_message(body: dict[str, Any], *, before: dict[str, Any] | None = None) -> None:
    """Raise Fault unless `body` makes a message, or turns `before` into one."""
    whole = {**(before or {}), **body}
    content = whole.get("content") or ""
    if int(whole.get("flags") or 0) & COMPONENTS_V2:
        if content:
            raise form_fault("content", "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2", "not with v2")
    elif len(content) > CONTENT:
        raise form_fault("content", "BASE_TYPE_MAX_LENGTH", f"Must be {CONTENT} or fewer in length.")
    rows = whole.get("components") or []
    attachments = whole.get("attachments") or []
    if len(attachments) > FILES:
        raise form_fault("attachments", "BASE_TYPE_MAX_LENGTH", f"Must be {FILES} or fewer in length.")
    if any(len(each.get("description") or "") > DESCRIPTION for each in attachments):
        raise form_fault("attachments", "BASE_TYPE_MAX_LENGTH", f"Must be {DESCRIPTION} or fewer in length.")
    if not content.strip() and not rows and not attachments:
        raise Fault(400, EMPTY, "Cannot send an empty message")
    if len(rows) > 5 or any(len(row["components"]) > 5 for row in rows):
        raise form_fault("components", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 5 in length.")
    buttons = [button for row in rows for button in row["components"]]
    ids = [button["custom_id"] for button in buttons]
    if len(set(ids)) != len(ids):
        raise form_fault("components", "COMPONENT_CUSTOM_ID_DUPLICATED", "Component custom id cannot be duplicated")
    if not all(1 <= len(id) <= 100 for id in ids) or not all(1 <= len(each["label"]) <= 80 for each in buttons):
        raise form_fault("components", "BASE_TYPE_MAX_LENGTH", "Must be 80 or fewer in length.")


def check_suggestions(choices: Sequence[dict[str, Any]]) -> None:
    if len(choices) > 25:
        raise form_fault("choices", "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.")
    for each in choices:
        if not (1 <= len(each["name"]) <= 100 and 1 <= len(each["value"]) <= 100):
            raise form_fault("choices", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 100 in length.")


def check_commands(commands: Sequence[dict[str, Any]]) -> None:
    if len(commands) > 100 or len({each["name"] for each in commands}) != len(commands):
        raise form_fault("name", "APPLICATION_COMMANDS_DUPLICATE_NAME", "Too many commands, or two of one name")
    for command in commands:
        for each in [command, *(command.get("options") or [])]:
            if not _COMMAND_NAME.fullmatch(each["name"]) or each["name"] != each["name"].lower():
                raise form_fault("name", "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")
            texts = [each["description"], *(each.get("description_localizations") or {}).values()]
            if not all(1 <= len(text) <= 100 for text in texts):
                raise form_fault("description", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 100 in length.")
            if not _LOCALES.issuperset(each.get("description_localizations") or {}):
                raise form_fault("description_localizations", "ENUM_TYPE_COERCE", "No such locale")
