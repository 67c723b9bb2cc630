"""What the gateway says of itself: an OpenAPI document, and a page made from it."""

from __future__ import annotations

from html import escape
from typing import Any

from bridge.demo import catalog
from bridge.demo.listing import KNOWN_TYPES, PAGE

_ANY_URL = "http://127.0.0.1:PORT"
TITLE = "Cherry Studio API, the demo of cherry-bridge"
_ABOUT = (
    "This gateway needs no provider: scripts answer instead of language models. It speaks as Cherry Studio's API "
    "server of v1.7 to v1.9 does, and fails on request, by the name of the model."
)
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem;color:#222;"
    "background:#fff}code,pre{font-family:monospace;background:#f3f3f3;border-radius:4px;padding:.1em .3em}"
    "pre{padding:1em;overflow:auto}table{border-collapse:collapse}td,th{padding:.3em .8em;border-bottom:1px solid #ddd;"
    "text-align:left;vertical-align:top}@media(prefers-color-scheme:dark){body{color:#ddd;background:#1b1b1b}"
    "code,pre{background:#2a2a2a}td,th{border-color:#444}a{color:#8ab4f8}}"
)


def document() -> dict[str, Any]:
    """The OpenAPI 3 document."""
    chat = _operation(
        "Answer a conversation, as OpenAI does",
        _json("A chat.completion; with `stream`, its chunks as server-sent events that end with `data: [DONE]`"),
        _CHAT_REFUSALS,
        body=_CHAT,
    )
    provider = {"name": "provider", "in": "path", "required": True, "schema": {"type": "string"}}
    return {
        "openapi": "3.0.3",
        "info": {"title": TITLE, "version": "1.0.0", "description": _ABOUT},
        "paths": {
            "/": {"get": _open("What there is", _json("The name and the endpoints"))},
            "/health": {"get": _open("Whether it is up", _json("`status` is `ok`"))},
            "/api-docs": {"get": _open("This, to read", _html("A page"), "301")},
            "/api-docs.json": {"get": _open("This, for programs", _json("An OpenAPI document"))},
            "/v1/models": {"get": _listing()},
            "/v1/chat/completions": {"post": chat},
            "/v1/messages": {"post": _anthropic("Answer a conversation, as Anthropic does", "`provider:model`")},
            "/{provider}/v1/messages": {
                "parameters": [provider],
                "post": _anthropic("The same, for one provider", "The name without its provider"),
            },
        },
        "components": {
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
            },
            "responses": {
                "Unauthorized": _json("No key, or one in the wrong form; `error` is a sentence"),
                "Forbidden": _json("The wrong key: `error` is `Forbidden`"),
            },
        },
    }


_MESSAGES = {
    "type": "array",
    "minItems": 1,
    "items": {
        "type": "object",
        "required": ["role", "content"],
        "properties": {
            "role": {"type": "string", "enum": ["system", "developer", "user", "assistant"]},
            "content": {
                "description": "Text, or parts of which the text is read",
                "oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "object"}}],
            },
        },
    },
}
_LIMIT = {"type": "integer", "minimum": 1, "description": "Tokens; the answer then ends for length"}
_CHAT = {
    "type": "object",
    "description": "Other fields are taken and change nothing",
    "required": ["model", "messages"],
    "properties": {
        "model": {"type": "string", "description": "`provider:model`", "example": str(catalog.MODELS[0].id)},
        "messages": _MESSAGES,
        "stream": {"type": "boolean", "default": False},
        "stream_options": {"type": "object", "properties": {"include_usage": {"type": "boolean", "default": False}}},
        "max_tokens": _LIMIT,
        "max_completion_tokens": _LIMIT,
    },
}
_CHAT_REFUSALS = {
    "400": "`error.code`: missing_body, invalid_model_parameter, invalid_model_format, provider_not_found, "
    "model_not_available, unsupported_provider_type, validation_failed",
    "401": "No key: `error` is a sentence. Or the provider does not accept its own: `error.code` is invalid_api_key",
    "429": "The provider limits the rate: `error.code` is rate_limit_exceeded",
    "500": "The provider failed in any other way, its status at the head of `error.message`; or the request is no JSON",
}
_MESSAGES_REFUSALS = {
    "400": "`error.type` is invalid_request_error; or the provider's own 400",
    "401": "No key: `error` is a sentence. Or the provider does not accept its own: it is JSON in `error.message`",
    "402": "The provider's account is empty",
    "404": "The provider does not know the model",
    "429": "The provider limits the rate",
    "500": "The provider failed; or the request is no JSON",
}


