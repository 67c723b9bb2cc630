"""What one provider offers: its own list, filtered and renamed as `gateway.toml` says."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from bridge.gateway import listed_max_tokens
from bridge.gateway.dialects import as_count, as_dict, as_list, as_text
from bridge.server.config import Price, ProviderSpec
from bridge.server.errors import ApiError

FAILED_SECONDS = 30.0
"""Seconds for which the previous list is used after one could not be read."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ListedModel:
    """`id` is the name under which it is offered, `real` the one that its provider knows."""

    id: str
    real: str
    name: str = ""
    created: int = 0
    max_tokens: int = 0
    """The longest answer, in tokens; 0 where the provider does not say."""
    context: int = 0
    price: Price | None = None


def read_models(data: Any) -> list[ListedModel]:
    """The models in a provider's answer, OpenAI's or Anthropic's."""
    found = []
    for entry in map(as_dict, as_list(as_dict(data).get("data") if isinstance(data, dict) else data)):
        # Gemini writes `models/` before every name, and takes it without.
        if id := as_text(entry.get("id")).removeprefix("models/"):
            name = as_text(entry.get("display_name")) or as_text(entry.get("name"))
            context = as_count(entry.get("context_length")) or as_count(entry.get("max_input_tokens"))
            limit = listed_max_tokens(entry)
            found.append(ListedModel(id, id, name, as_count(entry.get("created")), limit, context))
    return found


def offered(spec: ProviderSpec, listed: Sequence[ListedModel]) -> list[ListedModel]:
    """What is offered of `listed`: aliases stand in place of the models that they name.

    A pattern without a wildcard, and an alias, name a model that need not be listed: deployments of Azure are not.
    """
    known = {model.real: model for model in listed}
    exact = [pattern for pattern in spec.config.models if not set(pattern) & set("*?[")]
    for real in (*spec.config.aliases.values(), *exact):
        known.setdefault(real, ListedModel(real, real))
    renamed: Mapping[str, str] = {real: alias for alias, real in spec.config.aliases.items()}
    return [
        ListedModel(
            renamed.get(real, real),
            real,
            renamed.get(real, model.name),
            model.created,
            model.max_tokens,
            model.context,
            spec.price(real),
        )
        for real, model in known.items()
        # Where another model has an alias as its own name, the alias goes before.
        if real in renamed or (spec.offers(real) and real not in spec.config.aliases)
    ]


class ModelList:
    """The list of one provider, read again once it is `ttl` seconds old; concurrent callers share one request."""

    def __init__(self, spec: ProviderSpec, read: Callable[[], Awaitable[list[ListedModel]]], ttl: float) -> None:
        self._spec = spec
        self._read = read
        self._ttl = ttl
        self._models: list[ListedModel] = offered(spec, ())
        self._fresh_until = float("-inf")
        self._reading: asyncio.Task[list[ListedModel]] | None = None
        self.error = ""
        """Why the last attempt to read it failed."""

    @property
    def known(self) -> Sequence[ListedModel]:
        """The models as they were read last."""
        return self._models

    async def get(self, *, fresh: bool = False) -> Sequence[ListedModel]:
        """The models; as they were before where the list cannot be read. With `fresh`, raises ApiError instead."""
        if not fresh and asyncio.get_running_loop().time() < self._fresh_until:
            return self._models
        if self._reading is None:
            self._reading = asyncio.create_task(self._refresh())
            self._reading.add_done_callback(self._has_read)
        try:
            return await asyncio.shield(self._reading)
        except ApiError:
            if fresh:
                raise
            return self._models

    async def close(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.wait([self._reading])

    async def _refresh(self) -> list[ListedModel]:
        now = asyncio.get_running_loop().time
        try:
            self._models = offered(self._spec, await self._read())
        except ApiError as error:
            self.error, self._fresh_until = error.message, now() + min(FAILED_SECONDS, self._ttl)
            log.warning("models not listed", provider=self._spec.id, status=error.status, why=error.message)
            raise
        self.error, self._fresh_until = "", now() + self._ttl
        return self._models

    def _has_read(self, task: asyncio.Task[list[ListedModel]]) -> None:
        self._reading = None
        if not task.cancelled():
            task.exception()  # callers have received it
