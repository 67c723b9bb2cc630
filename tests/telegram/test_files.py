"""Files that the bot posts, and those that it fetches."""

from __future__ import annotations

import os
from contextlib import aclosing

import pytest

from bridge.channel import Channel
from bridge.errors import ChannelError, Gone, RateLimited, Refused
from bridge.types import Attachment, Body, BodyFile, Button, FileKind
from tests.emulators.telegram import Fault, Rules, TelegramPlatform
from tests.platform import SharedFile
from tests.telegram.conftest import Listening, Reopen, settings_for
from tests.telegram.kept import Kept
from tests.telegram.pictures import png


def picture(width: int = 3, height: int = 2, alt: str = "") -> BodyFile:
    return BodyFile.of("image", f"{width}x{height}.png", "image/png", png(width, height), alt)


def posts(platform: TelegramPlatform) -> list[str]:
    """The methods by which files were posted, refused ones too."""
    return [call.method for call in platform.server.calls if call.method.startswith("send")]


async def fetched(channel: Channel, attachment: Attachment) -> bytes:
    content = b""
    async for piece in channel.fetch(attachment):
        content += piece
    return content


async def test_a_picture_is_shown_with_its_caption(platform: TelegramPlatform, channel: Channel) -> None:
    asked = await platform.say("draw", place="topic")
    file = picture(alt="Two cherries, @mia")
    posted = await channel.post(platform.chat("topic"), Body(files=(file,)), key="a", reply_to=asked, final=True)
    (bubble,) = platform.bubbles("topic")
    assert (bubble.id, bubble.reply_to, bubble.text) == (posted.ref, asked, "")
    (shown,) = bubble.files
    assert (shown.kind, shown.content, shown.caption) == ("image", file.content, "Two cherries, @\u2060mia")


@pytest.mark.parametrize(
    ("kind", "name", "mime", "method", "shown"),
    [
        ("audio", "song.mp3", "audio/mpeg", "sendaudio", "audio"),
        ("audio", "said.ogg", "audio/ogg", "sendvoice", "audio"),
        ("audio", "raw.wav", "audio/wav", "senddocument", "file"),
        ("file", "résumé 1.pdf", "application/pdf", "senddocument", "file"),
    ],
)
async def test_each_kind_goes_out_as_what_plays_it(
    platform: TelegramPlatform, channel: Channel, kind: FileKind, name: str, mime: str, method: str, shown: str
) -> None:
    file = BodyFile.of(kind, name, mime, b"content")
    await channel.post(platform.chat(), Body(files=(file,)), key="a", final=True)
    assert posts(platform) == [method]
    assert platform.bubbles()[0].files == [SharedFile(shown, name, mime, b"content")]


async def test_an_album_is_one_message_and_goes_as_one(platform: TelegramPlatform, reopen: Reopen) -> None:
    files = tuple(picture(width, alt=f"number {width}") for width in range(1, 11))
    async with reopen() as bot:
        posted = await bot.channel.post(platform.chat(), Body(files=files), key="a", final=True)
    assert posts(platform) == ["sendmediagroup"]
    (bubble,) = platform.bubbles()
    assert bubble.id == posted.ref
    assert "\t" not in posted.ref
    assert [file.content for file in bubble.files] == [file.content for file in files]
    assert bubble.files[9].caption == "number 10"
    async with reopen() as bot:
        await bot.channel.posted(platform.chat(), posted.ref).delete()
    assert platform.bubbles() == []


async def test_files_of_several_kinds_are_an_album_of_documents(platform: TelegramPlatform, channel: Channel) -> None:
    text = BodyFile.of("file", "a.txt", "text/plain", b"a")
    await channel.post(platform.chat(), Body(files=(picture(), text)), key="a", final=True)
    voices = tuple(BodyFile.of("audio", f"{n}.ogg", "audio/ogg", bytes([n])) for n in range(2))
    await channel.post(platform.chat(), Body(files=voices), key="b", final=True)
    assert [[file.kind for file in bubble.files] for bubble in platform.bubbles()] == [["file", "file"]] * 2
    assert posts(platform) == ["sendmediagroup"] * 2


