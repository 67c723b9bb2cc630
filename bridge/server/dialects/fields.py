"""Reading fields of a client's request: what is missing or null was not said, what has the wrong type is refused."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from bridge.server.codec import decode
from bridge.server.dialects.base import invalid
from bridge.server.errors import ApiError
from bridge.server.request import OutputFormat, ToolChoice


async def body_of(request: web.Request) -> dict[str, Any]:
    """The request's JSON. Raises ApiError, which never repeats any of it."""
    try:
        data = decode(await request.read())
    except ValueError:
        raise ApiError(400, "The request's body is not JSON", "invalid_json") from None
    if not isinstance(data, dict):
        raise ApiError(400, "The request's body is not a JSON object", "invalid_json")
    return data


def number(body: dict[str, Any], name: str) -> float | None:
    value = body.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise invalid(f"{name} must be a number", name)
    return value


def integer(body: dict[str, Any], name: str, least: int | None = None) -> int | None:
    value = number(body, name)
    if value is None:
        return None
    if value != value or value in (float("inf"), float("-inf")) or int(value) != value:
        raise invalid(f"{name} must be a whole number", name)
    if least is not None and value < least:
        raise invalid(f"{name} must be at least {least}", name)
    return int(value)


def boolean(body: dict[str, Any], name: str) -> bool | None:
    value = body.get(name)
    if value is not None and not isinstance(value, bool):
        raise invalid(f"{name} must be true or false", name)
    return value


def string(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise invalid(f"{name} must be a string", name)
    return value or ""


def items(body: dict[str, Any], name: str) -> list[Any]:
    value = body.get(name)
    if value is not None and not isinstance(value, list):
        raise invalid(f"{name} must be an array", name)
    return value or []


def table(value: Any, name: str) -> dict[str, Any]:
    """`value` as an object; empty where it is null."""
    if value is not None and not isinstance(value, dict):
        raise invalid(f"{name} must be an object", name)
    return value or {}


def strings(body: dict[str, Any], name: str) -> tuple[str, ...]:
    """One string, or an array of them."""
    value = body.get(name)
    if value is None:
        return ()
    if isinstance(value, str):
        return (value,)
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return tuple(value)
    raise invalid(f"{name} must be a string or an array of strings", name)


def read_tool_choice(choice: Any, named: Any) -> ToolChoice | None:
    """Read how tools are chosen, as OpenAI's dialects say it; `named` is what holds the name of a chosen function."""
    match choice:
        case None:
            return None
        case "auto" | "none" | "required":
            return ToolChoice(choice)
        case {"type": "function"} if isinstance(named, dict) and isinstance(name := named.get("name"), str):
            return ToolChoice("tool", name)
    raise invalid("tool_choice must be auto, none, required or name a function", "tool_choice")


def read_output_format(format: dict[str, Any], at: str, holder: str = "") -> OutputFormat | None:
    """Read the form that an answer is to have, as OpenAI's dialects say it; `at` names the field that it stands in, and
    `holder` the one within that holds the schema, where there is one."""
    match format.get("type"):
        case None | "text":
            return None
        case "json_object":
            return OutputFormat()
        case "json_schema":
            within = f"{at}.{holder}" if holder else at
            schema = table(format.get(holder), within) if holder else format
            inner = table(schema.get("schema"), f"{within}.schema")
            return OutputFormat(inner, string(schema, "name"), boolean(schema, "strict"))
    raise invalid(f"{at}.type must be text, json_object or json_schema", at)
