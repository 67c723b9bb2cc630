"""The official clients, in each dialect, against a provider of each: whole and streamed."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass, field
from typing import Any

import pytest

from bridge.demo import DemoGateway
from tests.server.answers import Answer, sse
from tests.server.harness import DIALECTS, ServerRig
from tests.server.provider import silence
from tests.server.provider import stream as stream_of

HELLO = "Why is the sky blue?"
WEATHER = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


@dataclass
class Heard:
    """What came out, whichever client read it."""

    text: str = ""
    reasoning: str = ""
    calls: list[tuple[str, str, Any]] = field(default_factory=list)
    ending: str = ""
    prompt: int = 0
    completion: int = 0


async def ask(gateway: ServerRig, client: str, provider: str, *, stream: bool, **more: Any) -> Heard:
    return await {"chat": ask_chat, "messages": ask_messages, "responses": ask_responses}[client](
        gateway, f"{provider}:m1", stream=stream, **more
    )


async def ask_chat(gateway: ServerRig, model: str, *, stream: bool, **more: Any) -> Heard:
    heard = Heard()
    asked: dict[str, Any] = {"model": model, "messages": [{"role": "user", "content": HELLO}], **more}
    create = gateway.openai.chat.completions.create
    if not stream:
        answer = await create(**asked)
        message = answer.choices[0].message
        heard.text, heard.ending = message.content or "", answer.choices[0].finish_reason
        heard.reasoning = getattr(message, "reasoning_content", None) or ""
        for call in message.tool_calls or ():
            heard.calls.append((call.id, call.function.name, json.loads(call.function.arguments)))
        heard.prompt, heard.completion = answer.usage.prompt_tokens, answer.usage.completion_tokens
        return heard
    calls: dict[int, list[str]] = {}
    async for chunk in await create(**asked, stream=True, stream_options={"include_usage": True}):
        if chunk.usage:
            heard.prompt, heard.completion = chunk.usage.prompt_tokens, chunk.usage.completion_tokens
        for choice in chunk.choices:
            heard.text += choice.delta.content or ""
            heard.reasoning += getattr(choice.delta, "reasoning_content", None) or ""
            heard.ending = choice.finish_reason or heard.ending
            for part in choice.delta.tool_calls or ():
                if part.id:
                    calls[part.index] = [part.id, part.function.name, ""]
                calls[part.index][2] += part.function.arguments or ""
    heard.calls = [(id, name, json.loads(arguments)) for id, name, arguments in calls.values()]
    return heard


async def ask_messages(gateway: ServerRig, model: str, *, stream: bool, **more: Any) -> Heard:
    asked: dict[str, Any] = {
        "model": model,
        "max_tokens": 1000,
        "messages": [{"role": "user", "content": HELLO}],
        **more,
    }
    if stream:
        async with gateway.anthropic.messages.stream(**asked) as streamed:
            text = "".join([piece async for piece in streamed.text_stream])
            answer = await streamed.get_final_message()
        assert text == "".join(block.text for block in answer.content if block.type == "text")
    else:
        answer = await gateway.anthropic.messages.create(**asked)
    heard = Heard(ending=answer.stop_reason or "")
    for block in answer.content:
        match block.type:
            case "text":
                heard.text += block.text
            case "thinking":
                heard.reasoning += block.thinking
            case "tool_use":
                heard.calls.append((block.id, block.name, block.input))
    heard.prompt, heard.completion = answer.usage.input_tokens, answer.usage.output_tokens
    return heard


async def ask_responses(gateway: ServerRig, model: str, *, stream: bool, **more: Any) -> Heard:
    asked: dict[str, Any] = {"model": model, "input": HELLO, **more}
    if stream:
        text, answer = "", None
        async for event in await gateway.openai.responses.create(**asked, stream=True):
            if event.type == "response.output_text.delta":
                text += event.delta
            if event.type in {"response.completed", "response.incomplete"}:
                answer = event.response
        assert answer is not None
        assert text == answer.output_text
    else:
        answer = await gateway.openai.responses.create(**asked)
    why = answer.incomplete_details.reason if answer.incomplete_details else ""
    heard = Heard(text=answer.output_text, ending=why or answer.status or "")
    for item in answer.output:
        if item.type == "reasoning":
            heard.reasoning += "".join(part.text for part in item.summary)
        if item.type == "function_call":
            heard.calls.append((item.call_id, item.name, json.loads(item.arguments)))
    assert answer.usage is not None
    heard.prompt, heard.completion = answer.usage.input_tokens, answer.usage.output_tokens
    return heard


ENDINGS = {
    "chat": {"stop": "stop", "length": "length", "filtered": "content_filter", "call": "tool_calls"},
    "messages": {"stop": "end_turn", "length": "max_tokens", "filtered": "refusal", "call": "tool_use"},
    "responses": {
        "stop": "completed",
        "length": "max_output_tokens",
        "filtered": "content_filter",
        "call": "completed",
    },
}
every_pair = pytest.mark.parametrize("provider", DIALECTS)
every_client = pytest.mark.parametrize("client", DIALECTS)
both_ways = pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])


@every_pair
@every_client
@both_ways
async def test_text_reasoning_usage(gateway: ServerRig, client: str, provider: str, stream: bool) -> None:
    gateway.providers[provider].answer = Answer("Because of 瑞利 scattering. 🌅", reasoning="Blue is scattered most.")
    heard = await ask(gateway, client, provider, stream=stream)
    assert heard.text == "Because of 瑞利 scattering. 🌅"
    assert heard.reasoning == "Blue is scattered most."
    assert (heard.prompt, heard.completion) == (11, 7)
    assert heard.ending == ENDINGS[client]["stop"]
    seen = gateway.providers[provider].last
    assert seen.body["model"] == "m1"
    assert HELLO in json.dumps(seen.body)
    key = seen.headers.get("x-api-key") or seen.headers["Authorization"].removeprefix("Bearer ")
    assert key == f"sk-provider-{provider}"


@every_pair
@every_client
@both_ways
@pytest.mark.parametrize("ending", ["length", "filtered"])
async def test_endings(gateway: ServerRig, client: str, provider: str, stream: bool, ending: str) -> None:
    gateway.providers[provider].answer = Answer("Half an", ending=ending)
    heard = await ask(gateway, client, provider, stream=stream)
    assert (heard.text, heard.ending) == ("Half an", ENDINGS[client][ending])


def tools(client: str) -> list[dict[str, Any]]:
    about = {"name": "get_weather", "description": "The weather of a city"}
    match client:
        case "chat":
            return [{"type": "function", "function": {**about, "parameters": WEATHER}}]
        case "messages":
            return [{**about, "input_schema": WEATHER}]
    return [{"type": "function", **about, "parameters": WEATHER, "strict": False}]


def sent_tool(provider: str, body: dict[str, Any]) -> tuple[str, Any]:
    tool = body["tools"][0]
    match provider:
        case "chat":
            return tool["function"]["name"], tool["function"]["parameters"]
        case "messages":
            return tool["name"], tool["input_schema"]
    return tool["name"], tool["parameters"]


@every_pair
@every_client
@both_ways
async def test_a_tool_is_called(gateway: ServerRig, client: str, provider: str, stream: bool) -> None:
    call = ("call_1", "get_weather", '{"city": "Paris"}')
    gateway.providers[provider].answer = Answer("", call=call)
    heard = await ask(gateway, client, provider, stream=stream, tools=tools(client))
    assert heard.calls == [("call_1", "get_weather", {"city": "Paris"})]
    assert heard.ending == ENDINGS[client]["call"]
    assert sent_tool(provider, gateway.providers[provider].last.body) == ("get_weather", WEATHER)


@every_pair
@every_client
@both_ways
async def test_a_tool_is_called_without_arguments(gateway: ServerRig, client: str, provider: str, stream: bool) -> None:
    """Clients of OpenAI parse them, so that an empty text would be an error."""
    gateway.providers[provider].answer = Answer("", call=("call_1", "now", "{}"))
    heard = await ask(gateway, client, provider, stream=stream, tools=tools(client))
    assert heard.calls == [("call_1", "now", {})]


def results(client: str) -> dict[str, Any]:
    """A conversation in which a tool was called, and its result."""
    match client:
        case "chat":
            function = {"name": "get_weather", "arguments": '{"city": "Paris"}'}
            call = {"id": "call_1", "type": "function", "function": function}
            return {
                "messages": [
                    {"role": "system", "content": "Be kind."},
                    {"role": "user", "content": HELLO},
                    {"role": "assistant", "content": None, "tool_calls": [call]},
                    {"role": "tool", "tool_call_id": "call_1", "content": "18 degrees"},
                ]
            }
        case "messages":
            use = {"type": "tool_use", "id": "call_1", "name": "get_weather", "input": {"city": "Paris"}}
            result = {"type": "tool_result", "tool_use_id": "call_1", "content": "18 degrees"}
            return {
                "system": "Be kind.",
                "messages": [
                    {"role": "user", "content": HELLO},
                    {"role": "assistant", "content": [use]},
                    {"role": "user", "content": [result]},
                ],
            }
    call = {"type": "function_call", "call_id": "call_1", "name": "get_weather", "arguments": '{"city": "Paris"}'}
    return {
        "instructions": "Be kind.",
        "input": [
            {"role": "user", "content": HELLO},
            call,
            {"type": "function_call_output", "call_id": "call_1", "output": "18 degrees"},
        ],
    }


@every_pair
@every_client
async def test_a_tools_result_is_sent_back(gateway: ServerRig, client: str, provider: str) -> None:
    await ask(gateway, client, provider, stream=False, tools=tools(client), **results(client))
    body = gateway.providers[provider].last.body
    match provider:
        case "chat":
            system, user, assistant, tool = body["messages"]
            assert (system["content"], user["content"]) == ("Be kind.", HELLO)
            assert assistant["tool_calls"][0]["id"] == tool["tool_call_id"] == "call_1"
            assert json.loads(assistant["tool_calls"][0]["function"]["arguments"]) == {"city": "Paris"}
            assert tool["content"] == "18 degrees"
        case "messages":
            assert body["system"] == "Be kind."
            _, assistant, result = body["messages"]
            assert assistant["content"][0]["input"] == {"city": "Paris"}
            content = result["content"][0]["content"]
            assert content == "18 degrees" or content == [{"type": "text", "text": "18 degrees"}]
            assert result["content"][0]["tool_use_id"] == assistant["content"][0]["id"] == "call_1"
        case "responses":
            assert body["instructions"] == "Be kind."
            _, call, output = body["input"]
            assert json.loads(call["arguments"]) == {"city": "Paris"}
            assert (call["call_id"], output["call_id"], output["output"]) == ("call_1", "call_1", "18 degrees")


def picture(client: str) -> dict[str, Any]:
    url = f"data:image/png;base64,{PIXEL}"
    match client:
        case "chat":
            parts: list[Any] = [{"type": "text", "text": HELLO}, {"type": "image_url", "image_url": {"url": url}}]
            return {"messages": [{"role": "user", "content": parts}]}
        case "messages":
            source = {"type": "base64", "media_type": "image/png", "data": PIXEL}
            parts = [{"type": "text", "text": HELLO}, {"type": "image", "source": source}]
            return {"messages": [{"role": "user", "content": parts}]}
    parts = [{"type": "input_text", "text": HELLO}, {"type": "input_image", "image_url": url}]
    return {"input": [{"role": "user", "content": parts}]}


@every_pair
@every_client
async def test_a_picture_arrives(gateway: ServerRig, client: str, provider: str) -> None:
    await ask(gateway, client, provider, stream=False, **picture(client))
    body = gateway.providers[provider].last.body
    parts = (body["input"] if provider == "responses" else body["messages"])[0]["content"]
    assert [part.get("text") for part in parts] == [HELLO, None]
    match provider:
        case "chat":
            assert parts[1]["image_url"]["url"] == f"data:image/png;base64,{PIXEL}"
        case "messages":
            assert parts[1]["source"] == {"type": "base64", "media_type": "image/png", "data": PIXEL}
        case "responses":
            assert parts[1]["image_url"] == f"data:image/png;base64,{PIXEL}"


async def test_the_input_is_counted_from_the_start(gateway: ServerRig) -> None:
    """Anthropic's clients show it while the answer is written; their dialect's own providers name it first."""
    asked: dict[str, Any] = {"model": "messages:m1", "messages": [{"role": "user", "content": HELLO}]}
    events = [event async for event in await gateway.anthropic.messages.create(max_tokens=9, stream=True, **asked)]
    assert events[0].type == "message_start"
    assert events[0].message.usage.input_tokens == 11
    async with DemoGateway(pace=0) as demo:
        client = gateway.anthropic.with_options(base_url=demo.url)
        asked["model"] = "echo:plain"
        events = [event async for event in await client.messages.create(max_tokens=9, stream=True, **asked)]
    assert events[0].type == "message_start"
    assert events[0].message.usage.input_tokens > 5


async def test_models_by_either_client(gateway: ServerRig) -> None:
    """OpenAI's pages by nothing, Anthropic's by `has_more` and `last_id`."""
    expected = [f"{provider}:{model}" for provider in DIALECTS for model in ("m1", "m2")]
    assert [model.id async for model in gateway.openai.models.list()] == expected
    assert [model.id async for model in gateway.anthropic.models.list()] == expected
    assert (await gateway.openai.models.retrieve("chat:m2")).id == "chat:m2"
    assert (await gateway.anthropic.models.retrieve("messages:m1")).display_name == "m1"


@every_pair
@every_client
async def test_closing_a_stream_stops_the_provider(gateway: ServerRig, client: str, provider: str) -> None:
    """Within 100 ms, once the first event is there."""
    upstream, model = gateway.providers[provider], f"{provider}:m1"
    upstream.replies = [stream_of(*sse(provider, Answer("Half of it"))[:-2], then=silence)]
    said: list[Any] = [{"role": "user", "content": HELLO}]
    match client:
        case "chat":
            opened: Any = await gateway.openai.chat.completions.create(model=model, messages=said, stream=True)
        case "messages":
            opened = await gateway.anthropic.messages.create(model=model, max_tokens=9, messages=said, stream=True)
        case _:
            opened = await gateway.openai.responses.create(model=model, input=said, stream=True)
    async for _ in opened:
        break
    assert not upstream.gone.is_set()
    await opened.close()
    left = time.monotonic()
    async with asyncio.timeout(5):
        await upstream.gone.wait()
    assert time.monotonic() - left < 2  # a few ms; a busy machine may take its time
