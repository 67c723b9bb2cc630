"""An event for one task behaves as asyncio's does."""

from __future__ import annotations

import asyncio

import pytest

from bridge.wakeup import Wakeup


async def test_it_wakes_who_waits_and_who_comes_later() -> None:
    wakeup = Wakeup()
    waiting = asyncio.create_task(wakeup.wait())
    await asyncio.sleep(0)
    assert not waiting.done() and not wakeup.is_set()
    wakeup.set()
    wakeup.set()
    await asyncio.wait_for(waiting, 5)
    await asyncio.wait_for(wakeup.wait(), 5)
    wakeup.clear()
    assert not wakeup.is_set()


async def test_a_wait_that_was_cancelled_leaves_room_for_another() -> None:
    wakeup = Wakeup()
    given_up = asyncio.create_task(wakeup.wait())
    await asyncio.sleep(0)
    given_up.cancel()
    await asyncio.wait([given_up])
    waiting = asyncio.create_task(wakeup.wait())
    await asyncio.sleep(0)
    wakeup.set()
    await asyncio.wait_for(waiting, 5)


async def test_a_second_task_that_waits_is_told() -> None:
    wakeup = Wakeup()
    waiting = asyncio.create_task(wakeup.wait())
    await asyncio.sleep(0)
    with pytest.raises(RuntimeError):
        await wakeup.wait()
    wakeup.set()
    await asyncio.wait_for(waiting, 5)