def _open(summary: str, response: dict[str, Any], status: str = "200") -> dict[str, Any]:
    return {"summary": summary, "responses": {status: response}}


def _operation(
    summary: str, response: dict[str, Any], refusals: dict[str, str], body: dict[str, Any] | None = None
) -> dict[str, Any]:
    """One that needs a key, where the gateway has been given one."""
    responses: dict[str, Any] = {
        "200": response,
        "401": {"$ref": "#/components/responses/Unauthorized"},
        "403": {"$ref": "#/components/responses/Forbidden"},
        **{status: _json(said) for status, said in refusals.items()},
    }
    operation = {"summary": summary, "security": [{"bearer": []}, {"apiKey": []}, {}], "responses": responses}
    if body is not None:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": body}}}
    return operation


def _listing() -> dict[str, Any]:
    whole: dict[str, Any] = {"type": "integer", "minimum": 1, "default": PAGE}
    parameters = [
        {"name": "limit", "in": "query", "schema": whole},
        {"name": "offset", "in": "query", "schema": {**whole, "minimum": 0, "default": 0}},
        {
            "name": "providerType",
            "in": "query",
            "description": "Only `anthropic` leaves any out",
            "schema": {"type": "string", "enum": list(KNOWN_TYPES)},
        },
    ]
    page = _json("A page of `data`, and the `total` of all pages")
    refused = {"400": "`error.code` is invalid_parameters, `error.details` names them"}
    return {**_operation(f"The models, {PAGE} unless asked for more", page, refused), "parameters": parameters}


def _anthropic(summary: str, model: str) -> dict[str, Any]:
    body = {
        "type": "object",
        "description": "Other fields are taken and change nothing",
        "required": ["model", "messages", "max_tokens"],
        "properties": {
            "model": {"type": "string", "description": model},
            "messages": _MESSAGES,
            "system": {"description": "As the content of a message"},
            "max_tokens": _LIMIT,
            "stream": {"type": "boolean", "default": False, "description": "Then a provider's failures come with 200"},
        },
    }
    response = _json("A message; with `stream`, its events, and `data: [DONE]` at the end")
    return _operation(summary, response, _MESSAGES_REFUSALS, body)


def _json(description: str) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": {"type": "object"}}}}


def _html(description: str) -> dict[str, Any]:
    return {"description": description, "content": {"text/html": {"schema": {"type": "string"}}}}


def page() -> str:
    """The same for people. It needs nothing from anywhere else."""
    operations = "".join(
        f"<tr><td><code>{method.upper()} {escape(path)}</code></td><td>{escape(operation['summary'])}</td></tr>"
        for path, methods in document()["paths"].items()
        for method, operation in methods.items()
        if method != "parameters"
    )
    models = "".join(
        f"<tr><td><code>{escape(str(model.id))}</code></td><td>{escape(model.name)}</td></tr>"
        for model in catalog.MODELS
    )
    asked = '{"model": "demo:guide", "stream": true,\n    "messages": [{"role": "user", "content": "hello"}]}'
    curl = f"curl -N {_ANY_URL}/v1/chat/completions \\\n  -H 'Content-Type: application/json' \\\n  -d '{asked}'"
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{TITLE}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body><h1>{TITLE}</h1>'
        f"<p>{escape(_ABOUT)}</p><h2>Routes</h2><table>{operations}</table>"
        '<p>All of it for programs: <a href="/api-docs.json">/api-docs.json</a></p>'
        f"<h2>Try it</h2><pre>{escape(curl)}</pre><h2>Models</h2><table>{models}</table></body></html>"
    )