@pytest.mark.parametrize("size", [(10_000, 1), (6_000, 5_000), (41, 2)])
async def test_a_picture_of_odd_shape_is_a_document(
    platform: TelegramPlatform, channel: Channel, size: tuple[int, int]
) -> None:
    file = picture(*size)
    await channel.post(platform.chat(), Body(files=(file,)), key="a", final=True)
    (bubble,) = platform.bubbles()
    assert [(shown.kind, shown.name, shown.content) for shown in bubble.files] == [("file", file.name, file.content)]


async def test_a_picture_too_large_for_a_photo_is_a_document(platform: TelegramPlatform, channel: Channel) -> None:
    file = BodyFile.of("image", "large.png", "image/png", png(2, 2) + os.urandom(10 << 20))
    await channel.post(platform.chat(), Body(files=(file,)), key="a", final=True)
    assert posts(platform) == ["senddocument"], "it need not be tried"
    assert platform.bubbles()[0].files[0].content == file.content


async def test_an_album_with_one_odd_picture_stands_once(platform: TelegramPlatform, channel: Channel) -> None:
    await platform.say("draw")
    await channel.post(platform.chat(), Body("a word"), key="w", final=True)
    files = (picture(1), picture(9_000, 1), picture(2))
    posted = await channel.post(platform.chat(), Body(files=files), key="a", final=True)
    word, album = platform.bubbles()
    assert (word.text, album.id) == ("a word", posted.ref)
    assert [file.content for file in album.files] == [file.content for file in files]


async def test_a_person_who_takes_no_voice_gets_a_document(platform: TelegramPlatform, channel: Channel) -> None:
    platform.server.faults.plan(Fault.error(400, "Bad Request: VOICE_MESSAGES_FORBIDDEN"), methods=["sendVoice"])
    file = BodyFile.of("audio", "said.ogg", "audio/ogg", b"OggS")
    await channel.post(platform.chat(), Body(files=(file,)), key="a", final=True)
    assert platform.bubbles()[0].files[0].kind == "file"


async def test_a_long_caption_is_cut(platform: TelegramPlatform, channel: Channel) -> None:
    await channel.post(platform.chat(), Body(files=(picture(alt="🍒" * 2000),)), key="a", final=True)
    assert platform.bubbles()[0].files[0].caption == "🍒" * 1023 + "…"


async def test_buttons_of_a_picture_change(platform: TelegramPlatform, channel: Channel) -> None:
    again = Button("Again", "/again")
    posted = await channel.post(platform.chat(), Body(files=(picture(),), buttons=(again,)), key="a", final=True)
    assert platform.bubbles()[0].buttons == ["Again"]
    await posted.edit(Body(files=(picture(),)), final=True)
    (bubble,) = platform.bubbles()
    assert (bubble.buttons, len(bubble.files)) == ([], 1)
    await channel.posted(platform.chat(), posted.ref).edit(Body(files=(picture(),)), final=True)
    with pytest.raises(Gone):
        await posted.edit(Body("words"), final=True)


async def test_an_album_has_no_buttons_and_stays(platform: TelegramPlatform, channel: Channel) -> None:
    body = Body(files=(picture(1), picture(2)), buttons=(Button("Again", "/again"),))
    posted = await channel.post(platform.chat(), body, key="a", final=True)
    await channel.posted(platform.chat(), posted.ref).edit(body, final=True)
    assert [(bubble.buttons, len(bubble.files)) for bubble in platform.bubbles()] == [([], 2)]


async def test_what_nobody_takes_is_refused(platform: TelegramPlatform, channel: Channel) -> None:
    platform.server.faults.plan(Fault.error(400, "Bad Request: not enough rights to send photos to the chat"))
    with pytest.raises(Refused, match="not enough rights"):
        await channel.post(platform.chat(), Body(files=(picture(),)), key="a", final=True)
    assert posts(platform) == ["sendphoto"], "as a document it would be refused as well"
    large = BodyFile.of("file", "large.bin", "application/octet-stream", bytes(50_000_001))
    with pytest.raises(Refused, match="too large"):
        await channel.post(platform.chat(), Body(files=(large,)), key="b", final=True)
    platform.server.faults.plan(
        Fault.error(
            400, 'Bad Request: failed to send message #1 with the error message "Too Many Requests: retry after 8"'
        )
    )
    with pytest.raises(RateLimited, match="8 s"):
        await channel.post(platform.chat(), Body(files=(picture(1), picture(2))), key="c", final=True)


