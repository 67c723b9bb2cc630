"""What a gateway refuses and can be done without: asked once more without it, and remembered for the model."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from bridge.errors import ProviderRefused
from bridge.gateway import QUIRK_TTL_SECONDS, Gateway, MemoryQuirks, Quirk
from bridge.store import RedisQuirks, Store
from bridge.types import ChatMessage, ModelId
from bridge.words import EN, trouble
from tests.emulators.gateway import Behaviour, GatewayEmulator, Generation
from tests.gateway.seen import watched
from tests.gateway.server import DONE, HEAD, chunk, serving

MODEL = ModelId("t", "m")
TALK = [
    ChatMessage.system("Be brief."),
    ChatMessage.assistant("left over"),
    ChatMessage.user("one"),
    ChatMessage.user("two"),
    ChatMessage.assistant("three"),
    ChatMessage.user("four"),
]
WHOLE = {"choices": [{"message": {"content": "Answer"}, "finish_reason": "stop"}]}


def refused(status: int, message: str, **more: Any) -> bytes:
    body = json.dumps({"error": {"message": message, **more}}).encode()
    return (
        b"HTTP/1.1 %d No\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % (status, len(body)) + body
    )


EXTRA = [{"type": "extra_forbidden", "loc": ["body", "stream_options"], "msg": "Extra inputs are not permitted"}]
"""What Pydantic says to a field that it does not know; servers hand it on in several wrappings."""


def validation(name: str, value: Any) -> bytes:
    """Mistral's refusals, as it has sent them over the years."""
    body = json.dumps({"object": "error", name: value, "type": "invalid_request_error"}).encode()
    return b"HTTP/1.1 422 No\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body


@asynccontextmanager
async def picky(*refusals: bytes) -> AsyncIterator[tuple[str, list[dict[str, Any]]]]:
    """A server that refuses so many requests and answers the next; its URL, and the bodies it was sent."""
    bodies: list[dict[str, Any]] = []
    left = list(refusals)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        body = json.loads(await reader.readexactly(int(head.partition(b"content-length:")[2].split(b"\r\n")[0])))
        bodies.append(body)
        if left:
            writer.write(left.pop(0))
        elif body["stream"]:
            writer.write(HEAD + chunk("Answer") + chunk(finish="stop") + DONE)
        else:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n" + json.dumps(WHOLE).encode())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", bodies


def sent(body: dict[str, Any]) -> list[tuple[str, str]]:
    return [(message["role"], message["content"]) for message in body["messages"]]


ALTERNATING = [("system", "Be brief."), ("user", "one\n\ntwo"), ("assistant", "three"), ("user", "four")]
NO_SYSTEM = [("assistant", "left over"), ("user", "Be brief.\n\none"), *[("user", "two"), ("assistant", "three")]]


@pytest.mark.parametrize(
    ("refusal", "quirk"),
    [
        (refused(400, "Conversation roles must alternate user/assistant/user/assistant/..."), "alternating_roles"),
        (refused(500, "roles must alternate between user and assistant"), "alternating_roles"),
        (refused(400, "System role not supported"), "no_system_role"),
        (refused(400, "Developer instruction is not enabled for models/gemma-3"), "no_system_role"),
        (refused(400, "Unrecognized request argument supplied: stream_options"), "no_stream_options"),
        (refused(422, "", detail=[{"loc": ["body", "stream_options"], "msg": "extra"}]), "no_stream_options"),
        (refused(400, "Your organization must be verified to stream this model.", param="stream"), "no_streaming"),
        (refused(400, "This model does not support streaming."), "no_streaming"),
        (refused(400, "Only user and assistant roles are supported!"), "no_system_role"),
        (
            refused(400, "'messages[0].role' does not support 'system' with this model."),
            "no_system_role",
        ),
        (
            refused(400, "user and assistant roles should be alternating."),
            "alternating_roles",
        ),
        (refused(400, "Expected last role User or Tool for serving but got assistant"), "alternating_roles"),
        (
            refused(400, "Unknown parameter.", param="stream_options.include_usage"),
            "no_stream_options",
        ),
        (
            refused(400, 'Unknown name "stream_options": Cannot find field.'),
            "no_stream_options",
        ),
        (
            refused(400, "stream_options: Extra inputs are not permitted"),
            "no_stream_options",
        ),
        (refused(400, "Unrecognized request arguments supplied"), "no_stream_options"),
        (validation("detail", EXTRA), "no_stream_options"),
        (validation("message", {"detail": EXTRA}), "no_stream_options"),
        (validation("message", json.dumps({"detail": EXTRA})), "no_stream_options"),
        (refused(400, str([{"type": "extra_forbidden", "loc": ("body", "stream_options")}])), "no_stream_options"),
        (refused(400, "Unsupported value: 'stream' does not support true with this model."), "no_streaming"),
    ],
)
async def test_what_is_refused_is_left_out_and_remembered(refusal: bytes, quirk: Quirk) -> None:
    async with picky(refusal) as (url, bodies), Gateway(url) as gateway:
        for _ in range(2):
            seen, error = await watched(gateway.stream(MODEL, TALK))
            assert (seen.text, error) == ("Answer", None)
        assert await gateway.quirks.all() == {MODEL: {quirk}}
        await gateway.quirks.clear()
        await watched(gateway.stream(MODEL, TALK))
    first, second, third, fourth = bodies
    assert second == third
    assert fourth == first
    assert ("stream_options" in second) == (quirk not in ("no_stream_options", "no_streaming"))
    assert second["stream"] is (quirk != "no_streaming")
    if quirk == "alternating_roles":
        assert sent(second) == ALTERNATING
    if quirk == "no_system_role":
        assert sent(second)[:4] == NO_SYSTEM


