"""Every language says the same things of `doctor`, `init` and `inbox`, with the same values filled in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from string import Formatter
from typing import Any

import pytest

from bridge.diagnostics import Sentence, SettingPrompt
from bridge.words.shell import DOCTOR, INBOX, INIT
from channels.discord import advice as discord
from channels.feishu import advice as feishu
from channels.telegram import advice as telegram

SPOKEN: list[Mapping[Any, Any]] = [DOCTOR, INIT, INBOX, discord.IN, feishu.IN, telegram.IN]


def parts(words: Any) -> Iterator[tuple[str, str]]:
    """Each sentence, with a name."""
    for field in fields(words):
        value = getattr(words, field.name)
        match value:
            case str():
                yield field.name, value
            case Sentence(text=text, fix=fix):
                yield field.name, text
                yield f"{field.name}'s fix", fix
            case Mapping():
                yield from ((f"{field.name}.{key}", text) for key, text in value.items())
            case tuple():
                for question in value:
                    assert isinstance(question, SettingPrompt)
                    yield f"{question.variable} {question.secret} {question.optional}", question.ask
                    yield f"{question.variable}'s origin", question.where
                    yield f"{question.variable}'s shape", question.format_hint


def holes(text: str) -> list[str]:
    return sorted(f"{name}:{spec}" for _, name, spec, _ in Formatter().parse(text) if name)


@pytest.mark.parametrize("spoken", SPOKEN)
@pytest.mark.parametrize("language", ["zh-CN", "zh-TW"])
def test_the_same_is_said_in_every_language(spoken: Mapping[Any, Any], language: str) -> None:
    english, other = dict(parts(spoken["en"])), dict(parts(spoken[language]))
    assert english.keys() == other.keys()
    for name, text in english.items():
        assert holes(text) == holes(other[name]), name
        assert bool(text) == bool(other[name]), name


@pytest.mark.parametrize("spoken", SPOKEN)
def test_each_chinese_is_its_own(spoken: Mapping[Any, Any]) -> None:
    simplified, traditional = set("这个设网关务户机没请环际连时运发"), set("這個設網關務戶機沒請環際連時運發")
    for language, foreign in (("zh-CN", traditional - simplified), ("zh-TW", simplified - traditional)):
        assert not foreign & set("".join(text for _, text in parts(spoken[language]))), language
