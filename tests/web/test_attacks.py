"""What somebody tries who should not get in: it is refused and logged, and nothing is changed."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from bridge.access import SHELL, Actor
from bridge.admin.web import page
from bridge.admin.web.guard import COOKIE, PUBLIC, STRANGERS_BURST
from bridge.admin.web.server import application
from bridge.types import Chat
from tests.harness import OWNER, BridgeInProcess, direct, group, person
from tests.web.conftest import SETUP, Answer, Client, site_of

MIA = person("mia", "Mia")


@pytest.fixture
def closed(bridge: BridgeInProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Method and path of every route that is not for strangers, as the page itself has them, all that can be switched
    on among them."""
    monkeypatch.chdir(tmp_path)
    site = site_of(bridge)
    settings = site.settings.model_copy(update={"web_read": True})
    monkeypatch.setattr("bridge.admin.web.guard.STRANGERS_BURST", 1000)
    routes = application(replace(site, settings=settings)).router.routes()
    found = [(each.method, each.resource, each.name) for each in routes if each.method != "HEAD"]
    fill = {"id": "fake:-1", "name": "BRIDGE_SYSTEM", "kind": "persona"}
    closed = [
        (method, resource.canonical.format_map(fill))
        for method, resource, name in found
        if resource is not None and name not in PUBLIC
    ]
    assert len(closed) == len(found) - len(PUBLIC) > 40
    return closed


@pytest_asyncio.fixture
async def reading(bridge: BridgeInProcess, closed: list[tuple[str, str]]) -> AsyncIterator[Client]:
    """A browser at a page that has all of these routes."""
    site = site_of(bridge)
    settings = site.settings.model_copy(update={"web_read": True})
    async with page(replace(site, settings=settings), 0) as address, Client(address) as client:
        yield client


def is_way_in(answer: Answer) -> bool:
    return answer.status == 401 and "<h1>The way in</h1>" in answer.text and "csrf" not in answer.text


async def unchanged(bridge: BridgeInProcess) -> bool:
    return not await bridge.access.audit.newest(1)


async def test_a_stranger_gets_the_way_in_on_every_route(
    reading: Client, bridge: BridgeInProcess, closed: list[tuple[str, str]]
) -> None:
    for method, path in closed:
        form = {"kind": "person", "id": "fake:mia", "what": "allow", "csrf": "0" * 64} if method == "POST" else None
        assert is_way_in(await reading.ask(method, path, form, Origin=reading.address)), path
    assert await unchanged(bridge)


async def test_a_member_with_a_session_of_old_is_a_stranger(
    reading: Client, bridge: BridgeInProcess, closed: list[tuple[str, str]]
) -> None:
    """They were an admin, and are a member now."""
    await bridge.access.rules.allow(MIA, SHELL)
    for method, path in closed:
        await bridge.access.roles.promote(MIA, SHELL)
        session = await bridge.access.web.enter(await bridge.access.web.link(MIA), reading.agent)
        assert session
        reading.take({COOKIE: session})
        kept = await bridge.access.web.session(session, reading.agent)
        assert kept
        reading.csrf = kept.csrf
        await bridge.access.roles.demote(MIA, SHELL)
        before = await bridge.access.audit.newest(1)
        with capture_logs() as logs:
            answer = await (reading.post(path) if method == "POST" else reading.get(path))
        assert is_way_in(answer), path
        assert [log["why"] for log in logs] == ["no admin any more"]
        assert await bridge.access.audit.newest(1) == before


async def test_neither_member_nor_stranger_gets_a_link(bridge: BridgeInProcess, address: str) -> None:
    await bridge.access.rules.allow(MIA, SHELL)
    assert await bridge.say("/web", MIA, direct(MIA)) == "Only admins can do that."
    assert address not in await bridge.say("/web", person("eve"), direct(person("eve")))
    assert await bridge.say("/web", chat=group("-1")) == "Please send me that in a direct chat."


async def test_a_link_lets_one_browser_in_once(client: Client, bridge: BridgeInProcess) -> None:
    token = await bridge.access.web.link(OWNER)
    async with Client(client.address, agent="Chrome") as other:
        both = await asyncio.gather(*(each.post("/in", {"link": token}) for each in (client, other)))
        assert sorted(answer.status for answer in both) == [200, 403]
        again = await client.post("/in", {"link": token})
        assert (again.status, "has been used" in again.text) == (403, True)


