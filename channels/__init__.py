"""The platforms we speak to, one module each, named as the operator names them.

A channel's package has a light `__init__`: `Settings`, its own variables (a pydantic-settings class whose
`configured` tells whether they are there), and `open_channel(settings, memory)`, which imports the rest only
when it is called. So a channel that is not in use costs nothing. Beside it lies `checks`, for whoever sets the
channel up: what to ask for, and how to try it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from importlib import import_module
from pkgutil import iter_modules
from typing import Protocol, cast

from bridge.channel import Channel, Memory
from bridge.diagnostics import Diagnostic, SettingPrompt
from bridge.words import Language
from channels.settings import ChannelSettings

__all__ = ["ChannelChecks", "ChannelModule", "ChannelSettings", "checks", "load", "names"]


class ChannelModule(Protocol):
    """What `import channels.<name>` offers."""

    Settings: type[ChannelSettings]

    def open_channel(self, settings: ChannelSettings, memory: Memory) -> Channel: ...


class ChannelChecks(Protocol):
    """What `import channels.<name>.checks` offers. It sends no message and changes nothing on the platform."""

    def questions(self, language: Language) -> Sequence[SettingPrompt]:
        """What must be set, in the order in which to ask; each variable is a field of `Settings`."""

    def check(self, settings: ChannelSettings, language: Language, *, thorough: bool) -> AsyncIterator[Diagnostic]:
        """Look whether the account works as it is set up; each diagnostic within some seconds of the last.

        Not `thorough` where somebody waits, or where a bridge runs: leave out what takes long or disturbs it.
        """


def names() -> list[str]:
    """Every channel there is, but the console, which is no platform."""
    return sorted(module.name for module in iter_modules(__path__) if module.ispkg and module.name != "console")


def load(name: str) -> ChannelModule:
    """The channel's light module. Raises ValueError with a sentence for the reader."""
    if name not in names():
        raise ValueError(f"there is no channel {name!r}; there are {', '.join(names())}")
    return cast(ChannelModule, import_module(f"channels.{name}"))


def checks(name: str) -> ChannelChecks:
    """How to set up and try the channel, which must exist."""
    return cast(ChannelChecks, import_module(f"channels.{name}.checks"))
