"""The Telegram emulator, driven by the real python-telegram-bot: flood waits, and trouble on order."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import aiohttp
import pytest
from telegram import (
    Bot,
)
from telegram.error import (
    Conflict,
    Forbidden,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)

from tests.emulators.telegram import Fault, Rules, TelegramPlatform
from tests.telegram_emulator.client import bot_at, mia, post


@pytest.fixture(autouse=True)
def seconds_as_timedelta(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PTB_TIMEDELTA", "1")


# -- floods and faults


async def test_writes_share_a_bucket_and_hammering_doubles_the_wait() -> None:
    async with TelegramPlatform(Rules(chat_every=60.0)) as slow, bot_at(slow) as bot:
        sent = await bot.send_message(mia(slow), "0")
        for number in range(1, 5):
            await sent.edit_text(str(number))
        waits = []
        for _ in range(3):
            with pytest.raises(RetryAfter) as flood:
                await sent.edit_text("more")
            assert isinstance(flood.value.retry_after, timedelta)
            waits.append(flood.value.retry_after)
        minute = timedelta(minutes=1)
        assert waits == sorted(waits) and waits[0] <= minute and waits[1] > 1.5 * minute and waits[2] > 3 * minute
        assert slow.refusals == 3 and [text for _, text in slow.bubbles()[0].writes][-1] == "4"
        await bot.send_chat_action(mia(slow), "typing")
        await bot.send_message(slow.person("tom").id, "another chat is open")
        assert slow.server.called("editMessageText")[-1].status == 429


async def test_a_flood_wait_is_said_three_times_and_ends(platform: TelegramPlatform) -> None:
    platform.flood(0.5)
    call, hello = f"bot{platform.server.token}/sendMessage", {"chat_id": mia(platform), "text": "hello"}
    status, body, answer = await post(platform, call, json=hello)
    assert (status, answer.headers["Retry-After"]) == (429, "1")
    assert body["description"] == "Too Many Requests: retry after 1" and body["parameters"] == {"retry_after": 1}
    await asyncio.sleep(1)
    assert (await post(platform, call, json=hello))[0] == 200


async def test_groups_the_whole_bot_and_typing_have_their_own_limits() -> None:
    rules = Rules(chat_burst=1000, group_max=3, group_window=60, total_max=10, total_window=60, typing=((2, 60.0),))
    async with TelegramPlatform(rules) as platform, bot_at(platform) as bot:
        for place, allowed in ((platform.group.id, 3), (mia(platform), 7)):
            for number in range(allowed):
                await bot.send_message(place, str(number))
            with pytest.raises(RetryAfter):
                await bot.send_message(place, "one more")
        with pytest.raises(RetryAfter):
            await bot.send_message(platform.person("tom").id, "the whole bot waits")
        await bot.send_chat_action(mia(platform), "typing")
        await bot.send_message_draft(mia(platform), 1, "counts as typing")
        with pytest.raises(RetryAfter):
            await bot.send_chat_action(mia(platform), "typing")
        sent = platform.bubbles()[0].id
        platform.world.rooms[mia(platform)].messages[int(sent)].markup = {
            "inline_keyboard": [[{"text": "a", "callback_data": "b"}]]
        }
        for _ in range(40):
            await platform.press(sent, "a")
        assert all([await bot.answer_callback_query(press) for press in platform.world.presses])


async def test_floods_lost_answers_and_dropped_requests_on_order(platform: TelegramPlatform, bot: Bot) -> None:
    platform.flood(30)
    with pytest.raises(RetryAfter) as flood:
        await bot.send_message(mia(platform), "a")
    assert flood.value.retry_after == timedelta(seconds=30) and platform.refusals == 1
    with pytest.raises(RetryAfter):
        await bot.send_message(mia(platform), "did not wait")
    tom = platform.person("tom").id
    platform.drop_requests()
    platform.lose_answers()
    for text in ("dropped", "lost"):
        with pytest.raises(NetworkError):
            await bot.send_message(tom, text)
    await bot.send_message(tom, "fine")
    assert [bubble.text for bubble in platform.bubbles(who="tom")] == ["lost", "fine"]
    assert [call.status for call in platform.server.called("sendMessage")] == [429, 429, 0, 0, 200]


async def test_errors_pages_and_slow_answers_on_order(platform: TelegramPlatform, bot: Bot) -> None:
    plan = platform.server.faults.plan
    for fault, kind in (
        (Fault.html(502), NetworkError),
        (Fault.error(500, "Internal Server Error: restart"), NetworkError),
        (Fault.error(403, "Forbidden: user is deactivated"), Forbidden),
        (Fault.error(409, "Conflict: terminated by other getUpdates request"), Conflict),
    ):
        plan(fault, methods=["getMe"])
        with pytest.raises(TelegramError) as failed:
            await bot.get_me()
        assert type(failed.value) is kind
    plan(Fault.slow(60))
    with pytest.raises(TimedOut):
        await bot.send_message(mia(platform), "carried out", read_timeout=0.5)
    assert [bubble.text for bubble in platform.bubbles()] == ["carried out"]


async def test_an_outage_cuts_what_waits_and_what_comes(platform: TelegramPlatform, bot: Bot) -> None:
    polling = asyncio.create_task(bot.get_updates(timeout=20))
    await platform.server.until_called("getUpdates")
    with platform.server.outage():
        with pytest.raises(NetworkError):
            await bot.send_message(mia(platform), "unheard")
        await platform.say("are you there?")
        with pytest.raises(NetworkError):
            await polling
    assert platform.bubbles() == []
    assert len(await bot.get_updates(offset=1)) == 1


async def test_connections_stay_open() -> None:
    opened = 0
    trace = aiohttp.TraceConfig()

    async def count(*_: object) -> None:
        nonlocal opened
        opened += 1

    trace.on_connection_create_end.append(count)
    async with TelegramPlatform() as platform, aiohttp.ClientSession(trace_configs=[trace]) as session:
        for _ in range(3):
            await (await session.get(f"{platform.server.url}/bot{platform.server.token}/getMe")).read()
    assert opened == 1


async def test_closing_does_not_wait_for_polls() -> None:
    async with aiohttp.ClientSession() as session:
        async with TelegramPlatform() as platform:
            call = f"{platform.server.url}/bot{platform.server.token}/getUpdates"
            poll = asyncio.create_task(session.get(call, params={"timeout": "50"}))
            await platform.server.until_called("getUpdates")
            began = asyncio.get_running_loop().time()
        assert asyncio.get_running_loop().time() - began < 30
        with pytest.raises(aiohttp.ClientError):
            await poll
