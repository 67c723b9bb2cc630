"""`cherry-bridge gateway` as a person uses it: adding, trying and removing providers, keys, a backup, a run."""

from __future__ import annotations

import asyncio
import io
import json
import os
import re
import signal
import stat
import subprocess
import sys
import zipfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from bridge import cli
from bridge.errors import SettingsError
from bridge.server import GatewayServer
from bridge.server.config import ProviderConfig, ServerConfig, parse_config
from bridge.server.ledger import LEDGER_FILE_NAME, Ledger
from bridge.server.mcps.config import McpConfig
from tests.server.harness import write_config
from tests.server.provider import ScriptedProvider, status

KEY = "sk-secret-of-mine-123456"
Run = Callable[..., Any]


@pytest_asyncio.fixture
async def upstream() -> AsyncIterator[ScriptedProvider]:
    async with ScriptedProvider() as provider:
        yield provider


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the command in a thread, as a program of its own would; returns its status, output and errors."""
    monkeypatch.chdir(tmp_path)
    config = tmp_path / "gateway.toml"

    async def run_command(*arguments: str, typed: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
        code = await asyncio.to_thread(cli.main, ["gateway", "--config", str(config), *arguments])
        told = capsys.readouterr()
        return code, told.out, told.err

    return run_command


async def test_a_provider_is_added_tried_and_removed(run: Run, upstream: ScriptedProvider, tmp_path: Path) -> None:
    file = tmp_path / "gateway.toml"
    code, out, _ = await run("add", "mine", "--url", upstream.url, "--models", "m1", typed=KEY)
    assert (code, out.splitlines()[0]) == (0, "[ok] mine: 1 models: m1")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert parse_config(file.read_text(), file).providers["mine"].secrets == ((KEY, "key 1"),)
    file.write_text("# my own remark\n" + file.read_text())
    code, out, _ = await run("list")
    assert "mine" in out
    assert KEY not in out
    code, out, _ = await run("test", "mine:m1")
    assert (code, out.splitlines()[-1]) == (0, "[ok] mine:m1 answers")
    assert upstream.last.headers["Authorization"] == f"Bearer {KEY}"
    assert (await run("remove", "mine"))[0] == 0
    assert "# my own remark" in file.read_text()
    assert "mine" not in parse_config(file.read_text(), file).providers
    assert (await run("remove", "mine"))[0] == 1


async def test_what_does_not_answer_is_not_added(run: Run, tmp_path: Path) -> None:
    code, _, err = await run("add", "mine", "--url", "http://127.0.0.1:9/v1", typed=KEY)
    assert code == 1
    assert "the connection is refused" in err
    assert not (tmp_path / "gateway.toml").exists()
    code, _, err = await run("add", "mine", "--url", "http://127.0.0.1:9/v1", "--key", KEY)
    assert code == 2
    assert KEY not in err, "a key is no argument"


async def test_a_backup_is_taken_over(run: Run, tmp_path: Path) -> None:
    """As Cherry Studio v1 writes it; no key is shown."""

    def provider(id: str, kind: str, host: str, key: str = KEY, **more: Any) -> dict[str, Any]:
        return {"id": id, "name": id.title(), "type": kind, "apiHost": host, "apiKey": key, "enabled": True, **more}

    providers = [
        provider("deepseek", "openai", "https://api.deepseek.com", f"{KEY}, {KEY}2", isSystem=True),
        provider("openai", "openai-response", "https://api.openai.com", isSystem=True),
        provider("anthropic", "anthropic", "https://api.anthropic.com/", isSystem=True),
        provider("zhipu", "openai", "https://open.bigmodel.cn/api/paas/v4/", isSystem=True),
        provider("odd", "openai", "https://odd.example/exact#"),
        provider("3f2b8c1e-0a7d-4a51-9c55-1d2e3f4a5b6c", "openai", "https://mine.example", name="My Proxy"),
        provider("kimi", "openai", "https://api.moonshot.cn", anthropicApiHost="https://api.moonshot.cn/anthropic"),
        provider("ollama", "ollama", "http://localhost:11434", "", isSystem=True),
        provider("bedrock", "aws-bedrock", "", isSystem=False),
        provider("unused", "openai", "https://unused.example", "", isSystem=True),
        provider("off", "openai", "https://off.example", enabled=False),
    ]
    storage = {"persist:cherry-studio": json.dumps({"llm": json.dumps({"providers": providers})})}
    data = {"time": 1, "version": 5, "localStorage": storage, "indexedDB": {}}
    backup = tmp_path / "backup.zip"
    with zipfile.ZipFile(backup, "w") as file:
        file.writestr("data.json", json.dumps(data))
    code, out, err = await run("import", str(backup))
    assert code == 0
    assert KEY not in out + err
    assert "[--] Bedrock" in out
    config = tmp_path / "gateway.toml"
    found = parse_config(config.read_text(), config).providers
    assert {id: dict(spec.urls) for id, spec in found.items()} == {
        "deepseek": {"chat": "https://api.deepseek.com/v1"},
        "openai": {"responses": "https://api.openai.com/v1"},
        "anthropic": {"messages": "https://api.anthropic.com/v1"},
        "zhipu": {"chat": "https://open.bigmodel.cn/api/paas/v4"},
        "odd": {"chat": "https://odd.example/exact"},
        "my-proxy": {"chat": "https://mine.example/v1"},
        "kimi": {"chat": "https://api.moonshot.cn/v1", "messages": "https://api.moonshot.cn/anthropic/v1"},
        "ollama": {"chat": "http://localhost:11434/v1"},
    }
    assert len(found["deepseek"].secrets) == 2
    code, out, _ = await run("import", str(backup))
    assert "deepseek-2" in out, "nothing that is there is overwritten"


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"metadata.json": "{}"}, "newer kind"),
        ({"other": ""}, "not one of Cherry Studio"),
        ({"data.json": "{}"}, "not what Cherry Studio writes"),
        ({}, "not one of Cherry Studio"),
        (None, "not a zip file"),
    ],
)
async def test_a_backup_that_cannot_be_read(run: Run, tmp_path: Path, files: dict[str, str] | None, said: str) -> None:
    backup = tmp_path / "backup.zip"
    if files is None:
        backup.write_bytes(b"no zip")
    else:
        with zipfile.ZipFile(backup, "w") as file:
            for name, text in files.items():
                file.writestr(name, text)
    code, _, err = await run("import", str(backup))
    assert code == 2
    assert said in err


async def test_keys_are_shown_once_and_kept_as_hashes(run: Run, tmp_path: Path) -> None:
    code, out, _ = await run("key", "new", "laptop", "--models", "openai:*", "--limit", "20/min", "--budget", "5/month")
    key = out.strip()
    assert (code, key[:6]) == (0, "cb-sk-")
    database = tmp_path / LEDGER_FILE_NAME
    assert key.encode() not in database.read_bytes()
    assert stat.S_IMODE(database.stat().st_mode) == 0o600
    code, out, _ = await run("key", "list")
    assert "openai:*; 20/min; 0.00 of 5 spent this month" in out
    assert key not in out
    ledger = Ledger(database)
    assert (found := ledger.find(key)) is not None
    assert (found.name, found.budget) == ("laptop", 5_000_000)
    assert (await run("key", "new", "laptop"))[0] == 2
    for wrong in (["--limit", "often"], ["--budget", "all"]):
        assert (await run("key", "new", "other", *wrong))[0] == 2
    assert (await run("key", "revoke", "laptop"))[0] == 0
    assert ledger.find(key) is None
    ledger.close()
    assert (await run("key", "revoke", "laptop"))[0] == 1


async def test_usage_is_shown_by_day_key_and_model(run: Run, tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / LEDGER_FILE_NAME)
    for failed in (False, True):
        ledger.record("laptop", "openai:gpt-5", prompt=1000, completion=500, cost=1_500_000, failed=failed)
    ledger.close()
    _, out, _ = await run("usage")
    assert re.search(r"laptop\s+openai:gpt-5\s+2\s+1\s+2000\s+1000\s+3\.0000", out)
    _, out, _ = await run("usage", "--json")
    assert json.loads(out)[0]["cost"] == 3.0


def test_the_file_is_read_with_every_fault_at_once(tmp_path: Path) -> None:
    text = """
