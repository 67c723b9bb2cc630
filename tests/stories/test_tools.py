"""Stories of tools: a model calls them, somebody allows it or does not, and people see what became of it."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.emulators.gateway import Behaviour, GatewayEmulator, Generation
from tests.emulators.tool_server import ToolServerEmulator
from tests.harness import BridgeProcess, until
from tests.media.samples import photo
from tests.platform import Platform
from tests.platforms import PLATFORMS

READS = {"annotations": {"readOnlyHint": True}}
PARIS = '{"city":"Paris"}'
CLAUDE = "fake-anthropic:claude-ok"


@pytest.fixture
async def tool_server(gateway: GatewayEmulator) -> AsyncIterator[ToolServerEmulator]:
    """A server of the gateway's with a tool that only reads, and one that does not."""
    async with ToolServerEmulator() as server:
        server.add("forecast", "Sunny, 21 degrees.", title="Weather forecast", **READS)
        server.add("book", "Booked.", title="Book a table")
        gateway.mcps["travel"] = server
        yield server


@pytest.fixture
async def bot(
    platform: Platform, gateway: GatewayEmulator, tool_server: ToolServerEmulator, tmp_path: Path
) -> AsyncIterator[BridgeProcess]:
    """Running, with mia as its admin and the tools on."""
    async with BridgeProcess(platform, gateway, tmp_path, BRIDGE_ADMINS=str(platform.user("mia"))) as bot:
        [said] = await bot.ask("/tools on")
        assert "Tools are on here." in said.text and "travel: 2 of 2 tools" in said.text
        yield bot


@pytest.mark.parametrize("model", ["fake-openai:ok", CLAUDE])
async def test_a_tool_that_only_reads_runs_by_itself(
    bot: BridgeProcess, gateway: GatewayEmulator, tool_server: ToolServerEmulator, model: str
) -> None:
    await bot.ask(f"/model {model}")
    gateway.call_tools((("travel__forecast", PARIS),), text="It is: {results}", model=model)
    answer = (await bot.ask("How is the weather?"))[-1]
    assert answer.text == "It is: Sunny, 21 degrees."
    assert "Weather forecast" in answer.aside and answer.buttons == ["Regenerate"]
    assert tool_server.ran == [("forecast", {"city": "Paris"})]
    gateway.answer("Take none.", model=model)
    await bot.ask("An umbrella?")
    assert "Sunny, 21 degrees." in str(gateway.requests[-1].messages), "the history holds calls and results"


async def test_what_it_thought_goes_on_with_it(
    bot: BridgeProcess, platform: Platform, gateway: GatewayEmulator, tool_server: ToolServerEmulator
) -> None:
    """It thinks, calls, thinks, calls, is asked about, and goes on in another process; it would be refused without."""
    thinks = Behaviour(reasoning=("The weather ", "first."), hidden=("A secret.",), thinking="budget")
    gateway.call_tools(
        (("travel__forecast", PARIS),), (("travel__book", PARIS),), text="Done: {results}", model=CLAUDE, like=thinks
    )
    await bot.ask(f"/model {CLAUDE}")
    await bot.ask("/effort high")
    asked = (await bot.ask("Book a table if it is sunny."))[-1]
    assert asked.buttons[0] == "Once" and "Thought for" in asked.aside
    await bot.kill()
    await bot.start()
    await bot.ask("/whoami")  # by then it is connected
    await platform.press(asked.id, "Once")
    done = await until(lambda: next((b for b in bot.bubbles() if b.text.startswith("Done")), None), "the answer")
    assert done.text == "Done: Sunny, 21 degrees. | Booked."
    last = gateway.requests[-1]
    kinds = [[block["type"] for block in each["content"]] for each in last.messages if each["role"] == "assistant"]
    assert kinds == [["thinking", "redacted_thinking", "tool_use"]] * 2
    assert last.body["thinking"] == {"type": "enabled", "budget_tokens": 24_576}, "it thinks to the end"
    gateway.answer("Bye.", model=CLAUDE)
    await bot.ask("Thanks.")
    assert "redacted" not in str(gateway.requests[-1].messages), "the history keeps no thoughts"


