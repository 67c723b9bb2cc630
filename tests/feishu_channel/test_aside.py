"""What is folded away above an answer on Feishu: the model's thoughts and steps. The answer itself comes first."""

from __future__ import annotations

from bridge.types import Body, Button
from channels.feishu import aside, markdown
from tests.emulators.feishu import Rules
from tests.feishu_channel.harness import Harness, running

STOP = Button("Stop", "/stop")
TABLE = "| a | b |\n|---|---|\n| 1 | 2 |\n\n"


def shown(harness: Harness, place: str = "direct") -> tuple[str, str]:
    """The text and the aside of the only bubble."""
    (bubble,) = harness.platform.bubbles(place)
    return bubble.text, bubble.aside


async def test_an_aside_is_folded_above_the_text() -> None:
    async with running() as harness:
        channel, chat = await harness.channel(), harness.platform.chat()
        posted = await channel.post(chat, Body("Blue.", aside="It is **scattered**."), key="k", final=True)
        assert shown(harness) == ("Blue.", "It is scattered.")
        await posted.edit(Body("Red.", (STOP,), "At dusk."), final=True)
        assert shown(harness) == ("Red.", "At dusk.")
        await posted.edit(Body("Red."), final=True)
        assert shown(harness) == ("Red.", "")


async def test_the_aside_of_a_growing_answer_is_whole_at_the_end() -> None:
    async with running(Rules(per_card=1000)) as harness:
        channel, chat = await harness.channel(), harness.platform.chat()
        posted = await channel.post(chat, Body("…", (STOP,), "First"), key="k", final=False)
        assert shown(harness) == ("…", "First")
        before = len(harness.platform.server.calls)
        for number in range(10):
            await posted.edit(Body(f"Text {number}", (STOP,), f"First and {number}"), final=False)
        assert len(harness.platform.server.calls) - before == 10
        assert shown(harness) == ("Text 9", "First")
        await posted.edit(Body("Text.", aside="First and last."), final=True)
        assert shown(harness) == ("Text.", "First and last.")


async def test_only_an_aside_of_several_lines_is_folded() -> None:
    async with running(Rules(per_card=1000)) as harness:
        channel, chat = await harness.channel(), harness.platform.chat()
        posted = await channel.post(chat, Body("…", (STOP,), "Thinking"), key="k", final=False)
        assert shown(harness) == ("…", "Thinking")
        await posted.edit(Body("…", (STOP,), "Thinking\n\nIt is scattered."), final=False)
        assert shown(harness)[1].split() == ["Thinking", "It", "is", "scattered."]
        await posted.edit(Body("Blue.", aside="Thought for 3 s"), final=True)
        assert shown(harness) == ("Blue.", "Thought for 3 s")
        assert harness.platform.refusals == 0


async def test_thoughts_grow_while_no_text_comes() -> None:
    async with running(Rules(per_card=1000)) as harness:
        channel, chat = await harness.channel(), harness.platform.chat()
        posted = await channel.post(chat, Body("…", (STOP,)), key="k", final=False)
        before = len(harness.platform.server.calls)
        for number in range(10):
            await posted.edit(Body("…", (STOP,), f"Thought {number}"), final=False)
            assert shown(harness) == ("…", f"Thought {number}")
        await posted.edit(Body("…", (STOP,), "Thought 9"), final=False)
        steps = [name for name, _ in harness.platform.server.calls[before:]]
        assert steps == ["card.update", *["card.content"] * 9]  # the panel comes with one call, as each thought does


async def test_a_restart_goes_on_with_text_and_aside() -> None:
    async with running() as harness:
        channel, chat = await harness.channel(), harness.platform.chat()
        ref = (await channel.post(chat, Body("One", (STOP,), "a"), key="k", final=False)).ref
        taken_up = (await harness.channel()).posted(chat, ref)
        await taken_up.edit(Body("One", (STOP,), "a b"), final=False)
        assert shown(harness) == ("One", "a b")
        await taken_up.edit(Body("One", (STOP,), "a b c"), final=False)
        assert shown(harness) == ("One", "a b c")
        await taken_up.edit(Body("One two.", aside="a b c d"), final=True)
        assert shown(harness) == ("One two.", "a b c d") and harness.platform.server.refused == []


async def test_the_text_comes_first_and_the_aside_is_cut() -> None:
    async with running(Rules(per_card=1000, per_patched=1000)) as harness:
        channel, chat = await harness.channel(), harness.platform.chat()
        thoughts = 'He said "no" \\ 想了想 <at id=all></at>\n' * 2000
        posted = await channel.post(chat, Body("x", aside=thoughts), key="k", final=False)
        room = []
        for length in (10, 2_000, 10_000, 20_000, markdown.MAX_LENGTH):
            text = "w" * length
            for final in (False, True):
                await posted.edit(Body(text, aside=thoughts), final=final)
                assert shown(harness)[0] == text
            room.append(len(shown(harness)[1]))
            assert shown(harness)[1].endswith("…")
        assert room == sorted(room, reverse=True) and room[0] > 5 * room[-1]
        whole = await channel.post(
            harness.platform.chat("group"), Body("w" * 24_000, aside=thoughts), key="w", final=True
        )
        assert whole.ref and shown(harness, "group")[1].endswith("…")
        assert harness.platform.server.refused == []
        for bubble in (*harness.platform.bubbles(), *harness.platform.bubbles("group")):
            assert harness.platform.tenant.messages[bubble.id].seen().called == []


async def test_tables_in_an_aside_leave_those_of_the_text_alone() -> None:
    async with running() as harness:
        channel, chat = await harness.channel(), harness.platform.chat()
        await channel.post(chat, Body("Three:\n\n" + TABLE * 3, aside=TABLE * 5), key="k", final=True)
        text, folded = shown(harness)
        assert text.count("1 | 2") == 3 and folded.count("1 | 2") == 5
        assert harness.platform.tenant.messages[harness.platform.bubbles()[0].id].seen().tables == 3
        assert harness.platform.server.refused == []


async def test_an_aside_is_not_quoted() -> None:
    async with running() as harness:
        channel = await harness.channel()
        listener = await harness.listen(channel)
        await channel.post(harness.platform.chat("group"), Body("Blue.", aside="Hm."), key="k", final=True)
        (bubble,) = harness.platform.bubbles("group")
        await harness.platform.say("why?", place="group", reply_to=bubble.id)
        assert (await listener.said()).quoted == "Blue."


async def test_where_no_card_can_be_had_the_text_stands_alone() -> None:
    async with running() as harness:
        channel, chat = await harness.channel(), harness.platform.chat()
        harness.platform.fail("card.create", 230099)
        posted = await channel.post(chat, Body("One", aside="Hm."), key="k", final=False)
        await posted.edit(Body("One two", aside="Hm, hm."), final=True)
        assert shown(harness) == ("One two", "")


def test_a_cut_fits_whatever_the_characters() -> None:
    for text in ('"' * 5000, "字" * 5000, "\\\n" * 5000, "a" * 5000, "😀\t" * 5000):
        for room in (1000, 3072, 20_000):
            cut = aside.cut(text, room)
            assert aside.nested_bytes(cut) <= room
            assert aside.nested_bytes(cut) > min(aside.nested_bytes(text), room) - 20
    assert aside.cut("a short one", 11) == "a short one" and aside.cut("b" * 100, 40) == ""
