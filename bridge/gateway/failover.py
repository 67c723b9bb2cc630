"""One question to several models, in order: the next is asked where one has failed before its first token.

Whatever a model has said stands: after its first event no other is asked.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Literal

import structlog

from bridge.errors import (
    AnswerCut,
    AnswerEmpty,
    AnswerFiltered,
    ContextTooLong,
    GatewayError,
    GatewaySilent,
    GatewayUnreachable,
    ProviderFailed,
    ProviderLimited,
    ProviderRefused,
)
from bridge.events import Event, Usage
from bridge.gateway.completion import Completion
from bridge.gateway.health import Failure, FailureReason, Health
from bridge.types import ChatMessage, ModelId

log = structlog.get_logger(__name__)

HURRIED_ATTEMPTS = 2
"""How often a model is asked that another can stand in for."""
REST_SECONDS = 60.0
"""How long a model or a gateway is passed over that has failed."""
UNPAID_REST_SECONDS = 600.0
"""The same for a provider that refuses its key, or wants money: somebody has to do something about it."""
PROVIDER_STATUSES = {401, 402, 403}
"""What a provider answers that refuses the gateway's account, not the question."""
_FINAL = (AnswerFiltered, AnswerEmpty)
"""An answer, if one of which nothing can be shown: no other model is asked after it."""

Start = Callable[[ModelId, bool], Completion]
"""Makes the completion of a model; with True, one that soon gives up, because another model is next."""


class Failover:
    """Has the face of a `Completion`. `models` are in the order in which they are wanted; a model that failed shortly
    before is asked last. Where all fail, the error is that of the first of `models`.

    `gateway_of` gives the name of a model's gateway, `context_of` how many tokens a model reads, 0 where that is not
    known.
    """

    def __init__(
        self,
        models: Sequence[ModelId],
        start: Start,
        health: Health,
        gateway_of: Callable[[ModelId], str],
        context_of: Callable[[ModelId], int],
    ) -> None:
        self._failures: list[Failure] = []
        self._models = list(dict.fromkeys(models))
        self._start = start
        self._health = health
        self._gateway_of = gateway_of
        self._context_of = context_of
        self._completion = start(self._models[0], False)
        self._closed = False

    @property
    def model(self) -> ModelId:
        """The model that answers, or was asked last."""
        return self._completion.model

    @property
    def failures(self) -> Sequence[Failure]:
        """The models that did not answer so far, the first that was wanted at the head."""
        return sorted(self._failures, key=lambda failure: self._models.index(failure.model))

    @property
    def messages(self) -> Sequence[ChatMessage]:
        """What it was asked."""
        return self._completion.messages

    @property
    def usage(self) -> Usage | None:
        """As `Completion.usage`."""
        return self._completion.usage

    @property
    def finish(self) -> Literal["", "stop", "length"]:
        """As `Completion.finish`."""
        return self._completion.finish

    @property
    def reasoning(self) -> bool:
        """As `Completion.reasoning`."""
        return self._completion.reasoning

    async def events(self) -> AsyncIterator[Event]:
        """All that comes, of one model alone. Raises GatewayError."""
        waiting, failed_before = await self._order()
        errors: dict[ModelId, GatewayError] = {}
        while waiting and not self._closed:
            model = waiting.pop(0)
            self._failures = [failure for failure in self._failures if failure.model != model]
            completion = self._completion = self._start(model, bool(waiting))
            begun = False
            try:
                async for event in completion.events():
                    if not begun:
                        begun = True
                        if known := failed_before & set(self._names(model)):
                            await self._health.recovered(list(known))
                    yield event
            except GatewayError as error:
                reason = reason_of(error)
                if begun or isinstance(error, _FINAL) or (reason is None and model == self._models[0]):
                    raise
                errors[model] = error
                self._failures.append(Failure(model, reason or "failed", error))
                log.info(
                    "model failed", model=str(model), cause=type(error).__name__, next=str(next(iter(waiting), ""))
                )
                waiting = self._still_able(waiting, model, error)
                await self._rest(model, error, reason)
            else:
                return
            finally:
                await completion.aclose()
        if not self._closed:
            raise next(errors[model] for model in self._models if model in errors)

    async def aclose(self) -> None:
        """As `Completion.aclose`; no further model is asked."""
        self._closed = True
        await self._completion.aclose()

    async def _order(self) -> tuple[list[ModelId], set[str]]:
        """The models in the order in which to ask them, and the names of what failed before."""
        known = await self._health.resting(list({name for model in self._models for name in self._names(model)}))
        last: list[ModelId] = []
        for model in self._models:
            rests = [known[name] for name in self._names(model) if name in known and not known[name].is_over]
            if rests:
                last.append(model)
                self._failures.append(Failure(model, rests[0].reason))
        first = [model for model in self._models if model not in last]
        if not first:
            self._failures = []
        return [*first, *last], set(known)

    def _names(self, model: ModelId) -> tuple[str, str]:
        return str(model), f"@{self._gateway_of(model)}"

    def _still_able(self, waiting: Sequence[ModelId], failed: ModelId, error: GatewayError) -> list[ModelId]:
        """Those of `waiting` that may do better."""
        if isinstance(error, GatewayUnreachable):
            return [model for model in waiting if self._gateway_of(model) != self._gateway_of(failed)]
        if isinstance(error, ContextTooLong):
            most = self._context_of(failed)
            return [model for model in waiting if most and self._context_of(model) > most]
        return list(waiting)

    async def _rest(self, model: ModelId, error: GatewayError, reason: FailureReason | None) -> None:
        if reason is None or reason == "too_long":
            return
        name = f"@{self._gateway_of(model)}" if reason == "away" else str(model)
        await self._health.rest(name, reason, UNPAID_REST_SECONDS if reason == "refused" else REST_SECONDS)


def reason_of(error: GatewayError) -> FailureReason | None:
    """Why another model may answer where one failed so, before its first token; None where none may."""
    match error:
        case GatewayUnreachable():
            return "away"
        case GatewaySilent():
            return "silent"
        case ProviderLimited():
            return "limited"
        case ProviderRefused(status=status) if status in PROVIDER_STATUSES:
            return "refused"
        case ProviderFailed() | AnswerCut():  # the connection was lost
            return "failed"
        case ContextTooLong():
            return "too_long"
        case _:
            return None