async def test_one_that_may_change_things_is_asked_about(
    bot: BridgeProcess, platform: Platform, gateway: GatewayEmulator, tool_server: ToolServerEmulator
) -> None:
    gateway.call_tools((("travel__book", PARIS),))
    asked = (await bot.ask("Book a table."))[-1]
    assert asked.text.replace("\n", " ").startswith("🔧 May Book a table (travel) run? Its input:")
    assert "Paris" in asked.text and asked.buttons == ["Once", "Always here", "No"]
    assert tool_server.count("book") == 0
    gateway.answer("Hello.", model="fake-openai:ok")
    assert (await bot.ask("Hello?"))[-1].text == "Hello.", "the chat goes on meanwhile"
    gateway.call_tools((("travel__book", PARIS),))
    await platform.press(asked.id, "Once")
    done = await until(lambda: next((b for b in bot.bubbles() if b.text == "Booked."), None), "the answer")
    assert done.id == asked.id and "Book a table" in done.aside
    assert tool_server.count("book") == 1
    await platform.say("/audit")
    await until(lambda: any("tool travel/book" in b.text for b in bot.bubbles()), "the trail")
    assert not any("Booked" in b.text for b in bot.bubbles() if "tool travel/book" in b.text), "without results"
    again = (await bot.ask("And another."))[-1]
    await platform.press(again.id, "Always here")
    await until(lambda: tool_server.count("book") == 2, "the second table")
    assert (await bot.ask("A third."))[-1].text == "Booked.", "nobody is asked any more"


async def test_an_edit_of_what_waits_for_a_decision_is_what_is_asked(
    bot: BridgeProcess, platform: Platform, gateway: GatewayEmulator, tool_server: ToolServerEmulator
) -> None:
    gateway.call_tools((("travel__book", PARIS),))
    id = await platform.say("Book a table in Paris.")
    asked = await until(lambda: next((b for b in bot.bubbles() if "Once" in b.buttons), None), "the question")
    gateway.call_tools((("travel__book", '{"city":"Rome"}'),))
    await platform.edit(id, "Book a table in Rome.")
    await until(lambda: "Rome" in next(b.text for b in bot.bubbles() if b.id == asked.id), "the other call")
    assert gateway.requests[-1].question == "Book a table in Rome." and tool_server.count("book") == 0
    await platform.press(asked.id, "Once")
    await until(lambda: any(b.text == "Booked." for b in bot.bubbles()), "the answer")
    assert tool_server.ran == [("book", {"city": "Rome"})]


async def test_what_is_not_allowed_does_not_run(
    bot: BridgeProcess, platform: Platform, gateway: GatewayEmulator, tool_server: ToolServerEmulator
) -> None:
    gateway.call_tools((("travel__book", PARIS),), text="Well, then not.")
    asked = (await bot.ask("Book a table."))[-1]
    await platform.press(asked.id, "No")
    done = await until(lambda: next((b for b in bot.bubbles() if "then not" in b.text), None), "the answer")
    assert "not allowed" in done.aside and tool_server.count("book") == 0
    assert "did not allow" in str(gateway.requests[-1].results)
    await bot.ask("/tools travel never")
    await bot.ask("Book a table.")
    assert "travel__book" not in gateway.requests[-1].offered and "calculator" in gateway.requests[-1].offered


async def test_it_is_allowed_after_a_restart(
    bot: BridgeProcess, platform: Platform, gateway: GatewayEmulator, tool_server: ToolServerEmulator
) -> None:
    gateway.call_tools((("travel__forecast", PARIS), ("travel__book", PARIS)), text="Done: {results}")
    asked = (await bot.ask("Book a table."))[-1]
    assert asked.buttons and tool_server.count("forecast") == 1
    await bot.kill()
    await bot.start()
    await bot.ask("/whoami")  # by then it is connected
    await platform.press(asked.id, "Once")
    done = await until(lambda: next((b for b in bot.bubbles() if b.text.startswith("Done")), None), "the answer")
    assert done.text == "Done: Sunny, 21 degrees. | Booked."
    assert (tool_server.count("forecast"), tool_server.count("book")) == (1, 1)
    assert len(gateway.requests) == 2, "the model is not asked again what it has said"


