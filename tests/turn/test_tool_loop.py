"""The loop of model and tools on a real journal: bounds, and what another attempt does with what it finds there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from typing import Any

import pytest

from bridge.events import ApprovalAsked, Event, Finished, TextDelta, ToolCallDelta, ToolStep, Usage
from bridge.inbox import Inbox, Turn
from bridge.tools import Decision, Tool, ToolContext, ToolFile, ToolOutcome
from bridge.turn import loop as module
from bridge.turn.loop import ToolLoop, ToolUse
from bridge.turn.steps import KeptFile, ToolSteps
from bridge.types import ChatMessage, Media, ToolResult, ToolSpec
from tests.store.parts import ACCOUNT, asked, begun, chat, first

Run = Callable[[Mapping[str, Any], ToolContext], Awaitable[ToolOutcome]]
Calls = Sequence[tuple[str, str]]


class ToolLoopRig:
    """A tool loop with a model that calls the tools of each round in turn and then repeats their results."""

    def __init__(self, *rounds: Calls) -> None:
        self.rounds = rounds
        self.ran: list[str] = []
        self.requests: list[Sequence[ChatMessage]] = []
        self.tools: dict[str, Tool] = {}
        self.runs: dict[str, Run] = {}
        self.decisions: dict[str, Decision] = {}
        self.asked: list[str] = []
        self.seconds = 60.0

    def add(self, name: str, run: Run | None = None, **more: Any) -> None:
        async def plain(_: Mapping[str, Any], __: ToolContext) -> ToolOutcome:
            return ToolOutcome(f"{name} ran")

        fields = {"permission": "always", **more}
        self.tools[name] = Tool("s", name, name, "", {"type": "object"}, **fields)
        self.runs[name] = run or plain

    async def complete(self, further: Sequence[ChatMessage], tools: Sequence[ToolSpec]) -> AsyncGenerator[Event, None]:
        self.requests.append(list(further))
        number = sum(message.role == "tool" for message in further)
        if number < len(self.rounds):
            for place, (name, arguments) in enumerate(self.rounds[number]):
                yield ToolCallDelta(place, f"c{place}", name)
                yield ToolCallDelta(place, arguments=arguments)
        else:
            yield TextDelta(" | ".join(part.text for m in further for part in m.parts if isinstance(part, ToolResult)))
        yield Finished("stop")

    def loop(self, turn: Turn) -> ToolLoop:
        async def run(tool: Tool, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutcome:
            self.ran.append(tool.name)
            return await self.runs[tool.name](arguments, context)

        async def ask(id: str, tool: Tool) -> None:
            self.asked.append(tool.name)

        async def decision(id: str) -> Decision | None:
            return self.decisions.get(id.partition(".")[2])

        async def record(tool: Tool, went: str) -> None: ...

        async def keep(file: ToolFile) -> KeptFile:
            return KeptFile(file.kind, Media("d", file.mime, file.name))

        async def load(files: Sequence[KeptFile]) -> Sequence[ToolFile]:
            return [ToolFile(each.kind, each.media.name, each.media.mime, b"kept") for each in files]

        context = ToolContext(chat(), asked(turn).sender, ACCOUNT, "en", "1", "")
        use = ToolUse(
            self.tools,
            lambda tool: tool.permission == "ask",
            *(run, ask, decision, record, keep, load),
            context,
            seconds=self.seconds,
            key=turn.key,
        )
        return ToolLoop(use, ToolSteps(turn))

    async def play(self, turn: Turn) -> list[Event]:
        return [event async for event in self.loop(turn).events(self.complete, lambda _: Usage(0, 0))]


def hanging() -> tuple[ToolLoopRig, asyncio.Event, asyncio.Event]:
    """A rig whose one tool never comes back; an event for its beginning, and one for its end."""
    rig, began, ended = ToolLoopRig([("hang", "{}")]), asyncio.Event(), asyncio.Event()

    async def hang(_: Mapping[str, Any], __: ToolContext) -> ToolOutcome:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        raise AssertionError

    rig.add("hang", hang)
    return rig, began, ended


def text(events: Sequence[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def last_states(events: Sequence[Event]) -> list[str]:
    return list({event.id: event.state for event in events if isinstance(event, ToolStep)}.values())


@pytest.fixture
async def turn(inbox: Inbox) -> Turn:
    return (await begun(inbox))[1]


async def again(inbox: Inbox, turn: Turn) -> Turn:
    """The turn as the next attempt finds it."""
    await turn.failed()
    return await first(turn._claim)


async def test_calls_of_one_answer_run_at_the_same_time(turn: Turn) -> None:
    rig, met = ToolLoopRig([("a", "{}"), ("b", "{}")]), asyncio.Barrier(2)

    async def meet(_: Mapping[str, Any], __: ToolContext) -> ToolOutcome:
        await asyncio.wait_for(met.wait(), 20)
        return ToolOutcome("met")

    rig.add("a", meet)
    rig.add("b", meet)
    assert text(await rig.play(turn)) == "met | met"


async def test_one_that_hangs_is_given_up(turn: Turn) -> None:
    rig, _, ended = hanging()
    rig.seconds = 0.2
    events = await rig.play(turn)
    assert "did not answer within" in text(events) and last_states(events) == ["silent"] and ended.is_set()


async def test_one_that_reports_is_given_more_time(turn: Turn) -> None:
    rig = ToolLoopRig([("slow", "{}")])
    rig.seconds = 0.8

    async def slow(_: Mapping[str, Any], context: ToolContext) -> ToolOutcome:
        for step in range(5):
            await asyncio.sleep(0.2)
            context.report(f"{step}")
        return ToolOutcome("at last")

    rig.add("slow", slow)
    events = await rig.play(turn)
    steps = [event.progress for event in events if isinstance(event, ToolStep)]
    assert text(events) == "at last" and steps[-2:] == ["4", ""] and len(steps) >= 5


async def test_one_that_reports_for_ever_is_given_up(turn: Turn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ALL_SECONDS", 0.3)
    rig = ToolLoopRig([("endless", "{}")])

    async def endless(_: Mapping[str, Any], context: ToolContext) -> ToolOutcome:
        while True:
            await asyncio.sleep(0.02)
            context.report("on and on")

    rig.add("endless", endless)
    assert last_states(await rig.play(turn)) == ["silent"]


async def test_stopping_stops_what_runs(turn: Turn) -> None:
    rig, began, ended = hanging()
    playing = asyncio.create_task(rig.play(turn))
    await began.wait()
    playing.cancel()
    await asyncio.wait([playing])
    assert ended.is_set()


@pytest.mark.parametrize("arguments", ["oops", "[]", '"a"', "{" * 1000, '{"a": "' + "x" * 20_000 + '"}'])
async def test_arguments_that_are_no_object_run_nothing(turn: Turn, arguments: str) -> None:
    rig = ToolLoopRig([("a", arguments), ("nosuch", "{}")])
    rig.add("a")
    events = await rig.play(turn)
    assert rig.ran == [] and last_states(events) == ["failed", "failed"]
    assert "have to be a JSON object" in text(events) and "There is no such tool" in text(events)


async def test_results_and_calls_are_bounded(turn: Turn) -> None:
    rig = ToolLoopRig(*[[("big", "{}")] * 12] * 6)

    async def big(_: Mapping[str, Any], __: ToolContext) -> ToolOutcome:
        return ToolOutcome("x" * 1_000_000)

    rig.add("big", big)
    await rig.play(turn)
    given = [part.text for message in rig.requests[-1] for part in message.parts if isinstance(part, ToolResult)]
    assert len(rig.ran) == module.MAX_CALLS
    assert len(given) == 6 * module.MAX_CALLS_AT_ONCE
    assert sum(map(len, given)) < module.MAX_ALL_RESULT_BYTES + 300 * len(given)


async def test_another_attempt_asks_and_runs_nothing_again(inbox: Inbox, turn: Turn) -> None:
    rig = ToolLoopRig([("a", "{}")], [("b", "{}")])
    rig.add("a")
    rig.add("b")
    before = text(await rig.play(turn))
    asked_before = len(rig.requests)
    events = await rig.play(await again(inbox, turn))
    assert text(events) == before == "a ran | b ran"
    assert rig.ran == ["a", "b"] and len(rig.requests) == asked_before + 1, "only the answer is asked for"


@pytest.mark.parametrize(("repeatable", "ran"), [(False, 1), (True, 2)])
async def test_what_was_begun_runs_again_only_if_harmless(inbox: Inbox, turn: Turn, repeatable: bool, ran: int) -> None:
    rig = ToolLoopRig([("a", "{}")])

    async def dies(_: Mapping[str, Any], __: ToolContext) -> ToolOutcome:
        raise asyncio.CancelledError

    rig.add("a", dies, repeatable=repeatable)
    with pytest.raises(asyncio.CancelledError):
        await rig.play(turn)
    rig.add("a", repeatable=repeatable)
    events = await rig.play(await again(inbox, turn))
    assert len(rig.ran) == ran
    assert last_states(events) == ["done" if repeatable else "unknown"]
    assert ("It is not known" in text(events)) is not repeatable


async def test_the_others_run_while_one_is_asked_about(inbox: Inbox, turn: Turn) -> None:
    rig = ToolLoopRig([("reads", "{}"), ("writes", "{}"), ("deletes", "{}")])
    rig.add("reads")
    rig.add("writes", permission="ask")
    rig.add("deletes", permission="ask")
    events = await rig.play(turn)
    assert isinstance(events[-1], ApprovalAsked) and rig.asked == ["writes"] and rig.ran == ["reads"]
    rig.decisions["0.1"] = "once"
    turn = await again(inbox, turn)
    events = await rig.play(turn)
    assert isinstance(events[-1], ApprovalAsked) and rig.asked == ["writes", "deletes"]
    rig.decisions["0.2"] = "no"
    events = await rig.play(await again(inbox, turn))
    assert rig.ran == ["reads", "writes"] and last_states(events) == ["done", "done", "refused"]
    assert "did not allow" in text(events)
