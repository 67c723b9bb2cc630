"""The demo's models as a provider of `bridge.server` in this process, at a person's pace."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence

from bridge.demo.catalog import Model
from bridge.demo.catalog import Provider as Entry
from bridge.demo.conversation import conversation_of
from bridge.demo.performance import Ending, Performance, count
from bridge.events import ReasoningDelta, TextDelta, ToolCallDelta
from bridge.gateway import ErrorBody
from bridge.server import (
    Counted,
    Event,
    ListedModel,
    Request,
    Started,
    Stopped,
    StopReason,
    TokenCounts,
    from_provider,
    silent,
    unreachable,
)
from bridge.server.dialects import Name

PATIENCE = 904.0
"""Seconds of silence: Cherry Studio v1.9.12 waits for three tries of 300 s."""

_REASONS: Mapping[Ending, StopReason] = {"stop": "stop", "length": "length", "filtered": "filtered"}


class DemoProvider:
    """`pace` multiplies every wait but those of a provider that has fallen silent."""

    def __init__(self, entry: Entry, models: Sequence[Model], pace: float) -> None:
        self.id, self.name = entry.id, entry.name
        self.kind: str = entry.type
        self._models = {model.id.model: model for model in models}
        self._pace = pace
        self._listed = [ListedModel(model.id.model, model.id.model, model.name) for model in models]

    @property
    def dialect(self) -> Name:
        return "messages" if self.kind == "anthropic" else "chat"

    async def models(self, *, fresh: bool = False) -> Sequence[ListedModel]:
        return self._listed

    def known(self) -> Sequence[ListedModel]:
        return self._listed

    def find(self, model: str) -> ListedModel | None:
        return next((each for each in self._listed if each.id == model), None)

    async def close(self) -> None:
        """Nothing is open."""

    async def answer(self, model: str, request: Request) -> AsyncGenerator[list[Event], None]:
        """Raises ApiError as a provider would make it be raised, and ConnectionError for ``lost``."""
        conversation = conversation_of(request)
        performance = self._models[model].perform(conversation)
        if request.max_tokens is not None:
            performance = performance.within(request.max_tokens)
        await self._refuse(performance)
        loop = asyncio.get_running_loop()
        first = loop.time() + performance.pause * self._pace
        deltas, ending = performance.deltas()
        prompt = count(conversation)
        if request.stream:
            yield [Started(model=model), Counted(TokenCounts(prompt))]
        for number, (kind, text) in enumerate(deltas):
            await self._until(first + number * self._pace / performance.rate)
            yield [TextDelta(text) if kind == "text" else ReasoningDelta(text)]
        await self._until(first + len(deltas) * self._pace / performance.rate)
        match ending:
            case "lost":
                raise ConnectionResetError
            case "stalled":
                await asyncio.sleep(PATIENCE)
                raise silent(self.id, PATIENCE)
        if performance.calls:
            calls = [ToolCallDelta(at, f"call_{at}", *call) for at, call in enumerate(performance.calls)]
            yield [*calls, Counted(TokenCounts(prompt, len(deltas) + len(calls))), Stopped("tools")]
        elif ending in _REASONS:
            yield [Counted(TokenCounts(prompt, len(deltas))), Stopped(_REASONS[ending])]

    async def _refuse(self, performance: Performance) -> None:
        """What happens before there is an answer, where there is none."""
        if performance.ending == "silent":
            await asyncio.sleep(PATIENCE)
            raise silent(self.id, PATIENCE)
        if performance.ending == "unreachable" or performance.refusal is not None:
            await asyncio.sleep(performance.pause * self._pace)
        if performance.ending == "unreachable":
            raise unreachable(self.id, "the connection is refused")
        if (refusal := performance.refusal) is not None:
            after = 20.0 if refusal.status == 429 else None
            body = ErrorBody(refusal.status, refusal.type, refusal.message)
            raise from_provider(self.id, body, retry_after=after)

    async def _until(self, moment: float) -> None:
        """Late tokens catch up; even at no pace, others get their turn."""
        await asyncio.sleep(max(moment - asyncio.get_running_loop().time(), 0))
