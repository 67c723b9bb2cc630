"""A person at a terminal as a `bridge.channel.Channel`.

Which face it shows is decided by what it is connected to: `terminal` where a cursor can be moved, `plain`
everywhere else. Both, and the libraries that they need, are imported when the console is entered.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
import uuid
from collections.abc import AsyncGenerator, Sequence
from contextlib import ExitStack, aclosing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self, TextIO

from bridge.channel import Command, Host, Limits
from bridge.errors import BridgeError, Gone
from bridge.inbound import Inbound, Said
from bridge.types import NO_TEXT_YET, Attachment, Body, Chat, User
from bridge.words import language_of
from channels.console import files
from channels.console.attachments import NoSuchFile
from channels.console.attachments import split as attachments_of
from channels.console.signals import on_termination
from channels.console.words import WORDS, locale_tag
from channels.kit.text import clean

if TYPE_CHECKING:
    from channels.console.plain import Plain
    from channels.console.settings import Settings
    from channels.console.terminal import Terminal

NAME = "console"
MAX_LENGTH = 1_000_000
"""Characters; there is no limit but patience."""
MAX_FILE_BYTES = 100_000_000
MAX_FILES = 10
MAX_CAPTION_LENGTH = 1_000
_LEAVING = {"/quit", "/exit"}


class Console:
    """Used with ``async with``, once. The input line is shown from the beginning: what is typed before the bridge
    listens waits for it. Listening ends when the person leaves, or with the last line of the input.

    `input` and `output` are standard input and output unless given. A SIGTERM that no handler has been set for ends
    listening, too, and so does the end of the terminal.
    """

    name = NAME
    set_aside = 0

    def __init__(self, settings: Settings, *, input: TextIO | None = None, output: TextIO | None = None) -> None:
        self.account = settings.session
        self.chat = Chat(NAME, settings.session, direct=True)
        self.person = User(NAME, settings.session, settings.user)
        self._data_dir = settings.data_dir
        self._input = input or sys.stdin
        self._output = output or sys.stdout
        self._locale = locale_tag()
        self._language = language_of(self._locale)
        self._words = WORDS[self._language]
        self._face: Terminal | Plain
        self._signals = ExitStack()
        self._typed: asyncio.Queue[str | None] = asyncio.Queue()
        """What the person sent; None once there is no more."""
        self._reading: asyncio.Task[None]
        self._host: Host | None = None
        self._closed = False

    async def __aenter__(self) -> Self:
        self._face = await self._open().__aenter__()
        self._signals.enter_context(on_termination(self._face.leave))
        self._reading = asyncio.create_task(self._read())
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._closed = True
        self._reading.cancel()
        await asyncio.wait([self._reading])
        with self._signals, suppress(OSError):  # the terminal may have gone before us
            await self._face.__aexit__(*exc)

    def limits(self, chat: Chat) -> Limits:
        return Limits(
            max_length=MAX_LENGTH,
            edit_interval=self._face.edit_interval,
            files={"image": MAX_FILE_BYTES, "audio": MAX_FILE_BYTES, "file": MAX_FILE_BYTES},
            max_files=MAX_FILES,
            max_caption=MAX_CAPTION_LENGTH,
        )

    async def listen(self, host: Host) -> AsyncGenerator[Sequence[Inbound], None]:
        self._host = host
        while (line := await self._typed.get()) is not None:
            try:
                text, attachments = attachments_of(line)
            except NoSuchFile as missing:
                path = clean(missing.path)
                await self._face.show(uuid.uuid4().hex, self._words.no_file.format(path=path), aside="", final=True)
                continue
            yield [self._said(text, attachments)]
        self._typed.put_nowait(None)  # for the next to listen
        await self._reading  # if it failed, so do we

    async def post(
        self, chat: Chat, body: Body, *, key: str, reply_to: str = "", final: bool, retry: bool = False
    ) -> Line:
        """The key is the ref: the second post of a key is an edit of the first."""
        posted = Line(self, key)
        await posted.edit(body, final=final)
        return posted

    def fetch(self, attachment: Attachment) -> AsyncGenerator[bytes, None]:
        """The ref is a path on this machine, and after a tab when the file was changed."""
        return files.read(attachment.ref.partition("\t")[0])

    def posted(self, chat: Chat, ref: str) -> Line:
        return Line(self, ref)

    async def typing(self, chat: Chat) -> None:
        self._face.typing()

    async def publish(self, commands: Sequence[Command], admins: Sequence[User]) -> None:
        offered = [command for command in commands if not command.admin or self.person in admins]
        attach = Command("file", {self._language: self._words.file}, argument="path")
        leave = Command("quit", {self._language: self._words.quit})
        self._face.offer([*offered, attach, leave], self._language)

    async def branch(self, chat: Chat, title: str) -> Chat | None:
        return None

    def hint(self, chat: Chat, language: str) -> str:
        return ""

    def link(self, code: str) -> str:
        return ""

    async def show(self, ref: str, body: Body, *, final: bool) -> None:
        """Make the message `ref` look like `body`. Raises Gone once no person can read it."""
        if self._closed:
            raise Gone("the person has left")
        text = await self._saved(body) if body.files else clean(body.text)
        pictures = [file.content for file in body.files if file.kind == "image"]
        try:
            if pictures:
                await self._face.show_pictures(ref, pictures)
            aside = clean(body.aside)
            if aside and not final and text == NO_TEXT_YET:
                text = ""  # what is printed stays
            await self._face.show(ref, text, aside=aside, unfinished=body.aside_unfinished, final=final)
        except OSError as error:
            self._face.leave()
            raise Gone("the output is closed") from error

    async def remove(self, ref: str) -> None:
        """Take back as much of the message `ref` as can be."""
        if not self._closed:
            await self._face.remove(ref)

    async def _saved(self, body: Body) -> str:
        """Write the files of `body`; what to show instead of them: each caption, and the path."""
        folder = self._data_dir / "files" if self._data_dir else Path.cwd()
        saved = self._words.saved
        shown = []
        for file in body.files:
            path = await files.save(file, folder)
            shown += [clean(file.alt)] if file.alt else []
            shown.append(saved.format(path=f"`{clean(str(path))}`"))
        return "\n\n".join(shown)

    async def _read(self) -> None:
        try:
            with suppress(OSError):  # the terminal is gone
                async with aclosing(self._face.lines()) as lines:
                    async for line in lines:
                        if line.strip() in _LEAVING:
                            break
                        self._typed.put_nowait(line)
        finally:
            self._typed.put_nowait(None)
        if self._host is None and self._face.by_hand:
            # The bridge is still opening. Let the process decide what an interrupt means then.
            signal.raise_signal(signal.SIGINT)

    def _said(self, line: str, attachments: tuple[Attachment, ...] = ()) -> Said:
        return Said(
            id=uuid.uuid4().hex,
            chat=self.chat,
            sender=self.person,
            text=line.strip("\n").rstrip(),
            attachments=attachments,
            language=self._locale,
            sent_at=time.time(),
        )

    async def _suggest(self, command: str, typed: str) -> Sequence[str]:
        """What may follow the command, each with the command before it; nothing where the bridge cannot say."""
        if self._host is None:
            return ()
        try:
            buttons = await self._host.suggest(command, typed, self._said(f"/{command} {typed}"))
        except BridgeError:
            return ()
        return [button.command for button in buttons]

    def _open(self) -> Terminal | Plain:
        input, output = self._input, self._output
        if input.isatty() and output.isatty() and os.environ.get("TERM", "").lower() not in {"dumb", "unknown"}:
            from channels.console.terminal import Terminal

            return Terminal(
                input=input,
                output=output,
                words=self._words,
                history_file=self._data_dir / "typed" if self._data_dir else None,
                suggest=self._suggest,
            )
        from channels.console.plain import Plain

        return Plain(input=input, output=output)


@dataclass(frozen=True, slots=True)
class Line:
    """A message of ours. What has scrolled away stays as it was; an edit of it is shown as a new block."""

    console: Console
    ref: str

    async def edit(self, body: Body, *, final: bool) -> None:
        await self.console.show(self.ref, body, final=final)

    async def delete(self) -> None:
        await self.console.remove(self.ref)
