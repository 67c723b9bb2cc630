"""What Feishu counts people into: asked for where it matters, with few calls, and never taken for true for long."""

from __future__ import annotations

import asyncio

import pytest

from bridge.types import Button
from tests.doors import Doorkeeper
from tests.emulators.feishu import FeishuStage, Rules
from tests.feishu_channel.office import office

WANTED = Doorkeeper(wants_groups=True)


def organise(stage: FeishuStage) -> tuple[str, str]:
    """Engineering with its team Web, and mia in it; the two ids."""
    engineering = stage.department("engineering")
    web = stage.department("web", under=engineering)
    stage.transfer("mia", web)
    return engineering, web


async def test_a_message_tells_the_departments_of_its_sender_and_those_above() -> None:
    async with office() as place:
        engineering, web = organise(place.stage)
        ear = await place.ear(await place.channel(), WANTED)
        await place.stage.say("hello")
        direct = await ear.next()
        assert (direct.sender.name, direct.groups) == ("Mia", (web, engineering, "0"))
        await place.stage.say("hello", place="group", mention=True)
        assert (await ear.next()).groups == (web, engineering, "0")
        await place.stage.say("hello", who="tom")
        assert (await ear.next()).groups == ("0",), "whoever is in no department is in the organisation"


async def test_a_pressed_button_tells_them_too() -> None:
    async with office() as place:
        engineering, web = organise(place.stage)
        channel = await place.channel()
        ear = await place.ear(channel, WANTED)
        await channel.post(place.stage.chat(), "Which?", key="k", final=True, buttons=[Button("This", "/model this")])
        await place.stage.press(place.stage.bubbles()[0].id, "This")
        assert (await ear.next()).groups == (web, engineering, "0")


async def test_somebody_in_two_departments_belongs_to_both_and_to_what_is_above_them() -> None:
    async with office() as place:
        engineering, web = organise(place.stage)
        sales = place.stage.department("sales")
        place.stage.transfer("mia", web, sales)
        ear = await place.ear(await place.channel(), WANTED)
        await place.stage.say("hello")
        assert (await ear.next()).groups == (web, sales, engineering, "0")


async def test_one_call_tells_name_and_departments_and_one_more_serves_a_whole_department() -> None:
    async with office() as place:
        _, web = organise(place.stage)
        place.stage.transfer("tom", web)
        ear = await place.ear(await place.channel(), WANTED)
        for who in ("mia", "tom", "mia", "tom"):
            await place.stage.say("hello", who=who)
            assert len((await ear.next()).groups) == 3
        assert (place.stage.count("user"), place.stage.count("parents")) == (2, 1)


async def test_where_nothing_hangs_on_them_nobody_pays_for_them() -> None:
    async with office() as place:
        organise(place.stage)
        ear = await place.ear(await place.channel())
        for hours in (0, 1, 2):
            place.stage.tenant.clock.skipped = hours * 3600
            await place.stage.say("hello")
            heard = await ear.next()
            assert (heard.sender.name, heard.groups) == ("Mia", ())
        assert (place.stage.count("user"), place.stage.count("parents")) == (1, 0)


async def test_whoever_has_left_a_department_is_out_of_it_after_ten_minutes() -> None:
    async with office() as place:
        _, web = organise(place.stage)
        ear = await place.ear(await place.channel(), WANTED)
        await place.stage.say("hello")
        await ear.next()
        place.stage.transfer("mia", sales := place.stage.department("sales"))
        place.stage.tenant.clock.skipped = 590
        await place.stage.say("still here")
        assert web in (await ear.next()).groups
        place.stage.tenant.clock.skipped = 610
        await place.stage.say("and now")
        assert (await ear.next()).groups == (sales, "0")


async def test_a_department_that_has_moved_is_elsewhere_after_ten_minutes() -> None:
    async with office() as place:
        engineering, web = organise(place.stage)
        ear = await place.ear(await place.channel(), WANTED)
        await place.stage.say("hello")
        await ear.next()
        place.stage.department("web", under=(sales := place.stage.department("sales")))
        place.stage.tenant.clock.skipped = 610
        await place.stage.say("and now")
        groups = (await ear.next()).groups
        assert sales in groups and engineering not in groups and web in groups


@pytest.mark.parametrize("code", [41050, 99991672, 2200])
async def test_a_look_up_that_fails_means_no_departments(code: int) -> None:
    async with office() as place:
        organise(place.stage)
        ear = await place.ear(await place.channel(), WANTED)
        place.stage.fail("user", code, times=2)
        await place.stage.say("hello")
        heard = await ear.next()
        assert (heard.text, heard.groups) == ("hello", ())


async def test_what_was_known_before_does_not_outlive_a_look_up_that_fails() -> None:
    async with office() as place:
        organise(place.stage)
        ear = await place.ear(await place.channel(), WANTED)
        await place.stage.say("hello")
        assert (await ear.next()).groups
        place.stage.tenant.clock.skipped = 610
        place.stage.fail("user", 2200, times=1)
        await place.stage.say("and now")
        heard = await ear.next()
        assert (heard.sender.name, heard.groups) == ("Mia", ())
        await place.stage.say("again")
        assert (await ear.next()).groups, "a failure that passes is not remembered"


async def test_without_the_scope_there_are_names_and_no_departments() -> None:
    async with office(Rules(tells_departments=False)) as place:
        organise(place.stage)
        ear = await place.ear(await place.channel(), WANTED)
        await place.stage.say("hello")
        heard = await ear.next()
        assert (heard.sender.name, heard.groups) == ("Mia", ())


async def test_all_that_is_asked_about_one_message_takes_less_than_an_acknowledgement_may() -> None:
    async with office() as place:
        engineering, _ = organise(place.stage)
        ear = await place.ear(await place.channel(), WANTED)
        first = await place.stage.say("the first", who="tom", place="group")
        await ear.next()
        place.stage.server.slow |= {"read": 1.5, "user": 1.5, "parents": 1.5}
        began = asyncio.get_running_loop().time()
        await place.stage.say("what is this", place="group", mention=True, reply_to=first)
        heard = await ear.next()
        assert asyncio.get_running_loop().time() - began < 3.0
        assert heard.text == "what is this" and engineering not in heard.groups
