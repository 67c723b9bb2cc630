"""The Telegram emulator, driven by the real python-telegram-bot: what files it takes from a bot, and what it gives."""

from __future__ import annotations

import asyncio

import pytest
from telegram import Bot, InputMediaAudio, InputMediaDocument, InputMediaPhoto, MessageEntity
from telegram.error import BadRequest, InvalidToken, NetworkError

from tests.emulators.telegram import Rules, TelegramPlatform
from tests.platform import SharedFile
from tests.telegram.pictures import png
from tests.telegram_emulator.client import bot_at, keys, mia, post, refuses, updates

PICTURE = png(3, 2)


async def test_each_method_takes_its_upload(platform: TelegramPlatform, bot: Bot) -> None:
    photo = await bot.send_photo(mia(platform), PICTURE, caption="two", reply_markup=keys())
    assert [(size.width, size.height) for size in photo.photo] == [(3, 2)]
    await bot.send_audio(mia(platform), b"mp3", filename="song.mp3")
    await bot.send_voice(mia(platform), b"OggS")
    sent = await bot.send_document(mia(platform), b"words", filename="a.txt")
    assert sent.document
    again = await bot.send_document(mia(platform), sent.document.file_id)
    assert again.document and again.document.file_id == sent.document.file_id
    assert [[file.kind for file in bubble.files] for bubble in platform.bubbles()] == [
        ["image"],
        ["audio"],
        ["audio"],
        ["file"],
        ["file"],
    ]
    assert (platform.bubbles()[0].files[0].caption, platform.bubbles()[0].buttons) == ("two", ["Stop"])
    status, body, _ = await post(platform, f"bot{platform.server.token}/sendPhoto", json={"chat_id": mia(platform)})
    assert (status, body["description"]) == (400, "Bad Request: there is no photo in the request")


async def test_an_album_is_of_one_kind_and_ten(platform: TelegramPlatform, bot: Bot) -> None:
    photos = [InputMediaPhoto(PICTURE, caption=str(number)) for number in range(10)]
    sent = await bot.send_media_group(mia(platform), photos)
    assert len({message.media_group_id for message in sent}) == 1
    (bubble,) = platform.bubbles()
    assert [file.caption for file in bubble.files] == [str(number) for number in range(10)]
    with refuses("Too many messages to send as an album"):
        await bot.send_media_group(mia(platform), [*photos, photos[0]])
    for other, kind in ((InputMediaDocument(b"a"), "Document"), (InputMediaAudio(b"a"), "Audio")):
        with refuses(f"{kind} can't be mixed with other media types"):
            await bot.send_media_group(mia(platform), [photos[0], other])
    with refuses("not modified"):
        await bot.edit_message_reply_markup(mia(platform), sent[0].message_id, reply_markup=keys())
    assert await bot.delete_messages(mia(platform), [message.message_id for message in sent])
    assert platform.bubbles() == []


async def test_pictures_and_captions_are_measured(platform: TelegramPlatform, bot: Bot) -> None:
    for width, height in ((9_999, 2), (21, 1), (5_001, 5_000)):
        with refuses("Photo_invalid_dimensions"):
            await bot.send_photo(mia(platform), png(width, height))
    with refuses("Image_process_failed"):
        await bot.send_photo(mia(platform), b"no picture")
    with refuses("is too big for a photo; the maximum size is 10485760 bytes"):
        await bot.send_photo(mia(platform), PICTURE + bytes(10 << 20))
    await bot.send_photo(mia(platform), PICTURE, caption="🍒" * 1024)
    with refuses("Message caption is too long"):
        await bot.send_photo(mia(platform), PICTURE, caption="x" * 1025)
    with pytest.raises(NetworkError, match="Request Entity Too Large"):
        await bot.send_document(mia(platform), bytes(50_000_001))
    with refuses('Failed to send message #2 with the error message "photo_invalid_dimensions"'):
        await bot.send_media_group(mia(platform), [InputMediaPhoto(PICTURE), InputMediaPhoto(png(21, 1))])


async def test_captions_and_texts_are_edited_apart(platform: TelegramPlatform, bot: Bot) -> None:
    photo = await bot.send_photo(mia(platform), PICTURE, caption="a")
    text = await bot.send_message(mia(platform), "a")
    await photo.edit_caption("b")
    assert platform.bubbles()[0].files[0].caption == "b"
    with refuses("not modified"):
        await photo.edit_caption("b")
    with refuses("There is no text in the message to edit"):
        await photo.edit_text("c")
    with refuses("There is no caption in the message to edit"):
        await text.edit_caption("c")
    theirs = int(await platform.say("", files=[SharedFile("image", "", "image/jpeg", b"jpeg")]))
    with pytest.raises(BadRequest, match="can't be edited"):
        await bot.edit_message_caption(mia(platform), theirs, caption="")


async def test_a_file_path_expires_and_is_given_anew() -> None:
    async with TelegramPlatform(Rules(file_life=0.3)) as platform, bot_at(platform) as bot:
        await platform.say("read", files=[SharedFile("file", "a.txt", "text/plain", b"words")])
        message = (await updates(bot))[0].message
        assert message and message.document and message.caption == "read"
        file = await bot.get_file(message.document.file_id)
        assert bytes(await file.download_as_bytearray()) == b"words"
        await asyncio.sleep(0.4)
        with pytest.raises(InvalidToken):
            await file.download_as_bytearray()
        file = await bot.get_file(message.document.file_id)
        assert bytes(await file.download_as_bytearray()) == b"words"


async def test_a_folded_quote_is_the_aside(platform: TelegramPlatform, bot: Bot) -> None:
    entities = [MessageEntity("expandable_blockquote", 0, 3), MessageEntity("pre", 4, 3)]
    await bot.send_message(mia(platform), "why\nyes", entities=entities)
    (bubble,) = platform.bubbles()
    assert (bubble.aside, bubble.text, bubble.code) == ("why", "yes", ["yes"])


async def test_what_people_delete_is_told_to_no_bot(platform: TelegramPlatform) -> None:
    with pytest.raises(LookupError):
        await platform.delete(await platform.say("never mind"))


async def test_an_album_counts_as_its_messages() -> None:
    async with TelegramPlatform(Rules(chat_burst=4, chat_every=60.0)) as platform, bot_at(platform) as bot:
        await bot.send_media_group(mia(platform), [InputMediaPhoto(PICTURE)] * 4)
        assert platform.refusals == 0
        call = f"bot{platform.server.token}/sendMessage"
        assert (await post(platform, call, json={"chat_id": mia(platform), "text": "x"}))[0] == 429
