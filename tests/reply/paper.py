"""A platform made of paper: the contract with weather. It keeps what a person would see, and nothing else.

It stands in for no SDK: the reply engine knows a platform only through `Channel`, and this one behaves as badly
as the contract allows, on a clock that jumps, so that a property can be asked thousands of times.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Literal, Self

from bridge.channel import Command, Host, Limits
from bridge.errors import ChannelError, Gone, RateLimited, TooLong, Unsure
from bridge.types import Button, Chat, IncomingMessage, User

Weather = float | Literal["fine", "lost", "dropped"]
"""What becomes of one call: seconds of rate limit, carried out, carried out but the answer lost, not carried out."""

CHAT = Chat("paper", "1", direct=True)
LATENCY = 0.05


@dataclass
class Sheet:
    text: str
    final: bool
    buttons: tuple[Button, ...]
    key: str = ""
    edits: int = 0
    before: list[str] = field(default_factory=list)


class Paper:
    name, account, set_aside = "paper", "paper", 0

    def __init__(self, limits: Limits, weather: Sequence[Weather] = (), *, keys: bool = True, really: int = 0) -> None:
        self._limits = limits
        self._weather = list(weather)
        self._keys = keys
        self._really = really or limits.max_length
        self._numbers = count(1)
        self.sheets: dict[str, Sheet] = {}
        self.calls: list[float] = []
        self.urgent_gaps: list[float] = []
        self.typed = 0
        self.blocked_until = 0.0
        self.too_early = 0
        self.gone = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None: ...

    def limits(self, chat: Chat) -> Limits:
        return self._limits

    async def listen(self, host: Host) -> AsyncGenerator[IncomingMessage, None]:
        nobody: tuple[IncomingMessage, ...] = ()
        for message in nobody:
            yield message

    async def _call(self, text: str) -> Weather:
        now = asyncio.get_running_loop().time()
        if now < self.blocked_until - 1e-6:
            self.too_early += 1
        self.calls.append(now)
        weather = self._weather.pop(0) if self._weather else "fine"
        await asyncio.sleep(LATENCY / 2)
        if self.gone:
            raise Gone("deleted")
        if isinstance(weather, float):
            self.blocked_until = asyncio.get_running_loop().time() + weather
            raise RateLimited(weather)
        if weather == "dropped":
            raise ChannelError("connection refused")
        if self._limits.measure(text) > self._really:
            raise TooLong("too long")
        return weather

    async def _answer(self, weather: Weather) -> None:
        await asyncio.sleep(LATENCY / 2)
        if weather == "lost":
            raise Unsure("connection reset")

    async def post(
        self,
        chat: Chat,
        text: str,
        *,
        key: str,
        again: bool = False,
        reply_to: str = "",
        final: bool,
        buttons: Sequence[Button] = (),
    ) -> Scrap:
        assert text.strip(), "an empty post"
        assert len(key) <= 25
        weather = await self._call(text)
        ghosts = [ref for ref, sheet in self.sheets.items() if sheet.key == key]
        if ghosts and self._keys:
            ref = ghosts[0]
        else:
            ref = str(next(self._numbers))
            self.sheets[ref] = Sheet(text, final, tuple(buttons), key)
            if again:
                for ghost in ghosts:
                    del self.sheets[ghost]
        await self._answer(weather)
        return Scrap(self, ref)

    def posted(self, chat: Chat, ref: str) -> Scrap:
        return Scrap(self, ref)

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
        return [sheet.text for sheet in self.sheets.values()]


@dataclass
class Scrap:
    paper: Paper
    ref: str

    async def edit(self, text: str, *, final: bool, buttons: Sequence[Button] = ()) -> None:
        assert text.strip(), "an empty edit"
        weather = await self.paper._call(text)
        sheet = self.paper.sheets.get(self.ref)
        if sheet is None:
            raise Gone("no such message")
        sheet.before.append(sheet.text)
        sheet.text, sheet.final, sheet.buttons = text, final, tuple(buttons)
        sheet.edits += 1
        await self.paper._answer(weather)

    async def delete(self) -> None:
        weather = await self.paper._call("")
        self.paper.sheets.pop(self.ref, None)
        await self.paper._answer(weather)
