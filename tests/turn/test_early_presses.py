"""A press in the moment between the last word of an answer and the end of its turn is for that answer."""

from __future__ import annotations

from bridge.commands.answer import is_last
from bridge.inbox import Inbox
from bridge.store import LastAnswer, Store
from tests.store.parts import ACCOUNT, chat, exchange, first, message, question, taking


async def test_an_answer_is_the_last_before_its_turn_ends(store: Store) -> None:
    inbox = Inbox(store)
    await inbox.put(ACCOUNT, question("1"))
    async with taking(inbox) as take:
        claim = await take()
        turn = await first(claim)
        assert await is_last(store, inbox, chat(), turn.key)
        assert not await is_last(store, inbox, chat(), "a" * 16)
        assert not await is_last(store, inbox, chat("2"), turn.key)
        await turn.done(exchange("1"), answer=LastAnswer(turn.key, (message("1"),), epoch=turn.epoch))
        assert await is_last(store, inbox, chat(), turn.key)
        await inbox.put(ACCOUNT, question("2"))
        later = await first(claim)
        await later.done(exchange("2"), answer=LastAnswer(later.key, (message("2"),), epoch=later.epoch))
        assert not await is_last(store, inbox, chat(), turn.key)
    await inbox.close()


async def test_a_press_may_wait_for_the_turn_to_end(store: Store) -> None:
    inbox = Inbox(store)
    await inbox.end_of_turn(chat(), 30.0)  # there is none
    await inbox.put(ACCOUNT, question("1"))
    await inbox.end_of_turn(chat(), 0.1)
    assert await inbox.busy(chat())
    await inbox.close()
