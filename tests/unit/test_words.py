"""The sentences: every language says the same things, with the same blanks to fill in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from importlib import import_module
from string import Formatter
from typing import Any

import pytest

from bridge import errors
from bridge.diagnostics import Sentence
from bridge.types import ModelId
from bridge.words import EN, IN, LANGUAGES, Language, language_of, trouble
from tests.tunnel.note import ROOT


def sentences(words: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Every sentence of a table of words, by a name that is the same in every language."""
    match words:
        case str():
            yield name, words
        case Sentence():
            yield name, words.text
        case Mapping():
            for key, value in words.items():
                yield from sentences(value, f"{name}.{key}")
        case tuple() | list():
            for number, value in enumerate(words):
                yield from sentences(value, f"{name}.{number}")
        case _ if is_dataclass(words):
            for field in fields(words):
                yield from sentences(getattr(words, field.name), f"{name}.{field.name}" if name else field.name)


def blanks(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_fills_in_the_same_blanks(language: str) -> None:
    english, other = dict(sentences(EN)), dict(sentences(IN[language]))  # type: ignore[index]
    assert other.keys() == english.keys()
    for name, sentence in other.items():
        assert blanks(sentence) == blanks(english[name]), name
        assert sentence.strip() == sentence, name
        assert sentence, name


def test_chinese_is_chinese_and_each_in_its_own_script() -> None:
    simplified, traditional = dict(sentences(IN["zh-CN"])), dict(sentences(IN["zh-TW"]))
    for name, sentence in simplified.items():
        assert not set(sentence) & set("這個們說話還發關閉開請傳讀過網務"), name
    for name, sentence in traditional.items():
        assert not set(sentence) & set("这个们说话还发关闭开请传读过网务"), name


def untranslated(english: str, other: str) -> bool:
    """Whether a sentence that has words in English has none of its own, beside what is the same everywhere."""
    words = re.sub(r"Cherry Studio|App (?:ID|Secret)|[A-Z_]{3,}|`[^`]*`|\{[^}]*\}|https?:\S+|/[a-z]+", "", english)
    return bool(re.search(r"[A-Za-z]{3}", words)) and not re.search(r"[\u4e00-\u9fff]", other)


def spoken_elsewhere() -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Whatever else there is in three languages: of the shell, of the page, and of each channel."""
    modules = [f"channels.{path.parent.name}.{path.stem}" for path in (ROOT / "channels").glob("*/*.py")]
    for module in [
        "bridge.words.shell",
        "bridge.words.web",
        *(name for name in modules if name.endswith((".words", ".advice"))),
    ]:
        for name, value in vars(import_module(module)).items():
            if isinstance(value, dict) and set(value) == set(LANGUAGES):
                yield f"{module}.{name}", value


@pytest.mark.parametrize("language", ["zh-CN", "zh-TW"])
def test_no_sentence_is_left_untranslated(language: Language) -> None:
    left = [name for name, text in sentences(EN) if untranslated(text, dict(sentences(IN[language]))[name])]
    assert left == []
    elsewhere = list(spoken_elsewhere())
    assert len(elsewhere) >= 9
    for room, spoken in elsewhere:
        english, other = dict(sentences(spoken["en"])), dict(sentences(spoken[language]))
        assert english.keys() == other.keys(), room
        assert [name for name in english if untranslated(english[name], other[name])] == [], room


def test_untranslated_sentences_are_found() -> None:
    assert untranslated("Hello there", "Hello there")
    assert not untranslated("`/help` {name}", "`/help` {name}")


@pytest.mark.parametrize(
    ("tag", "language"),
    [
        ("en", "en"),
        ("en-GB", "en"),
        ("zh", "zh-CN"),
        ("zh-hans", "zh-CN"),
        ("zh_CN", "zh-CN"),
        ("zh-Hant", "zh-TW"),
        ("zh-HK", "zh-TW"),
        ("zh-hant-mo", "zh-TW"),
        ("de", "en"),
        ("", "en"),
    ],
)
def test_a_platforms_tag_leads_to_a_language(tag: str, language: str) -> None:
    assert language_of(tag) == language


MODEL = ModelId("deepseek", "deepseek-chat")
FAILURES = [
    (errors.GatewayUnreachable("http://127.0.0.1:23333"), "API server", "http://127.0.0.1:23333"),
    (errors.NoModelList(), "no list of models", ""),
    (errors.KeyRefused(missing=True), "key", "BRIDGE_GATEWAY_KEY"),
    (errors.KeyRefused(missing=False), "key", "BRIDGE_GATEWAY_KEY"),
    (errors.ProviderRefused(401, "bad key"), "deepseek does not accept the key", "bad key"),
    (errors.ProviderRefused(402, "no money"), "balance", "no money"),
    (errors.ProviderRefused(403, "region"), "refused", "region"),
    (errors.ModelNotFound(MODEL), "deepseek:deepseek-chat", ""),
    (errors.ContextTooLong(), "/new", ""),
    (errors.PicturesRefused(seeing=[MODEL]), "takes no pictures. These should: `deepseek:deepseek-chat`", ""),
    (errors.ProviderLimited("slow down"), "rate", "slow down"),
    (errors.GatewaySilent(300, before_first=True), "5 minutes", ""),
    (errors.GatewaySilent(120, before_first=False), "stopped in the middle", ""),
    (errors.ProviderFailed(502, "bad gateway"), "deepseek failed", "bad gateway"),
    (errors.AnswerCut(), "cut off", ""),
    (errors.AnswerEmpty(), "empty", ""),
    (errors.AnswerFiltered(), "filter", ""),
]


@pytest.mark.parametrize(("error", "everybody", "admin"), FAILURES)
def test_every_failure_says_what_it_is_and_an_admin_where(
    error: errors.GatewayError, everybody: str, admin: str
) -> None:
    told = trouble(error, EN, model=MODEL, admin=False)
    assert everybody in told
    assert not admin or admin not in told or admin in everybody
    assert admin in trouble(error, EN, model=MODEL, admin=True)


def failures() -> set[type[errors.GatewayError]]:
    def below(kind: type[errors.GatewayError]) -> Iterator[type[errors.GatewayError]]:
        for each in kind.__subclasses__():
            yield from (each, *below(each))

    return set(below(errors.GatewayError))


def test_no_failure_is_forgotten() -> None:
    assert failures() == {type(error) for error, _, _ in FAILURES}
    assert EN.usage_error_kinds.keys() == {kind.__name__ for kind in failures()}
