"""The names of everything in Redis. All keys of one chat share a hash tag, so that in a cluster they share a slot."""

from __future__ import annotations

import base64
from hashlib import blake2b
from typing import Literal
from urllib.parse import quote, unquote

from bridge.types import Chat

PREFIX = "cherry:"

Lane = Literal["talk", "commands"]
LANES: tuple[Lane, ...] = ("talk", "commands")
"""The queues of a chat: what goes to a model, and the commands, which do not wait behind a long answer."""

KEY_LENGTH = 16


class LaneKeys:
    """One lane of one chat."""

    __slots__ = ("claim", "head", "parked", "queue")

    def __init__(self, chat: Chat, lane: Lane) -> None:
        base = f"{_of(chat)}:{lane}:"
        self.queue = base + "queue"
        """A list: what waits, the turn under way first. Each entry is its turn key, then JSON."""
        self.head = base + "head"
        """A hash: how far the first entry has come, and which call of `Claim.next` has it."""
        self.claim = base + "claim"
        """The token of the process that has the lane; it expires unless it is kept fresh."""
        self.parked = base + "parked"
        """A hash: the turns that wait for somebody to decide, with their records, by turn key."""


class ChatKeys:
    """One chat."""

    __slots__ = (
        "about",
        "answer",
        "aside",
        "documents",
        "epoch",
        "history",
        "kept",
        "last",
        "media",
        "media_index",
        "menu",
        "moved",
        "overheard",
        "preferences",
        "seen",
    )

    def __init__(self, chat: Chat) -> None:
        base = _of(chat) + ":"
        self.history = base + "history"
        """A list of exchanges, oldest first: the current conversation."""
        self.epoch = base + "epoch"
        """The number of the current conversation."""
        self.kept = base + "kept"
        """A sorted set: the numbers of the conversations before, by when they were last used; see `kept_list`."""
        self.about = base + "about"
        """A hash: titles, summaries and more of the conversations, as ``title:NUMBER``."""
        self.seen = base + "seen"
        """A sorted set: the turn keys of the last day, by when they came."""
        self.answer = base + "answer"
        """The last answer with its versions: `store/answers.py`."""
        self.aside = base + "aside"
        """A list of the turns that were given up, newest first."""
        self.preferences = base + "choices"
        self.menu = base + "menu"
        self.last = base + "last"
        self.media = base + "media"
        """A hash: pictures and what was read from files, by digest; and by source, which of them came of it."""
        self.media_index = media_index_of(self.media)
        """A sorted set: the fields of `media`, by when they came."""
        self.documents = base + "documents"
        """A hash: the documents of the chat's own knowledge, by id: `store/documents.py`."""
        self.overheard = base + "overheard"
        """A list: what people said lately in a group that has it remembered, oldest first: `store/overheard.py`."""
        self.moved = base + "moved"
        """The chat that this one has become."""


def ready(account: str, lane: Lane) -> str:
    """The stream of an account's chats that have something to do."""
    return f"{PREFIX}ready:{{{_plain(account)}}}:{lane}"


def wake(account: str) -> str:
    """A sorted set: the chats whose first turn is suspended until a time, by when that is. In the slot of `ready`."""
    return f"{PREFIX}wake:{{{_plain(account)}}}"


def queues(lane: Lane) -> str:
    """What the name of every queue of this lane matches."""
    return f"{PREFIX}{{*}}:{lane}:queue"


CONVERSATIONS = (f"{PREFIX}{{*}}:history", f"{PREFIX}{{*}}:kept")
"""What the names of every chat's conversations match."""


OVERHEARD = f"{PREFIX}{{*}}:overheard"
"""What the names of every chat's overheard messages match."""


def chat_of(name: str) -> Chat:
    """The chat that a key of `ChatKeys` belongs to; whether it is direct is not known."""
    place, _, person = name[name.index("{") + 1 : name.index("}")].partition("~")
    channel, id, thread, *_ = [*map(unquote, place.split(":")), "", ""]
    return Chat(channel, id, thread, person=unquote(person))


QUIRKS = f"{PREFIX}quirks"
"""What models refuse and can be done without, by model: `store/quirks.py`."""

NAMES = f"{PREFIX}names"
"""What admins call providers and models: `store/names.py`."""


HEALTH = f"{PREFIX}health"
"""Which models and gateways have failed lately: `store/health.py`."""
REMINDERS = f"{PREFIX}reminders"
"""A sorted set: what is to be said later, by when: `tools/reminders.py`."""


def approval(id: str) -> str:
    """A hash: which call of a tool somebody was asked about, and what they said: `tools/approvals.py`."""
    return f"{PREFIX}approval:{_plain(id)}"


def head_of(queue: str) -> str:
    """The hash that belongs to the queue of this name."""
    return queue.removesuffix("queue") + "head"


ASIDES = f"{PREFIX}{{*}}:aside"
"""What the name of every chat's list of turns that were given up matches."""


def ratio(model: str) -> str:
    return f"{PREFIX}ratio:{_plain(model)}"


def lease(name: str) -> str:
    return f"{PREFIX}lease:{_plain(name)}"


def memory(channel: str) -> str:
    return f"{PREFIX}memory:{_plain(channel)}"


