"""A message of ours: shown as a card, and where no card can be had any more, as a plain message in its place."""

from __future__ import annotations

import structlog

from bridge.errors import ChannelError, Unsure
from bridge.types import Body, Chat
from channels.feishu import cards, entity
from channels.feishu.card_modes import (
    CardContext,
    CardMode,
    Files,
    Plain,
    Streaming,
    Whole,
    card_of,
    origin_of,
    whole_card,
    with_choices,
)
from channels.feishu.entity import Entity, EntityId
from channels.feishu.errors import Rejected

log = structlog.get_logger(__name__)

PLAIN = "plain"
SEPARATOR = "+"
"""Between the ids of messages that are one post to the bridge: files."""


class Message:
    """A `bridge.channel.Posted`. Its ref is the message's id and, after a slash, what its mode says."""

    def __init__(
        self, context: CardContext, chat: Chat, id: str, mode: CardMode, *, reply_to: str = "", known: bool = True
    ) -> None:
        self._context = context
        self._chat = chat
        self._id = id
        self._mode = mode
        self._reply_to = reply_to
        self._known = known
        """Whether it is certain that no other message has taken this one's place."""
        self._broken = False
        self._leftover = ""
        """The message that this one took the place of, until it has been taken back."""

    @property
    def ref(self) -> str:
        return f"{self._id}/{self._mode.ref}".rstrip("/")

    async def edit(self, body: Body, *, final: bool) -> None:
        await self._take_up()
        await self._clear_away()
        if not self._broken:
            try:
                await self._mode.show(body, final=final)
                return
            except Rejected as error:
                log.warning("a message cannot be changed", chat=str(self._chat), message=self._id, code=error.code)
                self._broken = True
        # Half an answer stays as it is; the whole one takes its place.
        if final:
            await self._replace(with_choices(body))

    async def delete(self) -> None:
        await self._take_up()
        recalled = [await self._context.sender.recall(id) for id in self._id.split(SEPARATOR)]
        if not all(recalled):
            await self.edit(Body(self._context.words.empty), final=True)

    async def _replace(self, text: str) -> None:
        """Post again, then delete the old message. Done twice it comes to the same: the uuid sees to that."""
        old = self._id
        uuid = f"i.{old}"
        self._id, kind = await self._context.sender.plain(self._chat, text, uuid=uuid, reply_to=self._reply_to)
        self._mode, self._broken, self._leftover = Plain(self._context, self._id, kind), False, old
        await self._context.replaced.put(old, self.ref)
        await self._clear_away()

    async def _clear_away(self) -> None:
        if self._leftover:
            await self._context.sender.recall(self._leftover)
            self._leftover = ""

    async def _take_up(self) -> None:
        """After a restart: find the message that took this one's place, if one did."""
        while not self._known:
            ref = await self._context.replaced.get(self._id)
            if ref:
                self._leftover = self._id
                self._id, self._mode = parse(self._context, self._chat, ref)
                await self._clear_away()
            self._known = not ref


def parse(context: CardContext, chat: Chat, ref: str) -> tuple[str, CardMode]:
    """A message's id and its mode, by its ref."""
    message, _, rest = ref.partition("/")
    if rest == Files.ref:
        return message, Files()
    if rest in ("post", "text"):
        return message, Plain(context, message, rest)
    if id := EntityId.parse(rest):
        return message, Streaming(context, chat, message, Entity(context.rest, id, context.now))
    return message, Whole(context, chat, message)


async def post(
    context: CardContext, chat: Chat, body: Body, *, key: str, retry: bool, reply_to: str, final: bool
) -> Message:
    """Post as the card that suits, or plainly where Feishu refuses the card; files as what they are.

    What was begun under a key is continued in the same way: within an hour the platform answers a second post of it
    with the first message, and that one's card is then the one to write to.
    """
    if body.files:
        ids = [
            await context.sender.send(chat, kind, content, uuid=f"{key}.{number}", reply_to=reply_to)
            for number, (kind, content) in enumerate(await context.uploads.compose(body.files))
        ]
        return Message(context, chat, SEPARATOR.join(ids), Files(), reply_to=reply_to)
    begun = await context.posts.get(key) if retry else ""
    if begun != PLAIN:
        try:
            if begun or not (final or retry):
                return await _stream(context, chat, body, EntityId.parse(begun), key, reply_to)
            card = whole_card(context, chat, body)
            id = await context.sender.send(chat, "interactive", card, uuid=key, reply_to=reply_to)
            return Message(context, chat, id, Whole(context, chat, id), reply_to=reply_to)
        except Rejected as error:
            log.warning("card refused", chat=str(chat), code=error.code)
            await context.posts.put(key, PLAIN)
    shown = with_choices(body) if final else body.text or context.words.writing
    id, kind = await context.sender.plain(chat, shown, uuid=f"{key}.p", reply_to=reply_to)
    return Message(context, chat, id, Plain(context, id, kind), reply_to=reply_to)


async def _stream(
    context: CardContext, chat: Chat, body: Body, made: EntityId | None, key: str, reply_to: str
) -> Message:
    opened = 0.0
    shows: Body | None = None
    if made is None:
        card = card_of(context, body, summary=context.words.writing, streaming=True, origin=origin_of(chat, key=key))
        opened, shows = context.now(), body
        try:
            made = await entity.make(context.rest, card, opened)
        except Unsure as error:  # a card that has not been sent yet is no post
            raise ChannelError(str(error)) from error
        await context.posts.put(key, str(made))
    content = cards.dumps({"type": "card", "data": {"card_id": made.card}})
    id = await context.sender.send(chat, "interactive", content, uuid=key, reply_to=reply_to)
    mode = Streaming(context, chat, id, Entity(context.rest, made, context.now, opened), shows=shows)
    return Message(context, chat, id, mode, reply_to=reply_to)
