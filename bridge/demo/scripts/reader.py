"""Answers from the passages that come with a question: says the first of them, and which it is."""

from __future__ import annotations

import re
from collections.abc import Callable

from bridge.demo.conversation import Conversation
from bridge.demo.performance import Performance
from bridge.shorten import shorten

QUOTED = 600
"""Characters of the passage that are said."""

_PASSAGES = re.compile(
    r"<passages>\n\[1\] (?P<document>[^\n]*)\n(?P<text>.*?)(?:\n\n\[2\] .*?)?\n</passages>\s*(?P<question>.*)",
    re.DOTALL,
)
_HAN = re.compile(r"[\u3400-\u9fff]")


def with_passages(voice: Callable[[Conversation], Performance]) -> Callable[[Conversation], Performance]:
    """The same, but from the passages where some come along."""

    def speak(conversation: Conversation) -> Performance:
        found = _PASSAGES.search(conversation.question)
        if found is None:
            return voice(conversation)
        text = found["text"].strip()
        head = "文档里写着：" if _HAN.search(found["question"]) else "The documents say:"
        return Performance(f"{head}\n\n{shorten(text, QUOTED)} [1]")

    return speak
