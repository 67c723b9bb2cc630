"""The gateway: sessions that outlive their connections, a zlib stream, heartbeats, resuming, being thrown out."""

from __future__ import annotations

import asyncio
import json
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

from tests.emulators.discord.world import MESSAGE_CONTENT, Payload, World

GUILD_MESSAGES, DIRECT_MESSAGES = 1 << 9, 1 << 12
GUILD_MESSAGE_REACTIONS, DIRECT_MESSAGE_REACTIONS = 1 << 10, 1 << 13
DISPATCH, HEARTBEAT, IDENTIFY, RESUME, RECONNECT, INVALID_SESSION, HELLO, HEARTBEAT_ACK = 0, 1, 2, 6, 7, 9, 10, 11
UNKNOWN_OPCODE, NOT_AUTHENTICATED, BAD_TOKEN, ALREADY_AUTHENTICATED, TIMED_OUT = 4001, 4003, 4004, 4005, 4009
DISALLOWED_INTENTS = 4014


class Connection:
    """One websocket. Each has a compression context of its own, flushed after every message."""

    def __init__(self, socket: web.WebSocketResponse, *, compressed: bool) -> None:
        self.socket = socket
        self._deflate = zlib.compressobj() if compressed else None

    async def send(self, op: int, data: Any = None, *, event: str | None = None, number: int | None = None) -> None:
        await self.send_text(json.dumps({"op": op, "d": data, "s": number, "t": event}))

    async def send_text(self, text: str) -> None:
        if self.socket.closed:
            return
        try:
            if self._deflate is None:
                await self.socket.send_str(text)
            else:
                flushed = self._deflate.compress(text.encode()) + self._deflate.flush(zlib.Z_SYNC_FLUSH)
                await self.socket.send_bytes(flushed)
        except ConnectionError:
            return  # the bot went away; the session keeps the event for a resume


@dataclass
class Session:
    id: str
    intents: int
    connection: Connection | None
    events: list[tuple[str, Any]] = field(default_factory=list)
    """Everything dispatched; the number of an event is its place, counted from 1."""

    async def dispatch(self, event: str, data: Any) -> None:
        self.events.append((event, data))
        if self.connection is not None:
            await self.connection.send(DISPATCH, data, event=event, number=len(self.events))


