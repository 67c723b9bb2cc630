"""Our own gateway on the page: a provider is tried before it is kept, and a client's key is shown once."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from bridge.access import SHELL
from bridge.server import LEDGER_FILE_NAME, Ledger
from tests.doctor.conftest import closed_port
from tests.harness import BridgeInProcess, person
from tests.server.provider import ScriptedProvider
from tests.web.conftest import Client, trail

MIA = person("mia", "Mia")
KEY = "sk-of-a-provider-1234567890"


async def test_a_provider_is_tried_kept_and_removed(owner: Client, bridge: BridgeInProcess, tmp_path: Path) -> None:
    file = tmp_path / "gateway.toml"
    assert "None yet." in (await owner.get("/setup/providers")).text
    unknown = await owner.post("/setup/providers", {"provider": "somebody", "key": KEY})
    assert (unknown.status, "type one of these names" in unknown.text) == (422, True)
    away = {"provider": f"http://127.0.0.1:{closed_port()}/v1", "key": KEY}
    refused = await owner.post("/setup/providers", away)
    assert (refused.status, "the connection is refused" in refused.text) == (422, True)
    assert not file.exists()
    assert await trail(bridge) == []
    async with ScriptedProvider() as provider:
        kept = await owner.post("/setup/providers", {"provider": provider.url, "key": KEY})
        assert "Saved." in kept.text
        assert "<code>mine</code>" in kept.text
        tried = await owner.post("/setup/providers/test", {"id": "mine"})
        assert "Works" in tried.text
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert KEY in file.read_text()
    broken = await owner.post("/setup/providers/test", {"id": "mine"})
    assert "Broken" in broken.text
    for path in ("/setup/providers", "/changes", "/setup/settings"):
        assert KEY not in (await owner.get(path)).text, path
    gone = await owner.post("/setup/providers/remove", {"id": "mine"})
    assert "Removed" in gone.text
    assert KEY not in file.read_text()
    assert await trail(bridge) == [("provider mine", "", "off"), ("provider mine", "", "saved")]


@pytest.mark.parametrize("key", ["file:/etc/passwd", "env:HOME"])
async def test_no_file_is_read_for_a_key(owner: Client, bridge: BridgeInProcess, tmp_path: Path, key: str) -> None:
    """Else the page would send what lies on this machine to any address."""
    async with ScriptedProvider() as provider:
        refused = await owner.post("/setup/providers", {"provider": provider.url, "key": key})
        assert (refused.status, "Enter the key itself." in refused.text) == (422, True)
        assert not provider.seen
    assert not (tmp_path / "gateway.toml").exists()


async def test_a_file_that_is_broken_is_told_and_kept(owner: Client, tmp_path: Path) -> None:
    file = tmp_path / "gateway.toml"
    file.write_text("[providers.<b>]\n")
    file.chmod(0o600)
    shown = await owner.get("/setup/providers")
    assert (shown.status, "gateway.toml" in shown.text, "<b>" in shown.text) == (200, True, False)
    assert (await owner.post("/setup/providers/remove", {"id": "mine"})).status == 422
    assert file.read_text() == "[providers.<b>]\n"


async def test_a_clients_key_is_shown_once(owner: Client, bridge: BridgeInProcess, tmp_path: Path) -> None:
    await owner.get("/setup/providers")
    for form, said in (
        ({"name": "<b>"}, "a key&#39;s name is made of"),
        ({"name": "mia", "limit": "often"}, "often"),
        ({"name": "mia", "budget": "much"}, "is not a budget"),
    ):
        refused = await owner.post("/setup/keys", form)
        assert (refused.status, said in refused.text) == (422, True), form
    made = await owner.post(
        "/setup/keys", {"name": "mia", "models": "openai:*, *:mini", "limit": "60/min", "budget": "5/month"}
    )
    key = made.text.partition('<code class="big">')[2].partition("<")[0]
    assert key.startswith("cb-sk-")
    ledger = Ledger(tmp_path / LEDGER_FILE_NAME)
    try:
        found = ledger.find(key)
        assert found is not None
        assert (found.models, found.rate, found.budget) == (("openai:*", "*:mini"), "60/min", 5_000_000)
        shown = (await owner.get("/setup/providers")).text
        assert key not in shown
        assert "60/min; 5/month" in shown
        twice = await owner.post("/setup/keys", {"name": "mia"})
        assert (twice.status, "already" in twice.text) == (422, True)
        await owner.post("/setup/keys/revoke", {"name": "mia"})
        assert ledger.find(key) is None
    finally:
        ledger.close()
    assert await trail(bridge) == [("key mia", "", "off"), ("key mia", "", "made")]


async def test_only_owners_change_providers_and_keys(client: Client, bridge: BridgeInProcess, tmp_path: Path) -> None:
    await bridge.access.roles.promote(MIA, SHELL)
    await client.enter(bridge, MIA)
    shown = await client.get("/setup/providers")
    assert (shown.status, "Only owners can do that." in shown.text) == (200, True)
    for path in (
        "/setup/providers",
        "/setup/providers/test",
        "/setup/providers/remove",
        "/setup/keys",
        "/setup/keys/revoke",
    ):
        form = {"provider": "ollama", "id": "mine", "name": "mia"}
        assert (await client.post(path, form)).status == 403, path
    assert not (tmp_path / "gateway.toml").exists()
    assert not (tmp_path / LEDGER_FILE_NAME).exists()
