"""A chat gets another id: everything follows, also what is under way, however often it is repeated."""

from __future__ import annotations

import pytest

from bridge.inbox import Inbox, Step
from bridge.store import Store, keys
from bridge.types import Chat, ModelId
from tests.store.parts import ACCOUNT, Take, command, exchange, first, message, question, taking

OLD = Chat("telegram", "-5", title="Kitchen")
NEW = Chat("telegram", "-1005", title="Kitchen")


async def remember(store: Store, where: Chat, *ids: str) -> None:
    for id in ids:
        await store.redis.rpush(keys.ChatKeys(where).history, exchange(id, at=float(id)).to_row())


async def ids(store: Store, where: Chat) -> list[str]:
    return [each.id for each in await store.history.read(where)]


@pytest.mark.parametrize("times", [1, 3])
async def test_history_and_preferences_follow(store: Store, inbox: Inbox, times: int) -> None:
    await remember(store, OLD, "1", "2", "4")
    await remember(store, NEW, "3")
    await store.preferences.set_model(OLD, ModelId("a", "b"))
    await store.preferences.set_system(OLD, "old")
    await store.preferences.set_system(NEW, "new")
    await store.preferences.set_last(OLD, message("2", OLD))
    for _ in range(times):
        await inbox.move(OLD, NEW)
    assert await ids(store, NEW) == ["1", "2", "3", "4"] and await ids(store, OLD) == []
    assert await store.preferences.model(NEW) == ModelId("a", "b")
    assert await store.preferences.recents(NEW) == [ModelId("a", "b")]
    assert await store.preferences.system(NEW) == "new"
    last = await store.preferences.last(NEW)
    assert last is not None and last.chat == NEW


async def test_half_a_move_is_completed_without_doubles(store: Store, inbox: Inbox) -> None:
    await remember(store, OLD, "1", "2")
    await remember(store, NEW, "1", "2", "3")
    await inbox.move(OLD, NEW)
    assert await ids(store, NEW) == ["1", "2", "3"]


async def test_what_waits_follows_and_is_answered_once(store: Store, inbox: Inbox) -> None:
    for id in ("1", "2", "3"):
        await inbox.put(ACCOUNT, question(id, OLD))
    await inbox.put(ACCOUNT, command("4", OLD))
    await inbox.move(OLD, NEW)
    await inbox.move(OLD, NEW)
    assert not await inbox.busy(OLD)
    assert not await inbox.put(ACCOUNT, question("3", OLD)), "delivered again, it is still known"
    async with taking(inbox) as take:
        found = [*await _worked_off(take), *await _worked_off(take)]
    assert sorted(found) == [("1", NEW), ("2", NEW), ("3", NEW), ("4", NEW)]


async def _worked_off(take: Take) -> list[tuple[str, Chat]]:
    claim, found = await take(), []
    while (turn := await claim.next()) is not None:
        found.append((turn.job.id, turn.job.chat))
        await turn.done()
    return found


async def test_the_running_turn_ends_in_the_old_chat_and_others_move(store: Store, inbox: Inbox) -> None:
    await remember(store, OLD, "1")
    for id in ("2", "3"):
        await inbox.put(ACCOUNT, question(id, OLD))
    async with taking(inbox) as take:
        claim = await take()
        turn = await first(claim)
        await turn.reply().begin()
        await inbox.move(OLD, NEW)
        await turn.reply().posted("in the new chat")
        await turn.done(exchange("2", at=2.0))
        assert await claim.next() is None
        assert await ids(store, NEW) == ["1", "2"]
        later = await take()
        assert later.chat == NEW
        turn = await first(later)
        assert (turn.job.id, turn.reply().refs) == ("3", [])
        await turn.done()


@pytest.mark.parametrize("times", [1, 3])
async def test_what_waits_for_a_decision_asks_anew(store: Store, inbox: Inbox, times: int) -> None:
    await inbox.put(ACCOUNT, question("1", OLD))
    async with taking(inbox) as take:
        claim = await take()
        turn = await first(claim)
        await turn.note_step("r0", "a tool that ran")
        await turn.reply().posted("in the old chat")
        for record in (turn.reply(), turn.reply("left")):
            await record.begin("a file")
            await record.posted("in the old chat as well")
            await record.drop()
        await turn.park()
        assert await claim.next() is None
        for _ in range(times):
            await inbox.move(OLD, NEW)
        assert not await inbox.call_back(ACCOUNT, OLD, turn.key)
        claim = await take()
        again = await first(claim)
        assert (claim.chat, again.job.chat, again.key) == (NEW, NEW, turn.key)
        assert (again.steps, again.reply().refs) == ([Step("r0", "a tool that ran")], []), "nothing runs twice"
        for record in (again.reply(), again.reply("left")):
            assert (record.refs, record.begun, record.begun_as, record.dropping) == ([], 0, "", False)
        assert again.reply().drops == 3, "the platform may know the keys of what stood there"
        await again.park()
        assert await inbox.call_back(ACCOUNT, NEW, turn.key)
        await (await first(claim)).done(exchange("1"))
        assert await claim.next() is None
    assert await ids(store, NEW) == ["1"]


async def test_a_new_chat_that_counts_from_the_start_is_not_seen(store: Store, inbox: Inbox) -> None:
    await inbox.put(ACCOUNT, question("1", OLD))
    await inbox.move(OLD, NEW)
    assert await inbox.put(ACCOUNT, question("1", NEW))


async def test_topics_are_chats_and_moving_nowhere_is_nothing(store: Store, inbox: Inbox) -> None:
    topic = Chat("telegram", "-5", "7")
    await remember(store, topic, "1")
    await inbox.move(OLD, NEW)
    await inbox.move(topic, topic)
    assert await ids(store, topic) == ["1"]


async def test_what_cannot_be_read_stays(store: Store, inbox: Inbox) -> None:
    queue = keys.LaneKeys(OLD, "talk").queue
    await store.redis.rpush(queue, "garbage")
    await inbox.put(ACCOUNT, question("1", OLD))
    await store.redis.set(keys.ChatKeys(OLD).last, "garbage")
    await inbox.move(OLD, NEW)
    assert await store.redis.lrange(queue, 0, -1) == ["garbage"]
    assert await store.preferences.last(NEW) is None
