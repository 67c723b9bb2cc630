"""Everybody, everywhere, everything: exactly who gets what."""

from __future__ import annotations

import time

import pytest

from bridge.access import SHELL, Group, Role
from bridge.types import Chat, IncomingMessage, User
from tests.access.desk import Office, direct, group, person

PEOPLE = ("stranger", "member", "admin", "owner", "denied", "expired", "blocked", "anonymous", "channel", "grouped")
PLACES = ("direct", "open group", "open topic", "closed group", "closed topic", "denied group", "direct button",
          "open group button", "closed group button", "open group reply")  # fmt: skip

FOR_ALL = {
    "hello": "You said:",
    "/start": "",
    "/help": "**Commands**",
    "/model": "Now:",
    "/models": "models",
    "/new": "A new conversation",
    "/stop": "",
    "/retry": "",
    "/continue": "",
    "/system": "",
    "/later": "Cherry Studio is away",
    "/whoami": "You are",
    "/claim WRONG": "",
    "/nosuchcommand": "",
}
"""What a member may do, and what then is part of the answer."""
FOR_ADMINS = {
    "/allow person 999": "may talk to me now",
    "/deny person 998": "may no longer talk",
    "/allowlist": "**May talk to me**",
    "/invite 2 for 3h": "/claim",
    "/requests": "",
    "/chat": "`answer`",
    "/history shared": "`history`: `shared`",
    "/models reset": "`models`: all",
    "/audit": "**The last changes**",
}
FOR_OWNERS = {"/admin list": "Admins", "/chat all choose everyone": "all chats"}


def role_in(who: str, place: str) -> Role:
    """What should come out, said once more and in other words than the code's."""
    if who in ("owner", "admin"):
        return Role.OWNER if who == "owner" else Role.ADMIN
    if who in ("denied", "blocked") or place.startswith("denied"):
        return Role.DENIED
    if who == "grouped" or place.startswith("open"):
        return Role.MEMBER  # everybody there; and whoever carries a role that was let in
    return Role.MEMBER if who == "member" and place.startswith("direct") else Role.STRANGER


async def set_up(office: Office, who: str, place: str) -> tuple[User, Chat, tuple[str, ...]]:
    """Somebody of that kind in a place of that kind, each with ids of their own."""
    name = f"{who}-{place}".replace(" ", "-")
    where = group(f"g-{name}", "7" if "topic" in place else "")
    someone = person(where.id if who == "anonymous" else f"-{name}" if who == "channel" else name, who.title())
    chat = direct(someone) if place.startswith("direct") else where
    access = office.access
    if place.startswith("open"):
        await access.allow(chat, SHELL)
    if place.startswith("denied"):
        await access.allow(chat, SHELL)
        await access.deny(chat, SHELL)
    match who:
        case "member":
            await access.allow(someone, SHELL)
        case "admin":
            await access.promote(someone, SHELL)
        case "owner":
            await access._rules.change(
                f"role {someone}", '{"verdict":"owner","until":0,"name":"","by":"","at":0}', SHELL
            )
        case "denied":
            await access.allow(someone, SHELL)
            await access.deny(someone, SHELL)
        case "blocked":
            await access.deny(someone, SHELL)
        case "expired":
            await access.allow(someone, SHELL, until=time.time() - 1)
            if not place.startswith("open"):
                await access.allow(chat, SHELL, until=time.time() - 1)
        case "anonymous":
            # However it came about, an id that several people share gives nobody a role.
            await access._rules.change(
                f"role {someone}", '{"verdict":"owner","until":0,"name":"","by":"","at":0}', SHELL
            )
    return someone, chat, ("role-friends",) if who == "grouped" else ()


@pytest.mark.parametrize("place", PLACES)
async def test_exactly_who_gets_what(office: Office, place: str) -> None:
    await office.access.allow(Group("paper", "role-friends"), SHELL)
    asked: list[tuple[str, IncomingMessage]] = []
    for who in PEOPLE:
        if who == "anonymous" and place.startswith("direct"):
            continue
        sender, chat, groups = await set_up(office, who, place)
        for text in [*FOR_ALL, *FOR_ADMINS, *FOR_OWNERS]:
            menu = "999999" if "button" in place else ""
            replied = person("somebody-else") if "reply" in place else None
            message = office.message(text, sender, chat, menu=menu, groups=groups, replied_to=replied)
            asked.append((who, message))
    office.put(*(message for _, message in asked))
    await office.quiet()
    for who, message in asked:
        role, text, said = role_in(who, place), message.text, office.answer(message)
        case = f"{who} in {place}: {text!r} -> {said!r}"
        if role < Role.MEMBER:
            assert said == "", case
        elif text in FOR_ALL:
            assert FOR_ALL[text] in said, case
        elif text in (*FOR_ADMINS, "/chat all choose everyone") and role < Role.ADMIN:
            assert said == "Only admins can do that.", case
        elif text in FOR_OWNERS and role < Role.OWNER and (role is Role.ADMIN or text == "/admin list"):
            assert said == "Only owners can do that.", case
        else:
            assert {**FOR_ADMINS, **FOR_OWNERS}[text] in said, case
    # Nobody else's words reached a model, and all that a stranger is told is who they are, once.
    let_in = [message for _, message in asked if message.text == "hello" and office.answer(message)]
    questions = [request.question for request in office.gateway.requests]
    assert len(let_in) <= len(questions) <= 2 * len(let_in), "each once, and once more for /retry"
    names = {"hello", *(f"{message.sender.name}: hello" for message in let_in)}
    assert set(questions) <= names
    for who, message in asked:
        told = office.lying_in(message.chat)
        if role_in(who, place) is Role.DENIED or (role_in(who, place) is Role.STRANGER and not message.chat.direct):
            assert told == [], f"{who} in {place} was told {told}"
        elif role_in(who, place) is Role.STRANGER:
            greetings = [sheet.text for sheet in told if "I do not know you yet" in sheet.text]
            wrong = [sheet.text for sheet in told if "That code is not right" in sheet.text]
            assert (len(greetings), len(told)) == (1, 1 + len(wrong)), f"{who} in {place} was told {told}"


def test_the_table_knows_every_command(office_commands: set[str]) -> None:
    tested = {text.split()[0].removeprefix("/") for text in [*FOR_ALL, *FOR_ADMINS, *FOR_OWNERS] if text[0] == "/"}
    assert office_commands <= tested


@pytest.fixture
async def office_commands(office: Office) -> set[str]:
    return set(office.bridge.commands._entries)
