"""What was found by looking, and what has to be asked: how whoever knows a thing tells it to who sets the bridge up.

Sentences are in the reader's language already. The bridge's own checks and those of every channel speak in these.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["ok", "wrong", "note"]
"""It works; it does not and has to be mended; it works, but this is good to know."""


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One line of `cherry-bridge doctor`."""

    severity: Severity
    area: str
    """Where, in one word: ``gateway``, or a channel's name."""
    text: str
    """How it is. Never a secret, never what people said."""
    fix: str = ""
    """The next thing to do; empty where nothing is."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """What may be found, in one language; braces are filled in by `str.format`."""

    text: str
    fix: str = ""

    def found(self, severity: Severity, area: str, **values: object) -> Diagnostic:
        return Diagnostic(severity, area, self.text.format(**values), self.fix.format(**values))


@dataclass(frozen=True, slots=True)
class SettingPrompt:
    """A setting that `cherry-bridge init` asks for."""

    variable: str
    ask: str
    """What it is, as a few words before a colon."""
    where: str
    """Where it comes from: the exact path through the menus."""
    format_hint: str
    """What it looks like; said to who gave something else."""
    secret: bool = False
    """Not to be shown while it is typed."""
    optional: bool = False
    """An empty answer goes on without it. Of one that is not optional, an empty answer leaves the platform for now."""
