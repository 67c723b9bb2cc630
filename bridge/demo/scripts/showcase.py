"""One long answer with everything that a model may write: what renders well here renders well anywhere."""

from __future__ import annotations

from bridge.demo.conversation import Conversation
from bridge.demo.performance import Performance
from bridge.demo.texts import text

TEXT = text("showcase")


def speak(conversation: Conversation) -> Performance:
    return Performance(TEXT, rate=60)
