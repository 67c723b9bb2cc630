"""A turn that waits: until a time, until it is woken, across restarts. And what is counted of its attempts."""

from __future__ import annotations

import asyncio
import time

import pytest

from bridge.inbox import MAX_RESULT_BYTES, MAX_STEPS, ClaimLost, Inbox, Step
from bridge.reply import Record
from bridge.store import Store, keys
from tests.store.parts import ACCOUNT, asked, begun, chat, first, nothing, question, taken, taking


async def test_a_suspended_turn_is_taken_up_when_its_time_has_come(store: Store, inbox: Inbox) -> None:
    claim, turn = await begun(inbox, "1", "2")
    until = time.time() + 1.0
    await turn.suspend(until)
    assert await claim.next() is None
    await claim.release()
    with pytest.raises(ClaimLost):
        await turn.done()
    heir = Inbox(store)  # a process that starts looks through all queues
    again = await first(await taken(heir))
    assert time.time() >= until
    assert (again.job.id, again.attempt, again.crashes, again.delayed) == ("1", 1, 0, True)
    assert await store.redis.zcard(keys.wake(ACCOUNT)) == 0
    await heir.close()


async def test_a_suspended_turn_is_taken_up_sooner_where_more_is_put(inbox: Inbox) -> None:
    _, turn = await begun(inbox)
    await turn.suspend(time.time() + 3600)
    async with taking(inbox) as take:
        assert await nothing(take)
    await inbox.put(ACCOUNT, question("2"))
    assert (await first(await taken(inbox))).job.id == "1"


async def test_a_recall_takes_up_what_is_suspended(inbox: Inbox) -> None:
    _, turn = await begun(inbox)
    await turn.suspend(time.time() + 3600)
    await inbox.recall()
    assert (await first(await taken(inbox))).job.id == "1"


async def test_a_wake_during_the_attempt_is_not_lost(store: Store, inbox: Inbox) -> None:
    """What it waits for comes while it is on the way to wait for it, and the marker finds the chat held."""
    async with taking(inbox) as take:
        await inbox.put(ACCOUNT, question("1"))
        turn = await first(await take())
        await inbox.wake(ACCOUNT, chat())
        await store.redis.delete(keys.ready(ACCOUNT, "talk"))
    await turn.suspend(time.time() + 3600)
    later = Inbox(store)
    turn = await first(await taken(later))
    assert turn.job.id == "1"
    await turn.suspend(time.time() + 3600)
    async with taking(later) as take:
        assert await nothing(take), "one wake is for one time"
    await later.close()


async def test_failures_and_crashes_are_counted_apart(store: Store, inbox: Inbox) -> None:
    claim, turn = await begun(inbox)
    await turn.failed()
    await turn.failed()
    with pytest.raises(ClaimLost):
        await turn.reply().begin()
    turn = await first(claim)
    assert (turn.attempt, turn.crashes) == (2, 0)
    for crashes in (1, 2, 3):
        claim._end()  # gone without a word, and the claim has expired
        await store.redis.delete(claim.keys.claim)
        claim = await taken(Inbox(store, ttl=0.2))
        turn = await first(claim)
        assert (turn.attempt, turn.crashes) == (2, crashes)
    turn = await first(claim)
    assert (turn.attempt, turn.crashes) == (3, 3), "asked again without an end: it failed"
    assert await store.redis.hget(claim.keys.head, "attempt") == "6", "an older process counts them all"
    await turn.suspend(time.time() - 1)
    turn = await first(await taken(inbox))
    assert (turn.attempt, turn.crashes) == (3, 3)


async def test_a_death_while_the_turn_rests_is_no_crash(store: Store, inbox: Inbox) -> None:
    claim, turn = await begun(inbox)
    for _ in range(2):
        resting = asyncio.create_task(turn.rest(600))
        while not await store.redis.hexists(claim.keys.head, "resting"):
            await asyncio.sleep(0.01)
        resting.cancel()
        claim._end()  # gone without a word, and the claim has expired
        await store.redis.delete(claim.keys.claim)
        claim = await taken(Inbox(store, ttl=0.2))
        turn = await first(claim)
        assert (turn.attempt, turn.crashes) == (1, 0)
    await turn.rest(0)
    claim._end()
    await store.redis.delete(claim.keys.claim)
    turn = await first(await taken(Inbox(store, ttl=0.2)))
    assert (turn.attempt, turn.crashes) == (1, 1), "it had rested, and begun"


