"""`/invite`: codes that let people in without anybody being asked."""

from __future__ import annotations

from bridge.access import Access, Actor
from bridge.access.invites import MOST_USES
from bridge.commands.answer import Answer, Ask
from bridge.commands.whom import ends, moment, split_duration

DAY = 86400.0
OFF = "off"


class Inviting:
    def __init__(self, access: Access) -> None:
        self._access = access

    async def invite(self, ask: Ask) -> Answer:
        """`/invite [uses] [for 1d]`, `/invite off`."""
        words, by = ask.words, Actor.of(ask.message)
        rest, seconds = split_duration(ask.argument)
        if rest.lower() == OFF:
            count = await self._access.invites.revoke()
            await self._access.trail.note(by, "invite", OFF)
            return Answer(words.invites_revoked.format(count=count))
        if rest and not (rest.isdecimal() and rest.isascii() and 1 <= int(rest[:4]) <= MOST_USES and len(rest) < 4):
            return Answer(words.invite_usage.format(most=MOST_USES))
        uses, until = int(rest or 1), ends(seconds or DAY)
        code = await self._access.invites.invite(by, uses=uses, until=until)
        if not code:
            return Answer(words.invites_full)
        await self._access.trail.note(by, "invite", f"{uses}, {moment(until)}")
        said = words.invite.format(code=code, uses=uses, moment=moment(until))
        link = ask.link(code)
        return Answer(f"{said}\n\n{link}" if link else said)
