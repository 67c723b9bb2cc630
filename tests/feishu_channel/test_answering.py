"""Answers on Feishu, as people see them grow, end, and outlive a restart."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from bridge.channel import Channel
from bridge.errors import ChannelError, Gone, RateLimited, Unsure
from bridge.events import Event, TextDelta
from bridge.reply.deliver import Address, deliver
from bridge.reply.draft import Draft
from bridge.reply.pace import Pace
from bridge.types import Body, Button, Chat
from tests.emulators.feishu import Rules
from tests.feishu_channel.harness import LONG, running

STOP, MORE = Button("Stop", "/stop"), Button("More", "/more")


async def answer(channel: Channel, chat: Chat, text: str, *, key: str = "k", pace: Pace | None = None) -> None:
    async with asyncio.timeout(LONG):
        await deliver(Draft.whole(text), Address(channel, pace or Pace(), chat, key))


async def test_an_answer_grows_in_one_card_and_ends_as_if_typed() -> None:
    async with running() as harness:
        channel, chat = await harness.channel(), harness.platform.chat()
        asked = await harness.platform.say("why")
        posted = await channel.post(chat, Body("Because", (STOP,)), key="k", reply_to=asked, final=False)
        (bubble,) = harness.platform.bubbles()
        assert bubble.streaming and bubble.buttons == ["Stop"] and bubble.reply_to == asked
        await posted.edit(Body("Because **it** is", (STOP,)), final=False)
        await posted.edit(Body("Because **it** is `so`.", (MORE,)), final=True)
        await posted.edit(Body("Because **it** is `so`.", (MORE,)), final=True)
        (bubble,) = harness.platform.bubbles()
        assert (bubble.text, bubble.buttons, bubble.streaming) == ("Because it is so.", ["More"], False)
        assert [text for _, text in bubble.writes[:2]] == ["Because", "Because it is"]
        card = next(iter(harness.platform.tenant.cards.values())).data
        assert card["config"]["summary"]["content"] == "Because it is so."
        calls = [name for name, _ in harness.platform.server.calls if name.startswith("card.")]
        assert calls == ["card.create", "card.content", "card.settings", "card.update", "card.update"]
        assert len(harness.platform.server.sockets) == 1


async def test_a_short_answer_costs_one_call_and_can_be_changed() -> None:
    async with running() as harness:
        channel, chat = await harness.channel(), harness.platform.chat("group")
        before = len(harness.platform.server.calls)
        posted = await channel.post(chat, Body("Now: `m`", (MORE,)), key="k", final=True)
        assert len(harness.platform.server.calls) == before + 1
        await channel.posted(chat, posted.ref).edit(Body("Now: `n`"), final=True)
        (bubble,) = harness.platform.bubbles("group")
        assert (bubble.text, bubble.buttons, bubble.streaming) == ("Now: n", [], False)
        await posted.delete()
        assert harness.platform.bubbles("group") == []


async def test_a_restart_takes_the_same_card_up_with_a_rising_sequence() -> None:
    async with running() as harness:
        channel, chat = await harness.channel(), harness.platform.chat()
        posted = await channel.post(chat, Body("One", (STOP,)), key="k", final=False)
        for end in ("two", "two three"):
            await posted.edit(Body(f"One {end}", (STOP,)), final=False)
        later = await harness.channel()
        taken_up = later.posted(chat, posted.ref)
        await taken_up.edit(Body("One", (STOP,)), final=False)
        await taken_up.edit(Body("One two three four", (STOP,)), final=False)
        await taken_up.edit(Body("One two three four."), final=True)
        (bubble,) = harness.platform.bubbles()
        assert (bubble.text, bubble.buttons, bubble.streaming) == ("One two three four.", [], False)
        assert harness.platform.refusals == 0


async def test_a_clock_that_went_back_heals() -> None:
    async with running() as harness:
        channel, chat = await harness.channel(), harness.platform.chat()
        harness.platform.tenant.clock.skipped = 600
        posted = await channel.post(chat, Body("One"), key="k", final=False)
        await posted.edit(Body("One two"), final=False)
        harness.platform.tenant.clock.skipped = 0
        await channel.posted(chat, posted.ref).edit(Body("One two three"), final=True)
        assert [bubble.text for bubble in harness.platform.bubbles()] == ["One two three"]
        assert harness.platform.count("send") == 1  # in the same card


async def test_a_fifteen_minute_answer_outlives_the_stream() -> None:
    # A second here is ten minutes there. Busy or silent for long, it is opened again before a write is refused.
    for pauses in ([0.05] * 40, [1.2, 0.8]):
        async with running(Rules(speed=600)) as harness:
            channel, chat = await harness.channel(), harness.platform.chat()
            start = harness.platform.tenant.clock.now()

            async def slowly(pauses: list[float] = pauses) -> AsyncIterator[Event]:
                for number, pause in enumerate(pauses):
                    yield TextDelta(f"word{number} ")
                    await asyncio.sleep(pause)

            async with asyncio.timeout(LONG):
                await deliver(Draft(slowly()), Address(channel, Pace(), chat, "k"), buttons_while_streaming=[STOP])
            assert harness.platform.tenant.clock.now() - start > 900
            (bubble,) = harness.platform.bubbles()
            assert bubble.text.split() == [f"word{number}" for number in range(len(pauses))]
            assert not bubble.streaming and bubble.buttons == [] and harness.platform.server.refused == []
            assert harness.platform.count("card.settings") >= 2  # opened again, and closed


@pytest.mark.parametrize("code", [200850, 300309])
async def test_a_stream_found_closed_is_opened_once_and_goes_on(code: int) -> None:
    async with running(Rules(stream_end_code=code)) as harness:
        channel, chat = await harness.channel(), harness.platform.chat()
        posted = await channel.post(chat, Body("One"), key="k", final=False)
        next(iter(harness.platform.tenant.cards.values())).opened_at -= 700
        await posted.edit(Body("One two"), final=False)
        await posted.edit(Body("One two three"), final=False)
        assert harness.platform.server.refused == [code]
        assert (harness.platform.count("card.settings"), harness.platform.count("card.content")) == (1, 3)
        assert harness.platform.bubbles()[0].text == "One two three"


async def test_eight_tables_and_a_long_answer_are_split_and_whole() -> None:
    table = "| n | square |\n|---|---|\n" + "".join(f"| {n} | {n * n} |\n" for n in range(12))
    tables = "\n".join(f"Table {number}:\n\n{table}" for number in range(8))
    prose = "".join(f"第{number}句话，说的是“天空为什么是蓝的”。\n" for number in range(1500))
    async with running() as harness:
        channel = await harness.channel()
        await answer(channel, harness.platform.chat(), tables, key="a")
        bubbles = harness.platform.bubbles()
        assert len(bubbles) == 3
        shown = "\n".join(bubble.text for bubble in bubbles)
        assert [shown.count(f"Table {number}:") for number in range(8)] == [1] * 8
        assert shown.count("11 | 121") == 8 and not any(bubble.code for bubble in bubbles)
        await answer(channel, harness.platform.chat("group"), prose, key="b")
        written = "\n".join(bubble.text for bubble in harness.platform.bubbles("group"))
        assert written.split() == prose.split()
        assert len(harness.platform.bubbles("group")) > 3


async def test_twenty_streams_at_once_stay_within_the_apps_limits() -> None:
    # The minute is made as short as the streams are: what counts is the rate, and that no call is refused.
    async with running(Rules(per_chat=50)) as harness:
        channel, pace = await harness.channel(), Pace()

        async def stream(number: int) -> None:
            async def text() -> AsyncIterator[Event]:
                for word in range(40):
                    yield TextDelta(f"{number}-{word} ")
                    await asyncio.sleep(0.1)

            chat = harness.platform.chat(who=f"p{number}")
            await deliver(Draft(text()), Address(channel, pace, chat, f"k{number}"), buttons_while_streaming=[STOP])

        loop = asyncio.get_running_loop()
        start = loop.time()
        async with asyncio.timeout(2 * LONG):
            await asyncio.gather(*(stream(number) for number in range(20)))
        minutes = (loop.time() - start) / 60
        for number in range(20):
            (bubble,) = harness.platform.bubbles(who=f"p{number}")
            assert bubble.text.split() == [f"{number}-{word}" for word in range(40)] and not bubble.streaming
        assert harness.platform.refusals == 0
        assert harness.platform.count("card.content") < 1000 * minutes + 20


async def test_a_flood_is_told_with_its_seconds() -> None:
    async with running() as harness:
        channel, chat = await harness.channel(), harness.platform.chat()
        harness.platform.flood(7)
        with pytest.raises(RateLimited) as limited:
            await channel.post(chat, Body("x"), key="k", final=True)
        assert limited.value.retry_after == 7
        posted = await channel.post(chat, Body("x"), key="k", final=True)
        harness.platform.fail("patch", 230020)
        with pytest.raises(RateLimited):
            await posted.edit(Body("y"), final=True)


@pytest.mark.parametrize("final", [True, False])
async def test_a_lost_answer_does_not_post_twice(final: bool) -> None:
    async with running() as harness:
        channel, chat = await harness.channel(), harness.platform.chat()
        if not final:
            harness.platform.lose_answers(steps=("card.create",))  # a card that nobody was sent is no post
            with pytest.raises(ChannelError) as failed:
                await channel.post(chat, Body("One"), key="k", final=False)
            assert not isinstance(failed.value, Unsure)
        harness.platform.lose_answers(steps=("send",))
        with pytest.raises(Unsure):
            await channel.post(chat, Body("One"), key="k", final=final)
        after = await harness.channel()  # as after a crash
        posted = await after.post(chat, Body("One"), key="k", retry=True, final=final)
        await posted.edit(Body("One two"), final=False)
        await posted.edit(Body("One two three"), final=True)
        assert [bubble.text for bubble in harness.platform.bubbles()] == ["One two three"]
        assert harness.platform.count("send") == 2 and harness.platform.count("recall") == 0


async def test_a_request_that_never_arrived_is_made_again() -> None:
    async with running() as harness:
        channel, chat = await harness.channel(), harness.platform.chat()
        harness.platform.drop_requests()
        with pytest.raises(ChannelError):
            await channel.post(chat, Body("One"), key="k", final=True)
        await channel.post(chat, Body("One"), key="k", retry=True, final=True)
        assert len(harness.platform.bubbles()) == 1


async def test_what_is_gone_is_gone() -> None:
    async with running() as harness:
        channel, chat = await harness.channel(), harness.platform.chat()
        asked = await harness.platform.say("x")
        harness.platform.tenant.messages[asked].deleted = True
        posted = await channel.post(chat, Body("One"), key="a", reply_to=asked, final=True)
        assert harness.platform.bubbles()[0].reply_to == ""
        harness.platform.tenant.messages[posted.ref].deleted = True
        with pytest.raises(Gone):
            await posted.edit(Body("Two"), final=True)
        harness.platform.tenant.gone_chats.add(chat.id)
        with pytest.raises(Gone):
            await channel.post(chat, Body("Three"), key="b", final=True)


async def test_the_reply_engine_delivers_once_despite_errors() -> None:
    """Lost answers, dropped requests and floods on the way: the text stands there exactly once."""
    text = "".join(f"Sentence {number} of it. " for number in range(30))
    async with running() as harness:
        channel, chat = await harness.channel(), harness.platform.chat()

        async def slowly() -> AsyncIterator[Event]:
            for at in range(0, len(text), 40):
                yield TextDelta(text[at : at + 40])
                await asyncio.sleep(0.05)
                if at == 280:
                    harness.platform.flood(0.1)
                    harness.platform.lose_answers()
                    harness.platform.drop_requests()

        async with asyncio.timeout(2 * LONG):
            await deliver(Draft(slowly()), Address(channel, Pace(), chat, "k"), buttons_while_streaming=[STOP])
        (bubble,) = harness.platform.bubbles()
        assert bubble.text == text.strip() and not bubble.streaming
