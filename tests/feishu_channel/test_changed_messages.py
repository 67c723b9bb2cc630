"""Messages on Feishu that people change or take back."""

from __future__ import annotations

import pytest

from bridge.inbound import Deleted, Edited
from tests.emulators.feishu import Rules
from tests.emulators.feishu.longconn import event
from tests.fakes import FakeHost
from tests.feishu_channel.harness import running, until


async def test_an_edited_message_says_what_it_says_now() -> None:
    async with running() as harness:
        listener = await harness.listen(await harness.channel())
        id = await harness.platform.say("what is 2 + 3?")
        said = await listener.said()
        await harness.platform.edit(id, "what is 2 + 2?\nand why?")
        edited = (await listener.next(Edited)).message
        assert edited.text == "what is 2 + 2?\nand why?"
        assert (edited.id, edited.chat, edited.sender) == (id, said.chat, said.sender)
        assert edited.chat.direct and edited.addressed and edited.sent_at == said.sent_at


@pytest.mark.parametrize("place", ["group", "topic"])
async def test_an_edit_may_be_what_mentions_the_bot(place: str) -> None:
    async with running(Rules(topic_group=place == "topic")) as harness:
        listener = await harness.listen(await harness.channel(), FakeHost(wants_groups=True))
        harness.platform.transfer("tom", department := harness.platform.department("web"))
        id = await harness.platform.say("what is lunch", who="tom", place=place)
        assert not (await listener.said()).addressed
        await harness.platform.edit(id, "what is dinner", who="tom", place=place, mention=True)
        edited = (await listener.next(Edited)).message
        assert edited.addressed and edited.text == "what is dinner" and edited.chat == harness.platform.chat(place)
        assert edited.groups == (department, "0")


async def test_a_reply_quotes_what_a_message_says_now() -> None:
    async with running() as harness:
        listener = await harness.listen(await harness.channel())
        first = await harness.platform.say("the frist", who="tom", place="group")
        await listener.said()
        for text in ("the frist", "the first"):
            if text == "the first":
                await harness.platform.edit(first, text, who="tom", place="group")
                await listener.next(Edited)
            await harness.platform.say("what is this", place="group", mention=True, reply_to=first)
            assert text in (await listener.said()).quoted


async def test_edits_that_tell_nothing_are_passed_over() -> None:
    async with running() as harness:
        channel = await harness.channel()
        listener = await harness.listen(channel)
        id = await harness.platform.say("one")
        await listener.said()
        by_app = {"sender": {"sender_type": "app"}, "message": {"message_id": id}}
        await harness.platform.server.connection.deliver(
            event(harness.platform.tenant, "im.message.updated_v1", by_app)
        )
        assert harness.platform.count("read") == 0
        harness.platform.fail("read", 99991672)  # the app may not read messages
        await harness.platform.edit(id, "two")
        gone = await harness.platform.say("gone")
        await listener.said()
        harness.platform.tenant.messages[gone].deleted = True
        await harness.platform.edit(gone, "gone, too")
        await harness.platform.say("on")
        assert (await listener.said()).text == "on" and channel.set_aside == 0


@pytest.mark.parametrize("place", ["direct", "group", "topic"])
async def test_a_message_taken_back_is_told_with_its_chat(place: str) -> None:
    async with running() as harness:
        listener = await harness.listen(await harness.channel())
        id = await harness.platform.say("never mind", place=place, mention=place != "direct")
        await listener.said()
        await harness.platform.delete(id, place=place)
        deleted = await listener.next(Deleted)
        assert deleted == Deleted(id, harness.platform.chat(place))


async def test_after_a_restart_only_its_group_is_known() -> None:
    async with running() as harness:
        id = await harness.platform.say("never mind", place="topic", mention=True)
        listener = await harness.listen(await harness.channel())
        await listener.said()
        await until(lambda: harness.platform.server.connection.acknowledged)
        await harness.close()
        listener = await harness.listen(await harness.channel())
        await harness.platform.delete(id, place="topic")
        assert (await listener.next(Deleted)).chat == harness.platform.chat("group")
