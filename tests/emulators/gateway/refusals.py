"""What the gateway itself says where it does not even ask a provider, word for word."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tests.emulators.gateway import messages
from tests.emulators.gateway.catalogue import Provider
from tests.emulators.gateway.chat import dump

Refusal = tuple[int, dict[str, Any]]

_ABOUT = {"name": "Cherry Studio API", "version": "1.0.0"}
ROOTS: dict[str, dict[str, Any]] = {
    "A": _ABOUT
    | {
        "endpoints": {
            "health": "GET /health",
            "models": "GET /v1/models",
            "chat": "POST /v1/chat/completions",
            "mcp": "GET /v1/mcps",
        }
    },
    "B": _ABOUT
    | {
        "endpoints": {
            "health": "GET /health",
            "docs": "GET /api-docs",
            "docs_json": "GET /api-docs.json",
            "chat_completions": "POST /v1/chat/completions",
            "models": "GET /v1/models",
            "messages": "POST /v1/messages",
            "messages_provider": "POST /:provider/v1/messages",
            "mcps": "GET /v1/mcps",
            "mcp_server": "GET /v1/mcps/:server_id",
            "mcp_proxy": "ALL /v1/mcps/:server_id/mcp",
            "agents": "GET /v1/agents",
            "channels": "GET /v1/channels",
            "agent_sessions": "GET /v1/agents/:agentId/sessions",
            "session_messages": "GET /v1/agents/:agentId/sessions/:sessionId/messages",
            "knowledge_bases": "GET /v1/knowledge-bases",
            "knowledge_search": "POST /v1/knowledge-bases/search",
        }
    },
    "C": _ABOUT
    | {
        "endpoints": {
            "health": "GET /health",
            "docs": "GET /openapi",
            "docs_json": "GET /openapi/json",
            "chat_completions": "POST /v1/chat/completions",
            "messages": "POST /v1/messages",
            "generate_content": "POST /v1beta/models/{model}:generateContent",
            "knowledge_bases": "GET /v1/knowledge-bases",
            "knowledge_search": "POST /v1/knowledge-bases/search",
            "mcp_servers": "GET /v1/mcps",
            "mcp_proxy": "POST /v1/mcps/{server_id}/mcp",
        }
    },
}

NOT_FOUND = (
    '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>Error</title>\n</head>\n<body>\n'
    "<pre>Cannot {method} {path}</pre>\n</body>\n</html>\n"
)

PROVIDER_TYPES = (
    "openai",
    "openai-response",
    "anthropic",
    "gemini",
    "azure-openai",
    "vertexai",
    "mistral",
    "aws-bedrock",
    "vertex-anthropic",
    "new-api",
    "gateway",
    "ollama",
)

TOO_LARGE = {"error": {"message": "Internal server error", "type": "server_error"}}


def invalid(generation: str, dialect: str, body: object) -> Refusal | None:
    """The refusal of a body that is no request."""
    asked = body.get("messages") if isinstance(body, dict) else None
    model = body.get("model") if isinstance(body, dict) else None
    if generation == "C":
        if isinstance(body, ValueError):
            return _bad("Malformed request body", "parse_error", dialect)
        if isinstance(model, str) and model and isinstance(asked, list) and asked:
            return None
        echo = {"type": "validation", "on": "body"} | ({} if body is None else {"found": body})
        return _bad(dump(echo).decode(), "invalid_parameters", dialect)
    if isinstance(body, ValueError):
        return 500, TOO_LARGE
    if body is None:
        return _bad("Request body is required", "missing_body")
    if dialect == "messages":
        limit = body.get("max_tokens") if isinstance(body, dict) else None
        if not isinstance(limit, int) or limit < 1:
            return 400, messages.invalid("max_tokens is required and must be a positive number")
        if not isinstance(asked, list) or not asked:
            return 400, messages.invalid("messages is required and must be a non-empty array")
    elif not isinstance(asked, list) or not asked:
        empty = "Messages array cannot be empty" if asked == [] else "Messages must be an array"
        return _bad(empty, "validation_failed")
    if not isinstance(model, str) or not model:
        return _bad("Model must be a non-empty string", "invalid_model_parameter")
    return None


def unknown_model(
    generation: str, dialect: str, model: str, providers: Iterable[Provider], kinds: set[str]
) -> Refusal | None:
    """The refusal of a model that is not there, or that this generation does not chat with."""
    name, _, bare = model.partition(":")
    provider = next((each for each in providers if each.id == name and each.kind in kinds), None)
    if generation == "C":
        if not name or not bare:
            return _bad(f'Invalid model format: "{model}". Expected "providerId:apiModelId".', "bad_request", dialect)
        if provider is None or bare not in provider.models:
            return _bad(f'Model "{model}" is not available through the API gateway', "bad_request", dialect)
        return None
    if ":" not in model:
        reason = "Invalid model format. Expected format: 'provider:model_id' (e.g., 'my-openai:gpt-4')"
        return _bad(reason, "invalid_model_format", dialect)
    if provider is None:
        reason = f"Provider '{name}' not found, not enabled, or not supported."
        return _bad(f"{reason} Only OpenAI providers are currently supported.", "provider_not_found", dialect)
    if bare not in provider.models:
        there = ", ".join(provider.models)
        reason = f"Model '{bare}' not available in provider '{name}'. Available models: {there}"
        return _bad(reason, "model_not_available", dialect)
    if dialect == "chat" and provider.kind != "openai":
        reason = f"Provider '{name}' of type '{provider.kind}' is not supported for OpenAI chat completions"
        return _bad(reason, "unsupported_provider_type")
    return None


def bad_query(generation: str, query: dict[str, str]) -> Refusal | None:
    """The refusal of a list asked for amiss."""
    limit, kind = query.get("limit", "1"), query.get("providerType", "openai")
    if generation == "C":
        if limit.isdigit() and int(limit) > 0:
            return None
        found = dump({"type": "validation", "on": "query", "found": query}).decode()
        return 422, {"error": {"code": "VALIDATION_ERROR", "message": found}}
    if not limit.isdigit():
        field, reason = "limit", "Invalid input: expected number, received NaN"
    elif int(limit) < 1:
        field, reason = "limit", "Too small: expected number to be >=1"
    elif kind not in PROVIDER_TYPES:
        expected = "|".join(f'"{each}"' for each in PROVIDER_TYPES)
        field, reason = "providerType", f"Invalid option: expected one of {expected}"
    else:
        return None
    status, body = _bad("Invalid query parameters", "invalid_parameters")
    return status, {"error": body["error"] | {"details": [{"field": field, "message": reason}]}}


def _bad(message: str, code: str, dialect: str = "chat") -> Refusal:
    if dialect == "messages":
        return 400, messages.invalid(message)
    return 400, {"error": {"message": message, "type": "invalid_request_error", "code": code}}
