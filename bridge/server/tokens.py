"""How many tokens a request has: ``/v1/messages/count_tokens``, by the provider's own count or an estimate."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from bridge.server.codec import encode
from bridge.server.dialects import DIALECTS
from bridge.server.errors import ApiError, json_response
from bridge.server.meter import Meter
from bridge.server.models import ListedModel
from bridge.server.provider import HttpProvider
from bridge.server.registry import AnyProvider
from bridge.server.request import Image, Request, ToolResult
from bridge.server.upstream import read_all
from bridge.types import Text, ToolCall

_NOT_THERE = {404, 405, 501, 502}


async def count_tokens(
    request: web.Request, body: dict[str, Any], provider: AnyProvider, model: ListedModel, meter: Meter
) -> web.Response:
    """Raises ApiError."""
    if isinstance(provider, HttpProvider) and provider.spec.speaks("messages", model.real):
        url = f"{provider.spec.urls['messages']}/messages/count_tokens"
        headers = {name: value for name in ("anthropic-beta",) if (value := request.headers.get(name))}
        try:
            response = await provider.post(url, "messages", encode({**body, "model": model.real}), headers)
        except ApiError as error:
            if error.status not in _NOT_THERE:
                raise
        else:
            content = await read_all(response, provider.id, 20.0)
            meter.status = 200
            return web.Response(body=content, content_type="application/json", charset="utf-8")
    asked = DIALECTS["messages"].read(body, model.real)
    meter.status = 200
    return json_response({"input_tokens": estimate(asked)})


_BYTES_PER_TOKEN = 4
"""Of UTF-8: about four letters of English, and somewhat more than one character of Chinese."""
_PER_MESSAGE = 4
_PER_IMAGE = 1000
"""Of 1024 x 1024 pixels: OpenAI counts 765, Anthropic about 1,400 (width x height / 750)."""


def estimate(request: Request) -> int:
    """About how many tokens a request has."""
    text = sum(len(f"{tool.name} {tool.description} {tool.schema}".encode()) for tool in request.tools)
    count = 0
    for message in request.messages:
        count += _PER_MESSAGE
        for part in message.parts:
            for each in part.parts if isinstance(part, ToolResult) else (part,):
                match each:
                    case Text(words):
                        text += len(words.encode(errors="replace"))
                    case Image():
                        count += _PER_IMAGE
                    case ToolCall(name=name, arguments=arguments):
                        text += len(f"{name} {arguments}".encode(errors="replace"))
    return count + text // _BYTES_PER_TOKEN
