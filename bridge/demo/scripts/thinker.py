"""The guide with its reasoning shown: honestly, how a script finds an answer."""

from __future__ import annotations

from dataclasses import replace

from bridge.demo.conversation import Conversation
from bridge.demo.performance import Performance
from bridge.demo.scripts import guide


def speak(conversation: Conversation) -> Performance:
    """Reasoning in a field of its own, as most providers send it."""
    return replace(guide.speak(conversation), reasoning=_thoughts(conversation))


def speak_in_tags(conversation: Conversation) -> Performance:
    """Reasoning in the text, as many local models write it."""
    answer = guide.speak(conversation)
    return replace(answer, text=f"<think>\n{_thoughts(conversation)}\n</think>\n\n{answer.text}")


def _thoughts(conversation: Conversation) -> str:
    book = guide.language(conversation)
    topic = guide.topic_of(conversation.question, book)
    found = book.thoughts_found.format(topic=topic) if topic else book.thoughts_none
    return book.thoughts.format(length=len(conversation.question), asked=len(conversation.earlier)) + found
