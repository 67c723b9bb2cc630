"""One job of a chat's queue, from its admission to the last word of its answer."""

from bridge.turn.active import ActiveAnswers
from bridge.turn.answer import Answerer
from bridge.turn.asking import Asking
from bridge.turn.attachments import Attachments, Received
from bridge.turn.context import request_messages, user_messages
from bridge.turn.footer import sources_list, stood_in, unread, unshown
from bridge.turn.load import Load
from bridge.turn.outage import OutageMonitor
from bridge.turn.replies import Replies
from bridge.turn.tokens import estimate
from bridge.turn.tools import TurnTools

__all__ = [
    "ActiveAnswers",
    "Answerer",
    "Asking",
    "Attachments",
    "Load",
    "OutageMonitor",
    "Received",
    "Replies",
    "TurnTools",
    "estimate",
    "request_messages",
    "sources_list",
    "stood_in",
    "unread",
    "unshown",
    "user_messages",
]
