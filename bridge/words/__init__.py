"""Every sentence a person reads, in English, 简体中文 and 繁體中文."""

from bridge.words.en import EN
from bridge.words.languages import LANGUAGES, Language, language_of, named
from bridge.words.trouble import duration, models_count, no_models, trouble, why_unread, with_gateway
from bridge.words.words import Words
from bridge.words.zh_cn import ZH_CN
from bridge.words.zh_tw import ZH_TW

IN: dict[Language, Words] = {"en": EN, "zh-CN": ZH_CN, "zh-TW": ZH_TW}

__all__ = [
    "EN",
    "IN",
    "LANGUAGES",
    "Language",
    "Words",
    "duration",
    "language_of",
    "models_count",
    "named",
    "no_models",
    "trouble",
    "why_unread",
    "with_gateway",
    "words_for",
]


def words_for(tag: str, language: Language | None = None) -> Words:
    """Return the words for a person whose language is `tag`; where the operator has set a `language`, its words."""
    return IN[language or language_of(tag)]
