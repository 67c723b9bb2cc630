"""The Telegram Bot API on loopback: strict where bots go wrong, and able to fail in every way the real one does.

`TelegramStage` is the people's view of it; `TelegramServer` (a stage's `server`) has everything else.
"""

from __future__ import annotations

from .entities import Entity
from .envelope import ApiError
from .faults import Fault
from .rules import Rules
from .server import LoggedCall, TelegramServer
from .stage import TelegramStage

__all__ = ["ApiError", "Entity", "Fault", "LoggedCall", "Rules", "TelegramServer", "TelegramStage"]
