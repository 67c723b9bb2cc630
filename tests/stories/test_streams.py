"""What gateways stream, as it stands on the screens of all platforms; and what they refuse, as it is asked again."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from itertools import cycle

import pytest
import pytest_asyncio

from tests.emulators.servers import ServerEmulator
from tests.gateway.table import INVALID, PNG, REFUSALS, STREAMS
from tests.harness import BridgeProcess, until
from tests.platform import Platform, SharedFile
from tests.platforms import PLATFORMS

PEOPLE = ("mia", "ann", "bob", "eve")
TURNS = cycle(PEOPLE)
SEEN_ON_ALL = [name for name, row in STREAMS.items() if row.pictures or row.note]
"""What is more than text each platform shows in its own way; which text it is, is settled before."""
ROWS = [("telegram", name) for name in STREAMS] + [
    (each, name) for each in ("discord", "feishu") for name in SEEN_ON_ALL
]

LINK = re.compile(r"\[(\[\d+\])\]\(https://[^)\s]+\)")

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server() -> AsyncIterator[ServerEmulator]:
    async with ServerEmulator(key="sk-0123456789abcdef") as server:
        server.models = ["gpt-4o", *(name.replace(" ", "-") for name in REFUSALS)]
        yield server


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bot(
    request: pytest.FixtureRequest, server: ServerEmulator, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[BridgeProcess]:
    """One for all rows: to start it takes longer than to play any of them."""
    platform: Platform
    async with PLATFORMS[request.param]() as platform:
        admins = ",".join(str(platform.user(who)) for who in PEOPLE)
        settings = {"BRIDGE_ADMINS": admins, "BRIDGE_MODEL": "gpt-4o", "BRIDGE_SYSTEM": "Be brief."}
        async with BridgeProcess(platform, server, tmp_path_factory.mktemp(request.param), **settings) as bot:
            yield bot


@pytest.fixture
def who() -> str:
    """Somebody else for each row, so that nobody is too fast."""
    return next(TURNS)


def lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


@pytest.mark.parametrize(("bot", "name"), ROWS, indirect=["bot"])
async def test_what_a_gateway_streams(name: str, bot: BridgeProcess, server: ServerEmulator, who: str) -> None:
    row = STREAMS[name]
    server.script(row.reply)
    before = len(bot.bubbles(who=who))
    await bot.ask("go on", who=who)

    def files() -> list[SharedFile]:
        return [file for bubble in bot.bubbles(who=who)[before:] for file in bubble.files]

    await until(lambda: len(files()) >= len(row.pictures), "the pictures")
    bubbles = bot.bubbles(who=who)[before:]
    assert [(file.kind, file.content) for file in files()] == [("image", PNG)] * len(row.pictures)
    said = LINK.sub(r"\1", "\n".join(bubble.text for bubble in bubbles))  # Discord shows an address in its text
    # Where a paragraph ends, each platform says in its own way; so it does with the words that go with a picture.
    captions = [file.caption for file in files()]
    assert [line for line in lines(said) if line not in captions] == lines(f"{row.text}\n{row.note}")
    assert all(words in captions or words in said for words in row.pictures)
    assert "base64" not in said
    await bot.ask("and now?", who=who)
    answered = server.requests[-1]["messages"][-2]
    assert answered["role"] == "assistant"
    assert "secret" not in answered["content"] and "base64" not in answered["content"], "nor in the history"


@pytest.mark.parametrize("bot", ["telegram"], indirect=True)
@pytest.mark.parametrize("name", REFUSALS)
async def test_what_is_refused_is_asked_again(name: str, bot: BridgeProcess, server: ServerEmulator, who: str) -> None:
    row = REFUSALS[name]
    assert name.replace(" ", "-") in (await bot.ask(f"/model {name.replace(' ', '-')}", who=who))[-1].text
    asked = len(server.requests)
    server.script(row.reply)
    assert (await bot.ask("one", who=who))[-1].text.endswith("one")
    first, second = server.requests[asked:]
    assert row.field == "neighbours" or row.concerns(first)
    assert not row.concerns(second)
    assert (await bot.ask("two", who=who))[-1].text == "You said: two"
    assert [row.concerns(body) for body in server.requests[asked + 2 :]] == [False], "remembered"


@pytest.mark.parametrize("bot", ["telegram"], indirect=True)
async def test_an_admin_is_told_the_reason(bot: BridgeProcess, server: ServerEmulator, who: str) -> None:
    await bot.ask("/model gpt-4o", who=who)
    server.script(INVALID)
    [refused] = await bot.ask("my secret", who=who)
    assert lines(refused.text) == ["⚠️ The gateway refused the request.", "It said: body.messages: field required"]
