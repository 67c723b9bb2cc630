"""Requests of ``/v1/responses``: https://platform.openai.com/docs/api-reference/responses/create."""

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

_KEPT = ("previous_response_id", "conversation", "prompt")
"""Fields that refer to something a provider keeps."""


def read(body: dict[str, Any], model: str) -> Request:
    for name in _KEPT:
        if body.get(name) is not None:
            raise invalid(f"{name}: this provider keeps nothing; send the conversation itself", name)
    if boolean(body, "background"):
        raise invalid("background: this provider answers while the client waits", "background")
    instructions = string(body, "instructions")
    choice = body.get("tool_choice")
    head = (Message("system", (Text(instructions),)),) if instructions else ()
    thinking = table(body.get("reasoning"), "reasoning")
    effort = string(thinking, "effort")
    return Request(
        model=model,
        messages=(*head, *_read_input(body.get("input"))),
        stream=bool(boolean(body, "stream")),
        tools=tuple(_read_tool(tool) for tool in items(body, "tools")),
        tool_choice=read_tool_choice(choice, choice),
        parallel_tools=boolean(body, "parallel_tool_calls"),
        max_tokens=integer(body, "max_output_tokens", 1),
        temperature=number(body, "temperature"),
        top_p=number(body, "top_p"),
        reasoning=Reasoning(enabled=effort != "none", effort=effort) if effort else None,
        output=read_output_format(table(table(body.get("text"), "text").get("format"), "text.format"), "text.format"),
        user=string(body, "user"),
    )


def _read_input(said: Any) -> tuple[Message, ...]:
    if isinstance(said, str) and said:
        return (Message("user", (Text(said),)),)
    if not isinstance(said, list) or not said:
        raise invalid("input must be a string or an array that is not empty", "input")
    return tuple(_joined(_read_item(table(item, "input"), f"input[{at}]") for at, item in enumerate(said)))


def _joined(messages: Iterator[Message]) -> Iterator[Message]:
    """What the model thought, said and called is several items here, and one message elsewhere."""
    held: Message | None = None
    for message in messages:
        if held is not None and held.role == message.role == "assistant":
            held = Message("assistant", (*held.parts, *message.parts))
            continue
        if held is not None:
            yield held
        held = message
    if held is not None:
        yield held


def _read_item(item: dict[str, Any], where: str) -> Message:
    match item.get("type"):
        case None | "message":
            role = item.get("role")
            parts = tuple(_read_content(item.get("content"), where))
            if role in {"system", "developer"}:
                return Message("system", parts)
            if role in {"user", "assistant"}:
                return Message(role, parts)
            raise invalid(f"{where}.role must be system, developer, user or assistant", f"{where}.role")
        case "function_call":
            call = ToolCall(string(item, "call_id"), string(item, "name"), string(item, "arguments"))
            return Message("assistant", (call,))
        case "function_call_output":
            output = _read_content(item.get("output"), where)
            shown = tuple(part for part in output if isinstance(part, Text | Image))
            return Message("user", (ToolResult(string(item, "call_id"), shown),))
        case "reasoning":
            return Message("assistant", (_read_reasoning(item, where),))
        case kind:
            raise invalid(f"{where}: items of type {str(kind)[:40]!r} cannot be told to this provider", where)


def _read_reasoning(item: dict[str, Any], where: str) -> Thinking:
    """The thought, and its seal: this gateway writes other dialects' signatures into ``encrypted_content``."""
    shown = [table(part, where) for part in (*items(item, "content"), *items(item, "summary"))]
    text, sealed, id = "".join(string(part, "text") for part in shown), string(item, "encrypted_content"), ""
    if sealed.startswith(REDACTED):
        return Thinking("", redacted=sealed.removeprefix(REDACTED))
    if sealed.startswith(SIGNED):
        return Thinking(text, sealed.removeprefix(SIGNED))
    id = string(item, "id")
    return Thinking(text, f"{id}:{sealed}" if sealed and id.startswith("rs_") else "")


SIGNED, REDACTED = "signed:", "redacted:"
"""Before another dialect's signature, or its encrypted thought, in ``encrypted_content``. OpenAI's own has no colon."""


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
            case "input_text" | "output_text" | "text":
                yield Text(string(part, "text"))
            case "refusal":
                yield Text(string(part, "refusal"))
            case "input_image":
                if not (url := string(part, "image_url")):
                    raise invalid("a picture has to come as image_url: this provider keeps no files", where)
                yield Image(url, string(part, "detail"))
            case "input_file":
                yield _read_file(part, where)
            case "input_audio":
                audio = table(part.get("input_audio"), f"{where}.input_audio")
                yield Audio(string(audio, "data"), string(audio, "format"))
            case kind:
                raise invalid(f"{where}.content: parts of type {str(kind)[:40]!r} are not known here")


