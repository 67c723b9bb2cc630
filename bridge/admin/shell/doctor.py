"""`cherry-bridge doctor`: all checks at once, one line for each result, with what to do about it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from bridge import __version__
from bridge.admin.doctor import examine
from bridge.admin.doctor.setup import Setup
from bridge.admin.shell.asking import clean
from bridge.admin.shell.language import terminal_language
from bridge.channel_settings import ChannelSettings
from bridge.diagnostics import Diagnostic
from bridge.words.shell import DOCTOR

MARKS = {"ok": "ok", "wrong": "!!", "note": "--"}


async def doctor(channels: Mapping[str, type[ChannelSettings]], *, as_json: bool, env_file: Path = Path(".env")) -> int:
    """Print what is found. Return 1 if anything is wrong. No secret is printed, so that it can be shown to others."""
    setup = Setup.read(channels, env_file)
    language = terminal_language(setup.own)
    words = DOCTOR[language]
    found: list[Diagnostic] = []
    async for diagnostic in examine(setup.checks(language), words):
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
