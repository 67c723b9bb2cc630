"""See and change a chat's model: by its full name, by a part of it, or through providers and pages of buttons."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from itertools import groupby

from bridge.access import ChatSettings
from bridge.commands.context import CommandContext, CommandResult
from bridge.commands.management import Management
from bridge.commands.model_menu import (
    MODELS_PER_PAGE,
    buttons_for,
    command_with,
    cut,
    distinct,
    full_id,
    id_of,
    matching,
    models_of_provider,
    name_of,
    paged,
    section_of,
    split_page,
    token,
    turning,
)
from bridge.errors import CHERRY_STUDIO, GatewayError, ModelNotFound, NoModelList
from bridge.gateway import Gateways, Model, plain_name, section_name, shortest_ids
from bridge.sampling import READERS
from bridge.store import Chosen, Names, Preferences
from bridge.types import MAX_FALLBACKS, Button, Chat, Fallbacks, ModelId
from bridge.words import Words, models_count, no_models, trouble

MODELS_PER_LIST = 40
"""Models on one page of /models."""
MAX_RECENT = 3
MAX_PROVIDERS = 24
"""Buttons for providers; people who have more of them search."""
MAX_ID_LENGTH = 400
"""Bytes of a command with a whole model id in it, for a platform that completes what is typed."""
Take = Callable[[CommandContext, ModelId, str], Awaitable[CommandResult]]
"""Is given the model that was picked, and what people call it."""
_NAMED_FALLBACKS = re.compile(r"(.*?)(?:^|\s)(?:fallback|备用|備用)(?:\s+(.*)|$)", re.IGNORECASE | re.DOTALL)
"""``a:x fallback b:y, c:z``"""


class Picker:
    """`default` is the model of a chat that has not chosen one; the first offered where the operator set none. Where it
    does not answer, those of `fallback` do.

    Only models that the chat's settings permit are shown, taken or used.
    """

    def __init__(
        self,
        preferences: Preferences,
        names: Names,
        gateways: Gateways,
        management: Management,
        default: ModelId | None,
        fallback: Fallbacks | None = None,
    ) -> None:
        self._preferences = preferences
        self._names = names
        self._gateways = gateways
        self._access = management.access
        self._management = management
        self._default = default
        self._fallback = fallback

    @property
    def gateway_name(self) -> str:
        """What people call the gateway, as `Gateways.name` has it."""
        return self._gateways.name

    async def _offered(self, settings: ChatSettings, *, fresh: bool = False) -> list[Model]:
        """The models that `settings` permit, as admins call them. Raises GatewayError and StoreError."""
        models = await self._gateways.models(fresh=fresh)
        if names := await self._names.all():
            models = self._gateways.named(models, names)
        return [model for model in models if settings.models.permit(model.id)]

    async def current(self, chat: Chat) -> ModelId | None:
        """The model that answers in `chat`; None where the gateway offers none that may. Raises GatewayError."""
        return await self.resolve(await self._preferences.model(chat), await self._access.settings.of(chat))

    async def resolve(self, chosen: ModelId | None, settings: ChatSettings) -> ModelId | None:
        """The model that answers where `chosen` was chosen and `settings` apply. Raises GatewayError."""
        wanted = self._wanted(chosen, settings)
        if wanted is None:
            return await self._gateways.first_model(settings.models.permit)
        if not settings.models.permit(wanted):
            raise ModelNotFound(wanted)  # it was chosen when it was still permitted
        return await self._gateways.resolve(wanted)

    async def chain(self, chosen: Chosen, settings: ChatSettings) -> list[ModelId]:
        """The model that answers, and those that do where it does not; none where none may. Raises GatewayError."""
        model = await self.resolve(chosen.model, settings)
        if model is None:
            return []
        named = self._fallbacks(chosen.model, chosen.fallback, settings).models
        fallbacks = [await self._gateways.canonical(each) for each in named if settings.models.permit(each)]
        return list(dict.fromkeys([model, *fallbacks]))

    def _fallbacks(self, model: ModelId | None, chosen: Fallbacks | None, settings: ChatSettings) -> Fallbacks:
        """Those that were named with the model: by the chat where it has chosen one, else by admins or the operator."""
        if chosen is not None or model is not None:
            return chosen or Fallbacks()
        return settings.fallback or self._fallback or Fallbacks()

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
            return self._gateways.name or CHERRY_STUDIO
        return name_of(offered[chosen]) if chosen in offered else str(chosen)

    async def model(self, context: CommandContext, prefix: str = "/model", take: Take | None = None) -> CommandResult:
        """`/model PART`; the buttons that it offers carry `prefix` in place of `/model`.

        `take` says what becomes of the model that is picked, in place of its being chosen for the chat.
        """
        choose = take or self._choose
        if take is None and (named := _NAMED_FALLBACKS.fullmatch(context.argument.strip())) is not None:
            return await self._choose_with_fallbacks(context, named[1].strip(), (named[2] or "").strip())
        query, page = split_page(context.argument)
        words, room = context.words, context.max_command_bytes
        try:
            offered = await self._offered(context.settings)
        except GatewayError as error:
            wanted = full_id(query)
            # One word may as well be a part of a name, unless there is no list to look for it in.
            if wanted is None or not (wanted.provider or isinstance(error, NoModelList)):
                raise
            return await choose(context, wanted, str(wanted))  # taken on trust; a turn will tell
        if not query:
            return await self._overview(context, offered, prefix)
        if query.startswith("@") and (there := [model for model in offered if f"@{model.gateway}" == query.lower()]):
            return self._providers(plain_name(there[0].gateway_label), there, context, prefix)
        if query.endswith(":"):
            section = section_of(query[:-1], offered)
            of_provider = [model for model in offered if model.section == section]
            if of_provider:
                return models_of_provider(query, of_provider, page, context, prefix)
        found = matching(query, offered)
        if len(found) == 1:
            return await choose(context, found[0].id, name_of(found[0]))
        if found:
            return paged(words.model_several.format(query=query), query, found, page, context, prefix)
        nearest = set(await self._gateways.nearest(query))
        said = words.model_unknown.format(query=query)
        return CommandResult(said, buttons_for([model for model in offered if model.id in nearest], room, prefix))

    async def seeing(self, settings: ChatSettings) -> list[ModelId]:
        """The models that may take pictures and may be used, those of different providers first.

        By the gateway's list, by name, and by what was learned. Raises nothing.
        """
        try:
            offered = await self._offered(settings)
        except GatewayError:
            return []
        quirks = await self._gateways.quirks.all()
        seeing = [m for m in offered if m.may_see and "no_pictures" not in quirks.get(m.id, ())]
        first = {model.id.provider: model.id for model in reversed(seeing)}
        return list(dict.fromkeys([*reversed(first.values()), *(model.id for model in seeing)]))

    async def refused_parameters(self, model: ModelId) -> list[str]:
        """The parameters that `model` is not sent: those it was found to refuse."""
        quirks = await self._gateways.quirks.get(model)
        return [name for name in READERS if f"no_{name}" in quirks]

    async def switched(self, context: CommandContext) -> CommandResult | None:
        """What to say where the argument does not name one model to be used here; None where the chat now uses it."""
        result = await self.model(context)
        return None if result.chosen else result

    async def models(self, context: CommandContext) -> CommandResult:
        """All models as text, to read and to copy from."""
        query, page = split_page(context.argument)
        words = context.words
        offered = await self._offered(context.settings, fresh=True)
        found = matching(query, offered) if query else list(offered)
        if not found:
            unknown = words.model_unknown.format(query=query)
            return CommandResult(unknown if query else no_models(words, self._gateways.name))
        shown, page, pages = cut(found, page, MODELS_PER_LIST)
        lines = [words.models_list.format(models=models_count(len(found), words))]
        ids = shortest_ids(offered)
        for title, models in groupby(shown, section_name):
            lines.append("\n".join([f"**{title}**", *(f"- `{ids[model.id]}`" for model in models)]))
        lines += self._unread(words)
        if pages > 1:
            lines.append(words.page.format(page=page, pages=pages))
        return CommandResult("\n\n".join(lines), turning("/models", query, page, pages, context.max_command_bytes))

    async def find(self, query: str, settings: ChatSettings) -> list[ModelId]:
        """The permitted models that `query` may mean, by their names. Raises GatewayError."""
        return [model.id for model in matching(query, await self._offered(settings))]

    async def fresh(self, context: CommandContext) -> CommandResult:
        """`/models fresh`: read the list again, and forget what models were found to refuse."""
        await self._gateways.quirks.clear()
        offered = await self._offered(context.settings, fresh=True)
        models = models_count(len(offered), context.words)
        return CommandResult(context.words.models_fresh.format(models=models))

    async def rename(self, context: CommandContext, argument: str) -> CommandResult:
        """`/models name ID NAME`: call a provider or a model so; without a name, as the gateway does."""
        words = context.words
        wanted, _, name = argument.strip().partition(" ")
        names = await self._names.all()
        if not wanted:
            lines = [f"- `{id}`: {plain_name(label)}" for id, label in sorted(names.items())]
            return CommandResult("\n".join([*lines, words.models_name_usage]))
        id = wanted if wanted in names else id_of(wanted, await self._offered(ChatSettings()))
        if id is None:
            return CommandResult(words.model_unknown.format(query=wanted))
        kept = await self._management.rename(id, name, context.actor)
        if kept is None:
            return CommandResult(words.list_full)
        said = (
            words.models_named.format(id=f"`{id}`", label=f"**{kept}**")
            if kept
            else words.models_unnamed.format(id=f"`{id}`")
        )
        return CommandResult(said)

    async def suggest(self, typed: str, chat: Chat, most: int) -> list[Button]:
        """The models that fit what has been typed so far, recent ones first."""
        recents = await self._preferences.recents(chat)
        offered = await self._offered(await self._access.settings.of(chat))
        found = matching(typed, offered) if typed.strip() else offered
        found = sorted(found, key=lambda model: recents.index(model.id) if model.id in recents else len(recents))
        return buttons_for(found[:most], MAX_ID_LENGTH)

    async def _choose(self, context: CommandContext, model: ModelId, name: str) -> CommandResult:
        if not context.may_choose:
            return CommandResult.refusal(context.words.choice_of_admins)
        if not context.settings.models.permit(model):
            return CommandResult(context.words.model_not_here.format(model=name))
        await self._preferences.set_model(context.chat, await self._gateways.canonical(model))
        await self._preferences.set_fallback(context.chat, None)
        return CommandResult(context.words.model_now.format(model=name), chosen=True)

    async def _choose_with_fallbacks(self, context: CommandContext, query: str, named: str) -> CommandResult:
        """`/model a:x fallback b:y, c:z`; without a model, for the one that the chat has; `off` for none."""
        words, chat = context.words, context.chat
        if not context.may_choose:
            return CommandResult.refusal(words.choice_of_admins)
        if named.lower() in ("off", ""):
            models: list[ModelId] = []
        else:
            models = []
            for part in filter(None, map(str.strip, re.split(r"[,，、]", named))):
                found = await self._one(part, context)
                if isinstance(found, CommandResult):
                    return found
                models.append(found)
            if len(models) > MAX_FALLBACKS:
                return CommandResult(words.fallback_usage.format(most=MAX_FALLBACKS))
        if query:
            found = await self._one(query, context)
            if isinstance(found, CommandResult):
                return found
            await self._preferences.set_model(chat, found)
        await self._preferences.set_fallback(chat, Fallbacks(tuple(dict.fromkeys(models))))
        name = await self.name_of(chat)
        return CommandResult(f"{words.model_now.format(model=name)}\n{self._fallback_line(models, words)}", chosen=True)

    async def _one(self, query: str, context: CommandContext) -> ModelId | CommandResult:
        """The one model that is meant and may be used here, or what to say where there is none."""
        words, wanted = context.words, full_id(query)
        try:
            offered = await self._offered(context.settings)
        except GatewayError:
            if wanted is None or not context.settings.models.permit(wanted):
                raise
            return await self._gateways.canonical(wanted)  # taken on trust; a turn will tell
        found = matching(query, offered)
        if len(found) == 1:
            return found[0].id
        if not found:
            return CommandResult(words.model_unknown.format(query=plain_name(query)))
        ids = shortest_ids(offered)
        lines = [f"- `{ids[model.id]}`" for model in found[:MODELS_PER_PAGE]]
        return CommandResult("\n".join([words.model_several.format(query=plain_name(query)), *lines]))

    def _fallback_line(self, models: Sequence[ModelId], words: Words) -> str:
        names = ", ".join(f"`{model}`" for model in models)
        return words.fallback_now.format(models=names) if models else words.fallback_none

    def _unread(self, words: Words) -> list[str]:
        """A line for each of several gateways that gave no list of models."""
        errors = self._gateways.errors.values()
        return [f"⚠️ {trouble(error, words, model=None, admin=False)}" for error in errors]

    async def _overview(self, context: CommandContext, offered: Sequence[Model], prefix: str) -> CommandResult:
        chat, words, room = context.chat, context.words, context.max_command_bytes
        if not offered:
            return CommandResult(no_models(words, self._gateways.name))
        by_id = {model.id: model for model in offered}
        preferred = await self._preferences.model(chat)
        wanted = self._wanted(preferred, context.settings)
        chosen = await self._gateways.canonical(wanted) if wanted else offered[0].id
        name = name_of(by_id[chosen]) if chosen in by_id else str(chosen)
        said = words.model_now.format(model=name) if chosen in by_id else words.model_gone.format(model=name)
        recents = [by_id[id] for id in await self._preferences.recents(chat) if id in by_id and id != chosen][
            :MAX_RECENT
        ]
        buttons = buttons_for(recents, room, prefix)
        fallbacks = self._fallbacks(preferred, await self._preferences.fallback(chat), context.settings).models
        if fallbacks:
            said = f"{said}\n{self._fallback_line(fallbacks, words)}"
        said = "\n\n".join([said, *self._unread(words), words.model_pick])
        gateways = {model.gateway: model.gateway_label for model in offered}
        if len(gateways) > 1:
            count = Counter(model.gateway for model in offered)
            labels = distinct([(f"{plain_name(label)} ({count[id]})", id) for id, label in gateways.items()])
            buttons += [Button(label, f"{prefix} @{id}") for label, id in zip(labels, gateways, strict=True)]
            return CommandResult(said, buttons)
        menu = self._providers(said, offered, context, prefix)
        known = {button.command for button in buttons}
        others = [button for button in menu.buttons if button.command not in known]
        return CommandResult(said, [*buttons, *others])

    def _providers(self, said: str, offered: Sequence[Model], context: CommandContext, prefix: str) -> CommandResult:
        """`said`, and a button for each provider of `offered`; where there is one, for each of its models."""
        room = context.max_command_bytes
        sections: dict[str, list[Model]] = {}
        for model in offered:
            sections.setdefault(model.section, []).append(model)
        if len(sections) == 1:
            [(section, models)] = sections.items()
            return models_of_provider(f"{section}:", models, 1, context, prefix)
        shown = list(sections.items())[:MAX_PROVIDERS]
        labels = distinct([(f"{plain_name(models[0].provider_name)} ({len(models)})", key) for key, models in shown])
        buttons = [
            Button(label, command_with(prefix, f"{section}:", room) or f"{prefix} {token(section)}:")
            for label, (section, _) in zip(labels, shown, strict=True)
        ]
        back = [Button(context.words.button_back, prefix)] if offered[0].gateway else []
        return CommandResult(said, [*buttons, *back])
