"""What Feishu counts people into: asked for where it matters, with few calls, and never taken for true for long."""

from __future__ import annotations

import asyncio

import pytest

from bridge.types import Body, Button
from tests.emulators.feishu import FeishuPlatform, Rules
from tests.fakes import FakeHost
from tests.feishu_channel.harness import running

WANTED = FakeHost(wants_groups=True)


def organise(platform: FeishuPlatform) -> tuple[str, str]:
    """Engineering with its team Web, and mia in it; the two ids."""
    engineering = platform.department("engineering")
    web = platform.department("web", under=engineering)
    platform.transfer("mia", web)
    return engineering, web


async def test_a_message_tells_its_senders_departments() -> None:
    async with running() as harness:
        engineering, web = organise(harness.platform)
        listener = await harness.listen(await harness.channel(), WANTED)
        await harness.platform.say("hello")
        direct = await listener.said()
        assert (direct.sender.name, direct.groups) == ("Mia", (web, engineering, "0"))
        await harness.platform.say("hello", place="group", mention=True)
        assert (await listener.said()).groups == (web, engineering, "0")
        await harness.platform.say("hello", who="tom")
        assert (await listener.said()).groups == ("0",), "a person in no department is in the organisation"


async def test_a_pressed_button_tells_them_too() -> None:
    async with running() as harness:
        engineering, web = organise(harness.platform)
        channel = await harness.channel()
        listener = await harness.listen(channel, WANTED)
        await channel.post(
            harness.platform.chat(), Body("Which?", (Button("This", "/model this"),)), key="k", final=True
        )
        await harness.platform.press(harness.platform.bubbles()[0].id, "This")
        assert (await listener.pressed()).groups == (web, engineering, "0")


async def test_two_departments_and_those_above_them_all_count() -> None:
    async with running() as harness:
        engineering, web = organise(harness.platform)
        sales = harness.platform.department("sales")
        harness.platform.transfer("mia", web, sales)
        listener = await harness.listen(await harness.channel(), WANTED)
        await harness.platform.say("hello")
        assert (await listener.said()).groups == (web, sales, engineering, "0")


async def test_one_call_per_person_and_one_per_department() -> None:
    async with running() as harness:
        _, web = organise(harness.platform)
        harness.platform.transfer("tom", web)
        listener = await harness.listen(await harness.channel(), WANTED)
        for who in ("mia", "tom", "mia", "tom"):
            await harness.platform.say("hello", who=who)
            assert len((await listener.said()).groups) == 3
        assert (harness.platform.count("user"), harness.platform.count("parents")) == (2, 1)


async def test_where_nothing_hangs_on_them_nobody_pays_for_them() -> None:
    async with running() as harness:
        organise(harness.platform)
        listener = await harness.listen(await harness.channel())
        for hours in (0, 1, 2):
            harness.platform.tenant.clock.skipped = hours * 3600
            await harness.platform.say("hello")
            heard = await listener.said()
            assert (heard.sender.name, heard.groups) == ("Mia", ())
        assert (harness.platform.count("user"), harness.platform.count("parents")) == (1, 0)


async def test_leaving_a_department_counts_after_ten_minutes() -> None:
    async with running() as harness:
        _, web = organise(harness.platform)
        listener = await harness.listen(await harness.channel(), WANTED)
        await harness.platform.say("hello")
        await listener.said()
        harness.platform.transfer("mia", sales := harness.platform.department("sales"))
        harness.platform.tenant.clock.skipped = 590
        await harness.platform.say("still here")
        assert web in (await listener.said()).groups
        harness.platform.tenant.clock.skipped = 610
        await harness.platform.say("and now")
        assert (await listener.said()).groups == (sales, "0")


async def test_moving_a_department_counts_after_ten_minutes() -> None:
    async with running() as harness:
        engineering, web = organise(harness.platform)
        listener = await harness.listen(await harness.channel(), WANTED)
        await harness.platform.say("hello")
        await listener.said()
        harness.platform.department("web", under=(sales := harness.platform.department("sales")))
        harness.platform.tenant.clock.skipped = 610
        await harness.platform.say("and now")
        groups = (await listener.said()).groups
        assert sales in groups and engineering not in groups and web in groups


@pytest.mark.parametrize("code", [41050, 99991672, 2200])
async def test_a_look_up_that_fails_means_no_departments(code: int) -> None:
    async with running() as harness:
        organise(harness.platform)
        listener = await harness.listen(await harness.channel(), WANTED)
        harness.platform.fail("user", code, times=2)
        await harness.platform.say("hello")
        heard = await listener.said()
        assert (heard.text, heard.groups) == ("hello", ())


async def test_a_failed_lookup_ends_what_was_known_before() -> None:
    async with running() as harness:
        organise(harness.platform)
        listener = await harness.listen(await harness.channel(), WANTED)
        await harness.platform.say("hello")
        assert (await listener.said()).groups
        harness.platform.tenant.clock.skipped = 610
        harness.platform.fail("user", 2200, times=1)
        await harness.platform.say("and now")
        heard = await listener.said()
        assert (heard.sender.name, heard.groups) == ("Mia", ())
        await harness.platform.say("again")
        assert (await listener.said()).groups, "a failure that passes is not remembered"


async def test_without_the_scope_there_are_names_and_no_departments() -> None:
    async with running(Rules(tells_departments=False)) as harness:
        organise(harness.platform)
        listener = await harness.listen(await harness.channel(), WANTED)
        await harness.platform.say("hello")
        heard = await listener.said()
        assert (heard.sender.name, heard.groups) == ("Mia", ())


async def test_slow_lookups_do_not_delay_the_acknowledgement() -> None:
    async with running() as harness:
        engineering, _ = organise(harness.platform)
        listener = await harness.listen(await harness.channel(), WANTED)
        first = await harness.platform.say("the first", who="tom", place="group")
        await listener.said()
        harness.platform.server.slow |= {"read": 1.5, "user": 1.5, "parents": 1.5}
        began = asyncio.get_running_loop().time()
        await harness.platform.say("what is this", place="group", mention=True, reply_to=first)
        heard = await listener.said()
        assert asyncio.get_running_loop().time() - began < 3.0
        assert heard.text == "what is this" and engineering not in heard.groups
