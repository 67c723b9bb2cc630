"""Set-up on the page: values are tried, kept in `.env` for its owner alone, and told in the trail without secrets."""

from __future__ import annotations

import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from bridge.access import SHELL
from bridge.admin.web import page
from bridge.commands.prompt_editor import COMMANDS
from tests.doctor.conftest import closed_port
from tests.emulators.telegram import TelegramPlatform
from tests.harness import BridgeInProcess, person
from tests.web.conftest import Client, site_of, trail

MIA = person("mia", "Mia")
OURS = ("BRIDGE_GATEWAY_URL", "BRIDGE_GATEWAY_KEY", "BRIDGE_MODEL", "TELEGRAM_TOKEN")


@pytest_asyncio.fixture
async def owner(
    bridge: BridgeInProcess, telegram: TelegramPlatform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Client]:
    """The owner's browser, in the page of a bot that knows Telegram, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TELEGRAM_API_URL", telegram.server.url)
    async with page(site_of(bridge), 0) as address:
        async with Client(address) as client:
            assert (await client.enter(bridge)).status == 200
            yield client


@pytest_asyncio.fixture
async def telegram() -> AsyncIterator[TelegramPlatform]:
    async with TelegramPlatform() as platform:
        yield platform


async def test_a_gateway_is_tried_and_kept(owner: Client, bridge: BridgeInProcess, tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    env_file.write_text("# mine\nBRIDGE_LOG=info\n")
    shown = await owner.get("/setup/connections")
    assert "Its API key" in shown.text
    wrong = {"BRIDGE_GATEWAY_URL": f"http://127.0.0.1:{closed_port()}", "BRIDGE_GATEWAY_KEY": "cs-sk-secret"}
    refused = await owner.post("/setup/connections/gateway", wrong)
    assert (refused.status, "Nothing was kept: this does not work." in refused.text) == (422, True)
    assert "What to do:" in refused.text
    assert f'value="{wrong["BRIDGE_GATEWAY_URL"]}"' in refused.text
    assert "cs-sk-secret" not in refused.text
    assert env_file.read_text() == "# mine\nBRIDGE_LOG=info\n"
    assert await trail(bridge) == []
    emulator = bridge.gateway
    right = {
        "BRIDGE_GATEWAY_URL": emulator.url,
        "BRIDGE_GATEWAY_KEY": emulator.key,
        "BRIDGE_MODEL": "fake-openai:ok",
    }
    kept = await owner.post("/setup/connections/gateway", right)
    assert kept.status == 200
    assert "Saved in .env." in kept.text
    assert "applies from the next start" in kept.text
    assert emulator.key not in kept.text
    text = env_file.read_text()
    assert text.startswith("# mine\nBRIDGE_LOG=info\n")
    assert emulator.key in text
    assert stat.S_IMODE(env_file.stat().st_mode) == 0o600
    assert set(await trail(bridge)) == {
        ("setting BRIDGE_GATEWAY_URL", "", emulator.url),
        ("setting BRIDGE_GATEWAY_KEY", "", "set"),
        ("setting BRIDGE_MODEL", "", "fake-openai:ok"),
    }
    assert "Undo" not in (await owner.get("/changes")).text
    again = (await owner.get("/setup")).text
    assert "Start cherry-bridge again to use:" in again
    assert "<code>BRIDGE_GATEWAY_KEY</code>" in again
    for path in ("/setup", "/setup/connections", "/setup/settings", "/changes"):
        assert emulator.key not in (await owner.get(path)).text, path


async def test_a_token_is_tried_at_its_platform(
    owner: Client, bridge: BridgeInProcess, telegram: TelegramPlatform, tmp_path: Path
) -> None:
    shapeless = await owner.post("/setup/connections/telegram", {"TELEGRAM_TOKEN": "my bot", "anyway": "1"})
    assert (shapeless.status, "a token looks like" in shapeless.text) == (422, True)
    other = f"7000000667:{'A' * 35}"
    refused = await owner.post("/setup/connections/telegram", {"TELEGRAM_TOKEN": other})
    assert (refused.status, "Nothing was kept" in refused.text) == (422, True)
    assert not (tmp_path / ".env").exists()
    await owner.post("/setup/connections/telegram", {"TELEGRAM_TOKEN": other, "anyway": "1"})
    assert "TELEGRAM_TOKEN" in (tmp_path / ".env").read_text()
    kept = await owner.post("/setup/connections/telegram", {"TELEGRAM_TOKEN": telegram.server.token})
    assert "Saved in .env." in kept.text
    assert telegram.server.token in (tmp_path / ".env").read_text()
    assert telegram.server.token not in kept.text
    assert (await trail(bridge))[0] == ("setting TELEGRAM_TOKEN", "set", "set")
    # An empty field leaves a secret as it is.
    await owner.post("/setup/connections/telegram", {"TELEGRAM_TOKEN": ""})
    assert telegram.server.token in (tmp_path / ".env").read_text()


async def test_what_the_environment_sets_is_not_changed(
    owner: Client, bridge: BridgeInProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BRIDGE_GATEWAY_URL", bridge.gateway.url)
    monkeypatch.setenv("BRIDGE_GATEWAY_KEY", bridge.gateway.key)
    shown = await owner.get("/setup/connections")
    assert "BRIDGE_GATEWAY_URL is set in the environment, and cannot be changed here." in shown.text
    assert bridge.gateway.key not in shown.text
    await owner.post("/setup/connections/gateway", {"BRIDGE_GATEWAY_URL": "http://127.0.0.1:1", "anyway": "1"})
    assert not (tmp_path / ".env").exists()
    assert (await owner.get("/setup/settings/BRIDGE_GATEWAY_URL")).status == 404
    assert (await owner.post("/setup/settings/BRIDGE_GATEWAY_URL", {"value": "http://127.0.0.1:1"})).status == 404
    assert await trail(bridge) == []


async def test_any_setting_is_changed_and_said_to_wait(owner: Client, bridge: BridgeInProcess, tmp_path: Path) -> None:
    wrong = await owner.post("/setup/settings/BRIDGE_HISTORY_TOKENS", {"value": "many"})
    assert wrong.status == 422
    assert "valid integer" in wrong.text
    saved = await owner.post("/setup/settings/BRIDGE_HISTORY_TOKENS", {"value": "8000"})
    assert "It applies from the next start" in saved.text
    assert (tmp_path / ".env").read_text() == "BRIDGE_HISTORY_TOKENS=8000\n"
    assert (await trail(bridge))[0] == ("setting BRIDGE_HISTORY_TOKENS", "", "8000")
    await owner.post("/setup/settings/BRIDGE_REDIS_URL", {"value": "redis://:hunter2@127.0.0.1"})
    assert "hunter2" in (tmp_path / ".env").read_text()
    assert "hunter2" not in (await owner.get("/setup/settings")).text
    await owner.post("/setup/settings/BRIDGE_REDIS_URL", {"value": "", "clear": "1"})
    assert "hunter2" not in (tmp_path / ".env").read_text()
    assert (await trail(bridge))[0] == ("setting BRIDGE_REDIS_URL", "set", "off")
    assert (await owner.get("/setup/settings/PATH")).status == 404


async def test_a_provider_is_called_otherwise(owner: Client, bridge: BridgeInProcess) -> None:
    assert 'value="fake-openai"' in (await owner.get("/setup/names")).text
    unknown = await owner.post("/setup/names", {"id": "nobody", "name": "Oak"})
    assert (unknown.status, "nobody" in unknown.text) == (422, True)
    saved = await owner.post("/setup/names", {"id": "fake-openai", "name": "Oak"})
    assert "Saved." in saved.text
    assert "Oak" in await bridge.say("/models")
    assert (await trail(bridge))[0] == ("name fake-openai", "", "Oak")
    await owner.post("/setup/names", {"id": "fake-openai", "name": ""})
    assert (await trail(bridge))[0] == ("name fake-openai", "Oak", "off")
    assert "Oak" not in await bridge.say("/models")
    await bridge.say("/models name fake-openai Elm")
    assert (await trail(bridge))[0] == ("name fake-openai", "", "Elm")


async def test_prompts_are_kept_for_everybody(owner: Client, bridge: BridgeInProcess) -> None:
    assert "None yet." in (await owner.get("/setup/prompts")).text
    wrong = await owner.post("/setup/prompts/persona", {"name": "off", "text": "You are off."})
    assert (wrong.status, "cannot be a name" in wrong.text, "You are off." in wrong.text) == (422, True, True)
    saved = await owner.post("/setup/prompts/persona", {"name": "poet", "text": "You are\r\na poet."})
    assert "Saved." in saved.text
    assert "poet" in await bridge.say("/persona poet")
    taken = await owner.post("/setup/prompts/chain", {"name": "allow", "text": "poet -> Shorten this: {input}"})
    assert (taken.status, "no command" in taken.text) == (422, True)
    await owner.post("/setup/prompts/chain", {"name": "brief", "text": "poet -> Shorten this: {input} @fake-openai:ok"})
    shown = await owner.get("/setup/prompts")
    assert "poet -&gt; Shorten this: {input} @fake-openai:ok" in shown.text
    assert "1. poet" in await bridge.say("/chain brief")
    await owner.post("/setup/prompts/chain/delete", {"name": "brief"})
    assert "brief" not in (await owner.get("/setup/prompts")).text
    found = [("persona poet all", "", "saved"), ("chain brief all", "", "saved"), ("chain brief all", "", "off")]
    assert (await trail(bridge))[:3] == found[::-1]
    await bridge.say("/persona save mine: You are mine.")
    assert len(await trail(bridge)) == 3
    await bridge.say("/persona share mine all")
    assert (await trail(bridge))[0] == ("persona mine all", "", "saved")


async def test_no_chain_can_be_called_like_a_command(bridge: BridgeInProcess) -> None:
    assert set(bridge.app.commands._entries) <= COMMANDS


async def test_several_gateways_have_a_form_each(owner: Client, bridge: BridgeInProcess, tmp_path: Path) -> None:
    await owner.post("/setup/settings/BRIDGE_GATEWAYS", {"value": "home, work"})
    shown = (await owner.get("/setup/connections")).text
    assert "Gateway home" in shown
    form = {"BRIDGE_GATEWAY_WORK_URL": bridge.gateway.url, "BRIDGE_GATEWAY_WORK_KEY": bridge.gateway.key}
    first = {"BRIDGE_GATEWAY_HOME_URL": bridge.gateway.url}
    alone = await owner.post("/setup/connections/gateway-home", first)
    assert (alone.status, "BRIDGE_GATEWAY_WORK_URL: not set" in alone.text) == (422, True)
    await owner.post("/setup/connections/gateway-home", {**first, "anyway": "1"})
    kept = await owner.post("/setup/connections/gateway-work", form)
    assert "Saved in .env." in kept.text
    assert "BRIDGE_GATEWAY_HOME_URL" in (tmp_path / ".env").read_text()
    assert bridge.gateway.key not in (await owner.get("/setup/settings")).text


@pytest.mark.parametrize("path", ["/setup/connections/gateway", "/setup/settings/BRIDGE_SYSTEM"])
async def test_only_owners_change_settings(owner: Client, bridge: BridgeInProcess, tmp_path: Path, path: str) -> None:
    await bridge.access.roles.promote(MIA, SHELL)
    async with Client(owner.address, agent="Chrome") as admin:
        await admin.enter(bridge, MIA)
        shown = await admin.get("/setup/settings/BRIDGE_SYSTEM")
        assert "Only owners can do that." in shown.text
        refused = await admin.post(path, {"value": "x", "BRIDGE_GATEWAY_URL": "http://127.0.0.1:1", "anyway": "1"})
    assert refused.status == 403
    assert not (tmp_path / ".env").exists()
