"""What reaches the bridge from Telegram, and when Telegram may forget it."""

from __future__ import annotations

import asyncio

import pytest
from pydantic import SecretStr

from bridge.errors import Refused
from bridge.inbound import Said
from bridge.types import Body, Button
from tests.emulators.telegram import Fault, TelegramPlatform
from tests.fakes import ALLOW_ALL
from tests.platform import SharedFile
from tests.telegram.conftest import Listening, Reopen, settings_for
from tests.telegram.kept import Kept


async def test_a_message_comes_and_is_answered(platform: TelegramPlatform, bot: Listening) -> None:
    said = await platform.say("hello")
    got = await bot.next()
    assert (got.id, got.text, got.chat, got.sender) == (said, "hello", platform.chat(), platform.user())
    assert got.addressed
    assert got.chat.direct


async def test_what_was_not_taken_comes_again_after_a_crash(platform: TelegramPlatform, reopen: Reopen) -> None:
    await platform.say("one")
    await platform.say("two")
    async with reopen() as bot:
        assert (await bot.next()).text == "one"
        assert (await bot.next()).text == "two", "asking for it acknowledges the first"
    async with reopen() as bot:
        texts = [(await bot.next()).text]
        while texts[-1] != "two":
            texts.append((await bot.next()).text)
    assert platform.world.updates.pending, "the second was never acknowledged"


async def test_listening_can_be_taken_up_again(platform: TelegramPlatform, bot: Listening) -> None:
    await platform.say("one")
    messages = bot.channel.listen(ALLOW_ALL)
    [first] = await anext(messages)
    assert isinstance(first, Said)
    assert first.text == "one"
    await messages.aclose()
    assert (await bot.next()).text == "one", "nobody asked for what comes after it"


async def test_what_was_taken_is_forgotten(platform: TelegramPlatform, bot: Listening) -> None:
    await platform.say("one")
    await bot.next()
    await platform.say("two")
    await bot.next()
    waiting = asyncio.create_task(bot.next())
    polls = len(platform.server.called("getUpdates"))
    await platform.server.until_called("getUpdates", polls + 1)
    assert platform.world.updates.pending == 0
    waiting.cancel()


async def test_hostile_updates_are_counted_and_the_next_is_read(platform: TelegramPlatform, bot: Listening) -> None:
    hostile = await platform.hostile()
    await platform.say("still there?")
    assert (await bot.next()).text == "still there?"
    assert bot.channel.set_aside == hostile


async def test_groups_topics_and_replies(platform: TelegramPlatform, bot: Listening) -> None:
    await platform.say("among ourselves", place="group")
    await platform.say("what is up", place="group", mention=True)
    await platform.say("/help", place="topic", mention=True)
    first, second, third = [await bot.next() for _ in range(3)]
    assert (first.addressed, first.chat) == (False, platform.chat("group"))
    assert (second.addressed, second.text) == (True, "what is up")
    assert (third.addressed, third.text, third.chat) == (True, "/help", platform.chat("topic"))

    posted = await bot.channel.post(third.chat, Body("An **answer**."), key="a", reply_to=third.id, final=True)
    (bubble,) = platform.bubbles("topic")
    assert (bubble.id, bubble.text, bubble.reply_to) == (posted.ref, "An answer.", third.id)
    await platform.say("why", place="topic", reply_to=bubble.id)
    why = await bot.next()
    assert (why.addressed, why.quoted) == (True, "An answer.")


async def test_a_long_text_is_one_message(platform: TelegramPlatform, bot: Listening) -> None:
    await platform.say("short")
    await platform.say("x" * 9000)
    assert (await bot.next()).text == "short"
    assert (await bot.next()).text == "x" * 9000
    await platform.say("after")
    assert (await bot.next()).text == "after"


async def test_one_who_writes_at_length_holds_up_nobody(platform: TelegramPlatform, bot: Listening) -> None:
    with platform.world.updates.held():
        long = await platform.say("x" * 4096)
        await platform.say("quick", who="tom")
    quick, joined = await bot.next(), await bot.next()
    assert (quick.text, quick.sender) == ("quick", platform.user("tom"))
    assert (joined.id, joined.text) == (long, "x" * 4096)
    await platform.say("after")
    assert (await bot.next()).text == "after", "and nothing comes twice"


async def test_an_album_is_one_message(platform: TelegramPlatform, bot: Listening) -> None:
    platform.crowd.album(
        platform.person("mia"), platform.world.private(platform.person("mia")), 3, "the sea", caption_on=1
    )
    got = await bot.next()
    assert got.text == "the sea"
    assert [(each.kind, each.mime, each.size) for each in got.attachments] == [("image", "image/jpeg", 4)] * 3
    assert len({each.ref for each in got.attachments}) == 3


async def test_a_crash_while_an_album_is_gathered_loses_nothing(platform: TelegramPlatform, reopen: Reopen) -> None:
    platform.crowd.album(platform.person("mia"), platform.world.private(platform.person("mia")), 3, "the sea")
    async with reopen() as bot:
        waiting = asyncio.create_task(bot.next())
        await platform.server.until_called("getUpdates", 2)
        waiting.cancel()
    async with reopen() as bot:
        assert len((await bot.next()).attachments) == 3


