"""What can go wrong with a queue beside Redis itself."""

from __future__ import annotations

from bridge.errors import StoreError


class ClaimLost(StoreError):
    """Another worker has the chat, or may have it by now; what this one still wanted to write was not written."""


class InboxFull(StoreError):
    """Too many jobs wait in this chat; this one was not taken in."""
