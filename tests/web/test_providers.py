"""Our own gateway on the page: a provider is tried before it is kept, and a client's key is shown once."""

from __future__ import annotations

import io
import json
import stat
import zipfile
from pathlib import Path
from typing import Any

import pytest

from bridge.access import SHELL
from bridge.admin.web import guard
from bridge.server import LEDGER_FILE_NAME, Ledger, Price, read_config
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


async def test_a_providers_models_prices_and_limit_are_set(
    owner: Client, bridge: BridgeInProcess, tmp_path: Path
) -> None:
    """All else in the file stays as it was written."""
    file = tmp_path / "gateway.toml"
    text = f'# mine\n[providers.oak]\nurl = "http://127.0.0.1:9/v1"  # at home\nkeys = ["{KEY}"]\nlimit = "5/min"\n'
    file.write_text(text)
    file.chmod(0o600)
    assert 'href="/setup/provider/oak"' in (await owner.get("/setup/providers")).text
    assert (await owner.get("/setup/provider/elm")).status == 404
    shown = await owner.get("/setup/provider/oak")
    assert (KEY in shown.text, 'value="5/min"' in shown.text) == (False, True)
    form = {
        "name": "Oak & <b>",
        "models": "gpt-5*\r\n\r\no*",
        "aliases": "quick = gpt-5-mini",
        "prices": "gpt-5* = 1.25 / 10 / 0.125\n* = 0/2",
        "limit": "60 / min",
    }
    for name, typed in {"aliases": "quick gpt", "prices": "gpt-5* = much", "limit": "often"}.items():
        refused = await owner.post("/setup/provider/oak", {**form, name: typed})
        said = f"“{typed}” cannot be used here." in refused.text
        assert (refused.status, said, "quick = gpt-5-mini" in refused.text or name == "aliases") == (422, True, True)
    assert file.read_text() == text
    assert "Saved." in (await owner.post("/setup/provider/oak", form)).text
    spec = read_config(file).providers["oak"]
    assert (spec.config.models, spec.config.aliases) == (("gpt-5*", "o*"), {"quick": "gpt-5-mini"})
    assert (spec.price("gpt-5-mini"), spec.price("o4")) == (Price(1.25, 10, 0.125), Price(0, 2))
    assert (spec.name, spec.config.limit, spec.secrets[0][0]) == ("Oak & <b>", "60/min", KEY)
    assert file.read_text().startswith("# mine\n") and "# at home" in file.read_text()
    shown = await owner.get("/setup/provider/oak")
    assert "gpt-5* = 1.25 / 10 / 0.125\n* = 0 / 2</textarea>" in shown.text
    assert ("provider oak limit", "5/min", "60/min") in await trail(bridge)
    assert ("provider oak models", "", "gpt-5*, o*") in await trail(bridge)
    before = await trail(bridge)
    assert "It was like that already." in (await owner.post("/setup/provider/oak", {"limit": "60/min"})).text
    await owner.post("/setup/provider/oak", {"models": "", "aliases": "", "prices": "", "name": ""})
    assert read_config(file).providers["oak"].config.prices == {}
    assert len(await trail(bridge)) == len(before) + 4


async def test_a_backup_of_cherry_studio_is_taken_over(
    owner: Client, bridge: BridgeInProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "MAX_BACKUP_BYTES", 200_000)
    file = tmp_path / "gateway.toml"
    await owner.get("/setup/providers")
    providers: list[dict[str, Any]] = [
        {"id": "deepseek", "name": "DeepSeek", "type": "openai", "apiHost": "https://api.deepseek.com"},
        {"id": "bedrock", "name": "<b>Bedrock", "type": "aws-bedrock", "apiHost": "", "isSystem": False},
    ]
    for backup, said in (
        (b"no zip", "This is no backup of Cherry Studio v1"),
        (backup_of([]), "No provider in this backup has a key."),
        (b"x" * 200_001, "That is more than this page takes."),
    ):
        refused = await owner.upload("/setup/providers/import", "backup", backup)
        assert said in refused.text
        assert refused.status in (413, 422)
    assert not file.exists()
    made = await owner.upload("/setup/providers/import", "backup", backup_of(providers))
    assert "Taken over: deepseek." in made.text
    assert "Left out, as they have no place here: &lt;b&gt;Bedrock." in made.text
    assert KEY not in made.text
    assert [each.secrets[0][0] for each in read_config(file).providers.values()] == [KEY]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert await trail(bridge) == [("provider deepseek", "", "imported")]


def backup_of(providers: list[dict[str, Any]]) -> bytes:
    """A backup as Cherry Studio v1 writes it, with half a character in a conversation, as JavaScript keeps it."""
    kept = [{"apiKey": KEY, "enabled": True, **each} for each in providers]
    storage = {"persist:cherry-studio": json.dumps({"llm": json.dumps({"providers": kept})})}
    data = json.dumps({"localStorage": storage, "indexedDB": {"said": "\ud83d"}})
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr("data.json", data)
    return packed.getvalue()


async def test_only_owners_change_providers_and_keys(client: Client, bridge: BridgeInProcess, tmp_path: Path) -> None:
    await bridge.access.roles.promote(MIA, SHELL)
    await client.enter(bridge, MIA)
    shown = await client.get("/setup/providers")
    assert (shown.status, "Only owners can do that." in shown.text) == (200, True)
    for path in (
        "/setup/providers",
        "/setup/providers/test",
        "/setup/providers/remove",
        "/setup/providers/import",
        "/setup/provider/mine",
        "/setup/keys",
        "/setup/keys/revoke",
    ):
        form = {"provider": "ollama", "id": "mine", "name": "mia"}
        assert (await client.post(path, form)).status == 403, path
    assert not (tmp_path / "gateway.toml").exists()
    assert not (tmp_path / LEDGER_FILE_NAME).exists()
