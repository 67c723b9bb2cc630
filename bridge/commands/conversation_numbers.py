"""How buttons and people name a conversation, and whose a button is."""

from __future__ import annotations

import re
from hashlib import sha256

from bridge.commands.context import CommandContext
from bridge.types import Chat

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_OWNER_MARK = re.compile(r"~[0-9a-f]{6}")
MAX_NUMBER_LENGTH = 12


def short_number(number: int) -> str:
    """A number in as few letters and digits as it takes."""
    digits = ""
    while number or not digits:
        number, rest = divmod(number, 36)
        digits = _DIGITS[rest] + digits
    return digits


def read_number(text: str) -> int | None:
    """The number that `short_number` wrote so; None where it is none."""
    if not (text.isascii() and text.isalnum() and len(text) <= MAX_NUMBER_LENGTH):
        return None
    return int(text, 36)


def owned(chat: Chat, command: str) -> str:
    """The command of a button that only the person whose conversation it is about may press.

    Where everybody in a group has conversations of their own, anybody may press what stands there, and the same number
    may mean another conversation for each.
    """
    return f"{command} {_mark(chat)}" if chat.person else command


def argument_of(context: CommandContext) -> str | None:
    """What follows the command, without the mark of `owned`; None where somebody else's button was pressed."""
    argument, mark = context.argument, ""
    rest, _, last = argument.rpartition(" ")
    if _OWNER_MARK.fullmatch(last):
        argument, mark = rest.strip(), last
    is_theirs = mark == _mark(context.chat) if mark or context.call.pressed else True
    return argument if is_theirs else None


def _mark(chat: Chat) -> str:
    return f"~{sha256(chat.person.encode('utf-8', 'surrogatepass')).hexdigest()[:6]}" if chat.person else ""
