"""What a channel posts and tells of itself, as `bridge/channel.py` promises it; asked of every channel."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.access import Access
from bridge.channel import Channel
from bridge.commands import Commands
from bridge.errors import ChannelError, Gone, RateLimited, TooLong, Unsure
from bridge.gateway import Gateway, Gateways
from bridge.inbox import Inbox
from bridge.settings import Settings
from bridge.store import Store
from bridge.types import Body, Button
from tests.contract.harness import Listener, Open, patiently, shows
from tests.harness import toolbox
from tests.platform import Platform


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


async def test_typing_shows_and_a_menu_is_published(platform: Platform, channel: Channel, store: Store) -> None:
    await channel.typing(platform.chat())
    gateway = Gateway("http://127.0.0.1:9")
    async with Gateways.of_one(gateway) as gateways:
        settings, tools = Settings(), toolbox(store, gateway)
        menu = Commands(store, Inbox(store), gateways, Access(store.redis), settings, tools).menu()
    await channel.publish(menu, [platform.user("mia")])
    await channel.publish(menu, [platform.user("mia")])


async def test_it_knows_who_it_is_and_shows_no_secret(platform: Platform, channel: Channel) -> None:
    assert channel.name == platform.channel
    assert channel.account
    for secret in platform.secrets:
        assert secret not in repr(channel)


async def test_an_aside_is_shown_apart_from_the_text(platform: Platform, channel: Channel) -> None:
    posted = await channel.post(platform.chat(), Body("Forty", aside="Let me think."), key="k", final=False)
    await patiently(lambda: posted.edit(Body("Forty-two.", aside="Let me think. Six by nine?"), final=True))
    [bubble] = await shows(platform, lambda bubbles: bool(bubbles) and "Forty-two." in bubbles[0].text)
    assert bubble.text.strip() == "Forty-two."
    assert "Six by nine?" in bubble.aside
