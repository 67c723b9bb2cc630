"""The client of MCP servers: one connection to each, over standard input and output or HTTP, by the official package.

The package is imported when a server is first used.
"""

from bridge.mcp.configured import ConfiguredServer
from bridge.mcp.connection import McpConnection, McpFailed, all_tools, is_lost

__all__ = ["ConfiguredServer", "McpConnection", "McpFailed", "all_tools", "is_lost"]
