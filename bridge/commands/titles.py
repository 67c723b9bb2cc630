"""Titles of conversations: a few words by the model, made once and for several at a time; else their first words."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from contextlib import aclosing

import structlog

from bridge.commands.context import CommandContext
from bridge.commands.picker import Picker
from bridge.commands.subjects import plain
from bridge.errors import GatewayError
from bridge.events import text_after
from bridge.gateway import Gateways
from bridge.sampling import Sampling
from bridge.shorten import shorten
from bridge.store import Conversation, Exchange, Store
from bridge.types import ChatMessage

log = structlog.get_logger(__name__)

MAX_SECONDS = 8.0
"""A model that takes longer is not waited for."""
MAX_WORDS_LENGTH = 40
"""Characters of a title made of the first words."""
MAX_SAID_LENGTH = 300
"""Characters of a question and of its answer by which the model names a conversation."""
MAX_TOKENS = 400
"""What the model may write for a page of titles, thoughts included."""
PROMPT = (
    "Give each of these conversations a title of two to five words, in the language of the conversation. "
    "Write one line for each, as its number, a colon and the title, and nothing else."
)
_LINE = re.compile(r"\W*(\d{1,2})\s*[:.：、)]\s*(.+)")
"""With the marks of Chinese too."""


class Titles:
    def __init__(self, store: Store, picker: Picker, gateways: Gateways) -> None:
        self._store = store
        self._picker = picker
        self._gateways = gateways

    async def of(self, context: CommandContext, listed: Sequence[Conversation]) -> Mapping[int, str]:
        """The titles of conversations, by number. Those without one are given one. Raises StoreError."""
        untitled = [each for each in listed if not each.title]
        made = await self._asked(context, untitled) if untitled and context.settings.titles == "on" else {}
        titles = {each.number: each.title for each in listed}
        for each in untitled:
            titles[each.number] = title = made.get(each.number) or first_words(each.first) or context.words.untitled
            if context.settings.titles == "on":  # once: what could not be named is called by its first words for good
                conversations, seconds = self._store.conversations, context.settings.keep_seconds
                await conversations.rename(context.chat, each.number, title, seconds, unless_named=True)
        return titles

    async def _asked(self, context: CommandContext, untitled: Sequence[Conversation]) -> dict[int, str]:
        if await self._store.outage.now() is not None:
            return {}
        said = [f"{place}.\n{_excerpt(each.first)}" for place, each in enumerate(untitled, 1)]
        question = "\n\n".join([PROMPT, *said])
        text = ""
        try:
            async with asyncio.timeout(MAX_SECONDS):
                model = await self._picker.current(context.chat)
                if model is None:
                    return {}
                completion = self._gateways.stream(
                    model, [ChatMessage.user(question)], sampling=Sampling(max_tokens=MAX_TOKENS)
                )
                async with aclosing(completion):
                    async for event in completion.events():
                        text = text_after(text, event)
        except (GatewayError, TimeoutError) as error:
            log.info("no titles made", chat=str(context.chat), error=type(error).__name__)
            return {}
        return {untitled[place - 1].number: title for place, title in _read(text) if 1 <= place <= len(untitled)}


def first_words(exchange: Exchange | None) -> str:
    """The beginning of the first question, as a title."""
    lines = exchange.question[0].text.splitlines() if exchange and exchange.question else []
    words = " ".join(" ".join(line for line in lines if not line.startswith(">")).split())
    text = plain(words, MAX_WORDS_LENGTH + 1).strip()
    return shorten(text, MAX_WORDS_LENGTH)


def _excerpt(exchange: Exchange | None) -> str:
    if exchange is None:
        return ""
    asked = "\n".join(message.text for message in exchange.question)
    return f"{asked[:MAX_SAID_LENGTH]}\n{exchange.text[:MAX_SAID_LENGTH]}"


def _read(text: str) -> list[tuple[int, str]]:
    found = [_LINE.fullmatch(line.strip()) for line in text.splitlines()]
    return [(int(each[1]), title) for each in found if each and (title := plain(each[2].strip(" \"'“”「」")).strip())]
