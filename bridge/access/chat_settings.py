"""Where the settings of chats are kept: a row for each setting and chat among the rules, and one for all chats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bridge.access.model import Actor
from bridge.access.rules import RuleTable
from bridge.access.settings import EVERYWHERE, SETTINGS, ChatSettings, canonical
from bridge.types import Chat

_NAMES = tuple(SETTINGS)


class ChatSettingsTable:
    """Every method raises StoreError."""

    def __init__(self, table: RuleTable) -> None:
        self._table = table

    async def of(self, chat: Chat) -> ChatSettings:
        """Return what applies in `chat`: its own settings, else those for all chats, else the defaults."""
        return applying(await self._table.get(row_names(chat)))

    async def own(self, chat: Chat | None) -> Mapping[str, str]:
        """Return what was set for this very chat, or for all (None), as text by the setting's name."""
        rows = await self._table.get([f"{name} {_place(chat)}" for name in _NAMES])
        return {name: row for name, row in zip(_NAMES, rows, strict=True) if row}

    async def set(self, chat: Chat | None, name: str, text: str, by: Actor) -> bool:
        """Set one setting of a chat, or of all (None); an empty text goes back to what applies elsewhere.

        Returns False if it was so already. Raises ValueError where the text means nothing, ListFull.
        """
        row = canonical(name, text) if text else ""
        return await self._table.change(f"{name} {_place(chat)}", row, by)

    async def move(self, old: Chat, new: Chat, by: Actor) -> None:
        """Take the settings of `old` over to `new`."""
        for name in _NAMES:
            await move_row(self._table, f"{name} {old.whole}", f"{name} {new.whole}", by)


def row_names(chat: Chat) -> list[str]:
    """Return the names of the rows that decide what applies in `chat`; `applying` reads them in this order."""
    return [f"{name} {place}" for place in (chat.whole, EVERYWHERE) for name in _NAMES]


def applying(rows: Sequence[str | None]) -> ChatSettings:
    """Return the settings that the rows named by `row_names` come to."""
    own, everywhere = rows[: len(_NAMES)], rows[len(_NAMES) :]
    texts = {name: here or there for name, here, there in zip(_NAMES, own, everywhere, strict=True)}
    return ChatSettings.read({name: text for name, text in texts.items() if text})


async def move_row(table: RuleTable, source: str, target: str, by: Actor) -> None:
    """Give the row `source` the name `target`, if there is one."""
    [row] = await table.get([source])
    if row:
        await table.change(target, row, by)
        await table.change(source, "", by)


def _place(chat: Chat | None) -> str:
    return EVERYWHERE if chat is None else str(chat.whole)
