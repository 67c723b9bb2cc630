"""Draws a circle or a square in the colour that it is asked for: a real PNG, in the text as makers of pictures do."""

from __future__ import annotations

import re
from base64 import b64encode

from bridge.demo.conversation import Conversation
from bridge.demo.performance import Performance
from bridge.demo.pictures import COLOURS, drawn
from bridge.demo.scripts import guide
from bridge.demo.scripts.guide_zh import ZH

_CHINESE = {"黑": "black", "灰": "grey", "白": "white", "红": "red", "橙": "orange", "黄": "yellow", "绿": "green"} | {
    "蓝": "blue",
    "紫": "purple",
    "粉": "pink",
    "棕": "brown",
}
_SQUARE = re.compile(r"square|box|方", re.IGNORECASE)


def speak(conversation: Conversation) -> Performance:
    question = conversation.question
    named = [colour for colour in COLOURS if colour in question.casefold()]
    named += [colour for word, colour in _CHINESE.items() if word in question]
    colour, square = (named or ["red"])[0], bool(_SQUARE.search(question))
    if guide.language(conversation) is ZH:
        shape = "方块" if square else "圆"
        alt = next(word for word, name in _CHINESE.items() if name == colour) + f"色的{shape}"
        said = f"画好了，{alt}："
    else:
        alt = f"{colour} {'square' if square else 'circle'}"
        said = f"Here you are, a {alt}:"
    data = b64encode(drawn(colour, square=square)).decode()
    return Performance(f"{said}\n\n![{alt}](data:image/png;base64,{data})", rate=1500)
