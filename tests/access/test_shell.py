"""The rules from a shell: the same ones that the bot goes by, with an answer for people and one for scripts."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable

import pytest
from msgspec import convert, to_builtins

from bridge.cli import main
from bridge.inbound import Said
from bridge.inbox import Question
from bridge.store import Store
from bridge.types import Chat, User

Shell = Callable[..., Awaitable[tuple[int, str]]]


@pytest.fixture
def shell(redis_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    monkeypatch.setenv("BRIDGE_REDIS_URL", redis_url)
    monkeypatch.setenv("BRIDGE_ADMINS", "telegram:1")

    async def run(*arguments: str) -> tuple[int, str]:
        status = await asyncio.to_thread(main, ["access", *arguments])
        return status, "".join(capsys.readouterr())

    return run


async def test_what_is_said_in_a_shell_is_what_the_bot_goes_by(shell: Shell, store: Store) -> None:
    assert await shell("allow", "telegram:4711", "--for", "7d") == (0, "telegram:4711 may talk.\n")
    assert await shell("allow", "telegram:-1001", "--chat") == (0, "telegram:-1001 may talk.\n")
    assert await shell("allow", "--group", "discord:42") == (0, "discord:42 may talk.\n")
    assert await shell("allow", "--group", "discord:42") == (1, "discord:42 may talk, as before.\n")
    assert await shell("deny", "telegram:4712") == (0, "telegram:4712 may not talk.\n")
    assert await shell("admin", "add", "feishu:ou_1") == (0, "feishu:ou_1 is an admin.\n")
    _, listed = await shell("list")
    assert re.search(r"owner +telegram:1\nadmin +feishu:ou_1\n", listed)
    assert re.search(r"allow +person telegram:4711  until \d{4}-", listed)
    _, told = await shell("list", "--json")
    rules = {rule["subject"]: rule["verdict"] for rule in json.loads(told)["rules"]}
    assert rules == {
        "person telegram:4711": "allow",
        "person telegram:4712": "deny",
        "chat telegram:-1001": "allow",
        "group discord:42": "allow",
    }
    assert await shell("remove", "telegram:4711") == (0, "telegram:4711 is not on the list.\n")
    assert await shell("admin", "remove", "feishu:ou_1") != (1, "")
    _, told = await shell("audit", "--json")
    changes = json.loads(told)
    assert len(changes) == 7
    assert {change["by"] for change in changes} == {"shell"}
    _, told = await shell("audit", "--most", "1")
    assert re.fullmatch(r"\d{4}-\S+ \S+ UTC  shell  –  role feishu:ou_1: admin → –\n", told)


async def test_an_invite_from_a_shell(shell: Shell, store: Store) -> None:
    from bridge.access import Access

    status, told = await shell("invite", "--uses", "2", "--for", "3h", "--json")
    assert status == 0
    stranger = User("telegram", "9")
    chat = Chat("telegram", "9", direct=True)
    assert await Access(store.redis).redeem(json.loads(told)["code"], stranger, chat) == "member"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("allow", "nobody"), "telegram:123"),
        (("allow", "telegram:1", "--for", "ever"), "12h, 7d or 4w"),
        (("deny", "telegram:1"), "is an admin"),
        (("allow", f"telegram:{'9' * 300}"), "no platform's id"),
    ],
)
async def test_what_cannot_be_meant_is_said(shell: Shell, arguments: tuple[str, ...], said: str) -> None:
    status, told = await shell(*arguments)
    assert status == 2
    assert said in told


def test_a_question_keeps_what_access_needs_in_the_queue() -> None:
    chat = Chat("discord", "1", "2", person="7")
    said = Said("m", chat, User("discord", "7"), "x", groups=("5", "6"))
    asked = Question("m", said, asker=User("discord", "8"))
    assert convert(to_builtins(asked), Question) == asked
    assert chat.place == Chat("discord", "1", "2")
    assert chat.whole == Chat("discord", "1")
    assert chat != chat.place
