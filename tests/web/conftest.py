from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import aiohttp
import pytest
import pytest_asyncio

from bridge.admin.web import Site, page
from bridge.channel_settings import ChannelSettings
from bridge.gateway import Gateways
from bridge.server import LEDGER_FILE_NAME, Ledger
from bridge.store import Store
from bridge.types import User
from channels import discord, feishu, telegram
from tests.harness import OWNER, BridgeInProcess, bridge_in_process
from tests.leaving_out import leave_out
from tests.web.browser import missing

PAGES = ["/", "/people", "/chats", "/chats/all", "/chats/fake:-1", "/chats/fake:-1/chosen", "/usage", "/changes"]
SETUP = [
    "/setup",
    "/setup/connections",
    "/setup/settings",
    "/setup/settings/BRIDGE_SYSTEM",
    "/setup/names",
    "/setup/prompts",
    "/setup/providers",
]
PROVIDER = "/setup/provider/oak"
"""There where `with_provider` was called."""
KINDS: dict[str, type[ChannelSettings]] = {
    "telegram": telegram.Settings,
    "discord": discord.Settings,
    "feishu": feishu.Settings,
}
"""The settings of the channels, as `cherry-bridge run` passes them."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    leave_out(config, items, "chromium", missing)


@pytest.fixture
def chromium() -> None:
    assert not missing()


@pytest_asyncio.fixture
async def bridge(store: Store, tmp_path: Path) -> AsyncIterator[BridgeInProcess]:
    async with bridge_in_process(store, tmp_path) as opened:
        yield opened


@pytest_asyncio.fixture
async def address(bridge: BridgeInProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """Where the page of the bridge is."""
    monkeypatch.chdir(tmp_path)
    async with page(site_of(bridge), 0) as address:
        yield address


def site_of(bridge: BridgeInProcess, gateways: Gateways | None = None) -> Site:
    """What the page shows of the bridge, in each browser's own language."""
    app = bridge.app
    settings = bridge.settings.model_copy(update={"language": None})
    return Site(
        settings,
        app.store,
        app.inbox,
        app.commands.management,
        gateways or app.gateways,
        KINDS,
        app.toolbox,
        app.publish_all,
    )


def with_provider(folder: Path) -> None:
    """Have a provider of our own gateway, with something in each of its fields, and a key of a client."""
    file = folder / "gateway.toml"
    file.write_text(
        """[providers.oak]
name = "Oak & Company, Ltd."
url = "https://a-rather-long-name.of-a-server.example/api/v1"
keys = ["sk-of-oak-1234567890"]
models = ["gpt-5*", "o*"]
limit = "60/min"
aliases = { quick = "gpt-5-mini" }
prices = { "gpt-5*" = { input = 1.25, output = 10, cached = 0.125 } }
"""
    )
    file.chmod(0o600)
    with closing(Ledger(folder / LEDGER_FILE_NAME)) as ledger:
        ledger.new_key("laptop", ("openai:*", "*:*mini*"), "60/min", 5_000_000)


async def trail(bridge: BridgeInProcess) -> list[tuple[str, str, str]]:
    """What was changed, from what, to what, the newest first."""
    return [(each.what, each.before, each.after) for each in await bridge.access.audit.newest(20)]


@dataclass
class Answer:
    status: int
    text: str
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def csrf(self) -> str:
        found = re.search(r'name="csrf" value="([0-9a-f]{64})"', self.text)
        return found[1] if found else ""

    def hidden(self, name: str) -> str:
        found = re.search(rf'name="{name}" value="([^"]*)"', self.text)
        assert found, (name, self.text)
        return found[1]


class Client:
    """A browser as far as HTTP goes: it keeps cookies, follows redirects, and says where its forms come from."""

    def __init__(self, address: str, agent: str = "Firefox", language: str = "en") -> None:
        self.address = address
        self.agent = agent
        self.language = language
        self.csrf = ""

    async def __aenter__(self) -> Self:
        self._http = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._http.close()

    @property
    def cookies(self) -> dict[str, str]:
        return {cookie.key: cookie.value for cookie in self._http.cookie_jar}

    def take(self, cookies: dict[str, str]) -> None:
        self._http.cookie_jar.update_cookies(cookies)

    async def get(self, path: str, **headers: str) -> Answer:
        return await self.ask("GET", path, **headers)

    async def post(self, path: str, form: dict[str, str] | None = None, **headers: str) -> Answer:
        """Send a form with the token that the last page gave, as that page would."""
        sent = {"csrf": self.csrf, **(form or {})}
        return await self.ask("POST", path, sent, **dict({"Origin": self.address}, **headers))

    async def upload(self, path: str, field: str, content: bytes) -> Answer:
        """Send a file with the token that the last page gave, as that page would."""
        form = aiohttp.FormData({"csrf": self.csrf})
        form.add_field(field, content, filename="file.zip")
        return await self.ask("POST", path, form, Origin=self.address)

    async def ask(
        self, method: str, path: str, form: dict[str, str] | aiohttp.FormData | None = None, /, **headers: str
    ) -> Answer:
        named = {"User-Agent": self.agent, "Accept-Language": self.language}
        named |= {name.replace("_", "-"): value for name, value in headers.items()}
        async with self._http.request(
            method, f"{self.address}{path}", data=form, headers={k: v for k, v in named.items() if v}
        ) as answer:
            got = Answer(answer.status, await answer.text(), dict(answer.headers))
        self.csrf = got.csrf or self.csrf
        return got

    async def enter(self, bridge: BridgeInProcess, person: User = OWNER) -> Answer:
        """Come in as `person`, by a link of theirs."""
        token = await bridge.access.web.link(person)
        await self.get(f"/in/{token}")
        return await self.post("/in", {"link": token})


@pytest_asyncio.fixture
async def client(address: str) -> AsyncIterator[Client]:
    async with Client(address) as opened:
        yield opened


@pytest_asyncio.fixture
async def owner(client: Client, bridge: BridgeInProcess) -> Client:
    """The owner's browser, in the page."""
    assert (await client.enter(bridge)).status == 200
    return client
