"""`/bench`: how fast a model answers, in a few runs that an owner can watch and stop."""

from __future__ import annotations

from collections.abc import AsyncIterator

from bridge.commands.context import CommandContext, CommandResult
from bridge.commands.picker import Picker
from bridge.events import Event, TextDelta
from bridge.gateway import Gateways
from bridge.types import ModelId
from bridge.words import Words

RUNS = 3
"""One after another: enough for an impression, and kind to the provider's limits."""
MAX_TOKENS = 256
MAX_NAMED = 8
"""Models that are named where several are meant."""
NOTHING = "–"


class BenchCommand:
    def __init__(self, picker: Picker, gateways: Gateways) -> None:
        self._picker = picker
        self._gateways = gateways

    async def bench(self, context: CommandContext) -> CommandResult:
        """`/bench`, for the model of the chat; `/bench model`."""
        words, query = context.words, context.argument.strip()
        if not query:
            model = await self._picker.current(context.chat)
            if model is None:
                return CommandResult(words.models_none)
            return CommandResult(stream=self._measure(model, words))
        found = await self._picker.find(query, context.settings)
        if not found:
            return CommandResult(words.model_unknown.format(query=query))
        if len(found) > 1:
            named = "\n".join(f"- `{model}`" for model in found[:MAX_NAMED])
            return CommandResult(f"{words.model_several.format(query=query)}\n{named}")
        return CommandResult(stream=self._measure(found[0], words))

    async def _measure(self, model: ModelId, words: Words) -> AsyncIterator[Event]:
        """Yield a line for each run, and then the medians. Raises GatewayError at the first that fails."""
        from bridge import bench  # it is needed here alone

        yield TextDelta(words.bench_begins.format(model=model, runs=RUNS) + "\n")
        runs = []
        for number in range(1, RUNS + 1):
            run = await bench.measure(self._gateways, model, max_tokens=MAX_TOKENS)
            runs.append(run)
            yield TextDelta(f"\n{number}. {_line(run.first, run.whole, run.rate, words)}")
        [summary] = bench.summarize([model], runs)
        assert summary.first
        assert summary.whole
        rate = summary.rate.median if summary.rate else None
        median = _line(summary.first.median, summary.whole.median, rate, words)
        yield TextDelta(f"\n\n{words.bench_median.format(figures=median)}")


def _line(first: float, whole: float, rate: float | None, words: Words) -> str:
    shown = NOTHING if rate is None else f"{rate:.0f}"
    return words.bench_figures.format(first=f"{first:.2f}", whole=f"{whole:.2f}", rate=shown)
