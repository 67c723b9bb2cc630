"""What holds for every route: keys, errors in the dialect of the path, lists, sizes, the document about it all."""

from __future__ import annotations

import asyncio
import io
import json
import socket
from collections.abc import AsyncIterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from openapi_spec_validator import validate

from bridge.demo import DemoGateway
from bridge.errors import SettingsError
from bridge.server import GatewayServer
from bridge.server.meter import REQUESTS
from tests.server.harness import ServerRig, open_rig, write_config

KEY = "cb-sk-11111111-2222-3333"
GOOD = {"Authorization": f"Bearer {KEY}"}
HELLO = [{"role": "user", "content": "hello"}]


@pytest_asyncio.fixture
async def demo() -> AsyncIterator[aiohttp.ClientSession]:
    async with DemoGateway(key=KEY, pace=0) as gateway, aiohttp.ClientSession(gateway.url) as http:
        yield http


async def post(http: aiohttp.ClientSession, path: str, body: Any, **headers: str) -> tuple[int, Any]:
    data = io.BytesIO(body if isinstance(body, bytes) else json.dumps(body).encode())
    sent = {"Content-Type": "application/json", **GOOD, **headers}
    async with http.post(path, data=data, headers=sent) as response:
        return response.status, json.loads(await response.read())


async def test_health_and_root_need_no_key(demo: aiohttp.ClientSession) -> None:
    async with demo.get("/health") as response:
        assert (await response.json())["status"] == "ok"
        assert response.headers["X-Request-ID"]
    async with demo.get("/") as response:
        root = await response.json()
    assert root["name"] == "cherry-bridge gateway"
    assert "POST /v1/chat/completions" in root["routes"]


@pytest.mark.parametrize(
    ("headers", "admitted"),
    [
        ({}, False),
        ({"Authorization": "Basic abc"}, False),
        ({"Authorization": "Bearer "}, False),
        ({"X-API-Key": " "}, False),
        ({"Authorization": "Bearer nope"}, False),
        ({"Authorization": "Bearer ключ"}, False),
        ({"X-API-Key": "nope", **GOOD}, False),
        ({"X-API-Key": KEY, "Authorization": "Bearer nope"}, True),
        ({"Authorization": f"bearer {KEY}"}, True),
    ],
)
async def test_keys(demo: aiohttp.ClientSession, headers: dict[str, str], admitted: bool) -> None:
    async with demo.get("/v1/models", headers=headers) as response:
        assert response.status == (200 if admitted else 401)
    for path in ("/v1/chat/completions", "/v1/responses", "/v1/embeddings"):
        async with demo.post(path, headers=headers, json={}) as response:
            error = (await response.json())["error"]
            assert (error["code"] == "invalid_gateway_key") != admitted
            assert error["type"] in {"authentication_error", "invalid_request_error"}
    for path in ("/v1/messages", "/claude/v1/messages", "/v1/messages/count_tokens"):
        async with demo.post(path, headers=headers, json={}) as response:
            told = await response.json()
            assert told["type"] == "error"
            assert (told["error"]["type"] == "authentication_error") != admitted


async def test_models_all_of_them_or_a_page(demo: aiohttp.ClientSession) -> None:
    async def page(query: str) -> Any:
        async with demo.get(f"/v1/models{query}", headers=GOOD) as response:
            return await response.json()

    everything = await page("")
    assert everything["total"] == len(everything["data"]) > 20
    first, rest = await page("?limit=20"), await page("?offset=20")
    assert (len(first["data"]), first["has_more"], rest["has_more"]) == (20, True, False)
    assert first["data"] + rest["data"] == everything["data"]
    assert (await page("?offset=1000"))["data"] == []
    claude = await page("?providerType=anthropic")
    assert [model["id"] for model in claude["data"]] == ["claude:demo-sonnet"]
    one = next(model for model in everything["data"] if model["id"].startswith("open-router:tencent"))
    expected = {
        "id": "open-router:tencent/demo-a13b:free",
        "name": "Tencent: Demo A13B (free)",
        "owned_by": "OpenRouter (demo)",
        "provider": "open-router",
        "provider_name": "OpenRouter (demo)",
        "provider_type": "openai",
        "provider_model_id": "tencent/demo-a13b:free",
    }
    assert {name: one[name] for name in expected} == expected
    async with demo.get("/v1/models/open-router:tencent/demo-a13b:free", headers=GOOD) as response:
        assert await response.json() == one
    async with demo.get("/v1/models/demo:nobody", headers=GOOD) as response:
        assert (response.status, (await response.json())["error"]["code"]) == (404, "model_not_found")


