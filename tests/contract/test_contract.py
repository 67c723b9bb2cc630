"""What `bridge/channel.py` promises, asked of every channel against its platform. Nothing here knows a platform."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager, suppress
from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import convert, to_builtins

import channels
from bridge.access import Access
from bridge.channel import Channel
from bridge.commands import Commands
from bridge.errors import ChannelError, Gone, RateLimited, TooLong, Unsure
from bridge.gateway import Gateway
from bridge.inbound import Deleted, Edited, Inbound, Pressed, Said
from bridge.inbox import Inbox
from bridge.settings import read
from bridge.store import Store
from bridge.types import Attachment, Body, BodyFile, Button
from tests.fakes import ALLOW_ALL
from tests.platform import Bubble, Place, Platform, SharedFile
from tests.platforms import PLATFORMS

PATIENCE_SECONDS = 30.0
E = TypeVar("E", bound=Inbound)

Open = Callable[[], AbstractAsyncContextManager[Channel]]


@pytest.fixture(params=PLATFORMS)
async def platform(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Platform]:
    async with PLATFORMS[request.param]() as platform:
        for name, value in platform.environment().items():
            monkeypatch.setenv(name, value)
        yield platform


@pytest.fixture
def reopen(platform: Platform, store: Store) -> Open:
    """Start the channel (again), with what it remembers."""

    @asynccontextmanager
    async def start() -> AsyncIterator[Channel]:
        settings = read(channels.load(platform.channel), None)
        async with settings.open_channel(store.memory(platform.channel)) as channel:
            yield channel

    return start


@pytest.fixture
async def channel(reopen: Open) -> AsyncIterator[Channel]:
    async with reopen() as channel:
        yield channel


class Listener:
    """Listens in the background, as the bridge does: each event is acknowledged at once."""

    def __init__(self, channel: Channel) -> None:
        self.events: list[Inbound] = []
        self._task = asyncio.create_task(self._listen(channel))

    async def _listen(self, channel: Channel) -> None:
        async with aclosing(channel.listen(ALLOW_ALL)) as batches:
            async for batch in batches:
                self.events += batch

    @property
    def heard(self) -> list[Said]:
        return self.all(Said)

    def all(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    async def next(self, number: int = 1) -> Said:
        """The message that is heard as that number."""
        return await self.event(Said, number)

    async def event(self, kind: type[E], number: int = 1) -> E:
        """The event of that kind that comes as that number."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while len(found := self.all(kind)) < number:
                assert not self._task.done(), "listening ended"
                await asyncio.sleep(0.01)
        return found[number - 1]

    async def close(self) -> None:
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task


@pytest.fixture
async def listener(channel: Channel) -> AsyncIterator[Listener]:
    listener = Listener(channel)
    yield listener
    await listener.close()


async def shows(platform: Platform, wanted: Callable[[list[Bubble]], bool], place: Place = "direct") -> list[Bubble]:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not wanted(platform.bubbles(place)):
            await asyncio.sleep(0.01)
    return platform.bubbles(place)


async def patiently(call: Callable[[], object]) -> None:
    """As the reply engine does: what was refused for its rate is said again."""
    while True:
        try:
            await call()  # type: ignore[misc]
        except RateLimited as error:
            await asyncio.sleep(error.retry_after)
        else:
            return


async def test_what_a_person_says_is_heard_as_it_was_said(platform: Platform, listener: Listener) -> None:
    id = await platform.say("Hello, 世界 👋🏽")
    message = await listener.next()
    assert message.text == "Hello, 世界 👋🏽"
    assert message.id == id
    assert message.chat == platform.chat()
    assert message.chat.direct
    assert message.sender == platform.user("mia")
    assert message.sender.name
    assert message.addressed
    assert message.sent_at > 1_700_000_000
    assert convert(to_builtins(message), Said) == message


async def test_messages_come_in_the_order_they_were_said(platform: Platform, listener: Listener) -> None:
    for number in range(12):
        await platform.say(f"number {number}")
    await listener.next(12)
    assert [message.text for message in listener.heard] == [f"number {number}" for number in range(12)]


