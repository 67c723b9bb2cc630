"""``GET /v1/models``: a page of the catalog, twenty models unless more are asked for."""

from __future__ import annotations

import math
import time

from aiohttp import web

from bridge.demo import catalog
from bridge.demo.wire import reply

PAGE = 20
"""The default of v1.7 to v1.9: a plain request does not get them all."""
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


async def models(request: web.Request) -> web.Response:
    faults: list[dict[str, str]] = []
    limit = _number(request, "limit", PAGE, 1, faults)
    offset = _number(request, "offset", 0, 0, faults)
    wanted = request.query.get("providerType")
    if wanted is not None and wanted not in KNOWN_TYPES:
        options = "|".join(f'"{kind}"' for kind in KNOWN_TYPES)
        faults.append({"field": "providerType", "message": f"Invalid option: expected one of {options}"})
    if faults:
        said = {"message": "Invalid query parameters", "type": "invalid_request_error", "code": "invalid_parameters"}
        return reply({"error": {**said, "details": faults}}, 400)
    # The other types are taken and change nothing.
    listed = [model for model in catalog.MODELS if wanted != "anthropic" or model.provider.type == wanted]
    page = [_entry(model) for model in listed[offset : offset + limit]]
    return reply({"object": "list", "data": page, "total": len(listed), "offset": offset, "limit": limit})


def _number(request: web.Request, field: str, default: int, least: int, faults: list[dict[str, str]]) -> int:
    """A whole number from the query, read as JavaScript would: nothing is nought."""
    given = request.query.get(field)
    if given is None:
        return default
    try:
        number = float(given or 0)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        faults.append({"field": field, "message": "Invalid input: expected number, received NaN"})
        return default
    if number < least:
        faults.append({"field": field, "message": f"Too small: expected number to be >={least}"})
    return int(number)


def _entry(model: catalog.Model) -> dict[str, str | int]:
    provider = model.provider
    return {
        "id": str(model.id),
        "object": "model",
        "name": model.name,
        "created": int(time.time()),  # of the request: the gateway does not know better either
        "owned_by": provider.name,
        "provider": provider.id,
        "provider_name": provider.name,
        "provider_type": provider.type,
        "provider_model_id": model.id.model,
    }
