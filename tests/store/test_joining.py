"""Several messages that are one thought are one question: of one person, in one place, with nothing between them."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from contextlib import aclosing, suppress
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from bridge.inbound import Said
from bridge.inbox import Claim, CommandCall, Inbox, Question, Turn
from bridge.inbox.joining import MAX_JOINED, MAX_JOINED_CHARACTERS, join
from bridge.store import Exchange, LaneKeys, Store, keys
from bridge.types import Attachment, Chat, ChatMessage, User
from tests.store.parts import ACCOUNT, PATIENCE, Mortal, asked, chat, command, first, message, question, taking, until

MIA, BEN = User("telegram", "7", "Mia"), User("telegram", "8", "Ben")


def by(sender: User, id: str, text: str = "why?", where: Chat | None = None, **more: object) -> Question:
    return Question(id, replace(message(id, where, text), sender=sender, **more))


async def joined(inbox: Inbox) -> list[str]:
    """What each turn asks, after what waits has joined it; the chat is then empty."""
    texts = []
    async with taking(inbox) as take:
        claim = await take()
        while (turn := await claim.next()) is not None:
            await turn.join()
            texts.append(asked(turn).text)
            await turn.done(exchange_of(turn))
    return texts


def exchange_of(turn: Turn) -> Exchange:
    said = asked(turn)
    return Exchange.plain(said.id, (ChatMessage.user(said.text),), "because", at=2.0)


async def test_what_one_person_says_in_a_row_is_one_question(store: Store, inbox: Inbox) -> None:
    for number in range(3):
        await inbox.put(ACCOUNT, question(str(number), text=f"word {number}"))
    async with taking(inbox) as take:
        claim = await take()
        turn = await first(claim)
        assert await turn.join() and not await turn.join()
        assert asked(turn).text == "word 0\n\nword 1\n\nword 2"
        assert (turn.job.id, asked(turn).id) == ("0", "2"), "known by the first, answered under the last"
        await turn.done(exchange_of(turn))
        assert await claim.next() is None
    assert [each.id for each in await store.history.read(chat())] == ["2"], "one exchange"


@pytest.mark.parametrize(
    ("jobs", "turns"),
    [
        ([by(MIA, "1", "a"), by(BEN, "2", "b"), by(MIA, "3", "c")], ["a", "b", "c"]),
        ([by(MIA, "1", "a"), by(MIA, "2", "b", ack="ref"), by(MIA, "3", "c")], ["a", "b\n\nc"]),
        ([by(MIA, "1", "a", sent_at=10.0), by(MIA, "2", "b", sent_at=700.0)], ["a", "b"]),
        ([by(MIA, "1", "a"), Question("retry:2", message("1", text="a"), asker=MIA, again=True)], ["a", "a"]),
        ([Question("retry:2", message("1", text="a"), again=True), by(MIA, "3", "b")], ["a", "b"]),
        ([by(MIA, "1", "a"), by(MIA, "2", "b" * MAX_JOINED_CHARACTERS)], ["a", "b" * MAX_JOINED_CHARACTERS]),
        ([by(MIA, "1", "a"), command("2"), by(MIA, "3", "b"), by(MIA, "4", "c")], ["a", "b\n\nc"]),
    ],
    ids=["another person", "its own message", "long after", "retry behind", "retry first", "too long", "a command"],
)
async def test_what_stays_a_question_of_its_own(
    inbox: Inbox, jobs: Sequence[Question | CommandCall], turns: list[str]
) -> None:
    await inbox.put_many(ACCOUNT, jobs)
    assert await joined(inbox) == turns


async def test_a_command_that_came_by_itself_keeps_apart(inbox: Inbox) -> None:
    for job in (question("1", text="a"), command("2"), question("3", text="b")):
        await inbox.put(ACCOUNT, job)
    assert await joined(inbox) == ["a", "b"]


async def test_only_so_many_join(inbox: Inbox) -> None:
    await inbox.put_many(ACCOUNT, [question(str(number), text=str(number)) for number in range(MAX_JOINED + 2)])
    assert [len(text.split()) for text in await joined(inbox)] == [MAX_JOINED, 2]


async def test_who_answers_hears_what_is_put_behind_it(store: Store, inbox: Inbox) -> None:
    """Whichever process reads the marker."""
    other = Inbox(store)
    await inbox.put(ACCOUNT, question("1", text="a"))
    async with taking(inbox) as take, aclosing(store.signals.listen()) as signals:
        turn = await first(await take())
        assert not await turn.join()
        coming = asyncio.create_task(anext(signals))
        await asyncio.sleep(0.3)
        await inbox.put(ACCOUNT, question("2", text="b"))
        await asyncio.wait_for(turn.more(), PATIENCE)
        assert await turn.join() and asked(turn).text == "a\n\nb"
        async with taking(other) as others:
            waiting = asyncio.ensure_future(others())
            while not coming.done():
                await inbox.put(ACCOUNT, question(f"more {random.random()}", text="c"))
                await asyncio.sleep(0.05)
            assert (await coming) == ("arrived", chat(), "")
            waiting.cancel()
            await asyncio.wait([waiting])


async def test_words_that_came_meanwhile_leave_it_as_it_is(inbox: Inbox) -> None:
    await inbox.put_many(ACCOUNT, [question("1", text="a"), question("2", text="b")])
    async with taking(inbox) as take:
        turn = await first(await take())
        assert not await turn.join(unless=lambda: True)
        assert asked(turn).text == "a"
        assert await inbox.replace(question("2", text="changed")), "nobody has begun it"
        await turn.done()


async def test_what_has_joined_is_still_changed(store: Store, inbox: Inbox) -> None:
    await inbox.put_many(ACCOUNT, [question(str(number), text=str(number)) for number in range(3)])
    assert await inbox.replace(question("1", text="one")) and await inbox.remove(chat(), "2")
    await inbox.put(ACCOUNT, by(BEN, "3", "ben"))
    async with taking(inbox) as take:
        turn = await first(await take())
        await turn.join()
        assert asked(turn).text == "0\n\none"
        assert await inbox.remove(chat(), "3") == "waiting", "another's waits still"
        assert await inbox.replace(question("1", text="late")) == "begun"
        assert not await turn.done(), "it was edited since it was read"
        assert await turn.reread() and not await turn.reread()
        assert asked(turn).text == "0\n\nlate"
        assert await inbox.remove(chat(), "0") == "begun"
        assert await turn.reread() and asked(turn).text == "late"
        assert await turn.done()
    assert not await store.redis.llen(LaneKeys(chat(), "talk").queue), "all of it has left the queue"


async def test_a_suspended_thought_can_be_changed_again(inbox: Inbox) -> None:
    await inbox.put_many(ACCOUNT, [question(str(number), text=str(number)) for number in range(3)])
    async with taking(inbox) as take:
        turn = await first(await take())
        await turn.join()
        await turn.suspend(None)
        assert await inbox.remove(chat(), "0") and await inbox.replace(question("1", text="one"))
        await inbox.wake(ACCOUNT, chat())
        turn = await first(await take())
        await turn.join()
        assert asked(turn).text == "one\n\n2"
        await turn.done()


async def test_all_of_a_thought_that_is_given_up_is_kept(inbox: Inbox) -> None:
    await inbox.put_many(ACCOUNT, [question("1", text="a"), question("2", text="b")])
    async with taking(inbox) as take:
        claim = await take()
        turn = await first(claim)
        await turn.join()
        await turn.set_aside("enough")
        assert await claim.next() is None
    assert {kept.aside.entry[:16] async for kept in inbox.kept_aside()} == {keys.turn(chat(), id) for id in "12"}


async def test_what_was_seen_keeps_its_question_after_a_crash(store: Store) -> None:
    dead, heir = Inbox(store, ttl=1.0), Inbox(store, ttl=1.0)
    await dead.put_many(ACCOUNT, [question("1", text="a"), question("2", text="b")])
    async with taking(dead) as take:
        turn = await first(await take())
        await turn.join()
        await turn.reply().begin()
    await dead.put(ACCOUNT, question("3", text="c"))
    await dead.close()
    async with taking(heir) as take:
        claim = await take()
        turn = await first(claim)
        await turn.join()
        assert asked(turn).text == "a\n\nb", "no more and no less than people have seen the beginning of an answer to"
        await turn.done()
        turn = await first(claim)
        assert asked(turn).text == "c"
        await turn.done()
    await heir.close()


async def test_all_of_a_thought_moves_when_its_turn_ends(store: Store, inbox: Inbox) -> None:
    await inbox.put_many(ACCOUNT, [question("1", text="a"), question("2", text="b"), by(BEN, "3", "c")])
    async with taking(inbox) as take:
        turn = await first(await take())
        await turn.join()
        await inbox.move(chat(), chat("2"))
        await turn.done(exchange_of(turn))
        moved = await take()
        assert asked(await first(moved)).text == "c"
        assert [each.id for each in await store.history.read(chat("2"))] == ["2"]


FORWARD, COMMENT = (
    replace(message("1", text=""), quoted="Their words.", forwarded=True),
    message("2", text="Summarise this."),
)


@pytest.mark.parametrize("said", [(FORWARD, COMMENT), (COMMENT, FORWARD)], ids=["comment last", "comment first"])
def test_a_forward_and_its_comment_are_one_question(said: Sequence[Said]) -> None:
    got = join([Question(each.id, each) for each in said]).message
    assert (got.quoted, got.text, got.forwarded, got.id) == ("Their words.", "Summarise this.", False, said[-1].id)


def test_each_keeps_what_it_replies_to_and_what_came_with_it() -> None:
    one = replace(message("1", text="a"), quoted="x", attachments=(Attachment("image"),))
    two = replace(message("2", text="b"), quoted="y\nz", attachments=(Attachment("file"),))
    got = join([Question("1", one), Question("2", two), Question("3", replace(message("3", text="c"), quoted="x"))])
    assert (got.message.quoted, got.message.text) == ("x", "a\n\n> y\n> z\nb\n\nc")
    assert [each.kind for each in got.message.attachments] == ["image", "file"]


@given(st.lists(st.tuples(st.text(max_size=5), st.text(max_size=5), st.booleans()), min_size=1, max_size=6))
def test_no_word_is_lost_in_joining(pieces: list[tuple[str, str, bool]]) -> None:
    said = [
        replace(message(str(number)), text="" if forwarded else f"t{number}{text}", quoted=f"q{number}{quoted}")
        for number, (text, quoted, forwarded) in enumerate(pieces)
    ]
    said = [replace(each, forwarded=piece[2]) for each, piece in zip(said, pieces, strict=True)]
    got = join([Question(each.id, each) for each in said]).message
    everything = f"{got.quoted}\n{got.text}"
    for number, piece in enumerate(pieces):
        assert f"q{number}" in everything
        assert piece[2] or f"t{number}" in got.text


@pytest.mark.parametrize("seed", range(3))
async def test_each_message_is_in_one_question_in_order(store: Store, inbox: Inbox, seed: int) -> None:
    """Whenever they arrive, with two workers that drop dead and come again."""
    chance, chats, each = random.Random(seed), 6, 25

    async def answer(claim: Claim, chance: random.Random) -> None:
        """Answer with some delay, and join what comes meanwhile."""
        while (turn := await claim.next()) is not None:
            await turn.join()
            with suppress(TimeoutError):
                async with asyncio.timeout(chance.uniform(0, 0.05)):
                    while True:
                        await turn.more()
                        await turn.join(unless=lambda: chance.random() < 0.2)
            if chance.random() < 0.5 and not turn.reply().begun:
                await turn.reply().begin()
            await turn.done(exchange_of(turn))

    def mortal(seed: int) -> Mortal:
        own = random.Random(seed)
        return Mortal(store, partial(answer, chance=own), ttl=0.6, span=(0.1, 0.4), chance=own)

    lives = [asyncio.create_task(mortal(10 * seed + number).live(5)) for number in range(2)]

    async def speak(one: int) -> None:
        for number in range(each):
            await inbox.put(ACCOUNT, by(chance.choice([MIA, MIA, BEN]), str(number), f"{number}", chat(str(one))))
            if chance.random() < 0.1:
                await inbox.put(ACCOUNT, command(f"command {number}", chat(str(one))))
            await asyncio.sleep(chance.choice([0, 0, 0.01, 0.1]))

    async def told(one: int) -> list[int]:
        history = await store.history.read(chat(str(one)))
        return [int(number) for exchange in history for number in exchange.question[0].text.split()]

    async def all_done() -> bool:
        return not any([await store.redis.llen(LaneKeys(chat(str(one)), "talk").queue) for one in range(chats)])

    try:
        await asyncio.gather(*map(speak, range(chats)))
        await until(all_done)
        for one in range(chats):
            assert await told(one) == list(range(each))
            history = await store.history.read(chat(str(one)))
            assert len(history) < each, "some were joined"
    finally:
        for life in lives:
            life.cancel()
        await asyncio.wait(lives)
