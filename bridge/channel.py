"""The whole of what a channel must be. Read this file, `bridge/types.py` and `bridge/inbound.py` to write a new one.

An adapter is asked for messages and told what a message should look like; it knows nothing of models, histories,
access, pacing, splitting or retries. It raises only `ChannelError` and what is below it in `bridge.errors`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, Self

from bridge.inbound import Inbound, Pressed, Reacted, Said
from bridge.types import Attachment, Body, Button, Chat, FileKind, User


@dataclass(frozen=True, slots=True)
class Limits:
    """What a platform allows in one chat. Numbers; the bridge does the work."""

    max_length: int
    """The most that `measure` may return for one message."""
    edit_interval: float
    """Seconds between two writes (posts or edits) to this chat."""
    edits: Literal["free", "counted", "none"] = "free"
    """Whether a message can be edited as often as wanted, `max_edits` times, or never. Where it is never, the channel
    is given finished messages only."""
    max_edits: int = 0
    """How often one message may be edited where edits are counted."""
    measure: Callable[[str], int] = len
    """A text's length as the platform counts it: code points, bytes of UTF-8, or once rendered. It never
    falls when text is added at the end of a line or a new line begins."""
    writes_per_second: float | None = None
    """Writes to all chats of the account together; None where the platform sets no such limit."""
    bucket: str = ""
    """Chats with the same bucket share one `edit_interval` (a Telegram group and its topics). Empty: this
    chat alone."""
    max_buttons: int = 0
    """Buttons that fit under one message; 0 where there are none and buttons become a numbered list."""
    max_command_bytes: int = 64
    """The longest `Button.command`, in bytes of UTF-8."""
    files: Mapping[FileKind, int] = field(default_factory=dict)
    """The kinds of files that can be posted, each with the most bytes of one file."""
    max_files: int = 1
    """Files that one message can hold."""
    max_files_bytes: int | None = None
    """The most bytes of all files of one message together; None where the platform sets no such limit."""
    max_caption: int = 0
    """Characters of a file's `alt` that are shown beside it; 0 where a platform shows none."""


@dataclass(frozen=True, slots=True)
class Command:
    """One line of a platform's command menu."""

    name: str
    """Lower-case ASCII letters, digits and underscores; without the slash."""
    summary: Mapping[str, str]
    """What it does, by language: ``en``, ``zh-CN``, ``zh-TW``."""
    argument: str = ""
    """What may follow it, for a platform that asks for it by name; empty where nothing may."""
    admin: bool = False
    """To be listed only to admins. Listing is not permission: the bridge judges each message."""
    completes: bool = False
    """Whether `Host.suggest` has something to offer while its argument is typed."""


class Posted(Protocol):
    """A message of ours on the platform that can still be changed."""

    @property
    def ref(self) -> str:
        """Enough, with its chat, to find the message again after a restart. It holds no tab."""

    async def edit(self, body: Body, *, final: bool) -> None:
        """Make the message look like `body`, all of it.

        Saying the same again is harmless. `final` says that no edit is planned after this one; a later one
        (a pressed button's answer, a turn taken up after a crash) must work all the same. The files of a message
        never change; its buttons may. Never called where `Limits.edits` is ``none``.
        """

    async def delete(self) -> None:
        """Take the message back; where the platform cannot, leave as little of it as can be. A message that is gone
        already is no error."""


class Host(Protocol):
    """What an adapter may ask of the bridge while it listens.

    It need not: the bridge judges every message that it is given. But where a platform has to be shown something, or
    asked for something at a cost, before that, this comes first.
    """

    async def admits(self, message: Said | Pressed) -> bool:
        """Whether its sender may talk there. Raises StoreError, which means no."""

    async def needs_groups(self, message: Said | Pressed | Reacted) -> bool:
        """Whether anything depends on the sender's `groups`, for a platform that gives them only when asked.

        `message` comes without them. Raises StoreError; then the platform must deliver it again.
        """

    async def suggest(self, command: str, typed: str, message: Said) -> Sequence[Button]:
        """What may follow the command of that name, given what has been typed after it; the likeliest first.

        `message` is what this would become if it were sent now. Each button carries the whole command. Nothing for
        people who are not let in. Raises GatewayError, StoreError.
        """


