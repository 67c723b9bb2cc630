"""Every sentence of the page, in English, 简体中文 and 繁體中文."""

from bridge.words.languages import Language
from bridge.words.web.en import EN
from bridge.words.web.words import WebWords
from bridge.words.web.zh_cn import ZH_CN
from bridge.words.web.zh_tw import ZH_TW

WEB: dict[Language, WebWords] = {"en": EN, "zh-CN": ZH_CN, "zh-TW": ZH_TW}

__all__ = ["WEB", "WebWords"]
