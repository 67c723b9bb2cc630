"""The note's own words: what stands in its code blocks, and the same in the files it points to."""

from __future__ import annotations

import configparser
import plistlib
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
NOTE = ROOT / "docs" / "tunnel.md"
CHINESE = ROOT / "docs" / "tunnel.zh-CN.md"
DEPLOY = ROOT / "deploy"
KEY = re.compile(r"ssh-ed25519 AAAA\.\.\. [a-z-]+")
"""Where the note says to put the line that ssh-keygen printed."""


def blocks(mark: str, note: Path = NOTE) -> list[str]:
    """The code blocks with this mark after their language, in order."""
    found = re.findall(rf"^```[a-z_]+ {mark}\n(.*?)^```$", note.read_text(), re.MULTILINE | re.DOTALL)
    assert found, f"{note.name} has no block marked {mark}"
    return found


def block(mark: str) -> str:
    """The only block with this mark."""
    [only] = blocks(mark)
    return only


def marked(note: Path) -> list[tuple[str, str]]:
    """Every marked block, with its language and mark, in order."""
    return re.findall(r"^```([a-z_]+ [a-z-]+)\n(.*?)^```$", note.read_text(), re.MULTILINE | re.DOTALL)


def unit(name: str = "cherry-tunnel.service") -> configparser.RawConfigParser:
    """A systemd unit; of options that stand there several times, the last."""
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string((DEPLOY / name).read_text())
    return parser


def launchd() -> dict[str, object]:
    return dict(plistlib.loads((DEPLOY / "cherry-tunnel.plist").read_bytes()))
