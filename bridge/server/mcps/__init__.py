"""MCP servers behind the gateway, in front of any number of clients.

The official package is imported when a server is first used.
"""

from bridge.server.mcps.config import McpSpec
from bridge.server.mcps.server import McpServer

__all__ = ["McpServer", "McpSpec"]
