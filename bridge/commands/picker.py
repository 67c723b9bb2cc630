"""See and change a chat's model: by its full name, by a part of it, or through providers and pages of buttons."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from itertools import groupby

from bridge.access import Access, ChatSettings
from bridge.commands.context import CommandContext, CommandResult
from bridge.errors import CHERRY_STUDIO, GatewayError, ModelNotFound, NoModelList
from bridge.gateway import Gateway, Model, labelled
from bridge.store import Names, Preferences
from bridge.types import Button, Chat, ModelId
from bridge.words import models_count, no_models

MODELS_PER_PAGE = 8
"""Models on one page of buttons; more do not fit a phone's screen."""
MODELS_PER_LIST = 40
"""Models on one page of /models."""
MAX_RECENT = 3
MAX_PROVIDERS = 24
"""Buttons for providers; people who have more of them search."""
MAX_LABEL_LENGTH = 48
MAX_ID_LENGTH = 400
"""Bytes of a command with a whole model id in it, for a platform that completes what is typed."""
MIN_COMMAND_BYTES = 64
"""What the button of every platform carries: Telegram's carries no more."""

_PAGE_NUMBER = re.compile(r"\s*>(\d{1,4})$")


class Picker:
    """`default` is the model of a chat that has not chosen one; the first offered where the operator set none.

    Only models that the chat's settings permit are shown, taken or used.
    """

    def __init__(
        self, preferences: Preferences, names: Names, gateway: Gateway, access: Access, default: ModelId | None
    ) -> None:
        self._preferences = preferences
        self._names = names
        self._gateway = gateway
        self._access = access
        self._default = default

    @property
    def gateway_name(self) -> str:
        """What people call the gateway, as `Gateway.name` has it."""
        return self._gateway.name

    async def _offered(self, settings: ChatSettings, *, fresh: bool = False) -> list[Model]:
        """The models that `settings` permit, as admins call them. Raises GatewayError and StoreError."""
        models = await self._gateway.models(fresh=fresh)
        if names := await self._names.all():
            name = self._gateway.name
            models = labelled(models, names, server="" if name == CHERRY_STUDIO else name)
        return [model for model in models if settings.models.permit(model.id)]

    async def current(self, chat: Chat) -> ModelId | None:
        """The model that answers in `chat`; None where the gateway offers none that may. Raises GatewayError."""
        return await self.resolve(await self._preferences.model(chat), await self._access.settings.of(chat))

    async def resolve(self, chosen: ModelId | None, settings: ChatSettings) -> ModelId | None:
        """The model that answers where `chosen` was chosen and `settings` apply. Raises GatewayError."""
        wanted = self._wanted(chosen, settings)
        if wanted is not None:
            if not settings.models.permit(wanted):
                raise ModelNotFound(wanted)  # it was chosen when it was still permitted
            return wanted
        offered = [model.id for model in await self._gateway.models() if settings.models.permit(model.id)]
        return offered[0] if offered else None

    def _wanted(self, chosen: ModelId | None, settings: ChatSettings) -> ModelId | None:
        """What was chosen, or else the first default that is permitted."""
        if chosen is not None:
            return chosen
        defaults = (settings.model, self._default)
        return next((model for model in defaults if model and settings.models.permit(model)), None)

    async def name_of(self, chat: Chat) -> str:
        """How to call the chat's model in a sentence, whether or not the gateway is there."""
        try:
            chosen = await self.current(chat)
            offered = {model.id: model for model in await self._offered(ChatSettings())}
        except GatewayError:
            settings = await self._access.settings.of(chat)
            chosen, offered = self._wanted(await self._preferences.model(chat), settings), {}
        if chosen is None:
            return self._gateway.name or CHERRY_STUDIO
        return _name(offered[chosen]) if chosen in offered else str(chosen)

    async def model(self, context: CommandContext, prefix: str = "/model") -> CommandResult:
        """`/model PART`; the buttons that it offers carry `prefix` in place of `/model`."""
        query, page = _split(context.argument)
        words, room = context.words, context.max_command_bytes
        try:
            offered = await self._offered(context.settings)
        except GatewayError as error:
            wanted = _full(query)
            # One word may as well be a part of a name, unless there is no list to look for it in.
            if wanted is None or not (wanted.provider or isinstance(error, NoModelList)):
                raise
            return await self._choose(context, wanted, str(wanted))  # taken on trust; a turn will tell
        if not query:
            return await self._overview(context, offered, prefix)
        if query.endswith(":"):
            group = _group(query[:-1], offered)
            of_provider = [model for model in offered if model.group == group]
            if of_provider:
                return _of_provider(query, of_provider, page, context, prefix)
        found = _matching(query, offered)
        if len(found) == 1:
            return await self._choose(context, found[0].id, _name(found[0]))
        if found:
            return _paged(words.model_several.format(query=query), query, found, page, context, prefix)
        nearest = set(await self._gateway.nearest(query))
        said = words.model_unknown.format(query=query)
        return CommandResult(said, _buttons([model for model in offered if model.id in nearest], room, prefix))

    async def seeing(self, settings: ChatSettings) -> list[ModelId]:
        """The models that may take pictures and may be used, those of different providers first.

        By the gateway's list, by name, and by what was learned. Raises nothing.
        """
        try:
            offered = await self._offered(settings)
        except GatewayError:
            return []
        quirks = await self._gateway.quirks.all()
        seeing = [m for m in offered if m.may_see and "no_pictures" not in quirks.get(m.id, ())]
        first = {model.id.provider: model.id for model in reversed(seeing)}
        return list(dict.fromkeys([*reversed(first.values()), *(model.id for model in seeing)]))

    async def switched(self, context: CommandContext) -> CommandResult | None:
        """What to say where the argument does not name one model to be used here; None where the chat now uses it."""
        result = await self.model(context)
        return None if result.chosen else result

    async def models(self, context: CommandContext) -> CommandResult:
        """All models as text, to read and to copy from."""
        query, page = _split(context.argument)
        words = context.words
        offered = await self._offered(context.settings, fresh=True)
        found = _matching(query, offered) if query else list(offered)
        if not found:
            unknown = words.model_unknown.format(query=query)
            return CommandResult(unknown if query else no_models(words, self._gateway.name))
        shown, page, pages = _cut(found, page, MODELS_PER_LIST)
        lines = [words.models_list.format(models=models_count(len(found), words))]
        for provider, models in groupby(shown, lambda model: model.provider_name):
            lines.append("\n".join([f"**{_plain(provider)}**", *(f"- `{model.id}`" for model in models)]))
        if pages > 1:
            lines.append(words.page.format(page=page, pages=pages))
        return CommandResult("\n\n".join(lines), _turning("/models", query, page, pages, context.max_command_bytes))

    async def find(self, query: str, settings: ChatSettings) -> list[ModelId]:
        """The permitted models that `query` may mean, by their names. Raises GatewayError."""
        return [model.id for model in _matching(query, await self._offered(settings))]

    async def fresh(self, context: CommandContext) -> CommandResult:
        """`/models fresh`: read the list anew, and forget what models were found to refuse."""
        await self._gateway.quirks.clear()
        offered = await self._offered(context.settings, fresh=True)
        models = models_count(len(offered), context.words)
        return CommandResult(context.words.models_fresh.format(models=models))

    async def rename(self, context: CommandContext, argument: str) -> CommandResult:
        """`/models name ID NAME`: call a provider or a model so; without a name, as the gateway does."""
        words = context.words
        wanted, _, name = argument.strip().partition(" ")
        name = _plain(name)[:MAX_LABEL_LENGTH]
        names = await self._names.all()
        if not wanted:
            lines = [f"- `{id}`: {_plain(label)}" for id, label in sorted(names.items())]
            return CommandResult("\n".join([*lines, words.models_name_usage]))
        id = wanted if wanted in names else _id_of(wanted, await self._offered(ChatSettings()))
        if id is None:
            return CommandResult(words.model_unknown.format(query=wanted))
        if not await self._names.set(id, name):
            return CommandResult(words.list_full)
        said = (
            words.models_named.format(id=f"`{id}`", label=f"**{name}**")
            if name
            else words.models_unnamed.format(id=f"`{id}`")
        )
        return CommandResult(said)

    async def suggest(self, typed: str, chat: Chat, most: int) -> list[Button]:
        """The models that fit what has been typed so far, recent ones first."""
        recents = await self._preferences.recents(chat)
        offered = await self._offered(await self._access.settings.of(chat))
        found = _matching(typed, offered) if typed.strip() else offered
        found = sorted(found, key=lambda model: recents.index(model.id) if model.id in recents else len(recents))
        return _buttons(found[:most], MAX_ID_LENGTH)

    async def _choose(self, context: CommandContext, model: ModelId, name: str) -> CommandResult:
        if not context.may_choose:
            return CommandResult.refusal(context.words.choice_of_admins)
        if not context.settings.models.permit(model):
            return CommandResult(context.words.model_not_here.format(model=name))
        await self._preferences.set_model(context.chat, model)
        return CommandResult(context.words.model_now.format(model=name), chosen=True)

    async def _overview(self, context: CommandContext, offered: Sequence[Model], prefix: str) -> CommandResult:
        chat, words, room = context.chat, context.words, context.max_command_bytes
        if not offered:
            return CommandResult(no_models(words, self._gateway.name))
        by_id = {model.id: model for model in offered}
        chosen = self._wanted(await self._preferences.model(chat), context.settings) or offered[0].id
        name = _name(by_id[chosen]) if chosen in by_id else str(chosen)
        said = words.model_now.format(model=name) if chosen in by_id else words.model_gone.format(model=name)
        recents = [by_id[id] for id in await self._preferences.recents(chat) if id in by_id and id != chosen][
            :MAX_RECENT
        ]
        buttons = _buttons(recents, room, prefix)
        providers: dict[str, list[Model]] = {}
        for model in offered:
            providers.setdefault(model.group, []).append(model)
        if len(providers) == 1:
            (query, models) = next(iter(providers.items()))
            paged = _of_provider(f"{query}:", models, 1, context, prefix)
            known = {button.command for button in buttons}
            others = [button for button in paged.buttons if button.command not in known]
            return CommandResult(f"{said}\n\n{words.model_pick}", [*buttons, *others])
        shown = list(providers.items())[:MAX_PROVIDERS]
        labels = _distinct([(f"{_plain(models[0].provider_name)} ({len(models)})", group) for group, models in shown])
        buttons += [
            Button(label, _command(prefix, f"{group}:", room) or f"{prefix} {_token(group)}:")
            for label, (group, _) in zip(labels, shown, strict=True)
        ]
        return CommandResult(f"{said}\n\n{words.model_pick}", buttons)


