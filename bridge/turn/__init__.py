"""One job of a chat's queue, from its admission to the last word of its answer."""

from bridge.turn.active import ActiveAnswers
from bridge.turn.answer import Answerer
from bridge.turn.attachments import Attachments
from bridge.turn.load import Load
from bridge.turn.outage import OutageMonitor
from bridge.turn.replies import Replies
from bridge.turn.tokens import estimate

__all__ = ["ActiveAnswers", "Answerer", "Attachments", "Load", "OutageMonitor", "Replies", "estimate"]
