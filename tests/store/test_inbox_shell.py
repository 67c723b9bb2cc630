"""`cherry-bridge inbox` on rows of every kind, old and new, told in the language of the terminal."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from bridge.cli import main
from bridge.inbound import Said
from bridge.inbox import Aside, CommandCall, Inbox, Job, Notice, Question
from bridge.inbox.entry import Entry
from bridge.store import ChatKeys, LaneKeys, Store
from bridge.types import Chat, User

Shell = Callable[..., Awaitable[tuple[int, str, str]]]
MIA = User("telegram", "4711", "Mia\x1b[31m")
DIRECT, KITCHEN = Chat("telegram", "4711", direct=True), Chat("telegram", "-1001", "7", title="Küche")
ACCOUNT = "telegram:99"
QUESTION = Question("1", Said("1", KITCHEN, MIA, "Who ate the cake?\nAll of it?"))


@pytest.fixture
def shell(redis_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    monkeypatch.setenv("BRIDGE_REDIS_URL", redis_url)
    monkeypatch.setenv("LC_ALL", "C.UTF-8")

    async def run(*arguments: str) -> tuple[int, str, str]:
        status = await asyncio.to_thread(main, ["inbox", *arguments])
        said = capsys.readouterr()
        return status, said.out, said.err

    return run


async def keep(store: Store, job: Job, why: str, at: float, *, entry: str = "", account: str = ACCOUNT) -> None:
    row = Aside(why, at, 4, account, "talk", entry or Entry.of(account, job).to_row()).to_row()
    await store.redis.lpush(ChatKeys(job.chat).aside, row)


async def test_every_kind_is_told_in_plain_words(shell: Shell, store: Store) -> None:
    await keep(store, QUESTION, "too many attempts", 1795865600)
    await keep(store, CommandCall("2", DIRECT, MIA, "system", "Be brief."), "refused: chat is closed", 1795865700)
    await keep(store, Notice("3", DIRECT, "owner_back"), "too many crashes", 1795865800)
    await keep(store, Notice("4", DIRECT, "?"), "unreadable", 1795865900, entry="A" * 16 + '{"job": {"type": "new"}}')
    _, said, _ = await shell("list")
    lines = [line[8:].strip() for line in said.splitlines()]
    assert lines[1:9] == [
        "2026-11-28 11:33 UTC  telegram  -1001:7 (Küche)  Mia [31m (telegram:4711)",
        "a question: every attempt failed",
        "2026-11-28 11:35 UTC  telegram  4711  Mia [31m (telegram:4711)",
        "the command /system: the platform refused the reply: chat is closed",
        "2026-11-28 11:36 UTC  telegram  4711  sender unknown",
        "a notice of the bridge's own (owner_back): the process that worked on it crashed each time",
        "2026-11-28 11:38 UTC  chat unknown  sender unknown",
        "an entry that this version cannot read: it could not be read; a newer version may be able to",
    ]
    assert "cake" not in said and "brief" not in said
    _, said, _ = await shell("list", "--show")
    assert "> Who ate the cake?\n          > All of it?" in said
    assert "> /system Be brief." in said
    rows = json.loads((await shell("list", "--json"))[1])["set_aside"]
    assert [row["kind"] for row in rows] == ["question", "command", "notice", "unreadable"]
    assert "cake" not in str(rows)


async def test_what_cannot_go_back_stays_and_the_rest_goes(shell: Shell, store: Store) -> None:
    await keep(store, QUESTION, "too many attempts", 1)
    await keep(store, Notice("4", DIRECT, "?"), "unreadable", 2, entry="A" * 16 + "{}")
    await keep(store, Question("5", Said("5", DIRECT, MIA, "Old.")), "too many attempts", 3, account="")
    going, unreadable, homeless = (row["id"] for row in json.loads((await shell("list", "--json"))[1])["set_aside"])
    status, said, errors = await shell("retry", "all")
    assert (status, said) == (1, f"{going} is in its queue again.\n")
    assert errors.splitlines() == [
        f"{unreadable} stays set aside: this version of the bridge cannot read it.",
        f"{homeless} stays set aside: it does not say which bot account it came to.",
    ]
    [row] = await store.redis.lrange(LaneKeys(KITCHEN, "talk").queue, 0, -1)
    assert Entry.from_row(str(row)).job == QUESTION
    assert json.loads((await shell("drop", unreadable, "--json"))[1]) == [{"id": unreadable, "done": True}]
    assert [each.id async for each in Inbox(store).kept_aside()] == [homeless]


async def test_what_waits_is_counted_with_its_age(shell: Shell, inbox: Inbox) -> None:
    assert (await shell("list"))[1] == "Nothing has been set aside.\nNothing waits in a queue.\n"
    await inbox.put(ACCOUNT, QUESTION)
    await inbox.put(ACCOUNT, CommandCall("2", DIRECT, MIA, "help"))
    _, said, _ = await shell("list")
    assert "In queues: 2 (being answered: 0, chats: 2, the oldest for 1 second)" in said


async def test_a_person_at_a_terminal_is_asked(
    shell: Shell, store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    await keep(store, QUESTION, "too many attempts", 1)
    monkeypatch.setattr("bridge.admin.shell.inbox.at_terminal", lambda: True)
    monkeypatch.setattr("builtins.input", lambda prompt: "n" if "all 1 for good" in prompt else "y")
    assert await shell("drop", "all") == (1, "Nothing was dropped.\n", "")
    monkeypatch.setattr("builtins.input", lambda prompt: "y")
    assert (await shell("drop", "all"))[0] == 0
    assert [each async for each in Inbox(store).kept_aside()] == []
