"""One completion being read: requested at the first read, tried again while nothing has come, closed at once.

Until the response is there, one deadline lies around everything, retries included. From then on each wait for bytes
has its own, which reasoning moves on too; the time that the reader takes between two reads never counts.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Literal, Protocol, Self

import httpx
import structlog

from bridge.errors import (
    AnswerCut,
    AnswerEmpty,
    AnswerFiltered,
    ContextTooLong,
    GatewayError,
    GatewaySilent,
    ModelNotFound,
    ProviderFailed,
)
from bridge.events import Event, Finished, TextDelta, Usage
from bridge.gateway.error_body import ErrorBody, read_response_error
from bridge.gateway.errors import RETRYABLE_STATUSES, to_gateway_error, unreachable
from bridge.gateway.health import Failure
from bridge.gateway.http import MAX_ERROR_BODY_BYTES, GatewayHttp, not_a_gateway
from bridge.gateway.parser import CompletionParser
from bridge.gateway.request import CompletionRequest
from bridge.gateway.silence import SilenceTimer
from bridge.gateway.sse import MAX_EVENT_BYTES
from bridge.gateway.transport import Body, body_of
from bridge.types import ChatMessage, ModelId

log = structlog.get_logger(__name__)

MAX_ATTEMPTS = 3

FINISH_GRACE_SECONDS = 5.0
"""How long usage and the end of the stream may take after the model has finished; the answer is complete by then."""


class Pause(Protocol):
    """Says how many seconds to wait before the next read; `silent` while there are no words yet."""

    def __call__(self, *, silent: bool) -> float: ...


def no_pause(*, silent: bool) -> float:
    """Read as fast as it comes."""
    return 0.0


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds: to the first token, between two tokens, before the second attempt; and how many attempts there are."""

    first_token: float
    idle: float
    retry_delay: float
    attempts: int = MAX_ATTEMPTS


class _RetryableError(Exception):
    """An attempt failed before its first token in a way that another may not."""

    def __init__(self, error: GatewayError) -> None:
        super().__init__(str(error))
        self.error = error


class _RequestChanged(Exception):
    """The same question is to be sent at once in another form, which does not count as an attempt."""


