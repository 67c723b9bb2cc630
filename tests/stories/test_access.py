"""Stories of who may talk: the first owner, a stranger, somebody let in and out again."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

from tests.emulators.gateway import GatewayEmulator
from tests.harness import BridgeProcess, until
from tests.platform import Platform


async def test_the_first_owner_claims_the_bot(platform: Platform, gateway: GatewayEmulator, tmp_path: Path) -> None:
    async with BridgeProcess(platform, gateway, tmp_path) as bot:
        code = await bot.claim_code()
        assert "not right" in (await bot.ask("/claim WRONG-CODE"))[-1].text
        assert "You are the owner now." in (await bot.ask(f"/claim {code.lower()}"))[-1].text
        assert f'"owner": "{platform.user("mia")}"' in bot.output(), "the operator sees who it was"
        assert (await bot.ask("hello"))[-1].text == "You said: hello"
        assert "not right" in (await bot.ask(f"/claim {code}", who="tom"))[-1].text, "the code works once"
        await bot.stop()
        await bot.start()
        assert "/claim" not in bot.output()
        assert (await bot.ask("still me"))[-1].text == "You said: still me"


async def test_the_claim_link_does_the_same(platform: Platform, gateway: GatewayEmulator, tmp_path: Path) -> None:
    async with BridgeProcess(platform, gateway, tmp_path) as bot:
        code = (await bot.claim_code()).replace("-", "")
        assert "You are the owner now." in (await bot.ask(f"/start {code}"))[-1].text


async def test_a_stranger_is_told_their_id_once_and_reaches_nothing(
    bot: BridgeProcess, platform: Platform, gateway: GatewayEmulator
) -> None:
    [told] = await bot.ask("Hello? Secret words.", who="tom")
    assert str(platform.user("tom")) in told.text
    for text in ("/model", "/help", "/allow", "please", "/claim"):
        await platform.say(text, who="tom")
    await platform.say("hello bot", who="tom", place="group", mention=True)
    await platform.say("I am Mia.")  # once it is answered, everything before it has been heard
    await until(lambda: any("I am Mia." in bubble.text for bubble in bot.bubbles()), "the answer to the owner")
    assert len(bot.bubbles(who="tom")) == 1
    assert bot.bubbles("group") == []
    assert [request.question for request in gateway.requests] == ["I am Mia."]
    assert "Secret words" not in bot.everything()


async def test_a_person_is_let_in_and_out_again(
    bot: BridgeProcess, platform: Platform, gateway: GatewayEmulator
) -> None:
    tom = str(platform.user("tom"))
    assert (await bot.ask(f"/allow {tom}"))[-1].text == f"{tom} may talk to me now."
    assert (await bot.ask("hello", who="tom"))[-1].text == "You said: hello"
    assert (await bot.ask("/allow", who="tom"))[-1].text == "Only admins can do that."
    # Admitted in direct chats is not admitted in groups.
    await platform.say("hello", who="tom", place="group", mention=True)
    await until(lambda: "Allow this chat" in bot.bubbles()[-1].buttons, "the owner to be asked about the group")
    assert tom in (await bot.ask("/allowlist"))[-1].text
    assert (await bot.ask(f"/deny {tom}"))[-1].text == f"{tom} may no longer talk to me."
    before = len(gateway.requests)
    await platform.say("and now?", who="tom")
    await bot.ask("I am Mia.")
    assert len(gateway.requests) == before + 1
    assert bot.bubbles("group") == []


async def test_a_person_is_let_in_by_a_reply(bot: BridgeProcess, platform: Platform) -> None:
    hers = await platform.say("may I?", who="tom", place="group")
    await platform.say("/allow", place="group", reply_to=hers, mention=True)
    tom = str(platform.user("tom"))
    await until(lambda: any(tom in bubble.text for bubble in bot.bubbles("group")), "the answer to /allow")
    assert (await bot.ask("hello", who="tom"))[-1].text == "You said: hello"


async def test_a_person_shut_out_while_waiting_gets_no_answer(
    bot: BridgeProcess, platform: Platform, gateway: GatewayEmulator
) -> None:
    tom = str(platform.user("tom"))
    await bot.ask(f"/allow {tom}")
    gateway.answer("slowly, slowly " * 10, tokens_per_second=15)
    await platform.say("first", who="tom")
    await until(lambda: len(gateway.requests) == 1)
    await platform.say("second", who="tom")
    await bot.ask(f"/deny {tom}")
    await bot.answer(who="tom")
    await asyncio.sleep(0.5)
    assert len(gateway.requests) == 1
    assert len(bot.bubbles(who="tom")) == 1


async def test_one_press_of_the_owner_lets_a_stranger_in(
    bot: BridgeProcess, platform: Platform, gateway: GatewayEmulator
) -> None:
    await bot.ask("I am Mia.")
    await platform.say("May I? I have a secret.", who="tom")
    await until(lambda: bot.bubbles(who="tom"), "tom to be told")
    assert "I have asked the owner" in bot.bubbles(who="tom")[-1].text
    await until(lambda: "Allow" in bot.bubbles()[-1].buttons, "the owner to be asked")
    question = bot.bubbles()[-1]
    assert str(platform.user("tom")) in question.text
    assert question.buttons == ["Allow", "Deny", "Block"]
    await platform.press(question.id, "Allow")
    await until(lambda: "let in" in bot.bubbles(who="tom")[-1].text, "tom to learn it")
    await until(lambda: "may talk to me now" in bot.bubbles()[-1].text, "the question to become its answer")
    assert bot.bubbles()[-1].id == question.id
    before = len(bot.bubbles(who="tom"))
    await platform.say("hello", who="tom")
    [answer] = await bot.answer(before, who="tom")
    assert answer.text == "You said: hello"
    assert "secret" not in str([request.messages for request in gateway.requests])


async def test_an_invited_friend_may_have_their_own_history(
    bot: BridgeProcess, platform: Platform, gateway: GatewayEmulator
) -> None:
    [invite] = await bot.ask("/invite")
    code = re.search(r"/claim ([A-Z2-7]{26})", invite.text)
    assert code, invite.text
    assert "let in" in (await bot.ask(f"/start {code[1]}", who="tom"))[-1].text
    assert (await bot.ask("hello", who="tom"))[-1].text == "You said: hello"
    for text in ("/allow", "/history per-person"):
        before = len(bot.bubbles("group"))
        await platform.say(text, place="group", mention=True)
        await bot.answer(before, place="group")
    for who in ("mia", "tom"):
        before = len(bot.bubbles("group"))
        await platform.say("hello", who=who, place="group", mention=True)
        await bot.answer(before, place="group")
        assert [message["role"] for message in gateway.requests[-1].messages] == ["user"], "a history of one's own"
