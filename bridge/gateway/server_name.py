"""What people call a server that is not Cherry Studio, as far as its address or its answers tell."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

import httpx

from bridge.errors import OWN_GATEWAY

_HOSTS = {
    "openrouter.ai": "OpenRouter",
    "cometapi.com": "CometAPI",
    "apiyi.com": "API易",
    "openai.com": "OpenAI",
    "deepseek.com": "DeepSeek",
    "siliconflow.cn": "SiliconFlow",
    "aihubmix.com": "AiHubMix",
}
_PORTS = {11434: "Ollama", 1234: "LM Studio"}
"""On this machine nothing else is likely to listen there."""
_ROOTS = {
    f'"name": "{OWN_GATEWAY}"': OWN_GATEWAY,
    "LiteLLM": "LiteLLM",
    "Ollama is running": "Ollama",
    "Unexpected endpoint or method": "LM Studio",
    "<title>New API": "New API",
    "<title>One API": "One API",
    "llama.cpp": "llama.cpp",
}
"""By what stands in the page at the root."""
_OWNERS = {"library": "Ollama", "vllm": "vLLM", "llamacpp": "llama.cpp", "organization_owner": "LM Studio"}
"""By what every entry of the list of models says of its owner."""
MAX_ROOT_CHARACTERS = 20_000


def name_by_address(url: str) -> str:
    """The name of a service or program that is known by its address; empty where it is not."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    known = (name for domain, name in _HOSTS.items() if host == domain or host.endswith(f".{domain}"))
    local = _PORTS.get(parts.port or 0, "") if host in ("127.0.0.1", "localhost", "::1") else ""
    return next(known, local)


def name_by_root(response: httpx.Response) -> str:
    """The name that the response to ``GET /`` tells; empty where it tells none."""
    if response.headers.get("server", "").startswith("llama.cpp"):
        return "llama.cpp"
    page = response.text[:MAX_ROOT_CHARACTERS]
    return next((name for sign, name in _ROOTS.items() if sign in page), "")


def name_by_models(entries: Sequence[dict[str, object]]) -> str:
    """The name that the list of models tells; empty where it tells none."""
    owners = {entry.get("owned_by") for entry in entries}
    owner = owners.pop() if len(owners) == 1 else None
    return _OWNERS.get(owner, "") if isinstance(owner, str) else ""
