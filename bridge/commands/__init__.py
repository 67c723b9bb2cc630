"""What one can ask of the bridge itself: one table of commands; a call goes in, text and buttons come out."""

from bridge.commands.audit import NOTHING, shown
from bridge.commands.context import CommandContext, CommandResult
from bridge.commands.conversation import LATER_ID
from bridge.commands.requests import REQUEST_ID
from bridge.commands.subjects import moment, split_duration
from bridge.commands.table import Commands
from bridge.commands.usage import usage_figures

__all__ = [
    "LATER_ID",
    "NOTHING",
    "REQUEST_ID",
    "CommandContext",
    "CommandResult",
    "Commands",
    "moment",
    "shown",
    "split_duration",
    "usage_figures",
]
