"""What people see of what the bridge says, and what the bridge learns when it cannot be said."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

import pytest

from bridge.channel import Channel, Command
from bridge.errors import ChannelError, Gone, Moved, RateLimited, Refused, TooLong, Unsure
from bridge.types import Button, Chat, User
from channels.telegram import open_channel
from tests.emulators.telegram import Fault, TelegramStage
from tests.telegram.conftest import Listening, Reopen, settings_for
from tests.telegram.kept import Kept

ANSWER = "Look:\n\n```py\nprint('hi')\n```\n\n**Done**, @mia."


async def test_an_answer_that_grows(stage: TelegramStage, channel: Channel) -> None:
    posted = await channel.post(stage.chat(), "Lo", key="a", reply_to="1", final=False, buttons=[_stop()])
    assert stage.bubbles()[0].buttons == ["Stop"]
    for text in (ANSWER[:20], ANSWER[:40]):
        await posted.edit(text, final=False, buttons=[_stop()])
    await posted.edit(ANSWER, final=True)
    (bubble,) = stage.bubbles()
    assert bubble.text == "Look:\n\nprint('hi')\n\nDone, @\u2060mia."
    assert (bubble.code, bubble.buttons, bubble.reply_to) == (["print('hi')"], [], "")
    assert len(bubble.writes) == 4
    message = stage.world.private(stage.person("mia")).messages[int(bubble.id)]
    assert all(write.preview_disabled for write in message.writes)
    assert not stage.world.parse_modes
    assert not message.content.blocks("mention")


async def test_saying_the_same_again_is_harmless(stage: TelegramStage, channel: Channel) -> None:
    posted = await channel.post(stage.chat(), "same", key="a", final=False)
    await posted.edit("same", final=True)
    assert not stage.server.called("editMessageText"), "what is shown already needs no call"
    await channel.posted(stage.chat(), posted.ref).edit("same  ", final=True)
    assert stage.server.called("editMessageText")[0].status == 400
    await posted.edit(" \n", final=True)
    assert stage.bubbles()[0].text == "same"
    with pytest.raises(Refused):
        await channel.post(stage.chat(), " \n", key="b", final=False)


async def test_a_full_page_of_any_kind_fits(stage: TelegramStage, channel: Channel) -> None:
    limits = channel.limits(stage.chat())
    for unit in ("x", "海", "🍒", "\t|", "@mia ", "[a](b.c) ", "| a | b |\n"):
        count = 0
        while limits.measure(unit * (count + 1)) <= limits.max_length:
            count += 1
        posted = await channel.post(stage.chat(), "…", key="a", final=False)
        await posted.edit(unit * count, final=True)
    assert all(call.status == 200 for call in stage.server.calls)


async def test_too_long_is_said_in_both_wordings(stage: TelegramStage, channel: Channel) -> None:
    with pytest.raises(TooLong):
        await channel.post(stage.chat(), "x" * 4097, key="a", final=False)
    posted = await channel.post(stage.chat(), "x", key="b", final=False)
    with pytest.raises(TooLong):
        await posted.edit("x" * 4097, final=False)


async def test_what_telegram_finds_wrong_with_entities_goes_out_as_written(
    stage: TelegramStage, channel: Channel
) -> None:
    stage.server.faults.plan(Fault.error(400, "Bad Request: ENTITIES_TOO_LONG"))
    posted = await channel.post(stage.chat(), "**bold**", key="a", final=False)
    assert stage.bubbles()[0].text == "**bold**"
    stage.server.faults.plan(Fault.error(400, "Bad Request: can't parse MessageEntity: odd"))
    await posted.edit("**bolder**", final=True)
    assert stage.bubbles()[0].text == "**bolder**"
    stage.server.faults.plan(Fault.error(400, "Bad Request: something new"), times=2)
    with pytest.raises(Refused, match="something new"):
        await posted.edit("**x**", final=True)


async def test_buttons_share_rows_where_they_are_short(stage: TelegramStage, channel: Channel) -> None:
    buttons = [
        Button(label, f"/x {label}") for label in ("a long model name here", "gpt", "o3", "‹", "›", "海海海海海海海海")
    ]
    await channel.post(stage.chat(), "Pick:", key="a", final=True, buttons=buttons)
    rows = json.loads(stage.server.called("sendMessage")[-1].arguments["reply_markup"])["inline_keyboard"]
    assert [[button["text"] for button in row] for row in rows] == [
        ["a long model name here"],
        ["gpt", "o3", "‹", "›"],
        ["海海海海海海海海"],
    ]


async def test_a_reply_in_a_group_whose_question_is_gone(stage: TelegramStage, channel: Channel) -> None:
    said = await stage.say("hm", place="group", mention=True)
    await channel.post(stage.chat("group"), "yes", key="a", reply_to=said, final=True)
    await channel.post(stage.chat("group"), "no", key="b", reply_to="99999", final=True)
    assert [bubble.reply_to for bubble in stage.bubbles("group")] == [said, ""]


async def test_a_topic_that_is_gone_still_gets_its_answer(stage: TelegramStage, channel: Channel) -> None:
    gone = Chat("telegram", stage.chat("topic").id, "4242")
    await channel.post(gone, "here", key="a", final=True)
    assert [bubble.text for bubble in stage.bubbles("group")] == ["here"]


async def test_typing_is_shown_and_never_fails(stage: TelegramStage, channel: Channel) -> None:
    await channel.typing(stage.chat("topic"))
    assert stage.typing("topic") == 1
    stage.crowd.block(stage.person("mia"))
    await channel.typing(stage.chat())


async def test_messages_that_can_be_deleted_are_and_others_do_not_matter(
    stage: TelegramStage, channel: Channel
) -> None:
    posted = await channel.post(stage.chat(), "x", key="a", final=True)
    await posted.delete()
    await posted.delete()
    assert stage.bubbles() == []
    with pytest.raises(Gone):
        await posted.edit("y", final=True)


async def test_a_flood_wait_says_how_long(stage: TelegramStage, channel: Channel) -> None:
    stage.flood(37)
    with pytest.raises(RateLimited) as flood:
        await channel.post(stage.chat(), "x", key="a", final=False)
    assert flood.value.retry_after == 37


async def test_who_has_blocked_the_bot_is_gone(stage: TelegramStage, channel: Channel) -> None:
    posted = await channel.post(stage.chat(), "x", key="a", final=False)
    stage.crowd.block(stage.person("mia"))
    with pytest.raises(Gone):
        await posted.edit("y", final=False)
    with pytest.raises(Gone):
        await channel.post(stage.chat(), "y", key="b", final=False)
    with pytest.raises(Gone):
        await channel.post(Chat("telegram", "-100999"), "y", key="c", final=False)


async def test_a_chat_that_moved_says_where_to(stage: TelegramStage, channel: Channel) -> None:
    old = stage.world.open_room("group", "Small")
    new = stage.crowd.migrate(old, stage.person("mia"))
    with pytest.raises(Moved) as moved:
        await channel.post(Chat("telegram", str(old.id)), "x", key="a", final=False)
    assert moved.value.chat == Chat("telegram", str(new.id))


async def test_what_may_have_been_done_is_told_from_what_was_not(stage: TelegramStage, channel: Channel) -> None:
    posted = await channel.post(stage.chat(), "x", key="a", final=False)
    stage.lose_answers()
    with pytest.raises(Unsure):
        await posted.edit("y", final=False)
    await posted.edit("y", final=True)
    assert stage.bubbles()[0].text == "y"
    stage.drop_requests()
    with pytest.raises(Unsure):
        await posted.edit("z", final=True)
    stage.server.faults.plan(Fault.html(502))
    with pytest.raises(Unsure):
        await posted.edit("z", final=True)


async def test_nobody_there_is_a_plain_channel_error(stage: TelegramStage, reopen: Reopen) -> None:
    async with reopen() as bot:
        await stage.server.__aexit__()
        await bot.channel.typing(stage.chat())  # uses up the connection that was open
        with pytest.raises(ChannelError) as fault:
            await bot.channel.post(stage.chat(), "x", key="a", final=False)
        assert type(fault.value) is ChannelError
    with pytest.raises(ChannelError, match="cannot be reached"):
        async with reopen():
            pass


async def test_menus_by_language_and_for_admins(stage: TelegramStage, channel: Channel, kept: Kept) -> None:
    commands = [
        Command("help", {"en": "Help", "zh-CN": "帮助", "zh-TW": "幫助"}),
        Command("allow", {"en": "Let in", "zh-CN": "允许"}, admin=True),
    ]
    tom = stage.person("tom")
    await channel.publish(commands, [stage.user("mia"), User("telegram", "12345")])
    menus, group = stage.world.menus, stage.group
    private = stage.world.private

    def seen(who: str) -> list[str]:
        person = stage.person(who)
        return [command["command"] for command in menus.seen_by(person, private(person))]

    assert seen("mia") == ["help", "allow"]
    assert seen("tom") == ["help"]
    assert [command["command"] for command in menus.seen_by(stage.person("mia"), group)] == ["help"]
    chinese = stage.crowd.person("Li", language="zh-hans")
    assert menus.seen_by(chinese, private(chinese))[0]["description"] == "帮助"
    assert menus.seen_by(tom, private(tom))[0]["description"] == "Help"

    calls = len(stage.server.called("setMyCommands"))
    await channel.publish(commands, [stage.user("mia")])
    assert len(stage.server.called("setMyCommands")) == calls, "nothing has changed"
    await channel.publish(commands, [])
    assert seen("mia") == ["help"], "an admin no longer"
    assert sorted(kept.facts) == ["menu:all_group_chats", "menu:all_private_chats", "menu:default"]


async def test_limits_and_links(stage: TelegramStage, channel: Channel) -> None:
    direct, group, topic = (channel.limits(stage.chat(place)) for place in ("direct", "group", "topic"))
    assert (direct.edit_interval, group.edit_interval) == (0.01, 0.02)
    assert group.bucket == topic.bucket != direct.bucket
    assert channel.account == "7000000666"
    assert channel.link("abc") == "https://t.me/cherry_test_bot?start=abc"
    assert channel.hint(stage.chat("group"), "en") == ""


async def test_privacy_mode_is_explained_where_it_bites(kept: Kept) -> None:
    async with TelegramStage(reads_all=False) as stage, open_channel(settings_for(stage), kept) as channel:
        assert "@cherry_test_bot" in channel.hint(stage.chat("group"), "zh-CN")
        assert channel.hint(stage.chat(), "en") == ""


async def test_nothing_that_is_said_or_secret_reaches_a_log(
    stage: TelegramStage,
    bot: Listening,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(1)
    secret = "a word nobody else may read"
    await stage.hostile()
    stage.server.faults.plan(Fault.html(502), methods=["getUpdates"])
    await stage.say(secret)
    await bot.next()
    faults = [Fault.lost(), Fault.dropped(), Fault.html(), Fault.error(400, "Bad Request: odd"), Fault.error(401, "x")]
    for fault in faults:
        stage.server.faults.plan(fault)
        with pytest.raises(ChannelError) as failed:
            await bot.channel.post(stage.chat(), secret, key="a", final=False)
        assert stage.server.token not in f"{failed.value!r} {failed.value.__cause__!r}"
    written = "".join((*capfd.readouterr(), caplog.text))
    assert written
    assert stage.server.token not in written
    assert str(urlsplit(stage.server.url).port) not in written
    assert secret not in written


def _stop() -> Button:
    return Button("Stop", "/stop")
