"""A stranger knocks, the owners are asked, one press answers; and codes that spare everybody the asking."""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable

import pytest

from bridge.access import SHELL, Actor
from bridge.access import requests as asking
from bridge.store.keys import AccessKeys
from bridge.types import COMMAND_BYTES, User
from tests.access.desk import HOME, OWNER, Office, Sheet, direct, group, person

TOM = person("tom", "Tom")
AT_TOMS = direct(TOM)
CLUB = group("club", title="Chess club")


async def knock(office: Office, text: str = "Please, my secret.", **more: object) -> Sheet:
    """Tom writes; the question that the owner then finds."""
    before = len(office.lying_in(HOME))
    await office.say(text, TOM, **{"chat": AT_TOMS, **more})  # type: ignore[arg-type]
    [question] = office.lying_in(HOME)[before:]
    return question


async def press(office: Office, sheet: Sheet, label: str, who: User = OWNER) -> str:
    """Whoever it is presses that button; what the sheet then reads."""
    [command] = [choice.command for choice in sheet.buttons if choice.label == label]
    await office.say(command, who, HOME, menu=sheet.ref)
    return office.desk.sheets[sheet.ref].text


async def test_one_press_lets_a_stranger_in(office: Office) -> None:
    await office.say("I am here.")
    question = await knock(office)
    assert question.text == "Tom (paper:tom) would like to talk to me.".replace("paper:tom", "`paper:tom`")
    assert [choice.label for choice in question.buttons] == ["Allow", "Deny", "Block"]
    assert all(len(choice.command.encode()) <= COMMAND_BYTES for choice in question.buttons)
    [told] = office.lying_in(AT_TOMS)
    assert "I have asked the owner" in told.text
    assert await press(office, question, "Allow") == "Tom: paper:tom may talk to me now."
    assert [sheet.text for sheet in office.lying_in(AT_TOMS)][1:] == [
        "You have been let in. Say something, or see /help."
    ]
    assert await office.say("hello", TOM, AT_TOMS) == "You said: hello"
    assert [request.question for request in office.gateway.requests] == ["I am here.", "hello"]
    assert "answered" in await press(office, question, "Deny"), "it is answered once"
    assert await office.say("still?", TOM, AT_TOMS) == "You said: still?"
    assert "secret" not in await everything(office)


async def everything(office: Office) -> str:
    """All that Redis holds."""
    redis, found = office.bridge.store.redis, []
    read: dict[str, Callable[[str], Awaitable[object]]] = {
        "string": redis.get,
        "hash": redis.hgetall,
        "list": lambda key: redis.lrange(key, 0, -1),
        "zset": lambda key: redis.zrange(key, 0, -1),
        "stream": redis.xrange,
    }
    async for key in redis.scan_iter():
        kind = str(await redis.type(key))
        found.append(f"{key} {await read[kind](str(key))}")
    return "\n".join(found)


async def test_no_means_quiet_for_a_day_and_blocked_means_quiet(office: Office) -> None:
    await office.say("I am here.")
    question = await knock(office)
    assert "declined" in await press(office, question, "Deny")
    assert office.lying_in(AT_TOMS)[-1].text == "The owner has said no this time."
    sheets = len(office.desk.sheets)
    for _ in range(5):
        await office.say("Please!", TOM, AT_TOMS)
    assert len(office.desk.sheets) == sheets
    anna = person("anna", "Anna")
    await office.say("hi", anna, direct(anna))
    await press(office, office.lying_in(HOME)[-1], "Block")
    assert len(office.lying_in(direct(anna))) == 2, "she has learned it"
    for text in ("hi", "/claim x", "/start"):
        await office.say(text, anna, direct(anna))
    assert len(office.lying_in(direct(anna))) == 2


async def test_a_group_is_asked_for_without_a_word_in_it(office: Office) -> None:
    await office.say("I am here.")
    question = await knock(office, chat=group("club", "5", "Chess club"))
    assert "in Chess club (`paper:club`)" in question.text
    assert [choice.label for choice in question.buttons] == [
        "Allow this chat",
        "Allow in direct chats",
        "Deny",
        "Block",
    ]
    assert office.lying_in(group("club", "5")) == []
    assert await press(office, question, "Allow this chat") == "Everybody in Chess club may talk to me now."
    assert await office.say("hello", person("eve", "Eve"), CLUB) == "You said: Eve: hello"
    assert await office.say("hello", TOM, AT_TOMS) != "You said: hello", "let in there, not here"


async def test_a_press_is_judged_by_who_pressed(office: Office) -> None:
    await office.say("I am here.")
    question = await knock(office)
    member = person("member")
    await office.access.allow(member, SHELL)
    for who in (TOM, member):
        await press(office, question, "Allow", who)
    assert await office.say("hello", TOM, AT_TOMS) == ""
    for forged in ("/requests", "/requests nosuch allow", f"/requests {'x' * 5000} allow"):
        assert await office.say(forged, TOM, AT_TOMS) == ""
    assert "answered" in await office.say("/requests nosuch allow")


