"""Conversations are kept, opened and deleted in one step each, and an answer enters the one in which it began."""

from __future__ import annotations

import asyncio
import random
import time

import pytest

from bridge.inbox import Inbox
from bridge.store import Store, keys
from bridge.store.conversations import MAX_CONVERSATIONS, MAX_KEPT_BYTES, Summary
from bridge.store.history import HISTORY_SECONDS
from bridge.types import Chat
from tests.store.parts import ACCOUNT, chat, exchange, first, message, question, taking

HERE = chat()
DAY = 86400


async def say(store: Store, *ids: str, where: Chat = HERE, answer: str = "because") -> None:
    """What has been said in the current conversation."""
    await store.redis.rpush(keys.ChatKeys(where).history, *(exchange(id, answer).to_row() for id in ids))


async def said(store: Store, where: Chat = HERE) -> list[str]:
    return [each.id for each in await store.history.read(where)]


async def kept(store: Store, where: Chat = HERE) -> list[int]:
    return [each.number for each in await store.conversations.all(where) if not each.is_current]


async def ids_of(store: Store, number: int, where: Chat = HERE) -> list[str]:
    return [each.id for each in await store.conversations.read(where, number)]


async def test_a_new_one_keeps_the_old_and_opens_it_again(store: Store) -> None:
    await say(store, "1", "2")
    left = await store.conversations.begin(HERE)
    assert left == 0, "what was there before conversations had numbers"
    assert await said(store) == []
    assert await store.conversations.begin(HERE) is None, "there is nothing to keep"
    await say(store, "3")
    went, other = await store.conversations.open(HERE, left)
    assert went == "switched"
    assert other is not None
    assert await said(store) == ["1", "2"]
    assert await ids_of(store, other) == ["3"]
    assert await ids_of(store, left) == ["1", "2"]
    assert await store.conversations.open(HERE, left) == ("current", None)
    assert await store.conversations.open(HERE, 4711) == ("gone", None)
    assert await said(store) == ["1", "2"]
    [one, two] = await store.conversations.with_first(HERE, await store.conversations.all(HERE))
    assert (one.number, one.turns, one.is_current) == (left, 2, True)
    assert (two.number, two.turns, two.is_current) == (other, 1, False)
    assert one.first is not None
    assert one.first.id == "1"
    assert await store.redis.ttl(keys.kept_list(keys.ChatKeys(HERE).kept, other)) > HISTORY_SECONDS - 60


async def test_what_is_deleted_is_gone_for_good(store: Store) -> None:
    conversations = store.conversations
    await say(store, "1")
    one = await conversations.begin(HERE)
    await say(store, "2")
    two = await conversations.begin(HERE)
    await say(store, "3")
    assert one is not None
    assert two is not None
    assert await conversations.rename(HERE, one, "A title")
    assert await conversations.delete(HERE, one) == 1
    assert await conversations.delete(HERE, one) == 0
    assert not await conversations.rename(HERE, one, "Again"), "a title would outlive it"
    assert await conversations.open(HERE, one) == ("gone", None)
    await store.preferences.set_last(HERE, message("3"))
    assert await conversations.delete(HERE, await conversations.current(HERE)) == 1
    assert await said(store) == []
    assert await store.preferences.last(HERE) is None
    assert await kept(store) == [two]
    await say(store, "4")
    assert await conversations.delete(HERE, "all") == 2
    left = [name async for name in store.redis.scan_iter(match="cherry:*")]
    assert left == [keys.ChatKeys(HERE).epoch]


