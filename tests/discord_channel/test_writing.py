"""What the channel writes, as people see it, and what becomes of each way in which a write can fail."""

from __future__ import annotations

import asyncio
import time

import pytest

from bridge.errors import ChannelError, Gone, RateLimited, Refused, TooLong, Unsure
from bridge.types import Body, Button
from tests.discord_channel.harness import listening, opened
from tests.emulators.discord import DiscordPlatform


async def test_a_message_grows_in_place_under_the_question() -> None:
    async with DiscordPlatform() as platform, opened(platform) as channel:
        question = await platform.say("why?")
        posted = await channel.post(platform.chat(), Body("Be"), key="t.0", reply_to=question, final=False)
        await posted.edit(Body("Because **light** scatters."), final=True)
        [bubble] = platform.bubbles()
        assert (bubble.text, bubble.reply_to) == ("Because light scatters.", question)
        assert [text for _, text in bubble.writes] == ["Be", "Because light scatters."]


async def test_what_is_there_already_costs_no_edit() -> None:
    async with DiscordPlatform() as platform, opened(platform) as channel:
        posted = await channel.post(platform.chat(), Body("done"), key="1", final=False)
        await posted.edit(Body("done"), final=True)
        assert len(platform.bubbles()[0].writes) == 1
        await posted.edit(Body("done", (Button("Again", "/retry"),)), final=True)
        await channel.posted(platform.chat(), posted.ref).edit(Body("done"), final=True)
        assert len(platform.bubbles()[0].writes) == 3 and platform.bubbles()[0].buttons == []


async def test_a_message_is_found_again_after_a_restart() -> None:
    async with DiscordPlatform() as platform:
        async with opened(platform) as channel:
            direct = await channel.post(platform.chat(), Body("half"), key="1", final=False)
            thread = await channel.post(platform.chat("topic"), Body("half"), key="2", final=False)
        async with opened(platform) as channel:
            await channel.posted(platform.chat(), direct.ref).edit(Body("whole"), final=True)
            await channel.posted(platform.chat("topic"), thread.ref).edit(Body("whole"), final=True)
        assert [bubble.text for bubble in platform.bubbles() + platform.bubbles("topic")] == ["whole", "whole"]


async def test_a_message_can_be_taken_back() -> None:
    async with DiscordPlatform() as platform, opened(platform) as channel:
        posted = await channel.post(platform.chat(), Body("oops"), key="1", final=True)
        await posted.delete()
        assert platform.bubbles() == []
        with pytest.raises(Gone):
            await posted.edit(Body("again"), final=True)


async def test_nobody_is_pinged_and_no_link_unfolds() -> None:
    async with DiscordPlatform() as platform, opened(platform) as channel:
        text = f"@everyone look, <@{platform.user().id}>: https://example.com/"
        posted = await channel.post(platform.chat("group"), Body(text), key="1", final=False)
        await posted.edit(Body(text + " and @here https://example.org/"), final=True)
        assert platform.pinged() == []
        assert platform.previews() == 0


async def test_a_post_that_is_repeated_does_not_appear_twice() -> None:
    async with DiscordPlatform() as platform, opened(platform) as channel:
        platform.lose_answers()
        with pytest.raises(Unsure):
            await channel.post(platform.chat(), Body("first words"), key="t.0", final=False)
        posted = await channel.post(platform.chat(), Body("first words and more"), key="t.0", retry=True, final=False)
        await posted.edit(Body("first words and more"), final=True)
        assert [bubble.text for bubble in platform.bubbles()] == ["first words and more"]


async def test_a_request_that_never_arrived_is_not_taken_for_done() -> None:
    async with DiscordPlatform() as platform, opened(platform) as channel:
        platform.drop_requests()
        with pytest.raises(ChannelError):
            await channel.post(platform.chat(), Body("hello"), key="t.0", final=True)
        assert platform.bubbles() == []
        await channel.post(platform.chat(), Body("hello"), key="t.0", retry=True, final=True)
        assert len(platform.bubbles()) == 1


async def test_a_question_that_was_deleted_is_answered_all_the_same() -> None:
    async with DiscordPlatform() as platform, opened(platform) as channel:
        await channel.post(platform.chat(), Body("hello"), key="1", reply_to=platform.world.snowflake(), final=True)
        assert [(bubble.text, bubble.reply_to) for bubble in platform.bubbles()] == [("hello", "")]


async def test_what_cannot_be_replied_to_is_answered_all_the_same() -> None:
    async with DiscordPlatform() as platform, opened(platform) as channel:
        joined = await platform.say("", place="group", type=7)
        await channel.post(platform.chat("group"), Body("welcome"), key="1", reply_to=joined, final=True)
        assert [(bubble.text, bubble.reply_to) for bubble in platform.bubbles("group")] == [("welcome", "")]


