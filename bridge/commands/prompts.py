"""`/persona` and `/chain`: prompts that are kept under a name, for oneself, for a chat, for everybody."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bridge.access import Role
from bridge.commands.context import CommandContext, CommandResult
from bridge.commands.prompt_editor import PROMPT_ACTS, PromptEditor
from bridge.commands.subjects import NONE, code, plain
from bridge.inbox import Question
from bridge.store import ChainStep, Kind, Place, Prompt, Store
from bridge.types import Button, Chat, User
from bridge.words import Words

BUTTONS_PER_PAGE = 20
"""Beside those that turn the page; Discord has room for 25 under a message."""
CHAIN_ID = "chain:"
"""How the id begins of a question that is put to a chain."""

_SAVE = re.compile(r"save\s+([^\s:：]+)\s*(?:[:：]\s*(.+))?", re.DOTALL | re.IGNORECASE)
_PLACED = re.compile(r"(share|delete)\s+(\S+)(?:\s+(own|chat|all))?", re.IGNORECASE)
_PAGE = re.compile(r">(\d{1,3})")


class PromptCommands:
    def __init__(self, store: Store, editor: PromptEditor) -> None:
        self._store = store
        self._prompts = store.prompts
        self._editor = editor

    # Personas

    async def persona(self, context: CommandContext) -> CommandResult:
        """`/persona`, `NAME`, `off`, `save NAME: TEXT`, `share NAME chat|all`, `delete NAME chat|all`."""
        argument, words = context.argument.strip(), context.words
        if not argument or (page := _PAGE.fullmatch(argument)):
            return await self._personas(context, int(page[1]) if argument and page else 1)
        if found := _SAVE.fullmatch(argument):
            return await self._save_persona(context, found[1], (found[2] or "").strip())
        if found := _PLACED.fullmatch(argument):
            return await self._place(context, "persona", found[1].lower(), found[2], found[3])
        if argument.split()[0].lower() in PROMPT_ACTS:
            return CommandResult(words.help_forms["persona"].format())
        if not context.may_choose:
            return CommandResult.refusal(words.choice_of_admins)
        if argument.lower() in NONE:
            await self._store.preferences.set_system(context.chat, "")
            return CommandResult(words.system_cleared, await self._buttons(context))
        if (persona := await self._editor.find_persona(argument, context.sender, context.chat, words)) is None:
            said = words.persona_unknown.format(name=plain(argument))
            return CommandResult(said, await self._buttons(context))
        label, prompt = persona
        await self._store.preferences.set_system(context.chat, prompt, label)
        return CommandResult(words.persona_set.format(name=plain(label)), [Button(words.button_off, "/persona off")])

    async def _personas(self, context: CommandContext, page: int) -> CommandResult:
        words, chat = context.words, context.chat
        name = await self._store.preferences.persona(chat)
        if name:
            said = words.persona_now.format(name=plain(name))
        elif await self._store.preferences.system(chat):
            said = words.persona_own_text
        else:
            said = words.persona_none
        return CommandResult(f"{said}\n\n{words.persona_hint}", await self._buttons(context, page))

    async def _buttons(self, context: CommandContext, page: int = 1) -> list[Button]:
        """One for each persona: people's own first, then those that come with the bridge."""
        saved = await self._prompts.of("persona", context.sender, context.chat)
        known = {stored.prompt.name: stored.prompt.name for stored in saved}
        known |= {id: label for id, label in context.words.persona_labels.items() if id not in known}
        off = [Button(context.words.button_off, "/persona off")]
        buttons = [Button(label, f"/persona {id}") for id, label in known.items()]
        return [*_on_page(buttons, page, "/persona", context.words), *off]

    async def suggest(self, typed: str, chat: Chat, person: User, words: Words) -> list[Button]:
        """The personas whose name begins with what was typed after `/persona`."""
        saved = {stored.prompt.name: "" for stored in await self._prompts.of("persona", person, chat)}
        begun = typed.strip().casefold()
        return [
            Button(label or id, f"/persona {id}")
            for id, label in {**words.persona_labels, **saved}.items()
            if id.casefold().startswith(begun) or label.casefold().startswith(begun)
        ][:BUTTONS_PER_PAGE]

    async def _save_persona(self, context: CommandContext, name: str, text: str) -> CommandResult:
        text = text or await self._store.preferences.system(context.chat)
        prompt = self._editor.read_persona(name, text, context.sender, context.words)
        if isinstance(prompt, str):
            return CommandResult(prompt)
        return await self._save(context, "persona", "own", prompt, context.words.persona_saved.format(name=name))

    # Chains

    async def chain(self, context: CommandContext) -> CommandResult:
        """`/chain`, `NAME`, `save NAME: STEP -> STEP`, `share NAME chat|all`, `delete NAME chat|all`."""
        argument, words = context.argument.strip(), context.words
        if found := _SAVE.fullmatch(argument):
            return await self._save_chain(context, found[1].lower(), (found[2] or "").strip())
        if found := _PLACED.fullmatch(argument):
            return await self._place(context, "chain", found[1].lower(), found[2], found[3])
        if argument and argument.split()[0].lower() in PROMPT_ACTS:
            return CommandResult(words.help_forms["chain"].format())
        saved = await self._prompts.of("chain", context.sender, context.chat)
        named = next((stored for stored in saved if stored.prompt.name == argument.removeprefix("/").lower()), None)
        if named is not None:
            buttons = self._placing(context, "chain", named.prompt.name, named.place)
            return CommandResult(_steps(named.prompt, words), buttons)
        buttons = [Button(f"/{stored.prompt.name}", f"/chain {stored.prompt.name}") for stored in saved]
        page = _PAGE.fullmatch(argument)
        buttons = _on_page(buttons, int(page[1]) if page else 1, "/chain", words)
        if argument and not page:
            return CommandResult(words.chain_unknown.format(name=plain(argument)), buttons)
        said = words.chain_list if saved else words.chain_none
        return CommandResult(f"{said}\n\n{words.chain_hint.format()}", buttons)

    async def run(self, context: CommandContext) -> CommandResult | None:
        """Put the argument to the chain that is called like the command; None where there is none."""
        call, words = context.call, context.words
        stored = await self._prompts.find("chain", call.name, context.sender, context.chat)
        if stored is None:
            return None
        if not call.argument.strip():
            return CommandResult(words.chain_text_missing.format(name=call.name))
        said = call.said(f"/{call.name} {call.argument}")
        return CommandResult(resend_as=Question(f"{CHAIN_ID}{call.id}", said))

    async def steps(self, name: str, person: User, chat: Chat) -> Sequence[ChainStep]:
        """The steps of the chain that `person` means by `name`; none where there is no such chain."""
        stored = await self._prompts.find("chain", name, person, chat)
        return stored.prompt.steps if stored is not None else ()

    async def _save_chain(self, context: CommandContext, name: str, text: str) -> CommandResult:
        words = context.words
        prompt = await self._editor.read_chain(name, text, context.sender, context.chat, words)
        if isinstance(prompt, str):
            return CommandResult(prompt)
        said = f"{words.chain_saved.format(name=name)}\n\n{_steps(prompt, words)}"
        return await self._save(context, "chain", "own", prompt, said)

    # Both

    async def _save(
        self, context: CommandContext, kind: Kind, place: Place, prompt: Prompt, said: str
    ) -> CommandResult:
        if not await self._editor.save(kind, place, prompt, context.sender, context.chat, context.actor):
            return CommandResult(context.words.prompt_full)
        return CommandResult(said, self._placing(context, kind, prompt.name, place))

    def _placing(self, context: CommandContext, kind: Kind, name: str, place: Place) -> list[Button]:
        """Buttons that share a prompt with others, as far as its owner may, and one that deletes it."""
        labels = context.words.button_share
        shared = [
            Button(labels[to], f"/{kind} share {name} {to}")
            for to in ("chat", "all")
            if place != to and place != "all" and self._may_place(context, to)
        ]
        delete = [Button(context.words.button_delete, f"/{kind} delete {name} {place}")]
        return [*shared, *(delete if self._may_place(context, place) else [])]

    def _may_place(self, context: CommandContext, place: Place) -> bool:
        match place:
            case "own":
                return True
            case "chat":
                return context.may_choose
            case "all":
                return context.role >= Role.ADMIN

    async def _place(
        self, context: CommandContext, kind: Kind, act: str, name: str, where: str | None
    ) -> CommandResult:
        """Share the prompt with a chat or with everybody, or delete it there."""
        words, place = context.words, _place(where or ("chat" if act == "share" else "own"))
        if not self._may_place(context, place):
            return CommandResult.refusal(words.admins_only)
        if act == "delete":
            gone = await self._editor.delete(kind, place, name, context.sender, context.chat, context.actor)
            return CommandResult((words.prompt_deleted if gone else words.prompt_not_there).format(name=plain(name)))
        own = await self._prompts.find(kind, name, context.sender, context.chat, ("own", "chat"))
        if own is None:
            return CommandResult(words.prompt_not_there.format(name=plain(name)))
        said = words.prompt_shared[place].format(name=plain(name))
        return await self._save(context, kind, place, own.prompt, said)


def _on_page(buttons: Sequence[Button], page: int, command: str, words: Words) -> list[Button]:
    """Those on a page, counted from 1, with buttons that turn it where there are several."""
    pages = max(1, -(-len(buttons) // BUTTONS_PER_PAGE))
    page = min(max(page, 1), pages)
    shown = list(buttons[(page - 1) * BUTTONS_PER_PAGE : page * BUTTONS_PER_PAGE])
    if page > 1:
        shown.append(Button(words.button_back, f"{command} >{page - 1}"))
    if page < pages:
        shown.append(Button(words.button_next, f"{command} >{page + 1}"))
    return shown


def _place(text: str) -> Place:
    match text.lower():
        case "all":
            return "all"
        case "chat":
            return "chat"
        case _:
            return "own"


def _steps(chain: Prompt, words: Words) -> str:
    """The steps of a chain, one on each line."""
    lines = [
        f"{number}. {plain(step.name)}" + (f" ({code(step.model)})" if step.model else "")
        for number, step in enumerate(chain.steps, 1)
    ]
    return "\n".join([f"`/{chain.name} …`", *lines])