def _split(argument: str) -> tuple[str, int]:
    """What is asked for, and which page of it: ``hunyuan >2``."""
    found = _PAGE_NUMBER.search(argument)
    return (argument[: found.start()].strip(), int(found[1])) if found else (argument.strip(), 1)


def _full(query: str) -> ModelId | None:
    try:
        return ModelId.parse(query)
    except ValueError:
        return None


def _matching(query: str, offered: Sequence[Model]) -> list[Model]:
    """The models that `query` may mean: the one of exactly that name, else all that hold each of its words."""
    wanted = query.casefold()
    for exact in (
        [model for model in offered if query in (str(model.id), _token(str(model.id)))],
        [model for model in offered if wanted == str(model.id).casefold()],
        [model for model in offered if wanted in (model.id.model.casefold(), model.name.casefold())],
    ):
        if len(exact) == 1:
            return exact
    parts = wanted.split()
    return [
        model
        for model in offered
        if all(part in f"{model.id} {model.name} {model.provider_name}".casefold() for part in parts)
    ]


def _group(query: str, offered: Sequence[Model]) -> str | None:
    """The group that is meant by its id, its name, or its token; None where none is."""
    for model in offered:
        if query.casefold() in (model.group.casefold(), model.provider_name.casefold()):
            return model.group
        if query == _token(model.group):
            return model.group
    return None