async def test_a_rate_limit_is_told_at_once() -> None:
    async with DiscordPlatform() as platform, opened(platform) as channel:
        posted = await channel.post(platform.chat(), Body("a"), key="1", final=False)
        platform.flood(40)
        began = time.monotonic()
        with pytest.raises(RateLimited) as raised:
            await posted.edit(Body("b"), final=True)
        assert raised.value.retry_after == 40
        assert time.monotonic() - began < 20, "waited inside discord.py"
        await posted.edit(Body("b"), final=True)
        assert platform.bubbles()[0].text == "b"


async def test_edits_that_come_too_fast_are_delayed_and_never_refused() -> None:
    async with DiscordPlatform() as platform, opened(platform) as channel:
        posted = await channel.post(platform.chat(), Body("0"), key="1", final=False)
        for number in range(1, 12):
            await posted.edit(Body(str(number)), final=False)
        assert platform.refusals == 0
        assert platform.bubbles()[0].text == "11"


async def test_the_pause_widens_where_discord_allows_less() -> None:
    async with DiscordPlatform(speed=1) as platform, opened(platform) as channel:
        assert channel.limits(platform.chat()).edit_interval == 1.25
    async with DiscordPlatform(speed=0.5) as platform, opened(platform, discord_edit_interval=1.25) as channel:
        posted = await channel.post(platform.chat(), Body("a"), key="1", final=False)
        await posted.edit(Body("b"), final=False)
        assert 2.4 < channel.limits(platform.chat()).edit_interval <= 2.5


async def test_a_text_that_does_not_fit_is_not_sent() -> None:
    async with DiscordPlatform() as platform, opened(platform) as channel:
        with pytest.raises(TooLong):
            await channel.post(platform.chat(), Body("x" * 2001), key="1", final=True)
        await channel.post(platform.chat(), Body("🍒" * 2000), key="2", final=True)
        assert [len(bubble.text) for bubble in platform.bubbles()] == [2000]


async def test_a_blank_text_is_a_blank_message() -> None:
    async with DiscordPlatform() as platform, opened(platform) as channel:
        await channel.post(platform.chat(), Body(" \n", (Button("Stop", "/stop"),)), key="1", final=True)
        assert platform.bubbles()[0].buttons == ["Stop"]


@pytest.mark.parametrize(("code", "error"), [(50013, Refused), (50001, Gone), (50007, Gone)])
async def test_a_place_where_the_bot_may_not_write(code: int, error: type[ChannelError]) -> None:
    async with DiscordPlatform() as platform, opened(platform) as channel:
        platform.rest.forbidden[platform.place("group")] = code
        with pytest.raises(error):
            await channel.post(platform.chat("group"), Body("hello"), key="1", final=True)


async def test_a_short_failure_of_discords_goes_unnoticed() -> None:
    async with DiscordPlatform() as platform, opened(platform) as channel:
        platform.rest.failures = 1
        await channel.post(platform.chat(), Body("hello"), key="1", final=True)
        assert [bubble.text for bubble in platform.bubbles()] == ["hello"]


async def test_somebody_who_never_wrote_can_be_written_to() -> None:
    async with DiscordPlatform() as platform, opened(platform) as channel:
        await channel.post(platform.chat(who="tom"), Body("Mia would like to talk to me."), key="1", final=True)
        assert [bubble.text for bubble in platform.bubbles(who="tom")] == ["Mia would like to talk to me."]


async def test_typing_is_seen() -> None:
    async with DiscordPlatform() as platform, opened(platform) as channel:
        await channel.typing(platform.chat())
        await channel.typing(platform.chat("topic"))
        assert (platform.typing(), platform.typing("topic")) == (1, 1)


async def test_edits_of_old_messages_have_a_limit_which_is_told() -> None:
    async with DiscordPlatform(speed=1) as platform, opened(platform) as channel:
        posted = await channel.post(platform.chat(), Body("0"), key="1", final=False)
        platform.world.messages[posted.ref].born -= 3700
        for number in (1, 2, 3):
            await posted.edit(Body(str(number)), final=False)
        with pytest.raises(RateLimited):
            await posted.edit(Body("4"), final=False)
        assert platform.rest.refused == ["old"]


async def test_the_gateway_being_away_does_not_stop_an_answer() -> None:
    async with DiscordPlatform() as platform, listening(platform) as (channel, _):
        posted = await channel.post(platform.chat(), Body("half"), key="1", final=False)
        await platform.gateway.cut()
        await posted.edit(Body("whole"), final=True)
        assert platform.bubbles()[0].text == "whole"


async def test_no_error_tells_the_token_or_the_text(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    async with DiscordPlatform() as platform, listening(platform) as (channel, recorder):
        await platform.say("a private question")
        await recorder.receives("a private question")
        platform.rest.forbidden[platform.place()] = 50013
        with pytest.raises(Refused) as raised:
            await channel.post(platform.chat(), Body("a private answer"), key="1", final=True)
        told = caplog.text + str(raised.value) + repr(raised.value)
        assert platform.token not in told and "private" not in told
        await asyncio.sleep(0)
