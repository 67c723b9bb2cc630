"""What the gateway says, byte by byte, where that is what v1.9.12 was seen to say."""

from __future__ import annotations

import asyncio
import io
import json
import re
from collections.abc import AsyncIterator
from html.parser import HTMLParser
from typing import Any

import aiohttp
import pytest

from bridge.demo import DemoGateway

KEY = "cs-sk-11111111-2222-3333-4444-555555555555"
GOOD = {"Authorization": f"Bearer {KEY}"}
HELLO = [{"role": "user", "content": "hello"}]


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with DemoGateway(key=KEY, pace=0) as gateway, aiohttp.ClientSession(gateway.url) as http:
        yield http


async def _chat(http: aiohttp.ClientSession, **fields: Any) -> tuple[int, Any]:
    body = {"model": "demo:guide", "messages": HELLO, **fields}
    headers = {**GOOD, "Content-Type": "application/json"}
    data = io.BytesIO(json.dumps(body).encode())  # the client will not have so much at once
    async with http.post("/v1/chat/completions", headers=headers, data=data) as response:
        return response.status, json.loads(await response.read())


async def test_health_and_root_need_no_key(http: aiohttp.ClientSession) -> None:
    async with http.get("/health") as response:
        health = await response.json()
        assert response.headers["X-Request-ID"]
        assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert (health["status"], health["version"]) == ("ok", "1.0.0")
    async with http.get("/") as response:
        endpoints = (await response.json())["endpoints"]
    # By these a client tells v1.7 to v1.9 from what came before and after.
    assert endpoints["docs"] == "GET /api-docs"
    assert endpoints["messages_provider"] == "POST /:provider/v1/messages"


@pytest.mark.parametrize(
    ("headers", "status", "error"),
    [
        ({}, 401, "Unauthorized: missing credentials"),
        ({"Authorization": "Basic abc"}, 401, "Unauthorized: invalid authorization format"),
        ({"Authorization": "Bearer "}, 401, "Unauthorized: invalid authorization format"),
        ({"X-API-Key": " "}, 401, "Unauthorized: empty x-api-key"),
        ({"Authorization": "Bearer nope"}, 403, "Forbidden"),
        ({"Authorization": "Bearer ключ"}, 403, "Forbidden"),
        ({"X-API-Key": "nope", **GOOD}, 403, "Forbidden"),
        ({"X-API-Key": KEY, "Authorization": "Bearer nope"}, 200, None),
        ({"Authorization": f"bearer {KEY}"}, 200, None),
    ],
)
async def test_keys(http: aiohttp.ClientSession, headers: dict[str, str], status: int, error: str | None) -> None:
    async with http.get("/v1/models", headers=headers) as response:
        assert response.status == status
        assert (await response.json()).get("error") == error
    for path in ("/v1/chat/completions", "/v1/messages", "/claude/v1/messages"):
        async with http.post(path, headers=headers, json={}) as response:
            assert (response.status in {401, 403}) == (error is not None), path


async def test_models_come_in_pages(http: aiohttp.ClientSession) -> None:
    async def page(query: str) -> Any:
        async with http.get(f"/v1/models{query}", headers=GOOD) as response:
            return await response.json()

    first = await page("")
    assert (len(first["data"]), first["offset"], first["limit"], first["object"]) == (20, 0, 20, "list")
    rest = await page("?offset=20")
    everything = await page("?limit=100000")
    assert first["total"] == rest["total"] == everything["total"] == len(everything["data"]) > 20
    ids = [model["id"] for model in everything["data"]]
    assert [model["id"] for model in first["data"] + rest["data"]] == ids
    assert (await page("?offset=1000"))["data"] == []
    claude = await page("?providerType=anthropic")
    assert [model["id"] for model in claude["data"]] == ["claude:demo-sonnet"]
    assert claude["total"] == 1
    assert (await page("?providerType=openai"))["total"] == everything["total"], "as there, it changes nothing"
    odd = next(model for model in everything["data"] if model["id"].startswith("open-router:tencent"))
    assert odd["created"] > 1_700_000_000
    del odd["created"]
    assert odd == {
        "id": "open-router:tencent/demo-a13b:free",
        "object": "model",
        "name": "Tencent: Demo A13B (free)",
        "owned_by": "OpenRouter (demo)",
        "provider": "open-router",
        "provider_name": "OpenRouter (demo)",
        "provider_type": "openai",
        "provider_model_id": "tencent/demo-a13b:free",
    }


