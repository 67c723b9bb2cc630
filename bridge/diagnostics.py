"""What the checks of the bridge and of every channel return to the person who sets the bridge up.

Sentences are in the reader's language already.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["ok", "wrong", "note"]
"""``ok``: it works. ``wrong``: it does not, and has to be fixed. ``note``: it works, but this is good to know."""


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One line of `cherry-bridge doctor`."""

    severity: Severity
    area: str
    """Where, in one word: ``gateway``, or a channel's name."""
    text: str
    """What was found. It holds no secret, and nothing that people said to the bot."""
    fix: str = ""
    """What to do about it; empty where nothing has to be done."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """The text of a diagnostic in one language, with braces that `found` fills in."""

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
    """What it looks like; shown after an answer that cannot be right."""
    secret: bool = False
    """Whether it is hidden while it is typed."""
    optional: bool = False
    """Whether an empty answer goes on without it. Where it is not optional, an empty answer skips the platform."""


def gateway_variable(gateway: str, field: str) -> str:
    """The environment variable of a gateway's ``url``, ``key`` or ``name``; `gateway` is empty where there is one."""
    return "_".join(filter(None, ["BRIDGE_GATEWAY", gateway.replace("-", "_"), field])).upper()


def in_variables_of(gateway: str, text: str) -> str:
    """`text` that names the variables of a single gateway, with those of this one among several."""
    for field in ("url", "key") if gateway else ():
        text = text.replace(gateway_variable("", field), gateway_variable(gateway, field))
    return text
