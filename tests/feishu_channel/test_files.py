"""Pictures and files on Feishu: what people see of those that go out, and what can be read of those that come in."""

from __future__ import annotations

from contextlib import aclosing

import pytest

from bridge.channel import Channel
from bridge.errors import ChannelError, Gone, RateLimited, Refused, Unsure
from bridge.types import Attachment, Body, BodyFile, Button
from tests.emulators.feishu import Rules
from tests.feishu_channel.harness import Harness, running
from tests.feishu_channel.samples import opus, png
from tests.platform import SharedFile

PICTURE = BodyFile.of("image", "cat.png", "image/png", png())
REPORT = BodyFile.of("file", "report.pdf", "application/pdf", b"%PDF-1.7 report")
TABLE = BodyFile.of("file", "table.csv", "text/csv", b"a,b\n1,2\n")


def shown(harness: Harness, place: str = "direct") -> list[list[tuple[str, str, bytes, str]]]:
    """The files of each bubble: how people see them, their names, contents and captions."""
    return [
        [(file.kind, file.name, file.content, file.caption) for file in bubble.files]
        for bubble in harness.platform.bubbles(place)
    ]


async def read(channel: Channel, attachment: Attachment) -> bytes:
    return b"".join([piece async for piece in channel.fetch(attachment)])


async def test_a_picture_without_words_is_a_picture() -> None:
    async with running() as harness:
        channel = await harness.channel()
        asked = await harness.platform.say("a cat, please")
        await channel.post(harness.platform.chat(), Body(files=(PICTURE,)), key="k", reply_to=asked, final=True)
        assert shown(harness) == [[("image", "", PICTURE.content, "")]]
        (bubble,) = harness.platform.bubbles()
        assert bubble.reply_to == asked and harness.platform.tenant.messages[bubble.id].kind == "image"


async def test_pictures_stand_in_one_message_with_captions() -> None:
    async with running() as harness:
        channel = await harness.channel()
        limits = channel.limits(harness.platform.chat("topic"))
        pictures = [
            BodyFile.of("image", f"{n}.png", "image/png", png(n + 1), "😀" * limits.max_caption if n else "")
            for n in range(limits.max_files)
        ]
        await channel.post(harness.platform.chat("topic"), Body(files=tuple(pictures)), key="k", final=True)
        assert shown(harness, "topic") == [[("image", "", each.content, each.alt) for each in pictures]]
        assert harness.platform.bubbles("topic")[0].text == ""


async def test_a_caption_mentions_nobody() -> None:
    async with running() as harness:
        channel = await harness.channel()
        alt = '<at user_id="all"></at> **bold**'
        picture = BodyFile.of("image", "x.png", "image/png", png(), alt)
        await channel.post(harness.platform.chat(), Body(files=(picture,)), key="k", final=True)
        (bubble,) = harness.platform.bubbles()
        assert bubble.files[0].caption == alt
        assert harness.platform.tenant.messages[bubble.id].seen().called == []


@pytest.mark.parametrize(
    "picture",
    [
        BodyFile.of("image", "plan.svg", "image/svg+xml", b"<svg/>"),
        BodyFile.of("image", "map.png", "image/png", png(width=12_001)),
        BodyFile.of("image", "odd.png", "image/png", b"no picture at all"),
    ],
    ids=["format", "pixels", "content"],
)
async def test_what_feishu_cannot_show_is_a_file(picture: BodyFile) -> None:
    async with running() as harness:
        channel = await harness.channel()
        await channel.post(harness.platform.chat(), Body(files=(PICTURE, picture)), key="k", final=True)
        assert shown(harness) == [
            [("image", "", PICTURE.content, "")],
            [("file", picture.name, picture.content, "")],
        ]


async def test_each_file_is_a_message_and_all_go_together() -> None:
    async with running() as harness:
        channel, chat = await harness.channel(), harness.platform.chat("group")
        posted = await channel.post(chat, Body(files=(REPORT, TABLE)), key="k", final=True)
        assert shown(harness, "group") == [
            [("file", "report.pdf", REPORT.content, "")],
            [("file", "table.csv", TABLE.content, "")],
        ]
        types = [stored.kind for stored in harness.platform.tenant.stored.values()]
        assert types == ["pdf", "stream"]
        again = (await harness.channel()).posted(chat, posted.ref)
        await again.edit(Body("No.", (Button("a", "/a"),)), final=True)  # nothing about files can change
        assert len(shown(harness, "group")) == 2
        await again.delete()
        assert shown(harness, "group") == []
        await again.delete()


async def test_sound_is_a_voice_message_where_it_is_opus() -> None:
    async with running() as harness:
        channel, chat = await harness.channel(), harness.platform.chat()
        voice = BodyFile.of("audio", "", "audio/ogg", opus(2500))
        song = BodyFile.of("audio", "song.mp3", "audio/mpeg", b"ID3 song")
        await channel.post(chat, Body(files=(voice,)), key="a", final=True)
        await channel.post(chat, Body(files=(song,)), key="b", final=True)
        assert [[file[0] for file in files] for files in shown(harness)] == [["audio"], ["file"]]
        assert [stored.milliseconds for stored in harness.platform.tenant.stored.values()] == [2500, 0]


