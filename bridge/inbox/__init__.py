"""The durable queue: what is to be done in each chat, who is doing it, and how far it has come.

Whatever goes wrong with Redis leaves this package as `bridge.errors.StoreError`.
"""

from __future__ import annotations

from bridge.inbound import ChatMoved
from bridge.inbox.aside import CRASHED, FAILED, REFUSED, Aside, Kept
from bridge.inbox.backlog import Backlog
from bridge.inbox.claim import Claim
from bridge.inbox.errors import ClaimLost, InboxFull
from bridge.inbox.inbox import Inbox
from bridge.inbox.job import Action, CommandCall, Job, Notice, Question, lane_of
from bridge.inbox.joining import join as joined
from bridge.inbox.queue import Changed, Put
from bridge.inbox.record import MAX_RESULT_BYTES, MAX_STEPS, ReplyRecord, Step
from bridge.inbox.turn import UNREADABLE, Turn
from bridge.inbox.under_way import Queues, UnderWay
from bridge.store import Lane

__all__ = [
    "CRASHED",
    "FAILED",
    "MAX_RESULT_BYTES",
    "MAX_STEPS",
    "REFUSED",
    "UNREADABLE",
    "Action",
    "Aside",
    "Backlog",
    "Changed",
    "ChatMoved",
    "Claim",
    "ClaimLost",
    "CommandCall",
    "Inbox",
    "InboxFull",
    "Job",
    "Kept",
    "Lane",
    "Notice",
    "Put",
    "Question",
    "Queues",
    "ReplyRecord",
    "Step",
    "Turn",
    "UnderWay",
    "joined",
    "lane_of",
]