@pytest.mark.parametrize("place", ["group", "topic"])
async def test_in_a_group_it_tells_what_is_meant_for_the_bot(
    platform: Platform, listener: Listener, place: Place
) -> None:
    await platform.say("among ourselves", who="tom", place=place)
    await platform.say("what do you think?", who="tom", place=place, mention=True)
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not any(message.addressed for message in listener.heard):
            await asyncio.sleep(0.01)
    *others, message = listener.heard
    assert not any(other.addressed for other in others)
    assert message.text == "what do you think?", "the bot's own name is not part of the question"
    assert message.chat == platform.chat(place)
    assert not message.chat.direct
    assert message.sender == platform.user("tom")
    assert (message.chat.whole == platform.chat("group").whole) or place == "topic"


async def test_a_reply_to_the_bot_is_meant_for_it_and_says_to_what(
    platform: Platform, channel: Channel, listener: Listener
) -> None:
    posted = await channel.post(platform.chat("group"), Body("I said this."), key="k", final=True)
    [bubble] = await shows(platform, bool, "group")
    await platform.say("why?", who="tom", place="group", reply_to=bubble.id)
    message = await listener.next()
    assert message.addressed
    assert message.text == "why?"
    assert message.quoted == "I said this."
    assert posted.ref


async def heard(batches: AsyncGenerator[Sequence[Inbound], None]) -> Said:
    [event] = await asyncio.wait_for(anext(batches), PATIENCE_SECONDS)
    assert isinstance(event, Said)
    return event


async def test_asking_for_the_next_message_acknowledges_the_last(platform: Platform, reopen: Open) -> None:
    async with reopen() as channel, aclosing(channel.listen(ALLOW_ALL)) as messages:
        first = asyncio.create_task(heard(messages))
        await platform.say("first")
        assert (await first).text == "first"
    async with reopen() as channel, aclosing(channel.listen(ALLOW_ALL)) as messages:  # it was never acknowledged
        again = await heard(messages)
        assert (again.text, again.id) == ("first", first.result().id)
        for text in ("second", "third"):
            await platform.say(text)
            assert (await heard(messages)).text == text
    async with reopen() as channel, aclosing(channel.listen(ALLOW_ALL)) as messages:
        assert (await heard(messages)).text == "third"
        await platform.say("fourth")
        assert (await heard(messages)).text == "fourth"


async def test_a_message_grows_and_is_then_final(platform: Platform, channel: Channel) -> None:
    posted = await channel.post(platform.chat(), Body("The"), key="k", final=False)
    await patiently(lambda: posted.edit(Body("The sky"), final=False))
    await patiently(lambda: posted.edit(Body("The sky is **blue**."), final=True))
    [bubble] = await shows(platform, lambda bubbles: bool(bubbles) and not bubbles[0].streaming)
    assert bubble.text == "The sky is blue." or bubble.text == "The sky is **blue**."
    assert len(bubble.writes) == 3


async def test_saying_the_same_again_is_harmless(platform: Platform, channel: Channel) -> None:
    posted = await channel.post(platform.chat(), Body("Same."), key="k", final=True)
    again = channel.posted(platform.chat(), posted.ref)
    await patiently(lambda: again.edit(Body("Same."), final=True))
    assert [bubble.text for bubble in platform.bubbles()] == ["Same."]


async def test_code_is_shown_as_code(platform: Platform, channel: Channel) -> None:
    text = "Look:\n\n```python\ndef f(x):\n    return x * 2  # @everyone *not* _marked_\n```\n\nDone."
    await channel.post(platform.chat(), Body(text), key="k", final=True)
    [bubble] = await shows(platform, bool)
    assert len(bubble.code) == 1
    assert "def f(x):\n    return x * 2  # @everyone *not* _marked_" in bubble.code[0]
    assert bubble.text.startswith("Look:")
    assert bubble.text.endswith("Done.")
    assert "```" not in bubble.text


async def test_a_ref_finds_the_message_after_a_restart(platform: Platform, reopen: Open) -> None:
    async with reopen() as channel:
        ref = (await channel.post(platform.chat(), Body("Half an"), key="k", final=False)).ref
    async with reopen() as channel:
        posted = channel.posted(platform.chat(), ref)
        assert posted.ref == ref
        await patiently(lambda: posted.edit(Body("Half an answer, and the rest."), final=True))
    assert [bubble.text for bubble in platform.bubbles()] == ["Half an answer, and the rest."]
    assert not platform.bubbles()[0].streaming