@pytest.mark.parametrize("body", [Body(files=(PICTURE,)), Body(files=(REPORT, TABLE))], ids=["picture", "files"])
@pytest.mark.parametrize("step", ["upload.image", "upload.file", "send"])
async def test_a_lost_answer_posts_no_file_twice(body: Body, step: str) -> None:
    async with running() as harness:
        channel, chat = await harness.channel(), harness.platform.chat()
        harness.platform.lose_answers(steps=(step,))
        try:
            await channel.post(chat, body, key="k", final=True)
        except Unsure:
            assert step == "send"
        except ChannelError:  # nobody has been sent what was only uploaded
            assert shown(harness) == []
        after = await harness.channel()  # as after a crash
        await after.post(chat, body, key="k", retry=True, final=True)
        assert [files[0][2] for files in shown(harness)] == [file.content for file in body.files]


async def test_a_flood_costs_no_second_upload() -> None:
    async with running() as harness:
        channel, chat = await harness.channel(), harness.platform.chat()
        harness.platform.fail("send", 230020)
        with pytest.raises(RateLimited):
            await channel.post(chat, Body(files=(PICTURE,)), key="k", final=True)
        await channel.post(chat, Body(files=(PICTURE,)), key="k", retry=True, final=True)
        assert harness.platform.count("upload.image") == 1 and len(shown(harness)) == 1


async def test_files_as_large_as_the_limits_say_go_out() -> None:
    async with running() as harness:
        channel, chat = await harness.channel(), harness.platform.chat()
        most = channel.limits(chat).files
        picture = png() + bytes(most["image"] - len(png()))
        for number, (kind, content) in enumerate([("image", picture), ("file", bytes(most["file"]))]):
            assert kind in ("image", "file")
            file = BodyFile.of("image" if kind == "image" else "file", "x.png", "image/png", content)
            await channel.post(chat, Body(files=(file,)), key=f"k{number}", final=True)
        assert [(files[0][0], len(files[0][2])) for files in shown(harness)] == [
            ("image", most["image"]),
            ("file", most["file"]),
        ]
        huge = BodyFile.of("file", "x", "", bytes(31 * 1024 * 1024))
        with pytest.raises(Refused, match="234006"):
            await channel.post(chat, Body(files=(huge,)), key="huge", final=True)


async def test_a_token_that_ends_between_does_no_harm() -> None:
    async with running() as harness:
        channel, chat = await harness.channel(), harness.platform.chat()
        id = await harness.platform.say("", files=[SharedFile("image", "", "image/png", PICTURE.content)])
        harness.platform.server.tokens.clear()
        await channel.post(chat, Body(files=(PICTURE,)), key="k", final=True)
        harness.platform.server.tokens.clear()
        key = harness.platform.tenant.messages[id].content["image_key"]
        assert await read(channel, Attachment("image", ref=f"{id}/{key}/image")) == PICTURE.content


@pytest.mark.parametrize(
    "file",
    [
        SharedFile("image", "", "image/png", png()),
        SharedFile("file", "data.json", "application/json", b'{"code": 1, "msg": "mine"}'),
        SharedFile("audio", "", "audio/ogg", opus(1500)),
        SharedFile("video", "b.mp4", "video/mp4", b"video" * 100_000),
    ],
    ids=["image", "file", "audio", "video"],
)
@pytest.mark.parametrize("text", ["", "look"])
async def test_what_people_share_can_be_read_after_a_restart(file: SharedFile, text: str) -> None:
    async with running() as harness:
        listener = await harness.listen(await harness.channel())
        await harness.platform.say(text, files=[file])
        heard = [await listener.said()]
        if text and file.kind in ("audio", "video"):
            heard.append(await listener.said())  # these have no words; people write them below
        (attachment,) = [each for said in heard for each in said.attachments]
        assert heard[-1].text == text and attachment.kind == file.kind
        assert (attachment.name, attachment.seconds) == (file.name, 1.5 if file.kind in ("audio", "video") else 0)
        assert await read(await harness.channel(), attachment) == file.content


async def test_pictures_inside_a_rich_text_can_be_read() -> None:
    async with running() as harness:
        channel = await harness.channel()
        listener = await harness.listen(channel)
        files = [SharedFile("image", "", "image/png", png(n)) for n in (1, 2)]
        await harness.platform.say("which one?", place="group", mention=True, files=files)
        heard = await listener.said()
        assert heard.text == "which one?" and heard.addressed
        assert [await read(channel, each) for each in heard.attachments] == [png(1), png(2)]


async def test_a_reader_who_has_enough_ends_the_download() -> None:
    async with running(Rules()) as harness:
        channel = await harness.channel()
        listener = await harness.listen(channel)
        size = 64 * 1024 * 1024
        await harness.platform.say("", files=[SharedFile("file", "big.bin", "", bytes(size))])
        (attachment,) = (await listener.said()).attachments
        pieces = channel.fetch(attachment)
        async with aclosing(pieces):
            async for piece in pieces:
                assert 0 < len(piece) < size
                break
        await harness.platform.say("still there?")
        assert (await listener.said()).text == "still there?"
        assert harness.platform.tenant.sent_bytes < size / 2


async def test_what_is_gone_or_cannot_be_had_says_so() -> None:
    async with running(Rules(download_bytes=10)) as harness:
        channel = await harness.channel()
        listener = await harness.listen(channel)
        await harness.platform.send("sticker", {"file_key": "f"})
        (sticker,) = (await listener.said()).attachments
        with pytest.raises(Refused):
            await read(channel, sticker)
        picture = await harness.platform.say("", files=[SharedFile("image", "", "image/png", png())])
        (attachment,) = (await listener.said()).attachments
        with pytest.raises(Refused, match="234037"):
            await read(channel, attachment)
        with pytest.raises(Gone):
            await read(channel, Attachment("image", ref=attachment.ref.replace("/img_", "/img_other_")))
        await harness.platform.delete(picture)
        with pytest.raises(Gone):
            await read(channel, attachment)
