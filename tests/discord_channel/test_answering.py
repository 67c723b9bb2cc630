"""Answers that stream into Discord through the reply engine, at Discord's own speed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from bridge.events import Event, TextDelta
from bridge.reply import Address, Draft, Pace, deliver
from bridge.types import Button
from tests.discord_channel.harness import opened
from tests.emulators.discord import DiscordPlatform

LINES = "".join(f"line_{number} = {number}\n" for number in range(200))
ROWS = "".join(f"| 苹果 {number} | {number} |\n" for number in range(150))
CODE = (
    "Here it is:\n\n```python\n"
    + "".join(f"line_{number} = {number}\n" for number in range(200))
    + "```\n\nThat is all."
)
TABLE = (
    "| 名字 | number |\n|---|---|\n"
    + "".join(f"| 苹果 {number} | {number} |\n" for number in range(150))
    + "\nThat is all."
)


async def spoken(text: str, seconds: float, pieces: int = 60) -> AsyncGenerator[Event]:
    size = -(-len(text) // pieces)
    for start in range(0, len(text), size):
        await asyncio.sleep(seconds / pieces)
        yield TextDelta(text[start : start + size])


async def test_a_long_answer_is_cut_into_messages_that_fit() -> None:
    async with DiscordPlatform(speed=20) as platform, opened(platform) as channel:
        for number, text in enumerate((CODE, TABLE)):
            to = Address(channel, Pace(), platform.chat("group"), f"turn{number}")
            await deliver(Draft(spoken(text, 0.5)), to, buttons_while_streaming=[Button("Stop", "/stop")])
        bubbles = platform.bubbles("group")
        raw = [said.content for said in platform.world.messages.values()]
        assert all(len(content) <= 2000 and content.count("```") % 2 == 0 for content in raw)
        assert platform.refusals == 0
        whole = "\n".join(bubble.text for bubble in bubbles)
        assert all(f"line_{number} = {number}\n" in whole for number in range(200))
        assert all(f"苹果 {number}" in whole for number in range(150))
        assert all(bubble.code for bubble in bubbles)
        assert all(not bubble.buttons for bubble in bubbles)


async def test_two_answers_at_once_in_one_channel_share_its_limit() -> None:
    """At Discord's real limits: five edits in five seconds for the whole channel."""
    async with DiscordPlatform(speed=1) as platform, opened(platform) as channel:
        pace = Pace()
        chat = platform.chat("group")
        await asyncio.gather(
            *(
                deliver(Draft(spoken(f"{name} says: " + "word " * 200, 6.0)), Address(channel, pace, chat, name))
                for name in ("one", "two")
            )
        )
        assert sorted(bubble.text.split()[0] for bubble in platform.bubbles("group")) == ["one", "two"]
        for bubble in platform.bubbles("group"):
            assert bubble.text.count("word") == 200
            texts = [text for _, text in bubble.writes]
            assert texts == sorted(texts, key=len), "an older text was shown after a newer one"
        assert platform.refusals == 0
        assert platform.rest.overlaps == []
        assert max(platform.rest.parked, default=0.0) < 1.0, "an edit used up the limit, and was held for as long"
