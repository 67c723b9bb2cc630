"""What applies in a chat: models, who is answered, whose history, how much; and what an owner sets for all."""

from __future__ import annotations

import pytest

from bridge.access import SHELL, ChatSettings, Limit, Patterns
from bridge.inbound import ChatMoved
from bridge.types import Chat, ModelId, User
from tests.harness import HOME, OWNER, BridgeInProcess, direct, group, person

CLUB = group("club", title="Chess club")
ANNA, BEN = person("anna", "Anna"), person("ben", "Ben")


@pytest.fixture(autouse=True)
async def open_club(bridge: BridgeInProcess) -> None:
    await bridge.access.rules.allow(CLUB, SHELL)


async def members(bridge: BridgeInProcess, *people: User) -> None:
    for each in people:
        await bridge.access.rules.allow(each, SHELL)


async def test_only_permitted_models_are_shown_taken_and_used(bridge: BridgeInProcess) -> None:
    await bridge.say("/model fake-openai:reason", ANNA, CLUB)
    assert "✓ `fake-openai:*`" in await bridge.say("/models allow fake-openai:*", OWNER, CLUB)
    assert "✗ `*reason*`" in await bridge.say("/chat models deny *reason*", OWNER, CLUB)
    said = await bridge.say("hello", ANNA, CLUB)
    assert "fake-openai:reason may not be used in this chat" in said, "chosen before, and not silently replaced"
    assert "There is no model" in await bridge.say("/model fake-openai:reason", ANNA, CLUB)
    listed = await bridge.say("/models", ANNA, CLUB)
    assert "fake-openai:ok" in listed
    assert "reason" not in listed
    assert "Now:" in await bridge.say("/model fake-openai:ok", ANNA, CLUB)
    assert await bridge.say("hello", ANNA, CLUB) == "You said: Anna: hello"
    assert await bridge.say("/models allow *:ok", ANNA, CLUB) == "Only admins can do that."
    assert "all" in await bridge.say("/models reset", OWNER, CLUB)
    assert "Now:" in await bridge.say("/model fake-openai:reason", ANNA, CLUB)


async def test_a_default_model_and_prompt_and_who_may_change_them(bridge: BridgeInProcess) -> None:
    await bridge.say("/chat model fake-openai:vendor/ok:free", OWNER, CLUB)
    await bridge.say("/chat system Be brief.", OWNER, CLUB)
    await bridge.say("hello", ANNA, group("club", "12"))
    request = bridge.gateway.requests[-1]
    assert request.model == "fake-openai:vendor/ok:free"
    assert request.messages[0] == {"role": "system", "content": "Be brief."}
    await bridge.say("/chat choose admins", OWNER, CLUB)
    for text in ("/model fake-openai:ok", "/system Be long."):
        assert await bridge.say(text, ANNA, CLUB) == "Only admins choose that in this chat."
    assert "Now:" in await bridge.say("/model fake-openai:ok", OWNER, CLUB)
    await bridge.say("/model", OWNER, CLUB)
    menu = bridge.shown_in(CLUB)[-1]
    assert "Only admins" in await bridge.say("/model fake-openai:ok", ANNA, CLUB, menu=menu.ref)
    assert bridge.channel.messages[menu.ref].text == menu.text, "for those who may, it stays"
    await bridge.say("/model fake-openai:ok", OWNER, CLUB, menu=menu.ref)
    assert bridge.channel.messages[menu.ref].text.startswith("Now:")
    assert not bridge.channel.messages[menu.ref].buttons


async def test_everything_is_answered_where_that_is_set(bridge: BridgeInProcess) -> None:
    assert await bridge.say("just talking", ANNA, CLUB, addressed=False) == ""
    await bridge.say("/chat answer all", OWNER, CLUB)
    assert await bridge.say("just talking", ANNA, CLUB, addressed=False) == "You said: Anna: just talking"
    assert await bridge.say("/weather@other_bot", ANNA, CLUB, addressed=False) == ""
    assert await bridge.say("just talking", ANNA, group("other"), addressed=False) == ""
    await bridge.access.rules.deny(BEN, SHELL)
    assert await bridge.say("me too", BEN, CLUB, addressed=False) == ""
    # Where nobody was let in, talk that is not meant for us is nobody's business, whatever applies elsewhere.
    await bridge.say("/chat all answer all")
    messages = len(bridge.channel.messages)
    await bridge.say("just talking", ANNA, group("other"), addressed=False)
    assert len(bridge.channel.messages) == messages
    await bridge.say("/chat answer mention", OWNER, CLUB)
    assert await bridge.say("just talking", ANNA, CLUB, addressed=False) == ""


