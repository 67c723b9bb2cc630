"""What a channel is told at the host, before it hands a message on: the same that becomes of the message."""

from __future__ import annotations

import time

import pytest

from bridge.access import SHELL, Group
from bridge.types import IncomingMessage
from tests.access.desk import HOME, OWNER, Office, direct, group, person
from tests.access.test_table import PEOPLE, PLACES, role_in, set_up

MIA = person("mia", "Mia")


@pytest.mark.parametrize("place", PLACES)
async def test_whoever_would_be_answered_is_admitted_and_nobody_else(office: Office, place: str) -> None:
    await office.say("I am here.")
    await office.access.allow(Group("paper", "friends"), SHELL)
    await office.access.deny(Group("paper", "foes"), SHELL)
    for who in PEOPLE:
        if who == "anonymous" and place.startswith("direct"):
            continue
        sender, chat, groups = await set_up(office, who, place)
        message = office.message("/help", sender, chat, groups=groups)
        assert await office.desk.host.admits(message) == (role_in(who, place) > 0), f"{who} in {place}"


async def wanted(office: Office, text: str = "hello") -> bool:
    """Whether mia's groups would be asked for, where she says that."""
    return await office.desk.host.needs_groups(office.message(text, MIA, direct(MIA)))


async def test_a_strangers_groups_matter_once_one_of_the_platforms_groups_was_let_in(office: Office) -> None:
    await office.say("I am here.")
    assert not await wanted(office)
    await office.access.allow(Group("elsewhere", "od-1"), SHELL)
    await office.access.allow(Group("paper", "od-over"), SHELL, until=time.time() - 1)
    await office.access.allow(group("g"), SHELL)
    assert not await wanted(office), "none of these is a rule about groups of this platform that holds"
    await office.access.allow(Group("paper", "od-1"), SHELL)
    assert await wanted(office)
    await office.access.remove(Group("paper", "od-1"), SHELL)
    assert not await wanted(office)


async def test_a_members_groups_matter_once_one_was_shut_out(office: Office) -> None:
    await office.say("I am here.")
    await office.access.allow(MIA, SHELL)
    await office.access.allow(Group("paper", "od-1"), SHELL)
    assert not await wanted(office), "she is in already"
    await office.access.deny(Group("paper", "od-2"), SHELL)
    assert await wanted(office)
    await office.access.deny(MIA, SHELL)
    assert not await wanted(office), "she is out, whatever her groups are"


async def test_an_owners_groups_matter_where_they_are_told(office: Office) -> None:
    await office.say("I am here.")
    await office.access.deny(Group("paper", "od-1"), SHELL)

    async def asked(text: str) -> bool:
        return await office.desk.host.needs_groups(IncomingMessage("1", HOME, OWNER, text))

    assert [await asked(text) for text in ("hello", "/allowlist", "/whoami")] == [False, False, True]
    await office.access.remove(Group("paper", "od-1"), SHELL)
    assert not await wanted(office, "/whoami"), "a stranger is told nothing"


async def test_what_is_not_meant_for_us_is_worth_no_question_unless_all_is_answered(office: Office) -> None:
    await office.say("I am here.")
    await office.access.allow(Group("paper", "od-1"), SHELL)
    chat = group("g")
    talk = office.message("lunch?", MIA, chat, addressed=False)
    assert not await office.desk.host.needs_groups(talk)
    await office.access.set(chat, "answer", "all", SHELL)
    assert await office.desk.host.needs_groups(talk)
