"""One answer being generated: the model is resolved, the history fitted, and the completion read as events."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass

import structlog

from bridge.errors import GatewayError, GatewayUnreachable, ModelNotFound, PicturesRefused
from bridge.events import Event, Heard, Picture, Spoken, TextDelta, Usage
from bridge.gateway import Completion, Failover, Failure, Gateways, Pause
from bridge.knowledge import NOTE as KNOWLEDGE_NOTE
from bridge.knowledge import Passage, sources, with_passages
from bridge.media import NotSpoken, PictureLinks, SpeechServer, linked_pictures, spoken_text
from bridge.sampling import Sampling
from bridge.store import Exchange, Preferences
from bridge.turn.attachments import Loaded
from bridge.turn.context import request_messages
from bridge.turn.loop import NOTE, ToolLoop, added
from bridge.turn.memory import Remembered
from bridge.turn.tokens import estimate, estimate_message
from bridge.types import ChatMessage, File, Image, ModelId, ToolSpec

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, once what came with it has been read."""

    messages: Sequence[ChatMessage]
    """Empty where there is nothing to ask."""
    heard: Sequence[str] = ()
    """What recordings in it say."""
    query: str = ""
    """What is looked for in knowledge: the person's own words."""


class Generation:
    """Asks the model, or those that stand in for it one after another, and again with what its tools gave back; where
    the whole is too much for one, once more with the newer half of the history.

    `tools` gives the loop where tools are offered; it is None where they are not. `ask` reads what is asked, `load`
    what the messages to send refer to; `seeing` says which models take pictures, where this one does not. With
    `fetch_links`, pictures that the answer links to are fetched. The answer to a recording is spoken where there is a
    `voice`. `remember` gives what goes with the question of what was said before, for a model and what its estimates
    are multiplied by; `pause` sets the pace of reading. `consult` gives passages that go with the question; where
    the model has a tool for that (`consults_itself`), only to a model that cannot call it.
    """

    def __init__(
        self,
        gateways: Gateways,
        preferences: Preferences,
        *,
        resolve_models: Callable[[], Awaitable[Sequence[ModelId]]],
        system: str,
        remember: Callable[[ModelId, float], Awaitable[Remembered]],
        ask: Callable[[], Awaitable[Asked]],
        load: Callable[[Sequence[ChatMessage]], Awaitable[Loaded]],
        seeing: Callable[[], Awaitable[Sequence[ModelId]]],
        pause: Pause,
        fetch_links: bool,
        sampling: Sampling,
        voice: SpeechServer | None = None,
        tools: Callable[[], Awaitable[ToolLoop | None]] | None = None,
        consult: Callable[[str], Awaitable[Sequence[Passage]]] | None = None,
        consults_itself: bool = False,
    ) -> None:
        self.model: ModelId | None = None
        """The model that answers; None until it is resolved, and where no gateway offers one."""
        self.question: Sequence[ChatMessage] = ()
        """What is asked, once what came with it has been read; empty where there is nothing to ask."""
        self.first_text: float | None = None
        """Seconds from the request to the first text."""
        self._gateways = gateways
        self._preferences = preferences
        self._resolve_models = resolve_models
        self._sampling = sampling
        self._system = system
        self._remember = remember
        self._remembered = Remembered(())
        self._ask = ask
        self._load = load
        self._loaded = Loaded()
        self._seeing = seeing
        self._pause = pause
        self._fetch_links = fetch_links
        self._voice = voice
        self._open_tools = tools
        self._consult = consult
        self._consults_itself = consults_itself
        self._passages: Sequence[Passage] = ()
        self._completion: Completion | Failover | None = None
        self._failures: list[Failure] = []
        """Those before the completions before the last."""
        self._estimated = 0
        self._began = 0.0
        self._is_heard = False
        """Whether a recording is answered."""
        self._asked = Usage(0, 0)
        """What the completions before the last took."""
        self.loop: ToolLoop | None = None
        """Calls tools, where some are offered."""

    async def events(self) -> AsyncIterator[Event]:
        """Yield what the model says, as it says it; nothing where there is nothing to ask. Raises GatewayError."""
        asked = await self._ask()
        self.question = asked.messages
        self._is_heard = bool(asked.heard)
        for heard in asked.heard:
            yield Heard(heard)
        if not self.question:
            return
        self._began = time.monotonic()
        models = await self._resolve_models()
        if not models:
            none = ModelNotFound("")
            none.gateway_name = self._gateways.name
            raise none
        self.model = models[0]
        if self._open_tools is not None and "no_tools" not in await self._gateways.quirks.get(self.model):
            self.loop = await self._open_tools()
        if self._consult is not None and asked.query and not (self._consults_itself and self.loop is not None):
            self._passages = await self._consult(asked.query)
        self._remembered = await self._remember(self.model, await self._preferences.ratio(self.model))
        self._asked = added(self._asked, self._remembered.usage)
        history = self._remembered.history
        asking = self._request(history)
        if any(isinstance(part, Image | File) for message in asking for part in message.parts):
            self._loaded = await self._load(asking)

        def complete(further: Sequence[ChatMessage], tools: Sequence[ToolSpec]) -> AsyncGenerator[Event, None]:
            assert self.model is not None
            # What has called a tool goes on by itself: its answer has begun.
            fallbacks = () if further else models[1:]
            return self._complete(self.model, fallbacks, history, further, tools)

        try:
            if self.loop is not None:
                async for event in self.loop.events(complete, self._spend):
                    yield event
            else:
                async with aclosing(complete((), ())) as events:
                    async for event in events:
                        yield event
        except PicturesRefused as error:
            error.seeing = tuple(model for model in await self._seeing() if model != self.model)
            raise

    async def _complete(
        self,
        model: ModelId,
        fallbacks: Sequence[ModelId],
        history: Sequence[Exchange],
        further: Sequence[ChatMessage],
        tools: Sequence[ToolSpec],
    ) -> AsyncGenerator[Event, None]:
        """Ask the model once, with `further` messages behind the question."""

        def shorter() -> Sequence[ChatMessage]:
            return [*self._messages(history[(len(history) + 1) // 2 :]), *further]

        self._asked = self._usage("")
        self._failures = list(self.failures)
        messages = [*self._messages(history), *further]
        self._estimated += sum(map(estimate_message, further))
        self._completion = self._gateways.stream(
            model,
            messages,
            fallbacks=fallbacks,
            sampling=self._sampling,
            shorter=shorter if history else None,
            pictures=self._loaded.pictures,
            pause=self._pause,
            tools=tools,
        )
        try:
            async for event in self._completion.events():
                self.model = self._completion.model
                match event:
                    case TextDelta():
                        if self.first_text is None:
                            self.first_text = round(time.monotonic() - self._began, 3)
                            for source in sources(self._passages):
                                yield source
                    case Picture(url=url) if url:
                        event = await self._fetched(event)
                yield event
        finally:
            await self._completion.aclose()

    async def made_of(self, text: str) -> AsyncIterator[Event]:
        """Yield what is made of the whole answer: the pictures that it links to, and what it sounds like."""
        for picture in await self._fetch_linked(text):
            yield picture
        if self._is_heard and (spoken := await self._spoken(text)) is not None:
            yield spoken

    @property
    def failures(self) -> Sequence[Failure]:
        """The models that were to answer before this one, and did not."""
        return [*self._failures, *(self._completion.failures if self._completion else ())]

    def gateways_away(self, error: GatewayError | None) -> list[str]:
        """Return the ids of the gateways that were found to be away; `error` is what ended the answer, if any did."""
        errors = [error, *(failure.error for failure in self.failures)]
        return list(dict.fromkeys(each.gateway_id for each in errors if isinstance(each, GatewayUnreachable)))

    async def _fetched(self, picture: Picture) -> Picture:
        """Return `picture` with its content, where that can be had."""
        return (await PictureLinks().fetch(picture) if self._fetch_links else None) or picture

    async def _fetch_linked(self, text: str) -> Sequence[Picture]:
        """Return the pictures that the answer links to, as far as they can be had."""
        if not self._fetch_links or "](http" not in text:
            return ()
        return await PictureLinks().fetch_all(linked_pictures(text))

    async def _spoken(self, text: str) -> Spoken | None:
        """Return the answer as a sound; None where it is not to be spoken, or there is nothing in it to be said."""
        if self._voice is None or not (words := spoken_text(text)):
            return None
        try:
            return await self._voice.speak(words)
        except NotSpoken as error:
            log.warning("answer not spoken", why=str(error))
            return Spoken()

    @property
    def summarised(self) -> bool:
        """Whether the answer is the first that rests on a new summary of what no longer fits."""
        return self._remembered.is_new

    async def learn(self) -> None:
        """Note how many tokens the request really had, so that the next estimate is better. Raises StoreError."""
        usage = self._completion.usage if self._completion else None
        plain = not self._loaded.pictures and self.loop is None  # what tools take is not estimated
        if usage is not None and self.model is not None and plain:
            await self._preferences.learn(self.model, self._estimated, usage.prompt_tokens)

    def usages(self, answer: str) -> list[tuple[str, Usage]]:
        """Return each model that was asked, and the tokens of questions and answers: as reported, or by estimate."""
        return [(str(self.model or ""), self._usage(answer))]

    @property
    def called(self) -> Sequence[ChatMessage]:
        """What tools were asked and what they gave back, as the history keeps it."""
        return self.loop.history if self.loop is not None else ()

    def _usage(self, answer: str) -> Usage:
        if self._completion is None:
            return self._asked
        last = self._completion.usage or Usage(self._estimated, estimate(answer))
        return added(self._asked, last)

    def _spend(self, replayed: Usage | None) -> Usage:
        """Add what an earlier attempt of the turn took, where something is; return what has been taken so far."""
        if replayed is not None:
            self._asked = added(self._asked, replayed)
        return self._usage("")

    def _request(self, history: Sequence[Exchange]) -> list[ChatMessage]:
        system = self._remembered.system(self._system)
        notes = [NOTE] * (self.loop is not None) + [KNOWLEDGE_NOTE] * bool(self._passages)
        system = "\n\n".join(filter(None, [system, *notes]))
        question = with_passages(self.question, self._passages)
        return request_messages(system, history, question, tools=self.loop is not None)

    def _messages(self, history: Sequence[Exchange]) -> list[ChatMessage]:
        messages = self._loaded.expand(self._request(history))
        self._estimated = sum(estimate(message.text) for message in messages)
        return messages
