"""Two hundred numbered lines: anybody can see that none is missing, and none is there twice."""

from __future__ import annotations

from dataclasses import replace

from bridge.demo.conversation import Conversation
from bridge.demo.performance import Performance
from bridge.demo.scripts import guide
from bridge.demo.scripts.guide_zh import ZH

LINES = 200

_WHAT = ("a lamp", "a kettle", "a ladder", "a map", "a bell", "an umbrella", "a clock")
_WHERE = ("in the hall", "by the window", "under the stairs", "on the roof", "behind the door")
_WHAT_ZH = ("一盏灯", "一把壶", "一架梯子", "一张地图", "一口钟", "一把伞", "一只表")
_WHERE_ZH = ("在门厅里", "在窗边", "在楼梯下", "在屋顶上", "在门后")


def speak(conversation: Conversation) -> Performance:
    if guide.language(conversation) is ZH:
        head = f"下面有 {LINES} 行。如果有一行缺了或者重复了，那就是出错了。"
        lines = [f"第 {n} 行：{_WHERE_ZH[n % 5]}，{_WHAT_ZH[n % 7]}。" for n in range(1, LINES + 1)]
        last = "写完了。"
    else:
        head = f"Here are {LINES} lines. If one is missing, or is there twice, something is wrong."
        lines = [f"Line {n}: {_WHAT[n % 7]} {_WHERE[n % 5]}." for n in range(1, LINES + 1)]
        last = "That is all."
    return Performance("\n\n".join([head, *lines, last]), rate=60)


def speak_fast(conversation: Conversation) -> Performance:
    return replace(speak(conversation), pause=0.1, rate=500)
