"""Files as `bridge/channel.py` promises them, asked of every channel: those of the bot, and those of people."""

from __future__ import annotations

import asyncio

import pytest

from bridge.channel import Channel
from bridge.errors import ChannelError, Unsure
from bridge.types import Attachment, Body, BodyFile
from tests.contract.harness import PNG, Listener, Open, patiently, picture, shows
from tests.platform import Platform, SharedFile


async def test_files_are_shown_in_order_with_their_captions(platform: Platform, channel: Channel) -> None:
    limits = channel.limits(platform.chat())
    album = tuple(picture(number) for number in range(min(3, limits.max_files)))
    await channel.post(platform.chat(), Body(files=album), key="k", final=True)
    bubbles = await shows(platform, bool)
    shown = [file for bubble in bubbles for file in bubble.files]
    assert [file.content for file in shown] == [file.content for file in album]
    if limits.max_caption:
        assert [file.caption for file in shown] == [file.alt for file in album]


async def test_a_message_takes_files_of_as_many_bytes_as_it_says(platform: Platform, channel: Channel) -> None:
    limits = channel.limits(platform.chat())
    most = limits.max_files_bytes
    if most is None:
        return
    assert most >= max(limits.files.values()), "a file that is allowed alone would fit into no message"
    halves = tuple(BodyFile.of("file", f"{name}.bin", "", bytes(most // 2)) for name in "ab")
    await patiently(lambda: channel.post(platform.chat(), Body(files=halves), key="k", final=True))
    assert [file.name for bubble in platform.bubbles() for file in bubble.files] == ["a.bin", "b.bin"]


async def test_a_document_is_shown_under_its_name(platform: Platform, channel: Channel) -> None:
    file = BodyFile.of("file", "notes 笔记.txt", "text/plain", "hello 世界".encode())
    await channel.post(platform.chat(), Body(files=(file,)), key="k", final=True)
    [bubble] = await shows(platform, bool)
    assert [(each.kind, each.name, each.content) for each in bubble.files] == [("file", file.name, file.content)]


async def test_files_whose_answer_was_lost_stand_there_once(
    platform: Platform, channel: Channel, listener: Listener
) -> None:
    await platform.say("hello")
    await listener.next()
    await channel.post(platform.chat(), Body("Before."), key="k0", final=True)
    body = Body(files=(picture(1),))
    platform.lose_answers(1)
    retry = False
    for _ in range(4):  # an upload may be a call of its own, and that answer be the one that is lost
        try:
            await patiently(lambda: channel.post(platform.chat(), body, key="k1", final=True, retry=retry))  # noqa: B023
            break
        except Unsure:
            retry = True
    await asyncio.sleep(0.1)
    assert sum(len(bubble.files) for bubble in platform.bubbles()) == 1


async def test_a_message_with_files_can_be_taken_back(platform: Platform, channel: Channel) -> None:
    album = tuple(picture(number) for number in range(min(2, channel.limits(platform.chat()).max_files)))
    posted = await channel.post(platform.chat(), Body(files=album), key="k", final=True)
    await patiently(channel.posted(platform.chat(), posted.ref).delete)
    assert not [file for bubble in platform.bubbles() for file in bubble.files]


async def test_what_a_person_shares_can_be_fetched(platform: Platform, channel: Channel, listener: Listener) -> None:
    shared = SharedFile("file", "report.pdf", "application/pdf", b"%PDF-1.4 " + b"x" * 70_000)
    await platform.say("what does it say?", files=[shared])
    message = await listener.next()
    [attachment] = message.attachments
    assert (attachment.kind, attachment.name) == ("file", "report.pdf")
    content = b"".join([piece async for piece in channel.fetch(attachment)])
    assert content == shared.content


async def test_a_picture_that_a_person_shares_can_be_fetched(
    platform: Platform, reopen: Open, channel: Channel, listener: Listener
) -> None:
    await platform.say("", files=[SharedFile("image", "photo.png", "image/png", PNG)])
    [attachment] = (await listener.next()).attachments
    assert attachment.kind == "image"
    async with reopen() as other:  # another process, later
        assert b"".join([piece async for piece in other.fetch(attachment)]) == PNG


async def test_files_of_the_message_replied_to_come_after_its_own(
    platform: Platform, channel: Channel, listener: Listener
) -> None:
    photo = SharedFile("image", "photo.png", "image/png", PNG)
    report = SharedFile("file", "report.pdf", "application/pdf", b"%PDF-1.4 " + b"x" * 1000)
    earlier = await platform.say("", files=[photo])
    await platform.say("is it in here?", reply_to=earlier, files=[report])
    own, quoted = (await listener.next(2)).attachments
    assert (own.kind, own.name, own.quoted) == ("file", "report.pdf", False)
    assert (quoted.kind, quoted.quoted) == ("image", True)
    for attachment, file in ((own, report), (quoted, photo)):
        assert b"".join([piece async for piece in channel.fetch(attachment)]) == file.content


async def test_what_cannot_be_fetched_says_so(platform: Platform, channel: Channel) -> None:
    with pytest.raises(ChannelError):
        async for _ in channel.fetch(Attachment("file", "x", ref="no-such-ref")):
            pass
