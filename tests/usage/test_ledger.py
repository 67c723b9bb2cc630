"""What is counted: once for each turn, bounded, by day, and readable in all the ways that people ask for it."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime

import pytest

from bridge.gateway import Gateway, Gateways
from bridge.inbox import Inbox
from bridge.store import Store, UsageKeys
from bridge.types import Chat, Price, User
from bridge.usage import (
    Ledger,
    Prices,
    Spent,
    Tally,
    by_chat,
    by_day,
    by_model,
    by_person,
    cost_of,
    last_days,
    prices,
    today,
    total,
)
from bridge.usage import ledger as module
from tests.store.parts import ACCOUNT, chat, exchange, first, question, taking

MIA, TOM = User("telegram", "7", "Mia"), User("telegram", "8")
GROUP = Chat("telegram", "-1001", title="Cooks")
NOW = datetime(2026, 11, 28, 12, tzinfo=UTC).timestamp()
DAY = 86400.0


def spent(
    person: User = MIA, where: Chat = GROUP, model: str = "a:x", tokens: int = 10, turns: int = 1, error: str = ""
) -> Spent:
    return Spent(person, where, model, Tally(turns, tokens, 1), error)


@pytest.fixture
def ledger(store: Store) -> Ledger:
    return Ledger(store.redis)


async def test_a_turn_is_counted_once_and_found_everywhere(ledger: Ledger) -> None:
    for _ in range(2):  # as after a lost answer
        await ledger.count("t1", [spent(), spent(model="a:y", tokens=5, turns=0)], NOW)
    await ledger.count("t2", [spent(TOM, tokens=100)], NOW)
    await ledger.count("t3", [spent(tokens=1000)], NOW - DAY)
    day = await ledger.on_day("2026-11-28")
    assert total(day) == Tally(2, 115, 3)
    assert by_person(day) == {"telegram:8": Tally(1, 100, 1), "telegram:7": Tally(1, 15, 2)}
    assert list(by_model(day)) == ["a:x", "a:y"]
    assert total(await ledger.in_month("2026-11")) == Tally(3, 1115, 4)
    assert by_chat(await ledger.in_month("2026-11")).keys() == {"telegram:-1001"}
    days = ["2026-11-27", "2026-11-28"]
    assert by_day(await ledger.totals(days)) == {"2026-11-27": Tally(1, 1000, 1), "2026-11-28": Tally(2, 115, 3)}
    assert by_day(await ledger.of(MIA, days)) == {"2026-11-27": Tally(1, 1000, 1), "2026-11-28": Tally(1, 15, 2)}
    assert by_day(await ledger.of(MIA, days[1:])).keys() == {"2026-11-28"}
    assert await ledger.names(day) == {"telegram:7": "Mia", "telegram:-1001": "Cooks"}


async def test_a_topic_counts_as_its_group(ledger: Ledger) -> None:
    await ledger.count("t1", [spent(where=Chat("telegram", "-1001", "7"))], NOW)
    [row] = await ledger.on_day("2026-11-28")
    assert row.chat == "telegram:-1001"


async def test_errors_are_those_of_the_last_day(ledger: Ledger) -> None:
    await ledger.count("t1", [spent(error="GatewaySilent")], NOW - 2 * DAY)
    await ledger.count("t2", [spent(error="AnswerCut")], NOW - DAY / 2)
    for turn in ("t3", "t4"):
        await ledger.count(turn, [spent(error="ProviderFailed")], NOW)
    assert await ledger.errors(NOW) == {"ProviderFailed": 2, "AnswerCut": 1}
    assert list(await ledger.errors(NOW)) == ["ProviderFailed", "AnswerCut"]


async def test_what_is_too_much_is_counted_together(
    ledger: Ledger, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    for bound in ("MAX_DAY_ROWS", "MAX_MONTH_ROWS", "MAX_YEAR_ROWS", "MAX_PERSON_ROWS", "MAX_NAMES"):
        monkeypatch.setattr(module, bound, 3)
    for number in range(10):
        person = User("telegram", str(number), f"n{number}")
        await ledger.count(f"a{number}", [spent(person, model=f"a:{number}")], NOW)
        await ledger.count(f"b{number}", [spent(model=f"a:{number}")], NOW)
    for key in (UsageKeys.day("2026-11-28"), UsageKeys.month("2026-11"), UsageKeys.year("2026"), UsageKeys.names):
        assert await store.redis.hlen(key) <= 4
        assert await store.redis.ttl(key) > 0
    assert await store.redis.hlen(UsageKeys.person("telegram:7")) <= 4
    assert total(await ledger.on_day("2026-11-28")).turns == 20
    assert by_person(await ledger.on_day("2026-11-28"))["*"].turns == 17
    assert total(await ledger.totals(["2026-11-28"])).turns == 20
    assert total(await ledger.of(MIA, ["2026-11-28"])).turns == 11


async def test_old_days_of_a_person_make_room(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_PERSON_ROWS", 2)
    for ago in (100, 90, 1, 0):
        await ledger.count(f"t{ago}", [spent()], NOW - ago * DAY)
    days = ["2026-11-27", "2026-11-28"]
    assert [(row.day, row.model) for row in await ledger.of(MIA, days)] == [(day, "a:x") for day in days]


async def test_the_end_of_a_turn_counts_it_in_one_step(store: Store, inbox: Inbox, ledger: Ledger) -> None:
    await inbox.put(ACCOUNT, question("1"))
    await inbox.put(ACCOUNT, question("2"))
    async with taking(inbox) as take:
        claim = await take()
        await store.redis.script_flush()
        for id in "12":  # first sent whole, then by their hashes
            turn = await first(claim)
            for _ in range(2):
                await turn.done(exchange(id), spent=[spent(where=chat())])
    assert len(await store.history.read(chat())) == 2
    assert total(await ledger.on_day(today())).turns == 2


async def test_a_failed_count_keeps_no_turn_from_ending(store: Store, inbox: Inbox) -> None:
    await store.redis.set(UsageKeys.counted, "no sorted set")
    await inbox.put(ACCOUNT, question("1"))
    async with taking(inbox) as take:
        turn = await first(await take())
        await turn.done(exchange("1"), spent=[spent(where=chat())])
    assert len(await store.history.read(chat())) == 1


async def test_a_year_of_ten_thousand_people_reads_quickly(ledger: Ledger, store: Store) -> None:
    """A page that shows a year reads totals and one month, and neither grows with the days times the people."""
    rows = {f'["telegram:{n}","telegram:{n}","openai:gpt-5"]': "12 34567 8901" for n in range(10_000)}
    days = last_days(365)
    years = {f'["{day}","openai:model-{m}"]': "100 345678 89012" for day in days for m in range(20)}
    async with store.redis.pipeline(transaction=False) as pipe:
        pipe.hset(UsageKeys.month(today()[:7]), items=[part for pair in rows.items() for part in pair])
        for field, value in years.items():
            pipe.hset(UsageKeys.year(field[2:6]), field, value)
        await pipe.execute()
    began = time.perf_counter()
    month = await ledger.in_month(today()[:7])
    totals = await ledger.totals(days)
    took = time.perf_counter() - began
    assert len(by_person(month)) == 10_000
    assert len(by_day(totals)) == 365
    assert took < 2.0, took  # 0.1 s on an idle machine


def test_cost_is_known_where_prices_are() -> None:
    rows = [
        module.Row("2026-11-28", "a:x", Tally(1, 1_000_000, 500_000)),
        module.Row("2026-11-28", "a:y", Tally(1, 1_000_000, 0)),
    ]
    both = {"a:x": Price(1.0, 2.0), "a:y": Price(3.0, 6.0, "¥")}
    assert str(cost_of(rows, both)) == "$2.00 + ¥3.00"
    assert not cost_of(rows, both).partly
    assert str(cost_of(rows, {"a:x": both["a:x"]})) == "$2.00"
    assert cost_of(rows, {"a:x": both["a:x"]}).partly
    assert str(cost_of(rows, {})) == ""


async def test_a_gateway_that_says_nothing_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prices, "LIST_SECONDS", 0.1)
    asked = asyncio.Event()

    async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.set()
        await reader.read()
        writer.close()

    server = await asyncio.start_server(mute, "127.0.0.1", 0)
    async with server, Gateway(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", "") as gateway:
        known = Prices([("a:*", Price(1.0, 2.0))], Gateways.of_one(gateway))
        assert await known.of(["a:x"]) == {"a:x": Price(1.0, 2.0)}
        assert not asked.is_set(), "the rules say it all"
        assert await known.of(["a:x", "b:y"]) == {"a:x": Price(1.0, 2.0)}
        assert asked.is_set()
