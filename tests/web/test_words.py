"""The page's sentences: every language says the same things, with the same blanks, and all of them are used."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from bridge.admin import web
from bridge.words import LANGUAGES, Language
from bridge.words.web import WEB, WebWords
from tests.unit.test_words import blanks, sentences

HERE = Path(web.__file__).parent


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_fills_in_the_same_blanks(language: Language) -> None:
    english, other = dict(sentences(WEB["en"])), dict(sentences(WEB[language]))
    assert other.keys() == english.keys()
    for name, sentence in other.items():
        assert blanks(sentence) == blanks(english[name]), name
        assert sentence.strip() == sentence, name
        assert sentence, name


def test_every_sentence_is_used() -> None:
    sources = "".join(path.read_text() for path in [*HERE.glob("*.py"), *HERE.glob("templates/*.html")])
    used = set(re.findall(r"\b(?:w|web|WEB\[language\])\.(\w+)", sources))
    assert {field.name for field in fields(WebWords)} - used == set()
