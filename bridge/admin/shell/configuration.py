"""The settings of the bridge and of its channels, read for a command, with every error in them at once."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass

from bridge import log
from bridge.channel_settings import ChannelSettings
from bridge.errors import SettingsError
from bridge.settings import S, Settings, read, secrets, unknown


@dataclass(frozen=True, slots=True)
class Configuration:
    bridge: Settings
    channels: Mapping[str, ChannelSettings]

    def channels_in_use(self) -> dict[str, ChannelSettings]:
        """Return those that `BRIDGE_CHANNELS` names, or all that are configured where it is not set.

        Raises SettingsError where one of them cannot be opened, or where there is none.
        """
        named = self.bridge.channels
        errors = [
            f"BRIDGE_CHANNELS: there is no channel {name!r}; there are {', '.join(self.channels)}"
            for name in named or ()
            if name not in self.channels
        ]
        in_use: dict[str, ChannelSettings] = {}
        for name, settings in self.channels.items():
            if name in named if named is not None else settings.configured:
                errors += [f"{unset}: not set, though BRIDGE_CHANNELS names {name}" for unset in settings.missing]
                in_use[name] = settings
        if not in_use and not errors:
            needed = [settings.missing[0] for settings in self.channels.values() if settings.missing]
            errors.append(
                "No channel is configured. `cherry-bridge init` asks for what is needed, or set "
                f"{' or '.join(needed)}; `cherry-bridge chat` talks right here."
            )
        if errors:
            raise SettingsError(errors)
        return in_use


def read_configuration(channels: Mapping[str, type[ChannelSettings]], *, quiet: bool = False) -> Configuration:
    """Read the bridge's settings and those of `channels`; from now on, their secrets are redacted.

    Warns of variables that look like settings and are none, unless `quiet`. Raises SettingsError with every error.
    """
    errors: list[str] = []

    def read_or_note(kind: type[S]) -> S | None:
        try:
            return read(kind)
        except SettingsError as error:
            errors.extend(error.problems)
            return None

    bridge = read_or_note(Settings)
    found = {name: settings for name, kind in channels.items() if (settings := read_or_note(kind)) is not None}
    slips = unknown([Settings, ChannelSettings, *channels.values()])
    if bridge is None or errors:
        raise SettingsError([*dict.fromkeys(errors), *slips])
    if not quiet:
        print(*(f"cherry-bridge: {slip}\n" for slip in slips), sep="", end="", file=sys.stderr)
    log.hide(secret for settings in (bridge, *found.values()) for secret in secrets(settings))
    return Configuration(bridge, found)


def read_settings() -> Settings:
    """Read the bridge's settings alone, as `read_configuration` does."""
    return read_configuration({}).bridge
