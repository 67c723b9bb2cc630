"""The platforms we speak to, one module each, named as the operator names them.

A channel's package has a light `__init__`: `Settings`, its own variables (a pydantic-settings class whose
`configured` tells whether they are there), and `open_channel(settings, memory)`, which imports the rest only
when it is called. So a channel that is not in use costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import ClassVar, Protocol, cast

from pydantic import SecretStr
from pydantic_settings import BaseSettings

from bridge.channel import Channel, Memory


class ChannelSettings(BaseSettings):
    """What every channel's settings have in common: they know which of them it cannot do without."""

    required: ClassVar[tuple[str, ...]] = ()

    @property
    def missing(self) -> list[str]:
        """The fields that this channel needs and that are not set."""
        return [name for name in self.required if not _value(getattr(self, name))]

    @property
    def configured(self) -> bool:
        return not self.missing


def _value(field: object) -> object:
    return field.get_secret_value() if isinstance(field, SecretStr) else field


class ChannelModule(Protocol):
    """What `import channels.<name>` offers."""

    Settings: type[ChannelSettings]

    def open_channel(self, settings: ChannelSettings, memory: Memory) -> Channel: ...


def names() -> list[str]:
    """Every channel there is, but the console, which is no platform."""
    return sorted(module.name for module in iter_modules(__path__) if module.name != "console")


def load(name: str) -> ChannelModule:
    """The channel's light module. Raises ValueError with a sentence for the reader."""
    if name not in names():
        raise ValueError(f"there is no channel {name!r}; there are {', '.join(names())}")
    return cast(ChannelModule, import_module(f"channels.{name}"))
