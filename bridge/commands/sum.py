"""`/sum`: have the model answer what people said in a group since, where an admin has it remembered."""

from __future__ import annotations

import re

from bridge.commands.choices import choice_buttons
from bridge.commands.context import CommandContext, CommandResult
from bridge.inbox import Question
from bridge.store import MAX_OVERHEARD, OVERHEARD_SECONDS, Store

FEW = 50
"""Messages that are read where nobody says how many."""
_COUNT = re.compile(r"([+-]?\d{1,20})?(?:\s+|$)(.*)", re.DOTALL)


class SumCommand:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def sum(self, context: CommandContext) -> CommandResult:
        """`/sum`, `/sum 50`, `/sum 50 question`."""
        words, call, argument = context.words, context.call, context.argument.strip()
        if context.chat.direct:
            return CommandResult(words.sum_direct, in_place=False)
        hours = OVERHEARD_SECONDS // 3600
        if context.settings.overhear == "off":
            return CommandResult(words.sum_off.format(most=MAX_OVERHEARD, hours=hours), in_place=False)
        found = _COUNT.fullmatch(argument)
        count, question = (int(found[1] or FEW), found[2].strip()) if found else (FEW, argument)
        if count < 1:
            return CommandResult(words.sum_usage, choice_buttons("sum"), in_place=False)
        count = min(count, MAX_OVERHEARD)
        heard = await self._store.overheard.last(context.chat, count)
        if not heard:
            hint = f"\n\n{context.hint}" if context.hint else ""
            return CommandResult(words.sum_nothing.format(hours=hours) + hint, in_place=False)
        said = call.said("\n\n".join(filter(None, [words.sum_asked.format(count=len(heard)), question])))
        asked = Question(f"sum:{call.id}", said, asker=call.sender, overheard=len(heard), until=heard[-1].at)
        return CommandResult(resend_as=asked)
