"""Stored prompts: found in the nearest place first, bounded, kept while they are used, moved with their chat."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.inbox import Inbox
from bridge.store import ChainStep, Prompt, Prompts, Store
from bridge.store import prompts as module
from bridge.store.keys import PromptKeys
from bridge.types import Chat, User
from tests.harness import HOME, OWNER, bridge_in_process

MIA, TOM = User("telegram", "7"), User("telegram", "8")
OLD, NEW = Chat("telegram", "-5", "77"), Chat("telegram", "-1005")


def prompt(name: str, text: str = "Rhyme.") -> Prompt:
    return Prompt(name, str(MIA), text=text)


async def found(prompts: Prompts, name: str, person: User = MIA, chat: Chat = OLD) -> str | None:
    stored = await prompts.find("persona", name, person, chat)
    return stored.prompt.text if stored else None


async def test_ones_own_goes_before_the_chats_and_everybodys(store: Store) -> None:
    prompts = store.prompts
    for place in ("all", "chat", "own"):
        assert await prompts.save("persona", place, prompt("Poet", place), MIA, OLD)
    assert await found(prompts, "poet") == "own"
    assert await found(prompts, "POET", TOM) == "chat"
    assert await found(prompts, "poet", TOM, NEW) == "all"
    assert [each.prompt.text for each in await prompts.of("persona", MIA, OLD)] == ["own"]
    assert await prompts.of("chain", MIA, OLD) == []
    assert await prompts.delete("persona", "own", "poet", MIA, OLD)
    assert not await prompts.delete("persona", "own", "poet", MIA, OLD)
    assert await found(prompts, "poet") == "chat"


async def test_there_is_room_for_so_many_and_no_more(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_OWN", 2)
    for name, fits in (("a", True), ("b", True), ("c", False), ("a", True)):
        assert await store.prompts.save("persona", "own", prompt(name), MIA, OLD) is fits
    key = PromptKeys.person(str(MIA))
    await store.redis.expire(key, 10)
    assert await found(store.prompts, "a")
    assert await store.redis.ttl(key) > 10, "what is used is kept longer"


async def test_a_row_of_a_newer_process_is_read_and_nonsense_is_not(store: Store) -> None:
    key = PromptKeys.person(str(MIA))
    await store.redis.hset(key, "persona new", '{"v":9,"name":"new","by":"x","text":"t","mood":1}')
    await store.redis.hset(key, "persona odd", "nonsense")
    assert await found(store.prompts, "new") == "t"
    assert await found(store.prompts, "odd") is None
    assert len(await store.prompts.of("persona", MIA, OLD)) == 1


async def test_a_chats_prompts_move_with_it(store: Store, inbox: Inbox) -> None:
    await store.prompts.save("persona", "chat", prompt("poet", "old"), MIA, OLD)
    await store.prompts.save("persona", "chat", prompt("mime", "old"), MIA, OLD)
    await store.prompts.save("persona", "chat", prompt("mime", "new"), MIA, NEW)
    for _ in range(2):
        await inbox.move(OLD, NEW)
    assert await found(store.prompts, "poet", TOM, NEW) == "old"
    assert await found(store.prompts, "mime", TOM, NEW) == "new"
    assert await found(store.prompts, "poet", TOM, OLD) is None


def test_a_step_puts_the_text_where_it_belongs() -> None:
    assert ChainStep("s", "Shorten {input}, twice: {input}").request("it") == ("", "Shorten it, twice: it")
    assert ChainStep("s", "You shorten.", persona=True).request("it") == ("You shorten.", "it")


async def test_many_personas_are_turned_page_by_page(store: Store, tmp_path: Path) -> None:
    for number in range(30):
        await store.prompts.save("persona", "own", prompt(f"n{number:02}"), OWNER, HOME)
    async with bridge_in_process(store, tmp_path) as bridge:
        seen: list[str] = []
        for command in ("/persona", "/persona >2", "/persona >3"):
            await bridge.say(command)
            labels = [button.label for button in bridge.shown_in(HOME)[-1].buttons]
            assert len(labels) <= 25
            assert ("Next" in labels, "Back" in labels) == (command != "/persona >3", command != "/persona")
            seen += labels
        assert {f"n{number:02}" for number in range(30)} <= set(seen)
        assert {"Translator", "Planner"} <= set(seen)
