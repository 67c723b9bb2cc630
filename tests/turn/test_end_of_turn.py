"""What comes between the last word of an answer and the end of its turn: a press is for that answer, an edit for its
question."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from msgspec.structs import replace

from bridge.app import Bridge
from bridge.commands.answer import is_last
from bridge.gateway import Gateway, Gateways
from bridge.inbox import Inbox, Question
from bridge.reply import Account
from bridge.settings import Settings
from bridge.store import LastAnswer, Store
from bridge.types import ModelId
from tests.emulators.gateway import GatewayEmulator
from tests.harness import PATIENCE_SECONDS, TalkingChannel
from tests.store.parts import ACCOUNT, chat, exchange, first, message, question, taking


async def test_an_answer_is_the_last_before_its_turn_ends(store: Store, inbox: Inbox) -> None:
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


async def test_a_press_may_wait_for_the_turn_to_end(inbox: Inbox) -> None:
    await inbox.end_of_turn(chat(), 30.0)  # there is none
    await inbox.put(ACCOUNT, question("1"))
    await inbox.end_of_turn(chat(), 0.1)
    assert await inbox.busy(chat())


@pytest.mark.parametrize(
    ("job", "answers"),
    [
        (Question("/retry", message("1"), again=True, about="another answer"), 0),
        (Question("1", message("1", text=""), action="deleted"), 1),
        (Question("/compare", message("1"), models=("fake-openai:ok", "fake-openai:ok")), 2),
    ],
    ids=["nothing to do", "taken back", "compared"],
)
async def test_an_edit_at_the_end_of_a_turn_is_answered(
    store: Store, tmp_path: Path, job: Question, answers: int
) -> None:
    async with (
        GatewayEmulator("B") as emulator,
        Gateway(emulator.url, emulator.key, first_token=60, idle=60) as gateway,
    ):
        model, member = ModelId("fake-openai", "ok"), message("1").sender
        settings = Settings(gateway_url=emulator.url, model=model, data_dir=tmp_path, admins=(member,), language="en")
        app, channel = Bridge(settings, store, Gateways.of_one(gateway)), TalkingChannel()
        await app.inbox.put(ACCOUNT, job)
        async with taking(app.inbox) as take:
            turn = await first(await take())
            assert await app.inbox.replace(replace(job, message=message("1", text="how?"), action="")) == "begun"
            async with asyncio.timeout(PATIENCE_SECONDS):
                await app._answerer.answer(turn, Account(channel))
        assert ["You said: how?" in each.text for each in channel.messages.values()] == [True] * answers
        assert not await app.inbox.busy(chat())
        await app.inbox.close()
