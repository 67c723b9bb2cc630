"""What reaches the bridge from Telegram, and when Telegram may forget it."""

from __future__ import annotations

import asyncio

import pytest
from pydantic import SecretStr

from bridge.errors import Refused
from bridge.types import Attachment, Button
from channels.telegram import open_channel
from tests.doors import OPEN
from tests.emulators.telegram import Fault, TelegramStage
from tests.telegram.conftest import Listening, Reopen, settings_for
from tests.telegram.kept import Kept


async def test_a_message_comes_and_is_answered(stage: TelegramStage, bot: Listening) -> None:
    said = await stage.say("hello")
    got = await bot.next()
    assert (got.id, got.text, got.chat, got.sender) == (said, "hello", stage.chat(), stage.user())
    assert got.addressed
    assert got.chat.direct


async def test_what_was_not_taken_comes_again_after_a_crash(stage: TelegramStage, reopen: Reopen) -> None:
    await stage.say("one")
    await stage.say("two")
    async with reopen() as bot:
        assert (await bot.next()).text == "one"
        assert (await bot.next()).text == "two", "asking for it acknowledges the first"
    async with reopen() as bot:
        texts = [(await bot.next()).text]
        while texts[-1] != "two":
            texts.append((await bot.next()).text)
    assert stage.world.updates.pending, "the second was never acknowledged"


async def test_listening_can_be_taken_up_again(stage: TelegramStage, bot: Listening) -> None:
    await stage.say("one")
    messages = bot.channel.listen(OPEN)
    assert (await anext(messages)).text == "one"
    await messages.aclose()
    assert (await bot.next()).text == "one", "nobody asked for what comes after it"


async def test_what_was_taken_is_forgotten(stage: TelegramStage, bot: Listening) -> None:
    await stage.say("one")
    await bot.next()
    await stage.say("two")
    await bot.next()
    waiting = asyncio.create_task(bot.next())
    polls = len(stage.server.called("getUpdates"))
    await stage.server.until_called("getUpdates", polls + 1)
    assert stage.world.updates.pending == 0
    waiting.cancel()


async def test_hostile_updates_are_counted_and_the_next_is_read(stage: TelegramStage, bot: Listening) -> None:
    hostile = await stage.hostile()
    await stage.say("still there?")
    assert (await bot.next()).text == "still there?"
    assert bot.channel.set_aside == hostile


async def test_groups_topics_and_replies(stage: TelegramStage, bot: Listening) -> None:
    await stage.say("among ourselves", place="group")
    await stage.say("what is up", place="group", mention=True)
    await stage.say("/help", place="topic", mention=True)
    first, second, third = [await bot.next() for _ in range(3)]
    assert (first.addressed, first.chat) == (False, stage.chat("group"))
    assert (second.addressed, second.text) == (True, "what is up")
    assert (third.addressed, third.text, third.chat) == (True, "/help", stage.chat("topic"))

    posted = await bot.channel.post(third.chat, "An **answer**.", key="a", reply_to=third.id, final=True)
    (bubble,) = stage.bubbles("topic")
    assert (bubble.id, bubble.text, bubble.reply_to) == (posted.ref, "An answer.", third.id)
    await stage.say("why", place="topic", reply_to=bubble.id)
    why = await bot.next()
    assert (why.addressed, why.quoted) == (True, "An answer.")


async def test_a_long_text_is_one_message(stage: TelegramStage, bot: Listening) -> None:
    await stage.say("short")
    await stage.say("x" * 9000)
    assert (await bot.next()).text == "short"
    assert (await bot.next()).text == "x" * 9000
    await stage.say("after")
    assert (await bot.next()).text == "after"


async def test_one_who_writes_at_length_holds_up_nobody(stage: TelegramStage, bot: Listening) -> None:
    with stage.world.updates.held():
        long = await stage.say("x" * 4096)
        await stage.say("quick", who="tom")
    quick, joined = await bot.next(), await bot.next()
    assert (quick.text, quick.sender) == ("quick", stage.user("tom"))
    assert (joined.id, joined.text) == (long, "x" * 4096)
    await stage.say("after")
    assert (await bot.next()).text == "after", "and nothing comes twice"


async def test_an_album_is_one_message(stage: TelegramStage, bot: Listening) -> None:
    stage.crowd.album(stage.person("mia"), stage.world.private(stage.person("mia")), 3, "the sea", caption_on=1)
    got = await bot.next()
    assert (got.text, got.attachments) == ("the sea", (Attachment("image"),) * 3)


