"""Files that the bot posts, as people see them, and what Discord would not take."""

from __future__ import annotations

import pytest

from bridge.errors import TooLong, Unsure
from bridge.reply import Address, Draft, Pace, deliver
from bridge.types import Body, BodyFile, Button
from tests.discord_channel.harness import opened
from tests.emulators.discord import DiscordPlatform
from tests.platform import SharedFile

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 300
CAT = BodyFile.of("image", "cat.png", "image/png", PNG, "A cat on a cherry tree")
NOTES = BodyFile.of("file", "notes.pdf", "application/pdf", b"%PDF-1.7")


async def test_pictures_are_one_message_with_their_descriptions() -> None:
    dog = BodyFile.of("image", "dog.jpg", "image/jpeg", b"a dog")
    async with DiscordPlatform() as platform, opened(platform) as channel:
        question = await platform.say("Draw me two animals", place="group", mention=True)
        await channel.post(platform.chat("group"), Body(files=(CAT, dog)), key="1", reply_to=question, final=True)
        [bubble] = platform.bubbles("group")
        assert bubble.files == [
            SharedFile("image", "cat.png", "image/png", PNG, "A cat on a cherry tree"),
            SharedFile("image", "dog.jpg", "image/jpeg", b"a dog"),
        ]
        assert (bubble.text, bubble.reply_to) == ("", question)


@pytest.mark.parametrize(
    ("name", "mime", "shown", "kind"),
    [
        ("picture", "image/png", "picture.png", "image"),
        ("", "image/jpeg", "image.jpg", "image"),
        ("SPOILER_end.png", "image/png", "end.png", "image"),
        ("v1.2 release", "application/pdf", "v1.2 release.pdf", "file"),
    ],
)
async def test_the_name_tells_what_a_file_is(name: str, mime: str, shown: str, kind: str) -> None:
    async with DiscordPlatform() as platform, opened(platform) as channel:
        file = BodyFile.of("image", name, mime, b"content")
        await channel.post(platform.chat(), Body(files=(file,)), key="1", final=True)
        [[seen]] = [bubble.files for bubble in platform.bubbles()]
        assert (seen.name, seen.kind) == (shown, kind), "Discord shows a picture only where the name says so"


async def test_as_much_as_the_limits_say_fits() -> None:
    async with DiscordPlatform() as platform, opened(platform) as channel:
        limits = channel.limits(platform.chat())
        for kind, size in limits.files.items():
            assert (kind, size) in [("image", 20 << 20), ("audio", 20 << 20), ("file", 20 << 20)]
        large = BodyFile.of("file", "large.bin", "application/octet-stream", bytes(limits.files["file"]))
        await channel.post(platform.chat(), Body(files=(large,)), key="1", final=True)
        many = tuple(
            BodyFile.of("image", f"{number}.png", "image/png", b"small", "x" * (limits.max_caption + 1))
            for number in range(limits.max_files)
        )
        await channel.post(platform.chat(), Body(files=many), key="2", final=True)
        one, album = platform.bubbles()
        assert len(one.files[0].content) == 20 << 20 and len(album.files) == 10
        assert {len(file.caption) for file in album.files} == {1024}


async def test_files_too_large_together_are_not_sent() -> None:
    async with DiscordPlatform() as platform, opened(platform) as channel:
        halves = tuple(BodyFile.of("file", f"{name}.bin", "", bytes(13 << 20)) for name in "ab")
        with pytest.raises(TooLong, match="2 files"):
            await channel.post(platform.chat(), Body(files=halves), key="1", final=True)
        assert platform.bubbles() == [] and platform.rest.calls["POST messages"] == 0


async def test_a_reply_with_more_than_a_message_takes_goes_in_two() -> None:
    async with DiscordPlatform() as platform, opened(platform) as channel:
        halves = [BodyFile.of("file", f"{name}.bin", "", bytes(13 << 20)) for name in "ab"]
        await deliver(Draft.whole("Both of them:", halves), Address(channel, Pace(), platform.chat(), "t"))
        words, one, other = platform.bubbles()
        assert words.text == "Both of them:"
        assert [[file.name for file in bubble.files] for bubble in (one, other)] == [["a.bin"], ["b.bin"]]


async def test_a_file_that_discord_finds_too_large_is_called_so() -> None:
    async with DiscordPlatform() as platform, opened(platform) as channel:
        platform.rest.file_bytes = 1000
        with pytest.raises(TooLong, match="40005"):
            await channel.post(platform.chat(), Body(files=(CAT,)), key="1", final=True)
        assert platform.bubbles() == []


async def test_files_whose_answer_was_lost_are_there_once() -> None:
    async with DiscordPlatform() as platform, opened(platform) as channel:
        platform.lose_answers()
        with pytest.raises(Unsure):
            await channel.post(platform.chat(), Body(files=(CAT,)), key="t.1", final=True)
        await channel.post(platform.chat(), Body(files=(CAT,)), key="t.1", final=True, retry=True)
        [bubble] = platform.bubbles()
        assert [file.content for file in bubble.files] == [PNG]


async def test_files_are_whole_although_they_were_sent_twice() -> None:
    async with DiscordPlatform() as platform, opened(platform) as channel:
        joined = await platform.say("", place="group", type=7)  # cannot be replied to
        platform.rest.failures = 1
        await channel.post(platform.chat("group"), Body(files=(CAT,)), key="1", reply_to=joined, final=True)
        [bubble] = platform.bubbles("group")
        assert [file.content for file in bubble.files] == [PNG]


async def test_buttons_under_files_can_change() -> None:
    async with DiscordPlatform() as platform, opened(platform) as channel:
        again = (Button("Again", "/retry"),)
        posted = await channel.post(platform.chat(), Body(files=(CAT, NOTES), buttons=again), key="1", final=True)
        await posted.edit(Body(files=(CAT, NOTES)), final=True)
        [bubble] = platform.bubbles()
        assert (bubble.buttons, bubble.text) == ([], "")
        assert [file.name for file in bubble.files] == ["cat.png", "notes.pdf"]
        await channel.posted(platform.chat(), posted.ref).edit(Body(files=(CAT, NOTES), buttons=again), final=True)
        [bubble] = platform.bubbles()
        assert bubble.buttons == ["Again"] and len(bubble.files) == 2
