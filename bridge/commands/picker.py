"""See and change a chat's model: by its full name, by a part of it, or through providers and pages of buttons."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from itertools import groupby

from bridge.access import Access, ChatSettings
from bridge.commands.context import CommandContext, CommandResult
from bridge.errors import GatewayError, ModelNotFound
from bridge.gateway import Gateway, Model
from bridge.store import Preferences
from bridge.types import Button, Chat, ModelId

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

_PAGE_NUMBER = re.compile(r"\s*>(\d{1,4})$")


class Picker:
    """`default` is the model of a chat that has not chosen one; the first offered where the operator set none.

    Only models that the chat's settings permit are shown, taken or used.
    """

    def __init__(self, preferences: Preferences, gateway: Gateway, access: Access, default: ModelId | None) -> None:
        self._preferences = preferences
        self._gateway = gateway
        self._access = access
        self._default = default

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
        offered = _permitted(await self._gateway.models(), settings)
        return offered[0].id if offered else None

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
            offered = {model.id: model for model in await self._gateway.models()}
        except GatewayError:
            settings = await self._access.settings.of(chat)
            chosen, offered = self._wanted(await self._preferences.model(chat), settings), {}
        if chosen is None:
            return "Cherry Studio"
        return _name(offered[chosen]) if chosen in offered else str(chosen)

    async def model(self, context: CommandContext) -> CommandResult:
        query, page = _split(context.argument)
        words, room = context.words, context.max_command_bytes
        try:
            offered = _permitted(await self._gateway.models(), context.settings)
        except GatewayError:
            if (wanted := _full(query)) is None:
                raise
            return await self._choose(context, wanted, str(wanted))  # taken on trust; a turn will tell
        if not query:
            return await self._overview(context, offered)
        if query.endswith(":"):
            of_provider = [model for model in offered if model.id.provider == _provider(query[:-1], offered)]
            if of_provider:
                return _of_provider(query, of_provider, page, context)
        found = _matching(query, offered)
        if len(found) == 1:
            return await self._choose(context, found[0].id, _name(found[0]))
        if found:
            return _paged(words.model_several.format(query=query), query, found, page, context)
        nearest = set(await self._gateway.nearest(query))
        said = words.model_unknown.format(query=query)
        return CommandResult(said, [_button(model, room) for model in offered if model.id in nearest])

    async def seeing(self, settings: ChatSettings) -> list[ModelId]:
        """The models that may take pictures and may be used, those of different providers first.

        By the gateway's list, by name, and by what was learned. Raises nothing.
        """
        try:
            offered = _permitted(await self._gateway.models(), settings)
        except GatewayError:
            return []
        quirks = await self._gateway.quirks.all()
        seeing = [m for m in offered if m.may_see and "no_pictures" not in quirks.get(m.id, ())]
        first = {model.id.provider: model.id for model in reversed(seeing)}
        return list(dict.fromkeys([*reversed(first.values()), *(model.id for model in seeing)]))

    async def switched(self, context: CommandContext) -> CommandResult | None:
        """What to say where the argument does not name one model to be used here; None where the chat now uses it."""
        result = await self.model(context)
        chosen = await self._preferences.model(context.chat)
        is_it = chosen is not None and context.argument in (str(chosen), _token(str(chosen)))
        return None if is_it else result

    async def models(self, context: CommandContext) -> CommandResult:
        """All models as text, to read and to copy from."""
        query, page = _split(context.argument)
        words = context.words
        offered = _permitted(await self._gateway.models(fresh=True), context.settings)
        found = _matching(query, offered) if query else list(offered)
        if not found:
            return CommandResult(words.model_unknown.format(query=query) if query else words.models_none)
        shown, page, pages = _cut(found, page, MODELS_PER_LIST)
        lines = [words.models_list.format(count=len(found))]
        for provider, models in groupby(shown, lambda model: model.provider_name):
            lines.append("\n".join([f"**{_plain(provider)}**", *(f"- `{model.id}`" for model in models)]))
        if pages > 1:
            lines.append(words.page.format(page=page, pages=pages))
        return CommandResult("\n\n".join(lines), _turning("/models", query, page, pages, context.max_command_bytes))

    async def suggest(self, typed: str, chat: Chat, most: int) -> list[Button]:
        """The models that fit what has been typed so far, recent ones first."""
        recents = await self._preferences.recents(chat)
        offered = _permitted(await self._gateway.models(), await self._access.settings.of(chat))
        found = _matching(typed, offered) if typed.strip() else offered
        found = sorted(found, key=lambda model: recents.index(model.id) if model.id in recents else len(recents))
        return [_button(model, MAX_ID_LENGTH) for model in found[:most]]

    async def _choose(self, context: CommandContext, model: ModelId, name: str) -> CommandResult:
        if not context.may_choose:
            return CommandResult.refusal(context.words.choice_of_admins)
        if not context.settings.models.permit(model):
            return CommandResult(context.words.model_not_here.format(model=name))
        await self._preferences.set_model(context.chat, model)
        return CommandResult(context.words.model_now.format(model=name))

    async def _overview(self, context: CommandContext, offered: Sequence[Model]) -> CommandResult:
        chat, words, room = context.chat, context.words, context.max_command_bytes
        if not offered:
            return CommandResult(words.models_none)
        by_id = {model.id: model for model in offered}
        chosen = self._wanted(await self._preferences.model(chat), context.settings) or offered[0].id
        name = _name(by_id[chosen]) if chosen in by_id else str(chosen)
        said = words.model_now.format(model=name) if chosen in by_id else words.model_gone.format(model=name)
        recents = [by_id[id] for id in await self._preferences.recents(chat) if id in by_id and id != chosen][
            :MAX_RECENT
        ]
        buttons = [_button(model, room) for model in recents]
        providers: dict[str, list[Model]] = {}
        for model in offered:
            providers.setdefault(model.id.provider, []).append(model)
        if len(providers) == 1:
            (query, models) = next(iter(providers.items()))
            paged = _of_provider(f"{query}:", models, 1, context)
            return CommandResult(f"{said}\n\n{words.model_pick}", [*buttons, *paged.buttons])
        for provider, models in list(providers.items())[:MAX_PROVIDERS]:
            label = _short(f"{models[0].provider_name} ({len(models)})")
            buttons.append(Button(label, _command("/model", f"{provider}:", room) or f"/model {_token(provider)}:"))
        return CommandResult(f"{said}\n\n{words.model_pick}", buttons)


def _permitted(offered: Sequence[Model], settings: ChatSettings) -> list[Model]:
    return [model for model in offered if settings.models.permit(model.id)]


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


def _provider(query: str, offered: Sequence[Model]) -> str:
    """The id of the provider that is meant by its id, its name, or its token."""
    for model in offered:
        if query.casefold() in (model.id.provider.casefold(), model.provider_name.casefold()):
            return model.id.provider
        if query == _token(model.id.provider):
            return model.id.provider
    return ""


def _of_provider(query: str, models: Sequence[Model], page: int, context: CommandContext) -> CommandResult:
    words = context.words
    said = words.model_provider.format(provider=_plain(models[0].provider_name), count=len(models))
    result = _paged(said, query, models, page, context)
    return CommandResult(result.text, [*result.buttons, Button(words.button_back, "/model")])


def _paged(said: str, query: str, models: Sequence[Model], page: int, context: CommandContext) -> CommandResult:
    words, room = context.words, context.max_command_bytes
    shown, page, pages = _cut(models, page, MODELS_PER_PAGE)
    if pages > 1:
        said = f"{said}\n\n{words.page.format(page=page, pages=pages)} – {words.model_search}"
    turning = _turning("/model", query, page, pages, room)
    return CommandResult(said, [*(_button(model, room) for model in shown), *turning])


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


def _button(model: Model, room: int) -> Button:
    command = _command("/model", str(model.id), room) or f"/model {_token(str(model.id))}"
    return Button(_short(_name(model)), command)


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