async def test_a_crash_while_an_album_is_gathered_loses_nothing(stage: TelegramStage, reopen: Reopen) -> None:
    stage.crowd.album(stage.person("mia"), stage.world.private(stage.person("mia")), 3, "the sea")
    async with reopen() as bot:
        waiting = asyncio.create_task(bot.next())
        await stage.server.until_called("getUpdates", 2)
        waiting.cancel()
    async with reopen() as bot:
        assert len((await bot.next()).attachments) == 3


async def test_a_pressed_button_is_a_message_and_the_spinner_stops(stage: TelegramStage, bot: Listening) -> None:
    menu = await bot.channel.post(stage.chat(), "Pick:", key="m", final=True, buttons=[Button("Two", "/model two")])
    await stage.press(menu.ref, "Two")
    got = await bot.next()
    assert (got.text, got.menu, got.chat, got.addressed) == ("/model two", menu.ref, stage.chat(), True)
    await stage.server.until_called("answerCallbackQuery")
    await bot.channel.posted(got.chat, got.menu).edit("Now: two", final=True)
    (bubble,) = stage.bubbles()
    assert (bubble.text, bubble.buttons) == ("Now: two", [])
    await stage.say("next")
    assert (await bot.next()).text == "next"
    assert [press.answer for press in stage.world.presses.values()] == [""]


async def test_edited_messages_bots_and_news_are_passed_over(stage: TelegramStage, bot: Listening) -> None:
    await stage.say("frist")
    await bot.next()
    room = stage.world.private(stage.person("mia"))
    stage.crowd.edit(max(room.messages.values(), key=lambda message: message.id), "first")
    stage.crowd.say(stage.crowd.person("Robo", is_bot=True), stage.group, "beep")
    stage.crowd.report(stage.group, stage.person("mia"), new_chat_title="Cherries")
    await stage.say("next")
    assert (await bot.next()).text == "next"
    assert bot.channel.set_aside == 0


async def test_a_group_that_moves_says_so(stage: TelegramStage, bot: Listening) -> None:
    old = stage.world.open_room("group", "Small")
    stage.crowd.join(stage.person("mia"), old)
    new = stage.crowd.migrate(old, stage.person("mia"))
    first, second = await bot.next(), await bot.next()
    assert first.chat.id == second.chat.id == str(old.id)
    assert first.moved_to is not None
    assert first.moved_to.id == str(new.id)
    assert first.id == second.id, "the bridge sees it once"


async def test_trouble_on_the_line_is_ridden_out(stage: TelegramStage, bot: Listening) -> None:
    for fault in (Fault.html(502), Fault.dropped()):
        stage.server.faults.plan(fault, methods=["getUpdates"])
    await stage.say("hello")
    assert (await bot.next()).text == "hello"


async def test_a_webhook_is_removed(stage: TelegramStage, bot: Listening) -> None:
    stage.world.webhook = "https://example.com/hook"
    await stage.say("hello")
    assert (await bot.next()).text == "hello"
    assert stage.world.webhook == ""


async def test_a_second_listener_is_explained_and_waited_for(
    stage: TelegramStage, bot: Listening, capsys: pytest.CaptureFixture[str]
) -> None:
    reason = "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
    stage.server.faults.plan(Fault.error(409, reason), methods=["getUpdates"])
    await stage.say("hello")
    assert (await bot.next()).text == "hello"
    assert "another program receives this bot's messages" in capsys.readouterr().out


async def test_a_token_that_is_not_accepted(stage: TelegramStage, bot: Listening, kept: Kept) -> None:
    stage.server.faults.plan(Fault.error(401, "Unauthorized"), methods=["getUpdates"])
    with pytest.raises(Refused, match="TELEGRAM_TOKEN"):
        await bot.next()
    stage.server.faults.plan(Fault.error(404, "Not Found"), methods=["getMe"])
    with pytest.raises(Refused, match="TELEGRAM_API_URL"):
        async with open_channel(settings_for(stage), kept):
            pass
    other = settings_for(stage).model_copy(update={"telegram_token": SecretStr("7000000668:" + "C" * 35)})
    with pytest.raises(Refused, match="TELEGRAM_TOKEN"):
        async with open_channel(other, kept):
            pass