async def test_few_are_asked_about_and_each_for_an_hour(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    await office.say("I am here.")
    for number in range(8):
        someone = person(f"s{number}")
        await office.say("hi", someone, direct(someone))
    questions = [sheet for sheet in office.lying_in(HOME) if sheet.buttons]
    assert len(questions) == asking.MOST_OF_ACCOUNT
    told = [office.lying_in(direct(person(f"s{number}")))[0].text for number in range(8)]
    assert [("I have asked" in text) for text in told] == [True] * 3 + [False] * 5
    assert (await office.say("/requests")).count("paper:s") == 3
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + asking.LIFE + 1)
    assert await office.say("/requests") == "Nobody is waiting."
    late = person("late")
    await office.say("hi", late, direct(late))
    assert "I have asked" in office.lying_in(direct(late))[0].text


async def test_an_owner_who_is_one_no_longer_is_not_asked(office: Office) -> None:
    other = person("other")
    await office.access._rules.change(f"role {other}", '{"verdict":"owner","until":0,"name":"","by":"","at":0}', SHELL)
    await office.say("here", other, direct(other))
    await office.say("I am here.")
    await office.say(f"/admin remove {other}")
    before = len(office.lying_in(direct(other)))
    await knock(office)
    assert len(office.lying_in(direct(other))) == before


async def test_an_invite_lets_so_many_in_and_no_more(office: Office) -> None:
    said = await office.say("/invite 2 for 3h")
    [code] = re.findall(r"/claim ([A-Z2-7]{26})", said)
    assert f"paper://start/{code}" in said
    assert code not in str(await office.bridge.store.redis.hgetall(AccessKeys.invites))
    one, two, three = (person(name, name.title()) for name in ("one", "two", "three"))
    assert "let in" in await start(office, f"/start {code}", one)
    assert "let in" in await start(office, f"/claim {code.lower()}", two)
    assert "not right" in await start(office, f"/start {code}", three)
    assert await office.say("hello", two, direct(two)) == "You said: hello"
    assert await office.say("hello", two, group("elsewhere")) == "", "an invite is for direct chats"
    assert "Revoked: 0" in await office.say("/invite off")
    [code] = re.findall(r"/claim (\w+)", await office.say("/invite"))
    assert "Revoked: 1" in await office.say("/invite off")
    assert "not right" in await start(office, f"/start {code}", three)
    assert "/invite 5 for 7d" in await office.say("/invite lots")
    # Codes that lead nowhere are soon not even looked at.
    wrong = [await start(office, f"/claim WRONG{number}", three) for number in range(6)]
    assert "Too many wrong codes" in wrong[-1]


async def start(office: Office, text: str, who: User) -> str:
    chat = direct(who)
    before = len(office.lying_in(chat))
    await office.say(text, who, chat)
    return "\n".join(sheet.text for sheet in office.lying_in(chat)[before:])


async def test_an_invite_ends(office: Office) -> None:
    code = await office.access.invites.invite(Actor("test"), uses=5, until=time.time() - 1)
    assert await office.access.redeem(code, office.message("", TOM, AT_TOMS)) == "wrong"


async def test_the_shut_out_cannot_use_a_code(office: Office) -> None:
    await office.access.deny(TOM, SHELL)
    code = await office.access.invites.invite(SHELL, uses=1, until=time.time() + 60)
    assert await start(office, f"/start {code}", TOM) == ""
    assert await office.say("hello", TOM, AT_TOMS) == ""


async def test_everything_leaves_a_trail(office: Office) -> None:
    await office.say("/allow 4711 for 7d")
    await office.say("/allow 4711")
    await office.say("/deny 4711")
    await office.say("/allowlist remove 4711")
    await office.say("/admin add 4712")
    await office.say("/chat limit 5 turns")
    await office.say("/chat limit 6 turns")
    await office.say("/invite")
    question = await knock(office)
    await press(office, question, "Deny")
    changes = [(change.what, change.by, change.where) for change in await office.access.audit.newest(50)]
    by, where = "paper:boss", "paper:boss"
    subjects = ["person paper:4711"] * 4 + ["role paper:4712", *["limit paper:boss"] * 2, "invite"]
    assert changes == [(what, by, where) for what in [*subjects, "request person paper:tom"]][::-1]
    lines = (await office.say("/audit 50")).splitlines()
    assert re.search(r"person paper:4711`: – → `allow until \d{4}-\d\d-\d\d", lines[-1])
    assert any("`5 turns` → `6 turns`" in line for line in lines)
    assert len((await office.say("/audit 2")).splitlines()) == 3
    await office.say("/chat limit 7 turns", chat=CLUB)
    [_, newest] = (await office.say("/audit 1")).splitlines()
    assert "`paper:boss` @ `paper:club`: `limit paper:club`: – → `7 turns`" in newest, "who, where, what"
