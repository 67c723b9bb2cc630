"""What an owner sees and does on the page, and what comes of it on the platform."""

from __future__ import annotations

import csv
import io
import re

from bridge.access import FOR_OWNERS, SETTINGS, SHELL
from bridge.admin.web import page
from bridge.gateway import Gateway, Gateways
from bridge.words import LANGUAGES
from tests.doctor.conftest import closed_port
from tests.harness import HOME, OWNER, BridgeInProcess, direct, group, person
from tests.web.conftest import PAGES, PROVIDER, SETUP, Client, site_of, with_provider

MIA, CLUB = person("mia", "Mia"), group("-1", title="Club")


async def test_every_page_opens_in_every_language(owner: Client, bridge: BridgeInProcess) -> None:
    with_provider(bridge.settings.data_dir)
    await bridge.say("/chat limit 3 turns", chat=CLUB)
    await bridge.say("hello")
    for path in [*PAGES, *SETUP, PROVIDER]:
        for language in LANGUAGES:
            owner.language = language
            answer = await owner.get(path)
            assert answer.status == 200, path
            assert answer.text.startswith(f'<!doctype html>\n<html lang="{language}">'), path


async def test_a_link_from_the_chat_leads_in(client: Client, bridge: BridgeInProcess) -> None:
    said = await bridge.say("/web")
    link = said.partition(client.address)[2].split()[0]
    asked = await client.get(link)
    assert (asked.status, "works once, for one browser" in asked.text) == (200, True)
    entered = await client.post("/in", {"link": asked.hidden("link")})
    assert "You are fake:boss, owner." in entered.text


async def test_sessions_end_by_a_command(owner: Client, bridge: BridgeInProcess) -> None:
    assert await bridge.say("/web off") == "Visits and links ended: 1."
    assert (await owner.get("/people")).status == 401


async def test_a_stranger_is_let_in_while_they_wait(owner: Client, bridge: BridgeInProcess) -> None:
    await bridge.say("hello")  # so that the owner can be reached
    await bridge.say("may I?", MIA, direct(MIA))
    shown = await owner.get("/people")
    assert "Mia" in shown.text
    done = await owner.post("/people/answer", {"id": shown.hidden("id"), "answer": "allow"})
    assert "Let in." in done.text
    await bridge.quiet()
    assert "You have been let in." in bridge.shown_in(direct(MIA))[-1].text
    assert "You said" in await bridge.say("hello", MIA, direct(MIA))
    [change] = await bridge.access.audit.newest(1)
    assert (change.by, change.where, change.what) == (str(OWNER), "page", f"person {MIA}")


async def test_a_limit_is_changed_and_taken_back(owner: Client, bridge: BridgeInProcess) -> None:
    await owner.get("/chats/fake:-1")
    saved = await owner.post("/chats/fake:-1", {"limit": "3 turns", "answer": "all"})
    assert "Saved." in saved.text
    assert 'value="3 turns"' in saved.text
    assert "`limit`: `3 turns`" in await bridge.say("/chat", chat=CLUB)
    shown = await owner.get("/changes")
    undone = await owner.post("/changes/undo", {"id": shown.hidden("id")})
    assert "Undone." in undone.text
    assert "`limit`: off" in await bridge.say("/chat", chat=CLUB)


async def test_what_means_nothing_is_said_and_not_set(owner: Client, bridge: BridgeInProcess) -> None:
    await owner.get("/chats/fake:-1")
    answer = await owner.post("/chats/fake:-1", {"limit": "a few", "answer": "all"})
    assert answer.status == 422
    assert "“a few” is not a value" in answer.text.replace("`limit`", "limit")
    assert not await bridge.access.settings.own(CLUB)
    for form, said in (
        ({"kind": "person", "id": "mia", "what": "allow"}, "That is not an id."),
        ({"kind": "person", "id": "fake:mia", "for": "ever", "what": "allow"}, "That is not a length of time."),
    ):
        answer = await owner.post("/people/rule", form)
        assert (answer.status, said in answer.text) == (422, True)
    assert not (await bridge.access.directory()).listed


