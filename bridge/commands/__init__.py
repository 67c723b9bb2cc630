"""What one can ask of the bridge itself: one table, text and choices out."""

from bridge.commands.answer import Answer, Ask
from bridge.commands.parse import Parsed, parse
from bridge.commands.requests import REQUEST_ID
from bridge.commands.table import Commands
from bridge.commands.talk import LATER_ID

__all__ = ["LATER_ID", "REQUEST_ID", "Answer", "Ask", "Commands", "Parsed", "parse"]