class Channel(Protocol):
    """A platform account that listens and speaks. Used with ``async with``, once."""

    @property
    def name(self) -> str:
        """The platform: ``telegram``. The first part of every `Chat` and `User` from here."""

    @property
    def account(self) -> str:
        """Who we are there, by the platform's own id, known once entered. One process at a time listens for it."""

    @property
    def set_aside(self) -> int:
        """How many events since the start could not be understood and were set aside."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(self, *exc: object) -> None: ...

    def limits(self, chat: Chat) -> Limits:
        """What the platform allows in `chat`. Asked often; it must not wait for anything."""

    def listen(self, host: Host) -> AsyncGenerator[Sequence[Inbound], None]:
        """Yield what happens as it comes, in batches, reconnecting quietly. Called again after it has been closed.

        A batch is whatever is there to be taken, in order and never empty; a thousand people may write in one second.

        Nothing that others could see is done about a message that `host` does not admit.

        Asking for the next batch acknowledges the last: until then the platform must be able to deliver it
        again after a crash. Whatever cannot be understood is set aside and counted, never raised.
        Raises Refused where listening can never work (a bad token), and says why.
        """

    async def post(
        self, chat: Chat, body: Body, *, key: str, reply_to: str = "", final: bool, retry: bool = False
    ) -> Posted:
        """Put a new message into `chat`, under the message `reply_to` where that still exists.

        `key` (up to 25 ASCII characters) names this one post: a platform that knows idempotency keys drops
        the second post of a key. `retry` says that an earlier post of `key` may have arrived unnoticed; a
        platform without such keys looks for it and leaves only one of the two. Where `body` has files, they fit
        `Limits` and there is no text.
        """

    def fetch(self, attachment: Attachment) -> AsyncGenerator[bytes, None]:
        """Yield the content of an attachment, piece by piece, as the platform sends it.

        The caller bounds size and time, and closes the iterator when it has enough. Raises Gone where the platform
        no longer has it, another ChannelError where it cannot be read.
        """

    def posted(self, chat: Chat, ref: str) -> Posted:
        """The message that `Posted.ref` named, without asking the platform."""

    async def typing(self, chat: Chat) -> None:
        """Show that an answer is on its way, for about five seconds; best effort, raises nothing of note."""

    async def publish(self, commands: Sequence[Command], admins: Sequence[User]) -> None:
        """Fill the platform's own command menu; best effort. `admins` see the admin commands too."""

    async def branch(self, chat: Chat, title: str) -> Chat | None:
        """Open a thread called `title` in the group `chat`, for a conversation of its own; None where the platform
        has no threads to open or does not let us. Best effort."""

    def hint(self, chat: Chat, language: str) -> str:
        """What people in `chat` should know of this platform, for /help; empty where nothing gets in the way."""

    def link(self, code: str) -> str:
        """An address that, once followed, makes a person send ``/start code``; empty where there is none."""


class Memory(Protocol):
    """A few facts that an adapter keeps across restarts: a last-seen id, a hash, a counter.

    One memory for each channel; the adapter bounds how many names it uses. Raises StoreError when Redis is away.
    """

    async def get(self, name: str) -> str:
        """What was put under `name`; empty where nothing was."""

    async def put(self, name: str, value: str) -> None: ...

    async def put_all(self, values: Mapping[str, str]) -> None:
        """Put several values, at least one, in one round trip."""

    async def add(self, name: str, amount: int = 1) -> int:
        """Add to the whole number under `name` (0 at first); return the sum."""

    async def forget(self, name: str) -> None: ...

    async def names(self, prefix: str = "") -> Mapping[str, str]:
        """Everything kept whose name begins with `prefix`."""
