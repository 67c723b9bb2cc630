"""REST calls with the app's access token, over aiohttp: calls in JSON, uploads, downloads."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from io import BytesIO
from typing import Any, Self, TypeVar

import aiohttp
from msgspec import DecodeError, json

from bridge.errors import ChannelError
from channels.feishu.access_token import AccessToken
from channels.feishu.errors import TokenExpired, lost, refusal
from channels.feishu.quota import Meter
from channels.feishu.settings import Settings

CONNECT_SECONDS = 5.0
CALL_TIMEOUT = aiohttp.ClientTimeout(total=15.0, sock_connect=CONNECT_SECONDS)
UPLOAD_TIMEOUT = aiohttp.ClientTimeout(total=120.0, sock_connect=CONNECT_SECONDS)
"""The largest file has 30 MB."""
DOWNLOAD_TIMEOUT = aiohttp.ClientTimeout(sock_connect=CONNECT_SECONDS, sock_read=30.0)
MAX_REFUSAL_BYTES = 64 * 1024
"""Of an answer that should have been a file."""
JSON_TYPE = "application/json; charset=utf-8"
T = TypeVar("T")


class Rest:
    """`session` is shared with the long connection. Every method raises ChannelError and what is below it."""

    def __init__(self, settings: Settings, meter: Meter) -> None:
        self._settings = settings
        self._meter = meter
        self.token = AccessToken(self._ask_for_token)
        self.session: aiohttp.ClientSession

    async def __aenter__(self) -> Self:
        self.session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0), cookie_jar=aiohttp.DummyCookieJar()
        )
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.session.close()

    async def call(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """The answer to ``/open-apis`` + `path`, whole."""

        async def once(token: str) -> dict[str, Any]:
            return await self._ask(method, f"/open-apis{path}", body, params=params, headers=_bearer(token))

        return await self._with_token(once)

    async def data(self, path: str, params: Mapping[str, str]) -> dict[str, Any]:
        """The `data` of the answer to a question."""
        return _data(await self.call("GET", path, params=params))

    async def upload(self, path: str, fields: Mapping[str, str], field: str, name: str, content: bytes) -> str:
        """Send a form with a file in `field`; return the key that names the file from then on."""

        async def once(token: str) -> dict[str, Any]:
            form = aiohttp.FormData(fields)
            form.add_field(field, BytesIO(content), filename=name, content_type="application/octet-stream")
            return await self._exchange(
                "POST", f"/open-apis{path}", data=form, headers=_bearer(token), timeout=UPLOAD_TIMEOUT
            )

        data = _data(await self._with_token(once))
        key = data.get("image_key") or data.get("file_key")
        if not isinstance(key, str):
            raise ChannelError("Feishu's answer names no file")
        return key

    async def download(self, path: str, params: Mapping[str, str]) -> AsyncGenerator[bytes, None]:
        """The content at `path`, piece by piece as it comes."""
        response = await self._with_token(lambda token: self._open(f"/open-apis{path}", params, token))
        try:
            async for piece in response.content.iter_any():
                yield piece
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise lost(error) from None
        finally:
            response.close()

    async def discover(self) -> dict[str, Any]:
        """Where the long connection is to be made."""
        credentials = {"AppID": self._settings.feishu_app_id, "AppSecret": self._secret}
        answer = await self._ask("POST", "/callback/ws/endpoint", credentials, headers={"locale": "zh"})
        data = answer.get("data")
        if not isinstance(data, dict):
            raise ChannelError("Feishu's answer names no endpoint")
        return data

    @property
    def proxy(self) -> str | None:
        return self._settings.proxy or None

    @property
    def _secret(self) -> str:
        return self._settings.feishu_app_secret.get_secret_value()

    async def _ask_for_token(self) -> dict[str, Any]:
        credentials = {"app_id": self._settings.feishu_app_id, "app_secret": self._secret}
        return await self._ask("POST", "/open-apis/auth/v3/tenant_access_token/internal", credentials)

    async def _with_token(self, once: Callable[[str], Awaitable[T]]) -> T:
        """What `once` returns; it is called once more where the platform no longer accepts the token."""
        token = await self.token.get()
        try:
            return await self._counted(once, token)
        except TokenExpired:
            self.token.discard(token)
            return await self._counted(once, await self.token.get())

    async def _counted(self, once: Callable[[str], Awaitable[T]], token: str) -> T:
        try:
            return await once(token)
        finally:
            await self._meter.count()

    async def _ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        data = None if body is None else json.encode(body)
        headers = {**(headers or {}), "Content-Type": JSON_TYPE} if data else headers
        return await self._exchange(method, path, data=data, params=params, headers=headers, timeout=CALL_TIMEOUT)

    async def _exchange(self, method: str, path: str, **request: Any) -> dict[str, Any]:
        url = self._settings.feishu_domain + path
        try:
            async with self.session.request(
                method, url, proxy=self.proxy, allow_redirects=False, **request
            ) as response:
                payload = await response.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise lost(error) from None
        return _answer(response, payload)

    async def _open(self, path: str, params: Mapping[str, str], token: str) -> aiohttp.ClientResponse:
        """The answer to a request for a file, before its content is read. The caller closes it."""
        url = self._settings.feishu_domain + path
        try:
            response = await self.session.get(
                url,
                params=params,
                headers=_bearer(token),
                proxy=self.proxy,
                allow_redirects=False,
                timeout=DOWNLOAD_TIMEOUT,
            )
            # A refusal is JSON; so may a file be, but that one has a name.
            if response.status == 200 and (
                response.content_type != "application/json" or "Content-Disposition" in response.headers
            ):
                return response
            async with response:
                payload = await response.content.read(MAX_REFUSAL_BYTES)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise lost(error) from None
        _answer(response, payload)
        raise ChannelError("Feishu's answer holds no file")


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _data(answer: Mapping[str, Any]) -> dict[str, Any]:
    data = answer.get("data")
    return data if isinstance(data, dict) else {}


def _answer(response: aiohttp.ClientResponse, payload: bytes) -> dict[str, Any]:
    """The answer in `payload`. Raises what its code means."""
    try:
        answer = json.decode(payload)
    except (DecodeError, RecursionError):
        answer = None
    if not isinstance(answer, dict) or not isinstance(answer.get("code"), int):
        raise refusal(-response.status, "", response.headers, response.status)
    if answer["code"] != 0:
        raise refusal(answer["code"], str(answer.get("msg", "")), response.headers, response.status)
    return answer
