"""The official `openai` client works with the demo gateway, and raises what it raises elsewhere."""

from __future__ import annotations

from collections.abc import AsyncIterator

import openai
import pytest
from openai.types.chat import ChatCompletionChunk, ChatCompletionMessageParam

from bridge.demo import DemoGateway

KEY = "cs-sk-11111111-2222-3333-4444-555555555555"
HELLO: list[ChatCompletionMessageParam] = [{"role": "user", "content": "hello"}]


@pytest.fixture
async def gateway() -> AsyncIterator[DemoGateway]:
    async with DemoGateway(key=KEY, pace=0) as gateway:
        yield gateway


@pytest.fixture
async def client(gateway: DemoGateway) -> AsyncIterator[openai.AsyncOpenAI]:
    async with _client(gateway, KEY) as client:
        yield client


def _client(gateway: DemoGateway, key: str) -> openai.AsyncOpenAI:
    http = openai.DefaultAsyncHttpxClient(trust_env=False)
    return openai.AsyncOpenAI(base_url=f"{gateway.url}/v1", api_key=key, max_retries=0, http_client=http)


async def _read(stream: openai.AsyncStream[ChatCompletionChunk], said: list[str] | None = None) -> None:
    async for chunk in stream:
        (said if said is not None else []).append(chunk.choices[0].delta.content or "")


async def test_whole(client: openai.AsyncOpenAI) -> None:
    answer = await client.chat.completions.create(model="demo:guide", messages=HELLO)
    choice = answer.choices[0]
    assert choice.finish_reason == "stop"
    assert "demo guide" in (choice.message.content or "")
    assert answer.model == "demo:guide"
    assert answer.usage is not None
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    assert answer.usage.completion_tokens > 20


async def test_a_stream_says_the_same_as_the_whole(client: openai.AsyncOpenAI) -> None:
    whole = await client.chat.completions.create(model="demo:showcase", messages=HELLO)
    stream = await client.chat.completions.create(
        model="demo:showcase", messages=HELLO, stream=True, stream_options={"include_usage": True}
    )
    chunks = [chunk async for chunk in stream]
    said = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert said == whole.choices[0].message.content
    assert len(said) > 4096, "more than fits one message on any platform"
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "stop"
    assert chunks[-1].choices == []
    assert chunks[-1].usage == whole.usage


async def test_usage_comes_only_when_asked_for(client: openai.AsyncOpenAI) -> None:
    stream = await client.chat.completions.create(model="demo:poet", messages=HELLO, stream=True)
    assert {(chunk.usage, len(chunk.choices)) async for chunk in stream} == {(None, 1)}


async def test_reasoning_has_a_field_of_its_own(client: openai.AsyncOpenAI) -> None:
    stream = await client.chat.completions.create(model="open-router:deepseek/demo-r1", messages=HELLO, stream=True)
    deltas = [chunk.choices[0].delta async for chunk in stream]
    kinds = ["reasoning" if getattr(delta, "reasoning_content", None) else "text" for delta in deltas[1:-1]]
    assert kinds == sorted(kinds), "all of the reasoning comes before the text"
    assert {"reasoning", "text"} == set(kinds)
    whole = await client.chat.completions.create(model="demo:think-tags", messages=HELLO)
    assert (whole.choices[0].message.content or "").startswith("<think>\n")


async def test_models(client: openai.AsyncOpenAI) -> None:
    ids = [model.id for model in (await client.models.list()).data]
    assert ids[0] == "demo:guide"
    assert {"open-router:tencent/demo-a13b:free", "yanshi:向导", "claude:demo-sonnet"} <= set(ids)
    assert len(ids) == len(set(ids)) > 20


async def test_every_model_is_as_good_as_its_name(client: openai.AsyncOpenAI) -> None:
    """Each model that the list offers to this dialect, and that is not there for its trouble, answers."""
    everything = await client.models.list()
    usable = [
        model.id
        for model in everything.data
        if not str(getattr(model, "name", "")).startswith("Trouble") and getattr(model, "provider_type", "") == "openai"
    ]
    assert len(usable) >= 12
    for model in usable:
        answer = await client.chat.completions.create(model=model, messages=HELLO)
        assert answer.choices[0].message.content, model
        assert answer.choices[0].finish_reason == "stop", model


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("model", "error", "status", "said"),
    [
        ("demo:rate-limited", openai.RateLimitError, 429, "You have reached the rate limit"),
        ("demo:bad-key", openai.AuthenticationError, 401, "refused the gateway's key: Incorrect API key"),
        ("demo:no-balance", openai.APIStatusError, 402, "Insufficient Balance"),
        ("demo:context", openai.BadRequestError, 400, "This model's maximum context length"),
        ("demo:error", openai.InternalServerError, 500, "The server had an error"),
        ("demo:unreachable", openai.InternalServerError, 502, "cannot be reached"),
        ("demo:nobody", openai.NotFoundError, 404, "The provider 'demo' has no model 'nobody'"),
        ("nobody:x", openai.NotFoundError, 404, "There is no model 'nobody:x'"),
    ],
)
async def test_refusals(
    client: openai.AsyncOpenAI, model: str, error: type[openai.APIStatusError], status: int, said: str, stream: bool
) -> None:
    with pytest.raises(error, match=said.replace(".", r"\.")) as raised:
        await client.chat.completions.create(model=model, messages=HELLO, stream=stream)
    assert raised.value.status_code == status


