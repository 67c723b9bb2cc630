"""Stand-ins for the two sides of the channel contract: a platform with bad weather, and a host that lets people in.

They stand in for no SDK: the reply engine knows a platform only through `Channel`, and `FakeChannel` behaves as badly
as the contract allows, on a clock that jumps, so that a property can be asked thousands of times.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Literal, Self

from bridge.channel import Command, Host, Limits
from bridge.errors import ChannelError, Gone, RateLimited, StoreError, TooLong, Unsure
from bridge.inbound import Inbound, Pressed, Reacted, Said
from bridge.types import Attachment, Body, Button, Chat, User

Weather = float | Literal["fine", "lost", "dropped"]
"""What becomes of one call: seconds of rate limit, carried out, carried out but the answer lost, not carried out."""

CHAT = Chat("fake", "1", direct=True)
LATENCY_SECONDS = 0.05


@dataclass
class FakeMessage:
    """One message of the bot's as a person sees it."""

    body: Body
    final: bool
    key: str = ""
    edits: int = 0

    @property
    def text(self) -> str:
        return self.body.text

    @property
    def buttons(self) -> tuple[Button, ...]:
        return self.body.buttons


class FakeChannel:
    """Keeps what a person would see, and nothing else.

    `keys`: whether it knows idempotency keys; `really`: the length that it takes in truth, where that is less than its
    limits say.
    """

    name, account, set_aside = "fake", "fake", 0

    def __init__(self, limits: Limits, weather: Sequence[Weather] = (), *, keys: bool = True, really: int = 0) -> None:
        self._limits = limits
        self._weather = list(weather)
        self._keys = keys
        self._really = really or limits.max_length
        self._numbers = count(1)
        self.messages: dict[str, FakeMessage] = {}
        self.calls: list[float] = []
        self.typed = 0
        self.blocked_until = 0.0
        self.too_early = 0
        self.gone = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None: ...

    def limits(self, chat: Chat) -> Limits:
        return self._limits

    async def listen(self, host: Host) -> AsyncGenerator[Sequence[Inbound], None]:
        nothing: tuple[Sequence[Inbound], ...] = ()
        for batch in nothing:
            yield batch

    async def call(self, body: Body) -> Weather:
        now = asyncio.get_running_loop().time()
        if now < self.blocked_until - 1e-6:
            self.too_early += 1
        self.calls.append(now)
        weather = self._weather.pop(0) if self._weather else "fine"
        await asyncio.sleep(LATENCY_SECONDS / 2)
        if self.gone:
            raise Gone("deleted")
        if isinstance(weather, float):
            self.blocked_until = asyncio.get_running_loop().time() + weather
            raise RateLimited(weather)
        if weather == "dropped":
            raise ChannelError("connection refused")
        if self._limits.measure(body.text) > self._really:
            raise TooLong("too long")
        return weather

    async def answer(self, weather: Weather) -> None:
        await asyncio.sleep(LATENCY_SECONDS / 2)
        if weather == "lost":
            raise Unsure("connection reset")

    async def post(
        self, chat: Chat, body: Body, *, key: str, reply_to: str = "", final: bool, retry: bool = False
    ) -> FakePosted:
        assert bool(body.text.strip()) != bool(body.files), "a post holds words or files"
        assert len(body.files) <= self._limits.max_files
        sizes = [len(file.content) for file in body.files]
        assert all(size <= self._limits.files[file.kind] for size, file in zip(sizes, body.files, strict=True))
        assert self._limits.max_files_bytes is None or sum(sizes) <= self._limits.max_files_bytes
        assert final or self._limits.edits != "none", "what may still change was posted where nothing can be edited"
        assert len(key) <= 25
        weather = await self.call(body)
        lost = [ref for ref, message in self.messages.items() if message.key == key]
        if lost and self._keys:
            ref = lost[0]
        else:
            ref = str(next(self._numbers))
            self.messages[ref] = FakeMessage(body, final, key)
            if retry:
                for each in lost:
                    del self.messages[each]
        await self.answer(weather)
        return FakePosted(self, ref)

    def posted(self, chat: Chat, ref: str) -> FakePosted:
        return FakePosted(self, ref)

    async def fetch(self, attachment: Attachment) -> AsyncGenerator[bytes, None]:
        yield attachment.ref.encode()

    async def typing(self, chat: Chat) -> None:
        self.typed += 1

    async def publish(self, commands: Sequence[Command], admins: Sequence[User]) -> None: ...

    async def branch(self, chat: Chat, title: str) -> Chat | None:
        return None

    def hint(self, chat: Chat, language: str) -> str:
        return ""

    def link(self, code: str) -> str:
        return ""

    def screen(self) -> list[str]:
        """The texts of the messages, in their order; of one with files, their names."""
        return [
            message.text or " ".join(file.name for file in message.body.files) for message in self.messages.values()
        ]


@dataclass
class FakePosted:
    channel: FakeChannel
    ref: str

    async def edit(self, body: Body, *, final: bool) -> None:
        assert body.text.strip(), "an empty edit"
        assert self.channel._limits.edits != "none", "an edit where nothing can be edited"
        weather = await self.channel.call(body)
        message = self.channel.messages.get(self.ref)
        if message is None:
            raise Gone("no such message")
        assert not message.body.files, "files were edited into words"
        message.body, message.final = body, final
        message.edits += 1
        await self.channel.answer(weather)

    async def delete(self) -> None:
        weather = await self.channel.call(Body())
        self.channel.messages.pop(self.ref, None)
        await self.channel.answer(weather)


@dataclass
class FakeHost:
    """Says the same about everybody, and may be told to say something else."""

    lets_in: bool = True
    wants_groups: bool = False
    away: bool = False
    """Whether the store is, that it would have to look into."""
    seconds: float = 0.0
    """It takes so long to answer."""
    suggestions: Sequence[Button] = field(default_factory=list)

    async def admits(self, _message: Said | Pressed) -> bool:
        return await self._say(self.lets_in)

    async def needs_groups(self, _message: Said | Pressed | Reacted) -> bool:
        return await self._say(self.wants_groups)

    async def suggest(self, _command: str, _typed: str, _message: Said) -> Sequence[Button]:
        return self.suggestions if await self._say(self.lets_in) else ()

    async def _say(self, answer: bool) -> bool:
        await asyncio.sleep(self.seconds)
        if self.away:
            raise StoreError("away")
        return answer


ALLOW_ALL = FakeHost()
