"""Messages come in once, wait in order, and reach exactly one worker."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import Any

import pytest

from bridge.inbound import ChatMoved, Said
from bridge.inbox import UNREADABLE, CommandCall, Inbox, InboxFull, Job, Notice, Question
from bridge.inbox.queue import MAX_WAITING
from bridge.store import Store, keys
from bridge.types import Attachment, Chat, User
from tests.store.parts import ACCOUNT, asked, chat, command, first, nothing, question, taking, until

KITCHEN = Chat("feishu", "oc_{1}:x", "om_2", title="Küche 🍳")
MIA, BEN = User("feishu", "ou_1", "米娅"), User("feishu", "ou_2")
SAID = Said(
    id="9/ä",
    chat=KITCHEN,
    sender=MIA,
    text="```py\nif x:\n    pass\n```\u2028end",
    quoted="> a",
    replied_to=BEN,
    attachments=(Attachment("image", "a.png", "ref-1", "image/png", 5), Attachment("audio", seconds=1.5)),
    ack="om_8",
    language="zh-hans",
    groups=("g1", "g2"),
    sent_at=1.5,
    forwarded=True,
)
JOBS: list[Job] = [
    Question("9/ä", SAID),
    Question("retry:10", SAID, asker=BEN, again=True),
    CommandCall("11", KITCHEN, MIA, "model", "a:b c", "om_7", "om_8", "de", ("g1",), BEN, 1.5),
    Notice("n", KITCHEN, "owner_away", {"url": "http://127.0.0.1"}, "de", "9/ä", 1.5),
    ChatMoved("m", KITCHEN, Chat("feishu", "oc_2")),
]


@pytest.mark.parametrize("job", JOBS, ids=lambda job: type(job).__name__)
async def test_a_job_comes_out_as_it_went_in(inbox: Inbox, job: Job) -> None:
    assert await inbox.put(ACCOUNT, job)
    async with taking(inbox) as take:
        claim = await take()
        turn = await first(claim)
        assert turn.job == job
        assert turn.job.chat.title == "Küche 🍳"
        lane = "commands" if isinstance(job, CommandCall | Notice) else "talk"
        assert (claim.chat, claim.account, claim.lane) == (KITCHEN, ACCOUNT, lane)
        await claim.release()


@pytest.mark.parametrize("field", [each.name for each in dataclasses.fields(Chat) if each.compare])
async def test_whatever_tells_chats_apart_is_announced(store: Store, inbox: Inbox, field: str) -> None:
    other: dict[str, Any] = {field: "x~{}:"}
    apart = dataclasses.replace(chat(), **other)
    await inbox.put(ACCOUNT, question("1", apart))
    await inbox.put(ACCOUNT, question("1", chat()))
    async with taking(inbox) as take:
        claims = [await take(), await take()]
        assert {claim.chat for claim in claims} == {apart, chat()}
        for claim in claims:
            assert (await first(claim)).job.chat == claim.chat


async def test_invalid_characters_are_replaced_and_stop_nothing(store: Store, inbox: Inbox) -> None:
    await inbox.put(ACCOUNT, question("1", text="half a pair: \ud83d"))
    async with taking(inbox) as take:
        claim = await take()
        assert asked(await first(claim)).text == "half a pair: ?"
        await claim.release()


async def test_the_same_message_is_taken_in_once(store: Store, inbox: Inbox) -> None:
    assert await inbox.put(ACCOUNT, question("1"))
    assert not await inbox.put(ACCOUNT, question("1"))
    assert await inbox.put(ACCOUNT, question("1", chat("2")))
    async with taking(inbox) as take:
        claim = await take()
        await (await first(claim)).done()
        assert await claim.next() is None
        assert not await inbox.put(ACCOUNT, question("1")), "still known after it was answered"
        await (await take()).release()


async def test_a_chat_is_worked_off_in_order_by_one_worker(store: Store, inbox: Inbox) -> None:
    for number in range(5):
        await inbox.put(ACCOUNT, question(str(number)))
    other = Inbox(store)
    async with taking(inbox) as take, taking(other) as take_other:
        claim = await take()
        waiting = asyncio.create_task(nothing(take_other, 1.5))
        seen = []
        while (turn := await claim.next()) is not None:
            assert turn.attempt == 1
            seen.append(turn.job.id)
            await asyncio.sleep(0.2)
            await turn.done()
        assert seen == ["0", "1", "2", "3", "4"]
        assert await waiting, "nobody else got the chat"


async def test_a_job_put_while_the_chat_is_held_is_found_by_its_holder(store: Store, inbox: Inbox) -> None:
    await inbox.put(ACCOUNT, question("1"))
    async with taking(inbox) as take:
        claim = await take()
        turn = await first(claim)
        await inbox.put(ACCOUNT, question("2"))
        await turn.done()
        turn = await first(claim)
        assert turn.job.id == "2"
        await turn.done()
        assert await claim.next() is None
        await inbox.put(ACCOUNT, question("3"))
        claim = await take()
        assert (await first(claim)).job.id == "3"
        await claim.release()


async def test_commands_do_not_wait_behind_talk(store: Store, inbox: Inbox) -> None:
    await inbox.put(ACCOUNT, question("1"))
    held: list[object] = []
    async with taking(inbox, room=lambda: 1 - len(held)) as take:
        held.append(await take())
        await inbox.put(ACCOUNT, question("2", chat("2")))
        await inbox.put(ACCOUNT, command("3"))
        called = await take()
        assert called.lane == "commands"
        assert (await first(called)).job == command("3")
        held.pop()
        talk = await take()
        assert talk.chat == chat("2")


async def test_the_room_there_is_is_not_exceeded(store: Store, inbox: Inbox) -> None:
    for number in range(10):
        await inbox.put(ACCOUNT, question("1", chat(str(number))))
    held: list[object] = []
    async with taking(inbox, room=lambda: 3 - len(held)) as take:
        for _ in range(3):
            held.append(await take())  # noqa: PERF401 - the room shrinks with each
        assert await nothing(take)
    other = Inbox(store)
    async with taking(other) as take:
        assert {(await take()).chat.id for _ in range(7)} == {str(number) for number in range(3, 10)}


async def test_several_accounts_are_served(store: Store, inbox: Inbox) -> None:
    await inbox.put("telegram:a", question("1", chat("1")))
    await inbox.put("discord:b", question("1", chat("2")))
    await inbox.put("discord:c", question("1", chat("3")))
    async with taking(inbox, "telegram:a", "discord:b") as take:
        assert {(await take()).account for _ in range(2)} == {"telegram:a", "discord:b"}
        assert await nothing(take)


async def test_a_full_queue_refuses_and_forgets_nothing(store: Store, inbox: Inbox) -> None:
    for number in range(MAX_WAITING):
        await inbox.put(ACCOUNT, question(str(number)))
    with pytest.raises(InboxFull):
        await inbox.put(ACCOUNT, question("more"))
    assert not await inbox.put(ACCOUNT, question("0"))
    async with taking(inbox) as take:
        claim = await take()
        await (await first(claim)).done()
        assert await inbox.put(ACCOUNT, question("more")), "refused is not seen"
        await claim.release()


async def test_busy_from_the_question_to_the_end_of_its_answer(store: Store, inbox: Inbox) -> None:
    assert not await inbox.busy(chat())
    await inbox.put(ACCOUNT, command("c"))
    assert not await inbox.busy(chat())
    await inbox.put(ACCOUNT, question("1"))
    assert await inbox.busy(chat())


async def test_pushed_and_not_announced_is_announced_at_redelivery(store: Store, inbox: Inbox) -> None:
    """The process died between the two, so the platform was never told that it was received."""
    await inbox.put(ACCOUNT, question("1"))
    await store.redis.delete(keys.ready(ACCOUNT, "talk"))
    assert not await inbox.put(ACCOUNT, question("1"))
    assert await store.redis.xlen(keys.ready(ACCOUNT, "talk")) == 1


async def test_pushed_and_not_announced_is_found_by_a_new_worker(store: Store, inbox: Inbox) -> None:
    await inbox.put(ACCOUNT, question("1"))
    await inbox.put("telegram:other", question("1", chat("2")))
    await store.redis.delete(keys.ready(ACCOUNT, "talk"), keys.ready("telegram:other", "talk"))
    async with taking(inbox) as take:
        claim = await take()
        turn = await first(claim)
        assert turn.job.id == "1"
        await turn.done()
        assert await nothing(take), "another account's are not ours to announce"


async def test_the_stream_being_lost_loses_nothing(store: Store) -> None:
    inbox = Inbox(store, ttl=1.0)
    async with taking(inbox) as take:
        await inbox.put(ACCOUNT, question("0"))
        held = await take()
        await store.redis.delete(keys.ready(ACCOUNT, "talk"))
        await inbox.put(ACCOUNT, question("1", chat("2")))
        claim = await take()
        assert claim.chat == chat("2")
        await claim.release()
        assert (await first(held)).job.id == "0"
    await inbox.close()


async def test_garbage_in_the_stream_and_in_a_queue_is_told_and_kept(store: Store, inbox: Inbox) -> None:
    ready, queue = keys.ready(ACCOUNT, "talk"), keys.LaneKeys(chat(), "talk").queue
    for fields in ({"chat": "{"}, {"chat": '{"no":1}'}, {"other": "1"}, {"chat": "[]"}):
        await store.redis.xadd(ready, fields)  # type: ignore[arg-type]
    good = keys.turn(chat(), "x")
    deep = good + '{"v":2,"account":' + "[" * 5000
    rows = ["", "short", good + "{", good + '{"message":{}}', good + '{"message":null}', good + "[]", deep]
    await store.redis.rpush(queue, *rows)
    await inbox.put(ACCOUNT, question("1"))
    async with taking(inbox) as take:
        claim = await take()
        for _ in rows:
            turn = await first(claim)
            assert isinstance(turn.job, Notice) and turn.job.kind == UNREADABLE and turn.job.chat == chat()
            assert len(turn.key) == 16
            await turn.done()
        turn = await first(claim)
        assert turn.job.id == "1"
        await turn.done()
        assert await claim.next() is None
    kept = [each async for each in inbox.kept_aside()]
    assert [each.aside.entry for each in reversed(kept)] == rows, "kept whole"


async def test_nothing_is_left_behind(store: Store, inbox: Inbox) -> None:
    for number in range(20):
        await inbox.put(ACCOUNT, question("1", chat(str(number))))
        await inbox.put(ACCOUNT, question("1", chat(str(number))))
    async with taking(inbox) as take:
        for _ in range(20):
            claim = await take()
            await (await first(claim)).done()
            assert await claim.next() is None

        async def empty() -> bool:
            return await store.redis.xlen(keys.ready(ACCOUNT, "talk")) == 0

        await until(empty)
    pending = await store.redis.xpending(keys.ready(ACCOUNT, "talk"), "workers")
    assert pending["pending"] == 0
    kept = {str(name) for name in await store.redis.keys("*")}
    assert all(":seen" in name or ":ready:" in name or name.endswith(":head") for name in kept)
    for name in kept:
        assert ":ready:" in name or await store.redis.ttl(name) > 0


def test_turn_keys_are_short_stable_and_apart() -> None:
    one = keys.turn(chat("12"), "1")
    assert one == keys.turn(dataclasses.replace(chat("12"), title="renamed", person="7"), "1")
    assert len(one) == 16 and one.isalnum() and one.isascii()
    near = [(chat("1"), "12"), (chat("1", "1"), "2"), (chat("11"), "2"), (chat("12"), "\ud800")]
    assert len({one, *(keys.turn(*each) for each in near)}) == 5


def test_names_do_not_meet_and_share_their_chats_slot() -> None:
    apart = [Chat("a", "b", "c"), Chat("a", "b:c"), Chat("a", "b}c"), Chat("a", "{b"), Chat("a", ""), Chat("a", "b/c")]
    names = [keys.ChatKeys(each).history for each in apart]
    assert len(set(names)) == len(apart)
    for name, each in zip(names, apart, strict=True):
        tag = name[name.index("{") + 1 : name.index("}")]
        assert tag, "an empty tag is none"
        assert f"{{{tag}}}" in keys.LaneKeys(each, "talk").queue
