"""``GET /v1/models`` and ``GET /v1/models/{id}``: what all providers offer."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from bridge.server.errors import ApiError, json_response
from bridge.server.ledger import ClientKey
from bridge.server.models import ListedModel
from bridge.server.registry import AnyProvider, Registry

KNOWN_TYPES = (
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
"""What Cherry Studio knows; the others of them have no provider here, and list nothing."""


async def models(request: web.Request, registry: Registry, client: ClientKey | None) -> web.Response:
    faults: list[dict[str, str]] = []
    limit = _whole(request, "limit", 1, faults)
    offset = _whole(request, "offset", 0, faults) or 0
    wanted = request.query.get("providerType")
    if wanted is not None and wanted not in KNOWN_TYPES:
        faults.append({"field": "providerType", "message": f"expected one of {', '.join(KNOWN_TYPES)}"})
    if faults:
        raise ApiError(400, "Invalid query parameters", "invalid_parameters", details=faults)
    listed = [
        entry(provider, model)
        for provider, offered in await registry.models()
        if wanted is None or wanted in {provider.kind, provider_type(provider)}
        for model in offered
        if client is None or client.allows(f"{provider.id}:{model.id}")
    ]
    page = listed[offset : None if limit is None else offset + limit]
    ids = {"first_id": page[0]["id"], "last_id": page[-1]["id"]} if page else {"first_id": None, "last_id": None}
    size = len(listed) if limit is None else limit
    more = offset + len(page) < len(listed)
    # Anthropic's client reads has_more, first_id and last_id, OpenAI's none of the rest.
    return json_response(
        {
            "object": "list",
            "data": page,
            "total": len(listed),
            "offset": offset,
            "limit": size,
            "has_more": more,
            **ids,
        }
    )


async def model(request: web.Request, registry: Registry, client: ClientKey | None) -> web.Response:
    name = request.match_info["id"]
    provider, found = await registry.find(name)
    for known in await provider.models():
        if known.id == found.id:
            found = known
            break
    else:
        raise ApiError(404, f"There is no model '{name[:200]}'", "model_not_found", param="model")
    if client is not None and not client.allows(f"{provider.id}:{found.id}"):
        raise ApiError(404, f"There is no model '{name[:200]}'", "model_not_found", param="model")
    return json_response(entry(provider, found))


def provider_type(provider: AnyProvider) -> str:
    """The dialect that the provider speaks best, in Cherry Studio's words. All of them can be asked in any."""
    return "anthropic" if provider.dialect == "messages" else "openai"


def entry(provider: AnyProvider, model: ListedModel) -> dict[str, Any]:
    more: dict[str, Any] = {}
    if model.context:
        more["context_length"] = model.context
    if model.max_tokens:
        more["max_output_tokens"] = model.max_tokens
    if model.price is not None:
        more["pricing"] = {"prompt": model.price.input / 1e6, "completion": model.price.output / 1e6}
    return {
        "id": f"{provider.id}:{model.id}",
        "object": "model",
        "type": "model",
        "name": model.name or model.id,
        "display_name": model.name or model.id,
        "created": model.created,
        "owned_by": provider.name,
        "provider": provider.id,
        "provider_name": provider.name,
        "provider_type": provider_type(provider),
        "provider_model_id": model.id,
        **more,
    }


def _whole(request: web.Request, field: str, least: int, faults: list[dict[str, str]]) -> int | None:
    given = request.query.get(field)
    if given is None:
        return None
    if not given.isascii() or not given.isdigit() or len(given) > 9:
        faults.append({"field": field, "message": "expected a whole number"})
    elif int(given) < least:
        faults.append({"field": field, "message": f"expected a number of at least {least}"})
    else:
        return int(given)
    return None
