"""Every sentence of `cherry-bridge doctor`, `init` and `inbox`, in English, 简体中文 and 繁體中文."""

from bridge.words.languages import Language
from bridge.words.shell import en, zh_cn, zh_tw
from bridge.words.shell.words import DoctorWords, InboxWords, InitWords

DOCTOR: dict[Language, DoctorWords] = {"en": en.DOCTOR, "zh-CN": zh_cn.DOCTOR, "zh-TW": zh_tw.DOCTOR}
INIT: dict[Language, InitWords] = {"en": en.INIT, "zh-CN": zh_cn.INIT, "zh-TW": zh_tw.INIT}
INBOX: dict[Language, InboxWords] = {"en": en.INBOX, "zh-CN": zh_cn.INBOX, "zh-TW": zh_tw.INBOX}

__all__ = ["DOCTOR", "INBOX", "INIT", "DoctorWords", "InboxWords", "InitWords"]
