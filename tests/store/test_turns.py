"""A turn's record outlives its worker; its end happens once, and only for the worker that has it."""

from __future__ import annotations

import asyncio

import pytest

from bridge.errors import StoreError
from bridge.inbox import Claim, ClaimLost, Inbox
from bridge.inbox.claim import MAX_LEAVES, NEXT, RELEASE, TAKE
from bridge.reply import Record
from bridge.store import Store, keys
from bridge.store.history import MAX_EXCHANGES
from bridge.types import User
from tests.store.parts import ACCOUNT, PATIENCE, begun, chat, exchange, first, question, taken, taking


async def die(store: Store, claim: Claim) -> None:
    """The worker is gone without a word, and its claim has expired."""
    claim._end()
    await store.redis.delete(claim.keys.claim)


async def answers(store: Store) -> list[str]:
    return [each.text for each in await store.history.read(chat())]


async def test_a_turn_is_a_record(store: Store, inbox: Inbox) -> None:
    _, turn = await begun(inbox)
    record: Record = turn.reply()
    assert (record.refs, record.begun) == ([], 0)


async def test_pages_outlive_the_worker(store: Store, inbox: Inbox) -> None:
    claim, turn = await begun(inbox)
    await turn.reply().begin()
    await turn.reply().posted("page-0")
    await turn.reply().begin()
    await turn.reply().posted("page-1")
    await turn.reply().replaced(0, "page-0b")
    await turn.reply().begin()
    assert (turn.reply().refs, turn.reply().begun) == (["page-0b", "page-1"], 3)
    await die(store, claim)

    later = await first(await taken(Inbox(store, ttl=0.2)))
    assert (later.attempt, later.crashes, later.key) == (1, 1, turn.key)
    assert (later.reply().refs, later.reply().begun) == (["page-0b", "page-1"], 3)
    await later.reply().posted("page-2")
    await later.reply().dropped()
    await later.reply().drop()
    await later.reply().dropped()
    assert (later.reply().refs, later.reply().begun, later.reply().dropping) == (["page-0b"], 1, False)
    await later.reply().drop()
    later.reply().refs.clear()  # nothing but Redis remembers
    again = await first(later._claim)
    assert (again.reply().refs, again.reply().begun, again.reply().dropping) == (["page-0b"], 1, True)


async def test_every_step_may_be_repeated_after_a_lost_reply(store: Store, inbox: Inbox) -> None:
    claim, turn = await begun(inbox, "1", "2")
    await turn.reply().begin()
    await turn.reply().begin()
    await turn.reply().posted("a")
    refs = list(turn.reply().refs)
    turn.reply().refs.pop()
    await turn.reply().posted("a")
    assert turn.reply().refs == refs
    await turn.done(exchange("1"))
    await turn.done(exchange("1"))
    await turn.done(exchange("1"))
    assert await answers(store) == ["because"]
    assert (await first(claim)).job.id == "2", "and the next one was not taken with it"


async def test_a_lost_reply_takes_nothing_twice(store: Store, inbox: Inbox) -> None:
    """redis-py then sends the very same call again."""
    await inbox.put(ACCOUNT, question("1"))
    lane = keys.LaneKeys(chat(), "talk")
    for _ in range(2):
        assert await TAKE(store.redis, [lane.claim, lane.queue], "me", 60_000) == "won"
    asking = [lane.claim, lane.queue, lane.head, keys.ChatKeys(chat()).epoch, lane.parked]
    for _ in range(2):
        _, _, head = await NEXT(store.redis, asking, "me", "me.1", 60, 10)
        assert head[head.index("attempt") + 1] == "1"
    assert [await RELEASE(store.redis, asking[:3], "me", 10) for _ in range(2)] == [1, -1]
    assert await store.redis.hget(lane.head, "attempt") == "0"


async def test_asking_twice_counts_two_attempts(store: Store, inbox: Inbox) -> None:
    claim, turn = await begun(inbox)
    assert [turn.attempt, (await first(claim)).attempt, (await first(claim)).attempt] == [1, 2, 3]


