"""Rows survive an upgrade and a downgrade. `version0.json` holds rows to the letter as processes before versions wrote
them; it was made by running such a process."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from bridge.access.invites import INVITE
from bridge.access.owner_contacts import CONTACT
from bridge.access.requests import REQUEST
from bridge.access.rules import Rule
from bridge.inbound import ChatMoved, Said
from bridge.inbox import Claim, CommandCall, Inbox, Job, Notice, Question
from bridge.inbox.aside import Aside
from bridge.inbox.entry import Entry
from bridge.store import Exchange, Store, keys
from bridge.store.rows import CHAT
from bridge.types import Attachment, Chat, ChatMessage, ModelId, User
from tests.store.parts import ACCOUNT, chat, exchange, first, message, question, taking, until

OLD: dict[str, Any] = json.loads(Path(__file__).with_name("version0.json").read_text(encoding="utf-8"))
HERE = Chat("telegram", "-5", "7", title="Küche")
MIA, BEN = User("telegram", "7", "Mia"), User("telegram", "8", "Ben")


def said(id: str, text: str = "why? 🍳", ack: str = "") -> Said:
    pictures = (Attachment("image", "a.png"),)
    return Said(id, HERE, MIA, text, True, "> a", BEN, pictures, ack, "de", ("g1",), 1.5)


OLD_JOBS: list[Job] = [
    Question("10", said("10")),
    Question("retry:11", said("10", ack="ack"), asker=BEN, again=True),
    Question("continue:12", said("continue:12", "Go on.")),
    CommandCall("13", HERE, MIA, "model", "a:b c", "99", "", "de", ("g1",), BEN, 1.5),
    Notice("owner_away:5.0", HERE, "owner_away", {"url": "http://127.0.0.1"}, "de", "", 2.0),
    Notice("owner_back:5.0", HERE, "owner_back", {"seconds": "72"}, "de", "", 2.0),
    Notice("waiting:5.0", HERE, "waiting", {}, "de", "10"),
    ChatMoved("m1", HERE, Chat("telegram", "-1005", title="Küche")),
]


@pytest.mark.parametrize(
    ("row", "job"), list(zip(OLD["queue"], OLD_JOBS, strict=True)), ids=lambda each: str(each)[:12]
)
def test_an_old_queue_entry_is_read(row: str, job: Job) -> None:
    entry = Entry.from_row(row)
    assert (entry.account, entry.job) == (ACCOUNT, job)
    assert entry.job.chat.title == "Küche"
    assert entry.key == keys.turn(HERE, job.id)


# How a process before versions reads: every field must be one that it knows.
OLD_FIELDS = set(json.loads(OLD["last"]))
OLD_CHAT, OLD_USER = {"channel", "id", "thread", "direct", "title", "person"}, {"channel", "id", "name"}


@pytest.mark.parametrize(
    ("old", "job"), list(zip(OLD["queue"], OLD_JOBS, strict=True)), ids=lambda each: str(each)[:12]
)
def test_a_process_before_versions_reads_our_entries(old: str, job: Job) -> None:
    row = Entry.of(ACCOUNT, job).to_row()
    message = json.loads(row[16:])["message"]
    assert set(message) <= OLD_FIELDS and {"id", "chat", "sender", "text"} <= set(message)
    for name in ("chat", "moved_to"):
        assert set(message.get(name) or OLD_CHAT) == OLD_CHAT
    for name in ("sender", "replied_to", "asker"):
        assert set(message.get(name) or OLD_USER) == OLD_USER
    assert all(set(each) == {"kind", "name"} for each in message.get("attachments", ()))
    there = json.loads(old[16:])["message"]
    unsaid = ("sender",) if isinstance(job, Notice | ChatMoved) else ()
    typed = ("quoted", "attachments") if isinstance(job, CommandCall) else ()
    for name in OLD_FIELDS - {*unsaid, *typed}:
        assert (message.get(name) or None) == (there[name] or None) or name == "addressed", name
    twice = Entry.from_row(row[:16] + json.dumps({"account": ACCOUNT, "message": message}))
    assert twice == Entry.of(ACCOUNT, job), "and hands the same on to us"


async def test_an_old_store_is_read(store: Store, inbox: Inbox) -> None:
    names, lane = keys.ChatKeys(HERE), keys.LaneKeys(HERE, "talk")
    await store.redis.rpush(lane.queue, *OLD["queue"])
    await store.redis.hset(lane.head, mapping={**OLD["head"], "by": "dead:1.1"})
    await store.redis.xadd(keys.ready(ACCOUNT, "talk"), OLD["marker"])
    await store.redis.rpush(names.history, *OLD["history"])
    await store.redis.rpush(names.aside, *OLD["aside"])
    await store.redis.hset(names.preferences, mapping=OLD["choices"])
    await store.redis.set(names.menu, OLD["menu"])
    await store.redis.set(names.last, OLD["last"])

    why = (ChatMessage.user("why? 🍳"),)
    assert await store.history.read(HERE) == [Exchange.plain("10", why, "because", ended="cut", model="a:b:c", at=3.5)]
    assert await store.preferences.recents(HERE) == [ModelId("d", "e"), ModelId("a", "b:c")]
    assert await store.preferences.menu(HERE) == ["/model a:b", "/new"]
    assert await store.preferences.last(HERE) == said("10", ack="ack")
    context = await store.load_turn_context(HERE)
    assert context.chosen.model == ModelId("d", "e") and len(context.history) == 1

    async with taking(inbox) as take:
        claim = await take()
        turn = await first(claim)
        assert (turn.reply().refs, turn.reply().begun, turn.crashes) == (["ref-0"], 1, 1)
        await turn.done(exchange("10"))
        for job in OLD_JOBS[1:]:
            turn = await first(claim)
            assert turn.job == job
            await turn.done()
        assert await claim.next() is None
    kept = [each async for each in inbox.kept_aside()]
    assert [each.aside.why for each in kept] == ["unreadable", "too many attempts"]
    with pytest.raises(ValueError, match="where it belongs"):
        await inbox.put_back(kept[0])
    assert await inbox.put_back(kept[1], ACCOUNT) and not await inbox.put_back(kept[1], ACCOUNT)
    assert await inbox.drop_aside(kept[0]) and [each async for each in inbox.kept_aside()] == []
    async with taking(inbox) as take:
        assert (await first(await take())).job == OLD_JOBS[1]


def test_old_rows_of_chats_and_access_are_read() -> None:
    new = Chat("telegram", "-1005", title="Küche")
    assert CHAT.decode(OLD["moved"]) == new and json.loads(CHAT.encode(new)) == json.loads(OLD["moved"])
    assert CHAT.decode(OLD["stop"]["chat"]) == HERE
    assert Rule.from_row(OLD["rule"]) == Rule("allow", 5.0, "Mia", "telegram:1", 2.0)
    assert REQUEST.decode(OLD["request"]).person == MIA
    assert json.loads(REQUEST.encode(REQUEST.decode(OLD["request"]))) == json.loads(OLD["request"])
    assert CONTACT.decode(OLD["home"][0]).chat.direct
    assert INVITE.decode(OLD["invite"][0]).left == 3


def newer(row: str, skip: int = 0) -> str:
    """The row as a newer process might write it: with another version and a field that nobody here knows."""

    def more(value: Any) -> Any:
        if isinstance(value, dict):
            return {"brand_new": {"of": ["them"]}, **{name: more(each) for name, each in value.items()}}
        return [more(each) for each in value] if isinstance(value, list) else value

    told = json.loads(row[skip:])
    values = told.get("job", {}).pop("values", None)  # a map of strings, which holds no fields
    told = {**more(told), "v": 2}
    if values is not None:
        told["job"]["values"] = values
    return row[:skip] + json.dumps(told)


@pytest.mark.parametrize("job", OLD_JOBS, ids=lambda job: job.id)
def test_entries_of_newer_processes_are_read(job: Job) -> None:
    assert Entry.from_row(newer(Entry.of(ACCOUNT, job).to_row(), 16)).job == job


def test_other_rows_of_newer_processes_are_read() -> None:
    whole = exchange("1")
    assert Exchange.from_row(newer(whole.to_row())) == whole
    aside = Aside("why", 1.0, 2, ACCOUNT, "talk", "entry")
    assert Aside.from_row(newer(aside.to_row())) == aside
    rule = Rule("allow", 5.0, "Mia")
    assert Rule.from_row(newer(rule.to_row())) == rule
    assert Rule.from_row('{"v":2,"verdict":"perhaps"}') == Rule("deny"), "damage lets nobody in"


async def test_two_processes_of_two_versions_share_100_turns(store: Store) -> None:
    """One of them writes what the other does not know, and both answer."""
    ours, theirs = Inbox(store), Inbox(store)
    for number in range(100):
        where = chat(str(number % 10))
        await (ours if number % 2 else theirs).put(ACCOUNT, question(str(number), where))
        if number % 2:
            queue = keys.LaneKeys(where, "talk").queue
            row = str(await store.redis.lindex(queue, -1))
            await store.redis.lset(queue, -1, newer(row, 16))
    answered: dict[Inbox, list[str]] = {ours: [], theirs: []}

    async def serve(inbox: Inbox) -> None:
        at_work: list[Claim] = []
        async with taking(inbox, room=lambda: 1 - len(at_work)) as take:
            while True:
                at_work[:] = [claim := await take()]
                while (turn := await claim.next()) is not None:
                    answered[inbox].append(turn.job.id)
                    await asyncio.sleep(0.01)
                    await turn.done(exchange(turn.job.id, f"answer {turn.job.id}"))
                    if inbox is theirs:
                        history = keys.ChatKeys(claim.chat).history
                        await store.redis.lset(history, -1, newer(str(await store.redis.lindex(history, -1))))
                at_work.clear()

    async def all_done() -> bool:
        return not [name async for name in store.redis.scan_iter(match=keys.queues("talk"))]

    serving = [asyncio.create_task(serve(each)) for each in answered]
    await until(all_done)
    for task in serving:
        task.cancel()
    await asyncio.wait(serving)
    assert all(answered.values()), "both had a part in it"
    assert sorted([*answered[ours], *answered[theirs]], key=int) == [str(number) for number in range(100)]
    for number in range(10):
        history = await store.history.read(chat(str(number)))
        assert [each.id for each in history] == [str(each) for each in range(number, 100, 10)]
        assert all(each.text == f"answer {each.id}" for each in history)
    await ours.close()
    await theirs.close()


async def test_an_unreadable_entry_is_told_and_can_be_put_back(store: Store, inbox: Inbox) -> None:
    """A newer process asked for something that this one has never heard of."""
    row = Entry.of(ACCOUNT, Question("1", message("1"))).to_row()
    row = row.replace('"type":"question"', '"type":"dream"').replace('"sent_at"', '"language":"de","sent_at"')
    await store.redis.rpush(keys.LaneKeys(chat(), "talk").queue, row)
    async with taking(inbox) as take:
        claim = await take()
        turn = await first(claim)
        assert turn.job == Notice(f"unreadable:{turn.key}", chat(), "unreadable", {}, "de", "1")
        await turn.reply().begin()
        await turn.done()
        assert await claim.next() is None
    (kept,) = [each async for each in inbox.kept_aside()]
    assert kept.aside.entry == row and kept.chat == chat()
    with pytest.raises(ValueError, match="cannot read it"):
        await inbox.put_back(kept)
    assert len([each async for each in inbox.kept_aside()]) == 1, "it stays"
