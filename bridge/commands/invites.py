"""`/invite`: codes that let people in without anybody being asked."""

from __future__ import annotations

from bridge.access import MAX_USES
from bridge.commands.choices import choice_buttons
from bridge.commands.context import CommandContext, CommandResult
from bridge.commands.management import Management
from bridge.commands.subjects import ends, moment, split_duration

DAY_SECONDS = 86400.0
OFF = "off"


class InviteCommand:
    def __init__(self, management: Management) -> None:
        self._management = management

    async def invite(self, context: CommandContext) -> CommandResult:
        """`/invite [uses] [for 1d]`, `/invite off`."""
        words, by = context.words, context.actor
        rest, seconds = split_duration(context.argument)
        if rest.lower() == OFF:
            count = await self._management.revoke_invites(by)
            return CommandResult(words.invites_revoked.format(count=count))
        if rest and not (rest.isdecimal() and rest.isascii() and 1 <= int(rest[:4]) <= MAX_USES and len(rest) < 4):
            return CommandResult(words.invite_usage.format(most=MAX_USES), choice_buttons("invite"))
        uses, until = int(rest or 1), ends(seconds or DAY_SECONDS)
        made = await self._management.invite(by, uses, until)
        if made is None:
            return CommandResult(words.invites_full)
        times = words.one_use if uses == 1 else words.many_uses.format(count=uses)
        said = words.invite.format(code=made.code, uses=times, moment=moment(until))
        link = context.link(made.code)
        return CommandResult(f"{said}\n\n{link}" if link else said)
