"""A stranger knocks, the owners are asked, one press answers; and codes that spare everybody the asking."""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable

import pytest

from bridge.access import SHELL, Actor
from bridge.access import requests as asking
from bridge.channel import Limits
from bridge.store.keys import AccessKeys
from bridge.types import User
from tests.harness import HOME, OWNER, BridgeInProcess, Shown, direct, group, person

TOM = person("tom", "Tom")
AT_TOMS = direct(TOM)
CLUB = group("club", title="Chess club")


async def knock(bridge: BridgeInProcess, text: str = "Please, my secret.", **more: object) -> Shown:
    """Tom writes; the question that the owner then finds."""
    before = len(bridge.shown_in(HOME))
    await bridge.say(text, TOM, **{"chat": AT_TOMS, **more})  # type: ignore[arg-type]
    [question] = bridge.shown_in(HOME)[before:]
    return question


async def press(bridge: BridgeInProcess, message: Shown, label: str, who: User = OWNER) -> str:
    """Have `who` press that button; return what the message then reads."""
    [command] = [button.command for button in message.buttons if button.label == label]
    await bridge.say(command, who, HOME, menu=message.ref)
    return bridge.channel.messages[message.ref].text


async def test_one_press_lets_a_stranger_in(bridge: BridgeInProcess) -> None:
    await bridge.say("I am here.")
    question = await knock(bridge)
    assert question.text == "Tom (fake:tom) would like to talk to me.".replace("fake:tom", "`fake:tom`")
    assert [button.label for button in question.buttons] == ["Allow", "Deny", "Block"]
    assert all(len(button.command.encode()) <= Limits(1, 1).max_command_bytes for button in question.buttons)
    [told] = bridge.shown_in(AT_TOMS)
    assert "I have asked the owner" in told.text
    assert await press(bridge, question, "Allow") == "Tom: fake:tom may talk to me now."
    assert [message.text for message in bridge.shown_in(AT_TOMS)][1:] == [
        "You have been let in. Say something, or see /help."
    ]
    assert await bridge.say("hello", TOM, AT_TOMS) == "You said: hello"
    assert [request.question for request in bridge.gateway.requests] == ["I am here.", "hello"]
    assert "answered" in await press(bridge, question, "Deny"), "it is answered once"
    assert await bridge.say("still?", TOM, AT_TOMS) == "You said: still?"
    assert "secret" not in await everything(bridge)


async def everything(bridge: BridgeInProcess) -> str:
    """All that Redis holds."""
    redis, found = bridge.app.store.redis, []
    read: dict[str, Callable[[str], Awaitable[object]]] = {
        "string": redis.get,
        "hash": redis.hgetall,
        "list": lambda key: redis.lrange(key, 0, -1),
        "zset": lambda key: redis.zrange(key, 0, -1),
        "stream": redis.xrange,
    }
    async for key in redis.scan_iter():
        kind = str(await redis.type(key))
        if kind != "none":  # it expired or was let go since the scan
            found.append(f"{key} {await read[kind](str(key))}")
    return "\n".join(found)


async def test_no_means_quiet_for_a_day_and_blocked_means_quiet(bridge: BridgeInProcess) -> None:
    await bridge.say("I am here.")
    question = await knock(bridge)
    assert "declined" in await press(bridge, question, "Deny")
    assert bridge.shown_in(AT_TOMS)[-1].text == "The owner has said no this time."
    messages = len(bridge.channel.messages)
    for _ in range(5):
        await bridge.say("Please!", TOM, AT_TOMS)
    assert len(bridge.channel.messages) == messages
    anna = person("anna", "Anna")
    await bridge.say("hi", anna, direct(anna))
    await press(bridge, bridge.shown_in(HOME)[-1], "Block")
    assert len(bridge.shown_in(direct(anna))) == 2, "she has learned it"
    for text in ("hi", "/claim x", "/start"):
        await bridge.say(text, anna, direct(anna))
    assert len(bridge.shown_in(direct(anna))) == 2


async def test_a_group_is_asked_for_without_a_word_in_it(bridge: BridgeInProcess) -> None:
    await bridge.say("I am here.")
    question = await knock(bridge, chat=group("club", "5", "Chess club"))
    assert "in Chess club (`fake:club`)" in question.text
    assert [button.label for button in question.buttons] == [
        "Allow this chat",
        "Allow in direct chats",
        "Deny",
        "Block",
    ]
    assert bridge.shown_in(group("club", "5")) == []
    assert await press(bridge, question, "Allow this chat") == "Everybody in Chess club may talk to me now."
    assert await bridge.say("hello", person("eve", "Eve"), CLUB) == "You said: Eve: hello"
    assert await bridge.say("hello", TOM, AT_TOMS) != "You said: hello", "let in there, not here"


async def test_a_press_is_judged_by_who_pressed(bridge: BridgeInProcess) -> None:
    await bridge.say("I am here.")
    question = await knock(bridge)
    member = person("member")
    await bridge.access.rules.allow(member, SHELL)
    for who in (TOM, member):
        await press(bridge, question, "Allow", who)
    assert await bridge.say("hello", TOM, AT_TOMS) == ""
    for forged in ("/requests", "/requests nosuch allow", f"/requests {'x' * 5000} allow"):
        assert await bridge.say(forged, TOM, AT_TOMS) == ""
    assert "answered" in await bridge.say("/requests nosuch allow")


