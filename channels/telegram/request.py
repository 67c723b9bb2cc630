"""The wire under python-telegram-bot's `Bot`: aiohttp in place of httpx, for a quarter of the CPU per edit.

It tells apart what the library lumps together, because the bridge must know it: a request that was never sent,
one whose answer was lost on the way, and one that Telegram refused. No error from here carries an address: the
address holds the token.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from typing import Any

import aiohttp
from telegram.error import TelegramError
from telegram.request import BaseRequest, RequestData
from yarl import URL

from bridge.types import BodyFile

CONNECT_SECONDS = 10.0
READ_SECONDS = 20.0
FILE_SECONDS = 300.0
"""For an upload, and for getFile, which answers once the server has fetched the file itself."""
KEEP_ALIVE_SECONDS = 60.0
CHUNK_BYTES = 64 << 10
MAX_ERROR_BYTES = 4096
"""Bytes of a refused download that are read for its reason."""


class NotSent(TelegramError):
    """The request did not leave: nobody answers at the address, or the proxy would not let us through."""


class AnswerLost(TelegramError):
    """The request may have been carried out: no answer came, or one that cannot be read."""


class Failed(TelegramError):
    """Telegram refused. `description` is its own sentence, in lower case."""

    def __init__(self, status: int, description: str = "", retry_after: float = 0.0, moved_to: str = "") -> None:
        super().__init__(f"{status}")
        self.status = status
        self.description = description.lower()
        self.retry_after = retry_after
        self.moved_to = moved_to


class AiohttpRequest(BaseRequest):
    """One pool of connections for everything: calls and the long poll alike."""

    def __init__(self, proxy: str = "") -> None:
        self._proxy = proxy or None
        self._session: aiohttp.ClientSession | None = None

    @property
    def read_timeout(self) -> float:
        return READ_SECONDS

    async def initialize(self) -> None:
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEP_ALIVE_SECONDS)
            self._session = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())

    async def shutdown(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        """Read the envelope of an answer. Unlike the library's own, this logs nothing of what it cannot read.

        Raises AnswerLost.
        """
        try:
            data = json.loads(payload)
        except (ValueError, RecursionError):
            data = None
        if not isinstance(data, dict) or not data.get("ok") or "result" not in data:
            raise AnswerLost("the answer cannot be read")
        return data

    async def call(
        self, url: str, parameters: Mapping[str, Any], read_timeout: float, files: Mapping[str, BodyFile] | None = None
    ) -> Any:
        """Return the raw result of one method, for answers that the library need not parse.

        `files` are uploaded under the names that `parameters` refer to.
        """
        _, payload = await self._post(url, parameters, read_timeout, files or {})
        return self.parse_json_payload(payload)["result"]

    async def download(self, url: str) -> AsyncIterator[bytes]:
        """Yield what is at `url`, piece by piece. Raises NotSent, AnswerLost or Failed."""
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS, sock_read=READ_SECONDS)
        with _errors_translated():
            async with self._opened.get(
                URL(url, encoded=True), proxy=self._proxy, allow_redirects=False, timeout=timeout
            ) as response:
                if response.status != 200:
                    raise _failure(response.status, await response.content.read(MAX_ERROR_BYTES))
                async for piece in response.content.iter_chunked(CHUNK_BYTES):
                    yield piece

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: Any = BaseRequest.DEFAULT_NONE,
        write_timeout: Any = BaseRequest.DEFAULT_NONE,
        connect_timeout: Any = BaseRequest.DEFAULT_NONE,
        pool_timeout: Any = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        """Carry out a call of the library's `Bot`. None of those we make holds a file: these go through `call`."""
        return await self._post(url, request_data.parameters if request_data else {}, READ_SECONDS, {})

    @property
    def _opened(self) -> aiohttp.ClientSession:
        assert self._session is not None, "not initialized"
        return self._session

    async def _post(
        self, url: str, parameters: Mapping[str, Any], read_timeout: float, files: Mapping[str, BodyFile]
    ) -> tuple[int, bytes]:
        """Return the status and body of a success. Raises NotSent, AnswerLost or Failed."""
        body: aiohttp.FormData | bytes
        if files:
            body, headers = _form(parameters, files), {}
        else:
            body, headers = json.dumps(parameters).encode(), {"Content-Type": "application/json"}
        timeout = aiohttp.ClientTimeout(total=CONNECT_SECONDS + read_timeout, sock_connect=CONNECT_SECONDS)
        with _errors_translated():
            async with self._opened.post(
                URL(url, encoded=True),
                data=body,
                headers=headers,
                proxy=self._proxy,
                allow_redirects=False,
                timeout=timeout,
            ) as response:
                status, payload = response.status, await response.read()
        if 200 <= status <= 299:
            return status, payload
        raise _failure(status, payload)


def _form(parameters: Mapping[str, Any], files: Mapping[str, BodyFile]) -> aiohttp.FormData:
    """A multipart body. The Bot API reads whatever is no string as JSON, and names of files as they stand."""
    form = aiohttp.FormData(quote_fields=False)
    for name, value in parameters.items():
        form.add_field(name, value if isinstance(value, str) else json.dumps(value))
    for name, file in files.items():
        form.add_field(name, BytesIO(file.content), filename=file.name or name, content_type=file.mime or None)
    return form


@contextmanager
def _errors_translated() -> Iterator[None]:
    """Raise NotSent or AnswerLost for what goes wrong on the line."""
    try:
        yield
    except (aiohttp.ClientConnectorError, aiohttp.ClientHttpProxyError, aiohttp.ConnectionTimeoutError) as error:
        raise NotSent(type(error).__name__) from None
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise AnswerLost(type(error).__name__) from None


def _failure(status: int, payload: bytes) -> Failed:
    """Read an answer other than a success. Anything may stand in it: proxies answer in HTML."""
    try:
        data = json.loads(payload)
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, dict):
        return Failed(status)
    description = data.get("description")
    parameters = data.get("parameters")
    if not isinstance(parameters, dict):
        parameters = {}
    retry_after, moved_to = parameters.get("retry_after"), parameters.get("migrate_to_chat_id")
    return Failed(
        status,
        description[:200] if isinstance(description, str) else "",
        float(retry_after) if isinstance(retry_after, int | float) else 0.0,
        str(moved_to) if isinstance(moved_to, int) else "",
    )
