"""The emulator is what it says: the official clients take it for the real thing, and its quirks are the gateway's."""

from __future__ import annotations

import asyncio
from typing import Any

import anthropic
import httpx
import openai
import pytest

from tests.emulators.gateway import GatewayEmulator
from tests.gateway.conftest import only
from tests.gateway.server import until


def client(emulator: GatewayEmulator, key: str | None = None) -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {key or emulator.key}"}
    return httpx.AsyncClient(base_url=emulator.url, headers=headers, trust_env=False)


async def test_openais_client_takes_it_for_the_real_thing(emulator: GatewayEmulator) -> None:
    http = openai.DefaultAsyncHttpxClient(trust_env=False)
    async with openai.AsyncOpenAI(
        base_url=f"{emulator.url}/v1", api_key=emulator.key, http_client=http, max_retries=0
    ) as sdk:
        question: Any = [{"role": "user", "content": "hello"}]
        whole = await sdk.chat.completions.create(model="fake-openai:ok", messages=question)
        assert whole.choices[0].message.content == "You said: hello"
        stream = await sdk.chat.completions.create(model="fake-openai:reason", messages=question, stream=True)
        said = [part.choices[0].delta.content or "" async for part in stream if part.choices]
        assert "".join(said) == "你好，world"
        with pytest.raises(openai.AuthenticationError):
            await sdk.chat.completions.create(model="fake-openai:err401", messages=question)


@only("B", "C")
async def test_anthropics_client_does_too(emulator: GatewayEmulator) -> None:
    http = anthropic.DefaultAsyncHttpxClient(trust_env=False)
    async with (
        anthropic.AsyncAnthropic(base_url=emulator.url, api_key=emulator.key, http_client=http, max_retries=0) as sdk,
        sdk.messages.stream(
            model="fake-anthropic:reason", max_tokens=9, messages=[{"role": "user", "content": "hello"}]
        ) as stream,
    ):
        assert await stream.get_final_text() == "你好，world"


@pytest.mark.parametrize(
    ("headers", "statuses"),
    [
        ({}, (401, 401, 401)),
        ({"Authorization": "Basic abc"}, (401, 401, 401)),
        ({"Authorization": "Bearer wrong"}, (403, 403, 403)),
        ({"Authorization": "Bearer KEY"}, (200, 200, 200)),
        ({"Authorization": "bearer KEY"}, (200, 200, 401)),
        ({"X-API-Key": "KEY"}, (200, 200, 200)),
        ({"X-API-Key": "wrong", "Authorization": "Bearer KEY"}, (200, 403, 403)),
    ],
)
async def test_keys(emulator: GatewayEmulator, headers: dict[str, str], statuses: tuple[int, int, int]) -> None:
    given = {name: value.replace("KEY", emulator.key) for name, value in headers.items()}
    async with httpx.AsyncClient(trust_env=False) as http:
        answer = await http.get(f"{emulator.url}/v1/models", headers=given)
    assert answer.status_code == statuses["ABC".index(emulator.generation)]


async def test_the_list_and_its_pages(emulator: GatewayEmulator) -> None:
    async with client(emulator) as http:
        plain = (await http.get("/v1/models")).json()
        page = (await http.get("/v1/models?limit=2&offset=1")).json()
        bad = await http.get("/v1/models?limit=0")
    ids = [model["id"] for model in plain["data"]]
    assert (len(ids) == 20) == (emulator.generation == "B")
    assert ("total" in plain) == (emulator.generation == "B")
    if emulator.generation != "A":
        assert [model["id"] for model in page["data"]] == ids[1:3]
        assert bad.status_code == {"B": 400, "C": 422}[emulator.generation]


async def test_no_such_route(emulator: GatewayEmulator) -> None:
    async with client(emulator) as http:
        answer = await http.post("/v1/responses", json={})
    assert answer.status_code == 404
    if emulator.generation == "C":
        assert answer.json() == {"error": {"code": "NOT_FOUND", "message": "Not found"}}
    else:
        assert "<pre>Cannot POST /v1/responses</pre>" in answer.text


@only("C")
async def test_v2_says_nothing_before_the_first_token(emulator: GatewayEmulator) -> None:
    emulator.answer("so", first_token=0.3)
    body = {"model": "fake-openai:ok", "stream": True, "messages": [{"role": "user", "content": "hello"}]}
    async with client(emulator) as http:
        asked = asyncio.create_task(http.post("/v1/chat/completions", json=body))
        await until(lambda: bool(emulator.requests))
        assert emulator.requests[0].written == 0
        frames = (await asked).text.split("\n\n")
    assert '"delta":{"role":"assistant"}' in frames[0]
    assert '"content":"so"' in frames[1]
    assert frames[-2] == "data: [DONE]"
    assert emulator.requests[0].done
    assert emulator.disconnects() == 0


async def test_off_and_back_on_the_same_port(emulator: GatewayEmulator) -> None:
    url = emulator.url
    async with client(emulator) as http:
        await emulator.stop()
        with pytest.raises(httpx.ConnectError):
            await http.get("/health")
        await emulator.start()
        assert emulator.url == url
        assert (await http.get("/health")).json()["status"] == "ok"
