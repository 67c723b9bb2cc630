"""From a request to a model's performance: what is asked for is checked as v1.7 to v1.9 check it, in their words."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from bridge.demo import chat
from bridge.demo import messages as anthropic
from bridge.demo.catalog import BY_PROVIDER, Model
from bridge.demo.conversation import read
from bridge.demo.performance import Performance, Refusal, count
from bridge.demo.play import play
from bridge.demo.wire import Dialect, Rejected, body_of

PACE = web.AppKey("pace", float)


async def chat_completions(request: web.Request) -> web.StreamResponse:
    """``POST /v1/chat/completions``."""
    try:
        body = await body_of(request)
        model = _model(body.get("model"))
        if model.provider.type != "openai":
            said = f"Provider '{model.provider.id}' of type '{model.provider.type}' is not supported"
            raise Rejected("unsupported_provider_type", f"{said} for OpenAI chat completions")
        _check_chat(body)
    except Rejected as rejected:
        return chat.rejection(rejected)
    options = body.get("stream_options")
    include_usage = isinstance(options, dict) and bool(options.get("include_usage"))
    dialect = chat.ChatDialect(model.id.model, include_usage=include_usage)
    limit = body.get("max_completion_tokens") or body.get("max_tokens")
    return await _answer(request, body, model, dialect, limit)


async def messages(request: web.Request) -> web.StreamResponse:
    """``POST /v1/messages``."""
    try:
        body = await body_of(request)
        model = _model(body.get("model"))
        _check_messages(body)
    except Rejected as rejected:
        return anthropic.rejection(rejected)
    return await _answer(request, body, model, anthropic.MessagesDialect(model.id.model), body["max_tokens"])


async def provider_messages(request: web.Request) -> web.StreamResponse:
    """``POST /{provider}/v1/messages``: the model goes by its bare name, and only the provider knows it."""
    try:
        body = await body_of(request)
        provider = request.match_info["provider"]
        if provider not in BY_PROVIDER:
            raise Rejected("provider_not_found", f"Provider '{provider}' not found or not enabled")
        name = _name(body.get("model"))
        _check_messages(body)
    except Rejected as rejected:
        return anthropic.rejection(rejected)
    dialect = anthropic.MessagesDialect(name)
    model = BY_PROVIDER[provider].get(name)
    if model is None:
        return dialect.refusal(Refusal(404, "not_found_error", f"model: {name}"), stream=bool(body.get("stream")))
    return await _answer(request, body, model, dialect, body["max_tokens"])


async def _answer(
    request: web.Request, body: dict[str, Any], model: Model, dialect: Dialect, limit: Any
) -> web.StreamResponse:
    conversation = read(body["messages"], body.get("system"))
    performance: Performance = model.perform(conversation)
    return await play(
        request,
        performance.within(int(limit)) if _positive(limit) else performance,
        dialect,
        model=str(model.id),
        prompt_tokens=count(conversation),
        stream=bool(body.get("stream")),  # the gateway, too, takes any true value
        pace=request.app[PACE],
    )


def _model(name: Any) -> Model:
    """The model of that full name. Raises Rejected."""
    name = _name(name)
    provider, colon, bare = name.partition(":")
    if not colon:
        expected = "Expected format: 'provider:model_id' (e.g., 'my-openai:gpt-4')"
        raise Rejected("invalid_model_format", f"Invalid model format. {expected}")
    if not (provider.strip() and bare.strip()):
        said = "Both provider and model_id must be non-empty. Expected: 'provider:model_id'"
        raise Rejected("invalid_model_format", f"Invalid model format. {said}")
    if provider not in BY_PROVIDER:
        said = f"Provider '{provider}' not found, not enabled, or not supported."
        raise Rejected("provider_not_found", f"{said} Only OpenAI providers are currently supported.")
    if bare not in BY_PROVIDER[provider]:
        said = f"Model '{bare}' not available in provider '{provider}'."
        raise Rejected("model_not_available", f"{said} Available models: {', '.join(BY_PROVIDER[provider])}")
    return BY_PROVIDER[provider][bare]


def _name(name: Any) -> str:
    if not isinstance(name, str) or not name:
        raise Rejected("invalid_model_parameter", "Model must be a non-empty string")
    return name


def _check_chat(body: dict[str, Any]) -> None:
    said = body.get("messages")
    if said is None:  # nothing looks before it counts them
        found = "null" if "messages" in body else "undefined"
        raise Rejected("internal_error", f"Cannot read properties of {found} (reading 'length')", 500)
    if not isinstance(said, list):
        raise Rejected("validation_failed", "Messages must be an array")
    if not said:
        raise Rejected("validation_failed", "Messages array cannot be empty")


def _check_messages(body: dict[str, Any]) -> None:
    if not isinstance(said := body.get("messages"), list) or not said:
        raise Rejected("validation_failed", "messages is required and must be a non-empty array")
    if not _positive(body.get("max_tokens")):
        raise Rejected("validation_failed", "max_tokens is required and must be a positive number")


def _positive(limit: Any) -> bool:
    return isinstance(limit, int | float) and not isinstance(limit, bool) and 1 <= limit <= 10**9