@pytest.mark.parametrize("query", ["limit=0", "limit=abc", "limit=nan", "offset=-1", "providerType=bogus"])
async def test_a_query_that_cannot_be(demo: aiohttp.ClientSession, query: str) -> None:
    async with demo.get(f"/v1/models?{query}", headers=GOOD) as response:
        error = (await response.json())["error"]
        assert (response.status, error["code"]) == (400, "invalid_parameters")
    assert [detail["field"] for detail in error["details"]] == [query.partition("=")[0]]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "invalid_json"),
        (b"{", 400, "invalid_json"),
        (b"[1]", 400, "invalid_json"),
        (b"[" * 100_000, 400, "invalid_json"),
        (b'{"model": "echo:plain", "messages": [{"role": "user", "content": "\xff"}]}', 200, None),
        ({}, 400, "invalid_model"),
        ({"model": 7}, 400, "invalid_model"),
        ({"model": "nobody:x"}, 404, "model_not_found"),
        ({"model": "demo:nobody"}, 404, "model_not_found"),
        ({"model": "\ud800:\ud800"}, 404, "model_not_found"),
        ({"model": "demo:"}, 404, "model_not_found"),
        ({"model": "demo:guide"}, 400, "invalid_request"),
        ({"model": "demo:guide", "messages": "private words"}, 400, "invalid_request"),
        ({"model": "demo:guide", "messages": []}, 400, "invalid_request"),
        ({"model": "demo:guide", "messages": [{"role": "private words"}]}, 400, "invalid_request"),
        ({"model": "demo:guide", "messages": HELLO, "stream": "true"}, 400, "invalid_request"),
        ({"model": "demo:guide", "messages": HELLO, "max_tokens": -5}, 400, "invalid_request"),
        ({"model": "demo:guide", "messages": HELLO, "temperature": "private words"}, 400, "invalid_request"),
        ({"model": "demo:guide", "messages": HELLO, "max_tokens": 1e300}, 200, None),
        ({"model": "guide", "messages": HELLO}, 200, None),
    ],
)
async def test_bodies(demo: aiohttp.ClientSession, body: Any, status: int, code: str | None) -> None:
    """What cannot be used is refused in a sentence that repeats nothing of it."""
    found, answer = await post(demo, "/v1/chat/completions", body)
    assert found == status
    if code:
        assert answer["error"]["code"] == code
        assert "private" not in json.dumps(answer)


async def test_long_and_odd_words_are_answered(demo: aiohttp.ClientSession) -> None:
    for text in ("\ud800 half a pair", "x" * 2_000_000, "\x00\x1b[31m", "*" * 10_000):
        for path, key in (
            ("/v1/chat/completions", "messages"),
            ("/v1/messages", "messages"),
            ("/v1/responses", "input"),
        ):
            said = [{"role": "user", "content": text}]
            status, _ = await post(demo, path, {"model": "echo:plain", key: said, "max_tokens": 99})
            assert status == 200
    talk = [{"role": role, "content": "continue"} for _ in range(10_000) for role in ("assistant", "user")]
    assert (await post(demo, "/v1/chat/completions", {"model": "demo:guide", "messages": talk}))[0] == 200


async def test_too_large_a_request(tmp_path: Path) -> None:
    async with open_rig(tmp_path, "[server]\nmax_body_mb = 1\n") as gateway:
        asked = {"model": "chat:m1", "messages": [{"role": "user", "content": "x" * 2**20}]}
        for path, kind in (("/v1/chat/completions", "invalid_request_error"), ("/v1/messages", "request_too_large")):
            status, told = await post(gateway.http, path, asked)
            assert (status, told["error"]["type"]) == (413, kind)
            assert REQUESTS.get("", path.removeprefix("/v1/").removesuffix("/completions"), "413") > 0
    assert not gateway.providers["chat"].seen


