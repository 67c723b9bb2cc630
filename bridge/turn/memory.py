"""What goes with a question of a conversation that no longer fits: the newest, and a summary of what was before."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass

import msgspec
import structlog

from bridge.errors import GatewayError
from bridge.events import Usage, text_after
from bridge.gateway import Gateways, Pause
from bridge.sampling import Sampling
from bridge.store import Conversations, Exchange, Summary
from bridge.turn.tokens import estimate, fit
from bridge.types import Chat, ChatMessage, ModelId

log = structlog.get_logger(__name__)

MAX_SECONDS = 60.0
"""A summary that takes longer is given up."""
RETRY_SECONDS = 600.0
"""Seconds after a failure for which no summary is asked for."""
MIN_CHARACTERS = 400
"""The least that a summary is cut off at."""
NOTHING = Usage(0, 0)
PROMPT = (
    "Below is the beginning of a conversation between a person and an assistant. Summarise it in at most {words} "
    "words, in the language of the conversation, so that the assistant can go on without it. Keep names, numbers, "
    "decisions, what the person asked for and what is still open. Write the summary and nothing else."
)
HEAD = "What was said earlier in this conversation, as a summary, because it no longer fits:\n"


@dataclass(frozen=True, slots=True)
class Remembered:
    """What goes with a question."""

    history: Sequence[Exchange]
    """The newest exchanges, the oldest first."""
    summary: str = ""
    """Of what was said before them; empty where nothing was, or it has been dropped."""
    is_new: bool = False
    """Whether the answer under way is the first with this summary."""
    usage: Usage = NOTHING
    """What it took to make the summary."""

    def system(self, prompt: str) -> str:
        """Return the system prompt `prompt`, with the summary below it."""
        return "\n\n".join(filter(None, [prompt.strip(), HEAD + self.summary if self.summary else ""]))


class Dropping:
    """Leaves out what does not fit."""

    def __init__(self, history: Sequence[Exchange], budget: int) -> None:
        self._history = history
        self._budget = budget

    async def remember(self, _model: ModelId, ratio: float) -> Remembered:
        """Return what fits; `ratio` corrects the estimate for the model."""
        return Remembered(fit(self._history, self._budget, ratio))


class Summarising:
    """Has the model summarise what does not fit, once, and keeps the summary beside the history.

    `turn` is the id of the message that is being answered. After a failure, what does not fit is left out.
    """

    def __init__(
        self,
        gateways: Gateways,
        conversations: Conversations,
        chat: Chat,
        conversation: int,
        *,
        turn: str,
        history: Sequence[Exchange],
        summary: Summary | None,
        budget: int,
        keep_seconds: int,
        pause: Pause,
    ) -> None:
        self._gateways = gateways
        self._conversations = conversations
        self._chat = chat
        self._conversation = conversation
        self._turn = turn
        self._summary = summary or Summary("", "")
        self._rest = _after(self._summary.until, history)
        self._budget = budget
        self._keep_seconds = keep_seconds
        self._pause = pause

    async def remember(self, model: ModelId, ratio: float) -> Remembered:
        """Return what fits, with a summary of the rest; `ratio` corrects the estimate for the model.

        Raises StoreError.
        """
        known = self._summary
        room = max(0, self._budget - int(ratio * estimate(known.text)))
        fitting = fit(self._rest, room, ratio)
        is_new = bool(known.text) and known.turn == self._turn
        if len(fitting) == len(self._rest) or time.time() - known.failed_at < RETRY_SECONDS:
            return Remembered(fitting, known.text, is_new)
        # More than has to go goes, so that the next questions need no summary of their own.
        kept = fit(self._rest, self._budget // 2, ratio) or fitting[-1:]
        gone = self._rest[: len(self._rest) - len(kept)]
        text, usage = await self._made(gone, model, ratio)
        if not text:
            failed = msgspec.structs.replace(known, failed_at=time.time())
            await self._conversations.set_summary(self._chat, self._conversation, failed, self._keep_seconds)
            return Remembered(fitting, known.text, is_new, usage)
        made = Summary(text, gone[-1].id, time.time(), self._turn)
        await self._conversations.set_summary(self._chat, self._conversation, made, self._keep_seconds)
        return Remembered(kept, text, is_new=True, usage=usage)

    async def _made(self, gone: Sequence[Exchange], model: ModelId, ratio: float) -> tuple[str, Usage]:
        """Return a summary of `gone` and of what was before it, empty where the model fails; and what it took."""
        said = [self._summary.text] if self._summary.text else []
        for each in fit(gone, self._budget, ratio):
            asked = "\n".join(message.text for message in each.question)
            said.append(f"Person: {asked}\n\nAssistant: {each.text}")
        question = "\n\n".join([PROMPT.format(words=max(50, self._budget // 32)), *said])
        text = ""
        try:
            async with asyncio.timeout(MAX_SECONDS):
                completion = self._gateways.stream(
                    model,
                    [ChatMessage.user(question)],
                    pause=self._pause,
                    sampling=Sampling(max_tokens=max(400, self._budget // 4)),
                )
                async with aclosing(completion):
                    async for event in completion.events():
                        text = text_after(text, event)
        except (GatewayError, TimeoutError) as error:
            log.info("no summary made", chat=str(self._chat), error=type(error).__name__)
            return "", NOTHING
        usage = completion.usage or Usage(estimate(question), estimate(text))
        return text.strip()[: max(MIN_CHARACTERS, self._budget // 2)], usage


def _after(id: str, history: Sequence[Exchange]) -> Sequence[Exchange]:
    """Return what was said after the exchange `id`; all of it, where that is not there any more."""
    places = [place for place, each in enumerate(history) if each.id == id] if id else []
    return history[places[-1] + 1 :] if places else history
