"""What owners can change, by the functions that chat, shell and page share: what comes of it, and taking it back."""

from __future__ import annotations

from bridge.access import SHELL, Actor
from bridge.commands import Management
from tests.harness import OWNER, BridgeInProcess, direct, group, person

MIA, CLUB = person("mia", "Mia"), group("-1", title="Club")
PAGE = Actor(str(OWNER), "page")


async def test_the_last_change_is_taken_back_and_done_again(bridge: BridgeInProcess) -> None:
    management = bridge.app.commands.management
    await management.deny(MIA, PAGE)
    [denied] = await management.changes(1)
    assert await management.undo(denied, PAGE)
    await bridge.say("hello", MIA, direct(MIA))
    assert "I do not know you yet" in "".join(shown.text for shown in bridge.shown_in(direct(MIA)))
    [undone] = await management.changes(1)
    assert (undone.by, undone.where, undone.after) == (str(OWNER), "page", "")
    assert await management.undo(undone, PAGE)
    assert [each.id for each in (await management.directory()).denied()] == [str(MIA)]


async def test_what_was_changed_again_is_not_taken_back(bridge: BridgeInProcess) -> None:
    management = bridge.app.commands.management
    await management.set(CLUB, "limit", "3 turns", PAGE)
    [first] = await management.changes(1)
    await bridge.say("/chat limit 5 turns", chat=CLUB)
    assert not await management.undo(first, PAGE)
    assert (await bridge.access.settings.of(CLUB)).limit is not None
    assert "`limit`: `5 turns`" in await bridge.say("/chat", chat=CLUB)


async def test_what_cannot_be_taken_back_is_not(bridge: BridgeInProcess) -> None:
    management = bridge.app.commands.management
    assert await management.invite(PAGE, 1, 2e9)
    [invited] = await management.changes(1)
    assert not invited.is_of_row
    assert not await management.undo(invited, PAGE)


async def test_only_owners_change_roles_and_all_chats(bridge: BridgeInProcess) -> None:
    management = bridge.app.commands.management
    await management.promote(MIA, SHELL)
    await management.set(None, "limit", "3 turns", SHELL)
    await management.set(CLUB, "limit", "3 turns", SHELL)
    assert [change.is_owners for change in await management.changes(3)] == [False, True, True]


async def test_a_row_that_nobody_wrote_stands_in_no_list(management: Management) -> None:
    await management.access._table.change("person ", "{}", SHELL)
    await management.allow(MIA, SHELL)
    directory = await management.directory()
    assert {each.id: each.subject for each in directory.allowed("person")} == {str(MIA): MIA}
