"""The Telegram Bot API on loopback: strict where bots go wrong, and able to fail in every way the real one does.

`TelegramPlatform` is the people's view of it; `TelegramServer` (a platform's `server`) has everything else.
"""

from __future__ import annotations

from .entities import Entity
from .envelope import ApiError
from .faults import Fault
from .platform import TelegramPlatform
from .rules import Rules
from .server import LoggedCall, TelegramServer

__all__ = ["ApiError", "Entity", "Fault", "LoggedCall", "Rules", "TelegramPlatform", "TelegramServer"]
