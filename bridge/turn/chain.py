"""A chain of prompts: each step is put to a model with what the step before it gave; the last gives the answer.

Steps that are finished stand in the turn's journal, so an attempt after a crash goes on with the first that is not.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence

from bridge.errors import GatewayError
from bridge.events import Event, StepText, TextDelta, Usage, text_after
from bridge.gateway import Failure
from bridge.inbox import Turn
from bridge.store import ChainStep
from bridge.turn.generation import Generation
from bridge.types import ChatMessage, ModelId


class Chain:
    """Runs `steps` for `turn`, beginning with `text`; to be used in place of a `Generation`.

    `generate` makes the generation of one step: of its system prompt, what is said to it, and its model.
    """

    def __init__(
        self,
        turn: Turn,
        steps: Sequence[ChainStep],
        text: str,
        question: Sequence[ChatMessage],
        generate: Callable[[str, str, str], Generation],
    ) -> None:
        self.question = question
        """What the person said, as the history keeps it."""
        self._turn = turn
        self._steps = steps
        self._text = text
        self._generate = generate
        self._current = self._generation(steps[0], text)
        self._finished: list[tuple[str, Usage]] = []
        self._away: list[str] = []

    @property
    def model(self) -> ModelId | None:
        """That of the step under way, and in the end of the last."""
        return self._current.model

    @property
    def called(self) -> Sequence[ChatMessage]:
        """As `Generation.called`."""
        return self._current.called

    @property
    def summarised(self) -> bool:
        """Whether a summary stands for what was said before: a chain is told nothing of that."""
        return False

    @property
    def first_text(self) -> float | None:
        """As `Generation.first_text`, of the step under way, and in the end of the last."""
        return self._current.first_text

    async def events(self) -> AsyncIterator[Event]:
        """Yield what each step gives as it grows, and then the answer. Raises GatewayError, StoreError."""
        text = self._text
        known = {step.id: step.result for step in self._turn.steps}
        for number, step in enumerate(self._steps[:-1]):
            id = f"{number}:{step.name}"
            result = known.get(id)
            if result is None:
                await self._turn.begin_step(id)
                self._current = self._generation(step, text)
                result = ""
                async for event in self._current.events():
                    result = text_after(result, event)
                    if isinstance(event, TextDelta):
                        yield StepText(number, step.name, result)
                self._finished += self._current.usages(result)
                self._away += self._current.gateways_away(None)
                result = await self._turn.finish_step(id, result)
            yield StepText(number, step.name, result)
            text = result
        self._current = self._generation(self._steps[-1], text)
        async for event in self._current.events():
            yield event

    def made_of(self, text: str) -> AsyncIterator[Event]:
        """As `Generation.made_of`, of the last step."""
        return self._current.made_of(text)

    @property
    def failures(self) -> Sequence[Failure]:
        """As `Generation.failures`, of the step under way, and in the end of the last."""
        return self._current.failures

    def gateways_away(self, error: GatewayError | None) -> list[str]:
        """As `Generation.gateways_away`, of all steps that this attempt took."""
        return list(dict.fromkeys([*self._away, *self._current.gateways_away(error)]))

    async def learn(self) -> None:
        """As `Generation.learn`. Raises StoreError."""
        await self._current.learn()

    def usages(self, answer: str) -> list[tuple[str, Usage]]:
        """As `Generation.usages`, one for each step that this attempt took."""
        return [*self._finished, *self._current.usages(answer)]

    def _generation(self, step: ChainStep, text: str) -> Generation:
        return self._generate(*step.request(text), step.model)
