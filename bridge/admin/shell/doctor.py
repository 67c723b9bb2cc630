"""`cherry-bridge doctor`: all checks at once, one line for each result, with what to do about it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from pydantic_settings import BaseSettings

from bridge import __version__, log
from bridge.admin.doctor import Check, examine
from bridge.admin.doctor.gateway import gateway
from bridge.admin.doctor.settings import proxies, read_leniently, settings
from bridge.admin.doctor.speech import speech
from bridge.admin.doctor.store import store
from bridge.admin.shell.asking import clean
from bridge.admin.shell.language import terminal_language
from bridge.channel_settings import ChannelSettings
from bridge.diagnostics import Diagnostic
from bridge.settings import Settings, secrets
from bridge.words import IN, Language
from bridge.words.shell import DOCTOR, DoctorWords

MARKS = {"ok": "ok", "wrong": "!!", "note": "--"}


async def doctor(channels: Mapping[str, type[ChannelSettings]], *, as_json: bool, env_file: Path = Path(".env")) -> int:
    """Print what is found. Return 1 if anything is wrong. No secret is printed, so that it can be shown to others."""
    own, errors = read_leniently(Settings, env_file)
    theirs = {name: read_leniently(kind, env_file) for name, kind in channels.items()}
    for read in (own, *(each for each, _ in theirs.values())):
        log.hide(secrets(read))
    language = terminal_language(own)
    words = DOCTOR[language]

    alone: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
    errors = list(dict.fromkeys([*errors, *(error for _, each in theirs.values() for error in each)]))
    kinds: list[type[BaseSettings]] = [Settings, *channels.values()]
    checks: dict[str, Check] = {
        "settings": partial(settings, kinds, errors, env_file, words),
        "channels": partial(_channels, theirs, own.channels, words),
        "gateway": partial(gateway, own, words, IN[language]),
        "speech": partial(speech, own, words),
        "proxy": partial(proxies, own.gateway_url, words),
        "store": partial(store, own, words, alone),
    }
    for name, (channel, wrong) in theirs.items():
        if not wrong and channel.configured and (own.channels is None or name in own.channels):
            checks[name] = partial(_channel, channel, language, alone)

    found: list[Diagnostic] = []
    async for diagnostic in examine(checks, words):
        found.append(diagnostic)
        if not as_json:
            print(line(diagnostic), flush=True)
    count = sum(diagnostic.severity == "wrong" for diagnostic in found)
    if as_json:
        # Scripts read these names; they are older than the fields'.
        named = [{"mark": each.severity, "area": each.area, "text": each.text, "mend": each.fix} for each in found]
        findings = [{name: clean(value) for name, value in each.items()} for each in named]
        report = {"version": __version__, "ok": not count, "findings": findings}
        print(json.dumps(report, ensure_ascii=False, indent=2))
    else:
        print(f"\n{words.some_wrong.format(count=count) if count else words.all_fine}")
    return 1 if count else 0


def line(diagnostic: Diagnostic) -> str:
    fix = f" -> {diagnostic.fix}" if diagnostic.fix else ""
    return clean(f"{MARKS[diagnostic.severity]}  {diagnostic.area:<9} {diagnostic.text}{fix}")


async def _channel(
    channel: ChannelSettings, language: Language, alone: asyncio.Future[bool]
) -> AsyncIterator[Diagnostic]:
    thorough = await alone
    async for diagnostic in channel.check(language, thorough=thorough):
        yield diagnostic


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
