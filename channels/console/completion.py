"""What Tab offers: the commands with their summaries, and after ``/model`` the models that fit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

SHOWN = 25


class CommandCompleter(Completer):
    """`commands` are pairs of a completion and its summary; `models` is asked anew each time."""

    def __init__(self, models: Callable[[], Sequence[str]]) -> None:
        self.commands: Sequence[tuple[str, str]] = ()
        self._models = models

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        text = document.text_before_cursor
        if not text.startswith("/") or "\n" in text:
            return
        command, space, argument = text.partition(" ")
        if not space:
            for name, summary in self.commands:
                if name.startswith(command):
                    yield Completion(name, -len(text), display=name.rstrip(), display_meta=summary)
        elif command == "/model":
            for model in fitting(argument, self._models())[:SHOWN]:
                yield Completion(model, -len(argument))


def fitting(typed: str, models: Sequence[str]) -> list[str]:
    """The models that `typed` may mean, best first: it begins the id, begins a part of it, is in it, or its
    letters come in this order. Several words must all be found."""
    ranked = [(rank, index, model) for index, model in enumerate(models) if (rank := _rank(typed, model)) < _NOT]
    return [model for _, _, model in sorted(ranked)]


_NOT = 4


def _rank(typed: str, model: str) -> int:
    name, words = model.casefold(), typed.casefold().split()
    return max((_rank_word(word, name) for word in words), default=0)


def _rank_word(word: str, name: str) -> int:
    if name.startswith(word):
        return 0
    at = name.find(word)
    if at > 0:
        return 2 if name[at - 1].isalnum() else 1
    letters = iter(name)
    return 3 if all(letter in letters for letter in word) else _NOT
