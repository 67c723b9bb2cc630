"""Providers whose addresses and habits are known, so that a name and a key are enough.

Each address is the one to which a dialect's path (``/chat/completions``, ``/messages``, ``/responses``) is appended,
as the provider documents it; the page is named beside it, read in November 2026.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from bridge.server.dialects.base import Name

Auth = Literal["bearer", "x-api-key", "api-key"]


@dataclass(frozen=True, slots=True)
class Preset:
    label: str
    urls: Mapping[Name, str]
    """By dialect; the first is the one that others are translated to."""
    env: str = ""
    """The variable in which people keep the key."""
    auth: Auth = "bearer"
    needs_key: bool = True
    kind: str = "openai"
    """What Cherry Studio calls this type of provider."""
    max_completion_tokens: bool = False
    reasoning_history: bool = False


_OPENAI = "https://api.openai.com/v1"
_COMET = "https://api.cometapi.com/v1"
_LM_STUDIO = "http://127.0.0.1:1234/v1"
_DEEPSEEK = "https://api.deepseek.com"
_MOONSHOT = "https://api.moonshot.cn"
_ZHIPU = "https://open.bigmodel.cn/api"

PRESETS: Mapping[str, Preset] = {
    # https://platform.openai.com/docs/api-reference
    "openai": Preset(
        "OpenAI", {"chat": _OPENAI, "responses": _OPENAI}, env="OPENAI_API_KEY", max_completion_tokens=True
    ),
    # https://platform.claude.com/docs/en/api/overview
    "anthropic": Preset(
        "Anthropic",
        {"messages": "https://api.anthropic.com/v1"},
        env="ANTHROPIC_API_KEY",
        auth="x-api-key",
        kind="anthropic",
    ),
    # https://learn.microsoft.com/azure/foundry/openai/api-version-lifecycle: the v1 API, at the resource's own address
    "azure": Preset(
        "Azure OpenAI", {}, env="AZURE_OPENAI_API_KEY", auth="api-key", kind="azure-openai", max_completion_tokens=True
    ),
    # https://ai.google.dev/gemini-api/docs/openai
    "gemini": Preset(
        "Gemini",
        {"chat": "https://generativelanguage.googleapis.com/v1beta/openai"},
        env="GEMINI_API_KEY",
        kind="gemini",
    ),
    # https://docs.ollama.com/api/openai-compatibility
    "ollama": Preset("Ollama", {"chat": "http://127.0.0.1:11434/v1"}, needs_key=False, kind="ollama"),
    # https://lmstudio.ai/docs/developer/openai-compat
    "lmstudio": Preset("LM Studio", {"chat": _LM_STUDIO, "responses": _LM_STUDIO}, needs_key=False),
    # https://openrouter.ai/docs/api-reference/overview
    "openrouter": Preset("OpenRouter", {"chat": "https://openrouter.ai/api/v1"}, env="OPENROUTER_API_KEY"),
    # https://apidoc.cometapi.com
    "cometapi": Preset("CometAPI", {"chat": _COMET, "messages": _COMET, "responses": _COMET}, env="COMETAPI_KEY"),
    # https://docs.apiyi.com
    "apiyi": Preset("API易", {"chat": "https://api.apiyi.com/v1"}, env="APIYI_API_KEY"),
    # https://api-docs.deepseek.com and https://api-docs.deepseek.com/guides/anthropic_api
    "deepseek": Preset(
        "DeepSeek",
        {"chat": _DEEPSEEK, "messages": f"{_DEEPSEEK}/anthropic/v1"},
        env="DEEPSEEK_API_KEY",
        reasoning_history=True,
    ),
    # https://docs.siliconflow.cn
    "siliconflow": Preset("SiliconFlow", {"chat": "https://api.siliconflow.cn/v1"}, env="SILICONFLOW_API_KEY"),
    # https://platform.moonshot.cn/docs; outside of China it is api.moonshot.ai, and the keys are others
    "moonshot": Preset(
        "Moonshot",
        {"chat": f"{_MOONSHOT}/v1", "messages": f"{_MOONSHOT}/anthropic/v1"},
        env="MOONSHOT_API_KEY",
        reasoning_history=True,
    ),
    # https://docs.bigmodel.cn/cn/guide/develop/http/introduction; outside of China it is api.z.ai
    "zhipu": Preset(
        "智谱",
        {"chat": f"{_ZHIPU}/paas/v4", "messages": f"{_ZHIPU}/anthropic/v1"},
        env="ZHIPU_API_KEY",
    ),
}