async def test_leaving_does_not_count(store: Store, inbox: Inbox) -> None:
    claim, turn = await begun(inbox)
    await turn.reply().begin()
    await turn.reply().posted("a")
    await claim.release()
    with pytest.raises(ClaimLost):
        await turn.reply().begin()
    again = await first(await taken(inbox))
    assert (again.attempt, again.reply().refs) == (1, ["a"])


async def test_a_turn_that_drives_every_worker_away_comes_to_an_end(store: Store, inbox: Inbox) -> None:
    await inbox.put(ACCOUNT, question("1"))
    attempts = []
    async with taking(inbox) as take:
        for _ in range(13):
            claim = await take()
            attempts.append((await first(claim)).attempt)
            await claim.release()
    assert attempts == [1] * 11 + [2, 3]


async def test_release_after_the_end_does_nothing(store: Store, inbox: Inbox) -> None:
    claim, turn = await begun(inbox)
    await turn.done()
    assert await claim.next() is None
    await inbox.put(ACCOUNT, question("2"))
    other = await taken(inbox)
    await claim.release()
    assert await store.redis.get(other.keys.claim) == other.token, "it is no longer ours to release"
    await other.release()


async def test_a_lost_claim_is_told_and_writes_nothing(store: Store) -> None:
    inbox = Inbox(store, ttl=0.9)
    await inbox.put(ACCOUNT, question("1"))
    claim = await taken(inbox)
    turn = await first(claim)
    await store.redis.set(claim.keys.claim, "another", px=60_000)
    await asyncio.wait_for(claim.lost.wait(), PATIENCE)
    with pytest.raises(ClaimLost):
        await claim.next()
    other = Claim(store.redis, chat(), ACCOUNT, "talk", token="another", marker="0-1", ended=lambda _: None)
    theirs = await first(other)
    for step in (turn.reply().begin(), turn.reply().posted("x"), turn.done(exchange("1")), turn.set_aside("?")):
        with pytest.raises(ClaimLost):
            await step
    await claim.release()
    assert await store.redis.get(claim.keys.claim) == "another"
    assert await answers(store) == []
    await theirs.done(exchange("1", "theirs"))
    assert await answers(store) == ["theirs"]
    await inbox.close()


async def test_a_claim_is_kept_fresh_for_longer_than_it_lives(store: Store) -> None:
    inbox = Inbox(store, ttl=1.5)
    await inbox.put(ACCOUNT, question("1"))
    claim = await taken(inbox)
    turn = await first(claim)
    await asyncio.sleep(3.0)
    assert not claim.lost.is_set()
    assert await store.redis.get(claim.keys.claim) == claim.token
    await turn.done()
    await inbox.close()


async def test_without_redis_a_claim_is_lost_when_it_must_have_expired(store: Store) -> None:
    inbox = Inbox(store, ttl=0.6)
    await inbox.put(ACCOUNT, question("1"))
    claim = await taken(inbox)
    await store.redis.client_pause(2500)
    await asyncio.wait_for(claim.lost.wait(), PATIENCE)
    await store.redis.ping()
    await inbox.close()


async def test_start_over_keeps_an_older_turn_out(store: Store, inbox: Inbox) -> None:
    claim, turn = await begun(inbox, "1", "2")
    await store.conversations.begin(chat())
    await turn.done(exchange("1"))
    assert await answers(store) == []
    await (await first(claim)).done(exchange("2", "new talk"))
    assert await answers(store) == ["new talk"]


async def test_start_over_keeps_out_a_turn_that_began_before_a_crash(store: Store, inbox: Inbox) -> None:
    claim, _ = await begun(inbox)
    await die(store, claim)
    await store.conversations.begin(chat())
    turn = await first(await taken(Inbox(store, ttl=0.2)))
    assert turn.crashes == 1
    await turn.done(exchange("1"))
    assert await answers(store) == []


async def test_what_is_replaced_goes_with_all_that_came_after(store: Store, inbox: Inbox) -> None:
    claim, turn = await begun(inbox, "1", "2", "3", "4")
    await turn.done(exchange("1", "first"))
    await (await first(claim)).done(exchange("1", "better"), replaces="1")
    assert await answers(store) == ["better"]
    await (await first(claim)).done(exchange("3", "other"))
    await (await first(claim)).done(exchange("1", "late"), replaces="1")
    assert await answers(store) == ["late"]