async def test_everybody_can_have_a_history_of_their_own(bridge: BridgeInProcess) -> None:
    await bridge.say("I am Anna.", ANNA, CLUB)
    await bridge.say("/history per-person", OWNER, CLUB)
    for who in (ANNA, BEN):
        await bridge.say("one", who, CLUB)
        await bridge.say("two", who, CLUB)
        assert contents(bridge) == [f"{who.name}: one", f"You said: {who.name}: one", f"{who.name}: two"]
    await bridge.say("/new", ANNA, CLUB)
    await bridge.say("three", ANNA, CLUB)
    assert contents(bridge) == ["Anna: three"]
    await bridge.say("three", BEN, CLUB)
    assert len(contents(bridge)) == 5, "Ben's is his own"
    await bridge.say("/retry", BEN, CLUB)
    assert contents(bridge)[-1] == "Ben: three"
    await bridge.say("/history shared", OWNER, CLUB)
    await bridge.say("back", BEN, CLUB)
    assert contents(bridge)[0] == "Anna: I am Anna."
    assert contents(bridge)[-1] == "Ben: back"


def contents(bridge: BridgeInProcess) -> list[str]:
    return [str(message["content"]) for message in bridge.gateway.requests[-1].messages]


async def test_a_day_has_so_many_turns_for_each(bridge: BridgeInProcess) -> None:
    await bridge.say("/chat limit 2 turns", OWNER, CLUB)
    for text in ("one", "two"):
        assert await bridge.say(text, ANNA, CLUB) == f"You said: Anna: {text}"
    said = await bridge.say("three", ANNA, CLUB)
    assert "today's limit here (2 turns)" in said
    assert "midnight UTC, in" in said
    assert await bridge.say("four", ANNA, group("club", "topic")) == said, "a topic is no way round"
    assert await bridge.say("one", BEN, CLUB) == "You said: Ben: one"
    for text in ("1", "2", "3"):
        assert await bridge.say(text, OWNER, CLUB) == f"You said: Olga: {text}", "an admin could lift it anyway"
    assert len(bridge.gateway.requests) == 6
    await bridge.say("/chat limit off", OWNER, CLUB)
    assert await bridge.say("five", ANNA, CLUB) == "You said: Anna: five"


async def test_regenerating_counts_for_the_person_who_presses(bridge: BridgeInProcess) -> None:
    await bridge.say("/chat limit 1 turns", OWNER, CLUB)
    await bridge.say("one", ANNA, CLUB)
    await bridge.say("/retry", BEN, CLUB)
    assert len(bridge.gateway.requests) == 2, "Anna's day is over, but it is Ben who asks"
    await bridge.say("/retry", BEN, CLUB)
    assert len(bridge.gateway.requests) == 2
    assert "today's limit" in bridge.shown_in(CLUB)[-1].text


async def test_a_day_has_so_many_tokens_as_reported(bridge: BridgeInProcess) -> None:
    await bridge.say("/chat limit 30 tokens", OWNER, CLUB)
    asked = 0
    while "limit" not in await bridge.say(f"question {asked}", ANNA, CLUB):
        asked += 1
        assert asked < 20
    used = await bridge.access.quota.used_today(ANNA, CLUB)
    assert asked >= 1
    assert used.tokens >= 30


async def test_the_person_who_regenerates_is_judged(bridge: BridgeInProcess) -> None:
    await bridge.say("a question", ANNA, CLUB)
    await bridge.access.rules.deny(ANNA, SHELL)
    await bridge.say("/retry", BEN, CLUB)
    assert len(bridge.gateway.requests) == 2, "Ben may, though Anna may no longer"
    await bridge.access.rules.allow(ANNA, SHELL)
    await bridge.say("another", ANNA, CLUB)
    await bridge.access.rules.deny(BEN, SHELL)
    await bridge.say("/retry", BEN, CLUB, menu="1")
    assert len(bridge.gateway.requests) == 3