async def test_a_link_that_is_looked_at_is_not_used_up(client: Client, bridge: BridgeInProcess) -> None:
    token = await bridge.access.web.link(OWNER)
    async with Client(client.address, agent="TelegramBot (like TwitterBot)") as preview:
        await preview.get(f"/in/{token}")
        assert not preview.cookies
    assert (await client.post("/in", {"link": token})).status == 200


async def test_a_stolen_session_ends(owner: Client, bridge: BridgeInProcess) -> None:
    async with Client(owner.address, agent="curl") as thief:
        thief.take(owner.cookies)
        with capture_logs() as logs:
            assert is_way_in(await thief.get("/people"))
        assert "session of another browser" in logs[0]["why"]
    assert is_way_in(await owner.get("/people"))


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Sec_Fetch_Site": "cross-site"},
        {"Origin": "http://127.0.0.1:1"},
    ],
)
async def test_a_form_from_another_site_is_refused(
    owner: Client, bridge: BridgeInProcess, headers: dict[str, str]
) -> None:
    form = {"kind": "person", "id": "fake:mia", "what": "allow"}
    with capture_logs() as logs:
        answer = await owner.post("/people/rule", form, **headers)
    assert (answer.status, logs[0]["why"]) == (403, "from another site")
    assert await unchanged(bridge)


async def test_each_form_needs_its_page_and_its_token(
    owner: Client, bridge: BridgeInProcess, closed: list[tuple[str, str]]
) -> None:
    before = await bridge.access.audit.newest(5)
    for path in (path for method, path in closed if method == "POST"):
        for sent in (await owner.post(path, Origin="http://evil.example"), await owner.post(path, {"csrf": "0" * 64})):
            assert sent.status == 403, path
    assert await bridge.access.audit.newest(5) == before
    assert (await owner.get("/people")).status == 200


@pytest.mark.parametrize("csrf", ["", "0" * 64, "é"])
async def test_a_form_without_its_token_is_refused(owner: Client, bridge: BridgeInProcess, csrf: str) -> None:
    form = {"kind": "person", "id": "fake:mia", "what": "allow", "csrf": csrf}
    assert (await owner.post("/people/rule", form)).status == 403
    assert await unchanged(bridge)


async def test_the_token_of_another_session_is_refused(owner: Client, bridge: BridgeInProcess) -> None:
    async with Client(owner.address) as other:
        await other.enter(bridge)
        assert other.csrf != owner.csrf
        answer = await owner.post("/people/rule", {"id": "fake:mia", "kind": "person", "csrf": other.csrf})
    assert answer.status == 403


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "localhost@evil.example", "", "0.0.0.0", "[::"],
)
async def test_a_foreign_host_is_refused(owner: Client, host: str) -> None:
    """A name of somebody else's that leads to this machine."""
    head = ["GET /people HTTP/1.1", f"Host: {host}", f"Cookie: {COOKIE}={owner.cookies[COOKIE]}", "User-Agent: Firefox"]
    answer = await raw(owner, "\r\n".join(head))
    assert answer.startswith(("HTTP/1.1 403", "HTTP/1.1 400")), answer
    assert "csrf" not in answer
    assert (await owner.get("/people")).status == 200


@pytest.mark.parametrize(
    "path",
    [
        "/static/../guard.py",
        "/static/%2e%2e/guard.py",
        "/static/..%2fguard.py",
        "//etc/passwd",
        "/static/page.css/../../server.py",
        "/chats/..%2f..%2fetc%2fpasswd",
        "/chats/%00:1",
        "/.env",
        "/in/" + "A" * 5000,
    ],
)
async def test_tricks_with_paths_find_nothing(owner: Client, path: str) -> None:
    token = owner.cookies[COOKIE]
    head = [f"GET {path} HTTP/1.1", f"Host: {urlsplit(owner.address).netloc}", f"Cookie: {COOKIE}={token}"]
    answer = await raw(owner, "\r\n".join([*head, "User-Agent: Firefox"]))
    assert "import" not in answer
    assert "root:" not in answer
    assert not answer.startswith("HTTP/1.1 500")


