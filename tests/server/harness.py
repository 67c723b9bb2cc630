"""A gateway with one scripted provider for each dialect behind it, and the official clients before it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import anthropic
import openai

from bridge.server import GatewayServer
from tests.server.provider import ScriptedProvider

TYPES = {"chat": "openai", "messages": "anthropic", "responses": "openai-responses"}
DIALECTS = list(TYPES)


@dataclass
class ServerRig:
    """Our gateway, the providers behind it, and clients of each kind."""

    server: GatewayServer
    providers: dict[str, ScriptedProvider]
    openai: openai.AsyncOpenAI
    anthropic: anthropic.AsyncAnthropic
    http: aiohttp.ClientSession
    config: Path


def write_config(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o600)
    return path


@asynccontextmanager
async def open_rig(folder: Path, more: str = "", *, key: str = "", each: str = "") -> AsyncIterator[ServerRig]:
    """Providers named `chat`, `messages` and `responses`; `each` is written into every one, `more` after them all."""
    async with AsyncExitStack() as stack:
        providers = {name: await stack.enter_async_context(ScriptedProvider()) for name in DIALECTS}
        text = "".join(
            f'[providers.{name}]\ntype = "{kind}"\nurl = "{providers[name].url}"\nkey = "sk-provider-{name}"\n{each}\n'
            for name, kind in TYPES.items()
        )
        config = write_config(folder / "gateway.toml", text + more)
        server = await stack.enter_async_context(GatewayServer(config, port=0, key=key))
        one = openai.AsyncOpenAI(
            base_url=f"{server.url}/v1",
            api_key=key or "none",
            max_retries=0,
            http_client=openai.DefaultAsyncHttpxClient(trust_env=False),
        )
        other = anthropic.AsyncAnthropic(
            base_url=server.url,
            api_key=key or "none",
            max_retries=0,
            http_client=anthropic.DefaultAsyncHttpxClient(trust_env=False),
        )
        http = aiohttp.ClientSession(server.url)
        for client in (one, other, http):
            await stack.enter_async_context(client)
        yield ServerRig(server, providers, one, other, http, config)
