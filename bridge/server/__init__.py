"""A gateway for any client: OpenAI's and Anthropic's dialects, in front of providers that speak any of them.

Nothing of it is imported unless it is used.
"""

from bridge.server.server import GatewayServer

__all__ = ["GatewayServer"]
