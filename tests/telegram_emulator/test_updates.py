"""The Telegram emulator, driven by the real python-telegram-bot: what reaches a bot, and how often."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from telegram import (
    Bot,
    BotCommand,
    BotCommandScopeAllPrivateChats,
    BotCommandScopeChat,
    BotCommandScopeChatMember,
)
from telegram.error import (
    BadRequest,
    Conflict,
)

from tests.emulators.telegram import Entity, Rules, TelegramPlatform
from tests.telegram_emulator.client import UNHURRIED, bot_at, keys, mia, post, refuses, updates

# -- updates


async def test_an_offset_forgets_and_nothing_else_does(platform: TelegramPlatform, bot: Bot) -> None:
    for text in "abc":
        await platform.say(text)
    got = await updates(bot)
    assert got == await updates(bot, got[0].update_id), "not confirmed, so they come again"
    rest = await updates(bot, got[1].update_id)
    assert [update.message.text for update in rest if update.message] == ["b", "c"]
    assert len(await updates(bot)) == 2
    assert [u.message.text for u in await bot.get_updates(offset=-1) if u.message] == ["c"]
    assert [u.message.text for u in await bot.get_updates(offset=1_000_000_000) if u.message] == ["c"]
    assert await bot.get_updates(offset=got[-1].update_id + 1) == ()


async def test_a_poll_waits_for_what_comes_and_for_a_hundred_at_most(platform: TelegramPlatform, bot: Bot) -> None:
    waiting = asyncio.create_task(updates(bot))
    await platform.server.until_called("getUpdates")
    with platform.world.updates.held():
        for number in range(120):
            await platform.say(str(number))
        await asyncio.sleep(0.05)
        assert not waiting.done()
    got = await waiting
    assert len(got) == 100
    assert len(await updates(bot, got[-1].update_id + 1)) == 20


async def test_a_hasty_repeat_is_slowed_down() -> None:
    async with TelegramPlatform(Rules(repeat_wait=60.0, repeat_hurry=60.0)) as platform, bot_at(platform) as bot:
        assert await bot.get_updates(offset=5) == ()
        repeat = asyncio.create_task(bot.get_updates(offset=5, read_timeout=60))
        await platform.server.until_called("getUpdates", 2)
        await asyncio.sleep(0.05)
        assert not repeat.done(), "it asked for no wait and waits"
        await platform.say("a")
        assert len(await repeat) == 1
        await platform.say("b")
        assert len(await bot.get_updates(offset=5)) == 1
        assert len(await bot.get_updates(offset=6)) == 2


async def test_a_second_poll_ends_the_first(platform: TelegramPlatform, bot: Bot) -> None:
    async with bot_at(platform) as other:
        first = asyncio.create_task(updates(bot, 1))
        await platform.server.until_called("getUpdates")
        second = asyncio.create_task(updates(other, 2))
        with pytest.raises(Conflict, match="other getUpdates request; make sure that only one bot instance"):
            await first
        await platform.say("a")
        assert len(await second) == 1


async def test_a_webhook_and_polls_exclude_each_other(platform: TelegramPlatform, bot: Bot) -> None:
    polling = asyncio.create_task(updates(bot))
    await platform.server.until_called("getUpdates")
    await bot.set_webhook("https://example.org/hook")
    with pytest.raises(Conflict, match="terminated by setWebhook request"):
        await polling
    with pytest.raises(Conflict, match="while webhook is active"):
        await bot.get_updates()
    await platform.say("a")
    info = await bot.get_webhook_info()
    assert (info.url, info.pending_update_count) == ("https://example.org/hook", 1)
    await bot.delete_webhook(drop_pending_updates=True)
    assert await bot.get_updates(offset=1) == ()


async def test_allowed_updates_stay(platform: TelegramPlatform, bot: Bot) -> None:
    await bot.get_updates(allowed_updates=["callback_query"])
    await platform.say("unheard")
    await bot.get_updates(offset=1)
    await bot.get_updates(offset=2, allowed_updates=[])
    await platform.say("heard")
    assert [update.message.text for update in await updates(bot, 3) if update.message] == ["heard"]


async def test_updates_and_presses_grow_old() -> None:
    async with TelegramPlatform(Rules(update_life=0.05, callback_life=0.05)) as old, bot_at(old) as late:
        await old.say("too late")
        sent = await late.send_message(mia(old), "menu", reply_markup=keys())
        await old.press(str(sent.message_id), "Stop")
        (press,) = old.world.presses
        await asyncio.sleep(0.1)
        assert await late.get_updates() == ()
        with refuses("Query is too old and response timeout expired or query id is invalid"):
            await late.answer_callback_query(press)


async def test_redelivery_repetition_and_disorder(platform: TelegramPlatform, bot: Bot) -> None:
    first = await platform.say("a")
    (heard,) = await updates(bot)
    assert await bot.get_updates(offset=heard.update_id + 1) == ()
    await platform.redeliver(first)
    assert [update.update_id for update in await updates(bot, heard.update_id + 1)] == [heard.update_id]
    platform.world.updates.redeliver(heard.update_id, new_id=True)
    (again,) = await updates(bot, heard.update_id + 1)
    assert again.update_id > heard.update_id and again.message == heard.message
    with platform.world.updates.held(reverse=True):
        await platform.say("b")
        await platform.say("c")
    assert [u.message.text for u in await updates(bot, again.update_id + 1) if u.message] == ["c", "b"]


async def test_hostile_updates_arrive_and_pass(platform: TelegramPlatform) -> None:
    count = await platform.hostile()
    await platform.say("still there?")
    call, offset = f"bot{platform.server.token}/getUpdates", 0
    got: list[Any] = []
    while not (got and isinstance(got[-1], dict) and got[-1].get("message", {}).get("text") == "still there?"):
        _, body, _ = await post(platform, call, json={"offset": offset, "timeout": 1})
        got += body["result"]
        ids = [update["update_id"] for update in body["result"] if isinstance(update, dict) and "update_id" in update]
        offset = max(id for id in ids if isinstance(id, int)) + 1
    assert len(got) == count + 1 and None in got and any(len(json.dumps(update)) > 60_000 for update in got)
    assert (await post(platform, call, json={"offset": offset}))[1]["result"] == []


# -- people


async def test_privacy_mode_lets_through_what_is_meant_for_the_bot() -> None:
    async with TelegramPlatform(UNHURRIED, reads_all=False) as quiet, bot_at(quiet) as bot:
        sent = await bot.send_message(quiet.group.id, "hello")
        await quiet.say("among us", place="group")
        await quiet.say("@someone_else hm", place="group")
        await quiet.say("/model@other_bot", place="group")
        await quiet.say("a mention", place="group", mention=True)
        await quiet.say("/model gpt", place="group", mention=True)
        us = [Entity("text_mention", 4, 6, {"user": quiet.world.me.json()})]
        quiet.crowd.say(quiet.person(), quiet.group, "Hey Cherry", marked=us)
        await quiet.say("/model", place="topic")
        await quiet.say("a reply", place="group", reply_to=str(sent.message_id))
        other = quiet.crowd.person("Other", username="other_bot", is_bot=True)
        quiet.crowd.say(other, quiet.group, "I spoke last")
        await quiet.say("/model", place="group")
        quiet.crowd.stand(quiet.group, quiet.person(), "administrator")
        await quiet.say("an admin bot hears all", place="group")
        heard = [update.message.text for update in await updates(bot) if update.message]
        assert heard == [
            "@cherry_test_bot a mention",
            "/model@cherry_test_bot gpt",
            "Hey Cherry",
            "/model",
            "a reply",
            "an admin bot hears all",
        ]


async def test_a_press_is_answered_once(platform: TelegramPlatform, bot: Bot) -> None:
    sent = await bot.send_message(mia(platform), "menu", reply_markup=keys("Now", "/model a:b"))
    with pytest.raises(LookupError, match="Now"):
        await platform.press(str(sent.message_id), "Later")
    await platform.press(str(sent.message_id), "Now")
    platform.crowd.press(
        platform.person(), platform.world.rooms[mia(platform)].messages[sent.message_id], "Now", too_old=True
    )
    full, bare = [update.callback_query for update in await updates(bot)]
    assert full and full.data == "/model a:b" and full.chat_instance and full.message == sent
    assert bare and bare.message and not bare.message.is_accessible
    await full.answer("done")
    assert platform.world.presses[full.id].answer == "done"
    with refuses("Query is too old"):
        await full.answer()


async def test_what_people_send_besides_text(platform: TelegramPlatform, bot: Bot) -> None:
    person, room = platform.person(), platform.world.private(platform.person())
    platform.crowd.start(person, "claim-42")
    platform.crowd.album(person, room, 3, "three", caption_on=1)
    platform.crowd.document(person, room, "a.txt", b"words", mime="text/plain", caption="read /this")
    platform.crowd.voice(person, room)
    platform.crowd.sticker(person, room, "🍒")
    message = platform.crowd.say(person, room, "helo", forward_origin=None)
    platform.crowd.edit(message, "hello")
    platform.crowd.say(person, platform.group, "as the group", anonymous=True)
    platform.crowd.say(person, room, "part", reply_to=message, quote="ell")
    got = await updates(bot)
    start, one, two, three, document, voice, sticker, _, edited, anonymous, quoting = got
    assert start.message and start.message.text == "/start claim-42"
    photos = [update.message for update in (one, two, three) if update.message]
    assert len({photo.media_group_id for photo in photos}) == 1 and all(photo.photo for photo in photos)
    assert [photo.caption for photo in photos] == [None, "three", None]
    assert document.message and document.message.document and document.message.document.file_name == "a.txt"
    assert [entity.type for entity in document.message.caption_entities] == ["bot_command"]
    assert voice.message and voice.message.voice and voice.message.voice.mime_type == "audio/ogg"
    assert sticker.message and sticker.message.sticker and sticker.message.sticker.emoji == "🍒"
    assert edited.edited_message and edited.edited_message.text == "hello" and edited.edited_message.edit_date
    assert anonymous.message and anonymous.message.sender_chat and anonymous.message.sender_chat.id == platform.group.id
    assert anonymous.message.from_user and anonymous.message.from_user.id == 1087968824
    assert quoting.message and quoting.message.quote and quoting.message.quote.text == "ell"

    file = await bot.get_file(document.message.document.file_id)
    assert bytes(await file.download_as_bytearray()) == b"words"
    big = platform.crowd.document(person, room, "big.bin", size=(20 << 20) + 1).media["document"]["file_id"]
    with refuses("File is too big"):
        await bot.get_file(big)
    with refuses("Wrong file_id or the file is temporarily unavailable"):
        await bot.get_file("none")


async def test_who_else_speaks_in_a_group(platform: TelegramPlatform, bot: Bot) -> None:
    person, group, crowd = platform.person(), platform.group, platform.crowd
    crowd.say(crowd.person("Other", username="other_bot", is_bot=True), group, "I am a bot")
    crowd.say(person, group, "for the channel", channel=platform.world.open_room("channel", "News"))
    thread = crowd.topic(group, "Bread", person)
    gone = crowd.say(person, group, "never mind", topic=thread)
    crowd.delete(gone)
    other, channel, opened, said = [update.message for update in await updates(bot)]
    assert other and other.from_user and other.from_user.is_bot
    assert channel and channel.sender_chat and channel.sender_chat.type == "channel"
    assert channel.from_user and channel.from_user.id == 136817688
    assert opened and opened.forum_topic_created and opened.message_thread_id == thread
    assert said and said.message_thread_id == thread
    with refuses("Message to be replied not found"):
        await said.reply_text("too late", do_quote=True)


async def test_a_long_paste_arrives_in_pieces(platform: TelegramPlatform, bot: Bot) -> None:
    text = "".join(f"{number:07}-" for number in range(1200))
    await platform.say(text)
    heard = [update.message for update in await updates(bot) if update.message]
    assert "".join(message.text or "" for message in heard) == text
    assert [len(message.text or "") for message in heard] == [4096, 4096, 1408]


async def test_menus_by_scope_and_language(platform: TelegramPlatform, bot: Bot) -> None:
    tom = platform.crowd.person("Tom", language="zh-hans")
    plain, chinese, admin = (
        BotCommand("new", "Begin anew"),
        BotCommand("new", "重新开始"),
        BotCommand("allow", "Let in"),
    )
    await bot.set_my_commands([plain])
    await bot.set_my_commands([chinese], language_code="zh")
    await bot.set_my_commands([plain, admin], scope=BotCommandScopeChat(mia(platform)))
    await bot.set_my_commands([plain, admin], scope=BotCommandScopeChatMember(platform.group.id, mia(platform)))
    seen = platform.world.menus.seen_by
    private = platform.world.private
    assert [each["command"] for each in seen(platform.person(), private(platform.person()))] == ["new", "allow"]
    assert [each["command"] for each in seen(platform.person(), platform.group)] == ["new", "allow"]
    assert [each["description"] for each in seen(tom, private(tom))] == ["重新开始"]
    assert list(await bot.get_my_commands(language_code="zh")) == [chinese]
    assert await bot.get_my_commands(scope=BotCommandScopeAllPrivateChats()) == ()
    await bot.delete_my_commands(scope=BotCommandScopeChat(mia(platform)))
    assert [each["command"] for each in seen(platform.person(), private(platform.person()))] == ["new"]
    for wrong in ({"language_code": "zh-CN"}, {"scope": BotCommandScopeChat(4711)}):
        with pytest.raises(BadRequest):
            await bot.set_my_commands([plain], **wrong)
    with refuses("Bot_command_invalid"):
        await bot.set_my_commands([("New!", "x")])


async def test_chats_and_members(platform: TelegramPlatform, bot: Bot) -> None:
    assert (await bot.get_chat(mia(platform))).first_name == "Mia"
    assert (await bot.get_chat(platform.group.id)).is_forum
    assert (await bot.get_chat_member(platform.group.id, mia(platform))).status == "creator"
    assert (await bot.get_chat_member(platform.group.id, bot.id)).status == "member"
    assert (await bot.get_chat_member(platform.group.id, platform.person("tom").id)).status == "left"
    platform.crowd.stand(platform.group, platform.person(), "administrator")
    admins = await bot.get_chat_administrators(platform.group.id)
    assert {admin.user.id for admin in admins} == {mia(platform), bot.id}
