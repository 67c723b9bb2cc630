"""Providers whose addresses are known: where a model is asked, and in which dialect."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from bridge.server import PRESETS, HttpProvider, ListedModel, ServerConfig, Upstream, parse_config
from bridge.server.dialects import DIALECTS, Name

ROUTES = tuple(dialect.path for dialect in DIALECTS.values())


@pytest.mark.parametrize("name", PRESETS)
def test_an_address_is_one_to_which_a_route_is_added(name: str) -> None:
    preset = PRESETS[name]
    for url in preset.urls.values():
        assert not url.endswith(("/", *ROUTES))
        assert urlsplit(url).scheme == "https" or urlsplit(url).hostname == "127.0.0.1"
    assert set(preset.only) <= set(preset.urls)
    assert not preset.urls or next(iter(preset.urls)) not in preset.only, "the first is what others are translated to"


@pytest.mark.parametrize(
    ("provider", "model", "wanted", "asked", "url"),
    [
        ("openai", "gpt-5", "responses", "responses", "https://api.openai.com/v1"),
        ("openai", "gpt-5", "messages", "chat", "https://api.openai.com/v1"),
        ("anthropic", "claude-opus-5", "chat", "messages", "https://api.anthropic.com/v1"),
        ("cometapi", "claude-opus-5", "messages", "messages", "https://api.cometapi.com/v1"),
        ("cometapi", "claude-opus-5", "responses", "chat", "https://api.cometapi.com/v1"),
        ("cometapi", "gpt-5", "responses", "responses", "https://api.cometapi.com/v1"),
        ("cometapi", "gpt-5", "messages", "chat", "https://api.cometapi.com/v1"),
        ("apiyi", "anthropic/claude-sonnet-5", "messages", "messages", "https://api.apiyi.com/v1"),
        ("apiyi", "deepseek-v4-pro", "responses", "chat", "https://api.apiyi.com/v1"),
        ("deepseek", "deepseek-flash", "messages", "messages", "https://api.deepseek.com/anthropic/v1"),
        ("siliconflow", "deepseek-ai/DeepSeek-V4-Pro", "messages", "messages", "https://api.siliconflow.cn/v1"),
        ("moonshot", "kimi-k2.5", "messages", "messages", "https://api.moonshot.cn/anthropic/v1"),
        ("zhipu", "glm-5", "chat", "chat", "https://open.bigmodel.cn/api/paas/v4"),
        ("gemini", "gemini-3-pro", "messages", "chat", "https://generativelanguage.googleapis.com/v1beta/openai"),
        ("ollama", "qwen3", "messages", "chat", "http://127.0.0.1:11434/v1"),
    ],
)
async def test_a_model_is_asked_in_a_dialect_that_it_speaks(
    tmp_path: Path, provider: str, model: str, wanted: Name, asked: Name, url: str
) -> None:
    config = parse_config(f'[providers.{provider}]\nkey = "sk-12345678"\n', tmp_path / "gateway.toml")
    async with Upstream() as upstream:
        found = HttpProvider(config.providers[provider], ServerConfig(), upstream)
        dialect = found.native(wanted, ListedModel(model, model))
    assert (dialect, found.spec.urls[dialect]) == (asked, url)
