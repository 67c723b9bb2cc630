"""What may follow each command word for word: offered as buttons, and completed where a platform completes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeVar

from bridge.commands.context import CommandContext, CommandResult
from bridge.commands.subjects import plain
from bridge.types import Button, Chat

Level = TypeVar("Level", bound=str)

CHOICES: Mapping[str, tuple[str, ...]] = {
    "help": ("talk", "models", "prompts", "you", "access", "settings", "tour"),
    "models": ("fresh", "reset", "name ", "allow ", "deny "),
    "page": ("1-20", "21-40", "41-60"),
    "sum": ("20", "50", "100", "200"),
    "system": ("off",),
    "persona": ("off", "save "),
    "chain": ("save ",),
    "later": ("on", "off"),
    "reasoning": ("off", "brief", "full"),
    "buttons": ("off", "few", "all"),
    "effort": ("low", "medium", "high", "off"),
    "params": ("reset", "temperature ", "top_p ", "max_tokens ", "stop ", "effort "),
    "voice": ("on", "off"),
    "tools": ("on", "off"),
    "kb": ("list", "add", "always", "tool", "off", "ask ", "remove "),
    "usage": ("all", "people", "chats", "errors"),
    "allowlist": ("remove ",),
    "invite": ("1", "5 for 7d", "off"),
    "chat": (
        "answer mention",
        "answer all",
        "history shared",
        "history per-person",
        "choose everyone",
        "choose admins",
        "later on",
        "later off",
        "tools on",
        "tools off",
        "knowledge admins",
        "knowledge everyone",
        "limit off",
        "memory drop",
        "memory summarise",
        "titles on",
        "titles off",
        "overhear off",
        "overhear members",
        "overhear everyone",
        "models reset",
        "fallback off",
    ),
    "export": ("all",),
    "forget": ("this", "all"),
    "history": ("shared", "per-person"),
    "audit": ("10", "50"),
    "admin": ("list", "add ", "remove "),
}
"""One that ends in a space wants more behind it: it is completed, and no button sends it."""


def choice_buttons(command: str) -> list[Button]:
    """Return a button for each choice that is whole; they read as what they send."""
    return [
        Button(f"/{command} {choice}", f"/{command} {choice}")
        for choice in CHOICES.get(command, ())
        if choice[-1] != " "
    ]


def choices_of(command: str, first: str) -> list[Button]:
    """Return those of `choice_buttons` that begin with the word `first`."""
    return [button for button in choice_buttons(command) if button.label.split()[1] == first]


async def pick_level(
    context: CommandContext,
    levels: Sequence[Level],
    read: Callable[[Chat], Awaitable[Level]],
    write: Callable[[Chat, Level], Awaitable[None]],
    said: Mapping[str, str],
    labels: Mapping[str, str],
) -> CommandResult:
    """Set the chat's level to the one that is named, or leave it; say what it is now, with a button for each other.

    `said` and `labels` have the sentence and the label of each level. Raises StoreError.
    """
    words, chat, wanted = context.words, context.chat, context.argument.strip().lower()
    name, level = context.call.name, next((each for each in levels if each == wanted), None)
    if level is None:
        level = await read(chat)
    elif context.may_choose:
        await write(chat, level)
    else:
        return CommandResult.refusal(words.choice_of_admins)
    wrong = words.setting_wrong.format(value=plain(context.argument), name=name)
    unknown = [wrong] if wanted and wanted not in levels else []
    others = [Button(labels[each], f"/{name} {each}") for each in levels if each != level]
    return CommandResult("\n\n".join([*unknown, said[level]]), others)


def completed(command: str, typed: str) -> list[Button]:
    """Return the choices that begin with what was typed."""
    begun = typed.lstrip().casefold()
    fitting = [choice for choice in CHOICES.get(command, ()) if choice.startswith(begun)]
    return [Button(choice.strip(), f"/{command} {choice}") for choice in fitting]
