"""What Tab offers: the commands with their summaries, and what the bridge suggests to follow one of them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

from bridge.channel import Command

Suggest = Callable[[str, str], Awaitable[Sequence[str]]]
"""Takes a command's name and what has been typed after it; returns whole lines, such as ``/model openai:gpt-5``."""


class CommandCompleter(Completer):
    """Completes the commands of `offer`, and after one that `completes`, what `suggest` returns."""

    def __init__(self, suggest: Suggest) -> None:
        self._suggest = suggest
        self._commands: Sequence[Command] = ()
        self._language = ""

    def offer(self, commands: Sequence[Command], language: str) -> None:
        """From now on, complete these commands, with their summaries in `language`."""
        self._commands, self._language = commands, language

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        """The commands alone: suggestions have to be waited for."""
        text = document.text_before_cursor
        if text.startswith("/") and not {" ", "\n"} & set(text):
            for command in self._commands:
                name = f"/{command.name}"
                if name.startswith(text):
                    whole = f"{name} " if command.argument else name
                    summary = command.summary.get(self._language, "")
                    yield Completion(whole, -len(text), display=name, display_meta=summary)

    async def get_completions_async(
        self, document: Document, complete_event: CompleteEvent
    ) -> AsyncGenerator[Completion, None]:
        for completion in self.get_completions(document, complete_event):
            yield completion
        text = document.text_before_cursor
        name, space, typed = text.partition(" ")
        if space and "\n" not in text and any(f"/{each.name}" == name for each in self._commands if each.completes):
            for line in await self._suggest(name[1:], typed):
                yield Completion(line, -len(text), display=line.removeprefix(f"{name} "))
