"""`make pictures`: play everything again, and write the files beside this one. Names on the command line choose."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

from bridge import log
from docs.pictures import draw_chat, draw_terminal, record_chat, record_page, record_terminal
from docs.pictures.draw_chat import AppWords
from docs.pictures.record_chat import Feishu, Telegram
from docs.pictures.skins import FEISHU, TELEGRAM

HERE = Path(__file__).parent
EN = AppWords("bot", "typing…", "Message")
ZH = AppWords("机器人", "正在输入…", "消息")
ASKED = -3
"""The moment in which the owner is asked about a stranger: after it come the press and its answer."""


async def terminal(script: record_terminal.Script, language: str, title: str, home: Path) -> str:
    return draw_terminal.draw(await record_terminal.record(script, home, language), title=title)


async def telegram(script: record_chat.Script, language: str, words: AppWords, title: str, home: Path) -> str:
    moments = await record_chat.record(Telegram(), script, home, language)
    return draw_chat.draw(moments, TELEGRAM, words, title=title, still=ASKED)


async def feishu(script: record_chat.Script, language: str, words: AppWords, title: str, home: Path) -> str:
    moments = await record_chat.record(Feishu(), script, home, language)
    return draw_chat.draw(moments, FEISHU, words, title=title, still=ASKED)


def pictures() -> dict[str, Callable[[Path], Awaitable[str | bytes]]]:
    """What is drawn, by file name."""
    chat, page, session = record_chat, record_page, record_terminal
    return {
        "terminal.svg": lambda home: terminal(
            session.in_english,
            "en_GB.UTF-8",
            "In a terminal: an answer grows in place, /model picks another model by number, Ctrl-C stops an answer",
            home,
        ),
        "terminal.zh-CN.svg": lambda home: terminal(
            session.in_chinese, "zh_CN.UTF-8", "在终端里：回答逐步显示，/model 按编号换模型，Ctrl-C 停止回答", home
        ),
        "telegram.svg": lambda home: telegram(
            chat.telegram_in_english,
            "en",
            EN,
            "In Telegram: an answer grows with a Stop button, a model is picked by buttons, a stranger is let in",
            home,
        ),
        "telegram.zh-CN.svg": lambda home: telegram(
            chat.telegram_in_chinese,
            "zh-CN",
            ZH,
            "在 Telegram 里：回答逐步显示并带停止按钮，用按钮换模型，批准陌生人",
            home,
        ),
        "feishu.svg": lambda home: feishu(
            chat.feishu_in_english,
            "en",
            EN,
            "In Feishu: a card grows with a table and a Stop button, Continue goes on, a stranger is let in",
            home,
        ),
        "feishu.zh-CN.svg": lambda home: feishu(
            chat.feishu_in_chinese,
            "zh-CN",
            ZH,
            "在飞书里：卡片逐步显示表格并带停止按钮，点“继续”接着写，批准陌生人",
            home,
        ),
        "page.png": lambda home: page.record(page.IN_ENGLISH, home, "en", dark=False),
        "page.dark.png": lambda home: page.record(page.IN_ENGLISH, home, "en", dark=True),
        "page.zh-CN.png": lambda home: page.record(page.IN_CHINESE, home, "zh-CN", dark=False),
        "page.zh-CN.dark.png": lambda home: page.record(page.IN_CHINESE, home, "zh-CN", dark=True),
    }


async def main(names: list[str]) -> None:
    log.configure("error")
    for name, picture in pictures().items():
        if names and name not in names:
            continue
        print(f"{name} ...", end=" ", flush=True)
        with tempfile.TemporaryDirectory() as home:
            drawn = await picture(Path(home))
        content = drawn.encode() if isinstance(drawn, str) else drawn
        (HERE / name).write_bytes(content)
        print(f"{len(content) // 1024} KB", flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
