"""The terminal as a channel: one person, one direct chat, answers that grow in place.

Which face it shows is decided by what it is connected to: `terminal` where a cursor can be moved, `plain`
everywhere else. Both, and the libraries that they need, are imported when the console is entered.
"""

from __future__ import annotations

import os
import sys
import time
import uuid
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import ExitStack, aclosing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self, TextIO

from bridge.channel import Command, Host, Limits
from bridge.errors import Gone
from bridge.types import Button, Chat, IncomingMessage, User
from bridge.words import language_of
from channels.console.clean import clean
from channels.console.signals import on_termination
from channels.console.words import WORDS, locale_tag

if TYPE_CHECKING:
    from channels.console.plain import Plain
    from channels.console.terminal import Terminal

NAME = "console"
MAX_LENGTH = 1_000_000
"""Characters; there is no limit but patience."""
_LEAVING = {"/quit", "/exit"}


class Console:
    """A `bridge.channel.Channel`. Listening ends when the person leaves, or with the last line of the input.

    `user` is the person's name, `session` tells one conversation from another; `completions` gives the models
    that Tab offers after ``/model``; `greeting` is Markdown. `input` and `output` are standard input and output
    unless given. A SIGTERM that nobody else has asked for ends listening, too, and so does the end of the terminal.
    """

    name = NAME
    set_aside = 0

    def __init__(
        self,
        *,
        user: str,
        session: str = "local",
        history_file: Path | None,
        completions: Callable[[], Sequence[str]] = tuple,
        greeting: str = "",
        input: TextIO | None = None,
        output: TextIO | None = None,
    ) -> None:
        self.account = session
        self.chat = Chat(NAME, session, direct=True)
        self.person = User(NAME, session, user)
        self._history_file = history_file
        self._completions = completions
        self._greeting = greeting
        self._input = input or sys.stdin
        self._output = output or sys.stdout
        self._locale = locale_tag()
        self._language = language_of(self._locale)
        self._face: Terminal | Plain
        self._signals = ExitStack()
        self._closed = False

    async def __aenter__(self) -> Self:
        self._face = await self._open().__aenter__()
        self._signals.enter_context(on_termination(self._face.leave))
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._closed = True
        with self._signals, suppress(OSError):  # the terminal may have gone before us
            await self._face.__aexit__(*exc)

    def limits(self, chat: Chat) -> Limits:
        return Limits(max_length=MAX_LENGTH, edit_interval=self._face.edit_interval)

    async def listen(self, host: Host) -> AsyncGenerator[IncomingMessage, None]:
        async with aclosing(self._face.lines()) as lines:
            async for line in lines:
                if line.strip() in _LEAVING:
                    return
                yield IncomingMessage(
                    id=uuid.uuid4().hex,
                    chat=self.chat,
                    sender=self.person,
                    text=line.strip("\n").rstrip(),
                    language=self._locale,
                    sent_at=time.time(),
                )

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
    ) -> Line:
        """The key is the ref: the second post of a key is an edit of the first."""
        posted = Line(self, key)
        await posted.edit(text, final=final, buttons=buttons)
        return posted

    def posted(self, chat: Chat, ref: str) -> Line:
        return Line(self, ref)

    async def typing(self, chat: Chat) -> None:
        self._face.typing()

    async def publish(self, commands: Sequence[Command], admins: Sequence[User]) -> None:
        offered = [
            (f"/{command.name}{' ' if command.argument else ''}", command.summary.get(self._language, ""))
            for command in commands
            if not command.admin or self.person in admins
        ]
        self._face.offer([*offered, ("/quit", WORDS[self._language].quit)])

    async def branch(self, chat: Chat, title: str) -> Chat | None:
        return None

    def hint(self, chat: Chat, language: str) -> str:
        return ""

    def link(self, code: str) -> str:
        return ""

    async def show(self, ref: str, text: str, *, final: bool) -> None:
        """Make the message `ref` read `text`. Raises Gone once nobody can read it."""
        if self._closed:
            raise Gone("the person has left")
        try:
            await self._face.show(ref, clean(text), final=final)
        except OSError as error:
            self._face.leave()
            raise Gone("nobody reads the output any more") from error

    async def remove(self, ref: str) -> None:
        """Take back as much of the message `ref` as can be."""
        if not self._closed:
            await self._face.remove(ref)

    def _open(self) -> Terminal | Plain:
        input, output = self._input, self._output
        if input.isatty() and output.isatty() and os.environ.get("TERM", "").lower() not in {"dumb", "unknown"}:
            from channels.console.terminal import Terminal

            return Terminal(
                input=input,
                output=output,
                words=WORDS[self._language],
                history_file=self._history_file,
                models=self._completions,
                greeting=clean(self._greeting),
            )
        from channels.console.plain import Plain

        return Plain(input=input, output=output, greeting=clean(self._greeting))


@dataclass(frozen=True, slots=True)
class Line:
    """A message of ours. What has scrolled away stays as it was; an edit of it is shown as a new block."""

    console: Console
    ref: str

    async def edit(self, text: str, *, final: bool, buttons: Sequence[Button] = ()) -> None:
        await self.console.show(self.ref, text, final=final)

    async def delete(self) -> None:
        await self.console.remove(self.ref)
