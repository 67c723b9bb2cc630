"""The gateway of `bridge.server` with the demo's models as its only providers, two MCP servers and a knowledge
base."""

from __future__ import annotations

from typing import Self

from bridge.demo.catalog import MODELS, PROVIDERS
from bridge.demo.knowledge import bases
from bridge.demo.provider import DemoProvider
from bridge.demo.tool_servers import servers
from bridge.server import GatewayServer


class DemoGateway(GatewayServer):
    """Used with ``async with``. Entering raises OSError where the port is taken.

    With a `key`, requests are refused without it; with an empty one, any key will do, or none. `pace` multiplies every
    wait: 1 is the pace of a person's provider, 0 is as fast as the machine can.
    """

    def __init__(self, *, host: str = "127.0.0.1", port: int = 0, key: str = "", pace: float = 1.0) -> None:
        if pace < 0:
            raise ValueError("the pace is a factor: 0 or more")
        providers = [
            DemoProvider(entry, [model for model in MODELS if model.provider.id == entry.id], pace)
            for entry in PROVIDERS
        ]
        super().__init__(local=providers, host=host, port=port, key=key)

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        self.registry.mcps = servers()
        self.registry.knowledge = bases()
        return self