@pytest.mark.parametrize(
    ("message", "limit"),
    [
        (
            "max_tokens: 64000 > 4096, which is the maximum allowed for claude-3-opus-20240229",
            4096,
        ),
        ("The maximum tokens you requested exceeds the model limit of 2048. Try again with a lower value.", 2048),
        ("max_tokens is too large: 64000. This model supports at most 4096 completion tokens.", 4096),
        ("Range of max_tokens should be [1, 2000]", 2000),
    ],
)
@pytest.mark.parametrize("generation", ["B", "C"])
async def test_a_lower_limit_of_tokens_is_learned(generation: Generation, message: str, limit: int) -> None:
    async with GatewayEmulator(generation) as emulator, Gateway(emulator.url, emulator.key) as gateway:
        await gateway.models()
        gateway._dialects["fake-anthropic"] = "messages"  # v2 takes both
        # v1.x hides the reason from a client that asks for a stream, so it is asked once more, for the whole answer.
        tries = 2 if generation == "B" else 1
        emulator.behave("claude-ok", Behaviour(text=None, refusal=(400, message), refusals=tries))
        for _ in range(2):
            seen, error = await watched(gateway.stream(ModelId("fake-anthropic", "claude-ok"), TALK))
            assert (seen.text, error) == ("You said: four", None)
        assert await gateway.quirks.all() == {ModelId("fake-anthropic", "claude-ok"): {f"max_tokens={limit}"}}
    asked = [(request.body["max_tokens"], request.body["stream"]) for request in emulator.requests]
    assert asked == [*[(64_000, True), (21_333, False)][:tries], (limit, True), (limit, True)]


async def test_quirks_of_other_versions_are_passed_over(store: Store) -> None:
    await store.redis.hset(
        "cherry:quirks", "t:m", f"{time.time() + 60:.0f} max_tokens=512 can_fly no_streaming max_tokens=x"
    )
    assert await RedisQuirks(store.redis).all() == {MODEL: {"max_tokens=512", "no_streaming"}}


async def test_several_things_are_left_out_one_by_one() -> None:
    both = (refused(400, "System role not supported"), refused(400, "Conversation roles must alternate"))
    async with picky(*both) as (url, bodies), Gateway(url) as gateway:
        seen, _ = await watched(gateway.stream(MODEL, TALK))
    assert seen.text == "Answer"
    assert sent(bodies[2]) == [("user", "Be brief.\n\none\n\ntwo"), ("assistant", "three"), ("user", "four")]


async def test_an_error_that_stays_is_told_and_not_remembered() -> None:
    async with serving(refused(400, "System role not supported")) as url, Gateway(url) as gateway:
        _, error = await watched(gateway.stream(MODEL, TALK))
        assert isinstance(error, ProviderRefused)
        assert not await gateway.quirks.all()


async def test_quirks_last_a_month() -> None:
    now = 1000.0
    quirks = MemoryQuirks(lambda: now)
    await quirks.put(MODEL, frozenset({"no_streaming"}))
    assert await quirks.get(MODEL) == {"no_streaming"}
    now += QUIRK_TTL_SECONDS
    assert await quirks.get(MODEL) == frozenset()
    assert not await quirks.all()


async def test_a_validation_error_gives_its_reason_to_an_admin() -> None:
    body = json.dumps(
        {"detail": [{"loc": ["body", "messages"], "msg": "field required", "input": "Is my rash contagious?"}]}
    ).encode()
    answer = b"HTTP/1.1 422 No\r\nContent-Type: application/json\r\n\r\n" + body
    async with serving(answer) as url, Gateway(url) as gateway:
        _, error = await watched(gateway.stream(MODEL, [ChatMessage.user("Is my rash contagious?")]))
    assert error is not None
    told = trouble(error, EN, model=MODEL, admin=True)
    assert told == "t refused the request.\n\nIt said: body.messages: field required"
