"""Stories of the buttons under an answer: once more, shorter, more of it, another model, and back to what it said."""

from __future__ import annotations

from tests.emulators.gateway import Behaviour, GatewayEmulator
from tests.harness import BridgeProcess, until
from tests.platform import Bubble, Platform

OLD = "That is not the last answer any more."


async def shows(bot: BridgeProcess, text: str, number: int = 0) -> Bubble:
    """The bubble of this number, once it shows `text` and has come to rest."""

    def look() -> Bubble | None:
        found = bot.bubbles()[number : number + 1]
        rest = found and found[0].text == text and not found[0].streaming and "Stop" not in found[0].buttons
        return found[0] if rest and (found[0].buttons or number == 0) else None

    return await until(look, f"{text!r} among {bot.bubbles()!r}")


def asked(gateway: GatewayEmulator) -> list[str]:
    return [message["content"] for message in gateway.requests[-1].messages]


async def test_regenerate_stands_in_place_and_versions_can_be_gone_back_to(
    bot: BridgeProcess, platform: Platform, gateway: GatewayEmulator
) -> None:
    gateway.answer("One.")
    [bubble] = await bot.ask("Count.")
    assert bubble.buttons == ["Regenerate"]
    gateway.answer("Two.")
    await platform.press(bubble.id, "Regenerate")
    assert (await shows(bot, "Two.")).buttons == ["Regenerate", "‹ 1/2"]
    gateway.answer("Three.")
    await platform.press(bubble.id, "Regenerate")
    assert (await shows(bot, "Three.")).buttons == ["Regenerate", "‹ 2/3"]
    assert asked(gateway) == ["Count."]
    await platform.press(bubble.id, "‹ 2/3")
    assert (await shows(bot, "Two.")).buttons == ["Regenerate", "‹ 1/3", "› 3/3"]
    await bot.kill()
    await bot.start()
    await bot.ask("/whoami")  # Discord delivers no press twice, so it has to be there by now
    await platform.press(bubble.id, "‹ 1/3")
    assert (await shows(bot, "One.")).buttons == ["Regenerate", "› 2/3"]
    before = len(gateway.requests)
    gateway.answer("Next.")
    await platform.say("And then?")
    await shows(bot, "Next.", 2)
    assert len(gateway.requests) == before + 1
    assert asked(gateway) == ["Count.", "One.", "And then?"]
    await until(lambda: not bot.bubbles()[0].buttons, "the old answer to lose its buttons")
    assert [each.text for each in bot.bubbles()][::2] == ["One.", "Next."]


async def test_an_old_button_says_so_and_two_presses_are_one(
    bot: BridgeProcess, platform: Platform, gateway: GatewayEmulator
) -> None:
    assert (await bot.ask("/buttons lots"))[-1].text.replace("`", "").startswith("“lots” is not a value of buttons.")
    gateway.answer("One.")
    await platform.say("Count.")
    old = await shows(bot, "One.", 1)
    gateway.answer("Two.")
    await platform.press(old.id, "Regenerate")
    await platform.press(old.id, "Regenerate")
    new = await shows(bot, "Two.", 1)
    await bot.ask("/whoami")  # both presses have been heard
    assert len(gateway.requests) == 2
    assert new.buttons == ["Regenerate", "‹ 1/2"]
    before = len(bot.bubbles())
    for forged in ("/answer 0123456789abcdef retry", "/answer", "/answer 0123456789abcdef 7"):
        await platform.press(new.id, "Regenerate", command=forged)
        told = await bot.answer(before)
        assert told[-1].text == OLD
        before = len(bot.bubbles())
    assert len(gateway.requests) == 2
    assert bot.bubbles()[1].text == "Two."


