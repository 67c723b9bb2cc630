"""`cherry-bridge doctor`: every check at once, a line for each thing found, and what to do next."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path

from pydantic import SecretStr
from pydantic_settings import BaseSettings

from bridge import __version__, log
from bridge.admin.doctor import Check, examine
from bridge.admin.doctor.gateway import gateway
from bridge.admin.doctor.settings import proxies, read_leniently, settings
from bridge.admin.doctor.store import store
from bridge.admin.shell.language import terminal_language
from bridge.admin.shell.platforms import Platform
from bridge.diagnostics import Diagnostic
from bridge.settings import Settings
from bridge.words import IN, Language
from bridge.words.shell import DOCTOR, DoctorWords

MARKS = {"ok": "ok", "wrong": "!!", "note": "--"}


async def doctor(platforms: Sequence[Platform], *, as_json: bool, env_file: Path = Path(".env")) -> int:
    """Print what is found. 1 if anything is wrong. No secret is printed, so that it can be shown to others."""
    own, faults = read_leniently(Settings, env_file)
    theirs = {platform.name: read_leniently(platform.settings, env_file) for platform in platforms}
    log.hide(_secrets([own, *(read for read, _ in theirs.values())]))
    language = terminal_language(own)
    words = DOCTOR[language]

    alone: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
    faults = list(dict.fromkeys([*faults, *(fault for _, each in theirs.values() for fault in each)]))
    kinds: list[type[BaseSettings]] = [Settings, *(platform.settings for platform in platforms)]
    checks: dict[str, Check] = {
        "settings": partial(settings, kinds, faults, env_file, words),
        "channels": partial(_channels, platforms, theirs, own.channels, words),
        "gateway": partial(gateway, own, words, IN[language]),
        "proxy": partial(proxies, own.gateway_url, words),
        "store": partial(store, own, words, alone),
    }
    for platform in platforms:
        read, wrong = theirs[platform.name]
        if not wrong and not platform.missing(read) and (own.channels is None or platform.name in own.channels):
            checks[platform.name] = partial(_platform, platform, read, language, alone)

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


def clean(text: str) -> str:
    """On one line, without secrets and without what a terminal would obey: names come from outside."""
    if not sys.stdout.encoding.lower().startswith("utf"):
        text = text.encode(sys.stdout.encoding, "replace").decode(sys.stdout.encoding)
    return "".join(char if char.isprintable() else " " for char in log.redact(text))


async def _platform(
    platform: Platform, read: BaseSettings, language: Language, alone: asyncio.Future[bool]
) -> AsyncIterator[Diagnostic]:
    thorough = await alone
    async for diagnostic in platform.check(read, language, thorough=thorough):
        yield diagnostic


async def _channels(
    platforms: Sequence[Platform],
    theirs: Mapping[str, tuple[BaseSettings, list[str]]],
    named: Sequence[str] | None,
    words: DoctorWords,
) -> AsyncIterator[Diagnostic]:
    """Which channels will run, and which of them lack something."""
    names = [platform.name for platform in platforms]
    for name in named or ():
        if name not in names:
            yield words.channel_unknown.found("wrong", "channels", name=name, names=", ".join(names))
    running = 0
    for platform in platforms:
        read, faults = theirs[platform.name]
        missing = [] if faults else platform.missing(read)
        begun = 0 < len(missing) < len(platform.required)
        wanted = platform.name in named if named is not None else begun or not missing
        running += wanted
        if wanted and missing:
            yield words.channel_incomplete.found(
                "wrong", platform.name, variables=", ".join(missing), name=platform.name
            )
        elif not wanted:
            yield words.channel_unused.found("note", platform.name)
    if not running and not named:
        yield words.channel_none.found("wrong", "channels")


def _secrets(read: Iterable[BaseSettings]) -> Iterable[str]:
    values = (getattr(each, name) for each in read for name in type(each).model_fields)
    return [value.get_secret_value() for value in values if isinstance(value, SecretStr)]
