"""`cherry-bridge bench`: how fast models answer, for people who compare them."""

from __future__ import annotations

import asyncio
import json
import sys
from argparse import Namespace

from bridge.admin.shell.asking import clean
from bridge.admin.shell.language import terminal_words
from bridge.bench import MAX_TOKENS, PROMPT, Plan, Run, as_json, environment, markdown, run_all, summarize
from bridge.errors import GatewayError, ModelNotFound, NoModelList
from bridge.gateway import Gateways
from bridge.settings import Settings
from bridge.types import ModelId
from bridge.words import trouble

BAR_WIDTH = 24


async def bench(settings: Settings, options: Namespace) -> int:
    """Measure, and print the table. Return 1 where a model has not answered once, 130 where it was interrupted."""
    words = terminal_words(settings)
    async with settings.open_gateways() as gateways:
        model = None
        try:
            models = options.models or [await _usual(gateways, settings)]
            for model in models:
                await _check(gateways, model)
        except GatewayError as error:
            print(trouble(error, words, model=model, admin=True), file=sys.stderr)
            if isinstance(error, ModelNotFound):
                print(*(f"  {near}" for near in error.nearest), sep="\n", file=sys.stderr)
            return 1
        most = MAX_TOKENS if options.max_tokens is None else options.max_tokens
        plan = Plan(models, options.runs, options.concurrency, options.prompt or PROMPT, most)
        runs: list[Run] = []
        bar = _Bar(len(models) * options.runs)

        def done(run: Run) -> None:
            runs.append(run)
            bar.show(len(runs), str(run.model))

        bar.show(0, "")
        interrupted = False
        try:
            await run_all(gateways, plan, done)
        except asyncio.CancelledError:
            interrupted = True  # Ctrl-C: what was measured so far is told
        bar.clear()
        where = await environment(gateways)
    summaries = summarize(models, runs)
    if options.json:
        print(json.dumps(as_json(summaries, runs, plan, where), ensure_ascii=False, indent=2))
    else:
        print("\n".join(clean(line) for line in markdown(summaries, plan, where).splitlines()))
    if interrupted:
        return 130
    return 1 if any(each.first is None for each in summaries) else 0


async def _usual(gateways: Gateways, settings: Settings) -> ModelId:
    """Return the model of new chats. Raises GatewayError."""
    if settings.model is not None:
        return settings.model
    first = await gateways.first_model(lambda _: True)
    if first is None:
        raise ModelNotFound("")
    return first


async def _check(gateways: Gateways, model: ModelId) -> None:
    """Raise ModelNotFound where no gateway's list has it, another GatewayError where it cannot be asked."""
    try:
        offered = {id for each in await gateways.models() for id in (each.id, each.id_there)}
    except NoModelList:
        return  # then it is taken on trust
    if model not in offered:
        await gateways.resolve(model)
        if not gateways.errors:  # a list that could not be read may have it
            raise ModelNotFound(model, await gateways.nearest(str(model)))


class _Bar:
    """A line of progress on standard error, where that is a terminal."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._shown = sys.stderr.isatty()

    def show(self, count: int, label: str) -> None:
        if self._shown:
            full = BAR_WIDTH * count // self._most
            line = f"[{'#' * full}{'.' * (BAR_WIDTH - full)}] {count}/{self._most} {clean(label)}"
            print(f"\r\x1b[K{line[:78]}", end="", file=sys.stderr, flush=True)

    def clear(self) -> None:
        if self._shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