async def test_an_invite_is_shown_once_with_its_picture(owner: Client, bridge: BridgeInProcess) -> None:
    await owner.get("/people")
    made = await owner.post("/invites", {"uses": "2", "for": "3h"})
    assert 'class="qr"' in made.text
    code = made.text.partition("/claim ")[2].split("<")[0]
    assert f"fake://start/{code}" in made.text
    assert await bridge.say(f"/claim {code}", MIA, direct(MIA)) == ""
    assert code not in (await owner.get("/people")).text
    assert "You said" in await bridge.say("hello", MIA, direct(MIA))


async def test_answers_under_way_say_who_and_not_what(owner: Client, bridge: BridgeInProcess) -> None:
    from bridge.types import ModelId

    await bridge.app.store.preferences.set_model(HOME, ModelId("fake-openai", "slow"))
    bridge.put(bridge.message("my secret question"))

    async def shown() -> bool:
        text = (await owner.get("/now/live")).text
        assert "secret" not in text
        return "fake:boss" in text and "None." in text

    await bridge.until(shown)
    await bridge.say("/stop")


async def test_usage_is_drawn_and_can_be_taken_along(owner: Client, bridge: BridgeInProcess) -> None:
    boss = person("boss", '=HYPERLINK("<b>")')
    await bridge.say("hello", boss)
    await bridge.say("hello again", boss)
    shown = await owner.get("/usage")
    assert "This month: turns: 2, tokens: " in shown.text
    assert "<code>fake-openai:ok</code> – turns: 2" in shown.text
    assert "s; 95 of 100 within" in shown.text
    assert "<b>" not in shown.text
    sheet = await owner.get("/usage.csv")
    assert sheet.headers["Content-Type"].startswith("text/csv")
    [row] = list(csv.DictReader(io.StringIO(sheet.text)))
    assert (row["person"], row["model"], row["turns"]) == ("fake:boss", "fake-openai:ok", "2")
    assert row["person_name"].startswith("'=")


async def test_each_gateway_has_its_state_and_fix(bridge: BridgeInProcess) -> None:
    """One of them works, and the other one's variables are named in what to do about it."""
    emulator = bridge.gateway
    home = Gateway(emulator.url, emulator.key, id="home", label="Desk")
    work = Gateway(f"http://127.0.0.1:{closed_port()}", id="work", label="<b>Work</b>", retry_delay=0.01)
    async with Gateways([home, work]) as gateways, page(site_of(bridge, gateways), 0) as address:
        await bridge.app.store.outage.begin(OWNER, "Cherry Studio", "work")
        async with Client(address) as owner:
            await owner.enter(bridge)

            async def shown() -> bool:
                text = (await owner.get("/now/live")).text
                return "<h3>Desk</h3>" in text and "BRIDGE_GATEWAY_WORK_URL" in text and "Being checked" not in text

            await bridge.until(shown)
            text = (await owner.get("/")).text
    assert "<h3>&lt;b&gt;Work&lt;/b&gt;</h3>" in text
    desk, _, other = text.partition("<h3>Desk</h3>")[2].partition("<h3>")
    assert "Works" in desk
    assert "BRIDGE_GATEWAY" not in desk
    assert "Broken" in other
    assert "Questions have not got through since" in other


async def test_every_setting_of_a_chat_has_a_name(owner: Client, bridge: BridgeInProcess) -> None:
    text = (await owner.get("/chats/fake:-1")).text
    labels = re.findall(r'<label for="s-(\w+)">([^<]*)<', text)
    assert {name for name, _ in labels} == set(SETTINGS)
    assert not [name for name, label in labels if name == label]


async def test_what_is_for_owners_is_shut_for_admins(client: Client, bridge: BridgeInProcess) -> None:
    await bridge.access.roles.promote(MIA, SHELL)
    await client.enter(bridge, MIA)
    text = (await client.get("/chats/fake:-1")).text
    shut = re.findall(r'name="(\w+)"[^>]* disabled', text)
    assert shut == list(FOR_OWNERS)
    assert "Saved." in (await client.post("/chats/fake:-1", {"limit": "3 turns"})).text
