"""Stories that only Feishu has: an organisation and its departments, forwards of several messages."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.emulators.feishu import FeishuPlatform
from tests.emulators.gateway import GatewayEmulator
from tests.harness import BridgeProcess, until
from tests.media.samples import photo
from tests.platform import SharedFile

EXPIRY = 2.0
"""Seconds for which departments are remembered here; ten minutes, where nothing else is set."""


async def test_a_department_is_let_in_and_those_who_leave_are_out(gateway: GatewayEmulator, tmp_path: Path) -> None:
    async with FeishuPlatform() as platform:
        engineering, sales = platform.department("engineering"), platform.department("sales")
        platform.transfer("mia", engineering)
        platform.transfer("tom", platform.department("web", under=engineering))
        platform.transfer("ann", sales)
        minutes = str(EXPIRY / 60)
        async with BridgeProcess(
            platform, gateway, tmp_path, BRIDGE_ADMINS=str(platform.user()), FEISHU_DEPARTMENTS_MINUTES=minutes
        ) as bot:

            async def heard(text: str) -> None:
                """Mia says it, and the model has it; so everything said before has been heard."""
                await platform.say(text)
                await until(lambda: gateway.requests[-1].question == text, text)

            told = (await bot.ask("/whoami"))[-1].text
            assert f"feishu:{engineering}" in told and "feishu:0" in told
            let_in = (await bot.ask(f"/allow group feishu:{engineering}"))[-1].text
            assert let_in == f"feishu:{engineering} may talk to me now."
            assert f"feishu:{engineering}" in (await bot.ask("/allowlist"))[-1].text

            assert (await bot.ask("hello", who="tom"))[-1].text == "You said: hello"
            answer = (await bot.ask("hello all", who="tom", place="group", mention=True))[-1]
            assert answer.text.endswith("hello all")

            assert "I do not know you yet" in (await bot.ask("hello", who="ann"))[-1].text
            await platform.say("hello", who="ann", place="group", mention=True)
            await heard("I am Mia.")
            assert len(bot.bubbles("group")) == 1
            assert len(gateway.requests) == 3

            platform.transfer("tom", sales)
            await asyncio.sleep(EXPIRY)
            before = len(bot.bubbles(who="tom"))
            await platform.say("am I still in?", who="tom")
            await until(lambda: len(bot.bubbles(who="tom")) > before, "tom to be told")
            assert "I do not know you yet" in bot.bubbles(who="tom")[-1].text
            await platform.say("and here?", who="tom", place="group", mention=True)
            await heard("I am still Mia.")
            assert len(bot.bubbles("group")) == 1
            assert len(gateway.requests) == 4


async def test_a_forward_of_several_messages_is_read(gateway: GatewayEmulator, tmp_path: Path) -> None:
    photos = [SharedFile("image", "a.jpg", "image/jpeg", photo(100 + number, 80)) for number in range(3)]
    async with FeishuPlatform() as platform:
        async with BridgeProcess(platform, gateway, tmp_path, BRIDGE_ADMINS=str(platform.user())) as bot:
            held = [("lea", "Which one?", photos[:2]), ("tom", "This one.", photos[2:]), ("lea", "Thanks.", ())]
            await platform.forward(held)
            await bot.answer()
            question = gateway.requests[-1].question
            assert question == "[picture] [picture] [picture] > Lea: Which one?\n> Tom: This one.\n> Lea: Thanks.\n"
            assert len(gateway.requests[-1].pictures[-1]) == 3

            forward = await platform.forward([("lea", "The plan.", ())], who="tom", place="group")
            await bot.ask("/allow", place="group", mention=True)
            before = len(bot.bubbles("group"))
            await platform.say("Is it good?", place="group", mention=True, reply_to=forward)
            await bot.answer(before, place="group")
            assert gateway.requests[-1].question == "> The plan.\nMia: Is it good?"

            asked = platform.count("read")
            await platform.forward([("lea", "Secret.", ())], who="ann")
            await until(lambda: bot.bubbles(who="ann"), "the stranger to be greeted")
            assert platform.count("read") == asked, "nothing is asked for the sake of strangers"


async def test_a_forward_that_cannot_be_read_is_said(gateway: GatewayEmulator, tmp_path: Path) -> None:
    async with FeishuPlatform() as platform:
        async with BridgeProcess(platform, gateway, tmp_path, BRIDGE_ADMINS=str(platform.user())) as bot:
            await bot.ask("hello")
            platform.fail("read", 99991672, "Access denied. One of the following scopes is required")
            before = len(bot.bubbles())
            await platform.forward([("lea", "The plan.", ())])
            [bubble] = await bot.answer(before)
            assert "I cannot read this kind of message yet" in bubble.text
