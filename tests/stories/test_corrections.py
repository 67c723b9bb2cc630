"""Stories of second thoughts: a question is edited or taken back, and its answer with it."""

from __future__ import annotations

import pytest

from tests.emulators.gateway import GatewayEmulator
from tests.harness import BridgeProcess, until
from tests.platform import Platform

LONG = "".join(f"Sentence number {number} of a rather long answer. " for number in range(60))


def asked(gateway: GatewayEmulator) -> list[str]:
    return [message["content"] for message in gateway.requests[-1].messages]


def texts(bot: BridgeProcess) -> list[str]:
    return [bubble.text for bubble in bot.bubbles() if not bubble.streaming and "Stop" not in bubble.buttons]


async def test_an_edited_question_is_answered_anew_in_place(
    bot: BridgeProcess, platform: Platform, gateway: GatewayEmulator
) -> None:
    await bot.ask("hello")
    id = await platform.say("Is two an odd number?")
    await until(lambda: texts(bot)[1:] == ["You said: Is two an odd number?"])
    await platform.edit(id, "Is three an odd number?")
    await until(lambda: texts(bot)[1:] == ["You said: Is three an odd number?"], "the answer in its place")
    assert asked(gateway) == ["hello", "You said: hello", "Is three an odd number?"]
    await bot.ask("And four?")
    assert asked(gateway)[2:] == ["Is three an odd number?", "You said: Is three an odd number?", "And four?"]
    await platform.edit(id, "Is five an odd number?")  # it is not the last one any more
    await bot.ask("And six?")
    assert asked(gateway)[2] == "Is three an odd number?"
    await until(lambda: not any(bubble.buttons for bubble in bot.bubbles()[:-1]), "older answers to lose their buttons")
    # Asked again as a reply, it is asked as it reads now, and the conversation goes on from there.
    await platform.say("/retry", reply_to=id)
    await until(lambda: texts(bot)[-1:] == ["You said: Is five an odd number?"], "the older one answered anew")
    assert asked(gateway) == ["hello", "You said: hello", "Is five an odd number?"]
    await bot.ask("And seven?")
    assert asked(gateway)[2:] == ["Is five an odd number?", "You said: Is five an odd number?", "And seven?"]


async def test_an_edit_while_the_answer_grows_begins_it_anew(
    bot: BridgeProcess, platform: Platform, gateway: GatewayEmulator
) -> None:
    gateway.answer(LONG, tokens_per_second=20)
    id = await platform.say("Tell me of cats.")
    await until(lambda: bot.bubbles() and "number 1" in bot.bubbles()[0].text, "some of the answer")
    gateway.answer("Dogs bark.")
    await platform.edit(id, "Tell me of dogs.")
    await until(lambda: texts(bot) == ["Dogs bark."], "the other answer in its place")
    assert gateway.requests[0].gone is not None, "the first one was given up"
    await bot.ask("More.")
    assert asked(gateway) == ["Tell me of dogs.", "Dogs bark.", "More."]
    assert len(bot.bubbles()) == 2


async def test_an_edit_of_one_of_several_messages_corrects_all_of_it(
    bot: BridgeProcess, platform: Platform, gateway: GatewayEmulator
) -> None:
    gateway.answer("Yes.", first_token=2.0)
    first = await platform.say("I have a cat.")
    await until(lambda: gateway.requests, "the first to be asked")
    await platform.say("It is black.")
    await until(lambda: texts(bot) == ["Yes."])
    gateway.answer("No.")
    await platform.edit(first, "I have a dog.")
    await until(lambda: texts(bot) == ["No."], "the answer to the whole")
    assert asked(gateway) == ["I have a dog.\n\nIt is black."]
    await bot.kill()
    await bot.start()
    await bot.ask("And?")
    assert asked(gateway) == ["I have a dog.\n\nIt is black.", "No.", "And?"]


async def test_a_question_that_is_taken_back_goes_with_its_answer(
    bot: BridgeProcess, platform: Platform, gateway: GatewayEmulator
) -> None:
    if platform.channel == "telegram":
        pytest.skip("Telegram tells bots nothing of it")
    older = await platform.say("one")
    await until(lambda: texts(bot) == ["You said: one"])
    last = await platform.say("two")
    await until(lambda: texts(bot) == ["You said: one", "You said: two"])
    await platform.delete(last)
    await until(lambda: texts(bot) == ["You said: one"], "the answer to go")
    await bot.ask("three")
    assert asked(gateway) == ["one", "You said: one", "three"]
    await platform.delete(older)
    await until(lambda: texts(bot) == ["You said: three"], "the older answer to go")
    gateway.answer(LONG, tokens_per_second=20)
    growing = await platform.say("four")
    await until(lambda: len(bot.bubbles()) == 2 and "number 1" in bot.bubbles()[1].text, "some of the answer")
    await platform.delete(growing)
    await until(lambda: len(bot.bubbles()) == 1, "what has grown to go")
    gateway.answer("Five.")
    await bot.ask("five")
    assert asked(gateway) == ["three", "You said: three", "five"]
