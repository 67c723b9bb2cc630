"""The longer texts of the demo, in Markdown files: a paragraph is one line, as models write it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.resources import files

_HEADING = re.compile(r"^# (.+)\n", re.MULTILINE)


def text(name: str) -> str:
    """The whole of ``name.md``."""
    return files(__name__).joinpath(f"{name}.md").read_text(encoding="utf-8").strip()


def sections(name: str) -> Mapping[str, str]:
    """``name.md`` cut at its first-level headings, by heading."""
    _, *parts = _HEADING.split(text(name))
    return {heading: part.strip() for heading, part in zip(parts[::2], parts[1::2], strict=True)}
