"""`/web`: a one-time link to the page of the person who runs the bot, and the end of its sessions."""

from __future__ import annotations

from bridge.access import LINK_SECONDS, Access
from bridge.commands.context import CommandContext, CommandResult

OFF = "off"


class WebCommand:
    def __init__(self, access: Access) -> None:
        self._web = access.web

    async def web(self, context: CommandContext) -> CommandResult:
        """`/web`, `/web off`."""
        words = context.words
        if context.argument.strip().lower() == OFF:
            return CommandResult(words.web_closed.format(count=await self._web.end(context.sender)))
        if not context.chat.direct:
            return CommandResult(words.web_in_private)
        address = await self._web.address()
        if not address:
            return CommandResult(words.web_is_off)
        token = await self._web.link(context.sender)
        return CommandResult(words.web_link.format(link=f"{address}/in/{token}", minutes=LINK_SECONDS // 60))
