"""How each kind of server looks from outside: its root, its list of models, its refusals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["litellm", "llama.cpp", "vllm", "ollama", "lmstudio", "openrouter", "new-api", "plain"]


@dataclass(frozen=True, slots=True)
class Shape:
    name: str
    """What people call it; empty where nothing tells."""
    root: tuple[int, str, str]
    """Status, content type and content of ``GET /``."""
    models: Sequence[str]
    entry: Callable[[str], dict[str, Any]]
    no_key: tuple[int, Any]
    wrong_key: tuple[int, Any]
    no_model: Callable[[str], tuple[int, Any]]
    headers: dict[str, str] = field(default_factory=dict)
    path: str = ""
    """What stands before /v1."""
    open_list: bool = False
    """The list of models needs no key."""
    list_more: dict[str, Any] = field(default_factory=dict)


def _owned(owner: str, **more: Any) -> Callable[[str], dict[str, Any]]:
    return lambda id: {"id": id, "object": "model", "created": 1795875247, "owned_by": owner, **more}


def _error(message: str, kind: str, code: object, **more: Any) -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "param": None, "code": code, **more}}


_INVALID = "invalid_request_error"
_LLAMA_401 = (401, {"error": {"code": 401, "message": "Invalid API Key", "type": "authentication_error"}})
_OPENROUTER_401 = (401, {"error": {"message": "No auth credentials found", "code": 401}})
_NEW_API_401 = (401, _error("无效的令牌 (request id: 20261128141322)", "new_api_error", ""))

KINDS: dict[Kind, Shape] = {
    "litellm": Shape(
        "LiteLLM",
        (200, "text/html", "<!DOCTYPE html><html><head><title>LiteLLM API - Swagger UI</title></head></html>"),
        ("gpt-4o", "claude-sonnet"),
        _owned("openai", mode="chat", max_input_tokens=128000),
        (
            401,
            _error("Authentication Error, No api key passed in.", "auth_error", "401", param="None"),
        ),
        (400, _error("No connected db.", "no_db_connection", "400")),
        lambda model: (
            400,
            _error(
                f"/chat/completions: Invalid model name passed in model={model}. "
                "Call `/v1/models` to view available models for your key.",
                _INVALID,
                "400",
            ),
        ),
    ),
    "llama.cpp": Shape(
        "llama.cpp",
        (200, "text/plain", "Error: gzip is not supported by this browser"),
        ("qwen3-8b-q4_k_m.gguf",),
        _owned("llamacpp", meta={"n_vocab": 151936, "n_ctx_train": 40960}),
        _LLAMA_401,
        _LLAMA_401,
        # It has one model and answers with that, whatever is asked for; a router refuses.
        lambda model: (400, {"error": {"code": 400, "message": f"model '{model}' not found", "type": _INVALID}}),
        headers={"Server": "llama.cpp"},
        open_list=True,
        list_more={"models": [{"name": "qwen3-8b-q4_k_m.gguf", "model": "qwen3-8b-q4_k_m.gguf"}]},
    ),
    "vllm": Shape(
        "vLLM",
        (404, "application/json", '{"detail":"Not Found"}'),
        ("Qwen/Qwen3-8B",),
        _owned("vllm", root="Qwen/Qwen3-8B", parent=None, max_model_len=40960),
        (401, {"error": "Unauthorized"}),
        (401, {"error": "Unauthorized"}),
        lambda model: (
            404,
            {
                "object": "error",
                "message": f"The model `{model}` does not exist.",
                "type": "NotFoundError",
                "param": None,
                "code": 404,
            },
        ),
        headers={"Server": "uvicorn"},
    ),
    "ollama": Shape(
        "Ollama",
        (200, "text/plain; charset=utf-8", "Ollama is running"),
        ("llama3.2:latest", "qwen3:8b", "hf.co/bartowski/gemma-3-4b-it-GGUF:Q4_K_M"),
        _owned("library"),
        (401, {"error": "unauthorized"}),
        (401, {"error": "unauthorized"}),
        lambda model: (404, _error(f'model "{model}" not found, try pulling it first', "api_error", None)),
        open_list=True,
    ),
    "lmstudio": Shape(
        "LM Studio",
        (200, "application/json; charset=utf-8", '{"error":"Unexpected endpoint or method. (GET /)"}'),
        ("qwen/qwen3-4b", "google/gemma-3-12b", "text-embedding-nomic-embed-text-v1.5"),
        lambda id: {"id": id, "object": "model", "owned_by": "organization_owner"},
        (
            401,
            _error("An LM Studio API token is required to make requests to this server.", _INVALID, "invalid_api_key"),
        ),
        (401, _error("Malformed LM Studio API token provided.", _INVALID, "invalid_api_key")),
        lambda model: (
            404,
            _error(f'Failed to load model "{model}". Error: Model not found', _INVALID, "model_not_found"),
        ),
        headers={"X-Powered-By": "Express"},
    ),
    "openrouter": Shape(
        "",
        (404, "text/html", "<!DOCTYPE html><html><body>Not Found | OpenRouter</body></html>"),
        ("openai/gpt-4o", "anthropic/claude-sonnet-4.5", "deepseek/deepseek-r1:free"),
        lambda id: {"id": id, "name": f"{id.partition('/')[0].title()}: {id.partition('/')[2]}", "created": 1},
        _OPENROUTER_401,
        (401, {"error": {"message": "User not found.", "code": 401}}),
        lambda model: (400, {"error": {"message": f"{model} is not a valid model ID", "code": 400}}),
        path="/api",
        open_list=True,
    ),
    "new-api": Shape(
        "New API",
        (200, "text/html; charset=utf-8", "<!doctype html><html><head><title>New API</title></head></html>"),
        ("gpt-4o", "claude-sonnet-4-5", "gpt-5-codex", "text-embedding-3-small"),
        lambda id: _owned("custom", supported_endpoint_types=["openai-response" if "codex" in id else "openai"])(id),
        _NEW_API_401,
        _NEW_API_401,
        lambda model: (
            503,
            _error(
                f"No available channel for model {model} under group default (distributor) (request id: 2026)",
                "new_api_error",
                "model_not_found",
            ),
        ),
        list_more={"success": True},
    ),
    "plain": Shape(
        "",
        (404, "text/html", "<h1>proxy</h1>"),
        ("gpt-4o", "llama3:8b"),
        _owned("openai"),
        (401, _error("no", "auth_error", "401")),
        (401, _error("no", "auth_error", "401")),
        lambda model: (404, _error(f"The model `{model}` does not exist", _INVALID, "model_not_found")),
    ),
}
