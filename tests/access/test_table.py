"""What the table of the stories (tests/stories/table.py) cannot show on every platform: groups that the platform counts
people into, chats that are denied, and what was decided of ids that several people share."""

from __future__ import annotations

import pytest

from bridge.access import SHELL, Group, Role, Rule
from bridge.types import Chat, IncomingMessage, User
from tests.access.desk import Office, direct, group, person

PEOPLE = ("member", "admin", "owner", "grouped", "denied group", "anonymous", "channel")
PLACES = ("direct", "open group", "closed group", "closed topic", "denied group", "denied topic")
TEXTS = {
    "hello": (Role.MEMBER, "You said:"),
    "/model": (Role.MEMBER, "Now:"),
    "/allow person 999": (Role.ADMIN, "may talk to me now"),
    "/admin list": (Role.OWNER, "Admins"),
}
"""What is said, who may, and what then is part of the answer."""


def role_in(who: str, place: str) -> Role:
    """What should come out, said once more and in other words than the code's."""
    if who in ("owner", "admin"):
        return Role.OWNER if who == "owner" else Role.ADMIN
    if who == "denied group" or place.startswith("denied"):
        return Role.DENIED  # whatever else would let them in
    if who == "grouped" or place.startswith("open"):
        return Role.MEMBER  # everybody there; and whoever carries a role that was let in
    return Role.MEMBER if who == "member" and place == "direct" else Role.STRANGER


async def set_up(office: Office, who: str, place: str) -> tuple[User, Chat, tuple[str, ...]]:
    """Somebody of that kind in a place of that kind, each with ids of their own."""
    name = f"{who}-{place}".replace(" ", "-")
    where = group(f"g-{name}", "7" if "topic" in place else "")
    someone = person(where.id if who == "anonymous" else f"-{name}" if who == "channel" else name, who.title())
    chat = direct(someone) if place == "direct" else where
    access = office.access
    if place.startswith(("open", "denied")):
        await access.allow(chat, SHELL)
    if place.startswith("denied"):
        await access.deny(chat, SHELL)
    if who in ("member", "denied group"):
        await access.allow(someone, SHELL)
    if who == "admin":
        await access.promote(someone, SHELL)
    if who in ("owner", "anonymous"):
        # However it came about, an id that several people share gives nobody a role.
        await access._rules.change(f"role {someone}", Rule("owner").to_row(), SHELL)
    return someone, chat, {"grouped": ("friends",), "denied group": ("friends", "foes")}.get(who, ())


@pytest.mark.parametrize("place", PLACES)
async def test_exactly_who_gets_what(office: Office, place: str) -> None:
    await office.access.allow(Group("paper", "friends"), SHELL)
    await office.access.deny(Group("paper", "foes"), SHELL)
    asked: list[tuple[str, IncomingMessage]] = []
    for who in PEOPLE:
        if who == "anonymous" and place == "direct":
            continue
        sender, chat, groups = await set_up(office, who, place)
        asked += [(who, office.message(text, sender, chat, groups=groups)) for text in TEXTS]
    office.put(*(message for _, message in asked))
    await office.quiet()
    for who, message in asked:
        role, said = role_in(who, place), office.answer(message)
        needed, answer = TEXTS[message.text]
        case = f"{who} in {place}: {message.text!r} -> {said!r}"
        if role < Role.MEMBER:
            assert said == "", case
        elif role < needed:
            assert said == f"Only {'owners' if needed is Role.OWNER else 'admins'} can do that.", case
        else:
            assert answer in said, case
        if role < Role.MEMBER and not (role is Role.STRANGER and message.chat.direct):
            assert office.lying_in(message.chat) == [], case
    let_in = [message for _, message in asked if message.text == "hello" and office.answer(message)]
    assert len(office.gateway.requests) == len(let_in)
