"""What the channel writes, as people see it, and what becomes of each way in which a write can fail."""

from __future__ import annotations

import asyncio
import time

import pytest

from bridge.errors import ChannelError, Gone, RateLimited, Refused, TooLong, Unsure
from bridge.types import Button
from tests.discord_channel.room import listening, opened
from tests.emulators.discord import DiscordStage


async def test_a_message_grows_in_place_under_the_question() -> None:
    async with DiscordStage() as stage, opened(stage) as channel:
        question = await stage.say("why?")
        posted = await channel.post(stage.chat(), "Be", key="t.0", reply_to=question, final=False)
        await posted.edit("Because **light** scatters.", final=True)
        [bubble] = stage.bubbles()
        assert (bubble.text, bubble.reply_to) == ("Because light scatters.", question)
        assert [text for _, text in bubble.writes] == ["Be", "Because light scatters."]


async def test_what_is_there_already_costs_no_edit() -> None:
    async with DiscordStage() as stage, opened(stage) as channel:
        posted = await channel.post(stage.chat(), "done", key="1", final=False)
        await posted.edit("done", final=True)
        assert len(stage.bubbles()[0].writes) == 1
        await posted.edit("done", final=True, buttons=[Button("Again", "/retry")])
        await channel.posted(stage.chat(), posted.ref).edit("done", final=True)
        assert len(stage.bubbles()[0].writes) == 3 and stage.bubbles()[0].buttons == []


async def test_a_message_is_found_again_after_a_restart() -> None:
    async with DiscordStage() as stage:
        async with opened(stage) as channel:
            direct = await channel.post(stage.chat(), "half", key="1", final=False)
            thread = await channel.post(stage.chat("topic"), "half", key="2", final=False)
        async with opened(stage) as channel:
            await channel.posted(stage.chat(), direct.ref).edit("whole", final=True)
            await channel.posted(stage.chat("topic"), thread.ref).edit("whole", final=True)
        assert [bubble.text for bubble in stage.bubbles() + stage.bubbles("topic")] == ["whole", "whole"]


async def test_a_message_can_be_taken_back() -> None:
    async with DiscordStage() as stage, opened(stage) as channel:
        posted = await channel.post(stage.chat(), "oops", key="1", final=True)
        await posted.delete()
        assert stage.bubbles() == []
        with pytest.raises(Gone):
            await posted.edit("again", final=True)


async def test_nobody_is_pinged_and_no_link_unfolds() -> None:
    async with DiscordStage() as stage, opened(stage) as channel:
        text = f"@everyone look, <@{stage.user().id}>: https://example.com/"
        posted = await channel.post(stage.chat("group"), text, key="1", final=False)
        await posted.edit(text + " and @here https://example.org/", final=True)
        assert stage.pinged() == []
        assert stage.previews() == 0


async def test_a_post_that_is_repeated_does_not_appear_twice() -> None:
    async with DiscordStage() as stage, opened(stage) as channel:
        stage.lose_answers()
        with pytest.raises(Unsure):
            await channel.post(stage.chat(), "first words", key="t.0", final=False)
        posted = await channel.post(stage.chat(), "first words and more", key="t.0", again=True, final=False)
        await posted.edit("first words and more", final=True)
        assert [bubble.text for bubble in stage.bubbles()] == ["first words and more"]


async def test_a_request_that_never_arrived_is_not_taken_for_done() -> None:
    async with DiscordStage() as stage, opened(stage) as channel:
        stage.drop_requests()
        with pytest.raises(ChannelError):
            await channel.post(stage.chat(), "hello", key="t.0", final=True)
        assert stage.bubbles() == []
        await channel.post(stage.chat(), "hello", key="t.0", again=True, final=True)
        assert len(stage.bubbles()) == 1


async def test_a_question_that_was_deleted_is_answered_all_the_same() -> None:
    async with DiscordStage() as stage, opened(stage) as channel:
        await channel.post(stage.chat(), "hello", key="1", reply_to=stage.world.snowflake(), final=True)
        assert [(bubble.text, bubble.reply_to) for bubble in stage.bubbles()] == [("hello", "")]


async def test_what_cannot_be_replied_to_is_answered_all_the_same() -> None:
    async with DiscordStage() as stage, opened(stage) as channel:
        joined = await stage.say("", place="group", type=7)
        await channel.post(stage.chat("group"), "welcome", key="1", reply_to=joined, final=True)
        assert [(bubble.text, bubble.reply_to) for bubble in stage.bubbles("group")] == [("welcome", "")]