async def test_named_replies_are_kept_apart(store: Store, inbox: Inbox) -> None:
    claim, turn = await begun(inbox)
    records: list[Record] = [turn.reply(), turn.reply("left"), turn.reply("right-2")]
    for number, record in enumerate(records):
        for page in range(number + 1):
            await record.begin("")
            await record.posted(f"{number}.{page}")
    await turn.reply("left").replaced(0, "1.new")
    await turn.reply("right-2").dropped()
    await turn.reply("right-2").begin()
    assert turn.reply("left") is records[1]
    await claim.release()
    later = await first(await taken(inbox))
    kept = [(list(each.refs), each.begun) for each in map(later.reply, ("", "left", "right-2", "other"))]
    assert kept == [(["0.0"], 1), (["1.new", "1.1"], 2), (["2.0", "2.1"], 3), ([], 0)]
    for name in ("a:b", "x" * 33, "ä"):
        with pytest.raises(ValueError, match="not the name"):
            turn.reply(name)


async def test_steps_survive_a_restart_and_run_once(store: Store, inbox: Inbox) -> None:
    claim, turn = await begun(inbox)
    await turn.begin_step("a")
    assert await turn.finish_step("a", "ok: \ud83d") == "ok: ?"
    await turn.begin_step("b")
    await turn.begin_step("b")
    await claim.release()
    claim = await taken(inbox)
    turn = await first(claim)
    assert turn.steps == [Step("a", "ok: ?"), Step("b")]
    await turn.begin_step("a")
    kept = await turn.finish_step("b", "é" * MAX_RESULT_BYTES)
    assert len(kept.encode()) == MAX_RESULT_BYTES
    for number in range(MAX_STEPS - 2):
        await turn.begin_step(str(number))
    with pytest.raises(ValueError, match="at most"):
        await turn.begin_step("more")
    with pytest.raises(ValueError, match="not begun"):
        await turn.finish_step("more", "")
    assert [step.id for step in turn.steps][:3] == ["a", "b", "0"]
    await store.redis.delete(claim.keys.claim)
    await first(await taken(Inbox(store, ttl=0.2)))
    with pytest.raises(ClaimLost):
        await turn.finish_step("0", "too late")


async def test_waiting_jobs_can_be_replaced_and_removed_until_begun(store: Store, inbox: Inbox) -> None:
    claim, turn = await begun(inbox, "1", "2", "3")
    assert await inbox.replace(question("1", text="changed")) == "begun", "it is being answered"
    assert await turn.reread() and asked(turn).text == "changed"
    assert await inbox.replace(question("2", text="edited 账"))
    assert await inbox.remove(chat(), "3") == "waiting" and not await inbox.remove(chat(), "3")
    assert not await inbox.replace(question("9")) and not await inbox.remove(chat("9"), "1")
    await turn.suspend(None)
    assert await inbox.replace(question("1", text="edited")), "it waits, and nobody has seen anything of it"
    turn = await first(await taken(inbox))
    assert (turn.job.id, asked(turn).text, turn.delayed) == ("1", "edited", True)
    await turn.reply().begin()
    await turn.suspend(None)
    assert await inbox.remove(chat(), "1") == "begun", "something of it may be seen"
    claim = await taken(inbox)
    turn = await first(claim)
    assert (asked(turn).text, turn.job.action) == ("", "deleted")  # type: ignore[union-attr]  # it is a question
    await turn.done()
    turn = await first(claim)
    assert (turn.job.id, asked(turn).text) == ("2", "edited 账")
    await turn.suspend(None)
    await inbox.put(ACCOUNT, question("4"))
    assert await inbox.remove(chat(), "2")
    turn = await first(await taken(inbox))
    assert (turn.job.id, turn.delayed, turn.attempt) == ("4", True, 1), "it stood behind one that was suspended"
    entry = await store.redis.lindex(claim.keys.queue, 0)
    assert f'"account":"{ACCOUNT}"' in str(entry)


