"""The reply engine: a stream of events becomes messages that grow on the platform, exactly once."""

from bridge.reply.account import Account
from bridge.reply.citations import cited
from bridge.reply.deliver import Address, Footer, deliver
from bridge.reply.draft import Aside, Draft, picture_file
from bridge.reply.pace import Pace
from bridge.reply.record import Record, Unrecorded

__all__ = [
    "Account",
    "Address",
    "Aside",
    "Draft",
    "Footer",
    "Pace",
    "Record",
    "Unrecorded",
    "cited",
    "deliver",
    "picture_file",
]
