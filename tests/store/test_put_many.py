"""A batch is taken in as its messages one by one would be, in one round trip."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.errors import StoreError
from bridge.inbox import CommandCall, Inbox, Job
from bridge.store import Store, keys
from tests.store.parts import ACCOUNT, asked, chat, first, message, question, taking

JOBS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9)), max_size=30)


def job(where: int, id: int) -> Job:
    if id == 9:
        return CommandCall(str(id), chat(str(where)), message("1").sender, "stop")
    return question(str(id), chat(str(where)))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(JOBS, max_size=3), st.integers(1, 8))
async def test_a_batch_is_as_one_after_another(
    store: Store, inbox: Inbox, monkeypatch: pytest.MonkeyPatch, batches: list[list[tuple[int, int]]], room: int
) -> None:
    monkeypatch.setattr("bridge.inbox.queue.MAX_WAITING", room)
    await store.redis.flushall()
    seen: set[tuple[int, int]] = set()
    waiting: dict[tuple[int, bool], list[str]] = {}
    for batch in batches:
        expected = []
        for where, id in batch:
            queue = waiting.setdefault((where, id == 9), [])
            if (where, id) in seen:
                expected.append("seen")
            elif len(queue) >= room:
                expected.append("full")
            else:
                expected.append("new")
                seen.add((where, id))
                queue.append(str(id))
        assert await inbox.put_many(ACCOUNT, [job(*each) for each in batch]) == expected
    for (where, command), ids in waiting.items():
        lane = keys.LaneKeys(chat(str(where)), "commands" if command else "talk")
        rows = await store.redis.lrange(lane.queue, 0, -1)
        assert [row[:16] for row in rows] == [keys.turn(chat(str(where)), id) for id in ids]
        marked: Any = await store.redis.xrange(keys.ready(ACCOUNT, "commands" if command else "talk"))
        assert any(f'"id":"{where}"' in fields["chat"] for _, fields in marked)


async def test_a_batch_is_answered_after_redis_forgot_the_scripts(store: Store, inbox: Inbox) -> None:
    async with taking(inbox) as take:
        await store.redis.script_flush()
        jobs = [question(str(number), chat(str(number % 3))) for number in range(9)]
        assert await inbox.put_many(ACCOUNT, jobs) == ["new"] * 9
        found = []
        for _ in range(3):
            claim = await take()
            while (turn := await claim.next()) is not None:
                found.append(asked(turn).id)
                await turn.done()
    assert sorted(found) == [str(number) for number in range(9)]


async def test_an_error_in_a_batch_is_raised(store: Store, inbox: Inbox) -> None:
    await store.redis.set(keys.LaneKeys(chat("2"), "talk").queue, "no list")
    with pytest.raises(StoreError, match="WRONGTYPE"):
        await inbox.put_many(ACCOUNT, [question("1", chat("1")), question("1", chat("2"))])
    await store.redis.delete(keys.LaneKeys(chat("2"), "talk").queue)
    async with taking(inbox) as take:
        assert (await first(await take())).job.chat == chat("1")
    assert await inbox.put_many(ACCOUNT, []) == []
