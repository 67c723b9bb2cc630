"""Several gateways as one: what answers for a model's id is found here, and nowhere else.

Of one gateway, ids are what it says they are. Of several, each id ends with its gateway's name: ``openai:gpt-5@work``.
An id without it means the first gateway that has the model.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Self

import structlog

from bridge.errors import GatewayError, ModelNotFound
from bridge.gateway.client import Gateway
from bridge.gateway.completion import MAX_ATTEMPTS, Completion, Pause, no_pause
from bridge.gateway.failover import HURRIED_ATTEMPTS, Failover
from bridge.gateway.health import Health, MemoryHealth
from bridge.gateway.models import Model, nearest
from bridge.gateway.pictures import NO_PICTURES, LoadedPictures
from bridge.gateway.quirks import QuirkStore
from bridge.gateway.request import Shorter
from bridge.sampling import UNSET, Sampling
from bridge.types import ChatMessage, ModelId, ToolSpec

log = structlog.get_logger(__name__)

UNREAD_SECONDS = 15.0
"""How long a list of models that could not be read is not tried again, where there are other gateways."""


class Gateways:
    """At least one `Gateway`, entered with this. Used with ``async with``, once.

    `fallback_seconds` is how long a model may take to its first token where another one can stand in for it.
    """

    def __init__(
        self, gateways: Sequence[Gateway], *, health: Health | None = None, fallback_seconds: float = 60.0
    ) -> None:
        self.all = tuple(gateways)
        self.health: Health = health or MemoryHealth()
        self.errors: Mapping[str, GatewayError] = {}
        """By gateway's id, why its models are not in the list that was read last."""
        self._first = self.all[0]
        self._by_id = {gateway.id: gateway for gateway in self.all}
        self._fallback_seconds = fallback_seconds
        self._unread_until: dict[str, float] = {}
        self._open = AsyncExitStack()

    @classmethod
    def of_one(cls, gateway: Gateway) -> Self:
        return cls([gateway])

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as opening:
            for gateway in self.all:
                await opening.enter_async_context(gateway)
            self._open = opening.pop_all()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._open.aclose()

    @property
    def are_several(self) -> bool:
        return len(self.all) > 1

    @property
    def name(self) -> str:
        """What people call the server, as `Gateway.name` has it; empty, for 'the gateway', where there are several."""
        return "" if self.are_several else self._first.name

    @property
    def quirks(self) -> QuirkStore:
        """What models refuse and can be done without, as learned so far."""
        return self._first.quirks

    def by_id(self, id: str) -> Gateway:
        """The gateway that the settings name so; the first where none is."""
        return self._by_id.get(id, self._first)

    async def models(self, *, fresh: bool = False) -> Sequence[Model]:
        """The models of every gateway, in the order of the gateways.

        Those that give no list are left out and stand in `errors`. Raises what `Gateway.models` does where none gives
        one.
        """
        if not self.are_several:
            return await self._first.models(fresh=fresh)
        lists = await asyncio.gather(*(self._models_of(gateway, fresh=fresh) for gateway in self.all))
        self.errors = {
            gateway.id: each for gateway, each in zip(self.all, lists, strict=True) if isinstance(each, GatewayError)
        }
        if len(self.errors) == len(self.all):
            raise self.errors[self._first.id]
        return [model for each in lists if not isinstance(each, GatewayError) for model in each]

    async def _models_of(self, gateway: Gateway, *, fresh: bool = False) -> Sequence[Model] | GatewayError:
        now, error = asyncio.get_running_loop().time(), self.errors.get(gateway.id)
        if error is not None and not fresh and now < self._unread_until.get(gateway.id, now):
            return error
        try:
            return await gateway.models(fresh=fresh)
        except GatewayError as failed:
            self._unread_until[gateway.id] = asyncio.get_running_loop().time() + UNREAD_SECONDS
            return failed

    def named(self, models: Sequence[Model], names: Mapping[str, str]) -> list[Model]:
        """`models` with the `names` of an admin; see `labels.labelled`."""
        return [
            model
            for gateway in self.all
            for model in gateway.named([each for each in models if each.gateway == gateway.id], names)
        ]

    async def first_model(self, permit: Callable[[ModelId], bool]) -> ModelId | None:
        """The first model offered that `permit` lets through: of the first gateway that is known to have one.

        Raises what `models` does.
        """
        for gateway in self.all if self.are_several else ():
            first = next((model.id for model in gateway.known_models if permit(model.id)), None)
            if first is not None:
                return first
        return next((model.id for model in await self.models() if permit(model.id)), None)

    async def canonical(self, model: ModelId) -> ModelId:
        """`model` with the name of the gateway that answers for it, where there are several.

        Without one it means the first that has the model, by a list of any age; where none is known to have it, the
        first whose list cannot be read, or the first. Raises nothing.
        """
        bare, id = model.split_gateway()
        if not self.are_several:
            # It may have been chosen while there were several.
            known_here = {each.id for each in self._first.known_models} if id else set()
            return bare if model not in known_here and bare in known_here else model
        if id in self._by_id:
            return model
        if (known := self._knowing(model)) is None:
            lists = await asyncio.gather(*(self._models_of(gateway) for gateway in self.all))
            unread = (g for g, each in zip(self.all, lists, strict=True) if isinstance(each, GatewayError))
            known = self._knowing(model) or next(unread, self._first)
        return model.at(known.id)

    async def resolve(self, model: ModelId) -> ModelId:
        """As `canonical`. Raises ModelNotFound where `model` names no gateway, every list can be read, and none of them
        has it."""
        found = await self.canonical(model)
        if not self.are_several or model.split_gateway()[1] in self._by_id or self._knowing(model) is not None:
            return found
        lists = await asyncio.gather(*(self._models_of(gateway) for gateway in self.all))
        if any(isinstance(each, GatewayError) for each in lists):
            return found
        raise ModelNotFound(model, await self.nearest(str(model)), gateways=[gateway.label for gateway in self.all])

    def _knowing(self, model: ModelId) -> Gateway | None:
        """The first gateway that had `model` when its list was read last."""
        has_it = (gateway for gateway in self.all if any(each.id_there == model for each in gateway.known_models))
        return next(has_it, None)

    def gateway_of(self, model: ModelId) -> Gateway:
        """The gateway that is asked for `model`."""
        if not self.are_several:
            return self._first
        return self._by_id.get(model.split_gateway()[1]) or self._knowing(model) or self._first

    def stream(
        self,
        model: ModelId,
        messages: Sequence[ChatMessage],
        *,
        fallbacks: Sequence[ModelId] = (),
        shorter: Shorter | None = None,
        pause: Pause = no_pause,
        sampling: Sampling = UNSET,
        pictures: LoadedPictures = NO_PICTURES,
        tools: Sequence[ToolSpec] = (),
    ) -> Completion | Failover:
        """What `model` answers, or, where it fails before its first token, the first of `fallbacks` that does not.

        The rest is as `Gateway.stream` has it.
        """

        def start(model: ModelId, hurried: bool) -> Completion:
            return self.gateway_of(model).stream(
                model,
                messages,
                shorter=shorter,
                pause=pause,
                sampling=sampling,
                pictures=pictures,
                tools=tools,
                first_token=self._fallback_seconds if hurried else None,
                attempts=HURRIED_ATTEMPTS if hurried else MAX_ATTEMPTS,
            )

        if not fallbacks:
            return start(model, False)
        return Failover(
            [model, *fallbacks], start, self.health, lambda model: self.gateway_of(model).id, self.context_tokens
        )

    def context_tokens(self, model: ModelId) -> int:
        """How many tokens `model` reads, by the list that was read last; 0 where that is not known."""
        gateway = self.gateway_of(model)
        there = gateway.id_there(model)
        return next((each.context_tokens for each in gateway.known_models if each.id_there == there), 0)

    async def max_body_bytes(self) -> int | None:
        """The largest request that each of the gateways takes; None where all take more than any that we send."""
        limits = await asyncio.gather(*(gateway.max_body_bytes() for gateway in self.all))
        return min((limit for limit in limits if limit is not None), default=None)

    async def nearest(self, model: str, count: int = 5) -> list[ModelId]:
        """The `count` models whose names are most like `model`, best first. Raises what `models` does."""
        return nearest(model, await self.models(), count)


def shortest_ids(models: Sequence[Model]) -> dict[ModelId, str]:
    """The id of each model as people may write it: without its gateway's name, unless another gateway has it too."""
    count = Counter(model.id_there for model in models)
    return {model.id: str(model.id_there if count[model.id_there] == 1 else model.id) for model in models}
