"""The Telegram emulator, driven by the real python-telegram-bot: what it lets a bot write, and what it refuses."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import aiohttp
import pytest
from telegram import (
    Bot,
    LinkPreviewOptions,
    MessageEntity,
    ReplyParameters,
)
from telegram.error import (
    BadRequest,
    ChatMigrated,
    EndPointNotFound,
    Forbidden,
    InvalidToken,
)

from tests.emulators.telegram import TelegramPlatform
from tests.platform import Platform
from tests.telegram_emulator.client import bot_at, keys, mia, post, refuses, updates


def test_is_a_stage() -> None:
    platform: Platform = TelegramPlatform()
    assert platform.environment()["TELEGRAM_TOKEN"] in platform.secrets
    assert platform.chat("topic").whole == platform.chat("group") and platform.chat().direct


# -- the wire


async def test_arguments_come_in_every_way_and_names_in_any_case(platform: TelegramPlatform) -> None:
    call = f"bot{platform.server.token}/SENDmessage"
    wanted = {"chat_id": str(mia(platform)), "text": "hi"}
    form = aiohttp.FormData(wanted)
    form.add_field("unused", b"file", filename="f.bin")
    for how in (
        {"params": wanted},
        {"data": wanted},
        {"json": {"chat_id": mia(platform), "text": "hi"}},
        {"data": form},
    ):
        status, body, answer = await post(platform, call, **how)
        assert status == 200 and body["ok"] and body["result"]["text"] == "hi"
        assert answer.headers["Content-Type"] == "application/json"
    assert [bubble.text for bubble in platform.bubbles()] == ["hi"] * 4


async def test_an_error_body_has_its_status_twice(platform: TelegramPlatform) -> None:
    for path, status, description in (
        (f"bot{platform.server.token}/sendTelepathy", 404, "Not Found: method not found"),
        ("bot1:wrong/getMe", 401, "Unauthorized"),
        ("botwrong/getMe", 401, "Unauthorized: invalid token specified"),
        ("getMe", 404, "Not Found"),
        (f"bot{platform.server.token}/sendMessage?text=a", 400, "Bad Request: chat_id is empty"),
        (f"bot{platform.server.token}/sendMessage?chat_id=5&text=a", 400, "Bad Request: chat not found"),
        (f"bot{platform.server.token}/sendMessage?chat_id={mia(platform)}", 400, "Bad Request: message text is empty"),
    ):
        got, body, _ = await post(platform, path)
        assert (got, body) == (status, {"ok": False, "error_code": status, "description": description})


async def test_the_bot_knows_itself_and_not_under_another_token(platform: TelegramPlatform, bot: Bot) -> None:
    me = await bot.get_me()
    assert me.username == "cherry_test_bot" and me.is_bot and me.can_read_all_group_messages
    with pytest.raises(InvalidToken):
        async with bot_at(platform, "42:not-the-token"):
            pass
    with pytest.raises(EndPointNotFound):
        await bot.do_api_request("sendRichMessage", api_kwargs={"chat_id": 1})


# -- texts


async def test_a_text_is_cleaned_and_its_entities_move_along(platform: TelegramPlatform, bot: Bot) -> None:
    text = "\n\t a\r\n😀 code\t\n  "
    at = len("\n\t a\r\n") + 3
    sent = await bot.send_message(mia(platform), text, entities=[MessageEntity("pre", at, 4, language="py")])
    assert sent.text == "a\n😀 code"
    assert [(e.type, e.offset, e.length, e.language) for e in sent.entities] == [("pre", 5, 4, "py")]
    assert platform.bubbles()[0].code == ["code"]


async def test_length_is_counted_in_code_points_after_trimming(platform: TelegramPlatform, bot: Bot) -> None:
    await bot.send_message(mia(platform), "😀" * 4096 + "   ")
    with refuses("Message is too long"):
        await bot.send_message(mia(platform), "x" * 4097)
    sent = await bot.send_message(mia(platform), "short")
    with refuses("Message_too_long"):
        await sent.edit_text("x" * 4097)
    with refuses("Text is too long"):
        await bot.send_message(mia(platform), "字" * 11_000)
    with refuses("Text must be non-empty"):
        await bot.send_message(mia(platform), " \n\t ")


@pytest.mark.parametrize(
    ("entity", "reason"),
    [
        ({"type": "bold", "offset": 0, "length": 4}, "ends after the end of the text at utf-16 offset 4"),
        ({"type": "bold", "offset": 1, "length": 1}, "begins in a middle of a utf-16 symbol at byte offset 0"),
        ({"type": "bold", "offset": 0, "length": 1}, "ends in a middle of a utf-16 symbol at byte offset 0"),
        ({"type": "bold", "offset": 9, "length": 1}, "begins after the end of the text at utf-16 offset 9"),
        ({"type": "glitter", "offset": 0, "length": 2}, "can't parse messageentity: unsupported type specified"),
        ({"type": "bold", "offset": 0}, "can't parse messageentity: can't find field"),
    ],
)
async def test_entities_out_of_bounds(
    platform: TelegramPlatform, bot: Bot, entity: dict[str, Any], reason: str
) -> None:
    with pytest.raises(BadRequest) as refused:
        await bot.send_message(mia(platform), "😀a", api_kwargs={"entities": json.dumps([entity])})
    assert reason in refused.value.message.lower()


async def test_too_many_entities_are_dropped_too_many_bytes_refused(platform: TelegramPlatform, bot: Bot) -> None:
    bold = [MessageEntity("bold", 2 * n, 1) for n in range(120)]
    sent = await bot.send_message(mia(platform), "a " * 120, entities=bold)
    assert len(sent.entities) == 100
    links = [MessageEntity("text_link", 2 * n, 1, url="https://example.org/" + "x" * 90) for n in range(80)]
    with refuses("Entities_too_long"):
        await bot.send_message(mia(platform), "a " * 80, entities=links)


async def test_crossing_entities_are_repaired(platform: TelegramPlatform, bot: Bot) -> None:
    sent = await bot.send_message(
        mia(platform),
        "one two three",
        entities=[MessageEntity("bold", 0, 7), MessageEntity("italic", 4, 9), MessageEntity("code", 4, 3)],
    )
    assert [(e.type, e.offset, e.length) for e in sent.entities] == [
        ("bold", 0, 4),
        ("code", 4, 3),
        ("italic", 7, 6),
    ]


async def test_what_nobody_marked_is_found(platform: TelegramPlatform, bot: Bot) -> None:
    text = "😀 @mia see https://example.org/a_b. #now /help@cherry_test_bot me@example.org and/or a/b @x"
    wanted = ["@mia", "https://example.org/a_b", "#now", "/help@cherry_test_bot", "me@example.org"]
    sent = await bot.send_message(mia(platform), text)
    assert [sent.parse_entity(entity) for entity in sent.entities] == wanted
    await platform.say(text)
    heard = (await updates(bot))[0].message
    assert heard is not None and list(heard.parse_entities().values()) == wanted
    coded = await bot.send_message(mia(platform), "@mia", entities=[MessageEntity("code", 0, 4)])
    assert [entity.type for entity in coded.entities] == ["code"]


async def test_parse_mode_is_refused_and_remembered(platform: TelegramPlatform, bot: Bot) -> None:
    with refuses("Unsupported parse_mode"):
        await bot.send_message(mia(platform), "*a*", parse_mode="MarkdownV2")
    assert platform.world.parse_modes == ["MarkdownV2"]


# -- edits


async def test_an_edit_must_change_something(platform: TelegramPlatform, bot: Bot) -> None:
    sent = await bot.send_message(mia(platform), "a", reply_markup=keys())
    with refuses("Message is not modified: specified new message content and reply markup"):
        await sent.edit_text("a  ", reply_markup=keys())
    await sent.edit_text("a")
    await sent.edit_text("a", entities=[MessageEntity("bold", 0, 1)])
    await sent.edit_reply_markup(keys())
    with refuses("not modified"):
        await sent.edit_reply_markup(keys())
    await sent.edit_text("a b", link_preview_options=LinkPreviewOptions(is_disabled=True))
    (bubble,) = platform.bubbles()
    assert [text for _, text in bubble.writes] == ["a", "a", "a", "a b"] and bubble.buttons == []
    times = [at for at, _ in bubble.writes]
    assert times == sorted(times) and times[-1] <= asyncio.get_running_loop().time()
    message = platform.world.rooms[mia(platform)].messages[sent.message_id]
    assert [write.preview_disabled for write in message.writes] == [False, False, False, True]


async def test_only_our_own_texts_can_be_edited(platform: TelegramPlatform, bot: Bot) -> None:
    theirs = int(await platform.say("mine"))
    for id, reason in ((theirs, "^Message can't be edited$"), (4711, "^Message to edit not found$")):
        with pytest.raises(BadRequest, match=reason):
            await bot.edit_message_text("x", chat_id=mia(platform), message_id=id)
    sent = await bot.send_message(mia(platform), "a")
    await bot.delete_message(mia(platform), sent.message_id)
    assert platform.bubbles() == []
    with refuses("Message to edit not found"):
        await sent.edit_text("b")
    with refuses("Message to delete not found"):
        await sent.delete()
    assert await bot.delete_messages(mia(platform), [sent.message_id, theirs])
    in_group = int(await platform.say("mine", place="group"))
    with refuses("Message can't be deleted"):
        await bot.delete_message(platform.group.id, in_group)


async def test_buttons_are_measured(platform: TelegramPlatform, bot: Bot) -> None:
    await bot.send_message(mia(platform), "a", reply_markup=keys(data="模" * 21))
    with refuses("Button_data_invalid"):
        await bot.send_message(mia(platform), "a", reply_markup=keys(data="模" * 22))
    with refuses("text buttons are unallowed"):
        await bot.send_message(mia(platform), "a", api_kwargs={"reply_markup": '{"inline_keyboard":[[{"text":"a"}]]}'})


# -- where it goes


async def test_replies_need_their_target(platform: TelegramPlatform, bot: Bot) -> None:
    asked = await platform.say("why?")
    await bot.send_message(mia(platform), "so", reply_parameters=ReplyParameters(int(asked), quote="why"))
    assert platform.bubbles()[0].reply_to == asked
    gone = ReplyParameters(99)
    with refuses("Message to be replied not found"):
        await bot.send_message(mia(platform), "so", reply_parameters=gone)
    gone = ReplyParameters(99, allow_sending_without_reply=True)
    assert (await bot.send_message(mia(platform), "so", reply_parameters=gone)).reply_to_message is None


async def test_topics_and_reply_threads(platform: TelegramPlatform, bot: Bot) -> None:
    asked = await platform.say("@cherry_test_bot soup?", place="topic")
    plain = await platform.say("bread?", place="group")
    await platform.say("yes, bread", place="group", who="tom", reply_to=plain)
    soup, bread, yes = [update.message for update in await updates(bot)]
    assert soup and bread and yes
    assert (soup.message_thread_id, soup.is_topic_message) == (platform.topic, True)
    assert soup.reply_to_message and soup.reply_to_message.forum_topic_created
    assert (bread.message_thread_id, bread.is_topic_message) == (None, None)
    assert (yes.message_thread_id, yes.is_topic_message) == (int(plain), None)

    await bot.send_message(platform.group.id, "leek", message_thread_id=platform.topic)
    await bot.send_message(platform.group.id, "rye", reply_parameters=ReplyParameters(int(plain)))
    await bot.send_message(platform.group.id, "salt", reply_parameters=ReplyParameters(int(asked)))
    assert [(b.text, b.reply_to) for b in platform.bubbles("topic")] == [("leek", ""), ("salt", asked)]
    assert [(b.text, b.reply_to) for b in platform.bubbles("group")] == [("rye", plain)]
    for thread in (1, 4711):
        with refuses("Message thread not found"):
            await bot.send_message(platform.group.id, "x", message_thread_id=thread)
    await bot.send_chat_action(platform.group.id, "typing", message_thread_id=platform.topic)
    await bot.send_chat_action(platform.group.id, "typing")
    assert (platform.typing("topic"), platform.typing("group"), platform.typing()) == (1, 1, 0)


async def test_private_chats_share_message_ids_supergroups_do_not(platform: TelegramPlatform) -> None:
    first, second = int(await platform.say("a")), int(await platform.say("b", who="tom"))
    assert second == first + 1
    assert int(await platform.say("d", place="group")) + 1 == int(await platform.say("d", place="topic"))


async def test_a_group_that_became_a_supergroup(platform: TelegramPlatform, bot: Bot) -> None:
    group = platform.world.open_room("group", "Small")
    platform.crowd.say(platform.person(), group, "hello")
    sent = await bot.send_message(group.id, "hello")
    new = platform.crowd.migrate(group, platform.person())
    _, there, here = [update.message for update in await updates(bot)]
    assert there and here
    assert (there.chat_id, there.migrate_to_chat_id) == (group.id, new.id)
    assert (here.chat_id, here.migrate_from_chat_id) == (new.id, group.id)
    with pytest.raises(ChatMigrated) as moved:
        await sent.edit_text("again")
    assert moved.value.new_chat_id == new.id
    with refuses("Message to edit not found"):
        await bot.edit_message_text("again", chat_id=new.id, message_id=sent.message_id)


async def test_blocked_kicked_and_never_met(platform: TelegramPlatform, bot: Bot) -> None:
    platform.crowd.block(platform.person())
    platform.crowd.stand(platform.group, platform.person(), "kicked")
    blocked, kicked = [update.my_chat_member for update in await updates(bot)]
    assert blocked and blocked.new_chat_member.status == "kicked" and blocked.chat.id == mia(platform)
    assert kicked and kicked.old_chat_member.status == "member" and kicked.chat.id == platform.group.id
    stranger = platform.crowd.person("Nobody")
    platform.world.private(stranger)
    for chat, reason in (
        (mia(platform), "bot was blocked by the user"),
        (platform.group.id, "bot was kicked from the supergroup chat"),
        (stranger.id, "bot can't initiate conversation with a user"),
    ):
        with pytest.raises(Forbidden, match=f"^Forbidden: {reason}$"):
            await bot.send_message(chat, "x")
    await platform.say("I am back")
    assert (await bot.send_message(mia(platform), "x")).text == "x"


async def test_drafts_are_for_people(platform: TelegramPlatform, bot: Bot) -> None:
    assert await bot.send_message_draft(mia(platform), 1, "")
    assert await bot.send_message_draft(mia(platform), 1, "so far")
    assert [draft.write.text for draft in platform.world.drafts] == ["", "so far"]
    with refuses("Textdraft_peer_invalid"):
        await bot.send_message_draft(platform.group.id, 1, "x")
    with pytest.raises(BadRequest):
        await bot.send_message_draft(mia(platform), 0, "x")
