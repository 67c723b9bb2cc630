"""Messages come in once, wait in order, and reach exactly one worker."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import Any

import pytest

from bridge.inbox.inbox import MOST_WAITING
from bridge.store import Inbox, InboxFull, Store, keys
from bridge.types import Attachment, Chat, IncomingMessage, User
from tests.store.parts import ACCOUNT, chat, first, message, nothing, taking, until


async def test_a_message_comes_out_as_it_went_in(store: Store) -> None:
    whole = IncomingMessage(
        id="9/ä",
        chat=Chat("feishu", "oc_{1}:x", "om_2", title="Küche 🍳"),
        sender=User("feishu", "ou_1", "米娅"),
        text="```py\nif x:\n    pass\n```\u2028end",
        quoted="> a",
        replied_to=User("feishu", "ou_2"),
        attachments=(Attachment("image", "a.png"),),
        menu="om_7",
        language="zh-hans",
        sent_at=1.5,
        moved_to=Chat("feishu", "oc_2"),
    )
    assert await store.inbox.put(ACCOUNT, whole)
    async with taking(store.inbox) as take:
        claim = await take()
        turn = await first(claim)
        assert turn.message == whole
        assert turn.message.chat.title == "Küche 🍳"
        assert (claim.chat, claim.account, claim.lane) == (whole.chat, ACCOUNT, "talk")
        await claim.release()


@pytest.mark.parametrize("field", [each.name for each in dataclasses.fields(Chat) if each.compare])
async def test_whatever_tells_chats_apart_is_announced(store: Store, field: str) -> None:
    other: dict[str, Any] = {field: "x~{}:"}
    apart = dataclasses.replace(chat(), **other)
    await store.inbox.put(ACCOUNT, message("1", apart))
    await store.inbox.put(ACCOUNT, message("1", chat()))
    async with taking(store.inbox) as take:
        claims = [await take(), await take()]
        assert {claim.chat for claim in claims} == {apart, chat()}
        for claim in claims:
            assert (await first(claim)).message.chat == claim.chat


async def test_what_is_no_character_is_replaced_and_does_not_stop_anything(store: Store) -> None:
    await store.inbox.put(ACCOUNT, message("1", text="half a pair: \ud83d"))
    async with taking(store.inbox) as take:
        claim = await take()
        assert (await first(claim)).message.text == "half a pair: ?"
        await claim.release()


async def test_the_same_message_is_taken_in_once(store: Store) -> None:
    assert await store.inbox.put(ACCOUNT, message("1"))
    assert not await store.inbox.put(ACCOUNT, message("1"))
    assert await store.inbox.put(ACCOUNT, message("1", chat("2")))
    async with taking(store.inbox) as take:
        claim = await take()
        await (await first(claim)).done()
        assert await claim.next() is None
        assert not await store.inbox.put(ACCOUNT, message("1")), "still known after it was answered"
        await (await take()).release()


async def test_a_chat_is_worked_off_in_order_by_one_worker(store: Store) -> None:
    for number in range(5):
        await store.inbox.put(ACCOUNT, message(str(number)))
    other = Inbox(store.redis)
    async with taking(store.inbox) as take, taking(other) as take_other:
        claim = await take()
        waiting = asyncio.create_task(nothing(take_other, 1.5))
        seen = []
        while (turn := await claim.next()) is not None:
            assert turn.attempt == 1
            seen.append(turn.message.id)
            await asyncio.sleep(0.2)
            await turn.done()
        assert seen == ["0", "1", "2", "3", "4"]
        assert await waiting, "nobody else got the chat"


async def test_what_is_put_while_the_chat_is_held_is_found_by_its_holder(store: Store) -> None:
    await store.inbox.put(ACCOUNT, message("1"))
    async with taking(store.inbox) as take:
        claim = await take()
        turn = await first(claim)
        await store.inbox.put(ACCOUNT, message("2"))
        await turn.done()
        turn = await first(claim)
        assert turn.message.id == "2"
        await turn.done()
        assert await claim.next() is None
        await store.inbox.put(ACCOUNT, message("3"))
        claim = await take()
        assert (await first(claim)).message.id == "3"
        await claim.release()


async def test_commands_do_not_wait_behind_talk(store: Store) -> None:
    await store.inbox.put(ACCOUNT, message("1"))
    held: list[object] = []
    async with taking(store.inbox, room=lambda: 1 - len(held)) as take:
        held.append(await take())
        await store.inbox.put(ACCOUNT, message("2", chat("2")))
        await store.inbox.put(ACCOUNT, message("3", text="/stop"), lane="commands")
        command = await take()
        assert command.lane == "commands"
        assert (await first(command)).message.text == "/stop"
        held.pop()
        talk = await take()
        assert talk.chat == chat("2")


async def test_the_room_there_is_is_not_exceeded(store: Store) -> None:
    for number in range(10):
        await store.inbox.put(ACCOUNT, message("1", chat(str(number))))
    held: list[object] = []
    async with taking(store.inbox, room=lambda: 3 - len(held)) as take:
        for _ in range(3):
            held.append(await take())  # noqa: PERF401 - the room shrinks with each
        assert await nothing(take)
    other = Inbox(store.redis)
    async with taking(other) as take:
        assert {(await take()).chat.id for _ in range(7)} == {str(number) for number in range(3, 10)}


async def test_several_accounts_are_served(store: Store) -> None:
    await store.inbox.put("telegram:a", message("1", chat("1")))
    await store.inbox.put("discord:b", message("1", chat("2")))
    await store.inbox.put("discord:c", message("1", chat("3")))
    async with taking(store.inbox, "telegram:a", "discord:b") as take:
        assert {(await take()).account for _ in range(2)} == {"telegram:a", "discord:b"}
        assert await nothing(take)


async def test_a_full_queue_refuses_and_forgets_nothing(store: Store) -> None:
    for number in range(MOST_WAITING):
        await store.inbox.put(ACCOUNT, message(str(number)))
    with pytest.raises(InboxFull):
        await store.inbox.put(ACCOUNT, message("more"))
    assert not await store.inbox.put(ACCOUNT, message("0"))
    async with taking(store.inbox) as take:
        claim = await take()
        await (await first(claim)).done()
        assert await store.inbox.put(ACCOUNT, message("more")), "refused is not seen"
        await claim.release()


async def test_busy_from_the_question_to_the_end_of_its_answer(store: Store) -> None:
    assert not await store.inbox.busy(chat())
    await store.inbox.put(ACCOUNT, message("c"), lane="commands")
    assert not await store.inbox.busy(chat())
    await store.inbox.put(ACCOUNT, message("1"))
    assert await store.inbox.busy(chat())


async def test_pushed_but_never_announced_is_announced_when_it_is_delivered_again(store: Store) -> None:
    """The process died between the two, so the platform was never told that it was received."""
    await store.inbox.put(ACCOUNT, message("1"))
    await store.redis.delete(keys.ready(ACCOUNT, "talk"))
    assert not await store.inbox.put(ACCOUNT, message("1"))
    assert await store.redis.xlen(keys.ready(ACCOUNT, "talk")) == 1


async def test_pushed_but_never_announced_is_found_by_a_worker_that_starts(store: Store) -> None:
    await store.inbox.put(ACCOUNT, message("1"))
    await store.inbox.put("telegram:other", message("1", chat("2")))
    await store.redis.delete(keys.ready(ACCOUNT, "talk"), keys.ready("telegram:other", "talk"))
    async with taking(store.inbox) as take:
        claim = await take()
        turn = await first(claim)
        assert turn.message.id == "1"
        await turn.done()
        assert await nothing(take), "another account's are not ours to announce"


async def test_the_stream_being_lost_loses_nothing(store: Store) -> None:
    inbox = Inbox(store.redis, ttl=1.0)
    async with taking(inbox) as take:
        await inbox.put(ACCOUNT, message("0"))
        held = await take()
        await store.redis.delete(keys.ready(ACCOUNT, "talk"))
        await inbox.put(ACCOUNT, message("1", chat("2")))
        claim = await take()
        assert claim.chat == chat("2")
        await claim.release()
        assert (await first(held)).message.id == "0"
    await inbox.close()


async def test_garbage_in_the_stream_and_in_a_queue_is_set_aside(store: Store) -> None:
    ready, queue = keys.ready(ACCOUNT, "talk"), keys.LaneKeys(chat(), "talk").queue
    for fields in ({"chat": "{"}, {"chat": '{"no":1}'}, {"other": "1"}, {"chat": "[]"}):
        await store.redis.xadd(ready, fields)  # type: ignore[arg-type]
    good = keys.turn(message("x"))
    for row in ("", "short", good + "{", good + '{"message":{}}', good + '{"message":null}', good + "[]"):
        await store.redis.rpush(queue, row)
    await store.inbox.put(ACCOUNT, message("1"))
    async with taking(store.inbox) as take:
        claim = await take()
        turn = await first(claim)
        assert turn.message.id == "1"
        await turn.done()
        assert await claim.next() is None
    assert await store.inbox.set_aside(ACCOUNT) == 6


async def test_nothing_is_left_behind(store: Store) -> None:
    for number in range(20):
        await store.inbox.put(ACCOUNT, message("1", chat(str(number))))
        await store.inbox.put(ACCOUNT, message("1", chat(str(number))))
    async with taking(store.inbox) as take:
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
    one = message("1", chat("12"))
    assert keys.turn(one) == keys.turn(dataclasses.replace(one, text="edited", sent_at=3.0))
    assert len(keys.turn(one)) == 16 and keys.turn(one).isalnum() and keys.turn(one).isascii()
    near = [message("12", chat("1")), message("2", chat("1", "1")), message("2", chat("11")), message("\ud800")]
    assert len({keys.turn(each) for each in [one, *near]}) == 5


def test_names_do_not_meet_and_share_their_chats_slot() -> None:
    apart = [Chat("a", "b", "c"), Chat("a", "b:c"), Chat("a", "b}c"), Chat("a", "{b"), Chat("a", ""), Chat("a", "b/c")]
    names = [keys.ChatKeys(each).history for each in apart]
    assert len(set(names)) == len(apart)
    for name, each in zip(names, apart, strict=True):
        tag = name[name.index("{") + 1 : name.index("}")]
        assert tag, "an empty tag is none"
        assert f"{{{tag}}}" in keys.LaneKeys(each, "talk").queue
