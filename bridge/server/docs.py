"""What the gateway says of itself: an OpenAPI 3 document, and a page made from it."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any

from aiohttp import web

from bridge import __version__
from bridge.server.errors import json_response
from bridge.server.listing import KNOWN_TYPES

TITLE = "cherry-bridge gateway"
_ABOUT = (
    "One address for every model: OpenAI's chat completions and responses and Anthropic's messages, each translated "
    "for providers that speak another. Models are named `provider:model`."
)
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem;color:#222;"
    "background:#fff}code,pre{font-family:monospace;background:#f3f3f3;border-radius:4px;padding:.1em .3em}"
    "pre{padding:1em;overflow:auto}table{border-collapse:collapse}td,th{padding:.3em .8em;border-bottom:1px solid #ddd;"
    "text-align:left;vertical-align:top}@media(prefers-color-scheme:dark){body{color:#ddd;background:#1b1b1b}"
    "code,pre{background:#2a2a2a}td,th{border-color:#444}a{color:#8ab4f8}}"
)
_STREAM = "`stream`: the answer as server-sent events"
_BODIES: dict[str, tuple[str, list[str], str]] = {
    "chat": ("Answer a conversation, as OpenAI's chat completions do", ["model", "messages"], _STREAM),
    "responses": ("Answer a conversation, as OpenAI's responses do", ["model", "input"], _STREAM),
    "messages": ("Answer a conversation, as Anthropic does", ["model", "messages"], _STREAM),
    "count": ("Count the tokens of a conversation", ["model", "messages"], "An estimate where the provider has none"),
    "mcp": ("Use an MCP server by the streamable HTTP transport, without a session", ["jsonrpc"], "JSON-RPC 2.0"),
    "embeddings": ("Turn texts into vectors", ["model", "input"], "As the provider takes it"),
    "images": ("Make pictures", ["model", "prompt"], "As the provider takes it"),
    "speech": ("Read a text aloud", ["model", "input", "voice"], "As the provider takes it"),
    "transcriptions": ("Write down what is said", ["model", "file"], "As the provider takes it"),
}
_FIELDS: dict[str, dict[str, Any]] = {
    "model": {"type": "string", "description": "`provider:model`", "examples": ["openai:gpt-5"]},
    "messages": {"type": "array", "minItems": 1, "items": {"type": "object", "required": ["role"]}},
    "input": {"oneOf": [{"type": "string"}, {"type": "array"}]},
    "prompt": {"type": "string"},
    "jsonrpc": {"const": "2.0"},
    "voice": {"type": "string"},
    "file": {"type": "string", "contentMediaType": "application/octet-stream"},
}


def describe() -> dict[str, Any]:
    """The OpenAPI document."""
    provider = {"name": "provider", "in": "path", "required": True, "schema": {"type": "string"}}
    id = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}, "description": "`provider:model`"}
    mcp = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
    return {
        "openapi": "3.1.0",
        "info": {"title": TITLE, "version": __version__, "description": _ABOUT},
        "paths": {
            "/": {"get": _open("Name, version and routes")},
            "/health": {"get": _open("Whether it is up")},
            "/metrics": {"get": _guarded("Numbers for Prometheus", _content("text/plain"))},
            "/api-docs": {"get": _open("This, to read", "text/html")},
            "/api-docs.json": {"get": _open("This, for programs")},
            "/openapi": {"get": _open("The same")},
            "/v1/models": {"get": {**_guarded("Every model of every provider"), "parameters": _paging()}},
            "/v1/models/{id}": {"parameters": [id], "get": _guarded("One model")},
            "/v1/mcps": {"get": _guarded("The MCP servers of the gateway")},
            "/v1/mcps/{id}": {"parameters": [mcp], "get": _guarded("One MCP server and its tools")},
            "/v1/mcps/{id}/mcp": {"parameters": [mcp], "post": _posted("mcp")},
            "/v1/chat/completions": {"post": _posted("chat", stream=True)},
            "/v1/responses": {"post": _posted("responses", stream=True)},
            "/v1/messages": {"post": _posted("messages", stream=True)},
            "/v1/messages/count_tokens": {"post": _posted("count")},
            "/{provider}/v1/messages": {"parameters": [provider], "post": _posted("messages", stream=True)},
            "/v1/embeddings": {"post": _posted("embeddings")},
            "/v1/images/generations": {"post": _posted("images", stream=True)},
            "/v1/audio/speech": {"post": _posted("speech", answer="application/octet-stream")},
            "/v1/audio/transcriptions": {"post": _posted("transcriptions", sent="multipart/form-data")},
        },
        "components": {
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
            },
            "schemas": {
                "Error": {
                    "type": "object",
                    "description": "As the route's dialect writes it: Anthropic's has `type` beside `error`",
                    "required": ["error"],
                    "properties": {
                        "type": {"const": "error"},
                        "error": {
                            "type": "object",
                            "required": ["message", "type"],
                            "properties": {
                                "message": {"type": "string"},
                                "type": {"type": "string"},
                                "code": {"type": ["string", "null"]},
                                "param": {"type": ["string", "null"]},
                            },
                        },
                    },
                }
            },
            "responses": {name: _error(said) for name, said in _ERRORS.items()},
        },
    }


_ERRORS = {
    "Invalid": "The request cannot be used; `error.param` may name the field",
    "Unauthorized": "`invalid_gateway_key`: no key, or not one of this gateway's. `provider_key_refused`: the provider "
    "does not accept the gateway's key",
    "Forbidden": "The key is not for this model; or the provider refuses",
    "NotFound": "There is no such model, provider or path",
    "TooLarge": "The request is larger than this gateway takes",
    "Limited": "Too many requests, or the budget is spent; `Retry-After` says when to come again",
    "Provider": "The provider cannot be reached, broke off or sent something that is no answer",
    "Silent": "The provider has said nothing for too long",
}
_REFERENCES = {
    "400": "Invalid",
    "401": "Unauthorized",
    "403": "Forbidden",
    "404": "NotFound",
    "413": "TooLarge",
    "429": "Limited",
    "502": "Provider",
    "504": "Silent",
}


def _error(description: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Error"}
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _content(kind: str) -> dict[str, Any]:
    return {kind: {"schema": {"type": "object" if kind == "application/json" else "string"}}}


def _open(summary: str, kind: str = "application/json") -> dict[str, Any]:
    return {"summary": summary, "responses": {"200": {"description": summary, "content": _content(kind)}}}


def _guarded(summary: str, content: dict[str, Any] | None = None) -> dict[str, Any]:
    """One that needs a key, where the gateway has any."""
    answer = {"description": summary, "content": content or _content("application/json")}
    refused = {status: {"$ref": f"#/components/responses/{name}"} for status, name in _REFERENCES.items()}
    return {
        "summary": summary,
        "security": [{"bearer": []}, {"apiKey": []}, {}],
        "responses": {"200": answer, **refused},
    }


def _posted(
    kind: str, *, stream: bool = False, sent: str = "application/json", answer: str = "application/json"
) -> dict[str, Any]:
    summary, required, about = _BODIES[kind]
    fields = {name: _FIELDS[name] for name in required}
    if stream:
        fields["stream"] = {"type": "boolean", "default": False}
    schema = {"type": "object", "description": about, "required": required, "properties": fields}
    content = _content(answer) | (_content("text/event-stream") if stream else {})
    body = {"required": True, "content": {sent: {"schema": schema}}}
    return {**_guarded(summary, content), "requestBody": body}


def _paging() -> list[dict[str, Any]]:
    return [
        {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1}, "description": "Without it, all"},
        {"name": "offset", "in": "query", "schema": {"type": "integer", "minimum": 0, "default": 0}},
        {"name": "providerType", "in": "query", "schema": {"type": "string", "enum": list(KNOWN_TYPES)}},
    ]


def summaries() -> Iterator[tuple[str, str]]:
    """Each operation, such as ``GET /health``, and what it does."""
    for path, methods in describe()["paths"].items():
        for method, operation in methods.items():
            if method != "parameters":
                yield f"{method.upper()} {path}", operation["summary"]


async def document(request: web.Request) -> web.Response:
    return json_response(describe())


async def page(request: web.Request) -> web.Response:
    """The same for people. It needs nothing from anywhere else."""
    rows = "".join(
        f"<tr><td><code>{escape(path)}</code></td><td>{escape(said)}</td></tr>" for path, said in summaries()
    )
    asked = '{"model": "PROVIDER:MODEL", "stream": true,\n    "messages": [{"role": "user", "content": "hello"}]}'
    curl = f"curl -N http://{escape(request.host)}/v1/chat/completions \\\n  -H 'Authorization: Bearer KEY' \\\n"
    curl += f"  -H 'Content-Type: application/json' \\\n  -d '{asked}'"
    text = (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{TITLE}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body><h1>{TITLE}</h1>'
        f"<p>{escape(_ABOUT)}</p><h2>Routes</h2><table>{rows}</table>"
        '<p>All of it for programs: <a href="/api-docs.json">/api-docs.json</a></p>'
        f"<h2>Try it</h2><pre>{curl}</pre></body></html>"
    )
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return web.Response(text=text, content_type="text/html", headers={"Content-Security-Policy": policy})