async def test_a_pressed_button_is_a_message_that_names_its_menu(
    platform: Platform, channel: Channel, listener: Listener
) -> None:
    offered = [Button("One", "/model a:one"), Button("Two 二", "/model a:" + "x" * 55)]
    posted = await channel.post(platform.chat(), Body("Pick.", tuple(offered)), key="k", final=True)
    [bubble] = await shows(platform, bool)
    assert bubble.buttons == ["One", "Two 二"]
    await platform.press(bubble.id, "Two 二")
    pressed = await listener.event(Pressed)
    assert pressed.command == "/model a:" + "x" * 55
    assert pressed.message == posted.ref
    assert pressed.chat == platform.chat()
    assert pressed.sender == platform.user("mia")
    menu = channel.posted(platform.chat(), pressed.message)
    await patiently(lambda: menu.edit(Body("Picked."), final=True))
    [bubble] = await shows(platform, lambda bubbles: bubbles[0].text == "Picked.")
    assert bubble.buttons == []


async def test_as_many_buttons_as_it_says_fit(platform: Platform, channel: Channel) -> None:
    most = channel.limits(platform.chat()).max_buttons
    assert most >= 10
    offered = [Button(f"Button number {number} " + "x" * 25, f"/model p:{number}") for number in range(most)]
    await channel.post(platform.chat(), Body("Pick.", tuple(offered)), key="k", final=True)
    [bubble] = await shows(platform, bool)
    assert len(bubble.buttons) == most


async def test_a_message_taken_back_is_gone(platform: Platform, channel: Channel) -> None:
    posted = await channel.post(platform.chat(), Body("Never mind."), key="k", final=True)
    await patiently(posted.delete)
    assert not any("Never mind." in bubble.text for bubble in platform.bubbles())
    await patiently(posted.delete)  # twice is harmless
    with pytest.raises(Gone):
        await patiently(lambda: channel.posted(platform.chat(), posted.ref).edit(Body("Still here?"), final=True))


async def test_in_a_group_a_reply_hangs_under_its_question(
    platform: Platform, channel: Channel, listener: Listener
) -> None:
    question = await platform.say("who are you?", who="tom", place="group", mention=True)
    await listener.next()
    await channel.post(platform.chat("group"), Body("A bot."), key="k1", reply_to=question, final=True)
    await patiently(
        lambda: channel.post(platform.chat("group"), Body("Really."), key="k2", reply_to="no-such-message", final=True)
    )
    first, second = await shows(platform, lambda bubbles: len(bubbles) == 2, "group")
    assert first.reply_to == question
    assert second.text == "Really."


async def test_a_topic_is_a_place_of_its_own(platform: Platform, channel: Channel) -> None:
    await channel.post(platform.chat("topic"), Body("Only here."), key="k", final=True)
    assert [bubble.text for bubble in platform.bubbles("topic")] == ["Only here."]
    assert platform.bubbles("group") == []


async def test_a_rate_limit_says_how_long(platform: Platform, channel: Channel) -> None:
    platform.flood(3)
    with pytest.raises(RateLimited) as caught:
        await channel.post(platform.chat(), Body("Too fast."), key="k", final=True)
    assert 1 <= caught.value.retry_after <= 6


async def test_a_post_whose_answer_was_lost_stands_there_once(
    platform: Platform, channel: Channel, listener: Listener
) -> None:
    await platform.say("hello")
    await listener.next()
    await channel.post(platform.chat(), Body("Before."), key="k0", final=True)
    platform.lose_answers(1)
    with pytest.raises(Unsure):
        await channel.post(platform.chat(), Body("Once."), key="k1", final=False)
    await patiently(lambda: channel.post(platform.chat(), Body("Once."), key="k1", retry=True, final=False))
    await shows(platform, lambda bubbles: [bubble.text for bubble in bubbles] == ["Before.", "Once."])


async def test_a_request_that_never_left_can_be_repeated(platform: Platform, channel: Channel) -> None:
    platform.drop_requests(1)
    with pytest.raises(ChannelError):
        await channel.post(platform.chat(), Body("Once."), key="k1", final=True)
    await patiently(lambda: channel.post(platform.chat(), Body("Once."), key="k1", retry=True, final=True))
    assert [bubble.text for bubble in platform.bubbles()] == ["Once."]


async def test_a_text_that_does_not_fit_is_called_too_long(platform: Platform, channel: Channel) -> None:
    with pytest.raises(TooLong):
        await channel.post(platform.chat(), Body("long words " * 20_000), key="k", final=True)
    assert platform.bubbles() == []


