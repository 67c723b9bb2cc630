"""The reply engine: a stream of deltas becomes messages that grow on the platform, exactly once."""

from bridge.reply.deliver import Address, Footer, deliver
from bridge.reply.draft import Draft
from bridge.reply.pace import Pace
from bridge.reply.record import Record, Unrecorded

__all__ = ["Address", "Draft", "Footer", "Pace", "Record", "Unrecorded", "deliver"]
