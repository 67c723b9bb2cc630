"""A platform on loopback with people on it: what every emulator offers, so that one story plays on all of them.

A platform is the server side (the emulator) seen through people's eyes: they say things, press buttons, and read
bubbles. Nothing here knows which calls the bot made; faults are worded as what happens to those calls.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, Self

from bridge.types import Chat, User

Place = str
"""``direct``: a direct chat of the person and the bot; ``group``: one fixed group; ``topic``: one fixed topic or
thread of that group. ``group:NAME`` is another group and ``topic:NAME`` a topic of it; they come to be when they are
first named, and are best named before the bot starts."""
Voice = Literal["person", "bot", "group", "channel"]
"""As whom somebody speaks: as themselves; as a bot of theirs; as the group that they are an anonymous admin of; as a
channel whose posts are copied into the group. What a platform does not have raises LookupError."""


@dataclass(frozen=True)
class SharedFile:
    """A file in a chat, sent by a person or by the bot."""

    kind: str
    """``image``, ``audio``, ``video``, ``sticker`` or ``file``: how people see it."""
    name: str
    mime: str
    content: bytes
    caption: str = ""
    still: bytes = b""
    """A picture of what moves, as the sender's app adds it where the platform has such."""


@dataclass
class Bubble:
    """One message of the bot's as a person sees it now."""

    id: str
    """The platform's id for it."""
    text: str
    """The words on the screen: rendered, without markup; code and tables as their characters."""
    code: list[str] = field(default_factory=list)
    """The blocks shown as code, in order; their text is part of `text` too."""
    buttons: list[str] = field(default_factory=list)
    """The labels of its buttons, row by row."""
    reply_to: str = ""
    """The id of the message it hangs under."""
    writes: list[tuple[float, str]] = field(default_factory=list)
    """Every text it has shown, with the loop's time: the post, then each edit."""
    streaming: bool = False
    """Whether it looks unfinished: a cursor, an open streaming card."""
    aside: str = ""
    """What is folded away above the text: reasoning, tool steps. It is no part of `text`."""
    files: list[SharedFile] = field(default_factory=list)
    """The files it shows, in order."""


class Platform(Protocol):
    """Used with ``async with``; ports are chosen by the system. People are named in lower case: mia, tom."""

    channel: str
    """The channel's name: telegram."""
    secrets: Sequence[str]
    """What must never appear in a log: the token, the app secret."""
    bubble_length: int
    """About how many ASCII characters one bubble holds."""
    shows_typing: bool
    """Whether the platform can show that an answer is on its way."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(self, *exc: object) -> None: ...

    def environment(self) -> dict[str, str]:
        """The variables that point a bot at this platform."""

    def user(self, who: str = "mia") -> User: ...

    def chat(self, place: Place = "direct", who: str = "mia") -> Chat: ...

    async def say(
        self,
        text: str,
        *,
        who: str = "mia",
        place: Place = "direct",
        mention: bool = False,
        reply_to: str = "",
        voice: Voice = "person",
        forwarded: bool = False,
        files: Sequence[SharedFile] = (),
    ) -> str:
        """A person writes; returns the message's id. `mention` addresses the bot the way the platform does.

        What is `forwarded` are another's words, and `text` is all there is of them. `files` are sent as people send
        them, with `text` as their caption; several are an album where the platform has albums.
        """

    async def edit(
        self, message: str, text: str, *, who: str = "mia", place: Place = "direct", mention: bool = False
    ) -> None:
        """A person changes what their message with this id says; with `mention` as in `say`."""

    async def delete(self, message: str, *, who: str = "mia", place: Place = "direct") -> None:
        """A person takes back their message with this id. Raises LookupError where the platform tells bots nothing
        of it."""

    async def slash(
        self, command: str, argument: str = "", *, who: str = "mia", place: Place = "direct", voice: Voice = "person"
    ) -> None:
        """A person picks a command from the platform's menu, or types it as people do where it has none.

        Raises LookupError where the menu does not list it.
        """

    async def press(
        self, bubble: str, label: str, *, who: str = "mia", place: Place = "direct", command: str = ""
    ) -> None:
        """A person presses the button that reads `label` under the bubble with this id; a changed app may send a
        `command` in place of the button's own."""

    async def react(self, bubble: str, *, who: str = "mia", place: Place = "direct", down: bool = True) -> None:
        """A person puts a thumb down on the bubble with this id, or up."""

    def bubbles(self, place: Place = "direct", who: str = "mia") -> list[Bubble]:
        """The bot's messages in that place, oldest first; what was deleted is not there."""

    def typing(self, place: Place = "direct", who: str = "mia") -> int:
        """How many times typing was shown there."""

    async def redeliver(self, message: str) -> None:
        """Deliver the person's message with this id once more, as after a lost acknowledgement."""

    async def hostile(self) -> int:
        """Deliver updates with missing, wrong and enormous fields; returns how many."""

    def flood(self, seconds: float, times: int = 1) -> None:
        """Refuse the next `times` writes with a rate limit of `seconds`."""

    def lose_answers(self, times: int = 1) -> None:
        """Carry out the next `times` writes, but cut the connection before the answer."""

    def drop_requests(self, times: int = 1) -> None:
        """Cut the connection on the next `times` writes without carrying them out."""

    @property
    def downloads(self) -> int:
        """How many times the bot has asked for the content of a file."""

    @property
    def refusals(self) -> int:
        """How many calls were refused for rate since the start, asked for by `flood` or not."""
