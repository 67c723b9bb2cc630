"""Several workers on one store, dying at any moment: every message is answered once, each chat in order."""

from __future__ import annotations

import asyncio
import os
import random
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from bridge.inbox import Claim, ClaimLost, Inbox
from bridge.store import Store, keys
from tests.store.parts import ACCOUNT, PATIENCE, Mortal, chat, exchange, first, question, taking, until
from tests.store.worker import answer

CHATS, EACH = 50, 10


async def fill(inbox: Inbox, chats: int, each: int) -> None:
    for number in range(each):
        for one in range(chats):
            await inbox.put(ACCOUNT, question(f"{one}-{number}", chat(str(one))))


async def answered(store: Store, chats: int) -> int:
    return sum([await store.redis.llen(keys.ChatKeys(chat(str(one))).history) for one in range(chats)])


async def check(store: Store, inbox: Inbox, chats: int, each: int) -> None:
    for one in range(chats):
        history = await store.history.read(chat(str(one)))
        assert [exchange.id for exchange in history] == [f"{one}-{number}" for number in range(each)]
        assert all(exchange.text == f"ref-{exchange.id}" for exchange in history)
        assert not await inbox.busy(chat(str(one)))


async def test_workers_that_drop_dead_answer_everything_once(store: Store, inbox: Inbox) -> None:
    await fill(inbox, CHATS, EACH)
    at_work: set[str] = set()

    async def answer(claim: Claim, chance: random.Random) -> None:
        name = str(claim.chat)
        assert name not in at_work, "two workers in one chat"
        at_work.add(name)
        try:
            while (turn := await claim.next()) is not None:
                if not turn.reply().refs:
                    await turn.reply().begin()
                    await turn.reply().posted(f"ref-{turn.job.id}")
                await asyncio.sleep(chance.uniform(0, 0.01))
                await turn.done(exchange(turn.job.id, turn.reply().refs[0]))
        finally:
            at_work.remove(name)

    chances = [random.Random(1), random.Random(2)]
    workers = [Mortal(store, partial(answer, chance=each), ttl=2.0, span=(0.05, 0.3), chance=each) for each in chances]
    lives = [asyncio.create_task(worker.live(4)) for worker in workers]
    try:

        async def all_done() -> bool:
            for life in lives:
                if life.done():
                    life.result()
            return await answered(store, CHATS) >= CHATS * EACH

        await until(all_done)
    finally:
        for life in lives:
            life.cancel()
        await asyncio.wait(lives)
    assert sum(worker.deaths for worker in workers) == 6
    await check(store, inbox, CHATS, EACH)


async def test_a_killed_process_is_succeeded_and_nothing_comes_twice(
    store: Store, inbox: Inbox, redis_url: str
) -> None:
    chats, each, ttl = 12, 10, 1.5
    await fill(inbox, chats, each)

    async def start() -> asyncio.subprocess.Process:
        here = Path(__file__).parents[2]
        command = [sys.executable, "-m", "tests.store.worker", redis_url, str(ttl)]
        return await asyncio.create_subprocess_exec(*command, cwd=here, env={**os.environ, "PYTHONPATH": str(here)})

    processes = [await start()]
    try:

        async def some() -> bool:
            return await answered(store, chats) >= 10

        await until(some)
        processes[0].kill()
        await processes[0].wait()
        left_at = await answered(store, chats)
        assert left_at < chats * each, "it was to be killed in the middle"
        processes.append(await start())

        async def all_done() -> bool:
            return await answered(store, chats) >= chats * each

        await until(all_done)
    finally:
        for process in processes:
            if process.returncode is None:
                process.kill()
                await process.wait()
    await check(store, inbox, chats, each)


async def test_a_dead_workers_chat_is_taken_up_when_the_claim_expires(store: Store, inbox: Inbox) -> None:
    loop, ttl = asyncio.get_running_loop(), 1.5
    dead, heir = Inbox(store, ttl=ttl), Inbox(store, ttl=ttl)
    await inbox.put(ACCOUNT, question("1"))
    async with taking(dead) as take:
        claim = await take()
        await claim.next()
    async with taking(heir) as take:
        await dead.close()
        died = loop.time()
        later = await take()
        assert later.chat == claim.chat
        assert ttl / 2 < loop.time() - died < ttl + 1 + 5  # the last for a busy machine
        await asyncio.wait_for(answer(store, later), PATIENCE)
    await heir.close()


