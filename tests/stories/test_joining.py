"""Stories of several messages that are one thought: what comes before there are words joins what it goes on with."""

from __future__ import annotations

import pytest

from tests.emulators.gateway import GatewayEmulator
from tests.harness import BridgeProcess, until
from tests.platform import Platform

LONG = "".join(f"Sentence number {number} of a rather long answer. " for number in range(20))


async def asked(gateway: GatewayEmulator, question: str) -> None:
    await until(lambda: [each for each in gateway.requests if each.question == question], f"{question!r} to be asked")


async def test_three_messages_in_a_row_get_one_answer(
    bot: BridgeProcess, platform: Platform, gateway: GatewayEmulator
) -> None:
    await bot.ask("hello")
    gateway.answer("Yes.", first_token=3.0)
    await platform.say("I have a cat.")
    await asked(gateway, "I have a cat.")
    await platform.say("It is black.")
    await platform.say("Can you draw it?")
    [answer] = await bot.answer(1)
    whole = "I have a cat.\n\nIt is black.\n\nCan you draw it?"
    assert answer.text == "Yes." and gateway.requests[-1].question == whole
    assert all(each.gone is not None for each in gateway.requests[1:-1]), "what was asked before was given up"
    await bot.ask("/retry")
    assert gateway.requests[-1].question == whole, "asked again as a whole"
    await bot.ask("And?")
    messages = [each["content"] for each in gateway.requests[-1].messages]
    assert messages == ["hello", "You said: hello", whole, "Yes.", "And?"]
    assert len(bot.bubbles()) == 4


async def test_what_waits_behind_a_long_answer_is_one_question(
    bot: BridgeProcess, platform: Platform, gateway: GatewayEmulator
) -> None:
    gateway.answer(LONG, tokens_per_second=60)
    await platform.say("Tell me.")
    await until(lambda: bot.bubbles(), "the first words")
    gateway.answer("Yes.")
    await platform.say("And this?")
    await platform.say("And that?")
    await until(lambda: [b.text for b in bot.bubbles()] == [LONG.strip(), "Yes."], "two answers")
    assert [each.question for each in gateway.requests] == ["Tell me.", "And this?\n\nAnd that?"]


@pytest.mark.parametrize("first", ["forward", "comment"])
async def test_a_forward_and_its_comment_get_one_answer(
    first: str, bot: BridgeProcess, platform: Platform, gateway: GatewayEmulator
) -> None:
    """Telegram's apps send the comment first. On Feishu one forwarded message comes as if its sender had written it."""
    tells = platform.channel != "feishu"
    await bot.ask("hello")
    gateway.answer("In short.", first_token=2.0)
    for forwarded in (first == "forward", first == "comment"):
        await platform.say("Their words." if forwarded else "Summarise this.", forwarded=forwarded and tells)
    [answer] = await bot.answer(1)
    assert answer.text == "In short."
    both = ["Their words.", "Summarise this."]
    plain = "\n\n".join(both if first == "forward" else both[::-1])
    assert gateway.requests[-1].question == ("> Their words.\nSummarise this." if tells else plain)


async def test_in_a_group_each_person_has_a_thought_of_their_own(
    bot: BridgeProcess, platform: Platform, gateway: GatewayEmulator
) -> None:
    await bot.ask("/allow", place="group", mention=True)
    gateway.answer("Yes.", first_token=1.0)
    await platform.say("One", place="group", mention=True)
    await platform.say("Two", place="group", mention=True)
    await platform.say("Mine", who="tom", place="group", mention=True)
    await platform.say("not for the bot", place="group")
    await platform.say("Three", place="group", mention=True)
    await until(lambda: [b.text for b in bot.bubbles("group")[1:]] == ["Yes."] * 3, "three answers")
    told = [each.question.partition(": ")[2] for each in gateway.requests if each.done]
    assert told == ["One\n\nTwo", "Mine", "Three"]


async def test_stop_stops_the_whole_thought(bot: BridgeProcess, platform: Platform, gateway: GatewayEmulator) -> None:
    gateway.answer("Never.", first_token=30.0)
    await platform.say("One")
    await asked(gateway, "One")
    await platform.say("Two")
    await asked(gateway, "One\n\nTwo")
    await platform.say("/stop")
    [stopped] = await bot.answer()
    assert "Never" not in stopped.text
    gateway.answer("Yes.")
    await bot.ask("Three")
    assert gateway.requests[-1].question == "Three" and len(bot.bubbles()) == 2


async def test_a_crash_leaves_the_thought_whole(
    bot: BridgeProcess, platform: Platform, gateway: GatewayEmulator
) -> None:
    gateway.answer(LONG, first_token=1.5, tokens_per_second=40)
    await platform.say("One")
    await asked(gateway, "One")
    await platform.say("Two")
    await until(lambda: bot.bubbles() and len(bot.bubbles()[-1].writes) > 1, "an answer under way")
    await platform.say("Three")
    await bot.kill()
    gateway.answer(LONG, tokens_per_second=2000)
    await bot.start()
    await until(lambda: [b.text for b in bot.bubbles()] == [LONG.strip()] * 2, "two answers")
    assert [each.question for each in gateway.requests if each.done] == ["One\n\nTwo", "Three"]
