"""A gateway for any client: OpenAI's and Anthropic's dialects, in front of providers that speak any of them.

Nothing of it is imported unless it is used.
"""

from bridge.server.codec import encode
from bridge.server.config import GatewayConfig, Price, ProviderSpec, ServerConfig, parse_config, read_config
from bridge.server.errors import ApiError, from_provider, silent, unreachable
from bridge.server.events import Counted, Event, Started, Stopped, StopReason, TokenCounts
from bridge.server.inside import OwnGateway
from bridge.server.knowledge import FoundPassage, KnowledgeBase
from bridge.server.ledger import LEDGER_FILE_NAME, MICROS, ClientKey, Ledger, keep_owner, parse_budget
from bridge.server.mcps import McpServer, McpSpec
from bridge.server.models import ListedModel
from bridge.server.presets import PRESETS
from bridge.server.provider import HttpProvider
from bridge.server.rates import parse_rate
from bridge.server.request import Image, Message, Request, Role, ToolResult
from bridge.server.server import GatewayServer
from bridge.server.upstream import Upstream, read_all

__all__ = [
    "LEDGER_FILE_NAME",
    "MICROS",
    "PRESETS",
    "ApiError",
    "ClientKey",
    "Counted",
    "Event",
    "FoundPassage",
    "GatewayConfig",
    "GatewayServer",
    "HttpProvider",
    "Image",
    "KnowledgeBase",
    "Ledger",
    "ListedModel",
    "McpServer",
    "McpSpec",
    "Message",
    "OwnGateway",
    "Price",
    "ProviderSpec",
    "Request",
    "Role",
    "ServerConfig",
    "Started",
    "StopReason",
    "Stopped",
    "TokenCounts",
    "ToolResult",
    "Upstream",
    "encode",
    "from_provider",
    "keep_owner",
    "parse_budget",
    "parse_config",
    "parse_rate",
    "read_all",
    "read_config",
    "silent",
    "unreachable",
]