@pytest.mark.parametrize(
    ("query", "field", "message"),
    [
        ("limit=0", "limit", "Too small: expected number to be >=1"),
        ("limit=abc", "limit", "Invalid input: expected number, received NaN"),
        ("limit=nan", "limit", "Invalid input: expected number, received NaN"),
        ("offset=-1", "offset", "Too small: expected number to be >=0"),
        ("providerType=bogus", "providerType", 'Invalid option: expected one of "openai"|"openai-response"|'),
    ],
)
async def test_a_query_that_cannot_be(http: aiohttp.ClientSession, query: str, field: str, message: str) -> None:
    async with http.get(f"/v1/models?{query}", headers=GOOD) as response:
        error = (await response.json())["error"]
        assert response.status == 400
    assert (error["code"], error["type"]) == ("invalid_parameters", "invalid_request_error")
    (detail,) = error["details"]
    assert detail["field"] == field
    assert detail["message"].startswith(message)


async def test_chat_frames(http: aiohttp.ClientSession) -> None:
    body = {"model": "echo:plain", "messages": HELLO, "stream": True, "stream_options": {"include_usage": True}}
    async with http.post("/v1/chat/completions", headers=GOOD, json=body) as response:
        assert response.status == 200
        assert response.headers["Content-Type"] == "text/event-stream; charset=utf-8"
        assert response.headers["Cache-Control"] == "no-cache, no-transform"
        assert response.headers["X-Accel-Buffering"] == "no"
        assert response.headers["X-Request-ID"]
        told = (await response.read()).decode()
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "plain"}
    head["system_fingerprint"] = "demo"
    frames = [
        {**head, "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}]}
        for delta, finish in (({"role": "assistant", "content": ""}, None), ({"content": "hello"}, None), ({}, "stop"))
    ]
    frames.append({**head, "choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 1, "total_tokens": 6}})
    expected = "".join(f"data: {json.dumps(each, separators=(',', ':'))}\n\n" for each in frames) + "data: [DONE]\n\n"
    told = re.sub(r'"id":"[^"]+"', '"id":"chatcmpl-1"', told)
    assert re.sub(r'"created":\d+', '"created":1', told) == expected


async def test_message_frames(http: aiohttp.ClientSession) -> None:
    body = {"model": "echo:plain", "messages": HELLO, "stream": True, "max_tokens": 9}
    async with http.post("/v1/messages", headers=GOOD, json=body) as response:
        told = (await response.read()).decode()
    *events, done, end = told.split("\n\n")
    assert [event.splitlines()[0] for event in events] == [
        "event: message_start",
        "event: content_block_start",
        "event: content_block_delta",
        "event: content_block_stop",
        "event: message_delta",
        "event: message_stop",
    ]
    assert (done, end) == ("data: [DONE]", "")


@pytest.mark.parametrize(
    ("path", "model", "frame"),
    [
        (
            "/v1/chat/completions",
            "demo:cut",
            {"error": {"message": "Stream processing error", "type": "server_error", "code": "stream_error"}},
        ),
        (
            "/v1/messages",
            "demo:cut",
            {"type": "error", "error": {"type": "api_error", "message": "Stream processing error"}},
        ),
        (
            "/v1/messages",
            "demo:rate-limited",
            {"type": "error", "error": {"type": "api_error", "message": "Stream processing error"}},
        ),
    ],
)
async def test_trouble_in_a_stream(http: aiohttp.ClientSession, path: str, model: str, frame: object) -> None:
    body = {"model": model, "messages": HELLO, "stream": True, "max_tokens": 99}
    async with http.post(path, headers=GOOD, json=body) as response:
        assert response.status == 200
        told = (await response.read()).decode()
    assert told.endswith(f"data: {json.dumps(frame, separators=(',', ':'))}\n\n")
    assert "[DONE]" not in told


async def test_the_words_of_refusals(http: aiohttp.ClientSession) -> None:
    invalid = "invalid_request_error"
    for fields, status, kind, code, message in (
        ({"model": None}, 400, invalid, "invalid_model_parameter", "Model must be a non-empty string"),
        ({"model": 1}, 400, invalid, "invalid_model_parameter", "Model must be a non-empty string"),
        (
            {"model": "gpt-4"},
            400,
            invalid,
            "invalid_model_format",
            "Invalid model format. Expected format: 'provider:model_id' (e.g., 'my-openai:gpt-4')",
        ),
        (
            {"model": "demo:"},
            400,
            invalid,
            "invalid_model_format",
            "Invalid model format. Both provider and model_id must be non-empty. Expected: 'provider:model_id'",
        ),
        (
            {"model": "nope:gpt-4"},
            400,
            invalid,
            "provider_not_found",
            "Provider 'nope' not found, not enabled, or not supported. Only OpenAI providers are currently supported.",
        ),
        (
            {"model": "echo:zzz"},
            400,
            invalid,
            "model_not_available",
            "Model 'zzz' not available in provider 'echo'. Available models: plain, request",
        ),
        (
            {"model": "claude:demo-sonnet"},
            400,
            invalid,
            "unsupported_provider_type",
            "Provider 'claude' of type 'anthropic' is not supported for OpenAI chat completions",
        ),
        ({"messages": []}, 400, invalid, "validation_failed", "Messages array cannot be empty"),
        ({"messages": "hi"}, 400, invalid, "validation_failed", "Messages must be an array"),
        (
            {"messages": None},
            500,
            "server_error",
            "internal_error",
            "Cannot read properties of null (reading 'length')",
        ),
    ):
        assert await _chat(http, **fields) == (status, {"error": {"message": message, "type": kind, "code": code}})


async def test_bodies_that_are_none(http: aiohttp.ClientSession) -> None:
    missing = {"message": "Request body is required", "type": "invalid_request_error", "code": "missing_body"}
    broken = {"message": "Internal server error", "type": "server_error"}
    json_type = {**GOOD, "Content-Type": "application/json"}
    for data, headers, status, error in (
        (b"", GOOD, 400, missing),
        (b'{"model":"demo:guide"}', {**GOOD, "Content-Type": "text/plain"}, 400, missing),
        (b'{"model":', json_type, 500, broken),
        (b'"text"', json_type, 500, broken),
        (b"[" * 100_000, json_type, 500, broken),
        (b'{"a":' + b"9" * 5000 + b"}", json_type, 500, broken),
        (b" " * (50 * 1024 * 1024 + 1), json_type, 500, broken),
    ):
        async with http.post("/v1/chat/completions", data=io.BytesIO(data), headers=headers) as response:
            assert (response.status, (await response.json())["error"]) == (status, error)


async def test_messages_need_max_tokens(http: aiohttp.ClientSession) -> None:
    for limit in (None, 0, -1, "9", True):
        body = {"model": "demo:guide", "messages": HELLO, "max_tokens": limit}
        async with http.post("/v1/messages", headers=GOOD, json=body) as response:
            error = {"type": "invalid_request_error", "message": "max_tokens is required and must be a positive number"}
            assert (response.status, await response.json()) == (400, {"type": "error", "error": error})


async def test_hostile_messages_are_answered(http: aiohttp.ClientSession) -> None:
    """Whatever is no message is passed over; the rest is answered."""
    odd: list[Any] = [
        1,
        None,
        [],
        {},
        {"role": 7, "content": "x"},
        {"role": "user"},
        {"role": "user", "content": 5},
        {"role": "user", "content": [None, {"type": "text"}, {"text": 9}, {"type": "image_url", "image_url": {}}]},
        {"role": "tool", "content": "x"},
    ]
    status, answer = await _chat(http, messages=odd, max_tokens="x", stream_options=3, temperature=[])
    assert status == 200
    assert "Hello!" in answer["choices"][0]["message"]["content"]
    for text in ("\ud800 half a pair", "x" * 2_000_000, "\x00\x1b[31m", "*" * 10_000):
        for model in ("demo:guide", "echo:plain", "echo:request", "demo:thinker", "demo:context"):
            status, _ = await _chat(http, model=model, messages=[{"role": "user", "content": text}])
            assert status == (500 if model == "demo:context" else 200)
    assert (await _chat(http, model="\ud800:\ud800"))[0] == 400
    talk = [{"role": role, "content": "continue"} for _ in range(10_000) for role in ("assistant", "user")]
    assert (await _chat(http, messages=talk))[0] == 200
    assert (await _chat(http, max_tokens=1e300))[0] == (await _chat(http, max_tokens=-5))[0] == 200


async def test_what_is_not_there(http: aiohttp.ClientSession) -> None:
    for method, path in (
        ("POST", "/v1/responses"),
        ("POST", "/v1/embeddings"),
        ("POST", "/v1/messages/count_tokens"),
        ("GET", "/v1/models/demo:guide"),
        ("GET", "/v1/chat/completions"),
        ("GET", "/openapi"),
    ):
        async with http.request(method, path, headers=GOOD) as response:
            assert response.status == 404
            assert response.content_type == "text/html"
            assert f"<pre>Cannot {method} {path}</pre>" in await response.text()
    async with http.options("/v1/models") as response:
        assert response.status == 204
        assert response.headers["Access-Control-Allow-Headers"] == "Content-Type,Authorization"


async def test_a_path_is_not_markup() -> None:
    async with DemoGateway() as gateway:  # by hand: a client would not send such a path
        reader, writer = await asyncio.open_connection("127.0.0.1", int(gateway.url.rpartition(":")[2]))
        writer.write(b"GET /<script> HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        told = await reader.read()
        writer.close()
        await writer.wait_closed()
    assert b"Cannot GET /&lt;script&gt;" in told


async def test_the_openapi_document_tells_the_truth(http: aiohttp.ClientSession) -> None:
    """Every operation in it exists, answers with a status that it names, and every status is written out or refers."""
    async with http.get("/api-docs.json") as response:
        document = await response.json()
    assert document["openapi"].startswith("3.")
    example = document["paths"]["/v1/chat/completions"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    model = example["properties"]["model"]["example"]
    asked = {"model": model, "messages": HELLO, "max_tokens": 9}
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method == "parameters":
                continue
            url = path.replace("{provider}", "claude")
            body = {**asked, "model": "demo-sonnet"} if url != path else asked
            for headers in (GOOD, {}, {"X-API-Key": "wrong"}):
                sent = body if method == "post" else None
                async with http.request(method, url, headers=headers, json=sent, allow_redirects=False) as response:
                    assert str(response.status) in operation["responses"], (method, path)
                    described = operation["responses"][str(response.status)]
                    content = described.get("content", {"application/json": {}})
                    if response.status != 301:
                        assert response.content_type in content, (method, path)
    references = set(re.findall(r'"\$ref": "#/components/responses/(\w+)"', json.dumps(document)))
    assert references <= set(document["components"]["responses"])
    operations = [
        f"{method.upper()} {path}"
        for path, item in document["paths"].items()
        for method in item
        if method != "parameters"
    ]
    async with http.get("/") as response:
        endpoints = (await response.json())["endpoints"].values()
    assert {each.replace(":provider", "{provider}") for each in endpoints} | {"GET /"} == set(operations)


async def test_the_page_for_people(http: aiohttp.ClientSession) -> None:
    async with http.get("/api-docs") as response:  # by way of a redirect
        assert response.status == 200
        assert response.url.path == "/api-docs/"
        page = await response.text()
    assert "POST /v1/chat/completions" in page
    assert "open-router:tencent/demo-a13b:free" in page
    used = _Sources()
    used.feed(page)
    assert used.found == ["/api-docs.json"], "nothing is fetched from anywhere else"


class _Sources(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if name in {"src", "href", "srcset", "action"} and value]