def _read_file(part: dict[str, Any], where: str) -> File:
    name = string(part, "filename")
    if url := string(part, "file_url"):
        return File(url=url, mime="application/pdf", name=name)
    mime, data = split_data_url(string(part, "file_data")) or ("application/pdf", string(part, "file_data"))
    if not data:
        raise invalid("a file has to come with its content: this provider keeps no files", where)
    return File(data=data, mime=mime, name=name)


def _read_tool(tool: Any) -> Tool:
    tool = table(tool, "tools")
    if tool.get("type") != "function":
        raise invalid("tools: this provider takes only tools of type 'function'", "tools")
    schema = table(tool.get("parameters"), "tools.parameters")
    return Tool(string(tool, "name"), string(tool, "description"), schema, boolean(tool, "strict"))


def write(request: Request, traits: Traits) -> dict[str, Any]:
    body: dict[str, Any] = {
        "model": request.model,
        "input": [item for message in request.talk for item in _write_message(message)],
        "store": False,
    }
    if system := request.system:
        body["instructions"] = system
    if request.stream:
        body["stream"] = True
    if request.tools:
        body["tools"] = [_write_tool(tool) for tool in request.tools]
    if (choice := request.tool_choice) is not None:
        body["tool_choice"] = {"type": "function", "name": choice.name} if choice.mode == "tool" else choice.mode
    if effort := effort_of(request.reasoning):
        body["reasoning"] = {"effort": effort, "summary": "auto"}
        body["include"] = ["reasoning.encrypted_content"]  # nothing is stored, so the client keeps it
    if request.output is not None:
        body["text"] = {"format": _write_format(request.output)}
    said = {
        "parallel_tool_calls": request.parallel_tools if request.tools else None,
        "max_output_tokens": request.max_tokens,
        "temperature": request.temperature,
        "top_p": request.top_p,
        "user": request.user or None,
    }
    return body | {name: value for name, value in said.items() if value is not None}


def _write_message(message: Message) -> Iterator[dict[str, Any]]:
    content: list[dict[str, Any]] = []
    for part in message.parts:
        match part:
            case Text(text):
                kind = "output_text" if message.role == "assistant" else "input_text"
                content += [{"type": kind, "text": text}] if text else []
            case Image(url, detail):
                content.append({"type": "input_image", "image_url": url, "detail": detail or "auto"})
            case File(data, mime, name, url):
                held = {"file_url": url} if url else {"file_data": f"data:{mime};base64,{data}"}
                content.append({"type": "input_file", "filename": name or "document.pdf", **held})
            case Audio(data, format):
                content.append({"type": "input_audio", "input_audio": {"data": data, "format": format}})
            case _:
                yield from _spoken(message, content)
                content = []
                yield from _write_item(part)
    yield from _spoken(message, content)


def _spoken(message: Message, content: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    if content:
        yield {"type": "message", "role": message.role, "content": content}


def _write_item(part: Part) -> Iterator[dict[str, Any]]:
    match part:
        case ToolCall(id, name, arguments):
            yield {"type": "function_call", "call_id": id, "name": name, "arguments": arguments or "{}"}
        case ToolResult(call_id, parts):
            output: Any = "".join(each.text for each in parts if isinstance(each, Text))
            if any(isinstance(each, Image) for each in parts):
                output = [_write_output(each) for each in parts]
            yield {"type": "function_call_output", "call_id": call_id, "output": output}
        case Thinking(text, signature) if signature.startswith("rs_") and ":" in signature:
            id, _, sealed = signature.partition(":")
            summary = [{"type": "summary_text", "text": text}] if text else []
            yield {"type": "reasoning", "id": id, "summary": summary, "encrypted_content": sealed}


def _write_output(part: Text | Image) -> dict[str, Any]:
    if isinstance(part, Text):
        return {"type": "input_text", "text": part.text}
    return {"type": "input_image", "image_url": part.url, "detail": part.detail or "auto"}


def _write_tool(tool: Tool) -> dict[str, Any]:
    schema = tool.schema or {"type": "object", "properties": {}}
    row: dict[str, Any] = {"type": "function", "name": tool.name, "parameters": schema, "strict": bool(tool.strict)}
    return row | {"description": tool.description} if tool.description else row


def _write_format(output: OutputFormat) -> dict[str, Any]:
    if output.schema is None:
        return {"type": "json_object"}
    strict = {} if output.strict is None else {"strict": output.strict}
    return {"type": "json_schema", "name": output.name or "answer", "schema": output.schema, **strict}
