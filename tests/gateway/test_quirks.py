"""What a gateway refuses and can be done without: asked once more without it, and remembered for the model."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from bridge.errors import ProviderRefused
from bridge.gateway import QUIRK_TTL_SECONDS, Gateway, MemoryQuirks, Quirk
from bridge.types import ChatMessage, ModelId
from bridge.words import EN, trouble
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