async def test_few_are_asked_about_and_each_for_an_hour(
    bridge: BridgeInProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bridge.say("I am here.")
    for number in range(8):
        someone = person(f"s{number}")
        await bridge.say("hi", someone, direct(someone))
    questions = [message for message in bridge.shown_in(HOME) if "would like to talk" in message.text]
    assert len(questions) == asking.MAX_OPEN_PER_ACCOUNT
    told = [bridge.shown_in(direct(person(f"s{number}")))[0].text for number in range(8)]
    assert [("I have asked" in text) for text in told] == [True] * 3 + [False] * 5
    assert (await bridge.say("/requests")).count("fake:s") == 3
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + asking.LIFE_SECONDS + 1)
    assert await bridge.say("/requests") == "Nobody is waiting."
    late = person("late")
    await bridge.say("hi", late, direct(late))
    assert "I have asked" in bridge.shown_in(direct(late))[0].text


async def test_an_owner_who_is_one_no_longer_is_not_asked(bridge: BridgeInProcess) -> None:
    other = person("other")
    await bridge.access._table.change(f"role {other}", '{"verdict":"owner","until":0,"name":"","by":"","at":0}', SHELL)
    await bridge.say("here", other, direct(other))
    await bridge.say("I am here.")
    await bridge.say(f"/admin remove {other}")
    before = len(bridge.shown_in(direct(other)))
    await knock(bridge)
    assert len(bridge.shown_in(direct(other))) == before


async def test_an_invite_lets_so_many_in_and_no_more(bridge: BridgeInProcess) -> None:
    said = await bridge.say("/invite 2 for 3h")
    [code] = re.findall(r"/claim ([A-Z2-7]{26})", said)
    assert f"fake://start/{code}" in said
    assert code not in str(await bridge.app.store.redis.hgetall(AccessKeys.invites))
    one, two, three = (person(name, name.title()) for name in ("one", "two", "three"))
    assert "let in" in await start(bridge, f"/start {code}", one)
    assert "let in" in await start(bridge, f"/claim {code.lower()}", two)
    assert "not right" in await start(bridge, f"/start {code}", three)
    assert await bridge.say("hello", two, direct(two)) == "You said: hello"
    assert await bridge.say("hello", two, group("elsewhere")) == "", "an invite is for direct chats"
    assert "Revoked: 0" in await bridge.say("/invite off")
    [code] = re.findall(r"/claim (\w+)", await bridge.say("/invite"))
    assert "Revoked: 1" in await bridge.say("/invite off")
    assert "not right" in await start(bridge, f"/start {code}", three)
    assert "/invite 5 for 7d" in await bridge.say("/invite lots")
    # Codes that lead nowhere are soon not even looked at.
    wrong = [await start(bridge, f"/claim WRONG{number}", three) for number in range(6)]
    assert "Too many wrong codes" in wrong[-1]


async def start(bridge: BridgeInProcess, text: str, who: User) -> str:
    chat = direct(who)
    before = len(bridge.shown_in(chat))
    await bridge.say(text, who, chat)
    return "\n".join(message.text for message in bridge.shown_in(chat)[before:])


async def test_an_invite_ends(bridge: BridgeInProcess) -> None:
    code = await bridge.access.invites.invite(Actor("test"), uses=5, until=time.time() - 1)
    assert await bridge.access.redeem(code, TOM, AT_TOMS) == "wrong"


async def test_the_shut_out_cannot_use_a_code(bridge: BridgeInProcess) -> None:
    await bridge.access.rules.deny(TOM, SHELL)
    code = await bridge.access.invites.invite(SHELL, uses=1, until=time.time() + 60)
    assert await start(bridge, f"/start {code}", TOM) == ""
    assert await bridge.say("hello", TOM, AT_TOMS) == ""


async def test_everything_leaves_a_trail(bridge: BridgeInProcess) -> None:
    await bridge.say("/allow 4711 for 7d")
    await bridge.say("/allow 4711")
    await bridge.say("/deny 4711")
    await bridge.say("/allowlist remove 4711")
    await bridge.say("/admin add 4712")
    await bridge.say("/chat limit 5 turns")
    await bridge.say("/chat limit 6 turns")
    await bridge.say("/invite")
    question = await knock(bridge)
    await press(bridge, question, "Deny")
    changes = [(change.what, change.by, change.where) for change in await bridge.access.audit.newest(50)]
    by, where = "fake:boss", "fake:boss"
    subjects = ["person fake:4711"] * 4 + ["role fake:4712", *["limit fake:boss"] * 2, "invite"]
    assert changes == [(what, by, where) for what in [*subjects, "request person fake:tom"]][::-1]
    lines = (await bridge.say("/audit 50")).splitlines()
    assert re.search(r"person fake:4711`: – → `allow until \d{4}-\d\d-\d\d", lines[-1])
    assert any("`5 turns` → `6 turns`" in line for line in lines)
    assert len((await bridge.say("/audit 2")).splitlines()) == 3
    await bridge.say("/chat limit 7 turns", chat=CLUB)
    [_, newest] = (await bridge.say("/audit 1")).splitlines()
    assert "`fake:boss` @ `fake:club`: `limit fake:club`: – → `7 turns`" in newest, "who, where, what"
