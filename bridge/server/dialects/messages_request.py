"""Requests of ``/v1/messages``: https://platform.claude.com/docs/en/api/messages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bridge.gateway.dialects import thinks_within_budget
from bridge.server.codec import encode
from bridge.server.dialects.base import Traits, arguments_of, invalid, split_data_url
from bridge.server.dialects.effort import budget_of
from bridge.server.dialects.fields import boolean, integer, items, number, string, strings, table
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
    ToolChoice,
    ToolResult,
)
from bridge.types import Text, ToolCall

_CHOICES = {"auto": "auto", "none": "none", "required": "any", "tool": "tool"}


def read(body: dict[str, Any], model: str) -> Request:
    messages = items(body, "messages")
    if not messages:
        raise invalid("messages must be an array that is not empty", "messages")
    system = tuple(_read_content(body.get("system"), "system"))
    said = tuple(_read_message(table(message, f"messages[{at}]"), at) for at, message in enumerate(messages))
    output = table(body.get("output_config"), "output_config")
    choice = table(body.get("tool_choice"), "tool_choice")
    parallel = boolean(choice, "disable_parallel_tool_use")
    return Request(
        model=model,
        messages=(Message("system", system), *said) if system else said,
        stream=bool(boolean(body, "stream")),
        tools=tuple(_read_tool(tool) for tool in items(body, "tools")),
        tool_choice=_read_choice(choice),
        parallel_tools=None if parallel is None else not parallel,
        max_tokens=integer(body, "max_tokens", 1),
        temperature=number(body, "temperature"),
        top_p=number(body, "top_p"),
        top_k=integer(body, "top_k"),
        stop=strings(body, "stop_sequences"),
        reasoning=_read_reasoning(table(body.get("thinking"), "thinking"), string(output, "effort")),
        output=_read_format(table(output.get("format") or body.get("output_format"), "output_config.format")),
        user=string(table(body.get("metadata"), "metadata"), "user_id"),
    )


def _read_reasoning(thinking: dict[str, Any], effort: str) -> Reasoning | None:
    match thinking.get("type"):
        case "disabled":
            return Reasoning(enabled=False)
        case "enabled":
            return Reasoning(effort=effort, budget=integer(thinking, "budget_tokens") or 0)
        case "adaptive":
            return Reasoning(effort=effort or "medium")
        case None:
            return Reasoning(effort=effort) if effort else None
    raise invalid("thinking.type must be enabled, adaptive or disabled", "thinking")


def _read_message(message: dict[str, Any], at: int) -> Message:
    role, where = message.get("role"), f"messages[{at}]"
    if role not in {"user", "assistant", "system"}:
        raise invalid(f"{where}.role must be user or assistant", f"{where}.role")
    return Message(role, tuple(_read_content(message.get("content"), where)))


def _read_content(content: Any, where: str) -> Iterator[Part]:
    if content is None:
        return
    if isinstance(content, str):
        yield Text(content)
        return
    if not isinstance(content, list):
        raise invalid(f"{where} must be a string or an array of blocks", where)
    for block in content:
        yield _read_block(table(block, where), where)


def _read_block(block: dict[str, Any], where: str) -> Part:
    match block.get("type"):
        case "text":
            return Text(string(block, "text"))
        case "image":
            return Image(_read_source(block, where))
        case "document":
            return _read_document(block, where)
        case "thinking":
            return Thinking(string(block, "thinking"), string(block, "signature"))
        case "redacted_thinking":
            return Thinking("", redacted=string(block, "data"))
        case "tool_use":
            arguments = encode(table(block.get("input"), f"{where}.input")).decode()
            return ToolCall(string(block, "id"), string(block, "name"), arguments)
        case "tool_result":
            parts = tuple(part for part in _read_content(block.get("content"), where) if isinstance(part, Text | Image))
            return ToolResult(string(block, "tool_use_id"), parts, bool(boolean(block, "is_error")))
        case kind:
            raise invalid(f"{where}: blocks of type {str(kind)[:40]!r} cannot be told to this provider", where)


def _read_source(block: dict[str, Any], where: str) -> str:
    source = table(block.get("source"), f"{where}.source")
    match source.get("type"):
        case "base64":
            return f"data:{string(source, 'media_type')};base64,{string(source, 'data')}"
        case "url":
            return string(source, "url")
    raise invalid(f"{where}.source.type must be base64 or url", f"{where}.source")


def _read_document(block: dict[str, Any], where: str) -> Part:
    source, name = table(block.get("source"), f"{where}.source"), string(block, "title")
    if source.get("type") == "text":
        return Text(string(source, "data"))
    url = _read_source(block, where)
    if (split := split_data_url(url)) is not None:
        return File(data=split[1], mime=split[0], name=name)
    return File(url=url, mime="application/pdf", name=name)


def _read_tool(tool: Any) -> Tool:
    tool = table(tool, "tools")
    if tool.get("type") not in {None, "custom"}:
        raise invalid(f"tools: this provider has no tool of type {str(tool['type'])[:40]!r}", "tools")
    schema = table(tool.get("input_schema"), "tools.input_schema")
    return Tool(string(tool, "name"), string(tool, "description"), schema, boolean(tool, "strict"))


def _read_choice(choice: dict[str, Any]) -> ToolChoice | None:
    match choice.get("type"):
        case None:
            return None
        case "auto":
            return ToolChoice("auto")
        case "none":
            return ToolChoice("none")
        case "any":
            return ToolChoice("required")
        case "tool":
            return ToolChoice("tool", string(choice, "name"))
    raise invalid("tool_choice.type must be auto, any, tool or none", "tool_choice")


def _read_format(format: dict[str, Any]) -> OutputFormat | None:
    if format.get("type") != "json_schema":
        return None
    return OutputFormat(table(format.get("schema"), "output_config.format.schema"))


def write(request: Request, traits: Traits) -> dict[str, Any]:
    limit = request.max_tokens or traits.max_tokens
    body: dict[str, Any] = {"model": request.model, "max_tokens": limit, "messages": _write_messages(request)}
    if system := request.system:
        body["system"] = system
    if request.stream:
        body["stream"] = True
    if request.tools:
        body["tools"] = [_write_tool(tool) for tool in request.tools]
        if (choice := _write_choice(request)) is not None:
            body["tool_choice"] = choice
    config: dict[str, Any] = {}
    thinks = _write_reasoning(request, limit, body, config)
    if request.output is not None and request.output.schema is not None:
        config["format"] = {"type": "json_schema", "schema": request.output.schema}
    if config:
        body["output_config"] = config
    # While it thinks, a model takes neither of the first two; newer ones take only one of temperature and top_p.
    said = {
        "temperature": None if thinks or request.temperature is None else min(request.temperature, 1.0),
        "top_k": None if thinks else request.top_k,
        "top_p": request.top_p if request.temperature is None or thinks else None,
        "stop_sequences": [each for each in request.stop if each.strip()] or None,
        "metadata": {"user_id": request.user} if request.user else None,
    }
    return body | {name: value for name, value in said.items() if value is not None}


def _write_reasoning(request: Request, limit: int, body: dict[str, Any], config: dict[str, Any]) -> bool:
    """Add to `body` and `config` how much the model may think; return whether it does."""
    reasoning = request.reasoning
    if reasoning is None:
        return False
    if not reasoning.enabled or reasoning.effort == "none":
        body["thinking"] = {"type": "disabled"}
        return False
    if thinks_within_budget(request.model):
        budget = budget_of(reasoning, limit)
        # A model that thinks has to find its thoughts before the call of a tool; a client that does not keep them
        # gets its answer without further ones.
        if not budget or _unthinking_call(request):
            return False
        body["thinking"] = {"type": "enabled", "budget_tokens": budget}
        return True
    body["thinking"] = {"type": "adaptive"}
    effort = reasoning.effort or {True: "low", False: "high"}[0 < reasoning.budget <= 4096]
    config["effort"] = {"minimal": "low"}.get(effort, effort)
    return True


def _unthinking_call(request: Request) -> bool:
    spoken = [message for message in request.talk if message.role == "assistant"]
    last = spoken[-1].parts if spoken else ()
    called = any(isinstance(part, ToolCall) for part in last)
    return called and not any(isinstance(part, Thinking) and _is_ours(part) for part in last)


def _is_ours(thought: Thinking) -> bool:
    """Whether Anthropic has signed it: it refuses every other thought, those of the responses dialect too."""
    return bool(thought.redacted) or (bool(thought.signature) and not thought.signature.startswith("rs_"))


def _write_messages(request: Request) -> list[dict[str, Any]]:
    """The messages, those of one role in a row as one: the results of several tools have to stand in one."""
    rows: list[dict[str, Any]] = []
    for message in request.talk:
        blocks = [block for part in message.parts if (block := _write_part(part)) is not None]
        if not blocks:
            continue
        if rows and rows[-1]["role"] == message.role:
            rows[-1]["content"] += blocks
        else:
            rows.append({"role": message.role, "content": blocks})
    for row in rows:
        row["content"].sort(key=lambda block: block["type"] != "tool_result")  # they have to come first
    return rows


def _write_part(part: Part) -> dict[str, Any] | None:
    match part:
        case Text(text):
            return {"type": "text", "text": text} if text.strip() else None
        case Image(url):
            return {"type": "image", "source": _write_source(url)}
        case File(data, mime, name, url):
            source = _write_source(url or f"data:{mime};base64,{data}")
            return {"type": "document", "source": source, **({"title": name} if name else {})}
        case Thinking():
            if not _is_ours(part):
                return None
            if part.redacted:
                return {"type": "redacted_thinking", "data": part.redacted}
            return {"type": "thinking", "thinking": part.text, "signature": part.signature}
        case ToolCall(id, name, arguments):
            return {"type": "tool_use", "id": id, "name": name, "input": arguments_of(arguments)}
        case ToolResult(call_id, parts, failed):
            content = [block for each in parts if (block := _write_part(each)) is not None]
            error = {"is_error": True} if failed else {}
            return {"type": "tool_result", "tool_use_id": call_id, "content": content, **error}
        case Audio():
            raise invalid("this provider takes no audio")


def _write_source(url: str) -> dict[str, str]:
    if (split := split_data_url(url)) is not None:
        return {"type": "base64", "media_type": split[0], "data": split[1]}
    return {"type": "url", "url": url}


def _write_tool(tool: Tool) -> dict[str, Any]:
    row: dict[str, Any] = {"name": tool.name, "input_schema": tool.schema or {"type": "object", "properties": {}}}
    return row | {"description": tool.description} if tool.description else row


def _write_choice(request: Request) -> dict[str, Any] | None:
    choice = request.tool_choice
    if choice is None and request.parallel_tools is None:
        return None
    mode = "auto" if choice is None else choice.mode
    row: dict[str, Any] = {"type": _CHOICES[mode]}
    if choice is not None and choice.name:
        row["name"] = choice.name
    if request.parallel_tools is not None and mode != "none":
        row["disable_parallel_tool_use"] = not request.parallel_tools
    return row