async def test_a_parked_turn_lets_others_go_first(inbox: Inbox) -> None:
    claim, turn = await begun(inbox, "1", "2")
    await turn.note_step("r0", "kept")
    await turn.reply().posted("ref")
    await turn.park()
    behind = await first(claim)
    assert (behind.job.id, behind.steps, behind.reply().refs) == ("2", [], [])
    await behind.done()
    assert await claim.next() is None, "it waits for somebody, and nobody waits for it"
    assert await inbox.call_back(ACCOUNT, chat(), turn.key)
    await inbox.put(ACCOUNT, question("3"))
    again = await first(await taken(inbox))
    assert (again.job.id, again.attempt, again.crashes, again.delayed) == ("1", 1, 0, True)
    assert (again.steps, again.reply().refs) == ([Step("r0", "kept")], ["ref"])


async def test_a_turn_is_called_back_once(inbox: Inbox) -> None:
    claim, turn = await begun(inbox)
    await turn.park()
    for _ in range(3):
        assert await inbox.call_back(ACCOUNT, chat(), turn.key)
    await (await first(claim)).done()
    assert await claim.next() is None
    assert not await inbox.call_back(ACCOUNT, chat(), turn.key)


async def test_a_call_back_before_it_is_parked_is_not_lost(inbox: Inbox) -> None:
    claim, turn = await begun(inbox, "1", "2")
    assert await inbox.call_back(ACCOUNT, chat(), turn.key)
    await turn.park()
    assert (await first(claim)).job.id == "1"


async def test_an_edit_calls_a_parked_turn_back(inbox: Inbox) -> None:
    claim, turn = await begun(inbox, "1", "2")
    assert await turn.join()
    await turn.note_step("r0", "of what it said")
    await turn.reply().posted("ref")
    assert await turn.park()
    assert await claim.next() is None
    assert await inbox.replace(question("9", text="no such question")) == ""
    assert await inbox.replace(question("2", text="what now?")) == "begun"
    claim = await taken(inbox)
    again = await first(claim)
    assert (again.job.id, again.steps, again.reply().refs) == ("1", [], ["ref"]), "the steps were for another question"
    assert await again.join()
    assert asked(again).text == "why?\n\nwhat now?"
    assert await again.park()
    assert await inbox.call_back(ACCOUNT, chat(), again.key)
    assert await inbox.replace(question("2", text="and now?")), "called back, and not begun again"
    again = await first(claim)
    assert await again.join()
    assert (asked(again).text, again.edits) == ("why?\n\nand now?", 2)


async def test_an_edit_just_before_parking_is_not_lost(inbox: Inbox) -> None:
    _, turn = await begun(inbox)
    await turn.note_step("r0", "of what it said")
    assert await inbox.replace(question("1", text="what now?")) == "begun"
    assert not await turn.park(), "it goes on"
    assert await turn.reread()
    assert (asked(turn).text, turn.steps) == ("what now?", [])
    assert await turn.park()


async def test_a_parked_question_that_is_deleted_comes_back_empty(inbox: Inbox) -> None:
    claim, turn = await begun(inbox)
    await turn.reply().posted("ref")
    assert await turn.park()
    assert await claim.next() is None
    assert await inbox.remove(chat(), "1") == "begun"
    again = await first(await taken(inbox))
    assert (asked(again).text, again.job.action, again.reply().refs) == ("", "deleted", ["ref"])  # type: ignore[union-attr]  # it is a question


async def test_steps_for_what_a_question_said_are_forgotten(store: Store, inbox: Inbox) -> None:
    _, turn = await begun(inbox)
    await turn.note_step("r0", "of what it said")
    await turn.suspend(None)
    assert await inbox.replace(question("1", text="what now?")) == "begun"
    turn = await first(await taken(inbox))
    assert (asked(turn).text, turn.steps) == ("what now?", [])
    await turn.note_step("r0", "of what it says")
    await turn.suspend(None)
    await inbox.wake(ACCOUNT, chat())
    assert (await first(await taken(inbox))).steps == [Step("r0", "of what it says")]


async def test_what_was_parked_can_be_forgotten(inbox: Inbox) -> None:
    _, turn = await begun(inbox)
    await turn.park()
    assert await inbox.drop_parked(chat()) == 1
    assert not await inbox.call_back(ACCOUNT, chat(), turn.key)
