"""A post whose answer was lost: whatever happened, one bubble remains, and no other is touched."""

from __future__ import annotations

import pytest

from bridge.channel import Channel, Posted
from bridge.errors import Unsure
from bridge.types import Chat
from channels.telegram.lost_posts import LostPosts, from_both_ends
from tests.emulators.telegram import TelegramStage
from tests.stage import Place
from tests.telegram.conftest import Listening, Reopen
from tests.telegram.kept import Kept

PLACES: list[Place] = ["direct", "group", "topic"]


async def lost(stage: TelegramStage, channel: Channel, chat: Chat, text: str, key: str, question: str) -> None:
    stage.lose_answers()
    with pytest.raises(Unsure):
        await channel.post(chat, text, key=key, reply_to=question, final=False)


async def again(channel: Channel, chat: Chat, text: str, key: str, question: str) -> Posted:
    return await channel.post(chat, text, key=key, again=True, reply_to=question, final=False)


@pytest.mark.parametrize("place", PLACES)
async def test_one_of_two_remains(stage: TelegramStage, bot: Listening, place: Place) -> None:
    question = await stage.say("why", place=place)
    chat = (await bot.next()).chat
    await lost(stage, bot.channel, chat, "Becau", "k", question)
    assert len(stage.bubbles(place)) == 1
    posted = await again(bot.channel, chat, "Because of", "k", question)
    (bubble,) = stage.bubbles(place)
    assert (bubble.id, bubble.text) == (posted.ref, "Because of")


async def test_two_attempts_lost_leave_one(stage: TelegramStage, bot: Listening) -> None:
    question = await stage.say("why")
    chat = (await bot.next()).chat
    await lost(stage, bot.channel, chat, "a", "k", question)
    stage.lose_answers()
    with pytest.raises(Unsure):
        await again(bot.channel, chat, "b", "k", question)
    await again(bot.channel, chat, "c", "k", question)
    assert [bubble.text for bubble in stage.bubbles()] == ["c"]


@pytest.mark.parametrize("place", PLACES)
async def test_what_others_and_we_said_meanwhile_stays(stage: TelegramStage, bot: Listening, place: Place) -> None:
    question = await stage.say("why", place=place)
    chat = (await bot.next()).chat
    earlier = await bot.channel.post(chat, "page one", key="p", reply_to=question, final=True)
    await stage.say("hm", place=place)
    await lost(stage, bot.channel, chat, "page t", "k", question)
    await stage.say("go on", place=place)
    notice = await bot.channel.post(chat, "a notice", key="n", final=True)
    posted = await again(bot.channel, chat, "page two", "k", question)
    assert [(bubble.id, bubble.text) for bubble in stage.bubbles(place)] == [
        (earlier.ref, "page one"),
        (notice.ref, "a notice"),
        (posted.ref, "page two"),
    ]
    room = stage.world.rooms[int(chat.id)]
    assert not [m for m in room.messages.values() if m.deleted and m.sender != stage.world.me]


async def test_after_a_restart_only_what_is_newer_than_the_last_known_post_is_tried(
    stage: TelegramStage, reopen: Reopen
) -> None:
    first = await stage.say("first question")
    second = await stage.say("second question")
    async with reopen() as bot:
        chat = (await bot.next()).chat
        await bot.channel.post(chat, "first answer", key="one", reply_to=first, final=True)
        await lost(stage, bot.channel, chat, "second ans", "two", second)
    await stage.say("are you there?")
    async with reopen() as bot:
        await again(bot.channel, chat, "second answer", "two", second)
    assert [bubble.text for bubble in stage.bubbles()] == ["first answer", "second answer"]


async def test_where_too_little_is_known_nothing_is_tried(stage: TelegramStage, reopen: Reopen, kept: Kept) -> None:
    question = await stage.say("why")
    async with reopen() as bot:
        chat = (await bot.next()).chat
        await bot.channel.post(chat, "an answer", key="one", reply_to=question, final=True)
    (slot,) = kept.facts
    kept.facts[slot] = "4711 5"  # another chat has taken the slot
    async with reopen() as bot:
        await again(bot.channel, chat, "another", "two", question)
    assert [bubble.text for bubble in stage.bubbles()] == ["an answer", "another"]


async def test_a_post_that_did_not_arrive_is_simply_made(stage: TelegramStage, bot: Listening) -> None:
    question = await stage.say("why")
    chat = (await bot.next()).chat
    stage.drop_requests()
    with pytest.raises(Unsure):
        await bot.channel.post(chat, "a", key="k", reply_to=question, final=False)
    await again(bot.channel, chat, "b", "k", question)
    assert [bubble.text for bubble in stage.bubbles()] == ["b"]
    assert not stage.server.called("deleteMessage")


def test_probes_are_few_and_from_both_ends() -> None:
    lost_posts = LostPosts(Kept())
    assert lost_posts.candidates("5", 10, 1_000_000) == [999_999, 11, 999_998, 12]
    assert lost_posts.candidates("5", 10, 11) == []
    assert list(from_both_ends(1, 3)) == [3, 1, 2]
    assert list(from_both_ends(2, 1)) == []
