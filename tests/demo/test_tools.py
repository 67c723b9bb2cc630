"""The demo's models call tools, and its gateway hands out a weather and notes."""

from __future__ import annotations

from tests.harness import HOME, BridgeInProcess


async def test_two_messages_show_it(bridge: BridgeInProcess) -> None:
    assert "weather" in await bridge.say("/tools on")
    said = await bridge.say("What is the weather in Paris?")
    assert said.startswith("Here is what the tool says:") and "Paris: " in said
    assert "144" in await bridge.say("What is 12 * 12?")
    await bridge.say("Note down: buy milk")
    question = bridge.shown_in(HOME)[-1]
    assert "buy milk" in question.text and question.buttons[0].label == "Once"
    await bridge.say(question.buttons[0].command, menu=question.ref)
    assert "Notes so far: 1." in bridge.shown_in(HOME)[-1].text
