"""What goes wrong behind the gateway, and what a client in front of it is told."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import openai
import pytest
from structlog.testing import capture_logs

from tests.server.answers import DONE, Answer, chunk, sse
from tests.server.harness import DIALECTS, ServerRig, open_rig, write_config
from tests.server.provider import Reply, ScriptedProvider, reset, silence, status, stream

PATHS = {"chat": "/v1/chat/completions", "messages": "/v1/messages", "responses": "/v1/responses"}
PATIENT = "[server]\nwait_seconds = 0\n"
QUICK = PATIENT + "first_token_seconds = 0.3\nidle_seconds = 0.3\n"
"""For providers that fall silent; with these, a busy machine may be taken for one."""
SECRET = "sk-provider-"


async def ask(gateway: ServerRig, client: str, provider: str, *, streamed: bool) -> tuple[int, bytes, dict[str, str]]:
    said = [{"role": "user", "content": "hello"}]
    body = {"model": f"{provider}:m1", "messages": said, "input": said, "stream": streamed, "max_tokens": 99}
    async with gateway.http.post(PATHS[client], json=body) as response:
        return response.status, await response.read(), dict(response.headers)


def error_in(client: str, told: bytes) -> dict[str, Any]:
    """The error of a response, or at the end of a stream."""
    last = told.strip().split(b"\n\n")[-1]
    data = json.loads(last.split(b"data: ", 1)[1] if b"data: " in last else last)
    error: dict[str, Any] = data["response"]["error"] if data.get("type") == "response.failed" else data["error"]
    assert (data.get("type") == "error") == (client == "messages")
    return error


CASES: dict[str, tuple[Callable[[], Reply], int, str]] = {
    "reset": (lambda: reset, 502, "cannot be reached"),
    "stalled": (lambda: silence, 504, "has said nothing"),
    "400": (lambda: status(400, {"error": {"message": "bad temperature", "code": "oops"}}), 400, "bad temperature"),
    "401": (
        lambda: status(401, {"error": {"message": "Incorrect API key: sk-provider-chat"}}),
        401,
        "refused the gate",
    ),
    "402": (lambda: status(402, {"error": {"message": "Insufficient Balance"}}), 402, "Insufficient Balance"),
    "403": (lambda: status(403, {"error": {"message": "not in your country"}}), 403, "not in your country"),
    "404": (lambda: status(404, {"error": {"message": "no such model"}}), 404, "no such model"),
    "429": (lambda: status(429, {"error": {"message": "slow down"}}, Retry_After="7"), 429, "slow down"),
    "500": (lambda: status(500, {"error": {"message": "we are down"}}), 500, "we are down"),
    "502 in HTML": (lambda: status(502, "<html><h1>Bad Gateway</h1></html>"), 502, "Bad Gateway"),
    "404 in HTML": (lambda: status(404, "<html>nginx</html>"), 502, "not as an API"),
    "200 in HTML": (lambda: status(200, "<html>log in</html>"), 502, "no answer"),
    "200, no object": (lambda: status(200, [1, 2]), 502, "no answer"),
    "200 with an error": (lambda: status(200, {"error": {"message": "quota", "status": 429}}), 429, "quota"),
}


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("client", DIALECTS)
@pytest.mark.parametrize("case", CASES)
async def test_before_the_first_word(tmp_path: Path, case: str, client: str, streamed: bool) -> None:
    """A true status, in the dialect of the route, with what the provider said and without its key."""
    reply, code, said = CASES[case]
    async with open_rig(tmp_path, QUICK if case == "stalled" else PATIENT) as gateway:
        for provider in {"chat", client}:  # one that is translated, one that is handed on
            gateway.providers[provider].replies = [reply(), reply()]
            found, told, headers = await ask(gateway, client, provider, streamed=streamed)
            assert found == code
            assert said in error_in(client, told)["message"]
            assert SECRET.encode() not in told
            assert "<" not in error_in(client, told)["message"]
            assert (headers.get("Retry-After") == "7") == (case == "429")


async def test_a_provider_that_is_not_there(tmp_path: Path) -> None:
    config = '[providers.gone]\nurl = "http://127.0.0.1:9/v1"\n'
    async with open_rig(tmp_path, config) as gateway:
        with pytest.raises(openai.InternalServerError, match="connection is refused") as raised:
            await gateway.openai.chat.completions.create(model="gone:x", messages=[{"role": "user", "content": "hi"}])
    assert raised.value.status_code == 502


async def lose(request: Any) -> Any:
    request.transport.abort()


@pytest.mark.parametrize("client", DIALECTS)
@pytest.mark.parametrize("provider", DIALECTS)
@pytest.mark.parametrize("case", ["cut", "stalled", "reset", "an error", "broken JSON"])
async def test_in_the_middle(tmp_path: Path, case: str, client: str, provider: str) -> None:
    """What came is there, and an error after it; never an end as if all were well."""
    some = sse(provider, Answer("Half of it"))
    middle = next(at for at, frame in enumerate(some) if b"of it" in frame) + 1
    ends: dict[str, Reply] = {
        "cut": stream(*some[:middle]),
        "stalled": stream(*some[:middle], then=silence),
        "reset": stream(*some[:middle], pause=0.02, then=lose),
        "an error": stream(*some[:middle], b'data: {"type":"error","error":{"message":"overloaded"}}\n\n'),
        "broken JSON": stream(*some[:middle], b'data: {"choices": [\n\n'),
    }
    async with open_rig(tmp_path, QUICK if case == "stalled" else PATIENT) as gateway:
        gateway.providers[provider].replies = [ends[case]]
        code, told, _ = await ask(gateway, client, provider, streamed=True)
    assert code == 200
    assert b"of it" in told
    assert b"[DONE]" not in told
    assert b"message_stop" not in told
    assert b"response.completed" not in told
    if client != provider or case in {"stalled", "reset"}:
        assert error_in(client, told)["message"]


@pytest.mark.parametrize("provider", ["chat", "messages"])
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
async def test_a_client_that_leaves_stops_the_provider(gateway: ServerRig, provider: str, streamed: bool) -> None:
    """Within 100 ms, before its first word and after it, handed on or translated."""
    upstream = gateway.providers[provider]
    for reply in (silence, stream(*sse(provider, Answer("Half"))[:4], then=silence)):
        upstream.replies, upstream.gone = [reply], asyncio.Event()
        seen = len(upstream.seen)
        asking = asyncio.create_task(ask(gateway, "chat", provider, streamed=streamed))
        async with asyncio.timeout(5):
            while len(upstream.seen) == seen:
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        asking.cancel()
        left = time.monotonic()
        async with asyncio.timeout(5):
            await upstream.gone.wait()
        assert time.monotonic() - left < 2  # a few ms; a busy machine may take its time


async def test_a_client_hears_that_the_model_thinks(tmp_path: Path) -> None:
    """Before the first word and between words, as comments that no client sees; an error then comes in the stream."""
    async with open_rig(tmp_path, "[server]\nkeep_alive_seconds = 0.05\n") as gateway:
        for provider in ("chat", "messages"):

            async def think(request: Any, provider: str = provider) -> Any:
                await asyncio.sleep(0.2)
                return await stream(*sse(provider, Answer("Well")), pause=0.1)(request)

            gateway.providers[provider].replies = [think]
            _, told, _ = await ask(gateway, "chat", provider, streamed=True)
            frames = told.split(b"\n\n")
            assert frames[0].startswith(b":")
            assert sum(frame.startswith(b":") for frame in frames) > 4
            assert all(frame.startswith((b":", b"data: ")) for frame in frames if frame)

            async def think_and_fail(request: Any) -> Any:
                await asyncio.sleep(0.2)
                return await status(429, {"error": {"message": "slow down"}}, Retry_After="100")(request)

            gateway.providers[provider].replies = [think_and_fail]
            code, told, _ = await ask(gateway, "chat", provider, streamed=True)
            assert (code, error_in("chat", told)["message"]) == (200, "slow down")


async def test_bytes_are_handed_on_as_they_are(gateway: ServerRig) -> None:
    """Fields that nobody knows, comments, line ends: the stream of the same dialect is not touched."""
    odd = [
        b": hello\r\n\r\n",
        b'data: {"choices":[{"delta":{"content":"a\xe2\x80\xa8b"}}],"odd":1e400}\n\n',
        b"event: x\nid: 7\ndata:{}\n\n",
        chunk({"content": "c"}, finish="stop"),
        DONE,
    ]
    gateway.providers["chat"].replies = [
        stream(b"".join(odd)[:20], b"".join(odd)[20:100], b"".join(odd)[100:], pause=0.02)
    ]
    _, told, _ = await ask(gateway, "chat", "chat", streamed=True)
    assert told == b"".join(odd)


async def test_unknown_fields_reach_a_provider_of_the_same_dialect(gateway: ServerRig) -> None:
    more = {"seed": 7, "response_format": {"type": "json_object"}, "logit_bias": {"1": 2}, "anything": [1.5, None]}
    async with gateway.http.post(
        "/v1/chat/completions",
        json={
            "model": "chat:m1",
            "messages": [{"role": "user", "content": "\ud83c\udf05"}],
            "tool_choice": "none",
            **more,
        },
    ) as response:
        assert response.status == 200
    sent = gateway.providers["chat"].last.body
    assert {name: sent[name] for name in more} == more
    assert sent["tool_choice"] == "none"
    assert sent["messages"][0]["content"] == "🌅"


async def test_usage_comes_only_to_those_who_asked(gateway: ServerRig) -> None:
    _, told, _ = await ask(gateway, "chat", "chat", streamed=True)
    assert b'"usage"' not in told
    assert gateway.providers["chat"].last.body["stream_options"] == {"include_usage": True}


async def test_keys_are_taken_in_turn_and_rested(tmp_path: Path) -> None:
    keys = 'keys = ["sk-one-111111", "sk-two-222222", "sk-three-333333"]'
    async with (
        ScriptedProvider() as upstream,
        open_rig(
            tmp_path, f'[providers.many]\nurl = "{upstream.url}"\n{keys}\n[server]\nwait_seconds = 0\n'
        ) as gateway,
    ):

        async def used() -> list[str]:
            before = len(upstream.seen)
            await ask(gateway, "chat", "many", streamed=False)
            return [seen.headers["Authorization"][10:13] for seen in upstream.seen[before:]]

        assert [await used() for _ in range(4)] == [["one"], ["two"], ["thr"], ["one"]]
        upstream.replies = [status(401, {"error": {"message": "bad key"}})]
        with capture_logs() as logs:
            assert await used() == ["two", "thr"], "the next one answers at once"
        assert [line["key"] for line in logs if line["event"] == "key refused"] == ["key 2"]
        upstream.replies = [status(429, {"error": {"message": "slow"}}, Retry_After="30")]
        assert await used() == ["one", "thr"]
        assert await used() == ["thr"], "those that rest are not asked"
        upstream.replies = [status(429, {"error": {"message": "slow"}}, Retry_After="60")]
        code, _, headers = await ask(gateway, "chat", "many", streamed=False)
        assert code == 429
        assert 25 <= int(headers["Retry-After"]) <= 31, "the first that will be free again"


async def test_it_waits_for_a_key_to_be_free(gateway: ServerRig) -> None:
    limited = status(429, {"error": {"message": "slow"}}, Retry_After="0.3")
    gateway.providers["chat"].replies = [limited]
    began = time.monotonic()
    code, _, _ = await ask(gateway, "chat", "chat", streamed=False)
    assert code == 200
    assert time.monotonic() - began >= 0.3


async def test_requests_are_spaced_within_a_providers_limit(tmp_path: Path) -> None:
    async with (
        ScriptedProvider() as upstream,
        open_rig(
            tmp_path,
            f'[providers.slow]\nurl = "{upstream.url}"\nlimit = "2/s"\n[server]\nwait_seconds = 1.5\n',
        ) as gateway,
    ):
        began = time.monotonic()
        answers = await asyncio.gather(*(ask(gateway, "chat", "slow", streamed=False) for _ in range(5)))
        assert sorted(code for code, _, _ in answers) == [200, 200, 200, 200, 429]
        assert time.monotonic() - began >= 1
        (late,) = [headers for code, _, headers in answers if code == 429]
        assert late["Retry-After"] == "2"
        assert len(upstream.seen) == 4


async def test_a_file_that_breaks_leaves_the_old_one_in_force(gateway: ServerRig) -> None:
    registry, before = gateway.server.registry, gateway.config.read_text()
    provider = registry.providers["chat"]
    with capture_logs() as logs:
        write_config(gateway.config, before + "[providers.broken\n")
        await registry.look()
    assert [line["event"] for line in logs] == ["gateway.toml is not applied"]
    assert (await ask(gateway, "chat", "chat", streamed=False))[0] == 200
    async with gateway.http.get("/health") as response:
        assert "error" in (await response.json())["config"]
    more = f'[providers.more]\nurl = "{gateway.providers["chat"].url}"\naliases = {{ quick = "m2" }}\n'
    write_config(gateway.config, before + more)
    await registry.look()
    assert registry.providers["chat"] is provider, "what has not changed goes on, with what it has learned"
    async with gateway.http.post(
        PATHS["chat"], json={"model": "more:quick", "messages": [{"role": "user", "content": "hi"}]}
    ) as response:
        assert response.status == 200
    assert gateway.providers["chat"].last.body["model"] == "m2"
    write_config(gateway.config, more)
    await registry.look()
    assert (await ask(gateway, "chat", "chat", streamed=False))[0] == 404


async def test_a_change_is_seen_by_itself(gateway: ServerRig) -> None:
    write_config(gateway.config, gateway.config.read_text().replace("providers.chat]", "providers.renamed]"))
    async with asyncio.timeout(10):
        while "renamed" not in gateway.server.registry.providers:
            await asyncio.sleep(0.05)


async def test_an_idle_connection_that_the_provider_closed(gateway: ServerRig) -> None:
    """The request is sent once more; the client does not notice."""

    async def answer_and_close(request: Any) -> Any:
        response = aiohttp.web.json_response({"choices": []})
        asyncio.get_running_loop().call_later(0.05, request.transport.close)
        return response

    gateway.providers["chat"].replies = [answer_and_close]
    assert (await ask(gateway, "chat", "chat", streamed=False))[0] == 200
    await asyncio.sleep(0.06)
    assert (await ask(gateway, "chat", "chat", streamed=False))[0] == 200
