"""Embeddings, pictures, speech and the counting of tokens: handed on, with the model's own name."""

from __future__ import annotations

import io
from typing import Any

import openai
import pytest
from aiohttp import web

from tests.server.harness import ServerRig
from tests.server.provider import status


async def test_embeddings(gateway: ServerRig) -> None:
    data = {"object": "list", "data": [{"object": "embedding", "index": 0, "embedding": [0.5, 1]}], "model": "m1"}
    usage = {"prompt_tokens": 3, "total_tokens": 3}
    gateway.providers["chat"].replies = [status(200, {**data, "usage": usage})]
    answer = await gateway.openai.embeddings.create(model="chat:m1", input="hi", encoding_format="float")
    assert answer.data[0].embedding == [0.5, 1]
    seen = gateway.providers["chat"].last
    assert (seen.path, seen.body) == ("/v1/embeddings", {"model": "m1", "input": "hi", "encoding_format": "float"})


async def test_pictures(gateway: ServerRig) -> None:
    gateway.providers["responses"].replies = [status(200, {"created": 1, "data": [{"b64_json": "AAAA"}]})]
    answer = await gateway.openai.images.generate(model="responses:m1", prompt="a cat", size="1024x1024")
    assert answer.data is not None and answer.data[0].b64_json == "AAAA"
    assert gateway.providers["responses"].last.path == "/v1/images/generations"


async def test_speech_as_it_comes(gateway: ServerRig) -> None:
    async def speak(request: web.Request) -> web.StreamResponse:
        return web.Response(body=b"\x00\xffmp3" * 1000, content_type="audio/mpeg")

    gateway.providers["chat"].replies = [speak]
    answer = await gateway.openai.audio.speech.create(model="chat:m1", voice="alloy", input="hello")
    assert answer.content == b"\x00\xffmp3" * 1000
    assert answer.response.headers["Content-Type"] == "audio/mpeg"


async def test_transcriptions_keep_the_file_byte_by_byte(gateway: ServerRig) -> None:
    sound = b"\r\n--x\r\n\x00\xff" * 5000
    gateway.providers["chat"].replies = [status(200, {"text": "hello"})]
    answer = await gateway.openai.audio.transcriptions.create(
        model="chat:m1", file=("语音.wav", io.BytesIO(sound)), language="en"
    )
    assert answer.text == "hello"
    seen = gateway.providers["chat"].last
    assert sound in seen.raw
    assert b'name="model"\r\n\r\nm1\r\n' in seen.raw
    assert "语音.wav".encode() in seen.raw or b"filename" in seen.raw
    assert b"chat:m1" not in seen.raw


async def test_forms_that_are_none(gateway: ServerRig) -> None:
    for kind, data in (
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=x", b"--y"),
        ("text/plain", b"x"),
    ):
        async with gateway.http.post("/v1/audio/transcriptions", data=data, headers={"Content-Type": kind}) as response:
            assert response.status == 400
    assert not gateway.providers["chat"].seen


async def test_a_provider_without_the_route(gateway: ServerRig) -> None:
    with pytest.raises(openai.BadRequestError, match="has no /v1/embeddings"):
        await gateway.openai.embeddings.create(model="messages:m1", input="hi")
    gateway.providers["chat"].replies = [status(404, "<html>")]
    with pytest.raises(openai.InternalServerError, match="not as an API"):
        await gateway.openai.embeddings.create(model="chat:m1", input="hi")


async def test_tokens_are_counted_or_estimated(gateway: ServerRig) -> None:
    talk: list[Any] = [{"role": "user", "content": "Why is the sky blue?"}]
    gateway.providers["messages"].replies = [status(200, {"input_tokens": 14})]
    counted = await gateway.anthropic.messages.count_tokens(model="messages:m1", messages=talk)
    assert counted.input_tokens == 14
    assert gateway.providers["messages"].last.path == "/v1/messages/count_tokens"
    estimated = await gateway.anthropic.messages.count_tokens(model="chat:m1", messages=talk, system="Be kind.")
    assert 8 <= estimated.input_tokens <= 30
    gateway.providers["messages"].replies = [status(404, {"error": {"message": "no such route"}})]
    assert (await gateway.anthropic.messages.count_tokens(model="messages:m1", messages=talk)).input_tokens > 5
