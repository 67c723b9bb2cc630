"""Whatever fails in a card's life, and whenever: the person ends up with the text, exactly once."""

from __future__ import annotations

import asyncio

import pytest

from bridge.errors import ChannelError, Gone, RateLimited, Refused, TooLong, Unsure
from bridge.types import Body, Button, Chat
from channels.feishu.adapter import Feishu
from channels.feishu.posted import Message
from tests.emulators.feishu import Rules
from tests.feishu_channel.harness import running

STOP, MORE = Button("Stop", "/stop"), Button("More", "/more")
TABLES = "Failed to create card content, ext=ErrCode: 11310; ErrMsg: card table number over limit"
CODES = [
    (300309, ""),
    (200850, ""),
    (300317, ""),
    (230020, ""),
    (99991400, ""),
    (230099, TABLES),
    (300305, ""),
    (300313, ""),
    (200740, ""),
    (200810, ""),
    (99991663, ""),
    (300120, ""),
]
STEPS = ["card.create", "send", "card.content", "card.settings", "card.update"]
TEXTS = ["Alpha", "Alpha beta", "Alpha beta gamma"]


async def answer(channel: Feishu, chat: Chat, *, key: str = "k") -> Message:
    """One answer as the bridge gives it: what is refused for now is tried again, with the newest text."""
    posted: Message | None = None
    again = False
    for number, text in enumerate(TEXTS):
        final = number == len(TEXTS) - 1
        buttons = [MORE] if final else [STOP]
        for _ in range(12):
            try:
                if posted is None:
                    posted = await channel.post(chat, Body(text, tuple(buttons)), key=key, retry=again, final=final)
                await posted.edit(Body(text, tuple(buttons)), final=final)
                break
            except RateLimited as limited:
                await asyncio.sleep(limited.retry_after / 20)
            except Unsure:
                again = posted is None
            except (Refused, Gone, TooLong):
                raise
            except ChannelError:
                continue
        else:
            raise AssertionError("given up")
    assert posted is not None
    return posted


@pytest.mark.parametrize("times", [1, 2, 1000])
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize(("code", "said"), CODES)
async def test_every_failure_at_every_step(code: int, said: str, step: str, times: int) -> None:
    if times == 1000 and code in (230020, 99991400, 200810, 99991663, 300120):
        times = 3  # these pass: for ever they would mean that nothing can be written at all
    if step == "send":
        times = min(times, 2)  # the card and the rich text; with bare text refused, too, there is no way left
    async with running(Rules(per_chat=100, per_card=100, per_patched=100)) as harness:
        channel, chat = await harness.channel(), harness.platform.chat()
        harness.platform.fail(step, code, said, times=times)
        await answer(channel, chat)
        bubbles = harness.platform.bubbles()
        assert [bubble.text.partition("\n")[0] for bubble in bubbles] == ["Alpha beta gamma"]
        assert not bubbles[0].streaming
        assert harness.platform.count(step) < 12  # never a blind retry


async def test_a_plain_message_replaces_a_card_that_cannot_change() -> None:
    async with running() as harness:
        channel, chat = await harness.channel(), harness.platform.chat("topic")
        posted = await channel.post(chat, Body("Alpha", (STOP,)), key="k", final=False)
        ref = posted.ref
        harness.platform.fail("card.content", 300313, times=1000)
        harness.platform.fail("card.update", 300305, times=1000)
        await posted.edit(Body("Alpha beta", (STOP,)), final=False)
        calls = len(harness.platform.server.calls)
        await posted.edit(Body("Alpha beta g", (STOP,)), final=False)
        assert len(harness.platform.server.calls) == calls  # silent until the end
        await posted.edit(Body("Alpha beta gamma"), final=True)
        assert [bubble.text for bubble in harness.platform.bubbles("topic")] == ["Alpha beta gamma"]
        # Who knows only the card's ref, after a restart, finds what took its place.
        later = await harness.channel()
        await later.posted(chat, ref).edit(Body("Alpha beta gamma delta"), final=True)
        assert [bubble.text for bubble in harness.platform.bubbles("topic")] == ["Alpha beta gamma delta"]
        # Edits of such a message are counted; past the last of them it is posted anew.
        for number in range(21):
            await later.posted(chat, ref).edit(Body(f"Edit {number}"), final=True)
        assert [bubble.text for bubble in harness.platform.bubbles("topic")] == ["Edit 20"]


async def test_a_replaced_card_goes_at_the_second_attempt() -> None:
    async with running() as harness:
        channel, chat = await harness.channel(), harness.platform.chat()
        posted = await channel.post(chat, Body("Alpha"), key="k", final=False)
        harness.platform.fail("card.update", 300305)
        harness.platform.fail("recall", 99991400)
        with pytest.raises(RateLimited):
            await posted.edit(Body("Alpha beta"), final=True)
        await posted.edit(Body("Alpha beta"), final=True)
        assert [bubble.text for bubble in harness.platform.bubbles()] == ["Alpha beta"]


async def test_a_lost_plain_post_is_not_followed_by_a_card() -> None:
    async with running() as harness:
        channel, chat = await harness.channel(), harness.platform.chat()
        harness.platform.fail("card.create", 230099, TABLES)
        harness.platform.lose_answers(steps=("send",))
        with pytest.raises(Unsure):
            await channel.post(chat, Body("One"), key="k", final=False)
        posted = await channel.post(chat, Body("One"), key="k", retry=True, final=False)
        await posted.edit(Body("One two"), final=True)
        assert [bubble.text for bubble in harness.platform.bubbles()] == ["One two"]


async def test_bare_text_where_rich_text_is_refused() -> None:
    async with running() as harness:
        channel, chat = await harness.channel(), harness.platform.chat()
        harness.platform.fail("send", 230099, TABLES, times=2)
        posted = await channel.post(chat, Body('<at user_id="all"></at> **One**', (MORE,)), key="k", final=True)
        (bubble,) = harness.platform.bubbles()
        assert "**One**" in bubble.text and "More: /more" in bubble.text
        assert harness.platform.tenant.messages[bubble.id].seen().called == []
        await posted.edit(Body("Two"), final=True)
        assert [bubble.text for bubble in harness.platform.bubbles()] == ["Two"]


async def test_what_is_too_large_is_said_so_that_it_can_be_cut() -> None:
    async with running(Rules(card_bytes=4000)) as harness:
        channel, chat = await harness.channel(), harness.platform.chat()
        with pytest.raises(TooLong):
            await channel.post(chat, Body("x" * 5000), key="a", final=False)
        posted = await channel.post(chat, Body("x" * 100), key="b", final=False)
        for final in (False, True):
            with pytest.raises(TooLong):
                await posted.edit(Body("x" * 5000), final=final)
        await posted.edit(Body("x" * 1000), final=True)
        assert [bubble.text for bubble in harness.platform.bubbles()] == ["x" * 1000]


async def test_a_message_that_cannot_be_taken_back_is_emptied() -> None:
    async with running() as harness:
        channel, chat = await harness.channel(), harness.platform.chat()
        posted = await channel.post(chat, Body("One"), key="k", final=False)
        harness.platform.fail("recall", 230009)
        await posted.delete()
        assert [bubble.text for bubble in harness.platform.bubbles()] == ["(withdrawn)"]