async def test_only_who_asked_or_an_admin_decides(
    bot: BridgeProcess, platform: Platform, gateway: GatewayEmulator, tool_server: ToolServerEmulator
) -> None:
    await bot.ask("/chat answer all", place="group", mention=True)
    await bot.ask("/allow", place="group", mention=True)
    await bot.ask("/tools on", place="group", mention=True)
    gateway.call_tools((("travel__book", PARIS),))
    asked = (await bot.ask("Book a table.", place="group", mention=True, who="tom"))[-1]
    assert asked.buttons == ["Once", "No"], "what holds for good is an admin's"
    await platform.press(asked.id, "Once", who="ben", place="group")
    await until(lambda: any("Only the person who asked" in b.text for b in bot.bubbles("group")), "a refusal")
    assert tool_server.count("book") == 0
    await platform.press(asked.id, "Once", who="tom", place="group")
    await until(lambda: any(b.text.endswith("Booked.") for b in bot.bubbles("group")), "the answer")
    assert tool_server.count("book") == 1


async def test_a_picture_of_a_tool_is_a_picture(
    bot: BridgeProcess, gateway: GatewayEmulator, tool_server: ToolServerEmulator
) -> None:
    picture = photo(format="PNG")
    content = {"type": "image", "data": base64.b64encode(picture).decode(), "mimeType": "image/png"}
    tool_server.add("chart", {"content": [content]}, **READS)
    await bot.ask("/tools")  # looks at the lists anew
    gateway.call_tools((("travel__chart", "{}"),), text="There.")
    await bot.ask("Draw it.")
    files = await until(lambda: [file for bubble in bot.bubbles() for file in bubble.files], "the picture")
    assert [file.kind for file in files] == ["image"]
    assert "is shown to the person" in str(gateway.requests[-1].results)


async def test_stop_stops_the_tool_too(
    bot: BridgeProcess, platform: Platform, gateway: GatewayEmulator, tool_server: ToolServerEmulator
) -> None:
    gateway.call_tools((("travel__forecast", PARIS),))
    tool_server.released.clear()
    await platform.say("How is the weather?")
    await until(lambda: tool_server.count("forecast") == 1, "the call")
    await platform.say("/stop")
    stopped = await until(lambda: next((b for b in bot.bubbles() if "topped" in b.text), None), "its end")
    assert "Weather forecast" in stopped.aside
    tool_server.released.set()
    gateway.answer("Fine.")
    assert (await bot.ask("And now?"))[-1].text == "Fine."
    assert tool_server.count("forecast") == 1


async def test_two_run_at_once(
    bot: BridgeProcess, platform: Platform, gateway: GatewayEmulator, tool_server: ToolServerEmulator
) -> None:
    tool_server.add("tides", "High at noon.", title="Tides", **READS)
    await bot.ask("/tools")  # looks at the lists anew
    gateway.call_tools((("travel__forecast", PARIS), ("travel__tides", "{}")), text="It is: {results}")
    tool_server.released.clear()
    before = len(bot.bubbles())
    await platform.say("How is it at the sea?")
    await until(
        lambda: tool_server.count("forecast") and tool_server.count("tides"), "both calls, while neither has ended"
    )
    tool_server.released.set()
    answer = (await bot.answer(before))[-1]
    assert answer.text == "It is: Sunny, 21 degrees. | High at noon."
    assert "Weather forecast" in answer.aside and "Tides" in answer.aside