def test_limits_say_which_files(channel: Channel, platform: TelegramPlatform) -> None:
    limits = channel.limits(platform.chat())
    assert dict(limits.files) == {"image": 50_000_000, "audio": 50_000_000, "file": 50_000_000}
    assert (limits.max_files, limits.max_caption, limits.max_command_bytes) == (10, 1024, 64)


# -- fetching


async def test_what_people_send_can_be_fetched_after_a_restart(platform: TelegramPlatform, reopen: Reopen) -> None:
    sent = [
        SharedFile("image", "", "image/jpeg", os.urandom(300_000)),
        SharedFile("audio", "", "audio/ogg", b"OggS"),
        SharedFile("file", "ü b.pdf", "application/pdf", b"%PDF"),
        SharedFile("video", "v.mp4", "video/mp4", b"mp4"),
        SharedFile("sticker", "", "image/webp", b"RIFF"),
    ]
    for file in sent:
        await platform.say("look", files=[file])
    async with reopen() as bot:
        got = [(await bot.next()).attachments[0] for _ in sent]
    assert [(each.kind, each.mime, each.size) for each in got] == [
        (file.kind, file.mime, len(file.content)) for file in sent
    ]
    assert got[2].name == "ü b.pdf"
    async with reopen() as bot:
        assert [await fetched(bot.channel, each) for each in got] == [file.content for file in sent]


async def test_an_album_of_people_is_fetched_in_order(platform: TelegramPlatform, bot: Listening) -> None:
    sent = [SharedFile("image", "", "image/jpeg", bytes([number])) for number in range(3)]
    await platform.say("three", files=sent)
    got = await bot.next()
    assert got.text == "three"
    assert [await fetched(bot.channel, each) for each in got.attachments] == [file.content for file in sent]


async def test_files_that_cannot_be_fetched(platform: TelegramPlatform, bot: Listening) -> None:
    person, room = platform.person(), platform.world.private(platform.person())
    platform.crowd.document(person, room, "big.bin", size=(20 << 20) + 1)
    big = (await bot.next()).attachments[0]
    assert big.size == (20 << 20) + 1
    with pytest.raises(Refused, match="too big"):
        await fetched(bot.channel, big)
    with pytest.raises(Gone):
        await fetched(bot.channel, Attachment("file", ref="AgACunknown"))
    with pytest.raises(Gone):
        await fetched(bot.channel, Attachment("other", "location"))


async def test_an_address_that_has_expired_is_gone(kept: Kept) -> None:
    async with (
        TelegramPlatform(Rules(file_life=-1.0)) as platform,
        settings_for(platform).open_channel(kept) as channel,
    ):
        bot = Listening(channel)
        await platform.say("", files=[SharedFile("file", "a", "text/plain", b"a")])
        attachment = (await bot.next()).attachments[0]
        with pytest.raises(Gone) as gone:
            await fetched(channel, attachment)
        assert platform.server.token not in f"{gone.value!r} {gone.value.__cause__!r} {gone.value.__context__!r}"


async def test_a_download_can_be_left_and_be_cut(platform: TelegramPlatform, bot: Listening) -> None:
    await platform.say("", files=[SharedFile("file", "a.bin", "", os.urandom(1 << 20))])
    attachment = (await bot.next()).attachments[0]
    pieces = bot.channel.fetch(attachment)
    assert hasattr(pieces, "aclose")
    async with aclosing(pieces):
        assert 0 < len(await anext(pieces)) <= 64 << 10
    platform.server.cut_downloads = 1
    with pytest.raises(ChannelError) as cut:
        await fetched(bot.channel, attachment)
    assert platform.server.token not in f"{cut.value!r} {cut.value.__cause__!r}"
    assert len(await fetched(bot.channel, attachment)) == 1 << 20
