"""What a channel is told at the host, before it hands a message on: the same that becomes of the message."""

from __future__ import annotations

import time

import pytest

from bridge.access import SHELL, Group
from bridge.inbound import Said
from tests.access.test_table import PEOPLE, PLACES, role_in, set_up
from tests.harness import HOME, OWNER, BridgeInProcess, direct, group, person

MIA = person("mia", "Mia")


@pytest.mark.parametrize("place", PLACES)
async def test_only_people_who_would_be_answered_are_admitted(bridge: BridgeInProcess, place: str) -> None:
    await bridge.say("I am here.")
    await bridge.access.rules.allow(Group("fake", "friends"), SHELL)
    await bridge.access.rules.deny(Group("fake", "foes"), SHELL)
    for who in PEOPLE:
        if who == "anonymous" and place.startswith("direct"):
            continue
        sender, chat, groups = await set_up(bridge, who, place)
        message = bridge.message("/help", sender, chat, groups=groups)
        assert await bridge.channel.host.admits(message) == (role_in(who, place) > 0), f"{who} in {place}"


async def wanted(bridge: BridgeInProcess, text: str = "hello") -> bool:
    """Whether mia's groups would be asked for, where she says that."""
    return await bridge.channel.host.needs_groups(bridge.message(text, MIA, direct(MIA)))


async def test_a_strangers_groups_matter_once_one_group_is_let_in(bridge: BridgeInProcess) -> None:
    await bridge.say("I am here.")
    assert not await wanted(bridge)
    await bridge.access.rules.allow(Group("elsewhere", "od-1"), SHELL)
    await bridge.access.rules.allow(Group("fake", "od-over"), SHELL, until=time.time() - 1)
    await bridge.access.rules.allow(group("g"), SHELL)
    assert not await wanted(bridge), "none of these is a rule about groups of this platform that holds"
    await bridge.access.rules.allow(Group("fake", "od-1"), SHELL)
    assert await wanted(bridge)
    await bridge.access.rules.remove(Group("fake", "od-1"), SHELL)
    assert not await wanted(bridge)


async def test_a_members_groups_matter_once_one_was_shut_out(bridge: BridgeInProcess) -> None:
    await bridge.say("I am here.")
    await bridge.access.rules.allow(MIA, SHELL)
    await bridge.access.rules.allow(Group("fake", "od-1"), SHELL)
    assert not await wanted(bridge), "she is in already"
    await bridge.access.rules.deny(Group("fake", "od-2"), SHELL)
    assert await wanted(bridge)
    await bridge.access.rules.deny(MIA, SHELL)
    assert not await wanted(bridge), "she is out, whatever her groups are"


async def test_an_owners_groups_matter_where_they_are_told(bridge: BridgeInProcess) -> None:
    await bridge.say("I am here.")
    await bridge.access.rules.deny(Group("fake", "od-1"), SHELL)

    async def asked(text: str) -> bool:
        return await bridge.channel.host.needs_groups(Said("1", HOME, OWNER, text))

    assert [await asked(text) for text in ("hello", "/allowlist", "/whoami")] == [False, False, True]
    await bridge.access.rules.remove(Group("fake", "od-1"), SHELL)
    assert not await wanted(bridge, "/whoami"), "a stranger is told nothing"


async def test_a_message_not_meant_for_us_is_no_question(bridge: BridgeInProcess) -> None:
    await bridge.say("I am here.")
    await bridge.access.rules.allow(Group("fake", "od-1"), SHELL)
    chat = group("g")
    talk = bridge.message("lunch?", MIA, chat, addressed=False)
    assert not await bridge.channel.host.needs_groups(talk)
    await bridge.access.settings.set(chat, "answer", "all", SHELL)
    assert await bridge.channel.host.needs_groups(talk)
