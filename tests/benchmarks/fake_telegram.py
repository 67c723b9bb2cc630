"""A Telegram Bot API server that keeps what people see, and lets them ask: fast, and far simpler than the emulator.

It refuses nothing and checks nothing; `tests/emulators/telegram` does that. One text or edit costs it one JSON object
decoded, with only the fields that are looked at.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter, deque
from typing import Any, Self

import msgspec

from tests.benchmarks.http_server import BACKLOG, HttpConnection
from tests.benchmarks.sinks import Screen

TOKEN = "123456789:" + "A" * 35
BATCH = 100
"""Updates in one answer to getUpdates (Bot API, getUpdates, `limit`)."""
_ME = {"id": 123456789, "is_bot": True, "first_name": "Bot", "username": "rig_bot", "can_join_groups": True}
_ME |= {"can_read_all_group_messages": True, "supports_inline_queries": False}


class _Parameters(msgspec.Struct):
    """What is read of a call, whatever the method."""

    chat_id: int | str = 0
    message_id: int = 0
    text: str = ""
    offset: int = 0
    timeout: float = 0.0


_parameters = msgspec.json.Decoder(_Parameters)


class FakeTelegram:
    """A sink in the driver's own process; a person's number is their id, and that of their direct chat."""

    def __init__(self) -> None:
        self.screens: dict[int, Screen] = {}
        self.calls: Counter[str] = Counter()
        self.writes: list[float] = []
        self._polled = asyncio.Event()
        self._updates: deque[dict[str, Any]] = deque()
        self._next_update = int(time.time())
        self._next_message = self._forgotten = 1000
        self._polls: dict[_Connection, asyncio.TimerHandle] = {}
        self._connections: set[_Connection] = set()

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Connection(self), "127.0.0.1", 0, backlog=BACKLOG)
        self._port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._server.close()
        for timer in self._polls.values():
            timer.cancel()
        for connection in list(self._connections):
            connection.transport.close()
        await asyncio.sleep(0)

    @property
    def pid(self) -> int:
        return os.getpid()

    def environment(self) -> dict[str, str]:
        return {"TELEGRAM_TOKEN": TOKEN, "TELEGRAM_API_URL": f"http://127.0.0.1:{self._port}"}

    def subject(self, person: int) -> str:
        return f"telegram:{person}"

    async def connected(self) -> None:
        await self._polled.wait()

    async def look(self) -> None:
        """Nothing to do: it happens in this process."""

    def forget(self) -> None:
        self._forgotten = self._next_message
        self.screens.clear()
        self.calls.clear()
        self.writes.clear()

    def ask(self, person: int, text: str) -> None:
        self._next_update += 1
        self._next_message += 1
        self.screens.setdefault(person, Screen())
        who = {"id": person, "first_name": "Person", "language_code": "en"}
        message = {
            "message_id": self._next_message,
            "date": int(time.time()),
            "chat": {"id": person, "type": "private", "first_name": "Person"},
            "from": who | {"is_bot": False},
            "text": text,
        }
        self._updates.append({"update_id": self._next_update, "message": message})
        for connection in list(self._polls):
            self._answer_poll(connection)

    # calls of the bot

    def call(self, method: str, body: bytes, connection: _Connection) -> None:
        self.calls[method] += 1
        parameters = _parameters.decode(body) if body else _Parameters()
        match method:
            case "sendMessage":
                self._next_message += 1
                connection.answer(self._write(parameters, self._next_message))
            case "editMessageText":
                connection.answer(self._write(parameters, parameters.message_id))
            case "deleteMessage":
                screen = self.screens.setdefault(int(parameters.chat_id), Screen())
                screen.messages.pop(parameters.message_id, None)
                screen.last = time.monotonic()
                connection.answer(True)
            case "getUpdates":
                self._poll(parameters, connection)
            case "getMe":
                connection.answer(_ME)
            case "getMyCommands":
                connection.answer([])
            case _:
                connection.answer(True)

    def _write(self, parameters: _Parameters, id: int) -> dict[str, Any]:
        now = time.monotonic()
        person = int(parameters.chat_id)
        if id > self._forgotten:  # the last answer before may lose its buttons only now
            screen = self.screens.setdefault(person, Screen())
            screen.messages[id] = parameters.text
            screen.first = screen.first or now
            screen.last = now
        self.writes.append(now)
        chat = {"id": person, "type": "private", "first_name": "Person"}
        return {"message_id": id, "date": int(time.time()), "chat": chat, "from": _ME, "text": parameters.text}

    def _poll(self, parameters: _Parameters, connection: _Connection) -> None:
        self._polled.set()
        while self._updates and self._updates[0]["update_id"] < parameters.offset:
            self._updates.popleft()
        loop = asyncio.get_running_loop()
        self._polls[connection] = loop.call_later(parameters.timeout, self._answer_poll, connection)
        if self._updates:
            self._answer_poll(connection)

    def _answer_poll(self, connection: _Connection) -> None:
        self._polls.pop(connection).cancel()
        connection.answer([self._updates[index] for index in range(min(BATCH, len(self._updates)))])

    def opened(self, connection: _Connection) -> None:
        self._connections.add(connection)

    def closed(self, connection: _Connection) -> None:
        self._connections.discard(connection)
        if (timer := self._polls.pop(connection, None)) is not None:
            timer.cancel()


class _Connection(HttpConnection):
    def __init__(self, telegram: FakeTelegram) -> None:
        self._telegram = telegram

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._telegram.opened(self)

    def connection_lost(self, error: Exception | None) -> None:
        self._telegram.closed(self)

    def handle(self, path: str, body: bytes) -> None:
        self._telegram.call(path.rpartition("/")[2], body, self)

    def answer(self, result: object) -> None:
        self.respond(msgspec.json.encode({"ok": True, "result": result}))
