"""Every sentence a person reads, in English, 简体中文 and 繁體中文."""

from bridge.words.languages import LANGUAGES, Language, language_of

__all__ = ["LANGUAGES", "Language", "language_of"]
