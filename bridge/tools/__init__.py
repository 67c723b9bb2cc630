"""Tools that a model may call: built in, of MCP servers of one's own, and of those that Cherry Studio has.

What comes from a server is data: cleaned, bounded, and never trusted to decide anything. Nothing here is connected,
started or imported before a chat uses tools.
"""

from bridge.tools.approvals import APPROVAL_SECONDS, DECISIONS, Approvals, Decision, PendingCall, ways_to_decide
from bridge.tools.built_in import BuiltInTools
from bridge.tools.clean import function_names, lines, plain, within
from bridge.tools.configured import read_servers
from bridge.tools.permissions import CHOICES, ToolChoices
from bridge.tools.reminders import Reminders
from bridge.tools.results import bounded
from bridge.tools.tool import (
    BUILT_IN,
    PERMISSIONS,
    Permission,
    Tool,
    ToolContext,
    ToolError,
    ToolFile,
    ToolOutcome,
    ToolServer,
)
from bridge.tools.toolbox import LONG_WAIT_SECONDS, WAIT_SECONDS, Offer, Toolbox

__all__ = [
    "APPROVAL_SECONDS",
    "BUILT_IN",
    "CHOICES",
    "DECISIONS",
    "LONG_WAIT_SECONDS",
    "PERMISSIONS",
    "WAIT_SECONDS",
    "Approvals",
    "BuiltInTools",
    "Decision",
    "Offer",
    "PendingCall",
    "Permission",
    "Reminders",
    "Tool",
    "ToolChoices",
    "ToolContext",
    "ToolError",
    "ToolFile",
    "ToolOutcome",
    "ToolServer",
    "Toolbox",
    "bounded",
    "function_names",
    "lines",
    "plain",
    "read_servers",
    "ways_to_decide",
    "within",
]