class Gateway:
    def __init__(self, world: World, token: str, url: Callable[[], str], heartbeat: float) -> None:
        self._world, self._token, self._url, self._heartbeat = world, token, url, heartbeat
        self.sessions: dict[str, Session] = {}
        self.identifies = 0
        self.resumes = 0
        self.refused_intents = 0
        self.lost_at = 0.0
        """The loop's time when a bot was last seen to leave."""
        self.refuse_connections = 0
        """So many of the next connections are refused before they open."""
        self.close_identify_with: int | None = None
        """A close code that answers the next IDENTIFY."""

    @property
    def connected(self) -> list[Session]:
        return [each for each in self.sessions.values() if each.connection is not None]

    async def dispatch(self, event: str, data: Any, *, intent: int = 0) -> None:
        for session in list(self.sessions.values()):
            if session.intents & intent == intent:
                await session.dispatch(event, data)

    async def message_create(self, message: Payload) -> None:
        """Tell every session of a message, with what its intents let it read."""
        await self._tell("MESSAGE_CREATE", message)

    async def message_update(self, message: Payload) -> None:
        """The same of a message that has been edited: Discord tells all of it again."""
        await self._tell("MESSAGE_UPDATE", message)

    async def _tell(self, event: str, message: Payload) -> None:
        world = self._world
        if world.in_guild(message["channel_id"]):
            author = message["author"]
            told = {**world.seen_by_bot(message), "guild_id": world.guild, "member": world.member(None)}
            if author is world.bot:
                told["member"]["roles"] = [world.bot_role]
            await self.dispatch(event, told, intent=GUILD_MESSAGES)
        else:
            await self.dispatch(event, world.seen_by_bot(message), intent=DIRECT_MESSAGES)

    async def message_delete(self, channel: str, ids: Sequence[str]) -> None:
        """Tell every session that messages are gone; several at once are told of in one event."""
        told: Payload = {"channel_id": channel}
        if self._world.in_guild(channel):
            told["guild_id"] = self._world.guild
        intent = GUILD_MESSAGES if "guild_id" in told else DIRECT_MESSAGES
        if len(ids) == 1:
            await self.dispatch("MESSAGE_DELETE", {**told, "id": ids[0]}, intent=intent)
        else:
            await self.dispatch("MESSAGE_DELETE_BULK", {**told, "ids": list(ids)}, intent=intent)

    async def message_reaction_add(self, message: Payload, person: Payload, emoji: str) -> None:
        """Tell every session of a reaction that may hear of it."""
        told: Payload = {
            "user_id": person["id"],
            "channel_id": message["channel_id"],
            "message_id": message["id"],
            "message_author_id": message["author"]["id"],
            "emoji": {"id": None, "name": emoji},
            "burst": False,
            "type": 0,
        }
        intent = DIRECT_MESSAGE_REACTIONS
        if self._world.in_guild(message["channel_id"]):
            told |= {"guild_id": self._world.guild, "member": self._world.member(person)}
            intent = GUILD_MESSAGE_REACTIONS
        await self.dispatch("MESSAGE_REACTION_ADD", told, intent=intent)

    async def cut(self, code: int = 4000) -> None:
        """Close every connection; their sessions can be resumed."""
        for session in self.connected:
            connection, session.connection = session.connection, None
            assert connection is not None
            await connection.socket.close(code=code)

    async def invalidate(self) -> None:
        """End every session, as after a long outage: the bot must identify again and missed what came between."""
        ended, self.sessions = self.sessions, {}
        for session in ended.values():
            if session.connection is not None:
                await session.connection.send(INVALID_SESSION, False)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        if self.refuse_connections > 0:
            self.refuse_connections -= 1
            return web.Response(status=503)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        connection = Connection(socket, compressed=request.query.get("compress") == "zlib-stream")
        await connection.send(HELLO, {"heartbeat_interval": int(self._heartbeat * 1000)})
        session: Session | None = None
        try:
            while not socket.closed:
                frame = await socket.receive(timeout=3 * self._heartbeat)
                if frame.type is not WSMsgType.TEXT:
                    break
                said = json.loads(frame.data)
                op, data = said["op"], said.get("d")
                if op == HEARTBEAT:
                    await connection.send(HEARTBEAT_ACK)
                elif op == IDENTIFY and session is None:
                    session = await self._identify(connection, data)
                elif op == RESUME and session is None:
                    session = await self._resume(connection, data)
                elif op in (IDENTIFY, RESUME):
                    await socket.close(code=ALREADY_AUTHENTICATED)
                elif session is None:
                    await socket.close(code=NOT_AUTHENTICATED)
                elif op not in (3, 4, 8):  # presence, voice and member requests need no answer here
                    await socket.close(code=UNKNOWN_OPCODE)
        except TimeoutError:
            await socket.close(code=TIMED_OUT)
        finally:
            self._disconnected(session, connection)
        return socket

    def _disconnected(self, session: Session | None, connection: Connection) -> None:
        self.lost_at = asyncio.get_running_loop().time()
        if session is not None and session.connection is connection:
            session.connection = None
            if connection.socket.close_code in (1000, 1001):  # a goodbye of the bot's own ends its session
                self.sessions.pop(session.id, None)

    async def _identify(self, connection: Connection, data: Payload) -> Session | None:
        self.identifies += 1
        intents = int(data["intents"])
        code = self.close_identify_with
        self.close_identify_with = None
        if data["token"] != self._token:
            code = BAD_TOKEN
        elif intents & MESSAGE_CONTENT and not self._world.message_content_granted:
            self.refused_intents += 1
            code = DISALLOWED_INTENTS
        if code is not None:
            await connection.socket.close(code=code)
            return None
        session = Session(f"session-{self.identifies}", intents, connection)
        self.sessions[session.id] = session
        world = self._world
        await session.dispatch(
            "READY",
            {
                "v": 10,
                "user": world.bot,
                "guilds": [{"id": world.guild, "unavailable": True}],
                "session_id": session.id,
                "resume_gateway_url": self._url(),
                "shard": [0, 1],
                "application": {"id": world.bot["id"], "flags": world.application()["flags"]},
            },
        )
        await session.dispatch("GUILD_CREATE", world.guild_create())
        return session

    async def _resume(self, connection: Connection, data: Payload) -> Session | None:
        session = self.sessions.get(data["session_id"])
        if session is None or data["token"] != self._token:
            await connection.send(INVALID_SESSION, False)
            return None
        self.resumes += 1
        session.connection = connection
        for number, (event, told) in list(enumerate(session.events, 1))[int(data["seq"]) :]:
            await connection.send(DISPATCH, told, event=event, number=number)
        await session.dispatch("RESUMED", {})
        return session
