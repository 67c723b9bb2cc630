"""Stories that only Feishu has: an organisation and its departments."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.emulators.feishu import FeishuPlatform
from tests.emulators.gateway import GatewayEmulator
from tests.harness import BridgeProcess, until

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
