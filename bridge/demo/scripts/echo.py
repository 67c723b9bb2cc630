"""Say back what was sent: the words, or the whole request as the model was given it."""

from __future__ import annotations

import json

from bridge.demo.conversation import Conversation
from bridge.demo.performance import Performance


def speak(conversation: Conversation) -> Performance:
    return Performance(conversation.question or "(You sent no words.)", rate=60)


def speak_request(conversation: Conversation) -> Performance:
    """The messages in order, one JSON object a line, in a fence that nothing in them can close."""
    lines = [
        json.dumps({"role": turn.role, "content": turn.text}, ensure_ascii=False).replace("`", "\\u0060")
        for turn in conversation.turns
    ]
    return Performance("\n".join(["```json", *lines, "```"]), rate=60)
