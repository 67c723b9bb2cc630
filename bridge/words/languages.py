"""The languages we speak, and how a platform's language tag leads to one of them."""

from __future__ import annotations

from typing import Literal, get_args

Language = Literal["en", "zh-CN", "zh-TW"]
LANGUAGES: tuple[Language, ...] = get_args(Language)

_TRADITIONAL = {"hant", "tw", "hk", "mo"}


def language_of(tag: str, default: Language = "en") -> Language:
    """The language for a BCP 47 tag: ``zh-Hant-HK`` is zh-TW, ``zh`` is zh-CN; what we do not speak, `default`."""
    parts = tag.lower().replace("_", "-").split("-")
    if parts[0] == "zh":
        return "zh-TW" if _TRADITIONAL.intersection(parts[1:]) else "zh-CN"
    return "en" if parts[0] == "en" else default


def named(text: str) -> Language | None:
    """The language that an operator named, in any spelling; None where none is. Raises ValueError with a sentence."""
    if not (tag := text.strip()):
        return None
    if tag.lower().replace("_", "-").partition("-")[0] not in ("en", "zh"):
        raise ValueError(f"we speak {', '.join(LANGUAGES)}")
    return language_of(tag)
