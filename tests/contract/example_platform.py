"""Courier, the made-up platform of the example channel: on loopback, or without a network on a clock that jumps."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Self

import httpx
from aiohttp import web

from bridge.types import Chat, User
from tests.fakes import Weather
from tests.platform import Bubble, Place, SharedFile, Voice

TOKEN = "courier-token-of-forty-letters-0123456789"
MAX_LENGTH = 1000
HOSTILE: Sequence[Any] = (None, 5, "text", [], {}, {"kind": "said"}, {"kind": 1, "id": 2}, {"kind": "said", "id": [1]})


class LostAnswer(Exception):
    """The connection is cut before the answer."""


@dataclass
class Answer:
    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def content(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


class CourierPlatform:
    """The `Platform` of `tests.platform`, as far as Courier has it. `weather` is what becomes of the next writes."""

    channel = "courier"
    secrets: Sequence[str] = (TOKEN,)
    bubble_length = MAX_LENGTH
    shows_typing = False

    def __init__(self, weather: Sequence[Weather] = ()) -> None:
        self.weather = list(weather)
        self.url = ""
        self.refusals = 0
        self._messages: dict[str, tuple[str, Bubble]] = {}
        """By id, with the chat's id."""
        self._keys: dict[str, str] = {}
        self._events: list[Any] = []
        self._said: dict[str, dict[str, Any]] = {}
        self._files: dict[str, bytes] = {}
        self._numbers = count(1)
        self._more = asyncio.Condition()
        self._runner: web.AppRunner | None = None

    # The server

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._serve)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *exc: object) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    async def _serve(self, request: web.Request) -> web.Response:
        content = await request.json() if request.can_read_body else {}
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return web.json_response({}, status=401)
        try:
            answer = await self.handle(request.method, request.path, {**request.query, **content})
        except LostAnswer:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        return web.Response(status=answer.status, body=answer.content, headers=answer.headers)

    def transport(self) -> httpx.AsyncBaseTransport:
        """The same server without a network."""

        async def serve(request: httpx.Request) -> httpx.Response:
            content = json.loads(request.content) if request.content else dict(request.url.params)
            try:
                answer = await self.handle(request.method, request.url.path, content)
            except LostAnswer:
                raise httpx.ReadError("cut") from None
            return httpx.Response(answer.status, content=answer.content, headers=answer.headers)

        return httpx.MockTransport(serve)

    async def handle(self, method: str, path: str, content: dict[str, Any]) -> Answer:
        """Do what one request asks for. Raises LostAnswer."""
        match method, path.strip("/").split("/"):
            case "GET", ["me"]:
                return Answer(200, {"id": "bot"})
            case "GET", ["events"]:
                return await self._poll(int(content["after"] or 0), float(content["wait"]))
            case "GET", ["files", id]:
                return Answer(200, self._files[id]) if id in self._files else Answer(404)
            case "POST", ["messages"]:
                return self._write(lambda: self._post(content))
            case "DELETE", ["messages", id]:
                return self._write(lambda: Answer(200, {"id": id}) if self._messages.pop(id, None) else Answer(404))
            case _:
                return Answer(400)

    async def _poll(self, after: int, wait: float) -> Answer:
        async with self._more:
            try:
                async with asyncio.timeout(wait):
                    await self._more.wait_for(lambda: len(self._events) > after)
            except TimeoutError:
                pass
        return Answer(200, {"events": self._events[after:], "next": str(len(self._events))})

    def _write(self, carry_out: Any) -> Answer:
        weather = self.weather.pop(0) if self.weather else "fine"
        if isinstance(weather, float):
            self.refusals += 1
            return Answer(429, headers={"Retry-After": str(weather)})
        if weather == "dropped":
            raise LostAnswer
        answer: Answer = carry_out()
        if weather == "lost":
            raise LostAnswer
        return answer

    def _post(self, message: dict[str, Any]) -> Answer:
        if (known := self._keys.get(message["key"])) in self._messages:
            return Answer(200, {"id": known})
        if len(message["text"]) > MAX_LENGTH:
            return Answer(413)
        id = str(next(self._numbers))
        hangs_under = message["replies_to"] if message["replies_to"] in self._said else ""
        self._messages[id] = message["to"], Bubble(id, message["text"], reply_to=hangs_under)
        self._keys[message["key"]] = id
        return Answer(200, {"id": id})

    # The people

    def environment(self) -> dict[str, str]:
        return {"COURIER_TOKEN": TOKEN, "COURIER_URL": self.url}

    def user(self, who: str = "mia") -> User:
        return User(self.channel, who, who.title())

    def chat(self, place: Place = "direct", who: str = "mia") -> Chat:
        if place == "direct":
            return Chat(self.channel, who, direct=True)
        if place == "group":
            return Chat(self.channel, "#choir")
        raise LookupError("Courier has no topics")

    async def say(
        self,
        text: str,
        *,
        who: str = "mia",
        place: Place = "direct",
        mention: bool = False,
        reply_to: str = "",
        voice: Voice = "person",
        forwarded: bool = False,
        files: Sequence[SharedFile] = (),
    ) -> str:
        id = f"m{next(self._numbers)}"
        event = {"kind": "said", "id": id, "sender": who, "name": who.title(), "at": time.time(), "text": text}
        if place != "direct":
            event |= {"group": self.chat(place).id.removeprefix("#"), "to_bot": mention or bool(reply_to)}
        if reply_to:
            event["replies_to"] = self._messages[reply_to][1].text
        for file in files:
            self._files[id] = file.content
            event["file"] = {"id": id, "name": file.name, "mime": file.mime, "size": len(file.content)}
        self._said[id] = event
        await self._happen(event)
        return id

    async def edit(
        self, message: str, text: str, *, who: str = "mia", place: Place = "direct", mention: bool = False
    ) -> None:
        await self._happen({**self._said[message], "kind": "edited", "text": text})

    async def delete(self, message: str, *, who: str = "mia", place: Place = "direct") -> None:
        await self._happen({**self._said[message], "kind": "deleted"})

    async def redeliver(self, message: str) -> None:
        await self._happen(self._said[message])

    async def hostile(self) -> int:
        for event in HOSTILE:
            await self._happen(event)
        return len(HOSTILE)

    async def _happen(self, event: Any) -> None:
        async with self._more:
            self._events.append(event)
            self._more.notify_all()

    def bubbles(self, place: Place = "direct", who: str = "mia") -> list[Bubble]:
        return [bubble for to, bubble in self._messages.values() if to == self.chat(place, who).id]

    def texts(self, chat: Chat) -> list[str]:
        """What the messages in `chat` say, in order."""
        return [bubble.text for to, bubble in self._messages.values() if to == chat.id]

    def typing(self, place: Place = "direct", who: str = "mia") -> int:
        return 0

    def flood(self, seconds: float, times: int = 1) -> None:
        self.weather += [float(seconds)] * times

    def lose_answers(self, times: int = 1) -> None:
        self.weather += ["lost"] * times

    def drop_requests(self, times: int = 1) -> None:
        self.weather += ["dropped"] * times

    async def slash(
        self, command: str, argument: str = "", *, who: str = "mia", place: Place = "direct", voice: Voice = "person"
    ) -> None:
        await self.say(f"/{command} {argument}".rstrip(), who=who, place=place)

    async def press(
        self, bubble: str, label: str, *, who: str = "mia", place: Place = "direct", command: str = ""
    ) -> None:
        raise LookupError("Courier has no buttons")