async def test_a_turn_without_an_answer_leaves_no_trace(store: Store, inbox: Inbox) -> None:
    claim, turn = await begun(inbox)
    await turn.done()
    assert await answers(store) == []
    assert await claim.next() is None


async def test_set_aside_leaves_the_queue_and_is_counted(store: Store, inbox: Inbox) -> None:
    claim, turn = await begun(inbox, "1", "2")
    await turn.set_aside("too many attempts")
    await turn.set_aside("too many attempts")
    assert (await first(claim)).job.id == "2"
    rows = await store.redis.lrange(keys.ChatKeys(chat()).aside, 0, -1)
    assert len(rows) == 1 and "too many attempts" in str(rows[0])


async def test_history_is_trimmed_to_whole_turns(store: Store, inbox: Inbox) -> None:
    claim, turn = await begun(inbox)
    old = [exchange(str(number)).to_row() for number in range(MAX_EXCHANGES + 50)]
    await store.redis.rpush(keys.ChatKeys(chat()).history, *old)
    await turn.done(exchange("new"))
    kept = await store.history.read(chat())
    assert len(kept) == MAX_EXCHANGES and kept[-1].id == "new"
    assert await store.redis.ttl(keys.ChatKeys(chat()).history) > 86400
    await claim.release()


async def test_whatever_redis_says_becomes_a_store_error_without_words(store: Store, inbox: Inbox) -> None:
    claim, turn = await begun(inbox)
    await store.redis.set(keys.ChatKeys(chat()).history, "not a list")
    with pytest.raises(StoreError) as caught:
        await turn.done(exchange("1", "a secret answer"))
    assert "WRONGTYPE" in str(caught.value) and "secret" not in repr(caught.value)
    assert caught.value.__cause__ is None
    await claim.release()


async def test_a_suspended_turn_waits_and_its_attempt_does_not_count(store: Store, inbox: Inbox) -> None:
    claim, turn = await begun(inbox, "1", "2")
    assert not turn.delayed
    for _ in range(MAX_LEAVES + 2):
        await turn.reply().begin()
        await turn.suspend(None)
        assert await store.redis.xlen(keys.ready(ACCOUNT, "talk")) == 0
        await inbox.recall()
        claim = await taken(inbox)
        turn = await first(claim)
        assert (turn.job.id, turn.attempt, turn.delayed, turn.reply().begun) == ("1", 1, True, 1)
    await turn.done(exchange("1"))
    behind = await first(claim)
    assert (behind.job.id, behind.delayed, behind.attempt) == ("2", True, 1), "it waited as long"
    await behind.done(exchange("2"))
    await inbox.put(ACCOUNT, question("3"))
    assert not (await first(claim)).delayed, "nothing stood before it"


async def test_waiting_jobs_can_be_forgotten_unless_one_has_begun(store: Store, inbox: Inbox) -> None:
    _, turn = await begun(inbox, "1", "2")
    assert await inbox.forget(chat()) == 0
    await turn.suspend(None)
    assert await inbox.forget(chat()) == 2
    assert not await inbox.busy(chat())
    await inbox.put(ACCOUNT, question("3"))
    assert (await first(await taken(inbox))).attempt == 1


async def test_an_outage_begins_once_however_many_report_it(store: Store) -> None:
    anna, ben = User("telegram", "1"), User("discord", "2")
    assert await store.outage.now() is None
    since = await store.outage.begin(anna)
    assert await store.outage.begin(ben) == since
    away = await store.outage.now()
    assert away is not None
    assert (away.since, away.met, away.told) == (since, "telegram:1", False)
    assert 0 <= away.seconds < 60
    await store.outage.told(away)
    before, away = away, await store.outage.now()
    assert away is not None and away.told
    await store.outage.end(away)
    assert await store.outage.now() is None
    await store.outage.told(before)
    await store.outage.begin(ben)
    await store.outage.end(before)
    away = await store.outage.now()
    assert away is not None, "it is another one that is over"
    assert not away.told
    await store.outage.end(away)
    await store.redis.hset(keys.outage(""), "since", "long ago")
    assert await store.outage.now() is None
