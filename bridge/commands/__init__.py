"""What one can context of the bridge itself: one table, text and buttons out."""

from bridge.commands.context import CommandContext, CommandResult
from bridge.commands.conversation import LATER_ID
from bridge.commands.parse import Parsed, parse
from bridge.commands.requests import REQUEST_ID
from bridge.commands.table import Commands

__all__ = ["LATER_ID", "REQUEST_ID", "CommandContext", "CommandResult", "Commands", "Parsed", "parse"]
