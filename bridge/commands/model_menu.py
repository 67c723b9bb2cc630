"""How models are found by what people write, and shown as pages of buttons."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Sequence

from bridge.commands.context import CommandContext, CommandResult
from bridge.gateway import Model, plain_name, section_name
from bridge.shorten import shorten
from bridge.types import Button, ModelId
from bridge.words import models_count

MODELS_PER_PAGE = 8
"""Models on one page of buttons; more do not fit a phone's screen."""
MAX_LABEL_LENGTH = 48
MIN_COMMAND_BYTES = 64
"""What the button of every platform carries: Telegram's carries no more."""

_PAGE_NUMBER = re.compile(r"\s*>(\d{1,4})$")


def split_page(argument: str) -> tuple[str, int]:
    """What is asked for, and which page of it: ``hunyuan >2``."""
    found = _PAGE_NUMBER.search(argument)
    return (argument[: found.start()].strip(), int(found[1])) if found else (argument.strip(), 1)


def full_id(query: str) -> ModelId | None:
    try:
        return ModelId.parse(query)
    except ValueError:
        return None


def matching(query: str, offered: Sequence[Model]) -> list[Model]:
    """The models that `query` may mean: the one of exactly that name, else all that hold each of its words."""
    wanted = query.casefold()
    for exact in (
        [model for model in offered if query in (str(model.id), token(str(model.id)))],
        [model for model in offered if wanted == str(model.id).casefold()],
        same := [model for model in offered if wanted == str(model.id_there).casefold()],
        [model for model in offered if wanted in (model.id_there.model.casefold(), model.name.casefold())],
    ):
        if len(exact) == 1:
            return exact
    if same:
        return same  # several gateways have it
    parts = wanted.split()
    return [
        model
        for model in offered
        if all(
            part in f"{model.id} {model.name} {model.provider_name} {model.gateway_label}".casefold() for part in parts
        )
    ]


def section_of(query: str, offered: Sequence[Model]) -> str | None:
    """The section that is meant by its id, its token, or its provider's name; None where none is, or several are."""
    sections = {model.section: model for model in offered}
    for section in sections:
        if query.casefold() == section.casefold() or query == token(section):
            return section
    names = query.casefold()
    meant = [key for key, m in sections.items() if names in (m.group.casefold(), m.provider_name.casefold())]
    return meant[0] if len(meant) == 1 else None


def id_of(wanted: str, offered: Sequence[Model]) -> str | None:
    """The id of the model or the section that is meant: by its id, its name, or the beginning of a provider's id."""
    exact = [m for m in offered if wanted.casefold() in (str(m.id).casefold(), str(m.id_there).casefold())]
    if len(exact) == 1:
        return str(exact[0].id)
    if (section := section_of(wanted.removesuffix(":"), offered)) is not None:
        return section
    begun = {model.section for model in offered if model.group.startswith(wanted)}
    return begun.pop() if len(begun) == 1 else None


def models_of_provider(
    query: str, models: Sequence[Model], page: int, context: CommandContext, prefix: str
) -> CommandResult:
    words = context.words
    provider = section_name(models[0])
    said = words.model_provider.format(provider=provider, models=models_count(len(models), words))
    result = paged(said, query, models, page, context, prefix)
    return CommandResult(result.text, [*result.buttons, Button(words.button_back, prefix)])


def paged(
    said: str, query: str, models: Sequence[Model], page: int, context: CommandContext, prefix: str
) -> CommandResult:
    words, room = context.words, context.max_command_bytes
    shown, page, pages = cut(models, page, MODELS_PER_PAGE)
    if pages > 1:
        said = f"{said}\n\n{words.page.format(page=page, pages=pages)} – {words.model_search}"
    return CommandResult(said, [*buttons_for(shown, room, prefix), *turning(prefix, query, page, pages, room)])


def turning(command: str, query: str, page: int, pages: int, room: int) -> list[Button]:
    """Return the buttons to the page before and the page after."""
    turns = [(f"‹ {page - 1}/{pages}", page - 1)] * (page > 1) + [(f"› {page + 1}/{pages}", page + 1)] * (page < pages)
    commands = [(label, command_with(command, f"{query} >{number}".strip(), room)) for label, number in turns]
    return [Button(label, sent) for label, sent in commands if sent]


def cut(models: Sequence[Model], page: int, size: int) -> tuple[Sequence[Model], int, int]:
    """Return one page of `models`, its number within bounds, and how many pages there are."""
    pages = max(1, -(-len(models) // size))
    page = min(max(page, 1), pages)
    return models[(page - 1) * size : page * size], page, pages


def model_command(prefix: str, model: ModelId, room: int = MIN_COMMAND_BYTES) -> str:
    """Return `prefix` with the model's name behind it; with a short one where that does not fit a button."""
    return command_with(prefix, str(model), room) or f"{prefix} {token(str(model))}"


def buttons_for(models: Sequence[Model], room: int, prefix: str = "/model") -> list[Button]:
    """Return a button for each model, no two of which read the same."""
    labels = distinct([(name_of(model), str(model.id)) for model in models])
    commands = (model_command(prefix, model.id, room) for model in models)
    return [Button(label, command) for label, command in zip(labels, commands, strict=True)]


def distinct(named: Sequence[tuple[str, str]]) -> list[str]:
    """Return a label of at most `MAX_LABEL_LENGTH` for each name and id: cut where it is longer, at its end or, where
    another one then reads the same, in its middle; with a part of the id where that does not help either."""
    labels = [shorten(name, MAX_LABEL_LENGTH) for name, _ in named]
    for cut in (_short_in_the_middle, _short_with_token):
        count = Counter(label.casefold() for label in labels)
        labels = [
            label if count[label.casefold()] == 1 else cut(name, id)
            for label, (name, id) in zip(labels, named, strict=True)
        ]
    return labels


def _short_in_the_middle(name: str, _id: str) -> str:
    half = MAX_LABEL_LENGTH // 2
    return name if len(name) <= MAX_LABEL_LENGTH else f"{name[: half - 1]}…{name[-half:]}"


def _short_with_token(name: str, id: str) -> str:
    end = token(id)[:7]
    return f"{name[: MAX_LABEL_LENGTH - len(end) - 1]} {end}"


def command_with(command: str, argument: str, room: int) -> str:
    """Return the command with its argument; empty where that is more than `room` bytes, which a button can carry."""
    whole = f"{command} {argument}"
    return whole if len(whole.encode()) <= room else ""


def token(id: str) -> str:
    """Return a short name for an id that is too long for a button; always the same, so nobody need remember it."""
    return f"#{hashlib.sha256(id.encode()).hexdigest()[:16]}"


def name_of(model: Model) -> str:
    """What people call `model`: of several gateways, with the gateway's name before the provider's."""
    return f"{section_name(model)} · {plain_name(model.name)}"
