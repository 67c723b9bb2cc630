"""What applies in a chat: models, who is answered, whose history, how much; and what an owner sets for all."""

from __future__ import annotations

import pytest

from bridge.access import SHELL, ChatSettings, Limit, Patterns
from bridge.types import Chat, ModelId, User
from tests.access.desk import HOME, OWNER, Office, direct, group, person

CLUB = group("club", title="Chess club")
ANNA, BEN = person("anna", "Anna"), person("ben", "Ben")


@pytest.fixture(autouse=True)
async def open_club(office: Office) -> None:
    await office.access.allow(CLUB, SHELL)


async def members(office: Office, *people: User) -> None:
    for each in people:
        await office.access.allow(each, SHELL)


async def test_only_permitted_models_are_shown_taken_and_used(office: Office) -> None:
    await office.say("/model fake-openai:reason", ANNA, CLUB)
    assert "✓ `fake-openai:*`" in await office.say("/models allow fake-openai:*", OWNER, CLUB)
    assert "✗ `*reason*`" in await office.say("/chat models deny *reason*", OWNER, CLUB)
    said = await office.say("hello", ANNA, CLUB)
    assert "fake-openai:reason may not be used in this chat" in said, "chosen before, and not silently replaced"
    assert "There is no model" in await office.say("/model fake-openai:reason", ANNA, CLUB)
    listed = await office.say("/models", ANNA, CLUB)
    assert "fake-openai:ok" in listed
    assert "reason" not in listed
    assert "Now:" in await office.say("/model fake-openai:ok", ANNA, CLUB)
    assert await office.say("hello", ANNA, CLUB) == "You said: Anna: hello"
    assert await office.say("/models allow *:ok", ANNA, CLUB) == "Only admins can do that."
    assert "all" in await office.say("/models reset", OWNER, CLUB)
    assert "Now:" in await office.say("/model fake-openai:reason", ANNA, CLUB)


async def test_a_default_model_and_prompt_and_who_may_change_them(office: Office) -> None:
    await office.say("/chat model fake-openai:vendor/ok:free", OWNER, CLUB)
    await office.say("/chat system Be brief.", OWNER, CLUB)
    await office.say("hello", ANNA, group("club", "12"))
    request = office.gateway.requests[-1]
    assert request.model == "fake-openai:vendor/ok:free"
    assert request.messages[0] == {"role": "system", "content": "Be brief."}
    await office.say("/chat choose admins", OWNER, CLUB)
    for text in ("/model fake-openai:ok", "/system Be long."):
        assert await office.say(text, ANNA, CLUB) == "Only admins choose that in this chat."
    assert "Now:" in await office.say("/model fake-openai:ok", OWNER, CLUB)
    await office.say("/model", OWNER, CLUB)
    menu = office.lying_in(CLUB)[-1]
    assert "Only admins" in await office.say("/model fake-openai:ok", ANNA, CLUB, menu=menu.ref)
    assert office.desk.sheets[menu.ref].text == menu.text, "for those who may, it stays"
    await office.say("/model fake-openai:ok", OWNER, CLUB, menu=menu.ref)
    assert office.desk.sheets[menu.ref].text.startswith("Now:")
    assert not office.desk.sheets[menu.ref].buttons


async def test_everything_is_answered_where_that_is_set(office: Office) -> None:
    assert await office.say("just talking", ANNA, CLUB, addressed=False) == ""
    await office.say("/chat answer all", OWNER, CLUB)
    assert await office.say("just talking", ANNA, CLUB, addressed=False) == "You said: Anna: just talking"
    assert await office.say("/weather@other_bot", ANNA, CLUB, addressed=False) == ""
    assert await office.say("just talking", ANNA, group("other"), addressed=False) == ""
    await office.access.deny(BEN, SHELL)
    assert await office.say("me too", BEN, CLUB, addressed=False) == ""
    # Where nobody was let in, talk that is not meant for us is nobody's business, whatever applies elsewhere.
    await office.say("/chat all answer all")
    sheets = len(office.desk.sheets)
    await office.say("just talking", ANNA, group("other"), addressed=False)
    assert len(office.desk.sheets) == sheets
    await office.say("/chat answer mention", OWNER, CLUB)
    assert await office.say("just talking", ANNA, CLUB, addressed=False) == ""


async def test_everybody_can_have_a_history_of_their_own(office: Office) -> None:
    await office.say("I am Anna.", ANNA, CLUB)
    await office.say("/history per-person", OWNER, CLUB)
    for who in (ANNA, BEN):
        await office.say("one", who, CLUB)
        await office.say("two", who, CLUB)
        assert contents(office) == [f"{who.name}: one", f"You said: {who.name}: one", f"{who.name}: two"]
    await office.say("/new", ANNA, CLUB)
    await office.say("three", ANNA, CLUB)
    assert contents(office) == ["Anna: three"]
    await office.say("three", BEN, CLUB)
    assert len(contents(office)) == 5, "Ben's is his own"
    await office.say("/retry", BEN, CLUB)
    assert contents(office)[-1] == "Ben: three"
    await office.say("/history shared", OWNER, CLUB)
    await office.say("back", BEN, CLUB)
    assert contents(office)[0] == "Anna: I am Anna."
    assert contents(office)[-1] == "Ben: back"


