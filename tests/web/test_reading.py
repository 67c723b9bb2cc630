"""Reading conversations on the page: not there by default; with it, in the trail and told to the people once."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from bridge.access import SHELL
from bridge.admin.web import page
from bridge.store import keys
from bridge.types import Chat
from tests.harness import BridgeInProcess, direct, group, person
from tests.web import browser as browsers
from tests.web.conftest import Client, site_of, trail

MIA = person("mia", "Mia")
TOLD = "An owner of this bot has opened this conversation to read it. They may do so again; you are told this once."


@pytest_asyncio.fixture
async def address(bridge: BridgeInProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """Where the page is, which may show what people say."""
    monkeypatch.chdir(tmp_path)
    site = site_of(bridge)
    async with page(replace(site, settings=site.settings.model_copy(update={"web_read": True})), 0) as address:
        yield address


@pytest_asyncio.fixture
async def said(bridge: BridgeInProcess) -> BridgeInProcess:
    """Mia has said something."""
    await bridge.access.rules.allow(MIA, SHELL)
    await bridge.say("<b>my secret</b> question", MIA, direct(MIA))
    return bridge


def told(bridge: BridgeInProcess, chat: Chat) -> int:
    return [shown.text for shown in bridge.shown_in(chat)].count(TOLD)


async def test_by_default_there_is_no_such_page(said: BridgeInProcess) -> None:
    async with page(site_of(said), 0) as address, Client(address) as owner:
        entered = await owner.enter(said)
        assert "/read" not in entered.text
        before = await trail(said)
        for path in ("/read", "/read/fake:mia", "/read/fake:mia?number=1"):
            answer = await owner.get(path)
            assert (answer.status, "secret" in answer.text) == (404, False)
    assert await trail(said) == before
    assert not told(said, direct(MIA))


async def test_each_look_is_noted_and_told_once(owner: Client, said: BridgeInProcess) -> None:
    listed = await owner.get("/read")
    assert 'href="/read/fake:mia">Mia</a>' in listed.text
    assert "secret" not in listed.text
    assert not told(said, direct(MIA))
    for looks in (1, 2):
        shown = await owner.get("/read/fake:mia")
        assert shown.status == 200
        assert "&lt;b&gt;my secret&lt;/b&gt; question" in shown.text
        assert "You said" in shown.text
        await said.quiet()
        assert told(said, direct(MIA)) == 1
        assert await said.access.web.was_told(direct(MIA))
        assert [what for what, _, _ in await trail(said)].count("read fake:mia") == looks
    [change, *_] = await said.access.audit.newest(1)
    assert (change.by, change.where) == ("fake:boss", "page")
    assert "Undo" not in (await owner.get("/changes")).text


async def test_an_earlier_conversation_can_be_read(owner: Client, said: BridgeInProcess) -> None:
    await said.say("/new", MIA, direct(MIA))
    await said.say("another thing", MIA, direct(MIA))
    shown = await owner.get("/read/fake:mia")
    assert "You said: another thing" in shown.text
    assert "You said: &lt;b&gt;my secret" not in shown.text
    numbers = re.findall(r"\?number=(\d+)", shown.text)
    assert len(numbers) == 2
    assert "secret" in (await owner.get(f"/read/fake:mia?number={numbers[1]}")).text
    for missing in ("fake:mia?number=7", "fake:nobody", "fake", "a:b:c:d", "a:" * 300):
        assert (await owner.get(f"/read/{missing}")).status == 404, missing


async def test_a_group_is_told_where_it_speaks(owner: Client, said: BridgeInProcess) -> None:
    club = group("-1", "7", title="Club")
    await said.access.rules.allow(club.whole, SHELL)
    await said.say("hello all", MIA, club, addressed=True)
    assert "hello all" in (await owner.get("/read/fake:-1:7")).text
    await said.quiet()
    assert told(said, club) == 1


async def test_nothing_is_shown_where_nobody_can_be_told(owner: Client, said: BridgeInProcess) -> None:
    elsewhere = Chat("gone", "mia", direct=True)
    redis = said.app.store.redis
    await redis.copy(keys.ChatKeys(direct(MIA)).history, keys.ChatKeys(elsewhere).history)
    answer = await owner.get("/read/gone:mia")
    assert (answer.status, "secret" in answer.text) == (503, False)
    assert "its channel is not connected" in answer.text


async def test_only_owners_read(client: Client, said: BridgeInProcess) -> None:
    for path in ("/read", "/read/fake:mia"):
        assert (await client.get(path)).status == 401
    tom = person("tom")
    await said.access.roles.promote(tom, SHELL)
    before = await trail(said)
    entered = await client.enter(said, tom)
    assert "/read" not in entered.text
    for path in ("/read", "/read/fake:mia"):
        answer = await client.get(path)
        assert (answer.status, "secret" in answer.text) == (403, False)
    assert await trail(said) == before
    assert not told(said, direct(MIA))


async def test_it_can_be_read_on_any_screen(address: str, said: BridgeInProcess, chromium: None) -> None:
    await said.say("/new", MIA, direct(MIA))
    await said.say("another thing", MIA, direct(MIA))
    async with browsers.opened() as browser:
        for width in (320, 1280):
            dark = width == 320
            context = await browser.new_context(
                viewport={"width": width, "height": 800}, color_scheme="dark" if dark else "light"
            )
            opened = await context.new_page()
            await opened.goto(f"{address}/in/{await said.access.web.link(person('boss'))}")
            await opened.locator("form[action='/in'] button").click()
            await opened.get_by_role("link", name="Read").click()
            assert not await browsers.findings(opened)
            await opened.get_by_role("link", name="Mia").click()
            await opened.get_by_text("another thing").first.wait_for()
            assert await browsers.sideways(opened) <= 0
            assert not await browsers.findings(opened)
            await browsers.keep(opened, f"read-{width}")
