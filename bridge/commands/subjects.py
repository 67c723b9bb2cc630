"""Read whom a command is about, and for how long: ids, replies, ``for 7d``."""

from __future__ import annotations

import re
import time

from bridge.access import Subject, as_subject
from bridge.commands.context import CommandContext

NONE = frozenset({"off", "none", "关闭", "關閉"})
"""Words for a prompt that is to be no more."""

MAX_DURATION_SECONDS = 366 * 86400
"""Seconds; what lasts longer is meant for good."""

_SECONDS = {"m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_DURATION = re.compile(r"(?:^|\s)(?:for\s+)?(\d{1,5})\s?([mhdw])$", re.IGNORECASE)
_KIND = re.compile(r"(person|chat|group)[\s:]+(.*)", re.IGNORECASE | re.DOTALL)


def split_duration(argument: str) -> tuple[str, float]:
    """The rest of ``4711 for 7d``, and its seconds; 0 where no time is named, or no end in sight."""
    found = _DURATION.search(argument.strip())
    if found is None:
        return argument.strip(), 0.0
    seconds = int(found[1]) * _SECONDS[found[2].lower()]
    return argument.strip()[: found.start()].strip(), float(seconds) if seconds <= MAX_DURATION_SECONDS else 0.0


def ends(seconds: float) -> float:
    """The moment this many seconds from now; 0, for never, where there are none."""
    return time.time() + seconds if seconds else 0.0


def named(text: str, channel: str) -> Subject | None:
    """``telegram:123``, or just ``123``; after ``chat`` or ``group``, a chat's or a group's id. None for no id."""
    found = _KIND.fullmatch(text.strip())
    kind, id = (found[1].lower(), found[2]) if found else ("person", text)
    id = id.strip().strip("`")
    if ":" in id:
        channel, _, id = id.partition(":")
    return as_subject(kind, channel.strip().lower(), id) if channel.strip() else None


def example(context: CommandContext) -> str:
    return f"{context.chat.channel}:4711"


def plain(text: str, most: int = 64) -> str:
    """A name or an argument that somebody chose, without what Markdown would read into it."""
    return "".join(letter for letter in text[:most] if letter.isprintable() and letter not in "*_`[]<>|\\~#")


def code(text: str, most: int = 200) -> str:
    """An id or a setting, exactly as it is: set as code, where Markdown has no say."""
    return f"`{''.join(letter for letter in text[:most] if letter.isprintable() and letter != '`')}`"


def moment(at: float) -> str:
    """A moment as people write it, in UTC."""
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(max(0.0, min(at, 253402300799))))