[server]
port = "x"
[other]
[providers.one]
urll = "http://x"
[providers.two]
preset = "nobody"
[providers.three]
[providers.four]
url = "ftp://x"
[providers.five]
url = "http://x/v1"
limit = "often"
[providers.six]
url = "http://x/v1"
key = "env:NO_SUCH_VARIABLE"
[providers."se ven"]
url = "http://x"
[providers.eight]
url = "http://x"
key = "sk-ключ"
"""
    with pytest.raises(SettingsError) as raised:
        parse_config(text, tmp_path / "gateway.toml")
    faults = "\n".join(raised.value.problems)
    for said in ("server", "other", "one", "two.preset", "three.url", "four.url", "five.limit", "NO_SUCH", "se ven"):
        assert said in faults
    assert len(raised.value.problems) == 10
    assert "ключ" not in faults


def test_a_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    from bridge.server.config import read_config

    config = write_config(tmp_path / "gateway.toml", "")
    config.chmod(0o640)
    with pytest.raises(SettingsError, match="chmod 600"):
        read_config(config)


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("https://api.example.com", "https://api.example.com/v1"),
        ("https://api.example.com/v1/", "https://api.example.com/v1"),
        ("https://api.example.com/v1/responses", "https://api.example.com/v1"),
        ("https://api.example.com/v1/chat/completions", "https://api.example.com/v1"),
        ("https://api.example.com/api/paas/v4", "https://api.example.com/api/paas/v4"),
        ("https://api.example.com/exact/#", "https://api.example.com/exact"),
    ],
)
def test_addresses_as_people_paste_them(tmp_path: Path, written: str, url: str) -> None:
    found = parse_config(f'[providers.x]\nurl = "{written}"\n', tmp_path / "gateway.toml")
    assert found.providers["x"].urls == {"chat": url}


def test_secrets_are_in_no_repr(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"{KEY}\n")
    text = f'[providers.openai]\nkeys = ["{KEY}x", "file:key"]\n[providers.deepseek]\nkey = "{KEY}"\n'
    config = parse_config(text, tmp_path / "gateway.toml")
    assert [value for value, _ in config.providers["openai"].secrets] == [f"{KEY}x", KEY]
    assert KEY not in repr(config)
    assert KEY not in repr(config.providers["openai"].config) + repr(config.providers["openai"].keys())


async def test_it_runs_until_told_to_stop(upstream: ScriptedProvider, tmp_path: Path) -> None:
    """A process of its own; its memory is that of the gateway alone."""
    config = write_config(
        tmp_path / "gateway.toml", f'[server]\nport = 0\n[providers.mine]\nurl = "{upstream.url}"\nkey = "{KEY}"\n'
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bridge",
        "gateway",
        "--config",
        os.fspath(config),
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    assert process.stdout is not None
    line = (await asyncio.wait_for(process.stdout.readline(), 30)).decode()
    url = re.search(r"http://\S+?(?=:? )", line.replace(": mine", " ")) or pytest.fail(line)
    async with aiohttp.ClientSession() as http:
        body = {"model": "m1", "messages": [{"role": "user", "content": "hi"}]}
        async with http.get(f"{url[0]}/v1/models") as response:
            assert [model["id"] for model in (await response.json())["data"]] == ["mine:m1", "mine:m2"]
        async with http.post(f"{url[0]}/v1/chat/completions", json=body) as response:
            assert response.status == 200
    if sys.platform == "linux":
        assert _resident_mb(process.pid) < 80
    process.send_signal(signal.SIGTERM)
    rest = (await asyncio.wait_for(process.stdout.read(), 30)).decode()
    assert (await process.wait(), rest) == (0, "stopped\n")


def _resident_mb(process: int) -> float:
    return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * 4096 / 2**20


async def test_a_provider_that_fails_says_why(run: Run, upstream: ScriptedProvider, tmp_path: Path) -> None:
    write_config(tmp_path / "gateway.toml", f'[providers.mine]\nurl = "{upstream.url}"\nkey = "{KEY}"\n')
    upstream.replies = [status(401, {"error": {"message": f"Incorrect API key: {KEY}"}})]
    code, _, err = await run("test", "mine:m1")
    assert code == 1
    assert "refused the gateway's key" in err
    assert KEY not in err


def test_the_documented_file_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What docs/gateway.md shows can be used, and shows every setting with its default."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("DEEPSEEK_API_KEY", KEY)
    (tmp_path / "second.key").write_text(KEY)
    page = (Path(__file__).parents[2] / "docs" / "gateway.md").read_text()
    servers, written = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    config = parse_config(written, tmp_path / "gateway.toml")
    assert config.server == ServerConfig()
    assert set(ServerConfig.__struct_fields__) <= set(re.findall(r"^(\w+) =", written, re.MULTILINE))
    named = set(re.findall(r"^(\w+) =|\.(aliases|prices)\b", written, re.MULTILINE))
    told = {first or second for first, second in named} | {"key"}
    assert set(ProviderConfig.__struct_fields__) <= told
    assert set(parse_config(servers, tmp_path / "gateway.toml").mcps) == {"files", "search"}
    assert set(McpConfig.__struct_fields__) <= set(re.findall(r"^(\w+) =", servers, re.MULTILINE)) | {"enabled"}


async def test_it_waits_for_its_first_provider(upstream: ScriptedProvider, tmp_path: Path) -> None:
    config = tmp_path / "gateway.toml"
    async with GatewayServer(config, port=0) as server, aiohttp.ClientSession(server.url) as http:
        async with http.get("/v1/models") as response:
            assert (await response.json())["total"] == 0
        write_config(config, f'[providers.mine]\nurl = "{upstream.url}"\n')
        await server.registry.look()
        async with http.get("/v1/models") as response:
            assert (await response.json())["total"] == 2
