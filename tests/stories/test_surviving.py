"""Stories of trouble: a crash, a lost answer, a rate limit, a gateway that is off, hostile updates."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.emulators.gateway import Behaviour, GatewayEmulator
from tests.harness import BridgeProcess, until
from tests.platform import Platform

LONG = "".join(f"Sentence number {number} of a rather long answer. " for number in range(40))


async def test_a_crash_in_the_middle_is_taken_up_in_the_same_bubble(
    bot: BridgeProcess, platform: Platform, gateway: GatewayEmulator
) -> None:
    gateway.answer(LONG, tokens_per_second=40)
    await platform.say("Tell me.")
    await until(lambda: bot.bubbles() and len(bot.bubbles()[-1].writes) > 1, "an answer under way")
    [half] = bot.bubbles()
    await bot.kill()
    assert LONG.startswith(half.text.strip())
    gateway.answer(LONG, tokens_per_second=400)
    await bot.start()
    [whole] = await until(lambda: [b for b in bot.bubbles() if b.text == LONG.strip()], "the whole answer")
    assert whole.id == half.id
    [only] = await bot.answer()
    assert only.buttons == ["Regenerate"]
    gateway.answer("Yes.")
    await bot.ask("Go on?")
    messages = gateway.requests[-1].messages
    assert [message["content"] for message in messages] == ["Tell me.", LONG, "Go on?"]


async def test_a_crash_in_an_answer_of_several_messages_completes_them(
    bot: BridgeProcess, platform: Platform, gateway: GatewayEmulator
) -> None:
    bubbles = max(1, platform.bubble_length // 4096)
    text = LONG * 6 * bubbles
    gateway.answer(text, tokens_per_second=250 * bubbles)
    await platform.say("Tell me more.")
    await until(lambda: len(bot.bubbles()) >= 2 and len(bot.bubbles()[1].writes) > 1, "a second bubble that grows")
    ids = [bubble.id for bubble in bot.bubbles()]
    await bot.kill()
    gateway.answer(text, tokens_per_second=5000 * bubbles)
    await bot.start()
    await until(lambda: "".join(b.text for b in bot.bubbles()).replace(" ", "") == text.replace(" ", ""), "all of it")
    assert [bubble.id for bubble in bot.bubbles()][: len(ids)] == ids


async def test_what_was_sent_while_it_was_down_is_answered_once(bot: BridgeProcess, platform: Platform) -> None:
    await bot.ask("hello")
    await bot.kill()
    await platform.say("Are you there?")
    await bot.start()
    [answer] = await bot.answer(1)
    assert answer.text == "You said: Are you there?"
    await bot.ask("Once?")
    said = [f"You said: {asked}" for asked in ("hello", "Are you there?", "Once?")]
    assert [bubble.text for bubble in bot.bubbles()] == said


async def test_a_message_delivered_twice_is_answered_once(
    bot: BridgeProcess, platform: Platform, gateway: GatewayEmulator
) -> None:
    message = await platform.say("Only once.")
    await bot.answer()
    await platform.redeliver(message)
    await bot.ask("And you?")
    assert [request.question for request in gateway.requests] == ["Only once.", "And you?"]
    assert len(bot.bubbles()) == 2


async def test_a_rate_limit_in_the_middle_loses_no_word(
    bot: BridgeProcess, platform: Platform, gateway: GatewayEmulator
) -> None:
    gateway.answer(LONG, tokens_per_second=60)
    await platform.say("Tell me.")
    await until(lambda: bot.bubbles(), "the first words")
    platform.flood(2.0)
    await until(lambda: [b.text for b in bot.bubbles()] == [LONG.strip()], "the whole answer")
    assert platform.refusals == 1


@pytest.mark.parametrize("loss", ["lose_answers", "drop_requests"])
async def test_a_lost_connection_leaves_one_bubble(
    loss: str, bot: BridgeProcess, platform: Platform, gateway: GatewayEmulator
) -> None:
    await bot.ask("hello")
    getattr(platform, loss)(1)
    await platform.say("Tell me.")
    await until(lambda: any(b.text == "You said: Tell me." for b in bot.bubbles()), "the answer")
    await platform.say("Next.")
    expected = ["You said: hello", "You said: Tell me.", "You said: Next."]
    await until(lambda: [bubble.text for bubble in bot.bubbles()] == expected, "each answer once")


async def test_the_gateway_is_off_and_comes_back(
    bot: BridgeProcess, platform: Platform, gateway: GatewayEmulator
) -> None:
    await gateway.stop()
    asked = asyncio.get_running_loop().time()
    [told] = await bot.ask("hello")
    assert told.text.startswith("⚠️ Cherry Studio is not answering. Is it running, with its API server on?")
    assert gateway.url in told.text, "an admin is told where it was looked for"
    assert told.writes[0][0] - asked < 5
    await gateway.start()
    assert (await bot.ask("hello again"))[-1].text == "You said: hello again"
    assert len(gateway.requests[-1].messages) == 1


async def test_a_member_is_told_in_their_language_without_addresses(
    platform: Platform, gateway: GatewayEmulator, tmp_path: Path
) -> None:
    settings = {"BRIDGE_ADMINS": str(platform.user("mia")), "BRIDGE_LANGUAGE": "zh-CN"}
    async with BridgeProcess(platform, gateway, tmp_path, **settings) as bot:
        await bot.ask(f"/allow {platform.user('tom')}")
        await gateway.stop()
        [told] = await bot.ask("你好", who="tom")
        assert told.text == "⚠️ Cherry Studio 没有应答。它在运行吗？API 服务器打开了吗？"


async def test_hostile_updates_are_set_aside_and_the_next_is_answered(
    bot: BridgeProcess, platform: Platform, gateway: GatewayEmulator
) -> None:
    assert await platform.hostile() > 5
    assert (await bot.ask("Still there?"))[-1].text == "You said: Still there?"
    assert len(gateway.requests) == 1
    assert "set aside" in bot.output()


async def test_secrets_and_words_are_absent_from_everything_it_wrote(
    bot: BridgeProcess, platform: Platform, gateway: GatewayEmulator
) -> None:
    """At debug level, through success and every kind of failure."""
    await bot.ask("CanaryWords one")
    for model in ("err401", "err429", "err500", "cut", "err502html", "err400"):
        await bot.ask(f"/model fake-openai:{model}")
        await bot.ask("CanaryWords two")
    platform.lose_answers(1)
    platform.drop_requests(1)
    await bot.ask("CanaryWords three")
    await platform.hostile()
    await gateway.stop()
    await bot.ask("CanaryWords four")
    await gateway.start()
    await bot.stop()
    written = bot.everything()
    assert "turn" in written
    for secret in [*platform.secrets, gateway.key]:
        assert secret not in written
        assert secret[: len(secret) // 2] not in written
    assert "CanaryWords" not in written


async def test_it_stops_when_asked_and_leaves_nothing_running(bot: BridgeProcess, platform: Platform) -> None:
    await bot.ask("hello")
    assert await bot.stop() == 0
    assert "stopped" in bot.output()
    assert "Traceback" not in bot.output()


async def test_a_key_that_is_wrong_is_told_as_what_it_is(
    platform: Platform, gateway: GatewayEmulator, tmp_path: Path
) -> None:
    settings = {"BRIDGE_ADMINS": str(platform.user("mia")), "BRIDGE_GATEWAY_KEY": "cs-sk-not-the-one"}
    async with BridgeProcess(platform, gateway, tmp_path, **settings) as bot:
        [told] = await bot.ask("hello")
        assert "does not accept my key" in told.text
        assert "BRIDGE_GATEWAY_KEY" in told.text


async def test_two_answers_in_two_chats_do_not_wait_for_each_other(
    bot: BridgeProcess, platform: Platform, gateway: GatewayEmulator
) -> None:
    await bot.ask(f"/allow {platform.user('tom')}")
    gateway.behave("ok", Behaviour(text=LONG, tokens_per_second=30))
    await platform.say("slowly please")
    await until(lambda: len(gateway.requests) == 1)
    gateway.behave("ok", Behaviour(text="Quick."))
    [quick] = await bot.ask("quickly", who="tom")
    assert quick.text == "Quick."
    await until(lambda: "Stop" in bot.bubbles()[-1].buttons, "the slow one, which is still under way")
