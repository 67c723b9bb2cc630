"""A connected bot account: its channel, its pace, and what becomes of buttons where a platform has none."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from bridge import metrics
from bridge.channel import Channel
from bridge.errors import ChannelError, Gone
from bridge.reply.deliver import Address, Footer, deliver
from bridge.reply.draft import Draft
from bridge.reply.pace import Pace
from bridge.reply.record import Record, Unrecorded
from bridge.types import Body, BodyFile, Button, Chat
from bridge.words import Words


@dataclass(frozen=True, slots=True)
class Account:
    """Everything that leaves for one account leaves through this object."""

    channel: Channel
    pace: Pace = field(default_factory=Pace)

    @property
    def id(self) -> str:
        """The account's name in the store."""
        return f"{self.channel.name}:{self.channel.account}"

    def address(self, chat: Chat, key: str, reply_to: str = "") -> Address:
        return Address(self.channel, self.pace, chat, key, reply_to)

    def has_buttons(self, chat: Chat) -> bool:
        return self.channel.limits(chat).max_buttons > 0

    def fitting(self, chat: Chat, buttons: Sequence[Button]) -> Sequence[Button]:
        """Return as many of `buttons` as fit under one message; none where the platform has no buttons."""
        return buttons[: self.channel.limits(chat).max_buttons]

    def footer(self, chat: Chat, note: str, buttons: Sequence[Button], words: Words) -> Footer:
        """Return a note with its buttons; where the platform has none, with the commands that they stand for."""
        if buttons and not self.has_buttons(chat):
            ways = [words.or_send.format(label=button.label, command=button.command) for button in buttons]
            return Footer("\n".join([note, *ways]))
        return Footer(note, self.fitting(chat, buttons))

    def listed(self, chat: Chat, text: str, buttons: Sequence[Button], words: Words) -> str:
        """Return the text with its buttons as a numbered list, where the platform has no buttons."""
        if not buttons or self.has_buttons(chat):
            return text
        lines = [f"{number}. {button.label}" for number, button in enumerate(buttons, 1)]
        return "\n".join([text, "", *lines, "", words.pick_by_number])

    async def show(self, chat: Chat, ref: str, body: Body) -> None:
        """Have our message `ref` look like `body` for good, once nothing more urgent is to be written.

        Best effort: where the platform refuses, it stays as it is.
        """
        with suppress(ChannelError):
            async with self.pace.turn(chat, self.channel.limits(chat), urgent=False):
                await self.channel.posted(chat, ref).edit(body, final=True)
                metrics.WRITES.add(self.channel.name, "edit")

    async def say(
        self,
        chat: Chat,
        text: str,
        *,
        key: str,
        buttons: Sequence[Button] = (),
        files: Sequence[BodyFile] = (),
        reply_to: str = "",
        in_place_of: str = "",
        record: Record | None = None,
    ) -> None:
        """Say something that is complete; in place of our message with that ref, where that can still be edited."""
        to = self.address(chat, key, reply_to)
        footer = Footer(buttons=self.fitting(chat, buttons))
        if files and in_place_of and record is not None and not record.begun:
            await record.posted(in_place_of)  # the files below it must be found again after a crash
        elif in_place_of and not files and self.channel.limits(chat).edits != "none":
            try:
                await deliver(Draft.whole(text), to, record=Unrecorded([in_place_of]), footer=lambda _: footer)
            except Gone:
                pass  # it was deleted; then the answer stands on its own, below
            else:
                return
        await deliver(Draft.whole(text, list(files)), to, record=record, footer=lambda _: footer)