async def test_an_owner_sets_what_applies_where_nothing_is_set(bridge: BridgeInProcess) -> None:
    await members(bridge, ANNA)
    await bridge.access.roles.promote(BEN, SHELL)
    assert await bridge.say("/chat all limit 1 turns", BEN, direct(BEN)) == "Only owners can do that."
    assert "In all chats" in await bridge.say("/chat all limit 1 turns")
    assert await bridge.say("one", ANNA, direct(ANNA)) == "You said: one"
    assert "limit" in await bridge.say("two", ANNA, direct(ANNA))
    await bridge.say("/chat limit off", OWNER, CLUB)
    assert [await bridge.say(text, ANNA, CLUB) for text in "ab"] == ["You said: Anna: a", "You said: Anna: b"]
    assert "`limit`: `1 turn`" in await bridge.say("/chat limit default", OWNER, CLUB)


@pytest.mark.parametrize(
    "text",
    [
        "answer sometimes",
        "limit many",
        "limit 0 turns",
        "limit 99999999999999 turns",
        "model gpt:",
        "models allow openai",
        f"models allow {'x' * 200}*",
        "models allow ******a*:b*",
        f"system {'x' * 5000}",
        "history",
        "nosuch thing",
    ],
)
async def test_what_means_nothing_changes_nothing(bridge: BridgeInProcess, text: str) -> None:
    told, name = await bridge.say(f"/chat {text}", OWNER, CLUB), text.split()[0]
    assert f"`/chat {'answer mention' if name == 'nosuch' else name}" in told, "how that setting is written"
    assert await bridge.access.settings.own(CLUB) == {}


async def test_settings_follow_a_chat_that_moves(bridge: BridgeInProcess) -> None:
    await bridge.say("/chat limit 3 turns", OWNER, CLUB)
    new = Chat("fake", "superclub")
    bridge.put(ChatMoved("moved", CLUB, new))
    await bridge.quiet()
    assert (await bridge.access.settings.of(new)).limit == Limit(turns=3)
    assert await bridge.say("hello", ANNA, new) == "You said: Anna: hello"
    assert await bridge.say("hello", ANNA, CLUB) == ""


@pytest.mark.parametrize(
    ("patterns", "model", "permitted"),
    [
        ("", "openai:gpt-5", True),
        ("+openai:*", "openai:gpt-5", True),
        ("+openai:*", "openrouter:openai/gpt-5", False),
        ("+OpenAI:*", "openai:GPT-5", True),
        ("+openai:* -*preview*", "openai:gpt-5-preview", False),
        ("-*:free", "openrouter:x:free", False),
        ("-*:free", "openrouter:x", True),
        ("+a:[x]", "a:x", False),
        ("+a:[x]", "a:[x]", True),
        ("+a:?", "a:b", False),
        ("-*", "a:b", False),
    ],
)
def test_a_denied_model_is_denied_whatever_is_allowed(patterns: str, model: str, permitted: bool) -> None:
    assert Patterns.parse(patterns).permit(ModelId.parse(model)) is permitted


def test_a_pattern_list_that_cannot_be_read_permits_nothing() -> None:
    settings = ChatSettings.read({"models": "garbage", "limit": "garbage", "answer": "all"})
    assert not settings.models.permit(ModelId("a", "b"))
    assert (settings.answer, settings.limit) == ("all", None)


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("50 turns", Limit(50)),
        ("1 turn a day", Limit(1)),
        ("200000 tokens per day", Limit(0, 200000)),
        ("50 turns, 200000 tokens", Limit(50, 200000)),
    ],
)
def test_a_limit_as_people_write_it(text: str, limit: Limit) -> None:
    assert Limit.parse(text) == limit
    assert Limit.parse(str(limit)) == limit


async def test_home_is_where_the_owner_is(bridge: BridgeInProcess) -> None:
    assert "**In this chat**" in await bridge.say("/chat", OWNER, HOME)
