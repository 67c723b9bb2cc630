"""The few sentences that the terminal itself says, and which language to say them in."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from bridge.words import Language


@dataclass(frozen=True, slots=True)
class Words:
    leave: str
    """Under an idle prompt, after the first Ctrl-C."""
    thinking: str
    """Beside the spinner, until the first words."""
    quit: str
    """What /quit does."""
    file: str
    """What /file does."""
    no_file: str
    """A path that leads to no file."""
    saved: str
    """Where a file that came with an answer is now."""


WORDS: Mapping[Language, Words] = {
    "en": Words(
        leave="Ctrl-C again, or Ctrl-D, leaves",
        thinking="thinking · Ctrl-C stops",
        quit="Leave the chat",
        file="Send a file: /file PATH and words",
        no_file="There is no such file: {path}",
        saved="Saved: {path}",
    ),
    "zh-CN": Words(
        leave="再按一次 Ctrl-C，或按 Ctrl-D，即可退出",
        thinking="思考中 · Ctrl-C 停止",
        quit="退出聊天",
        file="发送文件：/file 路径 和文字",
        no_file="没有这个文件：{path}",
        saved="已保存：{path}",
    ),
    "zh-TW": Words(
        leave="再按一次 Ctrl-C，或按 Ctrl-D，即可離開",
        thinking="思考中 · Ctrl-C 停止",
        quit="離開聊天",
        file="傳送檔案：/file 路徑 和文字",
        no_file="沒有這個檔案：{path}",
        saved="已儲存：{path}",
    ),
}


def locale_tag(environment: Mapping[str, str] = os.environ) -> str:
    """The person's language as their locale names it (``zh-TW``); empty for C, POSIX and no locale."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if value := environment.get(name):
            tag = value.partition(".")[0].partition("@")[0].replace("_", "-")
            return "" if tag in {"C", "POSIX"} else tag
    return ""
