"""The whole of what a channel must be. Read this file, and `bridge/types.py`, to write a new one.

An adapter is asked for messages and told what a message should read; it knows nothing of models, histories,
access, pacing, splitting or retries. It raises only `ChannelError` and what is below it in `bridge.errors`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, Self

from bridge.types import Button, Chat, IncomingMessage, User


@dataclass(frozen=True, slots=True)
class Limits:
    """What a platform allows in one chat. Numbers; the bridge does the work."""

    max_length: int
    """The most that `measure` may return for one message."""
    edit_interval: float
    """Seconds between two writes (posts or edits) to this chat."""
    max_edits: int | None = None
    """How often one message may be edited; None where edits are not counted."""
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


Suggest = Callable[[str, IncomingMessage], Awaitable[Sequence[Button]]]
"""Given what has been typed after a command, and the message that this would become: what may be meant, the likeliest
first; nothing for people who are not let in. Each choice carries the whole command, as if it were a button. Raises
GatewayError, StoreError."""


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
    suggest: Suggest | None = None
    """What may follow, for a platform that completes what is typed; None where there is nothing to suggest."""


class Posted(Protocol):
    """A message of ours on the platform that can still be changed."""

    @property
    def ref(self) -> str:
        """Enough, with its chat, to find the message again after a restart."""

    async def edit(self, text: str, *, final: bool, buttons: Sequence[Button] = ()) -> None:
        """Make the message read `text`, all of it (Markdown, as models write it), with `buttons` under it.

        Saying the same again is harmless. `final` says that no edit is planned after this one; a later one
        (a pressed button's answer, a turn taken up after a crash) must work all the same.
        """

    async def delete(self) -> None:
        """Take the message back; where the platform cannot, leave as little of it as can be. What is gone already
        is as it should be."""


class Host(Protocol):
    """What an adapter may ask of the bridge about a message before it hands it on.

    It need not: the bridge judges every message that it is given. But where a platform has to be shown something, or
    asked for something at a cost, before that, this comes first.
    """

    async def admits(self, message: IncomingMessage) -> bool:
        """Whether its sender may talk there. Raises StoreError, which means no."""

    async def needs_groups(self, message: IncomingMessage) -> bool:
        """Whether anything hangs on the sender's `groups`, for a platform that tells them only when asked.

        `message` comes without them. Raises StoreError; then it must be delivered again.
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

    def listen(self, host: Host) -> AsyncGenerator[IncomingMessage, None]:
        """Yield messages as they come, reconnecting quietly. Called again after it has been closed.

        Nothing that others could see is done about a message that `host` does not admit.

        Asking for the next message acknowledges the last: until then the platform must be able to deliver it
        again after a crash. Whatever cannot be understood is set aside and counted, never raised.
        Raises Refused where listening can never work (a bad token), and says why.
        """

    async def post(
        self,
        chat: Chat,
        text: str,
        *,
        key: str,
        again: bool = False,
        reply_to: str = "",
        final: bool,
        buttons: Sequence[Button] = (),
    ) -> Posted:
        """Put a new message into `chat`, under the message `reply_to` where that still exists.

        `key` (up to 25 ASCII characters) names this one post: a platform that knows idempotency keys drops
        the second post of a key. `again` says that an earlier post of `key` may have arrived unnoticed; a
        platform without such keys looks for it and leaves only one of the two.
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

    async def add(self, name: str, amount: int = 1) -> int:
        """Add to the whole number under `name` (0 at first); return the sum."""

    async def forget(self, name: str) -> None: ...

    async def names(self, prefix: str = "") -> Mapping[str, str]:
        """Everything kept whose name begins with `prefix`."""
