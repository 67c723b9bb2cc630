"""An account's way out: its channel, its pace, and what becomes of choices where there are no buttons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from bridge.channel import Channel
from bridge.errors import Gone
from bridge.reply import Address, Draft, Ending, Pace, Record, Unrecorded, deliver
from bridge.types import Chat, Choice
from bridge.words import Words


@dataclass(frozen=True, slots=True)
class Outlet:
    """Everything that leaves for one account leaves here."""

    channel: Channel
    pace: Pace = field(default_factory=Pace)

    @property
    def account(self) -> str:
        """The account's name in the store."""
        return f"{self.channel.name}:{self.channel.account}"

    def address(self, chat: Chat, key: str, reply_to: str = "") -> Address:
        return Address(self.channel, self.pace, chat, key, reply_to)

    def has_buttons(self, chat: Chat) -> bool:
        return self.channel.limits(chat).max_choices > 0

    def buttons(self, chat: Chat, choices: Sequence[Choice]) -> Sequence[Choice]:
        """As many of the choices as fit under one message; none where there are no buttons."""
        return choices[: self.channel.limits(chat).max_choices]

    def ending(self, chat: Chat, note: str, choices: Sequence[Choice], words: Words) -> Ending:
        """A remark with its choices; where there are no buttons, with the commands that they stand for."""
        if choices and not self.has_buttons(chat):
            ways = [words.or_send.format(label=choice.label, command=choice.command) for choice in choices]
            return Ending("\n".join([note, *ways]))
        return Ending(note, self.buttons(chat, choices))

    def listed(self, chat: Chat, text: str, choices: Sequence[Choice], words: Words) -> str:
        """The text with its choices as a numbered list, where there are no buttons."""
        if not choices or self.has_buttons(chat):
            return text
        lines = [f"{number}. {choice.label}" for number, choice in enumerate(choices, 1)]
        return "\n".join([text, "", *lines, "", words.pick_by_number])

    async def say(
        self,
        chat: Chat,
        text: str,
        *,
        key: str,
        choices: Sequence[Choice] = (),
        reply_to: str = "",
        menu: str = "",
        record: Record | None = None,
    ) -> None:
        """Say something that is complete; in place of our message `menu`, where that still exists."""
        to = self.address(chat, key, reply_to)
        ending = Ending(choices=self.buttons(chat, choices))
        if menu:
            try:
                await deliver(Draft.whole(text), to, record=Unrecorded([menu]), ending=lambda _: ending)
            except Gone:
                pass  # it was deleted; then the answer stands on its own, below
            else:
                return
        await deliver(Draft.whole(text), to, record=record, ending=lambda _: ending)