async def test_a_chat_that_was_held_for_long_is_taken_up_all_the_same(store: Store, inbox: Inbox) -> None:
    """Another has looked at its marker meanwhile and found it held."""
    holder, heir = Inbox(store, ttl=1.0), Inbox(store, ttl=1.0)
    await inbox.put(ACCOUNT, question("1"))
    async with taking(holder) as take:
        claim = await take()
        await claim.next()
    async with taking(heir) as take:
        coming = asyncio.ensure_future(take())
        assert not (await asyncio.wait([coming], timeout=2.2))[0]
        await holder.close()
        assert (await coming).chat == claim.chat
    await heir.close()


async def test_a_holder_that_dies_between_two_messages_strands_nothing(store: Store, inbox: Inbox) -> None:
    """Another has looked at its marker while the queue was empty, but the chat not yet let go."""
    holder, heir = Inbox(store, ttl=1.0), Inbox(store, ttl=1.0)
    await inbox.put(ACCOUNT, question("1"))
    async with taking(holder) as take:
        claim = await take()
        await (await first(claim)).done()
    async with taking(heir) as take:
        coming = asyncio.ensure_future(take())
        assert not (await asyncio.wait([coming], timeout=2.2))[0]
        await inbox.put(ACCOUNT, question("2"))
        assert not (await asyncio.wait([coming], timeout=0.5))[0]
        await holder.close()
        assert (await first(await coming)).job.id == "2"
    await heir.close()


async def test_an_expired_claim_is_taken_back_while_its_turn_goes_on(store: Store) -> None:
    inbox = Inbox(store, ttl=0.6)
    await inbox.put(ACCOUNT, question("1"))
    async with taking(inbox) as take:
        claim = await take()
        turn = await first(claim)
        await store.redis.delete(claim.keys.claim)

        async def taken_back() -> bool:
            return bool(await store.redis.get(claim.keys.claim) == claim.token)

        await until(taken_back)
        assert not claim.lost.is_set()
        await turn.done()
        assert await claim.next() is None
    await inbox.close()


async def test_a_claim_that_another_worker_took_is_lost(store: Store) -> None:
    inbox = Inbox(store, ttl=0.6)
    await inbox.put(ACCOUNT, question("1"))
    async with taking(inbox) as take:
        claim = await take()
        turn = await first(claim)
        await store.redis.set(claim.keys.claim, "another", px=60_000)
        await asyncio.wait_for(claim.lost.wait(), PATIENCE)
        await store.redis.hset(claim.keys.head, "by", "another.1")
        with pytest.raises(ClaimLost):
            await turn.done()
    await inbox.close()


async def test_claims_are_kept_while_the_loop_is_stuck(store: Store) -> None:
    inbox = Inbox(store, ttl=0.6)
    for number in range(50):
        await inbox.put(ACCOUNT, question("1", chat(str(number))))
    async with taking(inbox) as take:
        claims = [await take() for _ in range(50)]
        time.sleep(2)  # noqa: ASYNC251 - as a loop pass that takes three lives of a claim
        held = [await store.redis.get(claim.keys.claim) for claim in claims]
        assert held == [claim.token for claim in claims]
        assert not any(claim.lost.is_set() for claim in claims)
    await inbox.close()


async def test_what_was_won_but_not_wanted_any_more_is_left_to_others(store: Store, inbox: Inbox) -> None:
    for number in range(10):
        await inbox.put(ACCOUNT, question("1", chat(str(number))))
    async with taking(inbox) as take:
        held = await take()
    other = Inbox(store)
    async with taking(other) as take:
        chats = {(await take()).chat for _ in range(9)}
    assert chats | {held.chat} == {chat(str(number)) for number in range(10)}