class Completion:
    """What a model answers, as events or as text: each piece holds all that came in one read from the network.

    Iterating ends when the answer is complete, or raises exactly one GatewayError; what was yielded before stands.
    Read it once, by `events` or by iterating over the completion itself, which yields the text alone::

        async with aclosing(gateway.stream(model, messages)) as completion:
            async for text in completion:
                print(text, end="")
    """

    def __init__(
        self,
        http: GatewayHttp,
        request: CompletionRequest,
        *,
        timeouts: Timeouts,
        nearest: Callable[[str], Awaitable[Sequence[ModelId]]],
        pause: Pause = no_pause,
    ) -> None:
        self._http = http
        self._request = request
        self._timeouts = timeouts
        self._nearest = nearest
        self._pause = pause
        self._parser = CompletionParser("chat")
        self._attempts = 0
        self._body_size = 0
        self._body: Body | None = None
        self._scope: asyncio.Timeout | None = None
        """Around the request; None once the response is there."""
        self._silence: SilenceTimer | None = None
        self._first_due: float | None = None
        self._deadline = 0.0
        """Of the read that is waited for, in the loop's time."""
        self._rest = 0.0
        """Seconds for which the next read leaves what comes where it is."""
        self._read_to_end = False
        self._closed = False
        self._ended = False

    @property
    def messages(self) -> Sequence[ChatMessage]:
        """What it was asked last: fewer messages than at first where those were too long."""
        return self._request.messages

    @property
    def model(self) -> ModelId:
        """The model that is asked."""
        return self._request.model

    @property
    def failures(self) -> Sequence[Failure]:
        """None: it asks one model alone."""
        return ()

    @property
    def usage(self) -> Usage | None:
        """None until it is reported; not every provider does."""
        return self._parser.usage

    @property
    def finish(self) -> Literal["", "stop", "length"]:
        """Why the model stopped; empty until the end. `length`: it would have said more."""
        return self._reason() if self._ended else ""

    @property
    def reasoning(self) -> bool:
        """Whether reasoning has come. It is not part of the answer."""
        return self._parser.has_reasoning

    async def events(self) -> AsyncIterator[Event]:
        """All that comes, the last of it `Finished`. Raises GatewayError."""
        while batch := await self._next_batch():
            for event in batch:
                yield event

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> str:
        """The next piece of text. An answer that holds pictures or tool calls but no text is AnswerEmpty here."""
        while batch := await self._next_batch():
            for event in batch:
                if isinstance(event, TextDelta):
                    return event.text
        if self._ended and not self._closed:
            self._closed = True
            if not self._parser.has_visible_text:
                raise AnswerEmpty
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """Stop: close the connection at once. A reader that waits in another task sees the iteration end."""
        self._closed = True
        self._release()
        if self._scope is not None and not self._scope.expired():
            self._scope.reschedule(asyncio.get_running_loop().time())

    def _reason(self) -> Literal["stop", "length"]:
        return "length" if self._parser.finish == "length" else "stop"

    # -- reading ---------------------------------------------------------------------------------------------

    async def _next_batch(self) -> Sequence[Event]:
        """The events of the next read that brings any; none at the end."""
        if self._closed or self._ended:
            return ()
        # What comes is left in the kernel for a while: nobody can see more than the screen shows.
        rests = self._body is not None and not self._read_to_end
        self._rest = self._pause(silent=not self._parser.has_visible_text) if rests else 0.0
        self._deadline = self._due() + self._rest
        try:
            while not self._closed:
                try:
                    events = await self._step()
                except _RequestChanged:
                    self._restart()
                    continue
                except _RetryableError as failed:
                    self._restart()
                    await self._wait_before_retry(failed.error)
                    continue
                if events and not self._closed:
                    return events
        except GatewayError as error:
            if not self._closed:  # otherwise it failed because another task closed it
                raise self._http.named(error) from error.__cause__
        except BaseException:
            self._closed = True
            raise
        finally:
            if self._closed or self._read_to_end:
                self._release()
        return ()

    async def _step(self) -> Sequence[Event]:
        """The request, one read, or the end."""
        if self._read_to_end:
            return [await self._settle()]
        if self._body is None:
            return await self._open()
        parser = self._parser
        progress = parser.progress
        data = await self._read(self._body)
        events = parser.feed(data) if data else []
        if not data or parser.over:
            self._read_to_end = True
            return events + parser.end()
        if not events and (parser.progress > progress or parser.finish is not None):
            self._deadline = self._due()  # the model is at work, or done, though there is nothing to show
        return events

    async def _read(self, body: Body) -> bytes:
        """The next bytes; none at the end, and where the connection is lost. Raises GatewaySilent."""
        silence = self._silence
        assert silence is not None
        rest, self._rest = self._rest, 0.0
        silence.wait_until(self._deadline)
        try:
            return await body.read(rest)
        except httpx.TransportError as error:
            if silence.expired and self._parser.finish is None:
                raise self._too_silent() from None
            log.debug("stream broke", model=str(self.model), cause=type(error.__cause__).__name__)
            return b""
        finally:
            silence.stop_waiting()

    def _due(self) -> float:
        """Until when the next bytes must come, in the loop's time."""
        now = asyncio.get_running_loop().time()
        if self._first_due is None:
            self._first_due = now + self._timeouts.first_token
        if self._parser.finish is not None:
            return now + FINISH_GRACE_SECONDS
        return now + self._timeouts.idle if self._parser.started else self._first_due

    def _too_silent(self) -> GatewaySilent:
        first = not self._parser.started
        seconds = self._timeouts.first_token if first else self._timeouts.idle
        return GatewaySilent(seconds, before_first=first)

    def _release(self) -> None:
        """Close the connection."""
        if self._silence is not None:
            self._silence.cancel()
        if self._body is not None:
            self._body.close()

    def _restart(self) -> None:
        self._release()
        self._body, self._read_to_end = None, False

    # -- the request -----------------------------------------------------------------------------------------

    async def _open(self) -> Sequence[Event]:
        """Send the request. The events of an answer that came at once; none where a stream follows."""
        dialect, path, content = await self._request.content()
        parser = self._parser = CompletionParser(dialect, str(self._request.sent_as))
        self._body_size = len(content)
        try:
            async with self._before_first_token():
                response = await self._http.post(path, content)
                body = self._body = body_of(response)
                kind = response.headers.get("content-type", "")
                if response.status_code != httpx.codes.OK:
                    refused = await _read_some(body, MAX_ERROR_BODY_BYTES)
                    raise await self._error(read_response_error(response.status_code, refused))
                if "html" in kind:
                    raise not_a_gateway(self._http.url)
                if "json" in kind:
                    events = parser.feed_body(await _read_some(body, MAX_EVENT_BYTES))
                    self._read_to_end = True
                    return events
        except httpx.TransportError as error:
            lost = unreachable(self._http.url, error)
            # Where no connection comes about, the person is told at once.
            raise _RetryableError(lost) if isinstance(error, httpx.ReadError) else lost from error
        self._silence = SilenceTimer(body.close)
        return ()

    @asynccontextmanager
    async def _before_first_token(self) -> AsyncIterator[None]:
        """Raises GatewaySilent where the first token is overdue. `aclose` ends it at once."""
        try:
            async with asyncio.timeout_at(self._first_due) as self._scope:
                yield
        except TimeoutError:
            raise self._too_silent() from None
        finally:
            self._scope = None

    async def _wait_before_retry(self, error: GatewayError) -> None:
        """Raises `error` where there have been attempts enough."""
        self._attempts += 1
        if self._attempts >= self._timeouts.attempts:
            raise error
        delay = self._timeouts.retry_delay * 2 ** (self._attempts - 1) * random.uniform(0.5, 1.5)
        log.info("asking again", model=str(self.model), cause=type(error).__name__, delay=delay)
        async with self._before_first_token():
            await asyncio.sleep(delay)

    # -- the end ---------------------------------------------------------------------------------------------

    async def _error(self, body: ErrorBody) -> Exception:
        """What an error before the first visible text comes to: to be raised."""
        request, started = self._request, self._parser.started
        if not started and await request.change_after(body):
            return _RequestChanged()
        error = to_gateway_error(
            body,
            url=self._http.url,
            key_sent=bool(self._http.key),
            model=request.sent_as,
            private=[self._http.key, *(message.text for message in self.messages)],
            body_size=self._body_size,
            direct=self._http.is_direct,
        )
        if isinstance(error, ModelNotFound):
            return ModelNotFound(self.model, await self._nearest(str(request.sent_as)), error.detail)
        if not started:
            if body.status in RETRYABLE_STATUSES:
                return _RetryableError(error)
            if request.lessen_after(body, too_long=isinstance(error, ContextTooLong)):
                return _RequestChanged()
        return error

    async def _settle(self) -> Finished:
        """The end of a complete answer. Raises what the answer lacks."""
        parser = self._parser
        if parser.started:
            await self._request.keep_learned()
        if parser.error is not None:
            if not parser.has_visible_text:
                raise await self._error(parser.error)
            raise AnswerCut(parser.error.detail(message.text for message in self.messages))
        match parser.finish:
            case None if parser.started or not parser.done_seen:
                cut = AnswerCut("the stream ended without a reason" if parser.done_seen else "the connection was lost")
                raise cut if parser.started else _RetryableError(cut)
            case "filtered":
                raise AnswerFiltered("the provider's filter stopped the answer")
            case "failed":
                detail = "the provider broke off"
                raise AnswerCut(detail) if parser.has_visible_text else ProviderFailed(0, detail)
        if not parser.has_visible_text and not parser.has_extras:
            raise AnswerEmpty
        self._ended = True
        return Finished(self._reason(), parser.usage, parser.model)


async def _read_some(body: Body, limit: int) -> bytes:
    """The content, or as much of it as `limit` bytes and one read more. Raises httpx.ReadError."""
    content = b""
    while data := await body.read():
        content += data
        if len(content) > limit:
            break
    return content