async def test_html_in_names_and_titles_is_text(owner: Client, bridge: BridgeInProcess) -> None:
    evil = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
    mallory, club = person("<b>m", evil), group("-1", title=evil)
    await bridge.say("hello")
    await bridge.say("hello", mallory, Chat("fake", "<b>m", direct=True))
    await bridge.access.rules.allow(mallory, SHELL)
    await bridge.access.rules.allow(club, Actor(evil, evil))
    await bridge.say("/models name fake-openai <i>x</i>")
    await bridge.say("hello", mallory, Chat("fake", "<b>m", direct=True, title=evil))
    await owner.post("/setup/settings/BRIDGE_SYSTEM", {"value": evil})
    await owner.post("/setup/prompts/persona", {"name": "evil", "text": f"</textarea>{evil}"})
    await owner.post("/setup/prompts/chain", {"name": "evil", "text": f"{{input}} </textarea>{evil}"})
    assert (
        "&lt;/textarea&gt;" in (await owner.post("/setup/prompts/chain", {"name": "<b>", "text": "</textarea>"})).text
    )
    for path in (
        "/",
        "/now/live",
        "/people",
        "/people?find=<script>",
        "/chats",
        '/chats?find="><b>',
        "/changes",
        *SETUP,
    ):
        text = (await owner.get(path)).text
        assert not re.search(r"<(?:script>|img|b>|i>)|alert\(1\)[^<&]*>[^<]*onerror=", text), path
    assert "&lt;script&gt;alert(1)" in (await owner.get("/people")).text


async def test_ten_thousand_requests_are_cut_short(owner: Client, bridge: BridgeInProcess) -> None:
    """A flood of strangers is refused early, and a person who is in goes on."""
    with capture_logs() as logs:
        async with Client(owner.address) as flood:
            statuses = []
            for _ in range(100):
                statuses += [each.status for each in await asyncio.gather(*(flood.get("/people") for _ in range(100)))]
    assert statuses.count(401) < STRANGERS_BURST * 3
    assert statuses.count(429) + statuses.count(401) == 10_000
    assert 0 < len([log for log in logs if log["why"] == "too many requests"]) < 50
    assert (await owner.get("/people")).status == 200
    assert await unchanged(bridge)


async def test_an_admin_does_not_do_what_owners_do(client: Client, bridge: BridgeInProcess) -> None:
    await bridge.access.roles.promote(MIA, SHELL)
    [promoted] = await bridge.access.audit.newest(1)
    await client.enter(bridge, MIA)
    await client.get("/people")
    for path, form in (
        ("/people/role", {"id": "fake:eve", "what": "add"}),
        ("/chats/all", {"limit": "1 turn"}),
        ("/changes/undo", {"id": promoted.id}),
        ("/chats/fake:-1", {"keep": "1d"}),
        ("/setup/connections/gateway", {"BRIDGE_GATEWAY_URL": "http://127.0.0.1:1", "anyway": "1"}),
        ("/setup/settings/BRIDGE_SYSTEM", {"value": "x"}),
    ):
        assert (await client.post(path, form)).status == 403, path
    assert await bridge.access.audit.newest(5) == [promoted]


async def test_answers_carry_what_keeps_others_out(owner: Client) -> None:
    answer = await owner.get("/people")
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert answer.headers["Cache-Control"] == "no-store"
    assert not re.search(r"<script(?! src=\"/static/page.js\" defer>)|\son\w+=|style=|https?://(?!127)", answer.text)


async def test_the_cookie_is_for_this_page_alone(client: Client, bridge: BridgeInProcess) -> None:
    token = await bridge.access.web.link(OWNER)
    body = f"link={token}"
    host = urlsplit(client.address).netloc
    answer = await raw(
        client,
        f"POST /in HTTP/1.1\r\nHost: {host}\r\nOrigin: {client.address}\r\nContent-Length: {len(body)}\r\n"
        f"Content-Type: application/x-www-form-urlencoded",
        body,
    )
    assert "HttpOnly" in answer
    assert "SameSite=Strict" in answer
    assert token not in answer


async def test_no_token_lies_in_the_store(owner: Client, bridge: BridgeInProcess) -> None:
    """A reader of Redis can open no page."""
    link = await bridge.access.web.link(OWNER)
    redis = bridge.app.store.redis
    kept = str([await redis.hgetall(f"cherry:{{access}}:web:{kind}") for kind in ("links", "sessions")])
    assert "fake" in kept
    for secret in (link, owner.cookies[COOKIE], owner.csrf):
        assert secret not in kept


async def test_the_log_holds_no_link(client: Client, bridge: BridgeInProcess) -> None:
    token = await bridge.access.web.link(OWNER)
    with capture_logs() as logs:
        await client.get(f"/in/{token}", Host="evil.example")
    assert logs
    assert token not in str(logs)


async def raw(client: Client, head: str, body: str = "") -> str:
    """Send bytes as no browser would, and read the answer."""
    parts = urlsplit(client.address)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port, family=socket.AF_INET)
    writer.write(f"{head}\r\nConnection: close\r\n\r\n{body}".encode())
    answer = await asyncio.wait_for(reader.read(), 20)
    writer.close()
    return answer.decode(errors="replace")
