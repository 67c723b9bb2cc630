"""`cherry-bridge doctor` on OpenAI-compatible servers that are not Cherry Studio."""

from __future__ import annotations

import json
import socket

import aiohttp
import pytest
from aiohttp import web
from pydantic import SecretStr

from bridge import log
from bridge.admin.shell.models import models
from bridge.settings import Settings
from bridge.store import RedisQuirks, open_store
from bridge.types import ModelId
from tests.doctor.breakages import serve
from tests.doctor.conftest import DoctorRig
from tests.emulators.servers import KEY, KINDS, NO_LIST, Kind, ServerEmulator, refusal


@pytest.mark.parametrize("root", [200, 404])
async def test_it_is_said_and_all_the_rest_is_tried(root: int, rig: DoctorRig) -> None:
    async with ServerEmulator(root=root) as server:
        rig.set(BRIDGE_GATEWAY_URL=server.url, BRIDGE_MODEL="gpt-4o")
        status, said = await rig.doctor()
    assert status == 0, said
    assert f"ok  gateway   {server.url} is an OpenAI-compatible server that is not Cherry Studio." in said
    assert "2 models to chat with" in said
    assert "gpt-4o" in next(line for line in said.splitlines() if line.startswith("ok  answer"))


async def test_no_list_of_models_is_no_end(rig: DoctorRig) -> None:
    async with ServerEmulator(listed=NO_LIST) as server:
        rig.set(BRIDGE_GATEWAY_URL=server.url, BRIDGE_MODEL="gpt-4o")
        status, said = await rig.doctor()
    assert status == 0, said
    assert "has no list of models" in said
    assert "ok  answer" in said


async def test_a_key_that_the_server_refuses(rig: DoctorRig) -> None:
    refused = refusal(401, {"error": {"message": "no", "type": "auth_error"}})
    async with ServerEmulator(listed=refused) as server:
        rig.set(BRIDGE_GATEWAY_URL=server.url, BRIDGE_MODEL="gpt-4o")
        status, said = await rig.doctor()
    assert status == 1
    assert "The key is wrong." in said


@pytest.fixture(autouse=True)
def quiet() -> None:
    """As the command line has it."""
    log.configure("error")


def wrong(said: str) -> list[str]:
    return [line for line in said.splitlines() if line.startswith("!!")]


@pytest.mark.parametrize("kind", KINDS)
async def test_each_kind_of_server_is_known_and_tried(kind: Kind, rig: DoctorRig) -> None:
    async with ServerEmulator(kind, key=KEY) as server:
        rig.set(BRIDGE_GATEWAY_URL=server.url, BRIDGE_GATEWAY_KEY=KEY, BRIDGE_MODEL=server.models[0])
        status, said = await rig.doctor()
        name = f" It seems to be {server.shape.name}." if server.shape.name else ""
    assert status == 0, said
    assert f"ok  gateway   {server.url} is an OpenAI-compatible server that is not Cherry Studio.{name}\n" in said
    assert "ok  key       The key is accepted." in said
    assert f"ok  answer    {server.models[0]} answers; its first words came after 0." in said
    usable = sum("embed" not in model and "codex" not in model for model in server.models)
    assert f"{usable} model{'s' * (usable != 1)} to chat with" in said
    assert "Cherry Studio" not in said.split("gateway   ", 1)[1].split("\n", 1)[1].split("telegram")[0]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("key", ["", "sk-wrong-0123456789"])
async def test_each_kind_of_server_refuses_a_key(kind: Kind, key: str, rig: DoctorRig) -> None:
    async with ServerEmulator(kind, key=KEY) as server:
        rig.set(BRIDGE_GATEWAY_URL=server.url, BRIDGE_GATEWAY_KEY=key, BRIDGE_MODEL=server.models[0])
        status, said = await rig.doctor()
        # Of vLLM nothing but its list tells.
        name = server.shape.name if server.shape.name and kind != "vllm" else "that server"
    assert status == 1
    assert wrong(said) == [
        f"!!  key       The key is {'wrong' if key else 'missing'}. "
        f"-> Set BRIDGE_GATEWAY_KEY to a key that {name} accepts."
    ]
    assert "The key is accepted" not in said


async def test_litellm_that_fails_where_no_key_is_sent(rig: DoctorRig) -> None:
    """1.108 without a data base: it fails in place of a refusal, and its root is there."""
    async with ServerEmulator("litellm") as server:
        server.failing = True
        rig.set(BRIDGE_GATEWAY_URL=server.url, BRIDGE_GATEWAY_KEY="", BRIDGE_MODEL="gpt-4o")
        _, said = await rig.doctor()
    assert wrong(said) == [
        f"!!  gateway   {server.url}: LiteLLM failed to answer. Trying again may help. "
        "-> Check the log of LiteLLM; if it needs a key, set BRIDGE_GATEWAY_KEY."
    ]


async def test_llama_cpp_that_still_loads(rig: DoctorRig) -> None:
    async with ServerEmulator("llama.cpp") as server:
        server.loading = True
        rig.set(BRIDGE_GATEWAY_URL=server.url)
        _, said = await rig.doctor()
    assert wrong(said) == [
        f"!!  gateway   llama.cpp at {server.url} is still loading its model. -> Wait a moment, and run doctor again."
    ]


