"""The page in a real browser: with a mouse, with a keyboard, small and large, light and dark."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import BrowserContext, Page, expect

from bridge.access import SHELL
from tests.emulators.gateway import Behaviour
from tests.harness import OWNER, BridgeInProcess, direct, group, person
from tests.web import browser as browsers
from tests.web.conftest import PAGES, PROVIDER, SETUP, with_provider

MIA, CLUB = person("mia", "Mia"), group("-1", title="Club")

Open = Callable[..., Awaitable[Page]]


@pytest_asyncio.fixture
async def open_page(address: str, bridge: BridgeInProcess, chromium: None) -> AsyncIterator[Open]:
    """Open the page as the owner, in a window of its own."""
    async with browsers.opened() as browser:

        async def open_page(width: int = 1280, *, dark: bool = False, language: str = "en", enter: bool = True) -> Page:
            context: BrowserContext = await browser.new_context(
                viewport={"width": width, "height": 800},
                color_scheme="dark" if dark else "light",
                locale=language,
            )
            page = await context.new_page()
            if enter:
                token = await bridge.access.web.link(OWNER)
                await page.goto(f"{address}/in/{token}")
                await page.locator("form[action='/in'] button").click()
                await expect(page.locator("h1")).not_to_be_empty()
            return page

        yield open_page


async def furnish(bridge: BridgeInProcess) -> None:
    """Have something of everything on the pages."""
    with_provider(bridge.settings.data_dir)
    await bridge.say("hello")
    await bridge.say("/chat limit 3 turns", chat=CLUB)
    await bridge.say("/allow fake:zoe for 7d")
    await bridge.say("/deny fake:max")
    await bridge.say("/models name fake-openai Oak")
    await bridge.say("/persona save poet: You are a poet.")
    await bridge.say("/persona share poet all")
    await bridge.say("may I?", MIA, direct(MIA))
    bridge.gateway.behave("ok", Behaviour(text="Half of it", end="cut"))
    await bridge.say("again")


async def test_way_in_by_the_link_of_the_chat(open_page: Open, bridge: BridgeInProcess, address: str) -> None:
    page = await open_page(enter=False)
    await page.goto(address)
    await expect(page.get_by_role("heading", name="The way in")).to_be_visible()
    said = await bridge.say("/web")
    await page.goto(next(word for word in said.split() if word.startswith(address)))
    await page.get_by_role("button", name="Enter").click()
    await expect(page.get_by_text("You are fake:boss, owner.")).to_be_visible()
    await page.reload()
    await expect(page.get_by_role("heading", name="Now", exact=True)).to_be_visible()
    await page.get_by_role("button", name="Leave").click()
    await expect(page.get_by_role("heading", name="The way in")).to_be_visible()


async def test_a_stranger_appears_and_is_let_in(open_page: Open, bridge: BridgeInProcess) -> None:
    """The page tells of them by itself, while it is open."""
    await bridge.say("hello")
    page = await open_page()
    await bridge.say("may I?", MIA, direct(MIA))
    await page.get_by_role("link", name="Waiting to be let in: 1").click()
    await page.get_by_role("button", name="Allow").click()
    await expect(page.get_by_role("status")).to_have_text("Let in.")
    await bridge.quiet()
    assert "You have been let in." in bridge.shown_in(direct(MIA))[-1].text
    assert "You said" in await bridge.say("hello", MIA, direct(MIA))


async def test_turns_appear_as_they_happen(open_page: Open, bridge: BridgeInProcess) -> None:
    page = await open_page()
    await expect(page.get_by_text("None within a day.")).to_be_visible()
    await bridge.say("a secret of mine")
    await expect(page.get_by_role("cell", name="complete")).to_be_visible()
    await expect(page.get_by_role("cell", name="fake-openai:ok")).to_be_visible()
    assert "secret" not in await page.content()


async def test_a_limit_is_changed_and_taken_back(open_page: Open, bridge: BridgeInProcess) -> None:
    await bridge.say("/chat answer all", chat=CLUB)
    page = await open_page()
    await page.get_by_role("link", name="Chats").click()
    await page.get_by_role("link", name="fake:-1").click()
    await page.get_by_label("Limit for each person and day").fill("a few")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("“a few” is not a value")).to_be_visible()
    await page.get_by_label("Limit for each person and day").fill("3 turns")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("status")).to_have_text("Saved.")
    assert "`limit`: `3 turns`" in await bridge.say("/chat", chat=CLUB)
    await page.get_by_role("link", name="Changes").click()
    await page.get_by_role("button", name="Undo the last change: limit fake:-1").click()
    await expect(page.get_by_role("status")).to_have_text("Undone.")
    assert "`limit`: off" in await bridge.say("/chat", chat=CLUB)


async def test_what_was_pressed_is_not_done_twice(open_page: Open) -> None:
    """It shows that it is being done."""
    page = await open_page()
    await page.goto(page.url + "setup")
    twice = """button => {
        const prevented = [];
        window.addEventListener("submit", event => { prevented.push(event.defaultPrevented); event.preventDefault(); });
        button.click();
        button.click();
        return [prevented, button.getAttribute("aria-busy"), getComputedStyle(button, "::after").content];
    }"""
    button = page.get_by_role("button", name="Check everything")
    assert await button.evaluate(twice) == [[False, True], "true", '" …"']


async def test_a_broken_gateway_is_shown_with_its_fix(open_page: Open, bridge: BridgeInProcess) -> None:
    await bridge.gateway.stop()
    await bridge.say("hello")
    page = await open_page()
    gateway = page.get_by_role("region", name="Gateway")
    await expect(gateway.get_by_text("Broken")).to_be_visible()
    await expect(gateway.get_by_text("Start Cherry Studio and switch on Settings > API Server")).to_be_visible()
    errors = page.get_by_role("region", name="Errors of the last hour")
    await expect(errors.get_by_text("What to do:")).to_be_visible()
    await browsers.keep(page, "broken-gateway")
    assert not await browsers.findings(page)


@pytest.mark.parametrize("paths", [PAGES, [*SETUP, PROVIDER]], ids=["pages", "setup"])
@pytest.mark.parametrize(("width", "dark"), [(320, False), (320, True), (1280, False), (1280, True)])
async def test_every_page_fits_and_can_be_read(
    open_page: Open, bridge: BridgeInProcess, paths: list[str], width: int, dark: bool
) -> None:
    await furnish(bridge)
    page = await open_page(width, dark=dark)
    address = page.url.rstrip("/")
    for path in paths:
        await page.goto(address + path)
        assert await browsers.sideways(page) <= 0, path
        assert not await browsers.findings(page), path
        await browsers.keep(page, f"{path.strip('/').replace('/', '-') or 'now'}-{width}{'-dark' if dark else ''}")


async def test_cells_have_labels_where_it_is_narrow(open_page: Open, bridge: BridgeInProcess) -> None:
    """There the head of a table is out of sight."""
    await furnish(bridge)
    for width, label in ((320, "Ends"), (1280, "")):
        page = await open_page(width)
        await page.goto(page.url + "people")
        ends = page.locator("tr", has_text="fake:zoe").locator("td").nth(2)
        shown = await ends.evaluate("each => getComputedStyle(each, '::before').content")
        assert shown.strip('" :') == (label or "none"), shown


@pytest.mark.parametrize("language", ["zh-CN", "zh-TW"])
async def test_chinese_pages_fit_and_can_be_read(open_page: Open, bridge: BridgeInProcess, language: str) -> None:
    await furnish(bridge)
    page = await open_page(320, language=language)
    for path in [*PAGES, *SETUP, PROVIDER]:
        await page.goto(f"{page.url.split('/', 3)[0]}//{page.url.split('/', 3)[2]}{path}")
        assert await page.evaluate("document.documentElement.lang") == language
        assert await browsers.sideways(page) <= 0, path
        assert not await browsers.findings(page), path
    await browsers.keep(page, f"setup-{language}")


async def test_strangers_can_be_let_in_with_keys_alone(open_page: Open, bridge: BridgeInProcess) -> None:
    await bridge.say("hello")
    await bridge.say("may I?", MIA, direct(MIA))
    page = await open_page()
    await press_until(page, "Skip to the page")
    await page.keyboard.press("Enter")
    assert await page.evaluate("document.activeElement.id") == "main"
    await press_until(page, "Waiting to be let in: 1")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/people")
    await press_until(page, "Allow")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status")).to_have_text("Let in.")
    assert (await bridge.access.directory()).allowed("person")


async def test_a_gateway_is_set_up_with_keys_alone(open_page: Open, bridge: BridgeInProcess, tmp_path: Path) -> None:
    """What does not work is said where the person is; what works is kept."""
    page = await open_page(320, dark=True)
    for link in ("Set-up", "Connections"):
        await press_until(page, link)
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", level=1)).to_have_text(link)
    for key, said in (("cs-sk-wrong", "Nothing was kept: this does not work."), (bridge.gateway.key, "Saved in .env.")):
        await press_until(page, "", field="gateway-BRIDGE_GATEWAY_URL")
        await page.keyboard.press("Control+A")
        await page.keyboard.type(bridge.gateway.url)
        await press_until(page, "", field="gateway-BRIDGE_GATEWAY_KEY")
        await page.keyboard.type(key)
        await page.keyboard.press("Enter")
        status = page.get_by_role("status")
        await expect(status).to_contain_text(said)
        assert not await browsers.findings(page)
        assert await browsers.sideways(page) <= 0
        await browsers.keep(page, f"connection-{said.partition(' ')[0]}")
    assert bridge.gateway.key in (tmp_path / ".env").read_text()
    assert bridge.gateway.key not in await page.content()


async def test_what_somebody_uses_stays_as_it_is(open_page: Open, bridge: BridgeInProcess) -> None:
    """The part that changes by itself waits while the keyboard is in it."""
    await bridge.say("hello")
    await bridge.say("may I?", MIA, direct(MIA))
    page = await open_page()
    link = page.get_by_role("link", name="Waiting to be let in: 1")
    await link.focus()
    await bridge.say("hello")
    async with page.expect_response("**/now/live"):
        await page.get_by_role("link", name="Changes").focus()
    await expect(link).to_be_visible()


async def test_it_works_without_the_script(open_page: Open, bridge: BridgeInProcess) -> None:
    await bridge.access.rules.allow(MIA, SHELL)
    page = await open_page()
    await page.context.route("**/page.js", lambda route: route.abort())
    await page.goto(page.url + "people")
    await page.get_by_role("button", name="Shut out fake:mia").click()
    await expect(page.get_by_role("cell", name="shut out")).to_be_visible()


async def press_until(page: Page, name: str, *, field: str = "") -> None:
    """Press Tab until what has this name, or the field of this id, has the focus."""
    for _ in range(60):
        await page.keyboard.press("Tab")
        if field:
            if await page.evaluate("document.activeElement.id") == field:
                return
        elif (await page.evaluate("document.activeElement.innerText") or "").strip() == name:
            return
    raise AssertionError(f"no key leads to {name or field}")
