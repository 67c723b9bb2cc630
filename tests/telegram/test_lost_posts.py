"""A post whose answer was lost: whatever happened, one bubble remains, and no other is touched."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from bridge.channel import Channel, Posted
from bridge.errors import Unsure
from bridge.types import Body, BodyFile, Chat
from channels.telegram.lost_posts import LostPosts
from tests.emulators.telegram import TelegramPlatform
from tests.emulators.telegram.faults import Fault
from tests.platform import Place
from tests.telegram.conftest import Listening, Reopen
from tests.telegram.kept import Kept
from tests.telegram.pictures import png

PLACES: list[Place] = ["direct", "group", "topic"]


async def lost(platform: TelegramPlatform, channel: Channel, chat: Chat, text: str, key: str, question: str) -> None:
    platform.lose_answers()
    with pytest.raises(Unsure):
        await channel.post(chat, Body(text), key=key, reply_to=question, final=False)


async def again(channel: Channel, chat: Chat, text: str, key: str, question: str) -> Posted:
    return await channel.post(chat, Body(text), key=key, retry=True, reply_to=question, final=False)


@pytest.mark.parametrize("place", PLACES)
async def test_one_of_two_remains(platform: TelegramPlatform, bot: Listening, place: Place) -> None:
    question = await platform.say("why", place=place)
    chat = (await bot.next()).chat
    await lost(platform, bot.channel, chat, "Becau", "k", question)
    assert len(platform.bubbles(place)) == 1
    posted = await again(bot.channel, chat, "Because of", "k", question)
    (bubble,) = platform.bubbles(place)
    assert (bubble.id, bubble.text) == (posted.ref, "Because of")


async def test_two_attempts_lost_leave_one(platform: TelegramPlatform, bot: Listening) -> None:
    question = await platform.say("why")
    chat = (await bot.next()).chat
    await lost(platform, bot.channel, chat, "a", "k", question)
    platform.lose_answers()
    with pytest.raises(Unsure):
        await again(bot.channel, chat, "b", "k", question)
    await again(bot.channel, chat, "c", "k", question)
    assert [bubble.text for bubble in platform.bubbles()] == ["c"]


@pytest.mark.parametrize("fault", [Fault.lost(), Fault.dropped(), Fault.html(502), Fault.flooded(1)], ids=repr)
@pytest.mark.parametrize("method", ["editMessageText", "deleteMessage"])
async def test_the_search_goes_on_where_a_call_of_it_fails(
    platform: TelegramPlatform, bot: Listening, fault: Fault, method: str
) -> None:
    question = await platform.say("why")
    chat = (await bot.next()).chat
    await lost(platform, bot.channel, chat, "a", "k", question)
    platform.server.faults.plan(fault, methods=[method])
    await again(bot.channel, chat, "b", "k", question)
    assert [bubble.text for bubble in platform.bubbles()] == ["b"]


@pytest.mark.parametrize("place", PLACES)
async def test_what_others_and_we_said_meanwhile_stays(
    platform: TelegramPlatform, bot: Listening, place: Place
) -> None:
    question = await platform.say("why", place=place)
    chat = (await bot.next()).chat
    earlier = await bot.channel.post(chat, Body("page one"), key="p", reply_to=question, final=True)
    await platform.say("hm", place=place)
    await lost(platform, bot.channel, chat, "page t", "k", question)
    await platform.say("go on", place=place)
    notice = await bot.channel.post(chat, Body("a notice"), key="n", final=True)
    posted = await again(bot.channel, chat, "page two", "k", question)
    assert [(bubble.id, bubble.text) for bubble in platform.bubbles(place)] == [
        (earlier.ref, "page one"),
        (notice.ref, "a notice"),
        (posted.ref, "page two"),
    ]
    room = platform.world.rooms[int(chat.id)]
    assert not [m for m in room.messages.values() if m.deleted and m.sender != platform.world.me]


async def test_after_a_restart_only_ids_above_the_last_post_are_tried(
    platform: TelegramPlatform, reopen: Reopen
) -> None:
    first = await platform.say("first question")
    second = await platform.say("second question")
    async with reopen() as bot:
        chat = (await bot.next()).chat
        await bot.channel.post(chat, Body("first answer"), key="one", reply_to=first, final=True)
        await lost(platform, bot.channel, chat, "second ans", "two", second)
    await platform.say("are you there?")
    async with reopen() as bot:
        await again(bot.channel, chat, "second answer", "two", second)
    assert [bubble.text for bubble in platform.bubbles()] == ["first answer", "second answer"]


async def test_after_a_restart_it_is_found_though_others_said_much(platform: TelegramPlatform, reopen: Reopen) -> None:
    """The ids of all private chats are one sequence; the process that died and the one that follows hear no one."""
    first = await platform.say("first question")
    async with reopen() as bot:
        chat = (await bot.next()).chat
        await bot.channel.post(chat, Body("first answer"), key="one", reply_to=first, final=True)
        for number in range(20):
            await platform.say(f"{number}", who="tom")
        tom = platform.chat("direct", "tom")
        await bot.channel.post(tom, Body("to tom"), key="tom", final=True)
        await lost(platform, bot.channel, chat, "second ans", "two", "")
    for number in range(20):
        await platform.say(f"{number} again", who="tom")
    async with reopen() as bot:
        await again(bot.channel, chat, "second answer", "two", "")
    assert [bubble.text for bubble in platform.bubbles()] == ["first answer", "second answer"]
    assert [bubble.text for bubble in platform.bubbles("direct", "tom")] == ["to tom"]


async def test_a_post_that_only_the_adapter_knew_is_found(platform: TelegramPlatform, reopen: Reopen) -> None:
    """Its process died when the adapter had kept it, and before the bridge had."""
    question = await platform.say("why")
    async with reopen() as bot:
        chat = (await bot.next()).chat
        await bot.channel.post(chat, Body("half"), key="one", reply_to=question, final=False)
    async with reopen() as bot:
        await again(bot.channel, chat, "whole", "one", question)
    assert [bubble.text for bubble in platform.bubbles()] == ["whole"]


async def test_where_too_little_is_known_nothing_is_tried(
    platform: TelegramPlatform, reopen: Reopen, kept: Kept
) -> None:
    question = await platform.say("why")
    async with reopen() as bot:
        chat = (await bot.next()).chat
        await bot.channel.post(chat, Body("an answer"), key="one", reply_to=question, final=True)
    (slot,) = await kept.names("posted:")
    kept.facts[slot] = "4711 5"  # another chat has taken the slot
    async with reopen() as bot:
        await again(bot.channel, chat, "another", "two", question)
    assert [bubble.text for bubble in platform.bubbles()] == ["an answer", "another"]


async def test_a_post_that_did_not_arrive_is_simply_made(platform: TelegramPlatform, bot: Listening) -> None:
    question = await platform.say("why")
    chat = (await bot.next()).chat
    platform.drop_requests()
    with pytest.raises(Unsure):
        await bot.channel.post(chat, Body("a"), key="k", reply_to=question, final=False)
    await again(bot.channel, chat, "b", "k", question)
    assert [bubble.text for bubble in platform.bubbles()] == ["b"]
    assert not platform.server.called("deleteMessage")


def probed(lost_posts: LostPosts, floor: int, ids: list[int], found: set[int], *floors: int) -> list[int]:
    """The ids that a search asks about where `found` are ours."""
    search = lost_posts.search("5", [floor, *floors], ids)
    probes: list[int] = []
    try:
        probes.append(next(search))
        while True:
            probes.append(search.send(probes[-1] in found))
    except StopIteration:
        return probes


def test_probes_are_few_and_from_both_ends() -> None:
    lost_posts = LostPosts(Kept())
    assert probed(lost_posts, 10, [1_000_000], set()) == [11, 999_999, 12, 999_998, 13, 999_997, 14, 999_996]
    assert probed(lost_posts, 0, [4], set()) == [1, 3, 2]
    assert probed(lost_posts, 10, [11], set()) == []
    lost_posts.keep("5", [999_999, 12])
    assert probed(lost_posts, 10, [1_000_000], set())[:4] == [11, 999_998, 13, 999_997]


def test_each_attempt_that_was_lost_is_looked_for() -> None:
    assert probed(LostPosts(Kept()), 10, [100], {12, 51, 99}, 50) == [11, 51, 99, 12, 52, 98, 13, 53, 97, 14, 54, 96]


def test_an_album_is_searched_on_from_what_is_found() -> None:
    lost_posts = LostPosts(Kept())
    assert probed(lost_posts, 10, [100, 101, 102], {11, 12, 13})[:5] == [11, 12, 13, 14, 99]
    assert len(probed(lost_posts, 10, [1000, 1001], set(range(2000)))) == 16, "however many seem to be ours"


PICTURES = tuple(BodyFile.of("image", f"{n}.png", "image/png", png(n, 2)) for n in (1, 2, 3))


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("count", [1, 3])
async def test_an_upload_whose_answer_was_lost(
    platform: TelegramPlatform, bot: Listening, place: Place, count: int
) -> None:
    question = await platform.say("draw", place=place)
    chat = (await bot.next()).chat
    body = Body(files=PICTURES[:count])
    platform.lose_answers()
    with pytest.raises(Unsure):
        await bot.channel.post(chat, body, key="k", reply_to=question, final=True)
    await platform.say("and?", place=place)
    note = await bot.channel.post(chat, Body("a word"), key="n", final=True)
    posted = await bot.channel.post(chat, body, key="k", reply_to=question, final=True, retry=True)
    assert [(bubble.id, len(bubble.files)) for bubble in platform.bubbles(place)] == [
        (note.ref, 0),
        (posted.ref, count),
    ]
    room = platform.world.rooms[int(chat.id)]
    assert not [m for m in room.messages.values() if m.deleted and m.sender != platform.world.me]


async def test_a_text_is_not_taken_for_a_lost_picture(platform: TelegramPlatform, bot: Listening) -> None:
    question = await platform.say("draw")
    chat = (await bot.next()).chat
    platform.lose_answers()
    with pytest.raises(Unsure):
        await bot.channel.post(chat, Body("here:"), key="t", reply_to=question, final=True)
    platform.drop_requests()
    with pytest.raises(Unsure):
        await bot.channel.post(chat, Body(files=PICTURES[:1]), key="k", reply_to=question, final=True)
    await bot.channel.post(chat, Body(files=PICTURES[:1]), key="k", reply_to=question, final=True, retry=True)
    assert [bubble.text for bubble in platform.bubbles()] == ["here:", ""]


async def test_what_another_process_posts_in_another_topic_stays() -> None:
    memory, group = Kept(), "-1002100000002"
    one, other = LostPosts(memory), LostPosts(memory)
    one.seen(group, 100)
    await one.floors(group, "topic.0", retry=False)  # the answer to this post is lost: it is 101
    for id in (102, 103):
        await other.posted(group, f"{id}.0", [id])
    floors = await one.floors(group, "topic.0", retry=True)
    await one.posted(group, "topic.0", [104])
    assert list(one.search(group, floors, [104])) == [101]


class Counted(Kept):
    """Counts what it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.trips: list[str] = []

    async def get(self, name: str) -> str:
        self.trips.append("get")
        return await super().get(name)

    async def put_all(self, values: Mapping[str, str]) -> None:
        self.trips.append("put_all")
        await super().put_all(values)


async def test_a_post_makes_three_trips_to_the_store() -> None:
    """Each page of each answer pays for them."""
    memory = Counted()
    lost_posts = LostPosts(memory)
    for id in (7, 8):
        memory.trips.clear()
        await lost_posts.floors("1", f"key{id}", retry=False)
        await lost_posts.posted("1", f"key{id}", [id])
    assert memory.trips == ["get", "put_all", "put_all"]
