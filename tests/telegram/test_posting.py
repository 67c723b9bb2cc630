"""What people see of what the bridge says, and what the bridge learns when it cannot be said."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

import pytest

from bridge.channel import Channel, Command
from bridge.errors import ChannelError, Gone, Moved, RateLimited, Refused, TooLong, Unsure
from bridge.types import Body, Button, Chat, User
from tests.emulators.telegram import Fault, TelegramPlatform
from tests.telegram.conftest import Listening, Reopen, settings_for
from tests.telegram.kept import Kept

STOP = Button("Stop", "/stop")
ANSWER = "Look:\n\n```py\nprint('hi')\n```\n\n**Done**, @mia."


async def test_an_answer_that_grows(platform: TelegramPlatform, channel: Channel) -> None:
    posted = await channel.post(platform.chat(), Body("Lo", (STOP,)), key="a", reply_to="1", final=False)
    assert platform.bubbles()[0].buttons == ["Stop"]
    for text in (ANSWER[:20], ANSWER[:40]):
        await posted.edit(Body(text, (STOP,)), final=False)
    await posted.edit(Body(ANSWER), final=True)
    (bubble,) = platform.bubbles()
    assert bubble.text == "Look:\n\nprint('hi')\n\nDone, @\u2060mia."
    assert (bubble.code, bubble.buttons, bubble.reply_to) == (["print('hi')"], [], "")
    assert len(bubble.writes) == 4
    message = platform.world.private(platform.person("mia")).messages[int(bubble.id)]
    assert all(write.preview_disabled for write in message.writes)
    assert not platform.world.parse_modes
    assert not message.content.blocks("mention")


async def test_saying_the_same_again_is_harmless(platform: TelegramPlatform, channel: Channel) -> None:
    posted = await channel.post(platform.chat(), Body("same"), key="a", final=False)
    await posted.edit(Body("same"), final=True)
    assert not platform.server.called("editMessageText"), "what is shown already needs no call"
    await channel.posted(platform.chat(), posted.ref).edit(Body("same  "), final=True)
    assert platform.server.called("editMessageText")[0].status == 400
    await posted.edit(Body(" \n"), final=True)
    assert platform.bubbles()[0].text == "same"
    with pytest.raises(Refused):
        await channel.post(platform.chat(), Body(" \n"), key="b", final=False)


async def test_a_full_page_of_any_kind_fits(platform: TelegramPlatform, channel: Channel) -> None:
    limits = channel.limits(platform.chat())
    for unit in ("x", "海", "🍒", "\t|", "@mia ", "[a](b.c) ", "| a | b |\n"):
        count = 0
        while limits.measure(unit * (count + 1)) <= limits.max_length:
            count += 1
        posted = await channel.post(platform.chat(), Body("…"), key="a", final=False)
        await posted.edit(Body(unit * count), final=True)
    assert all(call.status == 200 for call in platform.server.calls)


async def test_too_long_is_said_in_both_wordings(platform: TelegramPlatform, channel: Channel) -> None:
    with pytest.raises(TooLong):
        await channel.post(platform.chat(), Body("x" * 4097), key="a", final=False)
    posted = await channel.post(platform.chat(), Body("x"), key="b", final=False)
    with pytest.raises(TooLong):
        await posted.edit(Body("x" * 4097), final=False)


async def test_a_text_whose_entities_are_refused_goes_out_as_written(
    platform: TelegramPlatform, channel: Channel
) -> None:
    platform.server.faults.plan(Fault.error(400, "Bad Request: ENTITIES_TOO_LONG"))
    posted = await channel.post(platform.chat(), Body("**bold**"), key="a", final=False)
    assert platform.bubbles()[0].text == "**bold**"
    platform.server.faults.plan(Fault.error(400, "Bad Request: can't parse MessageEntity: odd"))
    await posted.edit(Body("**bolder**"), final=True)
    assert platform.bubbles()[0].text == "**bolder**"
    platform.server.faults.plan(Fault.error(400, "Bad Request: something new"), times=2)
    with pytest.raises(Refused, match="something new"):
        await posted.edit(Body("**x**"), final=True)


async def test_buttons_share_rows_where_they_are_short(platform: TelegramPlatform, channel: Channel) -> None:
    labels = ("a long model name here", "gpt", "o3", "‹", "›", "海海海海海海海海")
    buttons = tuple(Button(label, f"/x {label}") for label in labels)
    await channel.post(platform.chat(), Body("Pick:", buttons), key="a", final=True)
    rows = json.loads(platform.server.called("sendMessage")[-1].arguments["reply_markup"])["inline_keyboard"]
    assert [[button["text"] for button in row] for row in rows] == [
        ["a long model name here"],
        ["gpt", "o3", "‹", "›"],
        ["海海海海海海海海"],
    ]


async def test_a_reply_in_a_group_whose_question_is_gone(platform: TelegramPlatform, channel: Channel) -> None:
    said = await platform.say("hm", place="group", mention=True)
    await channel.post(platform.chat("group"), Body("yes"), key="a", reply_to=said, final=True)
    await channel.post(platform.chat("group"), Body("no"), key="b", reply_to="99999", final=True)
    assert [bubble.reply_to for bubble in platform.bubbles("group")] == [said, ""]


async def test_a_topic_that_is_gone_still_gets_its_answer(platform: TelegramPlatform, channel: Channel) -> None:
    gone = Chat("telegram", platform.chat("topic").id, "4242")
    await channel.post(gone, Body("here"), key="a", final=True)
    assert [bubble.text for bubble in platform.bubbles("group")] == ["here"]


async def test_typing_is_shown_and_never_fails(platform: TelegramPlatform, channel: Channel) -> None:
    await channel.typing(platform.chat("topic"))
    assert platform.typing("topic") == 1
    platform.crowd.block(platform.person("mia"))
    await channel.typing(platform.chat())


async def test_a_message_is_deleted_and_one_that_is_gone_is_no_error(
    platform: TelegramPlatform, channel: Channel
) -> None:
    posted = await channel.post(platform.chat(), Body("x"), key="a", final=True)
    await posted.delete()
    await posted.delete()
    assert platform.bubbles() == []
    with pytest.raises(Gone):
        await posted.edit(Body("y"), final=True)


async def test_a_flood_wait_says_how_long(platform: TelegramPlatform, channel: Channel) -> None:
    platform.flood(37)
    with pytest.raises(RateLimited) as flood:
        await channel.post(platform.chat(), Body("x"), key="a", final=False)
    assert flood.value.retry_after == 37


async def test_who_has_blocked_the_bot_is_gone(platform: TelegramPlatform, channel: Channel) -> None:
    posted = await channel.post(platform.chat(), Body("x"), key="a", final=False)
    platform.crowd.block(platform.person("mia"))
    with pytest.raises(Gone):
        await posted.edit(Body("y"), final=False)
    with pytest.raises(Gone):
        await channel.post(platform.chat(), Body("y"), key="b", final=False)
    with pytest.raises(Gone):
        await channel.post(Chat("telegram", "-100999"), Body("y"), key="c", final=False)


async def test_a_chat_that_moved_says_where_to(platform: TelegramPlatform, channel: Channel) -> None:
    old = platform.world.open_room("group", "Small")
    new = platform.crowd.migrate(old, platform.person("mia"))
    with pytest.raises(Moved) as moved:
        await channel.post(Chat("telegram", str(old.id)), Body("x"), key="a", final=False)
    assert moved.value.chat == Chat("telegram", str(new.id))


async def test_what_may_have_been_done_is_told_from_what_was_not(platform: TelegramPlatform, channel: Channel) -> None:
    posted = await channel.post(platform.chat(), Body("x"), key="a", final=False)
    platform.lose_answers()
    with pytest.raises(Unsure):
        await posted.edit(Body("y"), final=False)
    await posted.edit(Body("y"), final=True)
    assert platform.bubbles()[0].text == "y"
    platform.drop_requests()
    with pytest.raises(Unsure):
        await posted.edit(Body("z"), final=True)
    platform.server.faults.plan(Fault.html(502))
    with pytest.raises(Unsure):
        await posted.edit(Body("z"), final=True)


async def test_nobody_there_is_a_plain_channel_error(platform: TelegramPlatform, reopen: Reopen) -> None:
    async with reopen() as bot:
        await platform.server.__aexit__()
        await bot.channel.typing(platform.chat())  # uses up the connection that was open
        with pytest.raises(ChannelError) as fault:
            await bot.channel.post(platform.chat(), Body("x"), key="a", final=False)
        assert type(fault.value) is ChannelError
    with pytest.raises(ChannelError, match="cannot be reached"):
        async with reopen():
            pass


async def test_menus_by_language_and_for_admins(platform: TelegramPlatform, channel: Channel, kept: Kept) -> None:
    commands = [
        Command("help", {"en": "Help", "zh-CN": "帮助", "zh-TW": "幫助"}),
        Command("allow", {"en": "Let in", "zh-CN": "允许"}, admin=True),
    ]
    tom = platform.person("tom")
    await channel.publish(commands, [platform.user("mia"), User("telegram", "12345")])
    menus, group = platform.world.menus, platform.group
    private = platform.world.private

    def seen(who: str) -> list[str]:
        person = platform.person(who)
        return [command["command"] for command in menus.seen_by(person, private(person))]

    assert seen("mia") == ["help", "allow"]
    assert seen("tom") == ["help"]
    assert [command["command"] for command in menus.seen_by(platform.person("mia"), group)] == ["help"]
    chinese = platform.crowd.person("Li", language="zh-hans")
    assert menus.seen_by(chinese, private(chinese))[0]["description"] == "帮助"
    assert menus.seen_by(tom, private(tom))[0]["description"] == "Help"

    calls = len(platform.server.called("setMyCommands"))
    await channel.publish(commands, [platform.user("mia")])
    assert len(platform.server.called("setMyCommands")) == calls, "nothing has changed"
    await channel.publish(commands, [])
    assert seen("mia") == ["help"], "an admin no longer"
    assert sorted(kept.facts) == ["menu:all_group_chats", "menu:all_private_chats", "menu:default"]


async def test_limits_and_links(platform: TelegramPlatform, channel: Channel) -> None:
    direct, group, topic = (channel.limits(platform.chat(place)) for place in ("direct", "group", "topic"))
    assert (direct.edit_interval, group.edit_interval) == (0.01, 0.02)
    assert group.bucket == topic.bucket != direct.bucket
    assert channel.account == "7000000666"
    assert channel.link("abc") == "https://t.me/cherry_test_bot?start=abc"
    assert channel.hint(platform.chat("group"), "en") == ""


async def test_privacy_mode_is_explained_where_it_bites(kept: Kept) -> None:
    async with TelegramPlatform(reads_all=False) as platform, settings_for(platform).open_channel(kept) as channel:
        assert "@cherry_test_bot" in channel.hint(platform.chat("group"), "zh-CN")
        assert channel.hint(platform.chat(), "en") == ""


async def test_nothing_that_is_said_or_secret_reaches_a_log(
    platform: TelegramPlatform,
    bot: Listening,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(1)
    secret = "a word nobody else may read"
    await platform.hostile()
    platform.server.faults.plan(Fault.html(502), methods=["getUpdates"])
    await platform.say(secret)
    await bot.next()
    faults = [Fault.lost(), Fault.dropped(), Fault.html(), Fault.error(400, "Bad Request: odd"), Fault.error(401, "x")]
    for fault in faults:
        platform.server.faults.plan(fault)
        with pytest.raises(ChannelError) as failed:
            await bot.channel.post(platform.chat(), Body(secret), key="a", final=False)
        assert platform.server.token not in f"{failed.value!r} {failed.value.__cause__!r}"
    written = "".join((*capfd.readouterr(), caplog.text))
    assert written
    assert platform.server.token not in written
    assert str(urlsplit(platform.server.url).port) not in written
    assert secret not in written
