"""Requests of ``/v1/chat/completions``: https://platform.openai.com/docs/api-reference/chat/create."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bridge.server.dialects.base import Traits, invalid, split_data_url
from bridge.server.dialects.effort import effort_of
from bridge.server.dialects.fields import (
    boolean,
    integer,
    items,
    number,
    read_output_format,
    read_tool_choice,
    string,
    strings,
    table,
)
from bridge.server.request import (
    Audio,
    File,
    Image,
    Message,
    OutputFormat,
    Part,
    Reasoning,
    Request,
    Thinking,
    Tool,
    ToolResult,
)
from bridge.types import Text, ToolCall

_SYSTEM_ROLES = {"system", "developer"}


def read(body: dict[str, Any], model: str) -> Request:
    if (integer(body, "n") or 1) != 1:
        raise invalid("n: this provider gives one answer at a time", "n")
    effort, choice = string(body, "reasoning_effort"), body.get("tool_choice")
    return Request(
        model=model,
        messages=_read_messages(body),
        stream=bool(boolean(body, "stream")),
        include_usage=bool(table(body.get("stream_options"), "stream_options").get("include_usage")),
        tools=tuple(_read_tool(tool) for tool in items(body, "tools")),
        tool_choice=read_tool_choice(choice, choice.get("function") if isinstance(choice, dict) else None),
        parallel_tools=boolean(body, "parallel_tool_calls"),
        max_tokens=integer(body, "max_completion_tokens", 1) or integer(body, "max_tokens", 1),
        temperature=number(body, "temperature"),
        top_p=number(body, "top_p"),
        top_k=integer(body, "top_k"),
        stop=strings(body, "stop"),
        reasoning=Reasoning(enabled=effort != "none", effort=effort) if effort else None,
        output=read_output_format(
            table(body.get("response_format"), "response_format"), "response_format", "json_schema"
        ),
        seed=integer(body, "seed"),
        user=string(body, "user"),
    )


def _read_messages(body: dict[str, Any]) -> tuple[Message, ...]:
    messages = items(body, "messages")
    if not messages:
        raise invalid("messages must be an array that is not empty", "messages")
    return tuple(_read_message(table(message, f"messages[{at}]"), at) for at, message in enumerate(messages))


def _read_message(message: dict[str, Any], at: int) -> Message:
    role, where = message.get("role"), f"messages[{at}]"
    content = tuple(_read_content(message.get("content"), where))
    if role in _SYSTEM_ROLES:
        return Message("system", content)
    if role == "user":
        return Message("user", content)
    if role in {"tool", "function"}:
        parts = tuple(part for part in content if isinstance(part, Text | Image))
        return Message("user", (ToolResult(string(message, "tool_call_id") or string(message, "name"), parts),))
    if role == "assistant":
        if refusal := string(message, "refusal"):
            content = (*content, Text(refusal))
        return Message("assistant", (*_read_thinking(message), *content, *_read_calls(message, where)))
    raise invalid(f"{where}.role must be system, developer, user, assistant or tool", f"{where}.role")


def _read_content(content: Any, where: str) -> Iterator[Part]:
    if content is None:
        return
    if isinstance(content, str):
        yield Text(content)
        return
    if not isinstance(content, list):
        raise invalid(f"{where}.content must be a string or an array of parts", f"{where}.content")
    for part in content:
        part = table(part, f"{where}.content")
        match part.get("type"):
            case "text":
                yield Text(string(part, "text"))
            case "refusal":
                yield Text(string(part, "refusal"))
            case "image_url":
                image = part.get("image_url")
                image = {"url": image} if isinstance(image, str) else table(image, f"{where}.image_url")
                yield Image(string(image, "url"), string(image, "detail"))
            case "input_audio":
                audio = table(part.get("input_audio"), f"{where}.input_audio")
                yield Audio(string(audio, "data"), string(audio, "format"))
            case "file":
                file = table(part.get("file"), f"{where}.file")
                mime, data = split_data_url(string(file, "file_data")) or ("application/pdf", string(file, "file_data"))
                if not data:
                    raise invalid("a file has to come with its content (file_data)", f"{where}.content")
                yield File(data=data, mime=mime, name=string(file, "filename"))
            case kind:
                raise invalid(f"{where}.content: parts of type {str(kind)[:40]!r} are not known here")


def _read_thinking(message: dict[str, Any]) -> Iterator[Thinking]:
    """Its own thoughts, as this gateway and OpenRouter hand them out: with signatures where there are any."""
    details = [detail for detail in items(message, "reasoning_details") if isinstance(detail, dict)]
    signed = [detail for detail in details if detail.get("signature") or detail.get("data")]
    for detail in signed:
        yield Thinking(string(detail, "text"), string(detail, "signature"), string(detail, "data"))
    if not signed and (text := string(message, "reasoning_content") or string(message, "reasoning")):
        yield Thinking(text)


def _read_calls(message: dict[str, Any], where: str) -> Iterator[ToolCall]:
    for call in items(message, "tool_calls"):
        call = table(call, f"{where}.tool_calls")
        function = table(call.get("function"), f"{where}.tool_calls.function")
        yield ToolCall(string(call, "id"), string(function, "name"), string(function, "arguments"))


def _read_tool(tool: Any) -> Tool:
    tool = table(tool, "tools")
    if tool.get("type") != "function":
        raise invalid("tools: this provider takes only tools of type 'function'", "tools")
    function = table(tool.get("function"), "tools.function")
    schema = table(function.get("parameters"), "tools.function.parameters")
    return Tool(string(function, "name"), string(function, "description"), schema, boolean(function, "strict"))


def write(request: Request, traits: Traits) -> dict[str, Any]:
    body: dict[str, Any] = {
        "model": request.model,
        "messages": [row for message in request.messages for row in _write_message(message, traits)],
    }
    if request.stream:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    if request.tools:
        body["tools"] = [_write_tool(tool) for tool in request.tools]
    if (choice := request.tool_choice) is not None:
        named = {"type": "function", "function": {"name": choice.name}}
        body["tool_choice"] = named if choice.mode == "tool" else choice.mode
    if request.output is not None:
        body["response_format"] = _write_format(request.output)
    said = {
        "parallel_tool_calls": request.parallel_tools if request.tools else None,
        traits.max_tokens_field: request.max_tokens,
        "temperature": request.temperature,
        "top_p": request.top_p,
        "stop": list(request.stop) or None,
        "seed": request.seed,
        "user": request.user or None,
        "reasoning_effort": effort_of(request.reasoning) or None,
    }
    return body | {name: value for name, value in said.items() if value is not None}


def _write_message(message: Message, traits: Traits) -> Iterator[dict[str, Any]]:
    """One message, or several: the results of tools are messages of their own here, and take no pictures."""
    pictures: list[Part] = []
    for part in message.parts:
        if isinstance(part, ToolResult):
            text = "".join(each.text for each in part.parts if isinstance(each, Text))
            shown = [each for each in part.parts if isinstance(each, Image)]
            pictures += shown
            said: Any = text or ("(shown below)" if shown else "")
            yield {"role": "tool", "tool_call_id": part.call_id, "content": said}
    parts = [*pictures, *message.parts]
    content = [written for part in parts if (written := _write_part(part)) is not None]
    plain = all(each["type"] == "text" for each in content)
    said = "\n\n".join(each["text"] for each in content) if plain else content
    if message.role != "assistant":
        if content:
            yield {"role": message.role, "content": said}
        return
    calls = [
        {"id": part.id, "type": "function", "function": {"name": part.name, "arguments": part.arguments or "{}"}}
        for part in message.parts
        if isinstance(part, ToolCall)
    ]
    row: dict[str, Any] = {"role": "assistant", "content": said or (None if calls else "")}
    if calls:
        row["tool_calls"] = calls
    thought = "".join(part.text for part in message.parts if isinstance(part, Thinking))
    if thought and traits.reasoning_history:
        row["reasoning_content"] = thought
    yield row


def _write_part(part: Part) -> dict[str, Any] | None:
    match part:
        case Text(text):
            return {"type": "text", "text": text} if text else None
        case Image(url, detail):
            return {"type": "image_url", "image_url": {"url": url, **({"detail": detail} if detail else {})}}
        case Audio(data, format):
            return {"type": "input_audio", "input_audio": {"data": data, "format": format}}
        case File(data, mime, name):
            if not data:
                raise invalid("this provider takes files only with their content, not by address")
            if mime.startswith("text/"):
                return {"type": "text", "text": _decoded(data)}
            file = {"filename": name or "document.pdf", "file_data": f"data:{mime};base64,{data}"}
            return {"type": "file", "file": file}
    return None


def _decoded(data: str) -> str:
    from bridge.gateway.dialects import decode_base64

    return decode_base64(data).decode(errors="replace")


def _write_tool(tool: Tool) -> dict[str, Any]:
    function: dict[str, Any] = {"name": tool.name, "parameters": tool.schema or {"type": "object", "properties": {}}}
    if tool.description:
        function["description"] = tool.description
    if tool.strict is not None:
        function["strict"] = tool.strict
    return {"type": "function", "function": function}


def _write_format(output: OutputFormat) -> dict[str, Any]:
    if output.schema is None:
        return {"type": "json_object"}
    strict = {} if output.strict is None else {"strict": output.strict}
    return {
        "type": "json_schema",
        "json_schema": {"name": output.name or "answer", "schema": output.schema, **strict},
    }
