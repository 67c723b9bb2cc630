"""`/kb`: which knowledge the questions of a chat are answered from, and the documents that it keeps for that."""

from __future__ import annotations

from collections.abc import AsyncIterator
from hashlib import blake2b

from bridge.access import Standing
from bridge.commands.chat_choices import ChatChoices
from bridge.commands.context import CommandContext, CommandResult
from bridge.commands.subjects import plain
from bridge.events import Event, TextDelta
from bridge.inbox import Question
from bridge.knowledge import Knowledge, KnowledgeChoices
from bridge.media import Unreadable
from bridge.store import MAX_DOCUMENTS, KeptDocument, Store
from bridge.types import Attachment, Button
from bridge.words import why_unread

ASK_ID = "kb:"
MAX_SHOWN = 40
"""Bases that have a button."""
DOCUMENT_TOKENS = 120_000
"""Of one document, by estimate; the rest is not kept."""
MAX_TITLE_CHARACTERS = 40
"""Of a message that is kept as a document: its beginning is its name."""


class KnowledgeCommands:
    def __init__(self, store: Store, choices: ChatChoices, knowledge: Knowledge) -> None:
        self._store = store
        self._chosen = choices
        self._knowledge = knowledge

    async def kb(self, context: CommandContext) -> CommandResult:
        """`/kb`, `ask QUESTION`, `add`, `list`, `remove WHICH`, `always`, `tool`, `off`; by buttons `base`, `own`."""
        word, _, rest = context.argument.strip().partition(" ")
        word, rest = word.lower(), rest.strip()
        choices = await self._chosen.knowledge(context.chat)
        if word == "ask" and rest:
            return await self._ask(context, choices, rest)
        if word == "list":
            return await self._list(context)
        if word not in ("add", "remove", "always", "tool", "off", "base", "own"):
            wrong = context.words.setting_wrong.format(value=plain(word), name="kb")
            return await self._overview(context, choices, wrong if word and word != "ask" else "")
        if not context.may_choose:
            return CommandResult.refusal(context.words.choice_of_admins)
        if word == "add":
            return CommandResult(stream=self._add(context))
        if word == "remove":
            return await self._remove(context, rest)
        if word == "base":
            return await self._toggle(context, choices, rest)
        if word == "own":
            choices = choices.with_own(not choices.own)
        elif word == "off":
            choices = choices.off()
        else:
            choices = choices.used("tool" if word == "tool" else "always")
        await self._chosen.set_knowledge(context.chat, choices, word, context.actor)
        return await self._overview(context, choices)

    async def _overview(self, context: CommandContext, choices: KnowledgeChoices, note: str = "") -> CommandResult:
        words = context.words
        documents = await self._store.documents.all(context.chat)
        lines = [words.kb_on if choices.is_on else words.kb_off]
        if choices.is_on:
            names = [plain(name) for name in choices.bases.values()]
            own = [words.kb_own.format(count=len(documents))] if choices.own else []
            lines += ["\n".join(f"- {name}" for name in [*names, *own])]
            lines.append(words.kb_tool if choices.is_tool else words.kb_always)
        buttons = []
        if _may_pick(context):
            found = await self._knowledge.bases()
            bases = {each.key: each.name for each in found.all} | dict(choices.bases)
            for key, name in list(bases.items())[:MAX_SHOWN]:
                mark = "✓ " if key in choices.bases else ""
                buttons.append(Button(f"{mark}{plain(name)}", f"/kb base {_mark(key)}"))
            if not bases:
                lines.append(words.kb_unknown_bases if found.problem == "away" else words.kb_no_bases)
        if documents:
            mark = "✓ " if choices.own else ""
            buttons.append(Button(f"{mark}{words.kb_own.format(count=len(documents))}", "/kb own"))
        if choices.is_on:
            other = (words.button_kb_always, "always") if choices.is_tool else (words.button_kb_tool, "tool")
            buttons += [Button(other[0], f"/kb {other[1]}"), Button(words.button_kb_off, "/kb off")]
        return CommandResult("\n\n".join([*filter(None, [note, *lines]), words.kb_usage]), buttons)

    async def _toggle(self, context: CommandContext, choices: KnowledgeChoices, mark: str) -> CommandResult:
        words = context.words
        bases = dict(choices.bases)
        if _may_pick(context):
            bases |= {each.key: each.name for each in (await self._knowledge.bases()).all}
        key = next((key for key in bases if mark in (_mark(key), key)), None)
        if key is None:
            return CommandResult(words.kb_base_gone if _may_pick(context) else words.kb_of_admins, in_place=False)
        choices = choices.toggled(key, bases[key])
        await self._chosen.set_knowledge(
            context.chat, choices, f"{'+' if key in choices.bases else '-'}{key}", context.actor
        )
        return await self._overview(context, choices)

    async def _ask(self, context: CommandContext, choices: KnowledgeChoices, question: str) -> CommandResult:
        call = context.call
        if not (choices.is_on or _may_pick(context) or await self._store.documents.all(context.chat)):
            return CommandResult.refusal(context.words.kb_nothing_picked)
        said = call.said(f"/kb ask {question}")
        return CommandResult(resend_as=Question(f"{ASK_ID}{call.id}", said))

    # A chat's own documents

    async def _add(self, context: CommandContext) -> AsyncIterator[Event]:
        """Read what came with the command, or what it replies to, or the last document of the chat, and keep it."""
        words, call = context.words, context.call
        attachments: list[Attachment] = [each for each in call.attachments if each.kind == "file"]
        if not attachments and not call.quoted:
            last = await self._store.media.document(context.chat)
            attachments = [last] if last is not None else []
        said = [await self._add_one(context, each) for each in attachments]
        if not attachments and call.quoted.strip():
            name = " ".join(call.quoted.split())[:MAX_TITLE_CHARACTERS]
            said = [await self._keep_document(context, name, call.quoted)]
        yield TextDelta("\n\n".join(said) or words.kb_nothing_to_add)

    async def _add_one(self, context: CommandContext, attachment: Attachment) -> str:
        name = plain(attachment.name) or context.words.unnamed_file
        try:
            text = await context.read(attachment, DOCUMENT_TOKENS)
        except Unreadable as problem:
            return f"📎 {why_unread(problem.kind, f'`{name}`', problem.values, context.words)}"
        return await self._keep_document(context, name, text)

    async def _keep_document(self, context: CommandContext, name: str, text: str) -> str:
        words = context.words
        if not text.strip():
            return words.document_errors["empty"].format(name=f"`{plain(name)}`")
        document = await self._knowledge.add(context.chat, name, text, context.settings.keep_seconds)
        if document is None:
            return words.kb_full.format(count=MAX_DOCUMENTS)
        choices = (await self._chosen.knowledge(context.chat)).with_own(True)
        await self._chosen.set_knowledge(context.chat, choices, "add", context.actor)
        said = words.kb_added.format(name=f"`{plain(document.name)}`")
        return said if document.is_whole else f"{said} {words.kb_cut}"

    async def _list(self, context: CommandContext, note: str = "") -> CommandResult:
        words = context.words
        documents = await self._store.documents.all(context.chat)
        if not documents:
            return CommandResult("\n\n".join(filter(None, [note, words.kb_no_documents])))
        lines = [_line(number, each, context) for number, each in enumerate(documents, 1)]
        buttons = [
            Button(words.button_kb_remove.format(name=plain(each.name)), f"/kb remove {each.id}") for each in documents
        ]
        said = [note, words.kb_documents, "\n".join(lines)]
        return CommandResult("\n\n".join(filter(None, said)), [*buttons, Button(words.button_back, "/kb")])

    async def _remove(self, context: CommandContext, which: str) -> CommandResult:
        """Drop a document by its number, its id or its name."""
        words, documents = context.words, await self._store.documents.all(context.chat)
        found = next((each for each in documents if which in (each.id, each.name)), None)
        if found is None and which.isdecimal() and 1 <= int(which[:4]) <= len(documents):
            found = documents[int(which[:4]) - 1]
        if found is None:
            return await self._list(context, words.kb_no_such_document if which else "")
        await self._store.documents.remove(context.chat, found.id)
        await self._chosen.note_knowledge(context.chat, "remove", context.actor)
        return await self._list(context, words.kb_removed.format(name=f"`{plain(found.name)}`"))


def _may_pick(context: CommandContext) -> bool:
    return Standing(context.role, context.settings).may_pick_knowledge


def _mark(key: str) -> str:
    """A short name for a base, which fits any button whatever its id is."""
    return blake2b(key.encode(errors="replace"), digest_size=5).hexdigest()


def _line(number: int, document: KeptDocument, context: CommandContext) -> str:
    size = context.words.kb_characters.format(count=f"{document.characters:,}")
    return f"{number}. {plain(document.name)}: {size}{' …' * (not document.is_whole)}"