async def test_a_model_that_the_server_does_not_have(rig: DoctorRig) -> None:
    async with ServerEmulator("ollama") as server:
        rig.set(BRIDGE_GATEWAY_URL=server.url, BRIDGE_MODEL="qwen3:14b")
        _, said = await rig.doctor()
        server.models = []
        _, empty = await rig.doctor()
    (line,) = wrong(said)
    assert line.startswith("!!  models    BRIDGE_MODEL is qwen3:14b, which Ollama does not offer.")
    assert "-> Set BRIDGE_MODEL to one like it: qwen3:8b" in line
    assert wrong(empty) == ["!!  models    Ollama offers no model to chat with. -> Add one there, or load one."]


async def test_a_provider_behind_it_refuses(rig: DoctorRig) -> None:
    message = "litellm.AuthenticationError: OpenAIException - Incorrect API key provided"
    async with ServerEmulator("litellm") as server:
        server.script(refusal(401, {"error": {"message": message, "code": "401"}}))
        rig.set(BRIDGE_GATEWAY_URL=server.url, BRIDGE_MODEL="gpt-4o")
        _, said = await rig.doctor()
    (line,) = wrong(said)
    assert "A provider behind LiteLLM does not accept the key that LiteLLM has for it." in line
    assert line.endswith("-> Correct that key in LiteLLM, or set BRIDGE_MODEL to another.")


async def test_what_was_learned_of_models_is_shown(rig: DoctorRig) -> None:
    async with ServerEmulator("plain") as server, open_store(rig.redis_url, rig.home) as store:
        quirks = RedisQuirks(store.redis)
        await quirks.put(ModelId.parse("gpt-4o"), frozenset({"no_streaming", "max_tokens=4096"}))
        rig.set(BRIDGE_GATEWAY_URL=server.url, BRIDGE_MODEL="gpt-4o")
        _, said = await rig.doctor()
        assert (
            "--  models    gpt-4o refused the usual way, so it is asked differently: max_tokens=4096, no_streaming."
            in said
        )
        settings = Settings(
            gateway_url=server.url, redis_url=SecretStr(rig.redis_url), data_dir=rig.home, language="en"
        )
        assert await models(settings, as_json=True) == 0
        rows = json.loads(rig.capsys.readouterr().out)
    assert [(row["id"], row["quirks"]) for row in rows] == [
        ("gpt-4o", ["max_tokens=4096", "no_streaming"]),
        ("llama3:8b", []),
    ]


@pytest.mark.parametrize("kind", KINDS)
async def test_models_are_listed_by_their_ids(kind: Kind, capsys: pytest.CaptureFixture[str]) -> None:
    async with ServerEmulator(kind) as server:
        settings = Settings(gateway_url=server.url, language="en")
        assert await models(settings, as_json=False) == 0
        printed = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
        assert printed == [model for model in server.models if "embed" not in model and "codex" not in model]
        server.models = []
        assert await models(settings, as_json=False) == 1
        err = capsys.readouterr().err
    if kind in ("vllm", "openrouter", "plain"):  # nothing tells that it is not Cherry Studio behind a proxy
        assert err == "The gateway offers no models. Is a provider enabled in Cherry Studio?\n"
    else:
        assert err == f"{server.shape.name} offers no models.\n"


async def test_no_list_of_models_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    async with ServerEmulator("vllm", listed=NO_LIST) as server:
        assert await models(Settings(gateway_url=server.url, language="en"), as_json=True) == 1
    assert "has no list of models" in capsys.readouterr().err


async def test_cherry_studio_behind_a_proxy_that_passes_only_v1(rig: DoctorRig) -> None:
    async def forward(request: web.Request) -> web.Response:
        if not request.path.startswith("/v1/"):
            return web.Response(status=404, text="<h1>nginx</h1>", content_type="text/html")
        url, body = rig.gateway.url + request.path_qs, await request.read()
        headers = {name: request.headers[name] for name in ("Authorization", "Content-Type") if name in request.headers}
        async with (
            aiohttp.ClientSession() as session,
            session.request(request.method, url, data=body or None, headers=headers) as answer,
        ):
            return web.Response(status=answer.status, body=await answer.read(), content_type=answer.content_type)

    url = await serve(rig, forward)
    rig.set(BRIDGE_GATEWAY_URL=url)
    status, said = await rig.doctor()
    assert status == 0, said
    assert f"ok  gateway   {url} is an OpenAI-compatible server that is not Cherry Studio." in said
    assert "ok  answer    fake-openai:ok answers" in said
    rig.set(BRIDGE_GATEWAY_KEY="cs-sk-99999999-2222-3333-4444-555555555555")
    assert "The key is wrong." in (await rig.doctor())[1]


@pytest.mark.parametrize(("seconds", "time"), [(0.6, "1 second"), (2.2, "2 seconds")])
async def test_a_server_that_takes_the_connection_and_says_nothing(
    seconds: float, time: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("bridge.gateway.http.LIST_TIMEOUT_SECONDS", seconds)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        settings = Settings(gateway_url=f"http://127.0.0.1:{mute.getsockname()[1]}", language="en")
        assert await models(settings, as_json=False) == 1
    err = capsys.readouterr().err
    assert err == f"Cherry Studio accepted the connection, but has not answered for {time}.\n"