async def test_what_its_limits_allow_it_takes(platform: Platform, channel: Channel) -> None:
    limits = channel.limits(platform.chat())
    unit = "some words 字 "
    text = unit * (limits.max_length // limits.measure(unit) - 2)
    assert limits.measure(text) <= limits.max_length
    await channel.post(platform.chat(), Body(text), key="k", final=True)
    [bubble] = await shows(platform, bool)
    assert bubble.text.replace(" ", "") == text.replace(" ", "")


async def test_its_measure_never_falls(platform: Platform, channel: Channel) -> None:
    measure = channel.limits(platform.chat()).measure
    table, code = "| a | b |\n|---|---|\n| 1 | 2 |\n", "```py\n"
    pieces = ["word ", "\n", code, "\n```\n", table, "[x](http://y.z)", "@all", "# h\n", "中", "😀"]

    @settings(max_examples=150, deadline=None)
    @given(st.lists(st.sampled_from(pieces), max_size=30))
    def never_falls(parts: list[str]) -> None:
        text, last = "", 0
        for part in parts:
            text += part
            assert measure(text) >= last
            last = measure(text)

    never_falls()


async def test_hostile_events_are_set_aside_and_the_next_is_heard(
    platform: Platform, channel: Channel, listener: Listener
) -> None:
    assert await platform.hostile() > 0
    await platform.say("still there?")
    message = await listener.next()
    assert message.text == "still there?"
    assert channel.set_aside > 0


async def test_a_message_delivered_twice_has_one_id(platform: Platform, listener: Listener) -> None:
    id = await platform.say("once")
    await listener.next()
    await platform.redeliver(id)
    await platform.say("and on")
    async with asyncio.timeout(PATIENCE_SECONDS):
        while listener.heard[-1].text != "and on":
            await asyncio.sleep(0.01)
    assert {message.id for message in listener.heard if message.text == "once"} == {id}


async def test_typing_shows_and_a_menu_is_published(platform: Platform, channel: Channel, store: Store) -> None:
    await channel.typing(platform.chat())
    async with Gateway("http://127.0.0.1:9") as gateway:
        menu = Commands(store, Inbox(store), gateway, Access(store.redis), None).menu()
    await channel.publish(menu, [platform.user("mia")])
    await channel.publish(menu, [platform.user("mia")])


async def test_it_knows_who_it_is_and_shows_no_secret(platform: Platform, channel: Channel) -> None:
    assert channel.name == platform.channel
    assert channel.account
    for secret in platform.secrets:
        assert secret not in repr(channel)


PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAIAAAACUFjqAAAAEklEQVR42mNk+M+AFzCNSg8haQB0FQHhh3pWJAAAAABJRU5ErkJggg=="
)


def picture(number: int) -> BodyFile:
    """A picture that differs from the others: what follows the end of a PNG is not looked at."""
    return BodyFile.of("image", f"{number}.png", "image/png", PNG + b"%d" % number, f"Picture {number}")


async def test_an_aside_is_shown_apart_from_the_text(platform: Platform, channel: Channel) -> None:
    posted = await channel.post(platform.chat(), Body("Forty", aside="Let me think."), key="k", final=False)
    await patiently(lambda: posted.edit(Body("Forty-two.", aside="Let me think. Six by nine?"), final=True))
    [bubble] = await shows(platform, lambda bubbles: bool(bubbles) and "Forty-two." in bubbles[0].text)
    assert bubble.text.strip() == "Forty-two."
    assert "Six by nine?" in bubble.aside


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


async def test_an_edit_by_a_person_is_told(platform: Platform, listener: Listener) -> None:
    id = await platform.say("frist")
    await listener.next()
    try:
        await platform.edit(id, "first")
    except LookupError:
        return  # the platform tells bots nothing of it
    edited = await listener.event(Edited)
    assert (edited.message.id, edited.message.text) == (id, "first")


async def test_a_message_that_a_person_deleted_is_told(platform: Platform, listener: Listener) -> None:
    id = await platform.say("oops")
    await listener.next()
    try:
        await platform.delete(id)
    except LookupError:
        return  # the platform tells bots nothing of it
    deleted = await listener.event(Deleted)
    assert (deleted.id, deleted.chat) == (id, platform.chat())
