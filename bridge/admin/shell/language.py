"""The language of the person at this terminal."""

from __future__ import annotations

import os

from bridge.settings import Settings
from bridge.words import IN, Language, Words, language_of


def terminal_tag() -> str:
    """Return the locale as a BCP 47 tag: ``zh-CN`` for ``zh_CN.UTF-8``; empty where none is set."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if value := os.environ.get(name, ""):
            return value.partition(".")[0].partition("@")[0].replace("_", "-")
    return ""


def terminal_language(settings: Settings) -> Language:
    return settings.language or language_of(terminal_tag())


def terminal_words(settings: Settings) -> Words:
    return IN[terminal_language(settings)]
