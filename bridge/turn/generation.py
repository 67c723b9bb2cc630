"""What is sent to a model: the system prompt, as much of the history as fits, the question."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from bridge.errors import ContextTooLong, GatewayUnreachable, ModelNotFound
from bridge.gateway import Completion, Gateway
from bridge.store import Exchange, Preferences, estimate, fit
from bridge.types import ChatMessage, IncomingMessage, ModelId

STOPPED = "\n\n[The person stopped this answer here.]"
CUT = "\n\n[This answer was cut off here.]"
_MARKS = {"stopped": STOPPED, "cut": CUT, "filtered": CUT}


def user_message(message: IncomingMessage) -> tuple[ChatMessage, ...]:
    """What a message adds to the conversation; in a group the model is told who speaks."""
    speaker = "" if message.chat.direct else f"{message.sender.name or message.sender.id}: "
    quote = "".join(f"> {line}\n" for line in message.quoted.splitlines())
    return (ChatMessage.user(f"{quote}{speaker}{message.text}"),)


def prompt(system: str, history: Sequence[Exchange], question: Sequence[ChatMessage]) -> list[ChatMessage]:
    """The messages of one request, oldest first."""
    messages = [ChatMessage.system(system)] if system.strip() else []
    for exchange in history:
        messages += exchange.question
        # An answer without a word cannot be sent, and two questions in a row would read as one.
        messages.append(ChatMessage.assistant((exchange.answer or "…") + _MARKS.get(exchange.ended, "")))
    return [*messages, *question]


class Postponed(Exception):
    """The gateway is away, and the question should_wait until it is back. Not a failure: nothing of it is shown."""


class Generation:
    """One completion as a stream of deltas. It says less of the past once, if that was too much for the model.

    `should_wait` tells whether a question that finds the gateway away is to wait; it is user_message only then.
    """

    def __init__(
        self,
        gateway: Gateway,
        preferences: Preferences,
        *,
        resolve_model: Callable[[], Awaitable[ModelId | None]],
        should_wait: Callable[[], Awaitable[bool]],
        system: str,
        history: Sequence[Exchange],
        question: Sequence[ChatMessage],
        budget: int,
    ) -> None:
        self.model: ModelId | None = None
        """Who speaks; None until user_message, and where the gateway offers nobody."""
        self.first_token: float | None = None
        """Seconds from the request to the first text."""
        self._gateway = gateway
        self._preferences = preferences
        self._resolve_model = resolve_model
        self._should_wait = should_wait
        self._system = system
        self._history = history
        self._question = question
        self._budget = budget
        self._completion: Completion | None = None
        self._estimated = 0

    @property
    def finish(self) -> str:
        """``stop`` or ``length`` once it has ended; empty before."""
        return self._completion.finish if self._completion else ""

    async def deltas(self) -> AsyncIterator[str]:
        """What the model says, as it says it. Raises GatewayError; Postponed, where it has said nothing yet."""
        try:
            async for delta in self._deltas():
                yield delta
        except GatewayUnreachable:
            if self.first_token is None and await self._should_wait():
                raise Postponed from None
            raise

    async def _deltas(self) -> AsyncIterator[str]:
        began = time.monotonic()
        self.model = await self._resolve_model()
        if self.model is None:
            raise ModelNotFound("")
        history = fit(self._history, self._budget, await self._preferences.ratio(self.model))
        try:
            async for delta in self._say(self.model, history):
                if self.first_token is None:
                    self.first_token = round(time.monotonic() - began, 3)
                yield delta
        except ContextTooLong:
            if not history:
                raise
            async for delta in self._say(self.model, history[(len(history) + 1) // 2 :]):
                yield delta

    async def learn(self) -> None:
        """Take in how many tokens the request really had, so that the next estimate is better."""
        usage = self._completion.usage if self._completion else None
        if usage is not None and self.model is not None:
            await self._preferences.learn(self.model, self._estimated, usage.prompt_tokens)

    def tokens(self, answer: str) -> int:
        """What question and answer came to: as reported, or else by estimate."""
        usage = self._completion.usage if self._completion else None
        if usage is not None:
            return usage.prompt_tokens + usage.completion_tokens
        return self._estimated + estimate(answer)

    async def _say(self, model: ModelId, history: Sequence[Exchange]) -> AsyncIterator[str]:
        messages = prompt(self._system, history, self._question)
        self._estimated = sum(estimate(message.text) for message in messages)
        self._completion = self._gateway.stream(model, messages)
        try:
            async for delta in self._completion:
                yield delta
        finally:
            await self._completion.aclose()
