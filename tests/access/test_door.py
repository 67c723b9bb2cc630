"""What a channel is told at the door, before it hands a message on: the same that becomes of the message."""

from __future__ import annotations

import pytest

from bridge.access import SHELL, Group
from tests.access.desk import Office
from tests.access.test_table import PEOPLE, PLACES, role_in, set_up


@pytest.mark.parametrize("place", PLACES)
async def test_whoever_would_be_answered_is_admitted_and_nobody_else(office: Office, place: str) -> None:
    await office.say("I am here.")
    await office.access.allow(Group("paper", "role-friends"), SHELL)
    for who in PEOPLE:
        if who == "anonymous" and place.startswith("direct"):
            continue
        sender, chat, groups = await set_up(office, who, place)
        message = office.message("/help", sender, chat, groups=groups)
        assert await office.desk.door.admits(message) == (role_in(who, place) > 0), f"{who} in {place}"
