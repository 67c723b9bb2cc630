"""The input line: one prompt_toolkit session, asked again and again, that can be put aside and taken up.

When the bridge has something to say while the person is typing, the line is put aside with its draft, and the
next time it is asked it goes on where it was.
"""

from __future__ import annotations

import asyncio
from typing import Literal

from prompt_toolkit import PromptSession
from prompt_toolkit.application import get_app
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.completion import CompleteEvent, get_common_complete_suffix
from prompt_toolkit.document import Document
from prompt_toolkit.enums import DEFAULT_BUFFER
from prompt_toolkit.filters import Condition, has_focus
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.history import History
from prompt_toolkit.input import Input
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.output import Output
from prompt_toolkit.styles import Style

from channels.console.completion import CommandCompleter
from channels.console.words import Words

_STYLE = Style.from_dict(
    {
        "prompt": "bold ansicyan",
        "placeholder": "ansibrightblack",
        "completion-menu": "noinherit",
        "completion-menu.completion.current": "reverse",
        "completion-menu.meta.completion": "noinherit ansibrightblack",
        "completion-menu.meta.completion.current": "noinherit reverse",
    }
)

Answer = tuple[Literal["typed", "aside", "left"], str]
"""What became of the line, and its text where it was typed to the end."""


class Prompt:
    def __init__(
        self, input: Input, output: Output, history: History, completer: CommandCompleter, words: Words
    ) -> None:
        self._words = words
        self._draft = Document()
        self._leaving = False
        """Ctrl-C was pressed on an empty line; once more leaves."""
        self._gone: asyncio.Event | None = None
        """Set once the line is off the screen; None while there is none."""
        self._session: PromptSession[Answer] = PromptSession(
            [("class:prompt", "› ")],
            multiline=True,
            prompt_continuation=lambda width, line, wrapped: " " * width,
            placeholder=self._placeholder,
            completer=completer,
            complete_while_typing=Condition(lambda: get_app().current_buffer.text.startswith("/")),
            history=history,
            key_bindings=self._keys(),
            style=_STYLE,
            input=input,
            output=output,
        )
        self._session.default_buffer.on_text_changed += self._stay

    async def ask(self) -> Answer:
        """Show the line until it is typed, put aside by `put_aside`, or the person leaves."""
        app, self._gone = self._session.app, asyncio.Event()
        app.erase_when_done = True
        draft, self._draft, self._leaving = self._draft, Document(), False
        try:
            return await self._session.prompt_async(default=draft, set_exception_handler=False, handle_sigint=False)
        except EOFError:  # the terminal is gone
            return "left", ""
        except asyncio.CancelledError:
            self._draft = self._session.default_buffer.document
            raise
        finally:
            self._gone.set()
            self._gone = None

    async def put_aside(self) -> None:
        """Take the line off the screen, if it is on it, and keep what was typed so far."""
        if (gone := self._gone) is not None:
            if not self._session.app.is_done:
                self._draft = self._session.default_buffer.document
                self._session.app.exit(result=("aside", ""))
            await gone.wait()

    def leave(self) -> None:
        """End the line, if it is on the screen, as if the person had left."""
        if self._gone is not None and not self._session.app.is_done:
            self._session.app.exit(result=("left", ""))

    def _stay(self, _: object) -> None:
        self._leaving = False

    def _placeholder(self) -> StyleAndTextTuples:
        return [("class:placeholder", self._words.leave)] if self._leaving and not get_app().is_done else []

    def _keys(self) -> KeyBindings:
        keys = KeyBindings()
        typing = has_focus(DEFAULT_BUFFER)
        empty = Condition(lambda: not get_app().current_buffer.text)

        @keys.add("enter", filter=typing)
        def _(event: KeyPressEvent) -> None:
            buffer = event.current_buffer
            before = buffer.document.text_before_cursor
            if before.endswith("\\"):
                buffer.delete_before_cursor()
                buffer.newline(copy_margin=False)
            elif buffer.text.strip():
                event.app.erase_when_done = False
                buffer.append_to_history()
                event.app.exit(result=("typed", buffer.text))

        @keys.add("escape", "enter", filter=typing)
        @keys.add("c-j", filter=typing)
        def _(event: KeyPressEvent) -> None:
            event.current_buffer.newline(copy_margin=False)

        @keys.add("tab", filter=typing)
        def _(event: KeyPressEvent) -> None:
            event.app.create_background_task(_complete(event.current_buffer))

        @keys.add("c-c", filter=typing)
        def _(event: KeyPressEvent) -> None:
            if event.current_buffer.text:
                event.current_buffer.reset()
            elif self._leaving:
                event.app.exit(result=("left", ""))
            else:
                self._leaving = True

        @keys.add("c-d", filter=typing & empty)
        def _(event: KeyPressEvent) -> None:
            event.app.exit(result=("left", ""))

        return keys


async def _complete(buffer: Buffer) -> None:
    """Take what can only be meant; where several things can, go through the menu.

    prompt_toolkit's own Tab does nothing while its menu for the last letter is still being made: a fast typist
    would be left without.
    """
    if buffer.complete_state and len(buffer.complete_state.completions) > 1:
        buffer.complete_next()
        return
    document = buffer.document
    offered = buffer.completer.get_completions_async(document, CompleteEvent(completion_requested=True))
    found = [completion async for completion in offered]
    if buffer.document != document:  # the person went on typing
        return
    if len(found) == 1:
        buffer.apply_completion(found[0])
    elif suffix := get_common_complete_suffix(document, found):
        buffer.insert_text(suffix)
    else:
        buffer.start_completion()
