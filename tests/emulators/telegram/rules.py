"""Every number the emulated Bot API holds a bot to, each with where it comes from. Times are in seconds.

What Telegram publishes is exact; what it keeps to itself (the flood limits) is a little stricter than what bots
report from the field, so that a bot which passes here is safe there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Rules:
    text_max: int = 4096
    """Code points of a message once parsed and trimmed (tdlib MessageContent.cpp; tried live with astral emoji)."""
    raw_bytes: int = 32_768
    """Bytes of the `text` argument before parsing (telegram-bot-api Client.cpp)."""
    entities_max: int = 100
    """Entities that are shown; what is above is dropped without a word (telegram-bot-api issue 820)."""
    entity_bytes: int = 9_500
    """Bytes of all the entities sent, as compact JSON: ENTITIES_TOO_LONG above (telegram-bot-api issue 165)."""
    data_bytes: int = 64
    """Bytes of a button's callback_data (Bot API reference)."""
    buttons_max: int = 100
    """Buttons under one message."""
    caption_max: int = 1024
    """Code points of a caption (Bot API reference)."""
    upload_max: int = 50_000_000
    """Bytes of one uploaded file (Bot API reference: 50 MB)."""
    photo_max: int = 10 << 20
    """Bytes of a picture that is shown as one (Bot API reference; tdlib's own words give the number)."""
    photo_sides: int = 10_000
    """Width and height of a photo together (Bot API reference, sendPhoto)."""
    photo_ratio: int = 20
    """The longer side of a photo by the shorter (Bot API reference, sendPhoto)."""
    album_max: int = 10
    """Files of one album (Bot API reference; tdlib MessagesManager.h)."""
    download_max: int = 20 << 20
    """Bytes of a file that getFile prepares (Bot API reference)."""
    batch_max: int = 100
    """Updates in one answer of getUpdates (Bot API reference)."""
    batch_bytes: int = 1 << 22
    """Bytes of updates in one answer of getUpdates (telegram-bot-api Client.cpp)."""
    poll_max: int = 50
    """The longest a getUpdates waits (telegram-bot-api Client.h); the caller chooses, so `faster` leaves it."""

    chat_burst: int = 5
    chat_every: float = 1.0
    """Sends and edits together, per chat: one every `chat_every`, `chat_burst` saved up at most (Bots FAQ)."""
    group_max: int = 20
    group_window: float = 60.0
    """Sends and edits together, per group, its topics included (Bots FAQ)."""
    total_max: int = 30
    total_window: float = 1.0
    """Sends and edits to all chats together (Bots FAQ)."""
    typing: tuple[tuple[int, float], ...] = ((20, 5.0), (40, 30.0))
    """Chat actions and drafts together, per chat: (how many, within); from a client library's documentation."""
    penalty_max: float = 1000.0
    """Calls during a flood wait double it up to this; bots that kept hammering report about 1,000 s."""

    update_life: float = 24 * 3600.0
    """How long an update waits to be fetched (telegram-bot-api Client.cpp)."""
    callback_life: float = 150.0
    """How long a pressed button waits to be fetched, and to be answered (telegram-bot-api Client.cpp)."""
    repeat_wait: float = 3.0
    """A getUpdates with the offset of the one before waits at least this long when nothing is there."""
    repeat_hurry: float = 0.5
    """One that comes sooner than this after it gets one update at most."""
    conflict_pause: float = 3.0
    """The second and later terminated polls within this time learn of it this much later."""
    file_life: float = 3600.0
    """How long a file_path from getFile can be downloaded (Bot API reference: at least an hour)."""

    def faster(self, speed: float) -> Rules:
        """The same rules on a clock that runs `speed` times as fast."""
        return replace(
            self,
            chat_every=self.chat_every / speed,
            group_window=self.group_window / speed,
            total_window=self.total_window / speed,
            typing=tuple((count, window / speed) for count, window in self.typing),
            penalty_max=self.penalty_max / speed,
            update_life=self.update_life / speed,
            callback_life=self.callback_life / speed,
            repeat_wait=self.repeat_wait / speed,
            repeat_hurry=self.repeat_hurry / speed,
            conflict_pause=self.conflict_pause / speed,
            file_life=self.file_life / speed,
        )
