"""The sentences: every language says the same things, with the same blanks to fill in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from string import Formatter

import pytest

from bridge import errors
from bridge.types import ModelId
from bridge.words import EN, IN, LANGUAGES, Words, language_of, trouble


def sentences(words: Words) -> Iterator[tuple[str, str]]:
    for field in fields(words):
        value = getattr(words, field.name)
        if isinstance(value, Mapping):
            yield from ((f"{field.name}.{key}", sentence) for key, sentence in value.items())
        else:
            yield field.name, value


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
    (errors.GatewaySilent(120, before_first=False), "silent in the middle", ""),
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