def _id_of(wanted: str, offered: Sequence[Model]) -> str | None:
    """The id of the model or the provider that is meant: by its id, its name, or the beginning of a provider's id."""
    exact = [str(model.id) for model in offered if wanted.casefold() == str(model.id).casefold()]
    if exact:
        return exact[0]
    if (group := _group(wanted.removesuffix(":"), offered)) is not None:
        return group
    begun = {model.group for model in offered if model.group.startswith(wanted)}
    return begun.pop() if len(begun) == 1 else None


def _of_provider(query: str, models: Sequence[Model], page: int, context: CommandContext, prefix: str) -> CommandResult:
    words = context.words
    provider = _plain(models[0].provider_name)
    said = words.model_provider.format(provider=provider, models=models_count(len(models), words))
    result = _paged(said, query, models, page, context, prefix)
    return CommandResult(result.text, [*result.buttons, Button(words.button_back, prefix)])


def _paged(
    said: str, query: str, models: Sequence[Model], page: int, context: CommandContext, prefix: str
) -> CommandResult:
    words, room = context.words, context.max_command_bytes
    shown, page, pages = _cut(models, page, MODELS_PER_PAGE)
    if pages > 1:
        said = f"{said}\n\n{words.page.format(page=page, pages=pages)} – {words.model_search}"
    turning = _turning(prefix, query, page, pages, room)
    return CommandResult(said, [*_buttons(shown, room, prefix), *turning])


