"""One answer being read: asked for at the first `__anext__`, tried again while nothing has come, closed at once.

The text is a generator that knows nothing of time. Around each step of it lies one deadline, which reasoning
moves on and `aclose` brings forward to now; so a slow reader is never taken for a silent model.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, MutableMapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Literal, Self

import httpx
import structlog

from bridge.errors import (
    AnswerCut,
    AnswerEmpty,
    AnswerFiltered,
    GatewayError,
    GatewaySilent,
    ModelNotFound,
    ProviderFailed,
)
from bridge.gateway.answer import Answer
from bridge.gateway.dialects import Usage, request
from bridge.gateway.failures import PASSING, failure, unreachable
from bridge.gateway.faults import Fault, read_answer
from bridge.gateway.models import Dialect
from bridge.gateway.wire import ERROR_BYTES, Wire, stranger
from bridge.types import ChatMessage, ModelId

log = structlog.get_logger(__name__)

TRIES = 3

LAG = 5.0
"""Seconds that usage and the end of the stream may take after the model has finished; the answer is there."""


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds: to the first token, between two tokens, before the second try."""

    first_token: float
    idle: float
    retry_delay: float


class _Setback(Exception):
    """An attempt that failed before its first token in a way that another may not."""

    def __init__(self, error: GatewayError) -> None:
        super().__init__(str(error))
        self.error = error


class _OtherDialect(Exception):
    """The gateway wants this provider addressed in the messages dialect."""