async def test_a_pressed_button_names_its_message(platform: TelegramPlatform, bot: Listening) -> None:
    menu = await bot.channel.post(platform.chat(), Body("Pick:", (Button("Two", "/model two"),)), key="m", final=True)
    await platform.press(menu.ref, "Two")
    got = await bot.next_press()
    assert (got.command, got.message, got.chat, got.sender) == (
        "/model two",
        menu.ref,
        platform.chat(),
        platform.user(),
    )
    await platform.server.until_called("answerCallbackQuery")
    await bot.channel.posted(got.chat, got.message).edit(Body("Now: two"), final=True)
    (bubble,) = platform.bubbles()
    assert (bubble.text, bubble.buttons) == ("Now: two", [])
    await platform.say("next")
    assert (await bot.next()).text == "next"
    assert [press.answer for press in platform.world.presses.values()] == [""]


async def test_an_edit_names_the_message_it_changes(platform: TelegramPlatform, bot: Listening) -> None:
    said = await platform.say("frist")
    await bot.next()
    await platform.edit(said, "first")
    edited = await bot.next_edit()
    assert (edited.id, edited.text, edited.chat, edited.sender) == (said, "first", platform.chat(), platform.user())
    asked = await platform.say("what is up", place="group")
    assert not (await bot.next()).addressed
    await platform.edit(asked, "what is up", place="group", mention=True)
    assert (await bot.next_edit()).addressed, "only now the bot is mentioned"


async def test_an_edited_caption_keeps_the_files(platform: TelegramPlatform, bot: Listening) -> None:
    picture = SharedFile("image", "sea.jpg", "image/jpeg", b"jpeg")
    said = await platform.say("teh sea", files=[picture])
    await bot.next()
    await platform.edit(said, "the sea")
    edited = await bot.next_edit()
    assert (edited.text, [each.kind for each in edited.attachments]) == ("the sea", ["image"])


async def test_a_live_location_that_moves_is_no_edit(platform: TelegramPlatform, bot: Listening) -> None:
    room, here = platform.world.private(platform.person()), {"latitude": 1.0, "longitude": 2.0, "live_period": 900}
    message = platform.crowd.say(platform.person(), room, "", location=here)
    assert (await bot.next()).attachments[0].kind == "other"
    platform.crowd.edit(message, "")
    await platform.say("next")
    assert (await bot.next()).text == "next"


async def test_a_forwarded_message_is_marked(platform: TelegramPlatform, bot: Listening) -> None:
    await platform.say("/allow 4711", forwarded=True)
    got = await bot.next()
    assert (got.forwarded, got.text, got.quoted) == (True, "", "/allow 4711")


async def test_bots_and_news_are_passed_over(platform: TelegramPlatform, bot: Listening) -> None:
    platform.crowd.say(platform.crowd.person("Robo", is_bot=True), platform.group, "beep")
    platform.crowd.report(platform.group, platform.person("mia"), new_chat_title="Cherries")
    await platform.say("next")
    assert (await bot.next()).text == "next"
    assert bot.channel.set_aside == 0


async def test_a_group_that_moves_says_so(platform: TelegramPlatform, bot: Listening) -> None:
    old = platform.world.open_room("group", "Small")
    platform.crowd.join(platform.person("mia"), old)
    new = platform.crowd.migrate(old, platform.person("mia"))
    first, second = await bot.next_move(), await bot.next_move()
    assert first.chat.id == second.chat.id == str(old.id)
    assert first.to.id == str(new.id)
    assert first.id == second.id, "the bridge sees it once"


async def test_errors_on_the_line_are_ridden_out(platform: TelegramPlatform, bot: Listening) -> None:
    for fault in (Fault.html(502), Fault.dropped()):
        platform.server.faults.plan(fault, methods=["getUpdates"])
    await platform.say("hello")
    assert (await bot.next()).text == "hello"


async def test_a_webhook_is_removed(platform: TelegramPlatform, bot: Listening) -> None:
    platform.world.webhook = "https://example.com/hook"
    await platform.say("hello")
    assert (await bot.next()).text == "hello"
    assert platform.world.webhook == ""


async def test_a_second_listener_is_explained_and_waited_for(
    platform: TelegramPlatform, bot: Listening, capsys: pytest.CaptureFixture[str]
) -> None:
    reason = "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
    platform.server.faults.plan(Fault.error(409, reason), methods=["getUpdates"])
    await platform.say("hello")
    assert (await bot.next()).text == "hello"
    assert "another program receives this bot's messages" in capsys.readouterr().out


async def test_a_token_that_is_not_accepted(platform: TelegramPlatform, bot: Listening, kept: Kept) -> None:
    platform.server.faults.plan(Fault.error(401, "Unauthorized"), methods=["getUpdates"])
    with pytest.raises(Refused, match="TELEGRAM_TOKEN"):
        await bot.next()
    platform.server.faults.plan(Fault.error(404, "Not Found"), methods=["getMe"])
    with pytest.raises(Refused, match="TELEGRAM_API_URL"):
        async with settings_for(platform).open_channel(kept):
            pass
    other = settings_for(platform).model_copy(update={"telegram_token": SecretStr("7000000668:" + "C" * 35)})
    with pytest.raises(Refused, match="TELEGRAM_TOKEN"):
        async with other.open_channel(kept):
            pass
