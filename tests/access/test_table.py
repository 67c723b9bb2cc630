"""What the table of the stories (tests/stories/table.py) cannot show on every platform: groups that the platform counts
people into, chats that are denied, and what was decided of ids that several people share."""

from __future__ import annotations

import pytest

from bridge.access import SHELL, Group, Role, Rule
from bridge.inbound import Said
from bridge.types import Chat, User
from tests.harness import BridgeInProcess, direct, group, person

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
        return Role.MEMBER  # everybody there, and everybody with a role that was let in
    return Role.MEMBER if who == "member" and place == "direct" else Role.STRANGER


async def set_up(bridge: BridgeInProcess, who: str, place: str) -> tuple[User, Chat, tuple[str, ...]]:
    """Somebody of that kind in a place of that kind, each with ids of their own."""
    name = f"{who}-{place}".replace(" ", "-")
    where = group(f"g-{name}", "7" if "topic" in place else "")
    someone = person(where.id if who == "anonymous" else f"-{name}" if who == "channel" else name, who.title())
    chat = direct(someone) if place == "direct" else where
    access = bridge.access
    if place.startswith(("open", "denied")):
        await access.rules.allow(chat, SHELL)
    if place.startswith("denied"):
        await access.rules.deny(chat, SHELL)
    if who in ("member", "denied group"):
        await access.rules.allow(someone, SHELL)
    if who == "admin":
        await access.roles.promote(someone, SHELL)
    if who in ("owner", "anonymous"):
        # However it came about, an id that several people share gives nobody a role.
        await access._table.change(f"role {someone}", Rule("owner").to_row(), SHELL)
    return someone, chat, {"grouped": ("friends",), "denied group": ("friends", "foes")}.get(who, ())


@pytest.mark.parametrize("place", PLACES)
async def test_exactly_who_gets_what(bridge: BridgeInProcess, place: str) -> None:
    await bridge.access.rules.allow(Group("fake", "friends"), SHELL)
    await bridge.access.rules.deny(Group("fake", "foes"), SHELL)
    asked: list[tuple[str, Said]] = []
    for who in PEOPLE:
        if who == "anonymous" and place == "direct":
            continue
        sender, chat, groups = await set_up(bridge, who, place)
        asked += [(who, bridge.message(text, sender, chat, groups=groups)) for text in TEXTS]
    bridge.put(*(message for _, message in asked))
    await bridge.quiet()
    for who, message in asked:
        role, said = role_in(who, place), bridge.answer(message)
        needed, answer = TEXTS[message.text]
        case = f"{who} in {place}: {message.text!r} -> {said!r}"
        if role < Role.MEMBER:
            assert said == "", case
        elif role < needed:
            assert said == f"Only {'owners' if needed is Role.OWNER else 'admins'} can do that.", case
        else:
            assert answer in said, case
        if role < Role.MEMBER and not (role is Role.STRANGER and message.chat.direct):
            assert bridge.shown_in(message.chat) == [], case
    let_in = [message for _, message in asked if message.text == "hello" and bridge.answer(message)]
    assert len(bridge.gateway.requests) == len(let_in)
