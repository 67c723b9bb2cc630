"""The official `anthropic` client works with the demo gateway, for every provider and on both of its routes."""

from __future__ import annotations

from collections.abc import AsyncIterator

import anthropic
import pytest
from anthropic.types import MessageParam

from bridge.demo import DemoGateway

KEY = "cs-sk-demo"
HELLO: list[MessageParam] = [{"role": "user", "content": "hello"}]


@pytest.fixture
async def gateway() -> AsyncIterator[DemoGateway]:
    async with DemoGateway(key=KEY, pace=0) as gateway:
        yield gateway


@pytest.fixture
async def client(gateway: DemoGateway) -> AsyncIterator[anthropic.AsyncAnthropic]:
    async with _client(gateway.url, KEY) as client:
        yield client


def _client(url: str, key: str) -> anthropic.AsyncAnthropic:
    http = anthropic.DefaultAsyncHttpxClient(trust_env=False)
    return anthropic.AsyncAnthropic(base_url=url, api_key=key, max_retries=0, http_client=http)


def _text(message: anthropic.types.Message) -> str:
    return "".join(block.text for block in message.content if block.type == "text")


@pytest.mark.parametrize("model", ["claude:demo-sonnet", "demo:guide", "open-router:tencent/demo-a13b:free"])
async def test_whole_and_streamed(client: anthropic.AsyncAnthropic, model: str) -> None:
    whole = await client.messages.create(model=model, max_tokens=1000, messages=HELLO, system="Be kind.")
    assert whole.stop_reason == "end_turn"
    assert "demo guide" in _text(whole)
    async with client.messages.stream(model=model, max_tokens=1000, messages=HELLO, system="Be kind.") as stream:
        said = "".join([text async for text in stream.text_stream])
        final = await stream.get_final_message()
    assert said == _text(final) == _text(whole)
    assert final.usage.output_tokens == whole.usage.output_tokens > 20
    assert final.usage.input_tokens == whole.usage.input_tokens > 4
    assert final.stop_reason == "end_turn"


async def test_the_system_prompt_arrives(client: anthropic.AsyncAnthropic) -> None:
    asked: list[MessageParam] = [{"role": "user", "content": "What does the system prompt say?"}]
    for system in ("Answer like a pirate", [{"type": "text", "text": "Answer like a pirate"}]):
        answer = await client.messages.create(
            model="claude:demo-sonnet", max_tokens=1000, messages=asked, extra_body={"system": system}
        )
        assert "Answer like a pirate" in _text(answer).partition("A real model")[0]


async def test_thinking(client: anthropic.AsyncAnthropic) -> None:
    async with client.messages.stream(model="demo:thinker", max_tokens=1000, messages=HELLO) as stream:
        final = await stream.get_final_message()
    assert [block.type for block in final.content] == ["thinking", "text"]
    whole = await client.messages.create(model="demo:thinker", max_tokens=1000, messages=HELLO)
    assert whole.content[0] == final.content[0]
    assert _text(whole) == _text(final)


async def test_length_filter_and_nothing(client: anthropic.AsyncAnthropic) -> None:
    for model, reason in (("demo:length", "max_tokens"), ("demo:filtered", "refusal"), ("demo:empty", "end_turn")):
        async with client.messages.stream(model=model, max_tokens=1000, messages=HELLO) as stream:
            final = await stream.get_final_message()
        assert final.stop_reason == reason
        assert bool(_text(final)) == (model != "demo:empty")
    short = await client.messages.create(model="demo:guide", max_tokens=3, messages=HELLO)
    assert (short.stop_reason, short.usage.output_tokens) == ("max_tokens", 3)


async def test_the_route_of_one_provider(gateway: DemoGateway) -> None:
    async with _client(f"{gateway.url}/claude", KEY) as client:
        answer = await client.messages.create(model="demo-sonnet", max_tokens=100, messages=HELLO)
        assert answer.content
        assert answer.model == "claude:demo-sonnet"
        with pytest.raises(anthropic.NotFoundError):
            await client.messages.create(model="nobody", max_tokens=100, messages=HELLO)
    async with _client(f"{gateway.url}/nobody", KEY) as client:
        with pytest.raises(anthropic.NotFoundError, match="There is no provider 'nobody'"):
            await client.messages.create(model="demo-sonnet", max_tokens=100, messages=HELLO)


@pytest.mark.parametrize(
    ("model", "error", "said"),
    [
        ("demo:rate-limited", anthropic.RateLimitError, "rate_limit_error"),
        ("demo:bad-key", anthropic.AuthenticationError, "Incorrect API key"),
        ("demo:context", anthropic.BadRequestError, "maximum context length"),
        ("demo:error", anthropic.InternalServerError, "The server had an error"),
        ("demo:unreachable", anthropic.InternalServerError, "cannot be reached"),
        ("demo:cut", anthropic.InternalServerError, "broke off"),
        ("demo:nobody", anthropic.NotFoundError, "has no model 'nobody'"),
        ("nobody:x", anthropic.NotFoundError, "There is no model 'nobody:x'"),
        ("demo:", anthropic.NotFoundError, "has no model"),
    ],
)
async def test_refusals(
    client: anthropic.AsyncAnthropic, model: str, error: type[anthropic.APIStatusError], said: str
) -> None:
    with pytest.raises(error, match=said):
        await client.messages.create(model=model, max_tokens=100, messages=HELLO)


async def test_the_key(gateway: DemoGateway) -> None:
    async with _client(gateway.url, "cs-sk-wrong") as client:
        with pytest.raises(anthropic.AuthenticationError):
            await client.messages.create(model="demo:guide", max_tokens=100, messages=HELLO)
