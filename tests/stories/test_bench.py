"""Stories of `/bench`: an owner watches it, stops it, and asks other things meanwhile."""

from __future__ import annotations

import re

from tests.emulators.gateway import GatewayEmulator
from tests.harness import BridgeProcess, until
from tests.platform import Platform

FIGURES = r"first token after \d+\.\d\d s, whole after \d+\.\d\d s, (\d+|–) tokens a second"


async def test_three_runs_and_their_median(bot: BridgeProcess, gateway: GatewayEmulator) -> None:
    gateway.answer("One two three four.", first_token=0.1, tokens_per_second=20)
    [answer] = await bot.ask("/bench")
    lines = [line for line in answer.text.splitlines() if line.strip()]
    assert "fake-openai:ok" in lines[0] and "3 runs, one after another." in lines[0]
    for number, line in enumerate(lines[1:4], 1):
        assert re.fullmatch(rf"{number}\. {FIGURES}", line)
    assert re.fullmatch(rf"\**Median\**: {FIGURES}", lines[4])
    assert [request.body["max_tokens"] for request in gateway.requests] == [256] * 3
    gateway.answer("Yes.")
    await bot.ask("Do you remember?")
    assert len(gateway.requests[-1].messages) == 1, "it is no part of the conversation"


async def test_it_is_stopped_and_holds_up_no_command(
    bot: BridgeProcess, platform: Platform, gateway: GatewayEmulator
) -> None:
    gateway.answer("never", first_token=60)
    await platform.say("/bench")
    await until(lambda: gateway.requests, "the first run")
    await platform.say("/whoami")
    await until(lambda: any(b.text.startswith("You are ") for b in bot.bubbles()), "an answer meanwhile")
    await platform.say("/stop")
    bubble = await until(lambda: next((b for b in bot.bubbles() if "stopped" in b.text), None), "its end")
    assert "3 runs" in bubble.text
    await until(lambda: gateway.disconnects() == 1, "the request given up")
    assert len(gateway.requests) == 1


async def test_the_first_error_ends_it(bot: BridgeProcess, gateway: GatewayEmulator) -> None:
    [answer] = await bot.ask("/bench fake-openai:err401")
    assert "does not accept the key" in answer.text
    assert len(gateway.requests) == 1
    [answer] = (await bot.ask("/bench fake"))[-1:]
    assert answer.text.startswith("Several models fit “fake”:")
