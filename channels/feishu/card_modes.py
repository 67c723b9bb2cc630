"""The three ways a message of ours can look, and how each is made to show a text. Each raises Rejected when it cannot.

`Streaming` is a card entity whose text grows; `Whole` is a card sent in one piece; `Plain` is no card at all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog

from bridge.types import Button, Chat
from channels.feishu import cards, markdown
from channels.feishu.entity import Entity
from channels.feishu.errors import Rejected
from channels.feishu.recent import Recent
from channels.feishu.rest import Rest
from channels.feishu.sending import Sender
from channels.feishu.words import Words

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class CardContext:
    """What a message needs of its channel."""

    rest: Rest
    sender: Sender
    posts: Recent
    """By the post's key: the card entity made for it, or PLAIN."""
    replaced: Recent
    """By message id: the ref of the plain message that took its place."""
    words: Words
    now: Callable[[], float]


class CardMode(Protocol):
    @property
    def ref(self) -> str:
        """What a `Posted.ref` says of it, after the message's id."""

    async def show(self, text: str, *, final: bool, buttons: Sequence[Button]) -> None: ...


class Streaming:
    """`buttons` are those under it now, None where that is not known; `growing` whether it looks unfinished."""

    def __init__(
        self,
        context: CardContext,
        chat: Chat,
        message: str,
        entity: Entity,
        *,
        growing: bool = True,
        buttons: Sequence[Button] | None = None,
    ) -> None:
        self._context = context
        self._chat = chat
        self._message = message
        self._entity = entity
        self._growing = growing
        self._buttons = None if buttons is None else tuple(buttons)
        self._streams = True

    @property
    def ref(self) -> str:
        return str(self._entity.id)

    async def show(self, text: str, *, final: bool, buttons: Sequence[Button]) -> None:
        content = markdown.render(text)
        if final:
            await self._finish(text, content, buttons)
        elif self._growing and self._streams and self._buttons == tuple(buttons):
            await self._grow(content)
        else:
            await self._replace(content, buttons, streaming=True, summary=self._context.words.writing)

    async def _grow(self, content: str) -> None:
        try:
            await self._entity.stream(content, self._context.words.writing)
        except Rejected as error:
            log.warning("streaming failed, the whole card is set from here on", message=self._message, code=error.code)
            self._streams = False
            buttons = self._buttons or ()
            await self._replace(content, buttons, streaming=True, summary=self._context.words.writing)

    async def _finish(self, text: str, content: str, buttons: Sequence[Button]) -> None:
        summary = markdown.summary(text)
        if self._growing:
            try:
                await self._entity.close(summary)
            except Rejected as error:  # the card that follows says the same
                log.info("a card was not closed", message=self._message, code=error.code)
        self._growing = False
        await self._replace(content, buttons, streaming=False, summary=summary)

    async def _replace(self, content: str, buttons: Sequence[Button], *, streaming: bool, summary: str) -> None:
        origin = origin_of(self._chat, ref=f"{self._message}/{self.ref}")
        card = cards.card(content, summary=summary, streaming=streaming, buttons=buttons, origin=origin)
        await self._entity.replace(card, streaming=streaming)
        self._growing, self._buttons = streaming, tuple(buttons)


class Whole:
    """A card sent in one piece is replaced in one piece, up to five times a second (im-v1/message/patch)."""

    ref = ""

    def __init__(self, context: CardContext, chat: Chat, message: str) -> None:
        self._context = context
        self._chat = chat
        self._message = message

    async def show(self, text: str, *, final: bool, buttons: Sequence[Button]) -> None:
        await self._context.sender.patch(self._message, whole_card(self._chat, text, buttons))


class Plain:
    """Twenty edits are all such a message may have, so it shows the end and nothing before."""

    def __init__(self, context: CardContext, message: str, kind: str) -> None:
        self._context = context
        self._message = message
        self.ref = kind

    async def show(self, text: str, *, final: bool, buttons: Sequence[Button]) -> None:
        if final:
            await self._context.sender.edit_plain(self._message, self.ref, with_choices(text, buttons))


def whole_card(chat: Chat, text: str, buttons: Sequence[Button]) -> str:
    """The JSON of a card that is sent in one piece."""
    summary = markdown.summary(text)
    return cards.card(markdown.render(text), summary=summary, buttons=buttons, origin=origin_of(chat))


def origin_of(chat: Chat, **more: str) -> dict[str, str]:
    """What a pressed button has to tell: the platform names the group and the message, but not the thread."""
    about = {"thread": chat.thread, "direct": chat.id if chat.direct else "", **more}
    return {name: value for name, value in about.items() if value}


def with_choices(text: str, buttons: Sequence[Button]) -> str:
    """For where there are no buttons: what each would have sent."""
    return "\n\n".join([text, *(f"{button.label}: {button.command}" for button in buttons)])
