"""The gateway as the bridge sees it: what it offers, and an answer from one of its models."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Literal, Self

import structlog

from bridge.errors import GatewayError
from bridge.gateway import models as catalogue
from bridge.gateway.address import base_url
from bridge.gateway.completion import Completion, Patience
from bridge.gateway.models import Dialect, Model
from bridge.gateway.wire import Wire, stranger
from bridge.types import ChatMessage, ModelId

log = structlog.get_logger(__name__)

PAGE = 100_000
"""v1.7 to v1.9 show 20 models to who does not ask for more; there is no upper bound."""

FRESH = 60.0
"""Seconds that a list of models is good for."""


class Gateway:
    """Cherry Studio's API gateway at `url`. Used with ``async with``, once.

    `first_token`, `idle`, `connect` and `retry_delay` are seconds. The gateway itself sends no keep-alive, no
    headers before the first token (v2), and gives up on a silent provider after 5 to 20 minutes.
    Raises ValueError with a sentence for the reader where `url` is no address.
    """

    def __init__(
        self,
        url: str,
        key: str = "",
        *,
        first_token: float = 300.0,
        idle: float = 120.0,
        connect: float = 5.0,
        retry_delay: float = 0.5,
    ) -> None:
        self.url = base_url(url)
        self._wire = Wire(self.url, key, connect)
        self._patience = Patience(first_token, idle, retry_delay)
        self._dialects: dict[str, Dialect] = {}
        self._models: Sequence[Model] = ()
        self._read_at = float("-inf")
        self._reading: asyncio.Task[Sequence[Model]] | None = None

    def __repr__(self) -> str:
        return f"Gateway({self.url!r})"

    async def __aenter__(self) -> Self:
        await self._wire.__aenter__()
        return self

    async def __aexit__(self, *exc: object) -> None:
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)
        await self._wire.__aexit__(*exc)

    async def models(self, *, fresh: bool = False) -> Sequence[Model]:
        """The models that can be chatted with, at most a minute old, or asked for anew where `fresh`.

        Any number of callers share one request, and its failure. Raises GatewayUnreachable, KeyRefused or
        another GatewayError; an old list never stands in for one that cannot be read.
        """
        now = asyncio.get_running_loop().time()
        if not fresh and now - self._read_at < FRESH:
            return self._models
        if self._reading is None:
            self._reading = asyncio.create_task(self._read_models())
            self._reading.add_done_callback(self._has_read)
        return await asyncio.shield(self._reading)

    def stream(self, model: ModelId, messages: Sequence[ChatMessage]) -> Completion:
        """The answer of `model` to `messages`; the request goes out when its first piece is asked for."""
        return Completion(
            self._wire,
            model,
            messages,
            patience=self._patience,
            dialects=self._dialects,
            nearest=self._nearest_known,
        )

    async def generation(self) -> Literal["A", "B", "C"]:
        """Which gateway this is: A is v1.6, B v1.7 to v1.9, C v2. Needs no key.

        Raises GatewayUnreachable where it is none of them. `version` says 1.0.0 in all.
        """
        root = await self._wire.get("/")
        endpoints = root.get("endpoints") if isinstance(root, dict) else None
        if not isinstance(endpoints, dict) or "health" not in endpoints:
            raise stranger(self.url)
        if endpoints.get("docs") == "GET /openapi":
            return "C"
        # v1.6 calls its completions `chat`; v1.7 tells of nothing but its health.
        return "A" if "chat" in endpoints else "B"

    async def nearest(self, model: str, count: int = 5) -> list[ModelId]:
        """The `count` models whose names are most like `model`, best first. Raises what `models` does."""
        return catalogue.nearest(model, await self.models(), count)

    async def _nearest_known(self, model: str) -> Sequence[ModelId]:
        try:
            return await self.nearest(model)
        except GatewayError as error:
            log.debug("no names to offer", cause=type(error).__name__)
            return ()

    async def _read_models(self) -> Sequence[Model]:
        entries: dict[str, object] = {}
        offset = 0
        while True:
            page = await self._wire.get("/v1/models", {"limit": PAGE, "offset": offset} if offset else {"limit": PAGE})
            data, total = (page.get("data"), page.get("total")) if isinstance(page, dict) else (None, None)
            if not isinstance(data, list):
                raise stranger(self.url)
            known = len(entries)
            entries |= {str(entry.get("id")): entry for entry in data if isinstance(entry, dict)}
            offset += len(data)
            if not isinstance(total, int) or offset >= total or len(entries) == known:
                break
        models = catalogue.offered(entries.values())
        log.debug("models read", offered=len(models), listed=len(entries))
        self._dialects.clear()
        self._dialects.update({model.id.provider: model.dialect for model in models})
        self._models, self._read_at = models, asyncio.get_running_loop().time()
        return models

    def _has_read(self, task: asyncio.Task[Sequence[Model]]) -> None:
        self._reading = None
        if not task.cancelled():
            task.exception()  # whoever asked has it; where nobody waits any longer, nobody misses it
