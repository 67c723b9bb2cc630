"""Providers whose addresses and habits are known, so that a name and a key are enough.

Each address is the one to which a dialect's path (``/chat/completions``, ``/messages``, ``/responses``) is appended,
as the provider documents it; the page that says so is named beside it, read in November 2026.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from bridge.server.dialects.base import Name

Auth = Literal["bearer", "x-api-key", "api-key"]


@dataclass(frozen=True, slots=True)
class Preset:
    label: str
    urls: Mapping[Name, str]
    """By dialect; the first is the one that others are translated to."""
    only: Mapping[Name, tuple[str, ...]] = field(default_factory=dict)
    """Patterns of the models that speak a dialect, where not all do; the others are translated to the first."""
    env: str = ""
    """The variable in which people keep the key."""
    auth: Auth = "bearer"
    needs_key: bool = True
    kind: str = "openai"
    """What Cherry Studio calls this type of provider."""
    max_completion_tokens: bool = False
    reasoning_history: bool = False


_CLAUDE = ("*claude*",)
_GPT = ("gpt-*", "o[0-9]*", "codex*")
_OPENAI = "https://api.openai.com/v1"
_COMET = "https://api.cometapi.com/v1"
_APIYI = "https://api.apiyi.com/v1"
_SILICONFLOW = "https://api.siliconflow.cn/v1"
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
    # https://docs.ollama.com/api/openai-compatibility; messages and responses came with 0.14 and 0.13.3, so translated
    "ollama": Preset("Ollama", {"chat": "http://127.0.0.1:11434/v1"}, needs_key=False, kind="ollama"),
    # https://lmstudio.ai/docs/api/openai-api
    "lmstudio": Preset("LM Studio", {"chat": _LM_STUDIO, "responses": _LM_STUDIO}, needs_key=False),
    # https://openrouter.ai/docs/api-reference/overview
    "openrouter": Preset("OpenRouter", {"chat": "https://openrouter.ai/api/v1"}, env="OPENROUTER_API_KEY"),
    # https://apidoc.cometapi.com/api/text/anthropic-messages: messages for Claude
    "cometapi": Preset(
        "CometAPI",
        {"chat": _COMET, "messages": _COMET, "responses": _COMET},
        only={"messages": _CLAUDE, "responses": _GPT},
        env="COMETAPI_KEY",
    ),
    # https://docs.apiyi.com/faq/base-url-config and https://docs.apiyi.com/api-manual: messages for Claude
    "apiyi": Preset(
        "API易",
        {"chat": _APIYI, "messages": _APIYI, "responses": _APIYI},
        only={"messages": _CLAUDE, "responses": _GPT},
        env="APIYI_API_KEY",
    ),
    # https://api-docs.deepseek.com and https://api-docs.deepseek.com/guides/anthropic_api
    "deepseek": Preset(
        "DeepSeek",
        {"chat": _DEEPSEEK, "messages": f"{_DEEPSEEK}/anthropic/v1"},
        env="DEEPSEEK_API_KEY",
        reasoning_history=True,
    ),
    # https://docs.siliconflow.cn/docs/userguide/quickstart and https://docs.siliconflow.cn/cn/docs/api/messages-post;
    # outside of China it is api.siliconflow.com
    "siliconflow": Preset("SiliconFlow", {"chat": _SILICONFLOW, "messages": _SILICONFLOW}, env="SILICONFLOW_API_KEY"),
    # https://platform.moonshot.cn/docs; outside of China it is api.moonshot.ai, and the keys are others. Messages: what
    # users of Claude Code set, such as https://kimi-k25.com/blog/kimi-k2-5-claude-code
    "moonshot": Preset(
        "Moonshot",
        {"chat": f"{_MOONSHOT}/v1", "messages": f"{_MOONSHOT}/anthropic/v1"},
        env="MOONSHOT_API_KEY",
        reasoning_history=True,
    ),
    # https://docs.bigmodel.cn/cn/guide/develop/http/introduction; outside of China it is api.z.ai. Messages: what users
    # of Claude Code set, such as https://github.com/Agents365-ai/dsclaude
    "zhipu": Preset(
        "智谱",
        {"chat": f"{_ZHIPU}/paas/v4", "messages": f"{_ZHIPU}/anthropic/v1"},
        env="ZHIPU_API_KEY",
    ),
}
