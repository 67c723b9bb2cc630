"""Cherry Studio is away: who is told, what waits, and what happens when it is back."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.emulators.gateway import GatewayEmulator
from tests.harness import BridgeProcess, until
from tests.platform import Platform

OFF = "⚠️ Cherry Studio is not answering."
WAITING = "⏳ Cherry Studio is not answering."


def told(bot: BridgeProcess, beginning: str, who: str = "mia") -> int:
    return len([bubble for bubble in bot.bubbles(who=who) if bubble.text.startswith(beginning)])


async def test_messages_sent_meanwhile_wait_and_come_once_in_order(
    bot: BridgeProcess, platform: Platform, gateway: GatewayEmulator
) -> None:
    await bot.ask("hello")
    assert "wait and are answered when it is back" in (await bot.ask("/later on"))[-1].text
    await gateway.stop()
    sent = [await platform.say("one")]
    await until(lambda: told(bot, WAITING), "to be told that it waits")
    sent += [await platform.say("two"), await platform.say("three")]
    await bot.ask("/whoami")  # commands go on
    assert told(bot, WAITING) == 1, "once in an outage"
    assert told(bot, OFF) == 0
    await bot.kill()
    await bot.start()
    await bot.ask("/whoami")
    await gateway.start()
    said = [f"You said: {text}" for text in ("hello", "one", "two", "three")]
    await until(lambda: bot.bubbles()[-1].text == said[-1], "what waited to be answered")
    assert [bubble.text for bubble in bot.bubbles() if bubble.text.startswith("You said")] == said
    assert [request.question for request in gateway.requests] == ["hello", "one", "two", "three"]
    assert told(bot, WAITING) == 1
    late = [bubble.reply_to for bubble in bot.bubbles() if bubble.text in said[1:]]
    assert late == sent, "other things stand between question and answer by now"
    assert (await bot.ask("and now?"))[-1].text == "You said: and now?"
    assert len(gateway.requests[-1].messages) == 9, "what waited is part of the conversation"


async def test_people_who_do_not_wait_are_told_and_may_change_that(
    bot: BridgeProcess, platform: Platform, gateway: GatewayEmulator
) -> None:
    await gateway.stop()
    [failed] = await bot.ask("one")
    assert failed.text.startswith(OFF)
    assert failed.buttons == ["Answer later"]
    [failed] = await bot.ask("two")
    assert failed.text.startswith(OFF)
    await platform.press(failed.id, "Answer later")
    await until(lambda: "answered when it is back" in bot.bubbles()[-1].text, "the answer in place of the button")
    assert bot.bubbles()[-1].id == failed.id
    await gateway.start()
    await until(lambda: bot.bubbles()[-1].text == "You said: two", "the question that was pressed under")
    await bot.ask("/whoami")
    assert [request.question for request in gateway.requests] == ["two"]
    assert told(bot, WAITING) == 0, "the one who pressed it knows"


async def test_what_waits_is_asked_as_it_was_edited(
    bot: BridgeProcess, platform: Platform, gateway: GatewayEmulator
) -> None:
    await gateway.stop()
    id = await platform.say("one")
    failed = await until(lambda: next((b for b in bot.bubbles() if b.buttons == ["Answer later"]), None), "to be told")
    await platform.press(failed.id, "Answer later")
    await until(lambda: "answered when it is back" in bot.bubbles()[-1].text, "the answer in place of the button")
    second = await platform.say("three")
    await bot.ask("/whoami")
    await platform.edit(id, "two")
    await platform.edit(second, "four")
    await bot.ask("/whoami")
    await gateway.start()
    await until(lambda: bot.bubbles()[-1].text == "You said: four", "what waited")
    assert [request.question for request in gateway.requests] == ["two", "four"]


async def test_a_stale_button_to_wait_asks_nothing(
    bot: BridgeProcess, platform: Platform, gateway: GatewayEmulator
) -> None:
    await gateway.stop()
    [failed] = await bot.ask("one")
    await gateway.start()
    assert (await bot.ask("two"))[-1].text == "You said: two"
    await platform.press(failed.id, "Answer later", command=f"/later on {'a' * 16}")
    assert (await bot.answer(2))[-1].text == "That is not the last answer any more."
    assert "I say so at once" in (await bot.ask("/later"))[-1].text, "nothing was set"
    assert [request.question for request in gateway.requests] == ["two"]


@pytest.mark.parametrize("command", ["/stop", "/new"])
async def test_what_waits_can_be_let_go(
    command: str, bot: BridgeProcess, platform: Platform, gateway: GatewayEmulator
) -> None:
    await bot.ask("/later on")
    await gateway.stop()
    await platform.say("one")
    await until(lambda: told(bot, WAITING), "to be told that it waits")
    await platform.say("two")
    await bot.ask("/whoami")
    answer = (await bot.ask(command))[-1].text
    assert answer == (
        "No longer waiting: 2." if command == "/stop" else "A new conversation. /chats goes back to this one."
    )
    await gateway.start()
    assert (await bot.ask("three"))[-1].text == "You said: three"
    assert [request.question for request in gateway.requests] == ["three"]


async def test_a_person_let_out_while_waiting_gets_no_late_answer(
    bot: BridgeProcess, platform: Platform, gateway: GatewayEmulator
) -> None:
    tom = str(platform.user("tom"))
    await bot.ask(f"/allow {tom}")
    await bot.ask("/later on", who="tom")
    await gateway.stop()
    await platform.say("one", who="tom")
    await until(lambda: told(bot, WAITING, "tom"), "tom to be told that it waits")
    await bot.ask(f"/deny {tom}")
    before = len(bot.bubbles(who="tom"))
    await gateway.start()
    await until(lambda: '"gateway is back"' in bot.output(), "the gateway to be found back")
    assert (await bot.ask("hello"))[-1].text == "You said: hello"
    assert [request.question for request in gateway.requests] == ["hello"]
    assert len(bot.bubbles(who="tom")) == before


async def test_owners_are_told_once_each_way(platform: Platform, gateway: GatewayEmulator, tmp_path: Path) -> None:
    settings = {"BRIDGE_ADMINS": str(platform.user("mia")), "BRIDGE_AWAY_SECONDS": "1"}
    async with BridgeProcess(platform, gateway, tmp_path, **settings) as bot:
        await bot.ask(f"/allow {platform.user('tom')}")
        await gateway.stop()
        await bot.ask("hello?", who="tom")
        await until(lambda: told(bot, "Cherry Studio is not answering any more"), "the owner to be told")
        assert gateway.url in bot.bubbles()[-1].text
        await bot.ask("are you there?", who="tom")
        await asyncio.sleep(4)
        assert told(bot, "Cherry Studio is not answering any more") == 1
        await gateway.start()
        await until(lambda: told(bot, "Cherry Studio is back, after 1 min."), "the owner to be told")
        await bot.ask("now?", who="tom")
        assert told(bot, "Cherry Studio is back") == 1
        assert len(bot.bubbles()) == 3
        assert told(bot, "Cherry Studio is not answering any more", "tom") == 0