@pytest.mark.parametrize("then", ["begin", "open", "delete", "delete all", "begin twice", "there and back"])
async def test_an_answer_under_way_enters_its_own(store: Store, inbox: Inbox, then: str) -> None:
    conversations = store.conversations
    await say(store, "0")
    earlier = await conversations.begin(HERE)
    assert earlier is not None
    await say(store, "1")
    await inbox.put(ACCOUNT, question("2"))
    async with taking(inbox) as take:
        turn = await first(await take())
    mine = await conversations.current(HERE)
    assert turn.epoch == mine
    match then:
        case "begin":
            await conversations.begin(HERE)
        case "open":
            await conversations.open(HERE, earlier)
        case "delete":
            await conversations.delete(HERE, mine)
        case "delete all":
            await conversations.delete(HERE, "all")
        case "begin twice":
            await conversations.begin(HERE)
            await say(store, "x")
            await conversations.begin(HERE)
        case "there and back":
            await conversations.open(HERE, earlier)
            await conversations.open(HERE, mine)
    context = await store.load_turn_context(HERE, conversation=turn.epoch)
    assert [each.id for each in context.history] == ([] if "delete" in then else ["1"])
    await turn.done(exchange("2"))
    assert await ids_of(store, mine) == ([] if "delete" in then else ["1", "2"])
    assert await said(store) == {"open": ["0"], "there and back": ["1", "2"]}.get(then, [])
    if then != "delete all":
        assert await ids_of(store, earlier) == ["0"]


@pytest.mark.parametrize("deleted", [False, True])
async def test_a_first_answer_is_kept_with_its_conversation(store: Store, inbox: Inbox, deleted: bool) -> None:
    await inbox.put(ACCOUNT, question("1"))
    async with taking(inbox) as take:
        turn = await first(await take())
    left = await store.conversations.begin(HERE)
    assert left == turn.epoch
    assert await store.conversations.all(HERE) == [], "nothing has been said there yet"
    if deleted:
        await store.conversations.delete(HERE, left)
    await turn.done(exchange("1"))
    assert await said(store) == []
    assert await ids_of(store, left) == ([] if deleted else ["1"])


async def test_a_step_run_twice_is_taken_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("secrets.token_hex", lambda _: "one and the same")
    await say(store, "1")
    left = await store.conversations.begin(HERE)
    await say(store, "2")
    assert await store.conversations.begin(HERE) == left
    assert await said(store) == ["2"]


async def test_presses_at_once_lose_nothing(store: Store) -> None:
    conversations = store.conversations
    for number in range(5):
        await say(store, str(number))
        await conversations.begin(HERE)
    numbers = await kept(store)
    draw = random.Random(7)
    await asyncio.gather(*(conversations.open(HERE, draw.choice(numbers)) for _ in range(60)))
    found = [await ids_of(store, each.number) for each in await conversations.all(HERE)]
    assert sorted(found) == [[str(number)] for number in range(5)]
    done = await asyncio.gather(*(conversations.delete(HERE, number) for number in numbers for _ in range(2)))
    assert sum(done) == 5


