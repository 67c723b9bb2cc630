"""Join what people sent as one and Telegram delivers in pieces: albums, and texts longer than a message.

The pieces of an album share an id; those of a long text share nothing but their sender and the moment, and all
but the last are about as long as a message can be. A group that may still grow is `open`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from bridge.inbound import Inbound, Said
from bridge.types import Attachment, Chat, User
from channels.telegram.updates import Arrival

FULL_LENGTH = 4096
"""Where clients cut a text, in UTF-16 units. A shorter piece was cut between words, and lost the space there."""
SPLIT_LENGTH = 3900
"""A text at least this long may be such a piece."""
MAX_PIECES = 16
MAX_ALBUM_FILES = 10
"""Bot API, sendMediaGroup; people's apps send no more either."""
MAX_GAP_SECONDS = 2.0
"""Between two pieces of one text: they are sent within a tenth of a second, but dated in whole ones."""


@dataclass(slots=True)
class Group:
    """One event, or one message in pieces, oldest first; with the ids of their updates."""

    updates: list[int]
    pieces: list[Arrival]

    @property
    def open(self) -> bool:
        """Whether another piece may be on its way."""
        last = self.pieces[-1]
        if last.album:
            return len(self.pieces) < MAX_ALBUM_FILES
        return last.units >= SPLIT_LENGTH and len(self.pieces) < MAX_PIECES

    def takes(self, next: Arrival) -> bool:
        last = self.pieces[-1]
        if last.album or next.album:
            return last.album == next.album and len(self.pieces) < MAX_PIECES
        before, after = last.event, next.event
        if not (isinstance(before, Said) and isinstance(after, Said)):
            return False
        soon = 0 <= after.sent_at - before.sent_at <= MAX_GAP_SECONDS
        return self.open and next.text_only and after.forwarded == before.forwarded and soon

    @property
    def event(self) -> Inbound:
        """The pieces as one message: known by the first, meant for us if any is."""
        first = self.pieces[0].event
        messages = [piece.event for piece in self.pieces if isinstance(piece.event, Said)]
        if len(messages) <= 1 or not isinstance(first, Said):
            return first
        words = self._joined([message.quoted if first.forwarded else message.text for message in messages])
        return replace(
            first,
            text="" if first.forwarded else words,
            addressed=any(message.addressed for message in messages),
            quoted=words if first.forwarded else next((message.quoted for message in messages if message.quoted), ""),
            replied_to=next((message.replied_to for message in messages if message.replied_to), None),
            reply_to=next((message.reply_to for message in messages if message.reply_to), ""),
            attachments=_attachments(messages),
        )

    def _joined(self, texts: Sequence[str]) -> str:
        """What the pieces say, as one text."""
        if self.pieces[0].album:
            return "\n".join(filter(None, texts))
        spaces = ["" if piece.units >= FULL_LENGTH else " " for piece in self.pieces[:-1]]
        return "".join(f"{text}{space}" for text, space in zip(texts, [*spaces, ""], strict=True))


def _attachments(messages: Sequence[Said]) -> tuple[Attachment, ...]:
    """What came with the pieces, then what came with the message replied to, which several pieces may name."""
    every = [each for message in messages for each in message.attachments]
    quoted = dict.fromkeys(each for each in every if each.quoted)
    return (*(each for each in every if not each.quoted), *quoted)


def gather(arrivals: Mapping[int, Arrival]) -> list[Group]:
    """Return what `arrivals`, by update id, report; in the order of their first pieces."""
    groups: list[Group] = []
    latest: dict[tuple[Chat, User], Group] = {}
    for update, arrival in arrivals.items():
        event = arrival.event
        if isinstance(event, Said):
            group = latest.get((event.chat, event.sender))
            if group is not None and group.takes(arrival):
                group.updates.append(update)
                group.pieces.append(arrival)
                continue
        groups.append(Group([update], [arrival]))
        if isinstance(event, Said):
            latest[event.chat, event.sender] = groups[-1]
    return groups