async def test_what_is_not_there(demo: aiohttp.ClientSession) -> None:
    for method, path, status in (
        ("GET", "/v1/nothing", 404),
        ("POST", "/nothing", 404),
        ("GET", "/v1/chat/completions", 405),
    ):
        async with demo.request(method, path, headers=GOOD) as response:
            assert (response.status, response.content_type) == (status, "application/json")
            assert (await response.json())["error"]["message"]


async def test_where_no_key_is_needed_web_pages_may_not_ask(tmp_path: Path) -> None:
    """Not by their origin, nor by a name that was pointed at this machine."""
    async with open_rig(tmp_path, '[server]\ncors = ["https://mine.example"]\n') as gateway:
        for headers, status in (
            ({}, 200),
            ({"Origin": "http://localhost:3000"}, 200),
            ({"Origin": "https://mine.example"}, 200),
            ({"Origin": "https://evil.example"}, 403),
            ({"Origin": "null"}, 403),
            ({"Host": "evil.example"}, 403),
            ({"Host": "[::1]:23333"}, 200),
        ):
            async with gateway.http.get("/v1/models", headers=headers) as response:
                assert response.status == status, headers
                allowed = response.headers.get("Access-Control-Allow-Origin")
                assert allowed == ("https://mine.example" if "mine" in str(headers) else None)


async def test_others_can_only_be_let_in_with_a_key(tmp_path: Path) -> None:
    config = write_config(tmp_path / "gateway.toml", '[server]\nhost = "0.0.0.0"\nport = 0\n')
    with pytest.raises(SettingsError, match="make a key first"):
        await GatewayServer(config).__aenter__()
    async with GatewayServer(config, key=KEY) as server, aiohttp.ClientSession() as http:
        port = server.url.rpartition(":")[2]
        async with http.get(f"http://127.0.0.1:{port}/v1/models", headers={"Host": "any.example"}) as response:
            assert response.status == 401


async def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match=str(port)):
            await DemoGateway(port=port).__aenter__()


async def test_the_document_is_valid_and_tells_the_truth(demo: aiohttp.ClientSession) -> None:
    """Every operation in it exists and answers with a status that it names."""
    async with demo.get("/openapi") as response:
        document = await response.json()
    validate(document)
    asked = {"model": "demo:guide", "messages": HELLO, "input": "hello", "max_tokens": 9}
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method == "parameters":
                continue
            url = path.replace("{provider}", "demo").replace("{id}", "demo:guide")
            for headers in (GOOD, {}, {"X-API-Key": "wrong"}):
                sent = asked if method == "post" else None
                async with demo.request(method, url, headers=headers, json=sent) as response:
                    assert str(response.status) in operation["responses"], (method, path)
                    described = operation["responses"][str(response.status)]
                    assert response.content_type in described.get("content", {"application/json"}), (method, path)
    async with demo.get("/") as response:
        routes = set((await response.json())["routes"])
    written = {
        f"{method.upper()} {path}"
        for path, item in document["paths"].items()
        for method in item
        if method != "parameters"
    }
    assert routes == written


async def test_the_page_for_people(demo: aiohttp.ClientSession) -> None:
    async with demo.get("/api-docs") as response:
        page = await response.text()
    assert "POST /v1/chat/completions" in page
    used = _Sources()
    used.feed(page)
    assert used.found == ["/api-docs.json"], "nothing is fetched from anywhere else"
    async with DemoGateway(pace=0) as gateway:  # by hand: a client would not send such a path
        reader, writer = await asyncio.open_connection("127.0.0.1", int(gateway.url.rpartition(":")[2]))
        writer.write(b"GET /api-docs HTTP/1.1\r\nHost: <script>\r\nConnection: close\r\n\r\n")
        told = await reader.read()
        writer.close()
        await writer.wait_closed()
    assert b"<script>" not in told


class _Sources(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if name in {"src", "href", "srcset", "action"} and value]


async def test_one_providers_route(gateway: ServerRig) -> None:
    for model in ("m1", "messages:m1"):
        status, answer = await post(gateway.http, "/messages/v1/messages", {"model": model, "messages": HELLO})
        assert (status, answer["content"][0]["text"]) == (200, "Hello, world")
        assert gateway.providers["messages"].last.body["model"] == "m1"
    status, answer = await post(gateway.http, "/nobody/v1/messages", {"model": "m1", "messages": HELLO})
    assert (status, answer["error"]["type"]) == (404, "not_found_error")
