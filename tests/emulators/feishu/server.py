"""The HTTP server: tokens, rates and injected faults before every call, then the platform's own answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from aiohttp import web

from tests.emulators.feishu.cardkit import CardKit
from tests.emulators.feishu.contact import Contact
from tests.emulators.feishu.im import Im
from tests.emulators.feishu.longconn import LongConnection
from tests.emulators.feishu.resources import Resources
from tests.emulators.feishu.rules import Fault
from tests.emulators.feishu.tenant import APP_ID, APP_SECRET, Tenant

SHOWN = ("send", "reply", "edit", "patch", "recall", "card.update", "card.settings", "card.content")
"""The writes that a person sees something of."""
WRITES = (*SHOWN, "card.create", "upload.image", "upload.file")
"""Also those that people see nothing of: a card entity or a file is no message until it is sent."""
Call = Callable[[web.Request], Awaitable[dict[str, Any] | web.StreamResponse]]


@dataclass
class Injected:
    """A fault that the next `times` calls of one of `steps` meet."""

    steps: tuple[str, ...]
    times: int
    fault: Fault | None = None
    carry_out: bool = False
    """Without a fault: whether the call is carried out before the connection is cut."""


class Server:
    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant
        self.connection = LongConnection(tenant)
        self.injected: list[Injected] = []
        self.slow: dict[str, float] = {}
        """Seconds that calls take, by name."""
        self.calls: list[tuple[str, dict[str, Any]]] = []
        """Every call by its name, with its body where that is JSON."""
        self.sockets: set[Any] = set()
        self.refused: list[int] = []
        """The code of every refusal."""
        self.token_calls = 0
        self.tokens: dict[str, float] = {}
        self.base = ""
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        app = web.Application(client_max_size=40 * 1024 * 1024)
        app.router.add_post("/open-apis/auth/v3/tenant_access_token/internal", self._token)
        app.router.add_post("/callback/ws/endpoint", self.connection.discover)
        app.router.add_get("/ws", self.connection.serve)
        rooms = (Im(self.tenant), Resources(self.tenant), CardKit(self.tenant), Contact(self.tenant))
        for method, path, name, call in [*(route for room in rooms for route in room.routes()), *self._slash()]:
            app.router.add_route(method, "/open-apis" + path, self._api(name, call))
        self._runner = web.AppRunner(app, shutdown_timeout=0.5)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.base = self.connection.base = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        await self.connection.close()
        if self._runner is not None:
            await self._runner.cleanup()

    def _api(self, name: str, call: Call) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(request: web.Request) -> web.StreamResponse:
            self.sockets.add(request.transport and request.transport.get_extra_info("peername"))
            in_json = request.can_read_body and request.content_type == "application/json"
            self.calls.append((name, await request.json() if in_json else {}))
            try:
                self._check(request, name)
                await asyncio.sleep(self.slow.get(name, 0.0))
                injected = self._injection(name)
                if injected is None:
                    answer = await call(request)
                    return answer if isinstance(answer, web.StreamResponse) else reply(answer)
                if injected.fault is not None:
                    raise injected.fault
                if injected.carry_out:
                    await call(request)
            except Fault as fault:
                self.refused.append(fault.code)
                return refuse(fault)
            if request.transport is not None:
                request.transport.abort()
            return web.Response()

        return handle

    def _check(self, request: web.Request, name: str) -> None:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if self.tokens.get(token, 0.0) < self.tenant.clock.now():
            raise Fault(99991663, "Invalid access token for authorization. Please make a test attempt.")
        rules = self.tenant.rules
        self.tenant.rates.take(f"{name} a second", rules.per_second, 1.0)
        self.tenant.rates.take(f"{name} a minute", rules.per_minute, 60.0)

    def _injection(self, name: str) -> Injected | None:
        for injected in self.injected:
            if name in injected.steps:
                injected.times -= 1
                if injected.times <= 0:
                    self.injected.remove(injected)
                if injected.fault is not None and injected.fault.status == 429:
                    self.tenant.rates.refusals += 1
                return injected
        return None

    async def _token(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.token_calls += 1
        if (body.get("app_id"), body.get("app_secret")) != (APP_ID, APP_SECRET):
            return web.json_response({"code": 10014, "msg": "app secret invalid"})
        now, lasts = self.tenant.clock.now(), self.tenant.rules.token_lasts
        # Of two hours, while half an hour is left: the same token again.
        good = [token for token, until in self.tokens.items() if until - now >= lasts / 4]
        token = good[-1] if good else f"t-{uuid4().hex}"
        until = self.tokens.setdefault(token, now + lasts)
        answer = {"code": 0, "msg": "ok", "tenant_access_token": token, "expire": int(until - now)}
        return web.json_response(answer)

    def _slash(self) -> list[tuple[str, str, str, Any]]:
        path = "/application/v7/app_slash_commands"
        return [
            ("GET", path, "slash.list", self._slash_list),
            ("POST", path, "slash.create", self._slash_create),
            ("PATCH", path + "/{command}", "slash.update", self._slash_update),
            ("DELETE", path + "/{command}", "slash.delete", self._slash_delete),
        ]

    def _slash_scope(self) -> None:
        if not self.tenant.rules.slash_commands:
            scopes = "application:app_slash_command:read, application:app_slash_command:write"
            raise Fault(99991672, f"Access denied. One of the following scopes is required: [{scopes}].")

    async def _slash_list(self, _: web.Request) -> dict[str, Any]:
        self._slash_scope()
        return {"data": {"items": list(self.tenant.commands.values()), "has_more": False}}

    async def _slash_create(self, request: web.Request) -> dict[str, Any]:
        self._slash_scope()
        body = await request.json()
        if len(self.tenant.commands) >= 100 or any(
            c["command"] == body["command"] for c in self.tenant.commands.values()
        ):
            raise Fault(40000031, "invalid param")  # the code is a guess
        command = {"command_id": uuid4().hex, "command": body["command"], "description": body["description"]}
        self.tenant.commands[command["command_id"]] = command
        return {"data": {"command": command}}

    async def _slash_update(self, request: web.Request) -> dict[str, Any]:
        self.tenant.commands[request.match_info["command"]] |= await request.json()
        return {"data": {}}

    async def _slash_delete(self, request: web.Request) -> dict[str, Any]:
        del self.tenant.commands[request.match_info["command"]]
        return {"data": {}}


def reply(body: dict[str, Any]) -> web.Response:
    return web.json_response({"code": 0, "msg": "success", **body}, headers={"X-Tt-Logid": uuid4().hex})


def refuse(fault: Fault) -> web.Response:
    headers = {"X-Tt-Logid": uuid4().hex, **fault.headers}
    return web.json_response({"code": fault.code, "msg": fault.msg}, status=fault.status, headers=headers)