class Completion:
    """The content of one answer, in pieces: each holds all that came in one read from the network.

    Iterating ends when the answer is whole, or raises exactly one GatewayError; what was yielded before stands.
    """

    def __init__(
        self,
        wire: Wire,
        model: ModelId,
        messages: Sequence[ChatMessage],
        *,
        patience: Patience,
        dialects: MutableMapping[str, Dialect],
        nearest: Callable[[str], Awaitable[Sequence[ModelId]]],
    ) -> None:
        self._wire = wire
        self._model = model
        self._messages = messages
        self._patience = patience
        self._dialects = dialects
        self._nearest = nearest
        self._answer = Answer("chat")
        self._texts = self._run()
        self._scope: asyncio.Timeout | None = None
        self._first_due: float | None = None
        self._closed = False
        self._ended = False

    @property
    def usage(self) -> Usage | None:
        """None until it is reported; not every provider does."""
        return self._answer.usage

    @property
    def finish(self) -> Literal["", "stop", "length"]:
        """Why the model stopped; empty until the end. `length`: it would have said more."""
        if not self._ended or self._answer.finish is None:
            return ""
        return "length" if self._answer.finish == "length" else "stop"

    @property
    def reasoning(self) -> bool:
        """Whether reasoning has come. It is not part of the answer."""
        return self._answer.reasoning

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> str:
        if self._closed:
            raise StopAsyncIteration
        try:
            async with asyncio.timeout_at(self._due()) as self._scope:
                return await anext(self._texts)
        except TimeoutError:
            if self._closed:
                raise StopAsyncIteration from None
            if self._answer.finish is None:
                first = not self._answer.begun
                seconds = self._patience.first_token if first else self._patience.idle
                raise GatewaySilent(seconds, before_first=first) from None
            self._settle()
            raise StopAsyncIteration from None
        finally:
            self._scope = None
            if self._closed:  # while a piece was on its way, too
                await self._texts.aclose()

    async def aclose(self) -> None:
        """Stop: close the connection at once. A reader that waits in another task sees the iteration end."""
        self._closed = True
        if self._scope is None:
            await self._texts.aclose()
        elif not self._scope.expired():
            self._scope.reschedule(asyncio.get_running_loop().time())

    def _due(self) -> float:
        now = asyncio.get_running_loop().time()
        if self._first_due is None:
            self._first_due = now + self._patience.first_token
        if self._answer.finish is not None:
            return now + LAG
        return now + self._patience.idle if self._answer.begun else self._first_due

    async def _run(self) -> AsyncGenerator[str, None]:
        tried = 0
        while True:
            dialect = self._dialects.get(self._model.provider, "chat")
            self._answer = Answer(dialect)
            try:
                async with aclosing(self._attempt(dialect)) as texts:
                    async for text in texts:
                        yield text
                return
            except _OtherDialect:
                self._dialects[self._model.provider] = "messages"
            except _Setback as setback:
                tried += 1
                if tried == TRIES:
                    raise setback.error from None
                delay = self._patience.retry_delay * 2 ** (tried - 1) * random.uniform(0.5, 1.5)
                log.info("asking again", model=str(self._model), cause=type(setback.error).__name__, delay=delay)
                await asyncio.sleep(delay)

    async def _attempt(self, dialect: Dialect) -> AsyncGenerator[str, None]:
        answer = self._answer
        path, body = request(dialect, self._model, self._messages)
        try:
            response = await self._wire.post(path, body)
        except httpx.TransportError as error:
            lost = unreachable(self._wire.url, error)
            # Where no connection comes about, the person is told at once.
            raise _Setback(lost) if isinstance(error, httpx.ReadError) else lost from error
        try:
            if response.status_code != httpx.codes.OK:
                await self._refuse(await _refusal(response), dialect, len(body))
            kind = response.headers.get("content-type", "")
            if "html" in kind:
                raise stranger(self._wire.url)
            if "json" in kind:
                if text := answer.whole(await response.aread()):
                    yield text
            else:
                tokens = 0
                async for data in response.aiter_raw():
                    if text := answer.feed(data):
                        yield text
                    elif answer.tokens > tokens or answer.finish:
                        self._touch()
                    if answer.over:
                        break
                    tokens = answer.tokens
        except httpx.TransportError as error:
            log.debug("stream broke", model=str(self._model), cause=type(error.__cause__).__name__)
        finally:
            await response.aclose()
        if text := answer.end():
            yield text
        if answer.fault is not None and not answer.worded:
            await self._refuse(answer.fault, dialect, len(body))
        self._settle()

    def _touch(self) -> None:
        """Reasoning has come, or the end is near: neither yields text, both move the deadline."""
        if self._scope is not None and not self._scope.expired():
            self._scope.reschedule(self._due())

    async def _refuse(self, fault: Fault, dialect: Dialect, body_size: int) -> None:
        """Raise what a refusal before the first word comes to."""
        if dialect == "chat" and fault.code == "unsupported_provider_type" and "type 'anthropic'" in fault.message:
            raise _OtherDialect
        error = failure(
            fault,
            url=self._wire.url,
            key_sent=bool(self._wire.key),
            model=self._model,
            private=[self._wire.key, *(message.text for message in self._messages)],
            body_size=body_size,
        )
        if fault.status in PASSING and not self._answer.begun:
            raise _Setback(error)
        if isinstance(error, ModelNotFound):
            raise ModelNotFound(error.model, await self._nearest(error.model), error.detail)
        raise error

    def _settle(self) -> None:
        """Return if the answer is whole; raise what it lacks."""
        answer = self._answer
        if answer.fault is not None:
            raise AnswerCut(answer.fault.detail(message.text for message in self._messages))
        match answer.finish:
            case None if answer.begun or not answer.last:
                cut = AnswerCut("the stream ended without a reason" if answer.last else "the connection was lost")
                raise cut if answer.begun else _Setback(cut)
            case "filtered":
                raise AnswerFiltered("the provider's filter stopped the answer")
            case "failed":
                detail = "the provider broke off"
                raise AnswerCut(detail) if answer.worded else ProviderFailed(0, detail)
        self._ended = True
        if not answer.worded:
            raise AnswerEmpty


async def _refusal(response: httpx.Response) -> Fault:
    body = b""
    async for data in response.aiter_raw():
        body += data
        if len(body) > ERROR_BYTES:
            break
    return read_answer(response.status_code, body)
