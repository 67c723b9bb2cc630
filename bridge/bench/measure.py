"""One question to one model, with a clock beside it; and many of them, some at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from bridge.errors import AnswerEmpty, GatewayError
from bridge.events import Finished, ReasoningDelta, TextDelta
from bridge.gateway import Gateways
from bridge.sampling import Sampling
from bridge.turn import estimate
from bridge.types import ChatMessage, ModelId

PROMPT = "Tell of a cherry tree through the four seasons of a year, in some 300 words."
MAX_TOKENS = 512
"""What a model may write in one run, thoughts included, unless it is told otherwise."""
MIN_STREAM_SECONDS = 0.001
"""An answer that came at once, within so little, says nothing about tokens a second."""


@dataclass(frozen=True, slots=True)
class Run:
    """What one run came to. Times are seconds since the request was sent."""

    model: ModelId
    first: float = 0.0
    """To the first token, be it of a thought or of the answer."""
    whole: float = 0.0
    tokens: int = 0
    """Those that were written, thoughts included."""
    estimated: bool = False
    """Whether `tokens` is an estimate, because the provider reports none."""
    error: str = ""
    """The name of the GatewayError that ended it; empty where the answer is whole."""

    @property
    def rate(self) -> float | None:
        """Tokens a second from the first on; None where the answer came at once."""
        streamed = self.whole - self.first
        return self.tokens / streamed if streamed >= MIN_STREAM_SECONDS and self.tokens else None


@dataclass(frozen=True, slots=True)
class Plan:
    """`runs` questions to each of `models`, up to `concurrency` of them at once."""

    models: Sequence[ModelId]
    runs: int
    concurrency: int
    prompt: str = PROMPT
    max_tokens: int = MAX_TOKENS
    """0: no limit is sent."""


async def measure(gateways: Gateways, model: ModelId, prompt: str = PROMPT, max_tokens: int = MAX_TOKENS) -> Run:
    """Ask once. Raises GatewayError.

    As in a chat, the client may ask again by itself as long as nothing has come; that time is part of the run. A model
    that spends all its tokens on thoughts has been measured all the same.
    """
    began, first = time.perf_counter(), 0.0
    written: list[str] = []
    completion = gateways.stream(model, [ChatMessage.user(prompt)], sampling=Sampling(max_tokens=max_tokens or None))
    async with aclosing(completion):
        try:
            async for event in completion.events():
                if not first and not isinstance(event, Finished):
                    first = time.perf_counter() - began
                if isinstance(event, TextDelta | ReasoningDelta):
                    written.append(event.text)
        except AnswerEmpty:
            if not completion.reasoning:
                raise
        whole = time.perf_counter() - began
    usage = completion.usage
    reported = usage.completion_tokens if usage is not None else 0
    return Run(model, first or whole, whole, reported or estimate("".join(written)), estimated=not reported)


async def run_all(gateways: Gateways, plan: Plan, done: Callable[[Run], None]) -> None:
    """Do all runs of `plan`, and call `done` with each as it ends.

    The models take turns, so that what changes with time, such as the load of a provider they share, meets all alike.
    """
    waiting = iter([model for _ in range(plan.runs) for model in plan.models])

    async def work() -> None:
        for model in waiting:
            try:
                run = await measure(gateways, model, plan.prompt, plan.max_tokens)
            except GatewayError as error:
                run = Run(model, error=type(error).__name__)
            done(run)

    async with asyncio.TaskGroup() as workers:
        for _ in range(plan.concurrency):
            workers.create_task(work())
