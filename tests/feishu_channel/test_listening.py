"""What people say on Feishu, as the bridge hears it; and that each thing is heard, and answered, once."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest
from msgspec.structs import replace

from bridge.errors import Refused
from bridge.types import Attachment, Body, Button
from channels.feishu.longconn import Pace
from tests.emulators.feishu import Rules
from tests.emulators.feishu.tenant import BOT, BOT_NAME
from tests.fakes import ALLOW_ALL, FakeHost
from tests.feishu_channel.harness import LONG, id_of, listening, running, until


async def test_a_direct_message() -> None:
    async with running() as harness:
        listener = await harness.listen(await harness.channel())
        id = await harness.platform.say("hello 你好")
        heard = await listener.said()
        assert (heard.id, heard.text, heard.addressed) == (id, "hello 你好", True)
        assert heard.chat == harness.platform.chat() and heard.chat.direct
        assert (heard.sender, heard.sender.name) == (harness.platform.user(), "Mia")
        assert abs(heard.sent_at - harness.platform.tenant.clock.now()) < 60


async def test_in_a_group_only_what_is_meant_for_the_bot_is_addressed() -> None:
    async with running() as harness:
        channel = await harness.channel()
        listener = await harness.listen(channel)
        await harness.platform.say("lunch?", place="group")
        unaddressed = await listener.said()
        assert not unaddressed.addressed and unaddressed.chat == harness.platform.chat("group")
        assert unaddressed.chat.title == "The group"
        await harness.platform.say("what is lunch", place="group", mention=True, who="tom")
        asked = await listener.said()
        assert asked.addressed and asked.text == "what is lunch" and asked.sender.name == "Tom"
        await harness.platform.say("/model", place="group")
        assert (await listener.said()).addressed
        answer = await channel.post(asked.chat, Body("A **meal**."), key="k1", reply_to=asked.id, final=True)
        await harness.platform.say("are you sure", place="group", reply_to=answer.ref)
        reply = await listener.said()
        assert reply.addressed and reply.quoted == "A **meal**."
        assert reply.replied_to is not None and reply.replied_to.id == channel.account


async def test_mentions_are_names_and_ours_is_gone() -> None:
    async with running() as harness:
        listener = await harness.listen(await harness.channel())
        mentions = [{"key": "@_user_1", "id": {"open_id": BOT}, "name": BOT_NAME}]
        mentions += [{"key": f"@_user_{n}", "id": {"open_id": f"ou_{n}"}, "name": f"P{n}"} for n in range(2, 11)]
        text = "@_user_1 ask @_user_10 and @_user_2, @_all"
        await harness.platform.send("text", {"text": text}, place="group", mentions=mentions)
        assert (await listener.said()).text == "ask @P10 and @P2, @all"


async def test_topics_and_threads_are_chats_of_their_own() -> None:
    for rules in (Rules(), Rules(topic_group=True)):
        async with running(rules) as harness:
            channel = await harness.channel()
            listener = await harness.listen(channel)
            await harness.platform.say("in the topic", place="topic", mention=True)
            heard = await listener.said()
            assert heard.chat == harness.platform.chat("topic") and heard.quoted == ""
            await channel.post(heard.chat, Body("first"), key="k1", reply_to=heard.id, final=True)
            await channel.post(heard.chat, Body("second"), key="k2", final=True)
            assert [bubble.text for bubble in harness.platform.bubbles("topic")] == ["first", "second"]
            assert harness.platform.bubbles("group") == []


async def test_a_new_topic_is_answered_in_that_topic() -> None:
    async with running(Rules(topic_group=True)) as harness:
        channel = await harness.channel()
        listener = await harness.listen(channel)
        id = await harness.platform.say("a new topic", place="group", mention=True)
        heard = await listener.said()
        assert heard.chat.thread == id
        await channel.post(heard.chat, Body("in it"), key="k", reply_to=id, final=True)
        assert harness.platform.bubbles("group") == []


@pytest.mark.parametrize(
    ("kind", "content", "text", "attachments"),
    [
        ("image", {"image_key": "img_1"}, "", [Attachment("image", ref="ID/img_1/image")]),
        (
            "file",
            {"file_key": "f", "file_name": "a.pdf"},
            "",
            [Attachment("file", "a.pdf", "ID/f/file", "application/pdf")],
        ),
        (
            "audio",
            {"file_key": "f", "duration": 1500},
            "",
            [Attachment("audio", "", "ID/f/file", "audio/ogg", seconds=1.5)],
        ),
        (
            "media",
            {"file_key": "f", "image_key": "img_1", "file_name": "b.mp4", "duration": 2000},
            "",
            [Attachment("video", "b.mp4", "ID/f/file", "video/mp4", seconds=2.0, still="ID/img_1/image")],
        ),
        ("sticker", {"file_key": "f"}, "", [Attachment("sticker")]),
        ("merge_forward", {"content": "x"}, "", [Attachment("other")]),
        (
            "post",
            {
                "title": "Title",
                "content": [
                    [{"tag": "text", "text": "see "}, {"tag": "a", "text": "this", "href": "https://e.org"}],
                    [{"tag": "img", "image_key": "img_1"}],
                    [{"tag": "code_block", "language": "PYTHON", "text": "x = 1\n"}],
                    [{"tag": "at", "user_id": "@_user_9", "user_name": "Tom"}, {"tag": "new thing"}],
                ],
                "files": [{"file_key": "f", "file_name": "c.txt"}],
            },
            "Title\nsee [this](https://e.org)\n\n```python\nx = 1\n```\n@Tom",
            [Attachment("image", ref="ID/img_1/image"), Attachment("file", "c.txt", "ID/f/file", "text/plain")],
        ),
        ("post", {"zh_cn": {"title": "", "content": [[{"tag": "md", "text": "**b**"}]]}}, "**b**", []),
    ],
)
async def test_every_kind_of_message(
    kind: str, content: dict[str, object], text: str, attachments: list[Attachment]
) -> None:
    async with running() as harness:
        listener = await harness.listen(await harness.channel())
        id = await harness.platform.send(kind, content)
        heard = await listener.said()
        expected = [
            replace(each, ref=each.ref.replace("ID", id), still=each.still.replace("ID", id)) for each in attachments
        ]
        assert (heard.text, list(heard.attachments)) == (text, expected)


async def test_what_is_replied_to_is_quoted_with_one_call() -> None:
    async with running() as harness:
        listener = await harness.listen(await harness.channel())
        first = await harness.platform.say("the first", who="tom", place="group")
        await listener.said()
        for _ in range(2):
            await harness.platform.say("what does this mean", place="group", mention=True, reply_to=first)
            heard = await listener.said()
            assert heard.quoted == "the first" and heard.chat.thread == ""
            assert heard.replied_to is not None and heard.replied_to.id == "ou_tom"
        assert harness.platform.count("read") == 1
        assert harness.platform.count("user") == 2  # each person's name, too, is asked for once


async def test_asking_for_the_next_event_acknowledges_the_last() -> None:
    async with running(Rules(ack_within=0.3, redelivery=(0.1,) * 50)) as harness:
        channel = await harness.channel()
        listen = channel.listen(ALLOW_ALL)
        await harness.platform.listening(0)
        taken = asyncio.create_task(anext(listen))
        await harness.platform.listening(1)
        id = await harness.platform.say("hello")
        [event] = await asyncio.wait_for(taken, LONG)
        assert id_of(event) == id
        deliveries = harness.platform.server.connection.deliveries
        await until(lambda: max(deliveries.values()) >= 2)  # not acknowledged: it comes again
        seen = {id}
        async with listening(channel, seen) as listener:  # as after a crash: the new listener gets it once more
            await listen.aclose()
            await until(lambda: listener.deliveries)
            assert listener.heard == []
            await until(lambda: harness.platform.server.connection.acknowledged)


async def test_what_comes_meanwhile_is_one_batch_in_order() -> None:
    async with running(Rules(ack_within=30)) as harness:
        channel = await harness.channel()
        async with aclosing(channel.listen(ALLOW_ALL)) as batches:
            first = asyncio.create_task(anext(batches))
            ids = [await harness.platform.say("message 0")]
            assert [id_of(said) for said in await asyncio.wait_for(first, LONG)] == ids
            connection = harness.platform.server.connection
            harness.platform.server.slow["user"] = 0.5
            for number in range(1, 31):
                ids.append(await harness.platform.say(f"message {number}", who="tom" if number == 21 else "mia"))
                await until(lambda: len(connection.deliveries) == len(ids))
            await asyncio.sleep(0)
            assert connection.acknowledged == []
            taken: list[list[str]] = []
            while sum(map(len, taken)) < 30:
                batch = await asyncio.wait_for(anext(batches), LONG)
                taken.append([id_of(said) for said in batch])
            assert [id for batch_ids in taken for id in batch_ids] == ids[1:]
            assert len(taken) <= 4, "those that are ready are taken together"
            await harness.platform.say("and on")
            await asyncio.wait_for(anext(batches), LONG)
            await until(lambda: len(connection.acknowledged) == 31)


async def test_redeliveries_and_a_second_process_are_heard_once() -> None:
    async with running() as harness:
        one, two = await harness.channel(), await harness.channel()
        seen: set[str] = set()
        async with listening(one, seen) as first, listening(two, seen) as second:
            await harness.platform.listening(2)
            ids = [await harness.platform.say(f"message {number}") for number in range(30)]
            await until(lambda: len(first.heard) + len(second.heard) == 30)
            assert {id_of(message) for message in [*first.heard, *second.heard]} == set(ids)
            for hours in (5 / 60, 6):
                harness.platform.tenant.clock.skipped += hours * 3600
                await harness.platform.redeliver(ids[0])
            await until(lambda: first.deliveries + second.deliveries >= 32)
            assert len(first.heard) + len(second.heard) == 30
        assert harness.platform.bubbles() == []


async def test_a_late_message_is_told_once_and_a_heard_one_never() -> None:
    async with running() as harness:
        channel = await harness.channel(feishu_max_age_minutes=10)
        listener = await harness.listen(channel)
        fresh = await harness.platform.say("in time")
        assert (await listener.said()).text == "in time"
        late = await harness.platform.send("text", {"text": "late"}, age=3600)
        await until(lambda: harness.platform.bubbles())
        harness.platform.tenant.clock.skipped += 6 * 3600
        again = await harness.channel(feishu_max_age_minutes=10)  # after a restart, too
        async with listening(again) as other:
            await harness.platform.listening(2)
            for id in (fresh, late) * 5:
                await harness.platform.redeliver(id)
            await harness.platform.say("now")
            await until(lambda: listener.heard or other.heard)
            await until(lambda: sum(harness.platform.server.connection.deliveries.values()) >= 13)
        bubbles = harness.platform.bubbles()
        assert [bubble.reply_to for bubble in bubbles] == [late] and "too late" in bubbles[0].text


async def test_strangers_are_not_told_that_they_came_too_late() -> None:
    async with running() as harness:
        channel = await harness.channel(feishu_max_age_minutes=10)
        listener = await harness.listen(channel, FakeHost(lets_in=False))
        await harness.platform.send("text", {"text": "late"}, age=3600)
        await harness.platform.say("now")
        assert (await listener.said()).text == "now"
        assert harness.platform.bubbles() == []


async def test_split_frames_pings_and_a_lost_connection() -> None:
    async with running(Rules(split_frames=True, ping_interval=1)) as harness:
        listener = await harness.listen(await harness.channel())
        await harness.platform.say("x" * 5000)
        assert (await listener.said()).text == "x" * 5000
        await harness.platform.server.connection.drop()
        await until(lambda: harness.platform.server.connection.connects == 2)
        await harness.platform.say("after")
        assert (await listener.said()).text == "after"
        await until(lambda: harness.platform.server.connection.pings >= 3)


def test_the_server_sets_the_intervals_within_reason() -> None:
    pace = Pace()
    pace.learn({"PingInterval": 90, "ReconnectInterval": 60, "ReconnectNonce": 20})
    assert (pace.ping, pace.reconnect, pace.jitter) == (90, 60, 20)
    pace.learn({"PingInterval": 0, "ReconnectInterval": "soon", "ReconnectNonce": 10**9})
    assert (pace.ping, pace.reconnect, pace.jitter) == (1, 60, 3600)


async def test_hostile_events_are_set_aside_and_the_next_one_is_heard() -> None:
    async with running() as harness:
        channel = await harness.channel()
        listener = await harness.listen(channel)
        count = await harness.platform.hostile()
        await harness.platform.say("still there?")
        assert (await listener.said()).text == "still there?"
        assert channel.set_aside == count
        assert harness.platform.server.connection.connects == 1


async def test_what_nobody_asked_for_is_not_heard() -> None:
    async with running() as harness:
        channel = await harness.channel()
        listener = await harness.listen(channel)
        platform = harness.platform
        other = {"header": {"event_id": "e", "event_type": "im.message.message_read_v1"}, "event": {}}
        assert (await platform.server.connection.deliver(other))["code"] == 200
        id = await platform.say("from a person")
        await listener.said()
        event = platform.tenant.messages[id].event
        bot = {**event, "event": {**event["event"], "sender": {**event["event"]["sender"], "sender_type": "app"}}}
        assert (await platform.server.connection.deliver(bot))["code"] == 200
        assert listener.heard == [] and channel.set_aside == 0


async def test_a_pressed_button_names_its_message_and_is_acked() -> None:
    async with running() as harness:
        channel = await harness.channel()
        listener = await harness.listen(channel)
        chat = harness.platform.chat()
        stop, again = Button("Stop", "/stop"), Button("Again", "/again " + "x" * 190)
        growing = await channel.post(chat, Body("One", (stop,)), key="k1", final=False)
        await harness.platform.press(harness.platform.bubbles()[0].id, "Stop")
        pressed = await listener.pressed()
        assert (pressed.command, pressed.message, pressed.chat) == ("/stop", growing.ref, chat)
        assert pressed.chat.direct and harness.platform.toasts == [{}]
        await growing.edit(Body("One, two", (again,)), final=True)
        await harness.platform.press(harness.platform.bubbles()[0].id, "Again")
        pressed = await listener.pressed()
        assert (pressed.command, pressed.message) == (again.command, growing.ref)
        topic = harness.platform.chat("topic")
        whole = await channel.post(topic, Body("Pick", (again,)), key="k2", final=True)
        await harness.platform.press(harness.platform.bubbles("topic")[0].id, "Again", place="topic")
        picked = await listener.pressed()
        assert (picked.message, picked.chat) == (whole.ref, topic)
        await channel.posted(chat, picked.message).edit(Body("Picked"), final=True)
        assert harness.platform.bubbles("topic")[0].text == "Picked"


async def test_a_wrong_secret_is_refused_and_says_what_to_check() -> None:
    async with running() as harness:
        with pytest.raises(Refused, match="FEISHU_APP_SECRET"):
            await harness.channel(feishu_app_secret="wrong-secret-4711")
        channel = await harness.channel()
        channel._settings.feishu_app_id = "cli_other"
        with pytest.raises(Refused) as refused:
            await anext(channel.listen(ALLOW_ALL))
        assert harness.platform.secrets[0] not in str(refused.value)


async def test_a_forwarded_button_is_pressed_where_it_stands() -> None:
    """A person who may use direct chats only has no rights there."""
    async with running() as harness:
        channel = await harness.channel()
        listener = await harness.listen(channel)
        await channel.post(harness.platform.chat(), Body("Pick", (Button("This", "/model a:b"),)), key="k", final=True)
        [bubble] = harness.platform.bubbles()
        harness.platform.tenant.messages[bubble.id].chat = harness.platform.chat("group").id
        await harness.platform.press(bubble.id, "This")
        pressed = await listener.pressed()
        assert pressed.chat == harness.platform.chat("group")
        assert not pressed.chat.direct
