"""Join what people sent as one and Telegram delivers in pieces: albums, and texts longer than a message.

The pieces of an album share an id; those of a long text share nothing but their sender and the moment, and all
but the last are about as long as a message can be. A group that may still grow is `open`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bridge.types import Chat, IncomingMessage, User
from channels.telegram.updates import Arrival

FULL_LENGTH = 4096
"""Where clients cut a text, in UTF-16 units. A shorter piece was cut between words, and lost the space there."""
SPLIT_LENGTH = 3900
"""A text at least this long may be such a piece."""
MOST_PIECES = 16
ALBUM_SIZE = 10
"""Telegram's own bound."""
APART_SECONDS = 2.0
"""Between two pieces of one text: they are sent within a tenth of a second, but dated in whole ones."""


@dataclass(slots=True)
class Group:
    """One message in pieces, oldest first, with the ids of their updates."""

    updates: list[int]
    pieces: list[Arrival]

    @property
    def open(self) -> bool:
        """Whether another piece may be on its way."""
        last = self.pieces[-1]
        if last.album:
            return len(self.pieces) < ALBUM_SIZE
        return last.units >= SPLIT_LENGTH and len(self.pieces) < MOST_PIECES

    def takes(self, next: Arrival) -> bool:
        last = self.pieces[-1]
        if last.album or next.album:
            return last.album == next.album and len(self.pieces) < MOST_PIECES
        soon = 0 <= next.message.sent_at - last.message.sent_at <= APART_SECONDS
        return self.open and next.text_only and next.forwarded == last.forwarded and soon

    @property
    def message(self) -> IncomingMessage:
        """The pieces as one: known by the first, meant for us if any is."""
        first = self.pieces[0].message
        if len(self.pieces) == 1:
            return first
        messages = [piece.message for piece in self.pieces]
        forwarded = self.pieces[0].forwarded
        words = self._joined([message.quoted if forwarded else message.text for message in messages])
        return replace(
            first,
            text="" if forwarded else words,
            addressed=any(message.addressed for message in messages),
            quoted=words if forwarded else next((message.quoted for message in messages if message.quoted), ""),
            replied_to=next((message.replied_to for message in messages if message.replied_to), None),
            attachments=tuple(each for message in messages for each in message.attachments),
        )

    def _joined(self, texts: Sequence[str]) -> str:
        """What the pieces say, as one text."""
        if self.pieces[0].album:
            return "\n".join(filter(None, texts))
        apart = ["" if piece.units >= FULL_LENGTH else " " for piece in self.pieces[:-1]]
        return "".join(f"{text}{space}" for text, space in zip(texts, [*apart, ""], strict=True))


def gather(arrivals: Mapping[int, Arrival]) -> list[Group]:
    """The messages that `arrivals`, by update id, make up; in the order of their first pieces."""
    groups: list[Group] = []
    latest: dict[tuple[Chat, User], Group] = {}
    for update, arrival in arrivals.items():
        key = (arrival.message.chat, arrival.message.sender)
        group = latest.get(key)
        if group is not None and group.takes(arrival):
            group.updates.append(update)
            group.pieces.append(arrival)
        else:
            latest[key] = Group([update], [arrival])
            groups.append(latest[key])
    return groups
