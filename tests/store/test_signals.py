"""What processes tell one another: who listens, what is to stop, how many they are."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

from bridge.store import Leases, Store, keys
from bridge.store.heartbeat import Heartbeats
from tests.store.parts import PATIENCE, chat, until


async def test_a_lease_is_one_holders_at_a_time(store: Store) -> None:
    leases, held = Leases(store.redis, store.keeper, ttl=1.0), list[int]()

    async def hold(number: int) -> None:
        async with leases.hold("listen:telegram:1") as lease:
            held.append(number)
            assert len(held) == 1
            await asyncio.sleep(0.05)
            assert not lease.lost.is_set()
            held.remove(number)

    await asyncio.wait_for(asyncio.gather(*(hold(number) for number in range(5))), PATIENCE)


async def test_leases_of_different_names_do_not_meet(store: Store) -> None:
    async with store.leases.hold("a"), store.leases.hold("b"):
        pass


async def test_a_lease_is_kept_fresh_and_a_dead_holders_is_taken_over(store: Store) -> None:
    leases, key = Leases(store.redis, store.keeper, ttl=1.0), keys.lease("a")
    async with leases.hold("a") as lease:
        token = await store.redis.get(key)
        await asyncio.sleep(1.6)
        assert await store.redis.get(key) == token and not lease.lost.is_set()
    assert await store.redis.get(key) is None, "let go at once"
    await store.redis.set(key, "the dead", px=600)
    async with asyncio.timeout(PATIENCE), leases.hold("a") as lease:
        assert await store.redis.get(key) != "the dead"


async def test_a_lost_lease_is_told_and_not_taken_from_its_new_holder(store: Store) -> None:
    async with Leases(store.redis, store.keeper, ttl=0.8).hold("a") as lease:
        await store.redis.set(keys.lease("a"), "another")
        await asyncio.wait_for(lease.lost.wait(), PATIENCE)
    assert await store.redis.get(keys.lease("a")) == "another"


async def test_a_lease_that_cannot_be_confirmed_is_lost(store: Store) -> None:
    async with Leases(store.redis, store.keeper, ttl=0.5).hold("a") as lease:
        await store.redis.client_pause(1500)
        await asyncio.wait_for(lease.lost.wait(), PATIENCE)


async def test_every_process_hears_every_signal(store: Store) -> None:
    await store.signals.stop(chat("before"))
    heard: list[list[str]] = [[], []]

    async def listen(into: list[str]) -> None:
        async with aclosing(store.signals.listen()) as signals:
            async for kind, where, key in signals:
                into += [f"{kind} {where} {key}".strip()]

    listeners = [asyncio.create_task(listen(each)) for each in heard]
    await asyncio.sleep(0.5)
    sent = [chat("1"), chat("2", "topic"), chat("1")]
    for each in sent:
        await store.signals.stop(each)
    await store.signals.arrived(chat("3"))
    await store.redis.xadd(keys.SIGNALS, {"chat": "{"})
    await store.signals.stop(chat("last"), "key")

    async def all_heard() -> bool:
        return all(each and each[-1] == "stop telegram:last key" for each in heard)

    await until(all_heard)
    assert (
        heard[0]
        == heard[1]
        == [
            *("stop telegram:1", "stop telegram:2:topic", "stop telegram:1"),
            *("arrived telegram:3", "stop telegram:last key"),
        ]
    )
    for listener in listeners:
        listener.cancel()
    await asyncio.wait(listeners)


async def test_processes_are_counted_until_they_leave(store: Store) -> None:
    other = Heartbeats(store.redis, "other")
    assert await store.heartbeats.beat() == 1
    assert await other.beat() == 2
    await store.redis.zadd(keys.PROCESSES, {"dead": 1.0})
    assert await store.heartbeats.beat() == 2
    await other.leave()
    assert await store.heartbeats.beat() == 1
