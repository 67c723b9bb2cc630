"""Files that people send: what a message says of them at once, and how they are fetched later, from Discord alone."""

from __future__ import annotations

from contextlib import aclosing

import pytest

from bridge.channel import Channel
from bridge.errors import Gone, Refused
from bridge.types import Attachment
from tests.discord_channel.harness import listening, opened
from tests.emulators.discord import DiscordPlatform
from tests.emulators.discord.cdn import VOICE_MESSAGE
from tests.platform import SharedFile

PHOTO = SharedFile("image", "cat.png", "image/png", bytes(range(256)) * 1000)
REPORT = SharedFile("file", "notes.txt", "text/plain; charset=utf-8", "你好".encode())
VOICE = SharedFile("audio", "voice-message.ogg", "audio/ogg", b"OggS")


async def content(channel: Channel, attachment: Attachment) -> bytes:
    return b"".join([chunk async for chunk in channel.fetch(attachment)])


async def test_what_comes_with_a_message_is_told_and_fetched() -> None:
    async with DiscordPlatform() as platform, listening(platform) as (channel, recorder):
        await platform.say("look", files=[PHOTO, REPORT])
        await platform.say("", files=[VOICE], flags=VOICE_MESSAGE)
        await recorder.receives("look", "")
        photo, report, voice = (each for message in recorder.said for each in message.attachments)
        assert (photo.kind, photo.name, photo.mime, photo.size) == ("image", "cat.png", "image/png", 256_000)
        assert (report.kind, report.name, report.mime, report.size) == ("file", "notes.txt", "text/plain", 6)
        assert (voice.kind, voice.mime, voice.seconds) == ("audio", "audio/ogg", 2.5)
        for attachment, sent in ((photo, PHOTO), (report, REPORT), (voice, VOICE)):
            assert await content(channel, attachment) == sent.content


@pytest.mark.parametrize("place", ["direct", "group", "topic"])
async def test_a_file_is_fetched_days_later_by_another_process(place: str) -> None:
    async with DiscordPlatform() as platform:
        async with listening(platform) as (_, recorder):
            await platform.say("look", files=[PHOTO], place=place, mention=place != "direct")
            await recorder.receives("look")
            [attachment] = recorder.said[0].attachments
        platform.world.cdn.expire_links()
        async with opened(platform) as channel:
            assert await content(channel, attachment) == PHOTO.content


async def test_a_large_file_comes_in_pieces_and_can_be_left() -> None:
    async with DiscordPlatform() as platform, listening(platform) as (channel, recorder):
        await platform.say("look", files=[PHOTO])
        await recorder.receives("look")
        [attachment] = recorder.said[0].attachments
        async with aclosing(channel.fetch(attachment)) as pieces:
            first = await anext(pieces)
        assert 0 < len(first) < len(PHOTO.content) and PHOTO.content.startswith(first)
        assert await content(channel, attachment) == PHOTO.content


async def test_a_forwarded_file_can_be_fetched() -> None:
    async with DiscordPlatform() as platform, listening(platform) as (channel, recorder):
        await platform.say("from afar", forwarded=True, files=[PHOTO])
        await recorder.receives("")
        [message] = recorder.said
        assert (message.forwarded, message.quoted) == (True, "from afar")
        assert await content(channel, message.attachments[0]) == PHOTO.content


async def test_a_forwarded_message_that_is_replied_to_is_quoted() -> None:
    async with DiscordPlatform() as platform, listening(platform) as (channel, recorder):
        forwarded = await platform.say("from afar", forwarded=True, files=[PHOTO])
        await platform.say("what is it?", reply_to=forwarded)
        await recorder.receives("", "what is it?")
        message = recorder.said[1]
        assert (message.forwarded, message.quoted) == (False, "from afar")
        [attachment] = message.attachments
        assert attachment.quoted
        assert await content(channel, attachment) == PHOTO.content


async def test_a_file_keeps_the_name_that_its_sender_gave_it() -> None:
    async with DiscordPlatform() as platform, listening(platform) as (_, recorder):
        file = {"id": "7", "size": 1, "url": "http://127.0.0.1/7", "proxy_url": "http://127.0.0.1/7"}
        await platform.say(
            "look", attachments=[{**file, "filename": "_.pdf", "title": "报告"}, {**file, "filename": "raw"}]
        )
        await recorder.receives("look")
        assert [each.name for each in recorder.said[0].attachments] == ["报告.pdf", "raw"]


async def test_a_file_whose_message_is_gone_is_gone() -> None:
    async with DiscordPlatform() as platform, listening(platform) as (channel, recorder):
        first = await platform.say("one", files=[PHOTO])
        second = await platform.say("two", files=[PHOTO])
        await recorder.receives("one", "two")
        await platform.delete(first)
        platform.world.messages[second].payload["attachments"] = []  # taken out of its message
        for message in recorder.said:
            with pytest.raises(Gone):
                await content(channel, message.attachments[0])


async def test_files_come_from_discord_and_from_nowhere_else() -> None:
    async with DiscordPlatform() as platform, DiscordPlatform() as other, listening(platform) as (channel, recorder):
        platform.world.cdn.elsewhere = f"http://127.0.0.1:{other.port}"
        await platform.say("look", files=[PHOTO])
        await recorder.receives("look")
        with pytest.raises(Refused):
            await content(channel, recorder.said[0].attachments[0])
        assert other.world.cdn.downloads == platform.world.cdn.downloads == []


@pytest.mark.parametrize("format", [1, 2])
async def test_a_sticker_in_png_or_apng_is_fetched(format: int) -> None:
    async with DiscordPlatform() as platform, listening(platform) as (channel, recorder):
        told = platform.world.cdn.sticker("wave", b"\x89PNG")
        await platform.say("", sticker_items=[told | {"format_type": format}])
        await recorder.receives("")
        [sticker] = recorder.said[0].attachments
        assert (sticker.kind, sticker.name, sticker.mime) == ("sticker", "wave", "image/png")
        assert await content(channel, sticker) == b"\x89PNG"


@pytest.mark.parametrize("format", [3, 4, 9])
async def test_a_sticker_that_moves_is_told_by_its_name(format: int) -> None:
    async with DiscordPlatform() as platform, listening(platform) as (channel, recorder):
        await platform.say("", sticker_items=[{"id": "7", "name": "wave", "format_type": format}])
        await recorder.receives("")
        [sticker] = recorder.said[0].attachments
        assert (sticker.kind, sticker.name, sticker.ref) == ("sticker", "wave", "")
        with pytest.raises(Refused):
            await content(channel, sticker)
