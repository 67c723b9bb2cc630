"""Personas and chains as people write them: read, kept and deleted, from a chat and from the page."""

from __future__ import annotations

import re

from bridge.access import OFF, Access, Actor
from bridge.commands.subjects import NONE, plain
from bridge.shorten import shorten
from bridge.store import INPUT, ChainStep, Kind, Place, Prompt, Prompts
from bridge.types import Chat, ModelId, User
from bridge.words import EN, IN, Words

MAX_NAME_BYTES = 40
"""So that `/persona delete NAME chat` fits a button of every platform."""
MAX_PROMPT_CHARACTERS = 8000
MAX_CHAIN_STEPS, MAX_STEP_CHARACTERS = 8, 4000
PROMPT_ACTS = frozenset({"save", "share", "delete"})
"""What can be done with a prompt: the first word after `/persona` and `/chain`."""
RESERVED = NONE | PROMPT_ACTS
COMMANDS = frozenset({*EN.commands, "answer", "claim", "download", "history", "tool"})
"""The names of all commands, those included that no menu lists."""

_PERSONA_NAME = re.compile(r"[\w-]+")
_CHAIN_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
"""A chain is called like a command, and every platform knows those letters."""
_ARROW = re.compile(r"\s*(?:->|→|=>)\s*")
_MODEL = re.compile(r"(.*\S)\s+@(\S+)", re.DOTALL)


class PromptEditor:
    """Those methods that read return a sentence where what is written cannot be used; others raise StoreError."""

    def __init__(self, prompts: Prompts, access: Access) -> None:
        self._prompts = prompts
        self._access = access

    def read_persona(self, name: str, text: str, by: User, words: Words) -> Prompt | str:
        if not _PERSONA_NAME.fullmatch(name) or len(name.encode()) > MAX_NAME_BYTES or name.lower() in RESERVED:
            return words.prompt_name_wrong.format(name=plain(name), limit=MAX_NAME_BYTES)
        if not text:
            return words.persona_nothing_to_save.format(name=plain(name))
        if len(text) > MAX_PROMPT_CHARACTERS:
            return words.system_too_long.format(limit=MAX_PROMPT_CHARACTERS)
        return Prompt(name, str(by), text=text)

    async def read_chain(self, name: str, text: str, by: User, chat: Chat, words: Words) -> Prompt | str:
        """Read ``STEP -> STEP``. Raises StoreError."""
        if not _CHAIN_NAME.fullmatch(name) or name in RESERVED or name in COMMANDS:
            return words.chain_name_wrong.format(name=plain(name))
        written = [step for step in _ARROW.split(text) if step]
        if not written:
            return words.chain_hint.format()
        if len(written) > MAX_CHAIN_STEPS or max(map(len, written)) > MAX_STEP_CHARACTERS:
            return words.chain_too_long.format(steps=MAX_CHAIN_STEPS, characters=MAX_STEP_CHARACTERS)
        steps = []
        for each in written:
            if (step := await self._step(each, by, chat, words)) is None:
                return words.chain_step_unknown.format(step=plain(each))
            steps.append(step)
        return Prompt(name, str(by), steps=tuple(steps))

    async def _step(self, text: str, by: User, chat: Chat, words: Words) -> ChainStep | None:
        """Read ``summary``, ``summary @openai:gpt-5``, ``Find a title for: {input}``; None for an unknown name."""
        model = ""
        if found := _MODEL.fullmatch(text):
            try:
                text, model = found[1], str(ModelId.parse(found[2]))
            except ValueError:
                return None
        if persona := await self.find_persona(text, by, chat, words):
            label, prompt = persona
            return ChainStep(label, prompt[:MAX_STEP_CHARACTERS], model, persona=INPUT not in prompt)
        if INPUT not in text:
            if not re.search(r"\s|[^\x00-\xff]{3}", text):  # one word is a name that was mistyped
                return None
            text = f"{text}\n\n{INPUT}"
        return ChainStep(_title(text), text, model)

    async def find_persona(self, name: str, person: User, chat: Chat, words: Words) -> tuple[str, str] | None:
        """What people read of a persona and its prompt; those that come with the bridge go by any of their names."""
        if (stored := await self._prompts.find("persona", name, person, chat)) is not None:
            return stored.prompt.name, stored.prompt.text
        for known in (words, *IN.values()):
            for id, label in known.persona_labels.items():
                if name.casefold() in (id, label.casefold()):
                    return words.persona_labels[id], words.persona_prompts[id]
        return None

    async def save(self, kind: Kind, place: Place, prompt: Prompt, person: User, chat: Chat, by: Actor) -> bool:
        """Keep `prompt`, in place of one of its name there. False where there are too many already.

        What others can use by it stands in the audit log.
        """
        if not await self._prompts.save(kind, place, prompt, person, chat):
            return False
        await self._note(kind, place, prompt.name, chat, by, "saved")
        return True

    async def delete(self, kind: Kind, place: Place, name: str, person: User, chat: Chat, by: Actor) -> bool:
        """Whether there was one."""
        if not await self._prompts.delete(kind, place, name, person, chat):
            return False
        await self._note(kind, place, name, chat, by, OFF)
        return True

    async def _note(self, kind: Kind, place: Place, name: str, chat: Chat, by: Actor, what: str) -> None:
        if place != "own":
            where = "all" if place == "all" else str(chat.whole)
            await self._access.audit.note(by, f"{kind} {name} {where}", what)


def _title(prompt: str, most: int = 40) -> str:
    """The first words of a prompt, to tell its step from others."""
    line = " ".join(prompt.replace(INPUT, "…").split()).removesuffix("…").rstrip(" :：")
    return shorten(line, most)
