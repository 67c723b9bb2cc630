"""Stories of two models that answer the same question side by side."""

from __future__ import annotations

import asyncio

from tests.emulators.gateway import Behaviour, GatewayEmulator
from tests.harness import BridgeProcess, until
from tests.platform import Bubble, Platform

GO_ON = "Go on with this one"
LONG = "".join(f"Sentence number {number} of a rather long answer. " for number in range(60))


def ended(bot: BridgeProcess) -> list[Bubble]:
    found = bot.bubbles()
    return found if len(found) >= 2 and all(" tokens" in each.text for each in found[:2]) else []


def of(bubbles: list[Bubble], model: str) -> Bubble:
    return next(bubble for bubble in bubbles if bubble.text.startswith(model))


async def test_two_models_answer_at_once_and_one_goes_on(
    bot: BridgeProcess, platform: Platform, gateway: GatewayEmulator
) -> None:
    gateway.behave("ok", Behaviour(text="Blue, says one. " * 20, tokens_per_second=30))
    gateway.behave("claude-ok", Behaviour(text="Green, says the other. " * 20, tokens_per_second=30))
    await platform.say("/compare fake-openai:ok claude-ok What colour is it?")
    await until(lambda: len(bot.bubbles()) == 2 and all("says" in each.text for each in bot.bubbles()), "both to grow")
    await bot.kill()
    await bot.start()
    both = await until(lambda: ended(bot), f"both answers; {bot.bubbles()!r}")
    assert len(both) == 2, "each stands there once"
    one, other = of(both, "fake-openai:ok"), of(both, "fake-anthropic:claude-ok")
    assert "Blue" in one.text and "Green" in other.text
    assert one.buttons == other.buttons == [GO_ON]
    await platform.press(other.id, GO_ON)
    await until(lambda: not any(GO_ON in each.buttons for each in bot.bubbles()), "the choice")
    gateway.behave("ok", Behaviour(text=None))
    await bot.ask("And now?")
    asked = [message["content"] for message in gateway.requests[-1].messages]
    assert asked[0] == "What colour is it?" and asked[1].startswith("Green") and asked[2] == "And now?"


async def test_compare_in_the_picker_asks_the_last_question(
    bot: BridgeProcess, platform: Platform, gateway: GatewayEmulator
) -> None:
    assert "Compare" not in (await bot.ask("/model"))[-1].buttons, "there is nothing to compare yet"
    gateway.behave("ok", Behaviour(text="Blue."))
    gateway.behave("claude-ok", Behaviour(text="Green."))
    await bot.ask("/model fake-openai:ok")
    await bot.ask("What colour is it?")
    assert (await bot.ask("/compare fake-openai:ok"))[-1].buttons == ["Compare"], "the last question is at hand"
    menu = (await bot.ask("/model"))[-1]
    await platform.press(menu.id, "Compare")

    def buttons() -> list[str]:
        return next(bubble.buttons for bubble in bot.bubbles() if bubble.id == menu.id)

    await until(lambda: "Compare" not in buttons(), "the models to choose from")
    await platform.press(menu.id, next(label for label in buttons() if label.startswith("Fake Anthropic")))
    await until(lambda: any("Claude" in label or "claude" in label for label in buttons()), "those of one provider")
    before = len(bot.bubbles())
    label = next(label for label in buttons() if "ok" in label.lower())
    await asyncio.gather(*(platform.press(menu.id, label) for _ in range(2)))

    def both() -> list[Bubble]:
        found = bot.bubbles()[before:]
        return found if len(found) == 2 and all(GO_ON in bubble.buttons for bubble in found) else []

    answers = await until(both, "both answers")
    assert "Blue." in of(answers, "fake-openai:ok").text
    other = of(answers, "fake-anthropic:claude-ok")
    assert "Green." in other.text
    await platform.press(other.id, GO_ON)
    await until(lambda: not any(GO_ON in each.buttons for each in bot.bubbles()), "the choice")
    assert len(gateway.requests) == 3, "two presses at once are one"
    assert (await bot.ask("/model"))[-1].text.startswith("Now: Fake OpenAI"), "the chat's model is what it was"
    await bot.ask("And now?")
    asked = [message["content"] for message in gateway.requests[-1].messages]
    assert asked == ["What colour is it?", "Green.", "And now?"], "asked once, as far as the conversation goes"


async def test_stop_ends_both(bot: BridgeProcess, platform: Platform, gateway: GatewayEmulator) -> None:
    for model in ("ok", "claude-ok"):
        gateway.behave(model, Behaviour(text=LONG, tokens_per_second=20))
    await platform.say("/compare fake-openai:ok claude-ok Tell me.")
    await until(
        lambda: len(bot.bubbles()) == 2 and all("number 1" in each.text for each in bot.bubbles()), "some words"
    )
    await platform.say("/stop")
    both = await until(lambda: ended(bot), "both to end")
    assert all("stopped" in bubble.text for bubble in both)
    assert len(both) == 2


async def test_what_names_no_two_models_says_so(bot: BridgeProcess) -> None:
    assert "/compare model-a model-b question" in (await bot.ask("/compare ok"))[-1].text
    assert "There is no model “nosuch”." in (await bot.ask("/compare ok nosuch why?"))[-1].text
