"""The form in which one question is put to a model, and how refusals change it: the dialect, what is left out."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping, Sequence

import structlog

from bridge.errors import PicturesRefused
from bridge.gateway.dialects import Dialect, max_tokens_to_ask, request, thinks_adaptively
from bridge.gateway.error_body import ErrorBody
from bridge.gateway.pictures import (
    NO_PICTURES,
    LoadedPictures,
    holds_pictures,
    may_lose_pictures,
    requires_pictures,
    without_optional_pictures,
)
from bridge.gateway.quirks import (
    NO_THOUGHTS,
    Quirk,
    Quirks,
    QuirkStore,
    limit_of,
    quirk_of,
    refused_parameter,
    refused_thinking,
    refuses_thoughts,
    refuses_tools,
    room_of,
    wants_thoughts,
    with_quirk,
)
from bridge.sampling import UNSET, Sampling
from bridge.types import ChatMessage, ModelId, Thought, ToolSpec

log = structlog.get_logger(__name__)

V1_OPAQUE_ERROR = "Stream processing error"
"""All that v1.7 to v1.9 say of any failure in the messages dialect, as long as a stream is asked for."""
_NOT_ABOUT_PICTURES = {401, 402, 403, 429}
"""Statuses that are about the account, whatever was asked."""

Shorter = Callable[[], Sequence[ChatMessage]]
"""Returns fewer messages to send instead; none where there are none."""


class CompletionRequest:
    """Made for one completion. What a model refuses, and can be done without, is kept in `quirks` for all of them."""

    def __init__(
        self,
        model: ModelId,
        messages: Sequence[ChatMessage],
        *,
        dialects: MutableMapping[str, Dialect],
        quirks: QuirkStore,
        shorter: Shorter | None = None,
        sampling: Sampling = UNSET,
        pictures: LoadedPictures = NO_PICTURES,
        tools: Sequence[ToolSpec] = (),
        blind: bool = False,
        max_tokens: int = 0,
        sent_as: ModelId | None = None,
    ) -> None:
        """`blind`: the gateway's list says that the model takes no pictures. `max_tokens`: how long it says that an
        answer may be, 0 where it does not. `sent_as`: what the gateway calls the model."""
        self.model = model
        self.messages = messages
        """What is asked: with `shorter`, what was asked last."""
        self.sent_as = sent_as or model
        self._dialects = dialects
        self._quirk_store = quirks
        self._shorter = shorter
        self._sampling = sampling
        self._pictures = pictures
        self._tools = tools
        self._blind = blind
        self._listed_max_tokens = max_tokens
        self._quirks: Quirks | None = None
        """Of the model; None until they are looked up."""
        self._learned = False
        self._unstreamed = False
        """Ask this once for the whole answer: the error of a stream did not say why."""
        self._once: Quirks = frozenset()
        """What this one question has to do without."""

    @property
    def dialect(self) -> Dialect:
        return self._dialects.get(self.sent_as.provider, "chat")

    async def content(self) -> tuple[Dialect, str, bytes]:
        """The dialect, the path to post to, and the body. Raises PicturesRefused."""
        if self._quirks is None:
            self._quirks = await self._quirk_store.get(self.model) | ({"no_pictures"} if self._blind else set())
        if "no_pictures" in self._quirks and self._asks_about_pictures:
            raise PicturesRefused
        dialect = self.dialect
        path, content = request(
            dialect,
            self.sent_as,
            self.messages,
            self._in_force,
            self._sampling,
            self._pictures,
            self._tools,
            self._listed_max_tokens,
        )
        return dialect, path, content

    @property
    def _in_force(self) -> Quirks:
        """What to do without, of the model's and of this question."""
        quirks = (self._quirks or frozenset()) | self._once
        return quirks | {"no_streaming"} if self._unstreamed else quirks

    async def change_after(self, body: ErrorBody) -> bool:
        """Change the form of the same question after an error, if that may help; return whether it did.

        Raises PicturesRefused where the model takes no pictures and the question is about one.
        """
        dialect, quirks = self.dialect, self._quirks or frozenset()
        if dialect == "chat" and body.code == "unsupported_provider_type" and "type 'anthropic'" in body.message:
            self._dialects[self.sent_as.provider] = "messages"
            return True
        if dialect == "messages" and body.message == V1_OPAQUE_ERROR and not self._unstreamed:
            self._unstreamed = True
            return True
        sent = max_tokens_to_ask(dialect, self.sent_as, self._in_force, self._sampling, self._listed_max_tokens)
        if once := self._change_once(body, sent):
            self._once, self._unstreamed = with_quirk(self._once, once), False
            return True
        quirk = limit_of(body, sent) if sent else None
        if quirk is None and dialect == "messages" and self._sampling.reasoning_effort is not None:
            quirk = refused_thinking(body, quirks, adaptive=thinks_adaptively(self.sent_as, quirks))
        quirk = quirk or refused_parameter(body, self._sampling, quirks) or self._quirk(body, quirks)
        if quirk is None:
            return False
        if quirk == "no_pictures" and self._asks_about_pictures:
            await self._quirk_store.put(self.model, quirks | {quirk})
            raise PicturesRefused(body.detail(message.text for message in self.messages))
        log.info("asking without", model=str(self.model), quirk=quirk)
        self._quirks, self._learned, self._unstreamed = with_quirk(quirks, quirk), True, False
        return True

    def lessen_after(self, body: ErrorBody, *, too_long: bool) -> bool:
        """Ask with less after an error that says nothing of the form, if there is less; return whether there was."""
        if too_long and (shorter := self._shorter) is not None:
            self._shorter = None
            if messages := shorter():
                self.messages = messages
                return True
        if body.status in _NOT_ABOUT_PICTURES or not may_lose_pictures(self.messages):
            return False
        # Notes take the place of pictures that the question can do without: one of them may be refused.
        self.messages = without_optional_pictures(self.messages)
        log.info("asking without some pictures", model=str(self.model), status=body.status)
        return True

    async def keep_learned(self) -> None:
        """Remember what the model turned out to refuse, now that it has answered without."""
        if self._learned and self._quirks:
            await self._quirk_store.put(self.model, self._quirks)

    def _change_once(self, body: ErrorBody, sent: int) -> Quirk | None:
        """What this question alone has to do without, after an error; `sent` is how many tokens were asked for."""
        if sent and (room := room_of(body, sent)) is not None:
            return room
        called = bool(self.messages) and self.messages[-1].role == "tool"
        return NO_THOUGHTS if called and NO_THOUGHTS not in self._once and refuses_thoughts(body) else None

    @property
    def _asks_about_pictures(self) -> bool:
        return bool(self._pictures) and bool(self.messages) and requires_pictures(self.messages[-1])

    @property
    def _holds_thoughts(self) -> bool:
        return any(isinstance(part, Thought) for message in self.messages for part in message.parts)

    def _quirk(self, body: ErrorBody, known: Quirks) -> Quirk | None:
        if "sends_thoughts" not in known and self._holds_thoughts and wants_thoughts(body):
            return "sends_thoughts"
        if self._tools and "no_tools" not in known and refuses_tools(body):
            return "no_tools"
        quirk = quirk_of(body, known)
        return None if quirk == "no_pictures" and not any(map(holds_pictures, self.messages)) else quirk