def contents(office: Office) -> list[str]:
    return [str(message["content"]) for message in office.gateway.requests[-1].messages]


async def test_a_day_has_so_many_turns_for_each(office: Office) -> None:
    await office.say("/chat limit 2 turns", OWNER, CLUB)
    for text in ("one", "two"):
        assert await office.say(text, ANNA, CLUB) == f"You said: Anna: {text}"
    said = await office.say("three", ANNA, CLUB)
    assert "today's limit here (2 turns)" in said
    assert "midnight UTC, in" in said
    assert await office.say("four", ANNA, group("club", "topic")) == said, "a topic is no way round"
    assert await office.say("one", BEN, CLUB) == "You said: Ben: one"
    for text in ("1", "2", "3"):
        assert await office.say(text, OWNER, CLUB) == f"You said: Olga: {text}", "an admin could lift it anyway"
    assert len(office.gateway.requests) == 6
    await office.say("/chat limit off", OWNER, CLUB)
    assert await office.say("five", ANNA, CLUB) == "You said: Anna: five"


async def test_whoever_asks_again_pays(office: Office) -> None:
    await office.say("/chat limit 1 turns", OWNER, CLUB)
    await office.say("one", ANNA, CLUB)
    await office.say("/retry", BEN, CLUB)
    assert len(office.gateway.requests) == 2, "Anna's day is over, but it is Ben who asks"
    await office.say("/retry", BEN, CLUB)
    assert len(office.gateway.requests) == 2
    assert "today's limit" in office.lying_in(CLUB)[-1].text


async def test_a_day_has_so_many_tokens_as_reported(office: Office) -> None:
    await office.say("/chat limit 30 tokens", OWNER, CLUB)
    asked = 0
    while "limit" not in await office.say(f"question {asked}", ANNA, CLUB):
        asked += 1
        assert asked < 20
    used = await office.access.usage.today(ANNA, CLUB)
    assert asked >= 1
    assert used.tokens >= 30


async def test_whoever_asks_again_is_judged(office: Office) -> None:
    await office.say("a question", ANNA, CLUB)
    await office.access.deny(ANNA, SHELL)
    await office.say("/retry", BEN, CLUB)
    assert len(office.gateway.requests) == 2, "Ben may, though Anna may no longer"
    await office.access.allow(ANNA, SHELL)
    await office.say("another", ANNA, CLUB)
    await office.access.deny(BEN, SHELL)
    await office.say("/retry", BEN, CLUB, menu="1")
    assert len(office.gateway.requests) == 3


async def test_an_owner_sets_what_applies_where_nothing_is_set(office: Office) -> None:
    await members(office, ANNA)
    await office.access.promote(BEN, SHELL)
    assert await office.say("/chat all limit 1 turns", BEN, direct(BEN)) == "Only owners can do that."
    assert "In all chats" in await office.say("/chat all limit 1 turns")
    assert await office.say("one", ANNA, direct(ANNA)) == "You said: one"
    assert "limit" in await office.say("two", ANNA, direct(ANNA))
    await office.say("/chat limit off", OWNER, CLUB)
    assert [await office.say(text, ANNA, CLUB) for text in "ab"] == ["You said: Anna: a", "You said: Anna: b"]
    assert "`limit`: `1 turns`" in await office.say("/chat limit default", OWNER, CLUB)


@pytest.mark.parametrize(
    "text",
    [
        "answer sometimes",
        "limit many",
        "limit 0 turns",
        "limit 99999999999999 turns",
        "model gpt",
        "models allow openai",
        f"models allow {'x' * 200}*",
        "models allow ******a*:b*",
        f"system {'x' * 5000}",
        "history",
        "nosuch thing",
    ],
)
async def test_what_means_nothing_changes_nothing(office: Office, text: str) -> None:
    assert "/chat answer mention" in await office.say(f"/chat {text}", OWNER, CLUB)
    assert await office.access.own_settings(CLUB) == {}


async def test_settings_follow_a_chat_that_moves(office: Office) -> None:
    await office.say("/chat limit 3 turns", OWNER, CLUB)
    new = Chat("paper", "superclub")
    office.put(office.message("", OWNER, CLUB, addressed=False, moved_to=new))
    await office.quiet()
    assert (await office.access.settings(new)).limit == Limit(turns=3)
    assert await office.say("hello", ANNA, new) == "You said: Anna: hello"
    assert await office.say("hello", ANNA, CLUB) == ""


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


async def test_home_is_where_the_owner_is(office: Office) -> None:
    assert "**In this chat**" in await office.say("/chat", OWNER, HOME)
