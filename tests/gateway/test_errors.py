"""Every way an answer can fail becomes exactly one error, whose words an admin may read."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from contextlib import ExitStack

import pytest

from bridge.errors import (
    AnswerCut,
    AnswerEmpty,
    AnswerFiltered,
    ContextTooLong,
    GatewayError,
    GatewayUnreachable,
    KeyRefused,
    ModelNotFound,
    ProviderFailed,
    ProviderLimited,
    ProviderRefused,
)
from bridge.gateway import Gateway
from bridge.gateway.error_body import read_error, read_response_error
from bridge.gateway.errors import to_gateway_error
from bridge.types import ChatMessage, ModelId
from tests.emulators.gateway import Behaviour, GatewayEmulator
from tests.gateway.conftest import only
from tests.gateway.server import DONE, HEAD, HELLO, ask, chunk, hear, serving

PARTIAL = "你好，wor"


@pytest.mark.parametrize(
    ("model", "expected", "status", "said"),
    [
        ("filter", AnswerFiltered, None, "你好，world"),
        ("empty", AnswerEmpty, None, ""),
        ("tools", AnswerEmpty, None, ""),
        ("jsonstream", AnswerEmpty, None, ""),
        ("miderr", AnswerCut, None, PARTIAL),
        ("midabort", AnswerCut, None, PARTIAL),
        ("cut", AnswerCut, None, PARTIAL),
        ("err400", ContextTooLong, None, ""),
        ("err401", ProviderRefused, 401, ""),
        ("err402", ProviderRefused, 402, ""),
        ("err403", ProviderRefused, 403, ""),
        ("err404", ModelNotFound, None, ""),
        ("err429", ProviderLimited, None, ""),
        ("err429q", ProviderLimited, None, ""),
        ("err500", ProviderFailed, 500, ""),
        ("err502html", ProviderFailed, 502, ""),
        ("reset", ProviderFailed, 500, ""),
        ("zzz", ModelNotFound, None, ""),
    ],
)
async def test_each_failure_is_one_error_in_every_generation(
    emulator: GatewayEmulator,
    gateway: Gateway,
    model: str,
    expected: type[GatewayError],
    status: int | None,
    said: str,
) -> None:
    pieces, error = await hear(ask(gateway, f"fake-openai:{model}"))
    assert type(error) is expected
    assert "".join(pieces) == said
    assert getattr(error, "status", None) == status
    assert len(error.detail) <= 300
    assert "<" not in error.detail
    assert "sk-" not in error.detail


@only("A", "B")
async def test_an_end_without_a_reason_is_a_cut(emulator: GatewayEmulator, gateway: Gateway) -> None:
    pieces, error = await hear(ask(gateway, "fake-openai:nofinish"))
    assert pieces == [PARTIAL]
    assert isinstance(error, AnswerCut)


@only("C")
async def test_v2_makes_a_cut_look_whole_and_counts_nothing(emulator: GatewayEmulator, gateway: Gateway) -> None:
    completion = ask(gateway, "fake-openai:nofinish")
    assert await hear(completion) == ([PARTIAL], None)
    assert completion.usage is None


@only("A", "B")
async def test_an_error_in_the_first_frame(emulator: GatewayEmulator, gateway: Gateway) -> None:
    _, error = await hear(ask(gateway, "fake-openai:errfirst"))
    assert isinstance(error, ProviderFailed)
    assert (error.status, error.detail) == (0, "Stream processing error")


@pytest.mark.parametrize(
    ("model", "expected", "said"),
    [
        ("empty", AnswerEmpty, ""),
        ("filter", AnswerFiltered, "你好，world"),
        ("cut", AnswerCut, PARTIAL),
        ("midabort", AnswerCut, PARTIAL),
        ("err500", ProviderFailed, ""),
        ("zzz", ModelNotFound, ""),
    ],
)
@only("B", "C")
async def test_failures_in_the_messages_dialect(
    emulator: GatewayEmulator, gateway: Gateway, model: str, expected: type[GatewayError], said: str
) -> None:
    await gateway.models()
    pieces, error = await hear(ask(gateway, f"fake-anthropic:{model}"))
    assert type(error) is expected
    assert "".join(pieces) == said


@pytest.mark.parametrize(("key", "missing"), [("", True), ("cs-sk-wrong", False)])
async def test_our_own_key_is_told_from_the_providers(emulator: GatewayEmulator, key: str, missing: bool) -> None:
    async with Gateway(emulator.url, key) as gateway:
        _, error = await hear(ask(gateway))
    assert isinstance(error, KeyRefused)
    assert error.missing is missing


async def test_an_unknown_model_brings_names_like_it(emulator: GatewayEmulator, gateway: Gateway) -> None:
    _, error = await hear(ask(gateway, "fake-openai:thinktags"))
    assert isinstance(error, ModelNotFound)
    assert error.model == "fake-openai:thinktags"
    assert error.nearest[0] == ModelId("fake-openai", "thinktag")
    assert len(error.nearest) == 5
    assert "Available models" not in error.detail


@only("B")
async def test_a_listed_model_that_cannot_chat(emulator: GatewayEmulator, gateway: Gateway) -> None:
    _, error = await hear(ask(gateway, "ollama:ok"))
    assert isinstance(error, ModelNotFound)
    assert "of type 'ollama' is not supported" in error.detail


@only("A")
async def test_more_than_v16_takes(emulator: GatewayEmulator, gateway: Gateway) -> None:
    _, error = await hear(ask(gateway, question="海" * 40_000))
    assert isinstance(error, ContextTooLong)


async def test_the_gateway_is_off(emulator: GatewayEmulator) -> None:
    await emulator.stop()
    async with Gateway(emulator.url, emulator.key) as gateway:
        before = time.monotonic()
        _, error = await hear(ask(gateway))
        assert time.monotonic() - before < 5
    assert type(error) is GatewayUnreachable
    assert (error.url, error.detail) == (emulator.url, "the connection is refused")


async def test_a_gateway_that_takes_no_connection() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server, ExitStack() as full:
        for _ in range(4):  # what the kernel lets wait
            waiting = full.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(server.getsockname())
        async with Gateway(f"http://127.0.0.1:{server.getsockname()[1]}", connect=0.2) as gateway:
            _, error = await asyncio.wait_for(hear(ask(gateway)), 10)
    assert type(error) is GatewayUnreachable
    assert error.detail == "no connection in time"


async def test_a_crowded_loop_takes_no_gateway_for_absent() -> None:
    loop, crowded = asyncio.get_running_loop(), True

    def crowd() -> None:
        time.sleep(0.02)
        if crowded:
            loop.call_soon(crowd)

    async with serving(HEAD + chunk("Blue.", "stop") + DONE) as url, Gateway(url, connect=0.04) as gateway:
        loop.call_soon(crowd)
        pieces, error = await hear(ask(gateway))
        crowded = False
    assert (pieces, error) == (["Blue."], None)


async def test_a_head_without_end() -> None:
    async def endlessly(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n")
        while True:
            writer.write(b"X-More: %b\r\n" % (b"x" * 4096))
            await writer.drain()

    async with serving(endlessly) as url, Gateway(url) as gateway:
        _, error = await asyncio.wait_for(hear(ask(gateway)), 30)
    assert type(error) is GatewayUnreachable
    assert error.detail == "something answers there, but not in HTTP"


async def test_the_gateway_drops_every_connection(emulator: GatewayEmulator, gateway: Gateway) -> None:
    emulator.drop(100)
    _, error = await hear(ask(gateway))
    assert type(error) is GatewayUnreachable
    assert error.detail == "the connection was lost"
    assert len(emulator.requests) == 3


@pytest.mark.parametrize(("model", "tries"), [("err429", 3), ("err502html", 3), ("err500", 1), ("err401", 1)])
async def test_only_what_may_pass_is_tried_again(
    emulator: GatewayEmulator, gateway: Gateway, model: str, tries: int
) -> None:
    await hear(ask(gateway, f"fake-openai:{model}"))
    assert len(emulator.requests) == tries


@pytest.mark.parametrize(
    ("frames", "expected", "detail"),
    [
        (chunk("half") + b'data: {"error":{"message":"Overloaded","code":502}}\n\n', AnswerCut, "Overloaded"),
        (b'event: error\ndata: {"error":{"message":"no","code":"oops"}}\n\n', ProviderFailed, "no"),
        (b'data: {"error":{"message":"slow down","code":429}}\n\n', ProviderLimited, "slow down"),
        (b'data: {"error":"out of order"}\n\n', ProviderFailed, "out of order"),
        (b'data: {"object":"error","message":"prompt is too long"}\n\n', ContextTooLong, "prompt is too long"),
        (chunk("half"), AnswerCut, "the connection was lost"),
        (b"", AnswerCut, "the connection was lost"),
        (chunk("half", "insufficient_system_resource") + DONE, AnswerCut, "the provider broke off"),
        (chunk("", "error") + DONE, ProviderFailed, "the provider broke off"),
        (chunk(" \n", "stop") + DONE, AnswerEmpty, ""),
        (chunk("<think>and cut", "length") + DONE, AnswerEmpty, ""),
    ],
)
async def test_ends_of_a_stream(frames: bytes, expected: type[GatewayError], detail: str) -> None:
    async with serving(HEAD + frames) as url, Gateway(url, retry_delay=0.01) as gateway:
        _, error = await hear(ask(gateway))
    assert type(error) is expected
    assert error.detail == detail


async def test_whole_answers_that_end_oddly() -> None:
    whole = [
        chunk("all", "stop"),  # no [DONE]
        chunk("all", "eos") + DONE,  # a reason nobody knows
        b'data:{"choices":[{"delta":{"content":"all"},"finish_reason":"stop"}]}\r\n\r\n' + DONE,
        b": comment\nevent: x\nid: 1\nretry: 5\n" + chunk("all", "stop") + DONE,
        chunk("all") + b"data: not json\n\ndata: 7\n\ndata: {}\n\n" + chunk(finish="stop") + DONE,
        b'data: {"choices":[null,{"delta":null}]}\n\n' + chunk("all", "stop") + b"data: [DONE]",
        chunk("all") + chunk("", "stop", usage={"prompt_tokens": "x", "completion_tokens": None}) + DONE,
    ]
    for frames in whole:
        async with serving(HEAD + frames) as url, Gateway(url) as gateway:
            completion = ask(gateway)
            assert await hear(completion) == (["all"], None)
            assert (completion.finish, completion.usage) == ("stop", None)


async def test_an_answer_at_once_where_a_stream_was_asked_for() -> None:
    answer = {"choices": [{"message": {"content": "all"}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 3}}
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"
    async with serving(head + json.dumps(answer).encode()) as url, Gateway(url) as gateway:
        assert await hear(ask(gateway)) == (["all"], None)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<p>Welcome</p>",
        b"HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\n\r\n<pre>Cannot POST /v1/chat/completions</pre>",
        b'HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\n\r\n{"error":{"code":"NOT_FOUND"}}',
        b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\n\r\n",
        b"+PONG\r\n",
    ],
)
async def test_what_answers_is_no_gateway(answer: bytes) -> None:
    async with serving(answer) as url, Gateway(url, retry_delay=0.01) as gateway:
        _, error = await hear(ask(gateway))
    assert isinstance(error, GatewayUnreachable)
    assert error.detail.startswith("something answers there, but not")


async def test_from_where_the_gateway_cannot_be_used() -> None:
    body = b'{"error":"Forbidden: this endpoint is not reachable over the LAN"}'
    async with serving(b"HTTP/1.1 403 Forbidden\r\n\r\n" + body) as url, Gateway(url, "cs-sk-1") as gateway:
        _, error = await hear(ask(gateway))
    assert isinstance(error, GatewayUnreachable)
    assert "not reachable over the LAN" in error.detail


async def test_an_error_never_repeats_a_question() -> None:
    question = "Is my rash contagious?"
    echo = json.dumps({"type": "validation", "on": "body", "found": {"messages": [question]}}, separators=(",", ":"))
    for message in (echo, f"400 bad message: {question}", f"messages.0: {question!r} is not allowed"):
        body = json.dumps({"error": {"message": message, "code": "invalid_parameters"}}).encode()
        async with serving(b"HTTP/1.1 400 Bad\r\n\r\n" + body) as url, Gateway(url) as gateway:
            _, error = await hear(gateway.stream(ModelId("a", "b"), [ChatMessage.user(question)]))
        assert isinstance(error, ProviderRefused)
        assert error.status == 400
        assert "rash" not in f"{error!s} {error!r} {error.detail}"


async def test_the_retries_stay_within_the_first_tokens_time() -> None:
    async with (
        serving(b"HTTP/1.1 503 Busy\r\n\r\nbusy") as url,
        Gateway(url, first_token=0.3, retry_delay=30) as gateway,
    ):
        _, error = await asyncio.wait_for(hear(gateway.stream(ModelId("a", "b"), HELLO)), 10)
    assert error is not None
    assert "nothing came for 0.3 s" in str(error)


# -- wordings ------------------------------------------------------------------------------------------------


def judged(status: int, message: str, code: str = "") -> GatewayError:
    fault = read_response_error(status, json.dumps({"error": {"message": message, "code": code or None}}).encode())
    return to_gateway_error(fault, url="http://127.0.0.1:1", key_sent=True, model=ModelId("some", "model"))


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (400, "This model's maximum context length is 8192 tokens. However, your messages resulted in 9001 tokens."),
        (400, "Your input exceeds the context window of this model. Please adjust your input and try again."),
        (400, "prompt is too long: 209353 tokens > 199999 maximum"),
        (400, "input length and `max_tokens` exceed context limit: 199759 + 8192 > 200000"),
        (400, "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576)."),
        (400, "Range of input length should be [1, 30720]"),
        (400, "InternalError.Algo.InvalidParameter: Range of input length should be [1, 129024]"),
        (400, "Invalid request: Your request exceeded model token limit: 131072"),
        (400, "This model's maximum prompt length is 131072 but the request contains 200000 tokens."),
        (400, "Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum context length"),
        (400, "The decoder prompt (length 5000) is longer than the maximum model length of 4096."),
        (400, "the request exceeds the available context size. try increasing the context size"),
        (400, "length of prompt_tokens (40000) must be less than max_seq_len (32768)."),
        (400, "Please reduce the length of the messages or completion."),
        (400, "invalid params, context window exceeds limit (2013)"),
        (400, "Prompt 超长"),
        (500, "400 This model's maximum context length is 8192 tokens."),
        (413, "Request too large"),
        (422, "Input validation error: `inputs` must have less than 4096 tokens. Given: 5000"),
    ],
)
def test_contexts_that_are_too_long(status: int, message: str) -> None:
    assert type(judged(status, message)) is ContextTooLong


def test_codes_say_it_too() -> None:
    assert type(judged(400, "No.", "context_length_exceeded")) is ContextTooLong
    assert type(judged(400, "No.", "content_filter")) is AnswerFiltered
    assert type(judged(400, "No.", "data_inspection_failed")) is AnswerFiltered
    assert type(judged(403, "No.", "insufficient_user_quota")) is ProviderLimited
    assert type(judged(404, "No.", "model_not_found")) is ModelNotFound


@pytest.mark.parametrize(
    ("status", "message", "expected", "effective"),
    [
        (429, "Request too large: too many tokens per minute (TPM)", ProviderLimited, None),
        (500, "429 Rate limit reached for gpt-x", ProviderLimited, None),
        (500, "Resource has been exhausted (RESOURCE_EXHAUSTED)", ProviderLimited, None),
        (403, "Sorry, your account balance is insufficient", ProviderRefused, 402),
        (429, "账户已欠费，请充值", ProviderRefused, 402),
        (500, "403 Country not supported", ProviderRefused, 403),
        (401, "403 API key lacks a permission", ProviderRefused, 403),
        (404, "404 page not found", ProviderRefused, 404),
        (404, "models/gemini-x is not found for API version v1beta", ModelNotFound, None),
        (400, "Model Not Exist", ModelNotFound, None),
        (400, "Content Exists Risk", AnswerFiltered, None),
        (400, "temperature must be 1", ProviderRefused, 400),
        (408, "timeout", ProviderFailed, 408),
        (529, "Overloaded", ProviderFailed, 529),
        (500, "Request timed out.", ProviderFailed, 500),
        (500, '401 {"type":"error","error":{"type":"authentication_error","message":"bad"}}', ProviderRefused, 401),
    ],
)
def test_other_wordings(status: int, message: str, expected: type[GatewayError], effective: int | None) -> None:
    error = judged(status, message)
    assert type(error) is expected
    assert getattr(error, "status", None) == effective


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"7",
        b'"no"',
        b"[]",
        b"{}",
        b'{"error":null}',
        b'{"error":7}',
        b'{"error":{"message":[1]}}',
        b"\xff",
    ],
)
def test_error_bodies_without_words(body: bytes) -> None:
    error = to_gateway_error(read_response_error(500, body), url="http://127.0.0.1:1", key_sent=True)
    assert isinstance(error, ProviderFailed)
    assert error.status == 500


@pytest.mark.parametrize(
    ("message", "secret"),
    [
        ("Incorrect API key provided: sk-proj-abcDEF123456.", "abcDEF"),
        ("Authorization: Bearer abcdefgh12345678 refused", "abcdefgh"),
        ("your key cs-sk-11111111-2222-3333-4444-555555555555 is old", "1111"),
        ("GET https://x/y?key=AIzaSyA1234567890abcdefghij", "AIza"),
        ("token eyJhbGciOi.eyJzdWIiOi.c2lnbmF0dXJl expired", "eyJ"),
        ("API key: 0123abcd.EFGH is invalid", "0123abcd"),
    ],
)
def test_keys_are_blotted_out(message: str, secret: str) -> None:
    detail = read_error({"error": {"message": message}}).detail()
    assert "[key]" in detail
    assert secret not in detail


def test_details_are_short_plain_and_one_line() -> None:
    page = "<html><head><style>p {color: red}</style></head>\n<body><h1>502 Bad\tGateway</h1></body></html>"
    assert read_error({"error": {"message": page}}).detail() == "502 Bad Gateway"
    assert len(read_error({"error": {"message": "word " * 100_000}}).detail()) <= 300
    long = "Model 'x' not available in provider 'y'. Available models: " + ", ".join(f"m{n}" for n in range(999))
    assert read_error({"error": {"message": long}}).detail() == "Model 'x' not available in provider 'y'."


@only("C")
async def test_the_nearest_names_are_no_condition(emulator: GatewayEmulator, gateway: Gateway) -> None:
    """Where the list cannot be read either, the error is still the one that matters."""
    emulator.behave("err404", Behaviour(refusal=(404, "The model `err404` does not exist")))
    emulator.providers[0].models["err404"] = "Gone"
    completion = ask(gateway, "fake-openai:err404")
    emulator.key, kept = "changed", emulator.key
    _, refused = await hear(completion)
    assert isinstance(refused, KeyRefused)
    emulator.key = kept
    _, error = await hear(ask(gateway, "fake-openai:err404"))
    assert isinstance(error, ModelNotFound)
