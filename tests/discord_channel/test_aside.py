"""Reasoning and tool steps stand above the text in small print, and never at its cost."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.types import Body
from channels.discord.body import BLANK, content_of
from tests.discord_channel.harness import opened
from tests.emulators.discord import DiscordPlatform


async def test_thoughts_stand_above_the_text_as_both_grow() -> None:
    async with DiscordPlatform() as platform, opened(platform) as channel:
        posted = await channel.post(platform.chat(), Body(aside="The sky"), key="1", final=False)
        [bubble] = platform.bubbles()
        assert (bubble.aside, bubble.text) == ("The sky", "")
        await posted.edit(Body("Light", aside="The sky is **blue**.\n\nWhy?"), final=False)
        await posted.edit(Body("Light *scatters*.", aside="The sky is **blue**.\n\nWhy?"), final=True)
        [bubble] = platform.bubbles()
        assert (bubble.aside, bubble.text) == ("The sky is blue.\nWhy?", "Light scatters.")
        assert [text for _, text in bubble.writes] == ["", "Light", "Light scatters."]


async def test_half_written_thoughts_leave_the_text_alone() -> None:
    half = "# Plan\n- try **this\n> or ||that\n```py\nx = a*b*c\n\nprint(`x`)"
    async with DiscordPlatform() as platform, opened(platform) as channel:
        await channel.post(
            platform.chat(), Body("**Done** ||secret||\n```py\ncode\n```", aside=half), key="1", final=True
        )
        [bubble] = platform.bubbles()
        assert bubble.aside == "Plan\n• try **this\nor ||that\nx = a*b*c\nprint(ˋxˋ)"
        assert (bubble.text, bubble.code) == ("Done secret\ncode", ["code"])


async def test_long_thoughts_give_way_to_the_text() -> None:
    thoughts = "I wonder whether it is so. " * 200
    async with DiscordPlatform() as platform, opened(platform) as channel:
        posted = await channel.post(platform.chat(), Body("x" * 1500, aside=thoughts), key="1", final=False)
        [bubble] = platform.bubbles()
        assert bubble.text == "x" * 1500
        assert bubble.aside.startswith("I wonder whether") and bubble.aside.endswith("…")
        assert 400 < len(bubble.aside) < 500
        await posted.edit(Body("x" * 1990, aside=thoughts), final=True)
        [bubble] = platform.bubbles()
        assert (bubble.text, bubble.aside) == ("x" * 1990, "")


_WORDS = st.text(st.sampled_from("ab *_`#-|>~\n字"), max_size=300)


@settings(max_examples=300, deadline=None)
@given(_WORDS, _WORDS, st.integers(0, 2000))
def test_no_aside_changes_or_outgrows_the_text(text: str, aside: str, filler: int) -> None:
    text = "y" * (min(filler, 1990 - len(text)) if filler else 0) + text
    alone, both = content_of(Body(text)), content_of(Body(text, aside=aside * 10))
    assert len(both) <= 2000
    if alone == BLANK:
        assert both == BLANK or all(line.startswith("-# ") for line in both.split("\n"))
    else:
        assert both.endswith(alone)
        above = both.removesuffix(alone)
        assert all(line.startswith("-# ") and line[3:].strip() for line in above.split("\n")[:-1])