async def test_an_old_stop_stops_no_other_answer(
    bot: BridgeProcess, platform: Platform, gateway: GatewayEmulator
) -> None:
    gateway.answer(" ".join(["word"] * 400), tokens_per_second=20)
    await platform.say("Talk.")
    old = await until(lambda: next((b for b in bot.bubbles() if "Stop" in b.buttons), None), "a button")
    await platform.press(old.id, "Stop")
    await until(lambda: "⏹" in bot.bubbles()[0].text or "topped" in bot.bubbles()[0].text, "its end")
    gateway.answer("One two three four five six seven eight.", tokens_per_second=6)
    await platform.say("Again.")
    new = await until(lambda: next((b for b in bot.bubbles()[1:] if "Stop" in b.buttons), None), "the next answer")
    await platform.press(new.id, "Stop", command=f"/stop {'a' * 16}")  # as under the answer before
    assert (await shows(bot, "One two three four five six seven eight.", 1)).id == new.id


async def test_all_buttons_by_choice_and_none(bot: BridgeProcess, platform: Platform, gateway: GatewayEmulator) -> None:
    assert (await bot.ask("/buttons all"))[-1].text == "Under an answer are all the buttons."
    gateway.answer("A long answer, which says a great deal.")
    await platform.say("Tell me.")
    bubble = await shows(bot, "A long answer, which says a great deal.", 1)
    assert bubble.buttons == ["Regenerate", "Other model", "Shorter"]
    gateway.answer("Short.")
    await platform.press(bubble.id, "Shorter")
    assert "‹ 1/2" in (await shows(bot, "Short.", 1)).buttons
    assert asked(gateway)[:2] == ["Tell me.", "A long answer, which says a great deal."]
    assert "shorter" in asked(gateway)[2]
    await platform.press(bubble.id, "Other model")
    menu = (await bot.answer(2))[-1]
    label = next(label for label in menu.buttons if label.startswith("Fake OpenAI"))
    await platform.press(menu.id, label)
    await until(lambda: "› 2/" in " ".join(bot.bubbles()[2].buttons), "a page of models")
    while "Reason" not in " ".join(bot.bubbles()[2].buttons):
        shown = bot.bubbles()[2].buttons
        await platform.press(menu.id, next(label for label in shown if label.startswith("›")))
        await until(lambda shown=shown: bot.bubbles()[2].buttons != shown, "the next page")  # type: ignore[misc]
    await platform.press(menu.id, next(label for label in bot.bubbles()[2].buttons if "Reason" in label))
    assert "‹ 2/3" in (await shows(bot, "你好，world", 1)).buttons
    await until(lambda: bot.bubbles()[2].text == "Now: Fake OpenAI · Reason", "the choice")
    assert gateway.requests[-1].model == "fake-openai:reason"
    assert asked(gateway) == ["Tell me."]
    await bot.ask("/buttons off")
    assert (await bot.ask("Again."))[-1].buttons == []


async def test_continue_goes_on_in_the_same_message(
    bot: BridgeProcess, platform: Platform, gateway: GatewayEmulator
) -> None:
    gateway.behave("ok", Behaviour(text="Once upon a time", end="length"))
    [bubble] = await bot.ask("A story.")
    assert bubble.buttons == ["Continue", "Regenerate"]
    gateway.behave("ok", Behaviour(text="there was an end."))
    await platform.press(bubble.id, "Continue")
    whole = await shows(bot, "Once upon a time there was an end.")
    assert whole.buttons == ["Regenerate"]
    await bot.ask("Next.")
    assert asked(gateway) == ["A story.", "Once upon a time there was an end.", "Next."]


async def test_an_answer_that_fails_again_leaves_the_one_before(
    bot: BridgeProcess, platform: Platform, gateway: GatewayEmulator
) -> None:
    gateway.behave("ok", Behaviour(text="It is good."))
    [bubble] = await bot.ask("How is it?")
    gateway.behave("ok", Behaviour(refusal=(403, "Country, region, or territory not supported")))
    await platform.press(bubble.id, "Regenerate")
    found = await until(lambda: next((b for b in bot.bubbles() if "⚠" in b.text and "Stop" not in b.buttons), None))
    assert found.text.startswith("It is good.")
    assert found.buttons == ["Regenerate"]
    gateway.behave("ok", Behaviour(text="Fine."))
    await bot.ask("And now?")
    assert asked(gateway) == ["How is it?", "It is good.", "And now?"]
