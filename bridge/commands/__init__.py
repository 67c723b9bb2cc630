"""What one can ask of the bridge itself: one table of commands; a call goes in, text and buttons come out."""

from bridge.commands.audit import NOTHING, shown
from bridge.commands.chat_choices import CHOSEN, UNSET
from bridge.commands.context import CommandContext, CommandResult
from bridge.commands.conversation import LATER_ID
from bridge.commands.download import file_button
from bridge.commands.long_blocks import has_long_blocks
from bridge.commands.management import DEFAULT, Answered, Invite, Management, RequestAnswer, SettingValue
from bridge.commands.model_menu import MIN_COMMAND_BYTES, id_of, model_command
from bridge.commands.requests import REQUEST_ID
from bridge.commands.subjects import ends, moment, split_duration
from bridge.commands.table import Commands
from bridge.commands.titles import first_words
from bridge.commands.usage import usage_figures

__all__ = [
    "CHOSEN",
    "DEFAULT",
    "LATER_ID",
    "MIN_COMMAND_BYTES",
    "NOTHING",
    "REQUEST_ID",
    "UNSET",
    "Answered",
    "CommandContext",
    "CommandResult",
    "Commands",
    "Invite",
    "Management",
    "RequestAnswer",
    "SettingValue",
    "ends",
    "file_button",
    "first_words",
    "has_long_blocks",
    "id_of",
    "model_command",
    "moment",
    "shown",
    "split_duration",
    "usage_figures",
]
