"""The platforms we speak to, one package each, named as the operator names them.

``channels.<name>.Settings`` is a `bridge.channel_settings.ChannelSettings`, and all that the rest of the program knows
of the channel.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bridge.channel_settings import ChannelSettings

__all__ = ["load", "names"]

_NO_PLATFORMS = frozenset({"console", "kit"})


def names() -> list[str]:
    """Every platform there is a channel for. The console is none: nothing has to be set for it."""
    return sorted(module.name for module in iter_modules(__path__) if module.ispkg and module.name not in _NO_PLATFORMS)


def load(name: str) -> type[ChannelSettings]:
    """The `Settings` of a channel. Raises ValueError, with a sentence for the reader, where there is no such one."""
    if name not in names():
        raise ValueError(f"there is no channel {name!r}; there are {', '.join(names())}")
    settings: type[ChannelSettings] = import_module(f"channels.{name}").Settings
    return settings