def _turning(command: str, query: str, page: int, pages: int, room: int) -> list[Button]:
    """Return the buttons to the page before and the page after."""
    turns = [(f"‹ {page - 1}/{pages}", page - 1)] * (page > 1) + [(f"› {page + 1}/{pages}", page + 1)] * (page < pages)
    commands = [(label, _command(command, f"{query} >{number}".strip(), room)) for label, number in turns]
    return [Button(label, sent) for label, sent in commands if sent]


def _cut(models: Sequence[Model], page: int, size: int) -> tuple[Sequence[Model], int, int]:
    """Return one page of `models`, its number within bounds, and how many pages there are."""
    pages = max(1, -(-len(models) // size))
    page = min(max(page, 1), pages)
    return models[(page - 1) * size : page * size], page, pages


def model_command(prefix: str, model: ModelId, room: int = MIN_COMMAND_BYTES) -> str:
    """Return `prefix` with the model's name behind it; with a short one where that does not fit a button."""
    return _command(prefix, str(model), room) or f"{prefix} {_token(str(model))}"


def _buttons(models: Sequence[Model], room: int, prefix: str = "/model") -> list[Button]:
    """Return a button for each model, no two of which read the same."""
    labels = _distinct([(_name(model), str(model.id)) for model in models])
    commands = (model_command(prefix, model.id, room) for model in models)
    return [Button(label, command) for label, command in zip(labels, commands, strict=True)]


def _distinct(named: Sequence[tuple[str, str]]) -> list[str]:
    """Return a label of at most `MAX_LABEL_LENGTH` for each name and id: cut where it is longer, at its end or, where
    another one then reads the same, in its middle; with a part of the id where that does not help either."""
    labels = [_short(name) for name, _ in named]
    for shorten in (_short_in_the_middle, _short_with_token):
        count = Counter(label.casefold() for label in labels)
        labels = [
            label if count[label.casefold()] == 1 else shorten(name, id)
            for label, (name, id) in zip(labels, named, strict=True)
        ]
    return labels


def _short_in_the_middle(name: str, _id: str) -> str:
    half = MAX_LABEL_LENGTH // 2
    return name if len(name) <= MAX_LABEL_LENGTH else f"{name[: half - 1]}…{name[-half:]}"


def _short_with_token(name: str, id: str) -> str:
    token = _token(id)[:7]
    return f"{name[: MAX_LABEL_LENGTH - len(token) - 1]} {token}"


def _command(command: str, argument: str, room: int) -> str:
    """Return the command with its argument; empty where that is more than `room` bytes, which a button can carry."""
    whole = f"{command} {argument}"
    return whole if len(whole.encode()) <= room else ""


def _token(id: str) -> str:
    """Return a short name for an id that is too long for a button; always the same, so nobody need remember it."""
    return f"#{hashlib.sha256(id.encode()).hexdigest()[:16]}"


def _name(model: Model) -> str:
    return f"{_plain(model.provider_name)} · {_plain(model.name)}"


def _short(label: str) -> str:
    return label if len(label) <= MAX_LABEL_LENGTH else f"{label[: MAX_LABEL_LENGTH - 1]}…"


def _plain(text: str) -> str:
    """Return a provider's or a model's name as one line without Markdown's marks."""
    return " ".join("".join(letter for letter in text if letter.isprintable() and letter not in "*`|").split())