@pytest.mark.parametrize(("model", "finish"), [("demo:length", "length"), ("demo:filtered", "content_filter")])
async def test_endings(client: openai.AsyncOpenAI, model: str, finish: str) -> None:
    stream = await client.chat.completions.create(model=model, messages=HELLO, stream=True)
    chunks = [chunk.choices[0] async for chunk in stream]
    whole = await client.chat.completions.create(model=model, messages=HELLO)
    assert chunks[-1].finish_reason == whole.choices[0].finish_reason == finish
    assert "".join(chunk.delta.content or "" for chunk in chunks) == whole.choices[0].message.content != ""


async def test_an_empty_answer(client: openai.AsyncOpenAI) -> None:
    answer = await client.chat.completions.create(model="demo:empty", messages=HELLO)
    assert answer.choices[0].message.content == ""
    assert answer.choices[0].finish_reason == "stop"


async def test_max_tokens_end_an_answer_for_length(client: openai.AsyncOpenAI) -> None:
    for limit in ({"max_tokens": 7}, {"max_completion_tokens": 7}):
        answer = await client.chat.completions.create(model="demo:guide", messages=HELLO, extra_body=limit)
        assert answer.choices[0].finish_reason == "length"
        assert answer.usage is not None and answer.usage.completion_tokens == 7


async def test_a_provider_that_breaks_off(client: openai.AsyncOpenAI) -> None:
    stream = await client.chat.completions.create(model="demo:cut", messages=HELLO, stream=True)
    said: list[str] = []
    with pytest.raises(openai.APIError, match="broke off"):
        await _read(stream, said)
    assert "".join(said).startswith("This answer breaks off")
    with pytest.raises(openai.InternalServerError, match="broke off"):
        await client.chat.completions.create(model="demo:cut", messages=HELLO)


async def test_a_gateway_that_is_gone_in_the_middle(client: openai.AsyncOpenAI) -> None:
    stream = await client.chat.completions.create(model="demo:lost", messages=HELLO, stream=True)
    with pytest.raises(openai.APIConnectionError):
        await _read(stream)
    with pytest.raises(openai.APIConnectionError):
        await client.chat.completions.create(model="demo:lost", messages=HELLO)


async def test_a_stream_without_a_reason_for_its_end(client: openai.AsyncOpenAI) -> None:
    """It may be half of an answer, so it is told as one that broke off."""
    stream = await client.chat.completions.create(model="demo:unfinished", messages=HELLO, stream=True)
    with pytest.raises(openai.APIError, match="broke off"):
        await _read(stream)


async def test_the_key(gateway: DemoGateway) -> None:
    async with _client(gateway, "cs-sk-wrong") as client:
        with pytest.raises(openai.AuthenticationError):
            await client.chat.completions.create(model="demo:guide", messages=HELLO)
    async with DemoGateway(pace=0) as open_to_all, _client(open_to_all, "anything") as client:
        assert (await client.chat.completions.create(model="echo:plain", messages=HELLO)).choices


async def test_an_answer_goes_on_where_it_stopped(client: openai.AsyncOpenAI) -> None:
    """As people do with Continue; together the parts are the story, nothing twice and nothing missing."""
    for hello, go_on, last in (
        ("Tell me a story", "Continue exactly where you stopped. Do not repeat anything.", "the end of the story."),
        ("讲个故事", "请从刚才停下的地方继续，不要重复任何内容。", "故事讲完了。"),
    ):
        messages: list[ChatCompletionMessageParam] = [{"role": "user", "content": hello}]
        parts: list[str] = []
        finish = ""
        while finish != "stop":
            assert len(parts) < 9
            answer = await client.chat.completions.create(model="demo:length", messages=messages)
            said, finish = answer.choices[0].message.content or "", answer.choices[0].finish_reason
            parts.append(said)
            # A platform may trim what it shows.
            messages += [{"role": "assistant", "content": said.strip()}, {"role": "user", "content": go_on}]
        story = "".join(parts)
        assert len(parts) > 1
        assert story.endswith(last)
        whole = await client.chat.completions.create(model="echo:plain", messages=[{"role": "user", "content": story}])
        assert whole.choices[0].message.content == story
        assert all(
            story.count(sentence) == 1 for sentence in story.replace("。", ". ").split(". ") if len(sentence) > 9
        )