async def test_a_rate_limit_is_told_at_once() -> None:
    async with DiscordStage() as stage, opened(stage) as channel:
        posted = await channel.post(stage.chat(), "a", key="1", final=False)
        stage.flood(40)
        began = time.monotonic()
        with pytest.raises(RateLimited) as raised:
            await posted.edit("b", final=True)
        assert raised.value.retry_after == 40
        assert time.monotonic() - began < 20, "waited inside discord.py"
        await posted.edit("b", final=True)
        assert stage.bubbles()[0].text == "b"


async def test_edits_that_come_too_fast_are_held_back_and_never_refused() -> None:
    async with DiscordStage() as stage, opened(stage) as channel:
        posted = await channel.post(stage.chat(), "0", key="1", final=False)
        for number in range(1, 12):
            await posted.edit(str(number), final=False)
        assert stage.refusals == 0
        assert stage.bubbles()[0].text == "11"


async def test_the_pause_widens_where_discord_allows_less() -> None:
    async with DiscordStage(speed=1) as stage, opened(stage) as channel:
        assert channel.limits(stage.chat()).edit_interval == 1.25
    async with DiscordStage(speed=0.5) as stage, opened(stage, discord_edit_interval=1.25) as channel:
        posted = await channel.post(stage.chat(), "a", key="1", final=False)
        await posted.edit("b", final=False)
        assert 2.4 < channel.limits(stage.chat()).edit_interval <= 2.5


async def test_a_text_that_does_not_fit_is_not_sent() -> None:
    async with DiscordStage() as stage, opened(stage) as channel:
        with pytest.raises(TooLong):
            await channel.post(stage.chat(), "x" * 2001, key="1", final=True)
        await channel.post(stage.chat(), "🍒" * 2000, key="2", final=True)
        assert [len(bubble.text) for bubble in stage.bubbles()] == [2000]


async def test_a_blank_text_is_a_blank_message() -> None:
    async with DiscordStage() as stage, opened(stage) as channel:
        await channel.post(stage.chat(), " \n", key="1", final=True, buttons=[Button("Stop", "/stop")])
        assert stage.bubbles()[0].buttons == ["Stop"]


@pytest.mark.parametrize(("code", "error"), [(50013, Refused), (50001, Gone), (50007, Gone)])
async def test_a_place_where_the_bot_may_not_write(code: int, error: type[ChannelError]) -> None:
    async with DiscordStage() as stage, opened(stage) as channel:
        stage.rest.forbidden[stage.place("group")] = code
        with pytest.raises(error):
            await channel.post(stage.chat("group"), "hello", key="1", final=True)


async def test_a_short_failure_of_discords_goes_unnoticed() -> None:
    async with DiscordStage() as stage, opened(stage) as channel:
        stage.rest.failures = 1
        await channel.post(stage.chat(), "hello", key="1", final=True)
        assert [bubble.text for bubble in stage.bubbles()] == ["hello"]


async def test_somebody_who_never_wrote_can_be_written_to() -> None:
    async with DiscordStage() as stage, opened(stage) as channel:
        await channel.post(stage.chat(who="tom"), "Mia would like to talk to me.", key="1", final=True)
        assert [bubble.text for bubble in stage.bubbles(who="tom")] == ["Mia would like to talk to me."]


async def test_typing_is_seen() -> None:
    async with DiscordStage() as stage, opened(stage) as channel:
        await channel.typing(stage.chat())
        await channel.typing(stage.chat("topic"))
        assert (stage.typing(), stage.typing("topic")) == (1, 1)


async def test_edits_of_old_messages_run_into_their_own_limit_which_is_told() -> None:
    async with DiscordStage(speed=1) as stage, opened(stage) as channel:
        posted = await channel.post(stage.chat(), "0", key="1", final=False)
        stage.world.messages[posted.ref].born -= 3700
        for number in (1, 2, 3):
            await posted.edit(str(number), final=False)
        with pytest.raises(RateLimited):
            await posted.edit("4", final=False)
        assert stage.rest.refused == ["old"]


async def test_the_gateway_being_away_does_not_stop_an_answer() -> None:
    async with DiscordStage() as stage, listening(stage) as (channel, _):
        posted = await channel.post(stage.chat(), "half", key="1", final=False)
        await stage.gateway.cut()
        await posted.edit("whole", final=True)
        assert stage.bubbles()[0].text == "whole"


async def test_no_error_tells_the_token_or_the_text(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    async with DiscordStage() as stage, listening(stage) as (channel, ear):
        await stage.say("a private question")
        await ear.hears("a private question")
        stage.rest.forbidden[stage.place()] = 50013
        with pytest.raises(Refused) as raised:
            await channel.post(stage.chat(), "a private answer", key="1", final=True)
        told = caplog.text + str(raised.value) + repr(raised.value)
        assert stage.token not in told and "private" not in told
        await asyncio.sleep(0)
