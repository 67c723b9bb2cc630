"""What people say on Feishu, as the bridge hears it; and that each thing is heard, and answered, once."""

from __future__ import annotations

import asyncio

import pytest

from bridge.errors import Refused
from bridge.types import Attachment, Button
from channels.feishu.longconn import Pace
from tests.doors import OPEN, Doorkeeper
from tests.emulators.feishu import Rules
from tests.emulators.feishu.tenant import BOT, BOT_NAME
from tests.feishu_channel.office import LONG, listening, office, until


async def test_a_direct_message() -> None:
    async with office() as place:
        ear = await place.ear(await place.channel())
        id = await place.stage.say("hello 你好")
        heard = await ear.next()
        assert (heard.id, heard.text, heard.addressed) == (id, "hello 你好", True)
        assert heard.chat == place.stage.chat() and heard.chat.direct
        assert (heard.sender, heard.sender.name) == (place.stage.user(), "Mia")
        assert abs(heard.sent_at - place.stage.tenant.clock.now()) < 60


async def test_in_a_group_only_what_is_meant_for_the_bot_is_addressed() -> None:
    async with office() as place:
        channel = await place.channel()
        ear = await place.ear(channel)
        await place.stage.say("lunch?", place="group")
        unaddressed = await ear.next()
        assert not unaddressed.addressed and unaddressed.chat == place.stage.chat("group")
        assert unaddressed.chat.title == "The group"
        await place.stage.say("what is lunch", place="group", mention=True, who="tom")
        asked = await ear.next()
        assert asked.addressed and asked.text == "what is lunch" and asked.sender.name == "Tom"
        await place.stage.say("/model", place="group")
        assert (await ear.next()).addressed
        answer = await channel.post(asked.chat, "A **meal**.", key="k1", reply_to=asked.id, final=True)
        await place.stage.say("are you sure", place="group", reply_to=answer.ref)
        reply = await ear.next()
        assert reply.addressed and reply.quoted == "A **meal**."
        assert reply.replied_to is not None and reply.replied_to.id == channel.account


async def test_mentions_are_names_and_ours_is_gone() -> None:
    async with office() as place:
        ear = await place.ear(await place.channel())
        mentions = [{"key": "@_user_1", "id": {"open_id": BOT}, "name": BOT_NAME}]
        mentions += [{"key": f"@_user_{n}", "id": {"open_id": f"ou_{n}"}, "name": f"P{n}"} for n in range(2, 11)]
        text = "@_user_1 ask @_user_10 and @_user_2, @_all"
        await place.stage.send("text", {"text": text}, place="group", mentions=mentions)
        assert (await ear.next()).text == "ask @P10 and @P2, @all"


async def test_topics_and_threads_are_chats_of_their_own() -> None:
    for rules in (Rules(), Rules(topic_group=True)):
        async with office(rules) as place:
            channel = await place.channel()
            ear = await place.ear(channel)
            await place.stage.say("in the topic", place="topic", mention=True)
            heard = await ear.next()
            assert heard.chat == place.stage.chat("topic") and heard.quoted == ""
            await channel.post(heard.chat, "first", key="k1", reply_to=heard.id, final=True)
            await channel.post(heard.chat, "second", key="k2", final=True)
            assert [bubble.text for bubble in place.stage.bubbles("topic")] == ["first", "second"]
            assert place.stage.bubbles("group") == []


async def test_a_new_topic_is_answered_in_that_topic() -> None:
    async with office(Rules(topic_group=True)) as place:
        channel = await place.channel()
        ear = await place.ear(channel)
        id = await place.stage.say("a new topic", place="group", mention=True)
        heard = await ear.next()
        assert heard.chat.thread == id
        await channel.post(heard.chat, "in it", key="k", reply_to=id, final=True)
        assert place.stage.bubbles("group") == []


@pytest.mark.parametrize(
    ("kind", "content", "text", "attachments"),
    [
        ("image", {"image_key": "img_1"}, "", [Attachment("image")]),
        ("file", {"file_key": "f", "file_name": "a.pdf"}, "", [Attachment("file", "a.pdf")]),
        ("audio", {"file_key": "f", "duration": 1000}, "", [Attachment("audio")]),
        ("media", {"file_key": "f", "file_name": "b.mp4"}, "", [Attachment("video", "b.mp4")]),
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
            },
            "Title\nsee [this](https://e.org)\n\n```python\nx = 1\n```\n@Tom",
            [Attachment("image")],
        ),
        ("post", {"zh_cn": {"title": "", "content": [[{"tag": "md", "text": "**b**"}]]}}, "**b**", []),
    ],
)
async def test_every_kind_of_message(
    kind: str, content: dict[str, object], text: str, attachments: list[Attachment]
) -> None:
    async with office() as place:
        ear = await place.ear(await place.channel())
        await place.stage.send(kind, content)
        heard = await ear.next()
        assert (heard.text, list(heard.attachments)) == (text, attachments)


