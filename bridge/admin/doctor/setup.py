"""All checks of one set-up: the bridge's own, and those of every channel in use."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Self

from pydantic_settings import BaseSettings

from bridge import log
from bridge.admin.doctor import Check
from bridge.admin.doctor.default_model import default_model
from bridge.admin.doctor.gateway import gateway
from bridge.admin.doctor.settings import proxies, read_leniently, settings
from bridge.admin.doctor.speech import speech
from bridge.admin.doctor.store import store
from bridge.channel_settings import ChannelSettings
from bridge.diagnostics import Diagnostic
from bridge.settings import Settings, secrets
from bridge.words import IN, Language
from bridge.words.shell import DOCTOR, DoctorWords


@dataclass(frozen=True, slots=True)
class Setup:
    """What is set, with defaults in place of values that cannot be used."""

    own: Settings
    theirs: Mapping[str, tuple[ChannelSettings, list[str]]]
    """The settings of each channel, with a sentence for each value that cannot be used."""
    errors: Sequence[str]
    env_file: Path

    @classmethod
    def read(cls, channels: Mapping[str, type[ChannelSettings]], env_file: Path = Path(".env")) -> Self:
        """Read all settings anew; from now on, their secrets are redacted."""
        own, errors = read_leniently(Settings, env_file)
        theirs = {name: read_leniently(kind, env_file) for name, kind in channels.items()}
        for read in (own, *(each for each, _ in theirs.values())):
            log.hide(secrets(read))
        errors = list(dict.fromkeys([*errors, *(error for _, each in theirs.values() for error in each)]))
        return cls(own, theirs, errors, env_file)

    def checks(self, language: Language) -> dict[str, Check]:
        """Return the checks by the area that each is about. They are to be run once, within one event loop."""
        words = DOCTOR[language]
        alone: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        kinds: list[type[BaseSettings]] = [Settings, *(type(channel) for channel, _ in self.theirs.values())]
        checks: dict[str, Check] = {
            "settings": partial(settings, kinds, self.errors, self.env_file, words),
            "channels": partial(_channels, self.theirs, self.own.channels, words),
            **{
                f"gateway {id}".strip(): partial(gateway, self.own, words, IN[language], id)
                for id in self.own.gateway_settings()
            },
            "default model": partial(default_model, self.own, words),
            "speech": partial(speech, self.own, words),
            "proxy": partial(
                proxies, [each.url for each in self.own.gateway_settings().values() if not each.is_inside], words
            ),
            "page": partial(_page, self.own, words),
            "store": partial(store, self.own, self.env_file, words, alone),
        }
        for name, (channel, wrong) in self.theirs.items():
            if not wrong and channel.configured and (self.own.channels is None or name in self.own.channels):
                checks[name] = partial(_channel, channel, language, alone)
        return checks


async def _channel(
    channel: ChannelSettings, language: Language, alone: asyncio.Future[bool]
) -> AsyncIterator[Diagnostic]:
    thorough = await alone
    async for diagnostic in channel.check(language, thorough=thorough):
        yield diagnostic


async def _page(own: Settings, words: DoctorWords) -> AsyncIterator[Diagnostic]:
    """What the page for the person who runs the bot may do beyond the usual."""
    if own.web_read:
        yield words.web_read.found("note", "page")


async def _channels(
    theirs: Mapping[str, tuple[ChannelSettings, list[str]]], named: Sequence[str] | None, words: DoctorWords
) -> AsyncIterator[Diagnostic]:
    """Which channels will run, and which of them lack something."""
    for name in named or ():
        if name not in theirs:
            yield words.channel_unknown.found("wrong", "channels", name=name, names=", ".join(theirs))
    running = 0
    for name, (channel, errors) in theirs.items():
        missing = [] if errors else channel.missing
        begun = 0 < len(missing) < len(channel.required)
        wanted = name in named if named is not None else begun or not missing
        running += wanted
        if wanted and missing:
            yield words.channel_incomplete.found("wrong", name, variables=", ".join(missing), name=name)
        elif not wanted:
            yield words.channel_unused.found("note", name)
    if not running and not named:
        yield words.channel_none.found("wrong", "channels")
