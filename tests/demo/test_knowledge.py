"""The demo's gateway has a knowledge base, and its guide answers from it."""

from __future__ import annotations

from tests.harness import HOME, BridgeInProcess


async def test_one_message_shows_it(bridge: BridgeInProcess) -> None:
    await bridge.say("/kb ask How do I get a Telegram bot token?")
    said = bridge.shown_in(HOME)[-1].text
    assert said.startswith("The documents say:") and "@BotFather" in said
    assert "[1] guide.en.md (Guide): “Telegram: " in said
    await bridge.say("/kb ask 怎样拿到 Telegram 的 token？")
    said = bridge.shown_in(HOME)[-1].text
    assert said.startswith("文档里写着：") and "[1] guide.zh.md (Guide)" in said