class AccessKeys:
    """Who may talk, in one slot of a cluster. Each of these is bounded by its writer."""

    __slots__ = ()
    _BASE = f"{PREFIX}{{access}}:"
    rules = _BASE + "rules"
    """A hash: what was decided of people, chats and groups, and the settings of chats."""
    audit = _BASE + "trail"
    """A stream: every change of the rules."""
    claim = _BASE + "claim"
    """The code that makes its sender the first owner."""
    invites = _BASE + "invites"
    """A hash: the open invites, by the hash of their code."""
    told = _BASE + "told"
    """A sorted set: the strangers that were told who we are, by when."""
    requests = _BASE + "requests"
    """A hash: the strangers that owners have been asked about."""
    owner_contacts = _BASE + "homes"
    """A hash: where each owner last wrote from in a direct chat."""
    web_address = _BASE + "web"
    """Where the page is, as long as it is on."""
    web_links = _BASE + "web:links"
    """A hash: the links to the page that nobody has used, by the hash of their token."""
    web_sessions = _BASE + "web:sessions"
    """A hash: who is in the page, by the hash of their token."""
    web_told = _BASE + "web:told"
    """A sorted set: the chats whose people were told that a conversation of theirs was read on the page, by when."""

    @classmethod
    def spent(cls, day: str) -> str:
        """A hash: what each person has used of their day's limit in each chat."""
        return f"{cls._BASE}spent:{day}"


class PromptKeys:
    """Stored prompts, in one slot: hashes of rows by kind and name, bounded by `bridge/store/prompts.py`."""

    __slots__ = ()
    _BASE = f"{PREFIX}{{prompts}}:"
    everybody = _BASE + "all"

    @classmethod
    def person(cls, person: str) -> str:
        """Those that a person keeps for themselves."""
        return f"{cls._BASE}of:{_plain(person)}"

    @classmethod
    def chat(cls, chat: str) -> str:
        """Those of everybody in a chat."""
        return f"{cls._BASE}in:{_plain(chat)}"


class UsageKeys:
    """What was spent, in one slot of a cluster. Each of these is bounded by `bridge/usage/ledger.py`."""

    __slots__ = ()
    _BASE = f"{PREFIX}{{usage}}:"
    counted = _BASE + "counted"
    """A sorted set: the turn keys that were counted of late, by when."""
    errors = _BASE + "errors"
    """A hash: how many answers failed, by hour and kind of error."""
    names = _BASE + "names"
    """A hash: what persons and chats were last called."""

    @classmethod
    def day(cls, day: str) -> str:
        """A hash: what was spent on a day, by person, chat and model."""
        return f"{cls._BASE}day:{day}"

    @classmethod
    def month(cls, month: str) -> str:
        """The same of a month."""
        return f"{cls._BASE}month:{month}"

    @classmethod
    def year(cls, year: str) -> str:
        """A hash: what was spent in a year, by day and model."""
        return f"{cls._BASE}year:{year}"

    @classmethod
    def person(cls, person: str) -> str:
        """A hash: what a person has spent, by day and model."""
        return f"{cls._BASE}of:{_plain(person)}"


MEDIA_CHATS = f"{PREFIX}{{media}}:chats"
"""A sorted set: the chats' hashes of media, by when they were last added to."""
MEDIA_SIZES = f"{PREFIX}{{media}}:sizes"
"""A hash: the bytes of each of them, and under ``=`` of all together."""


def kept_list(kept: str, number: int | str) -> str:
    """A list: the exchanges of the conversation `number`, one of those in `kept`."""
    return f"{kept}:{number}"


def media_index_of(media: str) -> str:
    """The index that belongs to the hash of this name."""
    return f"{media}:index"


SIGNALS = PREFIX + "stops"
ACTIVITY = PREFIX + "activity"
"""A stream: the last turns of all processes, and how they ended."""
CHANNELS = PREFIX + "channels"
"""A hash: how each channel of each process is."""
PROCESSES = PREFIX + "processes"


def outage(gateway: str) -> str:
    """Since when a gateway is away; of one among several, by its name in the settings."""
    return f"{PREFIX}absence:{_plain(gateway)}" if gateway else f"{PREFIX}absence"


def turn(chat: Chat, id: str) -> str:
    """A name for the turn that answers `id` in `chat`: short, ASCII, the same at every delivery, in one chat only.

    80 bits of a hash: platforms take it as an idempotency key, and it keeps ids of any length short.
    """
    parts = "\0".join((chat.channel, chat.id, chat.thread, id))
    digest = blake2b(parts.encode("utf-8", "surrogatepass"), digest_size=10).digest()
    return base64.b32encode(digest).decode().lower()


def _of(chat: Chat) -> str:
    parts = [chat.channel, chat.id, chat.thread] if chat.thread else [chat.channel, chat.id]
    name = ":".join(map(_plain, parts))
    return f"{PREFIX}{{{name}~{_plain(chat.person)}}}" if chat.person else f"{PREFIX}{{{name}}}"


def _plain(part: str) -> str:
    """Without colons, braces and tildes of its own, which would let two names meet or move the hash tag."""
    return quote(part, safe="@,+!", errors="replace").replace("~", "%7E")