async def test_what_is_replied_to_is_quoted_with_one_call() -> None:
    async with office() as place:
        ear = await place.ear(await place.channel())
        first = await place.stage.say("the first", who="tom", place="group")
        await ear.next()
        for _ in range(2):
            await place.stage.say("what does this mean", place="group", mention=True, reply_to=first)
            heard = await ear.next()
            assert heard.quoted == "the first" and heard.chat.thread == ""
            assert heard.replied_to is not None and heard.replied_to.id == "ou_tom"
        assert place.stage.count("read") == 1
        assert place.stage.count("user") == 2  # each person's name, too, is asked for once


async def test_an_event_is_acknowledged_only_after_the_next_is_asked_for() -> None:
    async with office(Rules(ack_within=0.3, redelivery=(0.1,) * 50)) as place:
        channel = await place.channel()
        listen = channel.listen(OPEN)
        await place.stage.listening(0)
        taken = asyncio.create_task(anext(listen))
        await place.stage.listening(1)
        id = await place.stage.say("hello")
        assert (await asyncio.wait_for(taken, LONG)).id == id
        deliveries = place.stage.server.connection.deliveries
        await until(lambda: max(deliveries.values()) >= 2)  # not acknowledged: it comes again
        seen = {id}
        async with listening(channel, seen) as ear:  # as after a crash: the new listener gets it once more
            await listen.aclose()
            await until(lambda: ear.deliveries)
            assert ear.heard == []
            await until(lambda: place.stage.server.connection.acknowledged)


async def test_a_redelivery_hours_later_and_a_second_process_are_answered_once() -> None:
    async with office() as place:
        one, two = await place.channel(), await place.channel()
        seen: set[str] = set()
        async with listening(one, seen) as first, listening(two, seen) as second:
            await place.stage.listening(2)
            ids = [await place.stage.say(f"message {number}") for number in range(30)]
            await until(lambda: len(first.heard) + len(second.heard) == 30)
            assert {message.id for message in [*first.heard, *second.heard]} == set(ids)
            for hours in (5 / 60, 6):
                place.stage.tenant.clock.skipped += hours * 3600
                await place.stage.redeliver(ids[0])
            await until(lambda: first.deliveries + second.deliveries >= 32)
            assert len(first.heard) + len(second.heard) == 30
        assert place.stage.bubbles() == []


async def test_what_comes_too_late_is_told_once_and_what_was_heard_in_time_is_not() -> None:
    async with office() as place:
        channel = await place.channel(feishu_max_age_minutes=10)
        ear = await place.ear(channel)
        fresh = await place.stage.say("in time")
        assert (await ear.next()).text == "in time"
        late = await place.stage.send("text", {"text": "late"}, age=3600)
        await until(lambda: place.stage.bubbles())
        place.stage.tenant.clock.skipped += 6 * 3600
        again = await place.channel(feishu_max_age_minutes=10)  # after a restart, too
        async with listening(again) as other:
            await place.stage.listening(2)
            for id in (fresh, late) * 5:
                await place.stage.redeliver(id)
            await place.stage.say("now")
            await until(lambda: ear.heard or other.heard)
            await until(lambda: sum(place.stage.server.connection.deliveries.values()) >= 13)
        bubbles = place.stage.bubbles()
        assert [bubble.reply_to for bubble in bubbles] == [late] and "too late" in bubbles[0].text


async def test_whoever_is_not_let_in_is_not_told_that_they_came_too_late() -> None:
    async with office() as place:
        channel = await place.channel(feishu_max_age_minutes=10)
        ear = await place.ear(channel, Doorkeeper(lets_in=False))
        await place.stage.send("text", {"text": "late"}, age=3600)
        await place.stage.say("now")
        assert (await ear.next()).text == "now"
        assert place.stage.bubbles() == []


