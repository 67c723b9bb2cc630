"""What a person sees of an answer on each of the four screens, through the emulators' eyes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from channels.console.growing import Growing
from channels.console.typeset import Typesetter
from channels.discord.dialect import convert
from channels.feishu import cards
from channels.feishu.markdown import render as feishu_source
from channels.telegram.markdown import render as telegram_content
from tests.emulators.discord.screen import show
from tests.emulators.feishu import screen

_TYPESETTER = Typesetter({"TERM": "xterm-256color"})
_BOLD_ROW = re.compile("\x1b\\[[0-9;]*m")
_INVISIBLE = str.maketrans("", "", "\u200b\u2060")


def telegram(written: str) -> str:
    return telegram_content(written).text.translate(_INVISIBLE)


def discord(written: str) -> str:
    return show(convert(written), {}).text.translate(_INVISIBLE)


def feishu(written: str) -> str:
    return screen.card(json.loads(cards.card(feishu_source(written), summary=""))).text.translate(_INVISIBLE)


def console(written: str) -> str:
    rows, _ = Growing(_TYPESETTER).feed(written, width=200, height=1000, final=True)
    return "\n".join(_BOLD_ROW.sub("", row) for row in rows)


SCREENS: dict[str, Callable[[str], str]] = {
    "telegram": telegram,
    "discord": discord,
    "feishu": feishu,
    "console": console,
}


def telegram_marks(written: str, kind: str) -> list[str]:
    """The stretches of text that Telegram shows as `kind`."""
    content = telegram_content(written)
    units = content.text.encode("utf-16-le")
    spans = [
        (2 * each["offset"], 2 * (each["offset"] + each["length"])) for each in content.entities if each["type"] == kind
    ]
    return [units[begin:end].decode("utf-16-le") for begin, end in spans]
