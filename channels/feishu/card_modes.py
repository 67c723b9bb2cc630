"""The ways a message of ours can look, and how each is made to show a body. Each raises Rejected when it cannot.

`Streaming` is a card entity whose text grows; `Whole` is a card sent in one piece; `Plain` is no card at all; `Files`
is pictures, or files, which may take several messages.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol, Self

import structlog

from bridge.types import Body, Button, Chat
from channels.feishu import aside, cards, markdown
from channels.feishu.entity import Entity
from channels.feishu.errors import Rejected
from channels.feishu.recent import Recent
from channels.feishu.rest import Rest
from channels.feishu.sending import Sender
from channels.feishu.uploads import Uploads
from channels.feishu.words import Words

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class CardContext:
    """What every message needs of its channel."""

    rest: Rest
    sender: Sender
    uploads: Uploads
    posts: Recent
    """By the post's key: the card entity made for it, or PLAIN."""
    replaced: Recent
    """By message id: the ref of the plain message that took its place."""
    words: Words
    now: Callable[[], float]
    """Seconds since 1970."""


class CardMode(Protocol):
    @property
    def ref(self) -> str:
        """What a `Posted.ref` says of it, after the message's id."""

    async def show(self, body: Body, *, final: bool) -> None: ...


@dataclass(frozen=True, slots=True)
class _Shown:
    """What a streaming card shows, as its elements hold it."""

    text: str
    aside: str
    buttons: tuple[Button, ...]

    @classmethod
    def of(cls, body: Body) -> Self:
        """As `body` looks while its text grows."""
        return cls(markdown.render(body.text), aside.fit(body.aside, aside.MAX_STREAMING_BYTES), body.buttons)


def _form(content: str) -> object:
    """What an aside is on a card: nothing, a line, a panel."""
    return bool(content), aside.is_line(content)


class Streaming:
    """A card entity. `shows` is what it shows, where that is known.

    Each edit is one call while the text grows: the text is streamed where it has changed, and the aside only where the
    text has not (a model that is still thinking). So an aside that grows beside a text lags behind until the end.
    """

    def __init__(
        self, context: CardContext, chat: Chat, message: str, entity: Entity, *, shows: Body | None = None
    ) -> None:
        self._context = context
        self._chat = chat
        self._message = message
        self._entity = entity
        self._shown = None if shows is None else _Shown.of(shows)
        self._growing = True
        """Whether it looks unfinished."""
        self._streams = True
        """Whether its elements can be written to one by one."""

    @property
    def ref(self) -> str:
        return str(self._entity.id)

    async def show(self, body: Body, *, final: bool) -> None:
        if final:
            await self._finish(body)
        elif self._growing and self._streams and self._shown is not None:
            await self._grow(self._shown, _Shown.of(body), body)
        else:
            await self._replace(body, streaming=True, summary=self._context.words.writing)

    async def _grow(self, shown: _Shown, wanted: _Shown, body: Body) -> None:
        """Make the card look like `wanted`, with one call."""
        writing = self._context.words.writing
        if shown == wanted:
            return
        same_elements = shown.buttons == wanted.buttons and _form(shown.aside) == _form(wanted.aside)
        if not same_elements or (shown.text and not wanted.text):
            await self._replace(body, streaming=True, summary=writing)
            return
        try:
            if shown.text != wanted.text:
                await self._entity.stream(cards.TEXT, wanted.text, writing)
                self._shown = replace(shown, text=wanted.text)
            else:
                await self._entity.stream(aside.ELEMENT, wanted.aside, writing)
                self._shown = wanted
        except Rejected as error:
            log.warning("streaming failed, the whole card is set from here on", message=self._message, code=error.code)
            self._streams = False
            await self._replace(body, streaming=True, summary=writing)

    async def _finish(self, body: Body) -> None:
        summary = markdown.summary(body.text)
        if self._growing:
            try:
                await self._entity.close(summary)
            except Rejected as error:  # the card that follows says the same
                log.info("a card was not closed", message=self._message, code=error.code)
        self._growing = False
        await self._replace(body, streaming=False, summary=summary)

    async def _replace(self, body: Body, *, streaming: bool, summary: str) -> None:
        origin = origin_of(self._chat, ref=f"{self._message}/{self.ref}")
        card = card_of(self._context, body, summary=summary, streaming=streaming, origin=origin)
        await self._entity.replace(card, streaming=streaming)
        self._growing, self._shown = streaming, _Shown.of(body)


class Whole:
    """A card sent in one piece is replaced in one piece, up to five times a second (im-v1/message/patch)."""

    ref = ""

    def __init__(self, context: CardContext, chat: Chat, message: str) -> None:
        self._context = context
        self._chat = chat
        self._message = message

    async def show(self, body: Body, *, final: bool) -> None:
        await self._context.sender.patch(self._message, whole_card(self._context, self._chat, body))


class Plain:
    """Rich or bare text, without an aside. It may be edited twenty times only, so it is changed just at the end."""

    def __init__(self, context: CardContext, message: str, kind: str) -> None:
        self._context = context
        self._message = message
        self.ref = kind

    async def show(self, body: Body, *, final: bool) -> None:
        if final:
            await self._context.sender.edit_plain(self._message, self.ref, with_choices(body))


class Files:
    """Pictures or a file. There is nothing about them that the platform lets us change."""

    ref = "files"

    async def show(self, body: Body, *, final: bool) -> None:
        """The files stay as they are."""


def card_of(context: CardContext, body: Body, *, summary: str, streaming: bool = False, origin: dict[str, str]) -> str:
    """The JSON of the card that shows `body`."""
    return cards.card(
        markdown.render(body.text),
        summary=summary,
        streaming=streaming,
        buttons=body.buttons,
        origin=origin,
        aside_text=body.aside,
        aside_title=context.words.aside,
    )


def whole_card(context: CardContext, chat: Chat, body: Body) -> str:
    """The JSON of a card that is sent in one piece."""
    return card_of(context, body, summary=markdown.summary(body.text), origin=origin_of(chat))


def origin_of(chat: Chat, **more: str) -> dict[str, str]:
    """What a pressed button has to tell: the platform names the group and the message, but not the thread."""
    about = {"thread": chat.thread, "direct": chat.id if chat.direct else "", **more}
    return {name: value for name, value in about.items() if value}


def with_choices(body: Body) -> str:
    """For where there are no buttons: the text, and what each button would have sent."""
    return "\n\n".join([body.text, *(f"{button.label}: {button.command}" for button in body.buttons)])