async def test_split_frames_pings_and_a_lost_connection() -> None:
    async with office(Rules(split_frames=True, ping_interval=1)) as place:
        ear = await place.ear(await place.channel())
        await place.stage.say("x" * 5000)
        assert (await ear.next()).text == "x" * 5000
        await place.stage.server.connection.drop()
        await until(lambda: place.stage.server.connection.connects == 2)
        await place.stage.say("after")
        assert (await ear.next()).text == "after"
        await until(lambda: place.stage.server.connection.pings >= 3)


def test_the_server_sets_the_intervals_within_reason() -> None:
    pace = Pace()
    pace.learn({"PingInterval": 90, "ReconnectInterval": 60, "ReconnectNonce": 20})
    assert (pace.ping, pace.reconnect, pace.jitter) == (90, 60, 20)
    pace.learn({"PingInterval": 0, "ReconnectInterval": "soon", "ReconnectNonce": 10**9})
    assert (pace.ping, pace.reconnect, pace.jitter) == (1, 60, 3600)


async def test_hostile_events_are_set_aside_and_the_next_one_is_heard() -> None:
    async with office() as place:
        channel = await place.channel()
        ear = await place.ear(channel)
        count = await place.stage.hostile()
        await place.stage.say("still there?")
        assert (await ear.next()).text == "still there?"
        assert channel.set_aside == count
        assert place.stage.server.connection.connects == 1


async def test_what_nobody_asked_for_is_not_heard() -> None:
    async with office() as place:
        channel = await place.channel()
        ear = await place.ear(channel)
        stage = place.stage
        other = {"header": {"event_id": "e", "event_type": "im.message.message_read_v1"}, "event": {}}
        assert (await stage.server.connection.deliver(other))["code"] == 200
        id = await stage.say("from a person")
        await ear.next()
        event = stage.tenant.messages[id].event
        bot = {**event, "event": {**event["event"], "sender": {**event["event"]["sender"], "sender_type": "app"}}}
        assert (await stage.server.connection.deliver(bot))["code"] == 200
        assert ear.heard == [] and channel.set_aside == 0


async def test_a_pressed_button_is_acknowledged_at_once_and_names_its_message() -> None:
    async with office() as place:
        channel = await place.channel()
        ear = await place.ear(channel)
        chat = place.stage.chat()
        stop, again = Button("Stop", "/stop"), Button("Again", "/again")
        growing = await channel.post(chat, "One", key="k1", final=False, buttons=[stop])
        await place.stage.press(place.stage.bubbles()[0].id, "Stop")
        pressed = await ear.next()
        assert (pressed.text, pressed.menu, pressed.chat) == ("/stop", growing.ref, chat)
        assert pressed.chat.direct and pressed.addressed and place.stage.toasts == [{}]
        await growing.edit("One, two", final=True, buttons=[again])
        await place.stage.press(place.stage.bubbles()[0].id, "Again")
        assert (await ear.next()).menu == growing.ref
        topic = place.stage.chat("topic")
        whole = await channel.post(topic, "Pick", key="k2", final=True, buttons=[again])
        await place.stage.press(place.stage.bubbles("topic")[0].id, "Again", place="topic")
        picked = await ear.next()
        assert (picked.menu, picked.chat) == (whole.ref, topic)
        await channel.posted(chat, picked.menu).edit("Picked", final=True)
        assert place.stage.bubbles("topic")[0].text == "Picked"


async def test_a_wrong_secret_is_refused_and_says_what_to_check() -> None:
    async with office() as place:
        with pytest.raises(Refused, match="FEISHU_APP_SECRET"):
            await place.channel(feishu_app_secret="wrong-secret-4711")
        channel = await place.channel()
        channel._settings.feishu_app_id = "cli_other"
        with pytest.raises(Refused) as refused:
            await anext(channel.listen(OPEN))
        assert place.stage.secrets[0] not in str(refused.value)


async def test_a_button_that_was_carried_into_a_group_is_pressed_in_the_group() -> None:
    """Whoever may talk to us in direct chats only is nobody there."""
    async with office() as place:
        channel = await place.channel()
        ear = await place.ear(channel)
        await channel.post(place.stage.chat(), "Pick", key="k", final=True, buttons=[Button("This", "/model a:b")])
        [bubble] = place.stage.bubbles()
        place.stage.tenant.messages[bubble.id].chat = place.stage.chat("group").id
        await place.stage.press(bubble.id, "This")
        pressed = await ear.next()
        assert pressed.chat == place.stage.chat("group")
        assert not pressed.chat.direct
