"""REST calls with the app's access token: fetched early and once for all callers, renewed when it is refused."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any, Self

import aiohttp
import httpx
import structlog
from httpx_aiohttp import AiohttpTransport

from bridge.errors import ChannelError, Refused
from channels.feishu.errors import TokenExpired, lost, refusal
from channels.feishu.quota import Meter
from channels.feishu.settings import Settings

log = structlog.get_logger(__name__)

EARLY = 600.0
"""Seconds before its end at which a token is renewed. Below half an hour the platform gives a new one, and the
old one stays good (auth-v3 page)."""
TIMEOUT = httpx.Timeout(15.0, connect=5.0)


class Rest:
    """`session` is shared with the long connection."""

    def __init__(self, settings: Settings, meter: Meter) -> None:
        self._settings = settings
        self._meter = meter
        self._token = ""
        self._renew_at = 0.0
        self._ends_at = 0.0
        self._renewing = asyncio.Lock()
        self.session: aiohttp.ClientSession
        self._client: httpx.AsyncClient

    async def __aenter__(self) -> Self:
        self.session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0), cookie_jar=aiohttp.DummyCookieJar()
        )
        proxy = httpx.Proxy(self._settings.proxy) if self._settings.proxy else None
        self._client = httpx.AsyncClient(
            base_url=self._settings.feishu_domain,
            transport=AiohttpTransport(client=self.session, proxy=proxy),
            timeout=TIMEOUT,
            trust_env=False,
        )
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._client.aclose()  # and with it the session

    async def call(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """The answer to ``/open-apis`` + `path`, whole. Raises ChannelError and what is below it."""
        token = await self._fresh_token()
        try:
            return await self._counted(method, path, body, params, token)
        except TokenExpired:
            if token == self._token:
                self._renew_at = self._ends_at = 0.0
            return await self._counted(method, path, body, params, await self._fresh_token())

    async def data(self, path: str, params: Mapping[str, str]) -> dict[str, Any]:
        """What a question is answered with. Raises ChannelError and what is below it."""
        found = (await self.call("GET", path, params=params)).get("data")
        return found if isinstance(found, dict) else {}

    async def discover(self) -> dict[str, Any]:
        """Where the long connection is to be made."""
        credentials = {"AppID": self._settings.feishu_app_id, "AppSecret": self._secret}
        answer = await self._ask("POST", "/callback/ws/endpoint", credentials, headers={"locale": "zh"})
        data = answer.get("data")
        if not isinstance(data, dict):
            raise ChannelError("Feishu's answer names no endpoint")
        return data

    @property
    def proxy(self) -> str:
        return self._settings.proxy

    @property
    def _secret(self) -> str:
        return self._settings.feishu_app_secret.get_secret_value()

    async def _counted(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None,
        params: Mapping[str, str] | None,
        token: str,
    ) -> dict[str, Any]:
        try:
            headers = {"Authorization": f"Bearer {token}"}
            return await self._ask(method, f"/open-apis{path}", body, params=params, headers=headers)
        finally:
            await self._meter.count()

    async def _fresh_token(self) -> str:
        if time.monotonic() < self._renew_at:
            return self._token
        async with self._renewing:
            if time.monotonic() >= self._renew_at:
                await self._renew()
        return self._token

    async def _renew(self) -> None:
        credentials = {"app_id": self._settings.feishu_app_id, "app_secret": self._secret}
        try:
            answer = await self._ask("POST", "/open-apis/auth/v3/tenant_access_token/internal", credentials)
        except Refused:
            raise
        except ChannelError as error:
            if time.monotonic() >= self._ends_at:
                raise
            log.warning("token not renewed, the old one still serves", error=str(error))
            self._renew_at = min(self._ends_at, time.monotonic() + 30.0)
            return
        token, lasts = answer.get("tenant_access_token"), answer.get("expire")
        if not isinstance(token, str) or not isinstance(lasts, int):
            raise ChannelError("Feishu's answer holds no token")
        now = time.monotonic()
        self._token = token
        self._ends_at = now + lasts
        self._renew_at = now + max(lasts - EARLY, lasts / 2)

    async def _ask(
        self,
        method: str,
        url: str,
        body: Mapping[str, Any] | None,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        try:
            response = await self._client.request(method, url, json=body, params=params, headers=headers)
        except httpx.HTTPError as error:
            raise lost(error) from error
        try:
            answer = response.json()
        except ValueError:
            answer = None
        if not isinstance(answer, dict) or not isinstance(answer.get("code"), int):
            raise refusal(-response.status_code, "", response.headers, response.status_code)
        if answer["code"] != 0:
            raise refusal(answer["code"], str(answer.get("msg", "")), response.headers, response.status_code)
        return answer