async def test_the_oldest_go_where_there_are_too_many(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    left = []
    for number in range(MAX_CONVERSATIONS + 5):
        await say(store, str(number))
        left.append(await store.conversations.begin(HERE))
    assert await kept(store) == left[:4:-1]
    names = keys.ChatKeys(HERE)
    lists = [name async for name in store.redis.scan_iter(match=f"{names.kept.replace('{', '[{]')}:*")]
    assert len(lists) == MAX_CONVERSATIONS
    monkeypatch.setattr("bridge.store.conversations.MAX_KEPT_BYTES", 5000)
    await say(store, "long", answer="x" * 4500)
    await store.conversations.begin(HERE)
    assert len(await kept(store)) < 5
    await say(store, "longer", answer="x" * 9000)
    newest = await store.conversations.begin(HERE)
    assert await kept(store) == [newest], "the newest stays, however large"


async def test_what_is_too_old_goes(store: Store) -> None:
    names = keys.ChatKeys(HERE)
    await say(store, "1")
    one = await store.conversations.begin(HERE, 7 * DAY)
    assert 6 * DAY < await store.redis.ttl(keys.kept_list(names.kept, one or 0)) <= 7 * DAY
    await store.redis.zadd(names.kept, {str(one): time.time() - 8 * DAY})
    await say(store, "2")
    two = await store.conversations.begin(HERE, 7 * DAY)
    assert await kept(store) == [two]


async def test_an_owner_shortens_how_long_all_is_kept(store: Store) -> None:
    names = keys.ChatKeys(HERE)
    for id in ("1", "2"):
        await say(store, id)
        await store.conversations.begin(HERE)
    two, one = await kept(store)
    await store.redis.zadd(names.kept, {str(one): time.time() - 8 * DAY, str(two): time.time() - 3 * DAY})
    await store.redis.rpush(names.history, exchange("3", at=time.time()).to_row())
    assert [each async for each in store.conversations.chats()]
    await store.conversations.shorten(HERE, 7 * DAY)
    assert await kept(store) == [two]
    assert 3 * DAY < await store.redis.ttl(keys.kept_list(names.kept, two)) <= 4 * DAY
    assert await said(store) == ["3"]
    assert 0 < await store.redis.ttl(names.history) <= 7 * DAY
    await store.redis.rpush(names.history, exchange("4", at=time.time()).to_row())
    await store.redis.lset(names.history, 0, exchange("3", at=time.time() - 9 * DAY).to_row())
    context = await store.load_turn_context(HERE, keep=7 * DAY)
    assert [each.id for each in context.history] == ["4"]
    assert await said(store) == ["4"]


async def test_the_last_question_goes_with_its_conversation(store: Store) -> None:
    await say(store, "1")
    await store.preferences.set_last(HERE, message("1"))
    one = await store.conversations.begin(HERE)
    await say(store, "2")
    await store.preferences.set_last(HERE, message("2"))
    await store.conversations.open(HERE, one or 0)
    last = await store.preferences.last(HERE)
    assert last is not None
    assert last.id == "1"


async def test_a_chat_with_a_new_id_takes_them_along(store: Store, inbox: Inbox) -> None:
    old, new = Chat("telegram", "-5"), Chat("telegram", "-1005")
    for id in ("1", "2"):
        await say(store, id, where=old)
        left = await store.conversations.begin(old)
        await store.conversations.rename(old, left or 0, f"title {id}")
    await say(store, "3", where=old)
    await store.conversations.rename(old, await store.conversations.current(old), "title 3")
    for _ in range(2):
        await inbox.move(old, new)
    found = await store.conversations.all(new)
    assert [(each.title, each.is_current) for each in found] == [
        ("title 3", True),
        ("title 2", False),
        ("title 1", False),
    ]
    assert await store.conversations.all(old) == []
    [two, one] = await kept(store, new)
    assert (await ids_of(store, one, new), await ids_of(store, two, new)) == (["1"], ["2"])


async def test_an_older_process_that_starts_over_takes_no_number(store: Store) -> None:
    """It counts the epoch up and deletes the history, and knows of nothing else."""
    names = keys.ChatKeys(HERE)
    await store.redis.set(names.epoch, 5)
    await say(store, "1")
    await store.conversations.begin(HERE)
    await store.redis.set(names.epoch, 4)
    await store.redis.incr(names.epoch)
    await store.redis.delete(names.history)
    await say(store, "2")
    other = await store.conversations.begin(HERE)
    assert other is not None
    assert await ids_of(store, 5) == ["1"]
    assert await ids_of(store, other) == ["2"]


async def test_a_summary_is_kept_with_its_conversation(store: Store) -> None:
    await say(store, "1")
    number = await store.conversations.current(HERE)
    assert await store.conversations.set_summary(HERE, number, Summary("All of it.", "1"))
    await store.conversations.begin(HERE)
    await store.conversations.open(HERE, number)
    context = await store.load_turn_context(HERE, conversation=number)
    assert context.summary == Summary("All of it.", "1")
    await store.conversations.delete(HERE, number)
    assert not await store.conversations.set_summary(HERE, number, Summary("All of it.", "1"))


async def test_words_are_found_in_any_script(store: Store) -> None:
    for id, text in (("1", 'Der Fluß "Inn"'), ("2", "天空是蓝色的"), ("3", "Почему НЕБО голубое"), ("4", "a\\b plain")):
        row = exchange(id, text).to_row()
        await store.redis.rpush(keys.ChatKeys(HERE).history, row)
        number = await store.conversations.begin(HERE)
        await store.search.index(HERE, number or 0)
    await say(store, "5", answer="The sky is blue.")

    async def find(text: str) -> list[str]:
        return [hit.exchange.id for hit in (await store.search.find(HERE, text, 10)).hits]

    assert await find("FLUSS") == ["1"]
    assert await find('"inn"') == ["1"]
    assert await find("蓝色") == ["2"]
    assert await find("天") == ["2"]
    assert await find("небо голуб") == ["3"]
    assert await find("a\\b") == ["4"]
    assert await find("blue sky") == ["5"]
    assert await find("question") == ["5", "4", "3", "2", "1"], "the newest first"
    assert await find("assistant") == [], "what a row is made of is not what was said"
    assert await find("nosuchword") == []
    assert await find(" ") == []


async def test_what_is_not_indexed_or_grew_is_found(store: Store, inbox: Inbox) -> None:
    await say(store, "1", answer="early words")
    await inbox.put(ACCOUNT, question("2"))
    async with taking(inbox) as take:
        turn = await first(await take())
    number = await store.conversations.begin(HERE)
    assert number is not None
    await store.search.index(HERE, number)
    assert (await store.search.find(HERE, "belated", 5)).hits == []
    await turn.done(exchange("2", "belated words"))
    for _ in range(2):  # before it has a signature again, and with it
        [hit] = (await store.search.find(HERE, "belated", 5)).hits
        assert (hit.number, hit.exchange.id) == (number, "2")


async def test_nobody_finds_what_belongs_to_another_chat(store: Store) -> None:
    mine, theirs = Chat("telegram", "-5", person="7"), Chat("telegram", "-5", person="8")
    for id in ("1", "2", "3"):
        await say(store, id, where=theirs, answer="a secret")
        await store.conversations.begin(theirs)
    [number, *_] = await kept(store, theirs)
    for other in (mine, Chat("telegram", "-5"), Chat("telegram", "-5", "9")):
        assert (await store.search.find(other, "secret", 9)).hits == []
        assert await store.conversations.all(other) == []
        assert await store.conversations.open(other, number) == ("gone", None)
        assert await store.conversations.delete(other, number) == 0


async def test_two_hundred_conversations_are_quick(store: Store) -> None:
    """Of a hundred turns each. The bound is 50 ms on a quiet machine; this one may be shared."""
    draw, names = random.Random(3), keys.ChatKeys(HERE)
    vocabulary = ["".join(draw.choices("abcdefghijklmnopqrstuvwxyz", k=draw.randint(3, 10))) for _ in range(8000)]
    for number in range(200):
        rows = []
        for turn in range(100):
            words = draw.choices(vocabulary, k=90)
            if number == 3 and turn == 50:
                words.append("needle")
            rows.append(exchange(f"{number}.{turn}", " ".join(words)).to_row())
        await store.redis.rpush(names.history, *rows)
        left = await store.conversations.begin(HERE)
        await store.search.index(HERE, left or 0)
    numbers = await kept(store)
    assert len(numbers) == 200

    async def fastest(call: object) -> float:
        taken = []
        for _ in range(7):
            began = time.perf_counter()
            await call()  # type: ignore[operator] # any of the calls below
            taken.append(time.perf_counter() - began)
        return min(taken) * 1000

    async def listed() -> None:
        await store.conversations.with_first(HERE, (await store.conversations.all(HERE))[:8])

    async def opened() -> None:
        await store.conversations.open(HERE, draw.choice(numbers))

    figures = {
        "chats": await fastest(listed),
        "search, one": await fastest(lambda: store.search.find(HERE, "needle", 7)),
        "search, none": await fastest(lambda: store.search.find(HERE, "xylophone quartz", 7)),
        "search, many": await fastest(lambda: store.search.find(HERE, vocabulary[0][:4], 7)),
        "search, apart": await fastest(lambda: store.search.find(HERE, " ".join(vocabulary[:3]), 7)),
        "open": await fastest(opened),
    }
    size = 0
    async for name in store.redis.scan_iter(match="cherry:*"):
        size += await store.redis.memory_usage(name, samples=0) or 0
    assert size < MAX_KEPT_BYTES, "they took 20.5 MB"
    [hit] = (await store.search.find(HERE, "needle", 7)).hits
    assert hit.exchange.id == "3.50"
    assert all(figure < 50 for figure in figures.values()), figures


def test_a_chat_is_read_from_the_name_of_its_key() -> None:
    for each in (
        chat(),
        chat("1", "9"),
        Chat("feishu", "oc:a~b{c}", person="ou~1"),
        Chat("discord", "1", "2", person="3"),
    ):
        assert keys.chat_of(keys.ChatKeys(each).history) == each