async def test_one_that_hangs_holds_nobody_up(
    platform: Platform, gateway: GatewayEmulator, tool_server: ToolServerEmulator, tmp_path: Path
) -> None:
    """A server of the bridge's own: as long as it reports how far it is, it has time; then it is given up."""
    file = tmp_path / "mcp.json"
    file.write_text(json.dumps({"mcpServers": {"own": {"url": tool_server.url}}}))
    gateway.mcps.clear()
    settings = {"BRIDGE_MCP_FILE": str(file), "BRIDGE_TOOL_SECONDS": "3", "BRIDGE_ADMINS": str(platform.user("mia"))}
    tool_server.reports["forecast"] = [{"progress": 1, "total": 8, "message": "asking"}, {"progress": 2, "total": 5}]
    tool_server.released.clear()
    async with BridgeProcess(platform, gateway, tmp_path, **settings) as bot:
        await bot.ask("/tools on")
        gateway.call_tools((("own__forecast", PARIS),), text="Well: {results}")
        await platform.say("How is the weather?")
        running = await until(
            lambda: next((b for b in bot.bubbles() if "Weather forecast · 40% …" in b.aside), None), "its line"
        )
        await platform.say("/whoami")
        await until(lambda: any(b.text.startswith("You are") for b in bot.bubbles()), "a command is answered meanwhile")
        gateway.answer("Fine.", model="fake-openai:ok")
        await bot.ask("/allow", place="group", mention=True)
        assert (await bot.ask("Hello?", place="group", mention=True))[-1].text == "Fine.", "and so is another chat"
        await platform.press(running.id, "Stop")
        await until(lambda: any("topped" in b.text for b in bot.bubbles()), "its end")
        tool_server.reports.clear()
        gateway.call_tools((("own__forecast", PARIS),), text="Well: {results}")
        given_up = (await bot.ask("And now?"))[-1]
        assert given_up.text.startswith("Well: The tool did not answer within 3 seconds.")
        assert "Weather forecast: no answer, given up" in given_up.aside
        assert tool_server.count("forecast") == 2
        tool_server.released.set()


async def test_thirty_rounds_end_at_ten(
    bot: BridgeProcess, gateway: GatewayEmulator, tool_server: ToolServerEmulator
) -> None:
    gateway.call_tools(*[(("travel__forecast", PARIS),)] * 30)
    answer = (await bot.ask("Again and again."))[-1]
    assert tool_server.count("forecast") == 10
    assert "The model was stopped after 10 rounds of tools." in answer.text


async def test_a_model_without_tools_is_asked_without(
    bot: BridgeProcess, gateway: GatewayEmulator, tool_server: ToolServerEmulator
) -> None:
    gateway.behave("ok", Behaviour(text="Hello.", toolless="registry.example/ok does not support tools"))
    assert (await bot.ask("Hi."))[-1].text == "Hello."
    assert [bool(request.offered) for request in gateway.requests] == [True, False]
    await bot.ask("Hi again.")
    assert not gateway.requests[-1].offered and len(gateway.requests) == 3, "it is remembered"


@pytest.mark.parametrize(
    ("generation", "moment"),
    [("B", "before the call"), ("C", "during it"), ("B", "after it"), ("C", "in the answer")],
)
async def test_no_crash_runs_a_tool_twice(generation: Generation, moment: str, tmp_path: Path) -> None:
    """Killed at every border of a step; what may have had its effect is not run again, and people see so."""
    async with (
        PLATFORMS["telegram"]() as platform,
        GatewayEmulator(generation) as gateway,
        ToolServerEmulator() as tool_server,
        BridgeProcess(platform, gateway, tmp_path, BRIDGE_ADMINS=str(platform.user("mia"))) as bot,
    ):
        tool_server.add("book", "Booked.")
        gateway.mcps["travel"] = tool_server
        await bot.ask("/tools on")
        await bot.ask("/tools travel always")
        calls = (("travel__book", PARIS),)
        match moment:
            case "before the call":
                gateway.answer("never", first_token=60)
                await platform.say("Book a table.")
                await until(lambda: gateway.requests, "the question")
            case "during it":
                tool_server.released.clear()
                gateway.call_tools(calls, text="It is: {results}")
                await platform.say("Book a table.")
                await until(lambda: tool_server.count("book"), "the call")
            case "after it":
                gateway.call_tools(calls, first_token=60)
                await platform.say("Book a table.")
                await until(lambda: len(gateway.requests) == 2, "the second question")
            case _:
                gateway.call_tools(calls, text="It is: {results} " + "More words. " * 200)
                await platform.say("Book a table.")
                await until(lambda: any("It is" in b.text for b in bot.bubbles()), "the beginning of the answer")
        await bot.kill()
        gateway.call_tools(calls, text="It is: {results}")
        tool_server.released.set()
        await bot.start()
        [done] = await until(
            lambda: [b for b in bot.bubbles() if b.text.startswith("It is") and "Stop" not in b.buttons], "the answer"
        )
        assert tool_server.count("book") == 1
        if moment == "during it":
            assert "interrupted, not run again" in done.aside
            assert "It is not known whether this call had its effect" in done.text
        elif moment != "in the answer":
            assert done.text == "It is: Booked."
