"""Answers as they are made, for the tests of the reply engine, and what should stand there in the end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

from hypothesis import strategies as st

from bridge.channel import Limits
from bridge.events import Event, ReasoningDelta, TextDelta, TextReclassified
from bridge.reply import Address, Aside, Draft, Pace
from bridge.reply.pages import Pages
from bridge.types import BodyFile, Button
from tests.fakes import CHAT, FakeChannel
from tests.reply.test_pages import markdown, utf8, utf16

STOP = Button("Stop", "/stop")


async def speak(deltas: Sequence[str], gap: float, thought: Sequence[Event] = ()) -> AsyncIterator[Event]:
    for event in thought:
        await asyncio.sleep(gap)
        yield event
    for delta in deltas:
        await asyncio.sleep(gap)
        yield TextDelta(delta)


def address(channel: FakeChannel, pace: Pace | None = None) -> Address:
    return Address(channel, pace or Pace(), CHAT, "k")


def expected(text: str, limits: Limits) -> list[str]:
    return [page.text.rstrip() for page in Pages(limits).of(text)]


def how_long(draft: Draft) -> Aside:
    """Return what stands above an answer: for how many tens of seconds the model has thought."""
    return Aside(f"thought {draft.thought_seconds // 10:.0f}") if draft.reasoning else Aside()


thoughts = st.lists(
    st.one_of(st.just(ReasoningDelta("Hm. ")), st.just(TextDelta("Perhaps so. " * 20)), st.just(TextReclassified())),
    max_size=6,
).map(lambda events: [*events, TextReclassified()] if events else [])
"""What comes before an answer, all of which turns out to be reasoning."""
speech = st.lists(markdown.filter(bool), min_size=1, max_size=12)
weather = st.lists(st.one_of(st.just("fine"), st.just("lost"), st.just("dropped"), st.floats(0.5, 400)), max_size=12)
measures = st.sampled_from([len, utf8, utf16])
edits = st.sampled_from([("free", 0), ("free", 0), ("counted", 5), ("counted", 20), ("none", 0)])
files = st.lists(
    st.builds(
        lambda kind, name: BodyFile.of(kind, name, "image/png", name.encode(), name.upper()),
        st.sampled_from(["image", "image", "file"]),
        st.text("abcdef", min_size=1, max_size=6),
    ),
    max_size=6,
)


def waiting(events: AsyncIterator[Event], seconds: float) -> Draft:
    """Return a draft that may begin after so many seconds, and says so meanwhile."""

    async def admission() -> None:
        if seconds:
            await asyncio.sleep(seconds / 2)
            draft.say_meanwhile("please wait")
            await asyncio.sleep(seconds / 2)

    draft = Draft(events, admission=admission)
    return draft


def told(draft: Draft, pictures: list[BodyFile]) -> Draft:
    """Have the draft end with files, as one whose model drew some does."""
    draft.files = pictures
    return draft
