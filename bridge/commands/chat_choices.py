"""What one chat has chosen: its model, how answers look, its tools and its knowledge.

Chat commands and the page change tools and knowledge here, and the page everything; each change is in the audit log.
"""

from __future__ import annotations

from collections.abc import Mapping

from bridge.access import Access, Actor, Change
from bridge.knowledge import KnowledgeChoices
from bridge.store import BUTTONS, SHOWN_REASONING, Preferences
from bridge.tools import CHOICES, ToolChoices
from bridge.types import Chat, ModelId

UNSET = "default"
"""Stands for what nobody has chosen; it follows the settings of the chat."""
CHOSEN: Mapping[str, tuple[str, ...]] = {
    "model": (),
    "later": (UNSET, "on", "off"),
    "reasoning": SHOWN_REASONING,
    "buttons": BUTTONS,
}
"""What can be chosen with one word, by name, and the words where there are few."""


class ChatChoices:
    """Every method raises StoreError."""

    def __init__(self, preferences: Preferences, access: Access) -> None:
        self._preferences = preferences
        self._access = access

    async def tools(self, chat: Chat) -> ToolChoices:
        return ToolChoices.read(await self._preferences.tools(chat))

    async def set_tools(self, chat: Chat, choices: ToolChoices, what: str, by: Actor) -> None:
        """Keep `choices`; `what` says in the audit log what is new about them."""
        await self._preferences.set_tools(chat, CHOICES.encode(choices))
        await self._access.audit.note(by, f"choice tools {chat}", what)

    async def knowledge(self, chat: Chat) -> KnowledgeChoices:
        return KnowledgeChoices.read(await self._preferences.knowledge(chat))

    async def set_knowledge(self, chat: Chat, choices: KnowledgeChoices, what: str, by: Actor) -> None:
        """Keep `choices`; `what` says in the audit log what is new about them."""
        await self._preferences.set_knowledge(chat, choices.encode())
        await self.note_knowledge(chat, what, by)

    async def note_knowledge(self, chat: Chat, what: str, by: Actor) -> None:
        """Write down a change of the documents that a chat keeps."""
        await self._access.audit.note(by, f"choice knowledge {chat}", what)

    async def chosen(self, chat: Chat) -> dict[str, str]:
        """Return what is chosen for each name of `CHOSEN`."""
        kept = self._preferences
        return {
            "model": str(await kept.model(chat) or UNSET),
            "later": await kept.later(chat) or UNSET,
            "reasoning": await kept.reasoning(chat),
            "buttons": await kept.buttons(chat),
        }

    async def choose(self, chat: Chat, name: str, text: str, by: Actor) -> bool:
        """Choose `text` for a name of `CHOSEN`; return False if it was so already. Raises ValueError."""
        before = (await self.chosen(chat))[name]
        if CHOSEN[name] and text not in CHOSEN[name]:
            raise ValueError(text)
        model = ModelId.parse(text) if name == "model" and text != UNSET else None
        if text == before:
            return False
        match name:
            case "model":
                await self._preferences.set_model(chat, model)
            case "later":
                await self._preferences.set_later(chat, "" if text == UNSET else text)
            case "reasoning":
                await self._preferences.set_reasoning(chat, next(each for each in SHOWN_REASONING if each == text))
            case "buttons":
                await self._preferences.set_buttons(chat, next(each for each in BUTTONS if each == text))
        await self._access.audit.note(by, f"choice {name} {chat}", text, before)
        return True

    async def undo(self, change: Change, by: Actor) -> bool:
        """Choose again what was chosen before `change`; return False where it was changed again meanwhile."""
        _, name, place = change.what.split(" ", 2)
        chat = Chat.parse(place)
        if name not in CHOSEN or (await self.chosen(chat))[name] != change.after:
            return False
        return await self.choose(chat, name, change.before, by)
