"""Stories of how models are to answer: what is set in a chat reaches the provider, and nothing else does."""

from __future__ import annotations

from tests.emulators.gateway import Behaviour, GatewayEmulator
from tests.harness import BridgeProcess, until
from tests.platform import Platform


async def test_what_is_set_is_sent_until_it_is_reset(
    bot: BridgeProcess, platform: Platform, gateway: GatewayEmulator
) -> None:
    await bot.ask("/params temperature 0.7")
    await bot.ask("/params top_p 0,9")
    await bot.ask("/params max_tokens 2000")
    await bot.ask("/params stop END ###")
    shown = (await bot.ask("/effort high"))[-1]
    assert shown.buttons == ["Precise", "Creative", "Think little", "Think", "Think hard", "Reset"]
    assert (await bot.ask("hello"))[-1].text == "You said: hello"
    body = gateway.requests[-1].body
    assert {name: body.get(name) for name in ("temperature", "top_p", "max_tokens", "stop", "reasoning_effort")} == {
        "temperature": 0.7,
        "top_p": 0.9,
        "max_tokens": 2000,
        "stop": ["END", "###"],
        "reasoning_effort": "high",
    }
    await platform.press(shown.id, "Reset")
    await until(lambda: bot.bubbles()[-2].text.count("the provider's default") == 5, "the reset to show")
    await bot.ask("again")
    assert set(gateway.requests[-1].body) == {"model", "messages", "stream", "stream_options"}


async def test_bad_values_are_told_and_change_nothing(bot: BridgeProcess, gateway: GatewayEmulator) -> None:
    for wrong in ("temperature hot", "temperature 3", "top_p 1.5", "max_tokens 0", "effort huge", "stop a b c d e"):
        assert (await bot.ask(f"/params {wrong}"))[-1].text.startswith("“"), wrong
    assert "/params temperature 0.7" in (await bot.ask("/params seed 4"))[-1].text, "v2 would drop it"
    await bot.ask("hello")
    assert set(gateway.requests[-1].body) == {"model", "messages", "stream", "stream_options"}


async def test_a_model_that_refuses_one_is_asked_without(bot: BridgeProcess, gateway: GatewayEmulator) -> None:
    refusal = "Unsupported value: 'temperature' does not support 0.2 with this model. Only the default is supported."
    gateway.behave("ok", Behaviour(text="Yes.", refusal=(400, refusal), refusals=1))
    await bot.ask("/params temperature 0.2")
    assert (await bot.ask("hello"))[-1].text == "Yes."
    assert [request.body.get("temperature") for request in gateway.requests] == [0.2, None]
    await bot.ask("again")
    assert gateway.requests[-1].body.get("temperature") is None
    shown = (await bot.ask("/params"))[-1]
    assert "Left out for " in shown.text
    assert "Precise" not in shown.buttons


async def test_each_dialect_is_told_in_its_own_way(bot: BridgeProcess, gateway: GatewayEmulator) -> None:
    await bot.ask("/model fake-anthropic:claude-ok")
    await bot.ask("/params temperature 1.5")
    await bot.ask("/params stop END")
    await bot.ask("hello")
    body = gateway.requests[-1].body
    assert (body["temperature"], body["stop_sequences"], body["max_tokens"]) == (1.0, ["END"], 64_000)
    assert "Think hard" in (await bot.ask("/effort low"))[-1].buttons
    await bot.ask("hello")
    body = gateway.requests[-1].body
    assert body["output_config"] == {"effort": "low"} and "temperature" not in body


async def test_only_those_who_may_choose_set_them(bot: BridgeProcess, platform: Platform) -> None:
    await bot.ask(f"/allow {platform.user('tom')}")
    await bot.ask("/chat all choose admins")
    refused = (await bot.ask("/params temperature 0.5", who="tom"))[-1].text
    assert "admins" in refused
    assert "0.5" not in (await bot.ask("/params", who="tom"))[-1].text
