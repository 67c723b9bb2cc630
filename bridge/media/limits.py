"""How much is read of what people send, and what is refused before anything is downloaded."""

from __future__ import annotations

from dataclasses import dataclass

from bridge.media.errors import Unreadable
from bridge.types import Attachment

MAX_ATTACHMENTS = 10
"""Attachments that are read of one message: as many as an album holds in Telegram, and a message in Discord."""
DOWNLOAD_SECONDS, SILENCE_SECONDS = 120.0, 30.0
"""Seconds for a whole download, and seconds without a byte, after which it is given up."""
MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class MediaLimits:
    file_bytes: int = 20 * MEGABYTE


@dataclass(frozen=True, slots=True)
class Extent:
    """How much of a document is read."""

    tokens: int
    """By estimate."""
    pages: range | None = None
    """None: from the front."""


def check(attachment: Attachment, limits: MediaLimits, *, can_hear: bool) -> None:
    """Raise Unreadable where it is already known that `attachment` is not read."""
    name = attachment.name
    if not attachment.ref:
        raise Unreadable("unsupported", name)
    if attachment.size > limits.file_bytes:
        raise Unreadable("too_large", name, limit=limits.file_bytes // MEGABYTE)
    if attachment.kind in ("audio", "video") and not (can_hear or attachment.still):
        raise Unreadable("no_speech", name)
