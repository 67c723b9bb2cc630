"""The long connection: discovery, frames, one random client for each event, redelivery until one acknowledges."""

from __future__ import annotations

import asyncio
import base64
import json
import random
from contextlib import suppress
from typing import Any
from uuid import uuid4

from aiohttp import WSMsgType, web

from tests.emulators.feishu.frames import CONTROL, DATA, Frame
from tests.emulators.feishu.tenant import APP_ID, APP_SECRET, TENANT_KEY, Tenant

SERVICE = 77


class Lost(Exception):
    """The client went away, took too long, or said that it failed."""


class LongConnection:
    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self.clients: list[web.WebSocketResponse] = []
        self.base = ""
        self.pings = 0
        self.connects = 0
        self.deliveries: dict[str, int] = {}
        """How often each event was sent, by its id."""
        self.acknowledged: list[str] = []
        """The ids of the events that a client took, in order."""
        self._waiting: dict[str, tuple[web.WebSocketResponse, asyncio.Future[dict[str, Any]]]] = {}
        self._change = asyncio.Condition()
        self._tasks: set[asyncio.Task[None]] = set()

    async def discover(self, request: web.Request) -> web.Response:
        body = await request.json()
        if (body.get("AppID"), body.get("AppSecret")) != (APP_ID, APP_SECRET):
            return web.json_response({"code": 514, "msg": "app_id or app_secret is invalid"})
        if len(self.clients) >= self._tenant.rules.connections:
            return web.json_response({"code": 1000040350, "msg": "system busy"})
        url = f"{self.base.replace('http', 'ws', 1)}/ws?device_id={uuid4().hex[:8]}&service_id={SERVICE}"
        return web.json_response({"code": 0, "msg": "", "data": {"URL": url, "ClientConfig": self._config()}})

    def _config(self) -> dict[str, int]:
        rules = self._tenant.rules
        return {
            "ReconnectCount": -1,
            "ReconnectInterval": rules.reconnect_interval,
            "ReconnectNonce": rules.reconnect_nonce,
            "PingInterval": rules.ping_interval,
        }

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        client = web.WebSocketResponse()
        await client.prepare(request)
        self.clients.append(client)
        self.connects += 1
        await self._changed()
        try:
            async for message in client:
                if message.type is WSMsgType.BINARY:
                    await self._read(client, Frame.decode(message.data))
        finally:
            self.clients.remove(client)
            for holder, answer in list(self._waiting.values()):
                if holder is client and not answer.done():
                    answer.set_exception(Lost())
        return client

    async def _read(self, client: web.WebSocketResponse, frame: Frame) -> None:
        if frame.method == CONTROL and frame.headers.get("type") == "ping":
            self.pings += 1
            pong = Frame(CONTROL, {"type": "pong"}, json.dumps(self._config()).encode(), SERVICE)
            await client.send_bytes(pong.encode())
        elif frame.method == DATA:
            _, answer = self._waiting.get(frame.headers["message_id"], (None, None))
            if answer is not None and not answer.done():
                assert "biz_rt" in frame.headers
                answer.set_result(json.loads(frame.payload))

    def push(self, event: dict[str, Any]) -> None:
        """Deliver an event, and again on the platform's schedule until it is acknowledged."""
        self._spawn(self._push(event))

    async def _push(self, event: dict[str, Any]) -> None:
        # A real platform lets an attempt pass while nobody listens, and does not care who connects. Here an attempt
        # waits for a client, and a client that comes anew is tried at once, so that tests need not wait for hours.
        for delay in self._tenant.rules.redelivery:
            await self.wait_for(1)
            connects = self.connects
            try:
                if (await self.deliver(event)).get("code") == 200:
                    self.acknowledged.append(event["header"]["event_id"])
                    return
            except Lost:
                pass
            with suppress(TimeoutError):
                async with asyncio.timeout(delay / self._tenant.rules.speed):
                    await self._wait_for_connect(connects)

    async def _wait_for_connect(self, connects: int) -> None:
        async with self._change:
            await self._change.wait_for(lambda: self.connects > connects)

    async def deliver(self, event: dict[str, Any]) -> dict[str, Any]:
        """Send an event to one client and return what it answers. Raises Lost."""
        id = event["header"]["event_id"]
        self.deliveries[id] = self.deliveries.get(id, 0) + 1
        return await self.send(json.dumps(event, ensure_ascii=False).encode())

    async def send(self, payload: bytes) -> dict[str, Any]:
        if not self.clients:
            raise Lost
        client = random.choice(self.clients)
        id = uuid4().hex
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[id] = (client, answer)
        middle = len(payload) // 2 if self._tenant.rules.split_frames else 0
        parts = [payload[:middle], payload[middle:]] if middle else [payload]
        try:
            for number, part in enumerate(parts):
                headers = {
                    "type": "event",
                    "message_id": id,
                    "sum": str(len(parts)),
                    "seq": str(number),
                    "trace_id": uuid4().hex,
                }
                await client.send_bytes(Frame(DATA, headers, part, SERVICE, seq=1, log=2).encode())
            return await asyncio.wait_for(answer, self._tenant.rules.ack_within)
        except (TimeoutError, ConnectionError) as error:
            raise Lost from error
        finally:
            del self._waiting[id]

    async def wait_for(self, clients: int) -> None:
        """Wait until so many clients are connected."""
        async with self._change:
            await self._change.wait_for(lambda: len(self.clients) >= clients)

    async def _changed(self) -> None:
        async with self._change:
            self._change.notify_all()

    def _spawn(self, work: Any) -> None:
        task: asyncio.Task[None] = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def drop(self) -> None:
        """Cut every connection."""
        for client in list(self.clients):
            await client.close()

    async def close(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.drop()


def event(tenant: Tenant, kind: str, body: dict[str, Any]) -> dict[str, Any]:
    header = {
        "event_id": uuid4().hex,
        "token": "",
        "create_time": tenant.clock.now_ms(),
        "event_type": kind,
        "tenant_key": TENANT_KEY,
        "app_id": APP_ID,
    }
    return {"schema": "2.0", "header": header, "event": body}


def toast(answer: dict[str, Any]) -> dict[str, Any]:
    """What the person who pressed a button is shown."""
    shown: dict[str, Any] = json.loads(base64.b64decode(answer.get("data", "")) or b"{}")
    return shown
