"""Tell a command from talk."""

from __future__ import annotations

import re
from dataclasses import dataclass

# A path such as /usr/bin is talk: nothing but white space may follow the name.
_COMMAND = re.compile(r"/(?P<name>[A-Za-z][A-Za-z0-9_]{0,31})(?:@\S+)?(?:\s+(?P<argument>.*))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Parsed:
    name: str
    argument: str


def parse(text: str) -> Parsed | None:
    """Read ``/name@bot argument``; None where it is ordinary talk."""
    found = _COMMAND.fullmatch(text.strip())
    return Parsed(found["name"].lower(), (found["argument"] or "").strip()) if found else None
