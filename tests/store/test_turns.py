"""A turn's record outlives its worker; its end happens once, and only for the worker that has it."""

from __future__ import annotations

import asyncio

import pytest

from bridge.errors import StoreError
from bridge.inbox.claim import LEAVES, NEXT, RELEASE, TAKE
from bridge.reply import Record
from bridge.store import Claim, ClaimLost, Inbox, Store, Turn, keys
from bridge.store.history import TURNS
from bridge.types import User
from tests.store.parts import ACCOUNT, PATIENCE, chat, exchange, first, message, taking


async def taken(store: Store, inbox: Inbox | None = None) -> Claim:
    async with taking(inbox or store.inbox) as take:
        return await take()


async def asked(store: Store, *ids: str) -> tuple[Claim, Turn]:
    for id in ids or ("1",):
        await store.inbox.put(ACCOUNT, message(id))
    claim = await taken(store)
    return claim, await first(claim)


async def die(store: Store, claim: Claim) -> None:
    """The worker is gone without a word, and its claim has expired."""
    claim._end()
    await store.redis.delete(claim.keys.claim)


async def answers(store: Store) -> list[str]:
    return [each.answer for each in await store.history.read(chat())]


async def test_a_turn_is_a_record(store: Store) -> None:
    _, turn = await asked(store)
    record: Record = turn
    assert (record.refs, record.begun) == ([], 0)


async def test_pages_outlive_the_worker(store: Store) -> None:
    claim, turn = await asked(store)
    await turn.begin()
    await turn.posted("page-0")
    await turn.begin()
    await turn.posted("page-1")
    await turn.replaced(0, "page-0b")
    await turn.begin()
    assert (turn.refs, turn.begun) == (["page-0b", "page-1"], 3)
    await die(store, claim)

    later = await first(await taken(store, Inbox(store.redis, ttl=0.2)))
    assert (later.attempt, later.key) == (2, turn.key)
    assert (later.refs, later.begun) == (["page-0b", "page-1"], 3)
    await later.posted("page-2")
    await later.dropped()
    await later.dropped()
    assert (later.refs, later.begun) == (["page-0b"], 1)


async def test_every_step_may_be_repeated_after_a_lost_reply(store: Store) -> None:
    claim, turn = await asked(store, "1", "2")
    await turn.begin()
    await turn.begin()
    await turn.posted("a")
    refs = list(turn.refs)
    turn.refs.pop()
    await turn.posted("a")
    assert turn.refs == refs
    await turn.done(exchange("1"))
    await turn.done(exchange("1"))
    await turn.done(exchange("1"))
    assert await answers(store) == ["because"]
    assert (await first(claim)).message.id == "2", "and the next one was not taken with it"


async def test_a_lost_reply_takes_nothing_twice(store: Store) -> None:
    """redis-py then sends the very same call again."""
    await store.inbox.put(ACCOUNT, message("1"))
    lane = keys.LaneKeys(chat(), "talk")
    for _ in range(2):
        assert await TAKE(store.redis, [lane.claim, lane.queue], "me", 60_000) == "won"
    asking = [lane.claim, lane.queue, lane.head, keys.ChatKeys(chat()).epoch]
    for _ in range(2):
        _, _, head = await NEXT(store.redis, asking, "me", "me.1", 60)
        assert head[head.index("attempt") + 1] == "1"
    assert [await RELEASE(store.redis, asking[:3], "me", 10, 0) for _ in range(2)] == [1, -1]
    assert await store.redis.hget(lane.head, "attempt") == "0"


async def test_asking_twice_counts_two_attempts(store: Store) -> None:
    claim, turn = await asked(store)
    assert [turn.attempt, (await first(claim)).attempt, (await first(claim)).attempt] == [1, 2, 3]


async def test_leaving_does_not_count(store: Store) -> None:
    claim, turn = await asked(store)
    await turn.begin()
    await turn.posted("a")
    await claim.release()
    with pytest.raises(ClaimLost):
        await turn.begin()
    again = await first(await taken(store))
    assert (again.attempt, again.refs) == (1, ["a"])


async def test_a_turn_that_drives_every_worker_away_comes_to_an_end(store: Store) -> None:
    await store.inbox.put(ACCOUNT, message("1"))
    attempts = []
    async with taking(store.inbox) as take:
        for _ in range(13):
            claim = await take()
            attempts.append((await first(claim)).attempt)
            await claim.release()
    assert attempts == [1] * 11 + [2, 3]


async def test_release_after_the_end_does_nothing(store: Store) -> None:
    claim, turn = await asked(store)
    await turn.done()
    assert await claim.next() is None
    await store.inbox.put(ACCOUNT, message("2"))
    other = await taken(store)
    await claim.release()
    assert await store.redis.get(other.keys.claim) == other.token, "it is no longer ours to release"
    await other.release()


async def test_a_lost_claim_is_told_and_writes_nothing(store: Store) -> None:
    inbox = Inbox(store.redis, ttl=0.9)
    await inbox.put(ACCOUNT, message("1"))
    claim = await taken(store, inbox)
    turn = await first(claim)
    await store.redis.set(claim.keys.claim, "another", px=60_000)
    await asyncio.wait_for(claim.lost.wait(), PATIENCE)
    with pytest.raises(ClaimLost):
        await claim.next()
    other = Claim(store.redis, chat(), ACCOUNT, "talk", token="another", marker="0-1", ended=lambda _: None)
    theirs = await first(other)
    for step in (turn.begin(), turn.posted("x"), turn.done(exchange("1")), turn.set_aside("?")):
        with pytest.raises(ClaimLost):
            await step
    await claim.release()
    assert await store.redis.get(claim.keys.claim) == "another"
    assert await answers(store) == []
    await theirs.done(exchange("1", "theirs"))
    assert await answers(store) == ["theirs"]
    await inbox.close()


async def test_a_claim_is_kept_fresh_for_longer_than_it_lives(store: Store) -> None:
    inbox = Inbox(store.redis, ttl=1.5)
    await inbox.put(ACCOUNT, message("1"))
    claim = await taken(store, inbox)
    turn = await first(claim)
    await asyncio.sleep(3.0)
    assert not claim.lost.is_set()
    assert await store.redis.get(claim.keys.claim) == claim.token
    await turn.done()
    await inbox.close()


async def test_without_redis_a_claim_is_lost_when_it_must_have_expired(store: Store) -> None:
    inbox = Inbox(store.redis, ttl=0.6)
    await inbox.put(ACCOUNT, message("1"))
    claim = await taken(store, inbox)
    await store.redis.client_pause(2500)
    await asyncio.wait_for(claim.lost.wait(), PATIENCE)
    await store.redis.ping()
    await inbox.close()


async def test_start_over_keeps_an_older_turn_out(store: Store) -> None:
    claim, turn = await asked(store, "1", "2")
    await store.history.forget(chat())
    await turn.done(exchange("1"))
    assert await answers(store) == []
    await (await first(claim)).done(exchange("2", "new talk"))
    assert await answers(store) == ["new talk"]


async def test_start_over_keeps_out_a_turn_that_began_before_a_crash(store: Store) -> None:
    claim, _ = await asked(store)
    await die(store, claim)
    await store.history.forget(chat())
    turn = await first(await taken(store, Inbox(store.redis, ttl=0.2)))
    assert turn.attempt == 2
    await turn.done(exchange("1"))
    assert await answers(store) == []


async def test_again_replaces_the_same_question_at_the_end(store: Store) -> None:
    claim, turn = await asked(store, "1", "2", "3", "4")
    await turn.done(exchange("1", "first"))
    await (await first(claim)).done(exchange("1", "better"), again=True)
    assert await answers(store) == ["better"]
    await (await first(claim)).done(exchange("3", "other"))
    await (await first(claim)).done(exchange("1", "late"), again=True)
    assert await answers(store) == ["better", "other", "late"]


async def test_a_turn_without_an_answer_leaves_no_trace(store: Store) -> None:
    claim, turn = await asked(store)
    await turn.done()
    assert await answers(store) == []
    assert await claim.next() is None


async def test_set_aside_leaves_the_queue_and_is_counted(store: Store) -> None:
    claim, turn = await asked(store, "1", "2")
    await turn.set_aside("too many attempts")
    await turn.set_aside("too many attempts")
    assert await store.inbox.set_aside(ACCOUNT) == 1
    assert (await first(claim)).message.id == "2"
    rows = await store.redis.lrange(keys.ChatKeys(chat()).aside, 0, -1)
    assert len(rows) == 1 and "too many attempts" in str(rows[0])


async def test_history_is_trimmed_to_whole_turns(store: Store) -> None:
    claim, turn = await asked(store)
    old = [exchange(str(number)).to_row() for number in range(TURNS + 50)]
    await store.redis.rpush(keys.ChatKeys(chat()).history, *old)
    await turn.done(exchange("new"))
    kept = await store.history.read(chat())
    assert len(kept) == TURNS and kept[-1].id == "new"
    assert await store.redis.ttl(keys.ChatKeys(chat()).history) > 86400
    await claim.release()


async def test_whatever_redis_says_becomes_a_store_error_without_words(store: Store) -> None:
    claim, turn = await asked(store)
    await store.redis.set(keys.ChatKeys(chat()).history, "not a list")
    with pytest.raises(StoreError) as caught:
        await turn.done(exchange("1", "a secret answer"))
    assert "WRONGTYPE" in str(caught.value) and "secret" not in repr(caught.value)
    assert caught.value.__cause__ is None
    await claim.release()


async def test_what_is_postponed_waits_unannounced_and_its_attempt_does_not_count(store: Store) -> None:
    claim, turn = await asked(store, "1", "2")
    assert not turn.late
    for _ in range(LEAVES + 2):
        await turn.begin()
        await claim.release(postponed=True)
        assert await store.redis.xlen(keys.ready(ACCOUNT, "talk")) == 0
        await store.inbox.recall()
        claim = await taken(store)
        turn = await first(claim)
        assert (turn.message.id, turn.attempt, turn.late, turn.begun) == ("1", 1, True, 1)
    await turn.done(exchange("1"))
    behind = await first(claim)
    assert (behind.message.id, behind.late, behind.attempt) == ("2", True, 1), "it waited as long"
    await behind.done(exchange("2"))
    await store.inbox.put(ACCOUNT, message("3"))
    assert not (await first(claim)).late, "nothing stood before it"


async def test_what_waits_can_be_forgotten_unless_somebody_is_at_work_on_it(store: Store) -> None:
    claim, _ = await asked(store, "1", "2")
    assert await store.inbox.forget(chat()) == 0
    await claim.release(postponed=True)
    assert await store.inbox.forget(chat()) == 2
    assert not await store.inbox.busy(chat())
    await store.inbox.put(ACCOUNT, message("3"))
    assert (await first(await taken(store))).attempt == 1


async def test_an_absence_has_one_beginning_whoever_meets_it(store: Store) -> None:
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
    await store.redis.hset(keys.OUTAGE, "since", "long ago")
    assert await store.outage.now() is None
