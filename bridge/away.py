"""While Cherry Studio is away: questions wait where people chose so, owners hear of it, and all goes on afterwards.

Nobody asks the gateway how it is as long as it answers. The first person who is not answered makes it an absence;
from then on every process looks for it, and whoever finds it back has all that waits taken up again.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress

import structlog

from bridge.access import Access
from bridge.commands import LATER_ID
from bridge.errors import GatewayError, GatewaySilent, GatewayUnreachable, StoreError
from bridge.gateway import Gateway
from bridge.store import Away, Claim, InboxFull, Store, Turn
from bridge.types import IncomingMessage

log = structlog.get_logger(__name__)

LOOK_EVERY = 3.0
"""Seconds between two looks: at Redis, and at the gateway while it is away."""


class Watch:
    """Owners hear of it after `tell_after` seconds, or not at all where that is 0. All but `keep` raises StoreError."""

    def __init__(self, store: Store, gateway: Gateway, access: Access, tell_after: float) -> None:
        self._store = store
        self._gateway = gateway
        self._access = access
        self._tell_after = tell_after

    async def met(self, message: IncomingMessage) -> str:
        """The gateway was away for `message`; what names this absence."""
        return await self._store.absence.begin(message.asked_by)

    async def postpone(self, turn: Turn, account: str) -> None:
        """The turn's question is to wait. Its chat is told so, once in an absence."""
        message = turn.message
        since = await self.met(message)
        if message.id.startswith(LATER_ID):
            return  # whoever asked for it to wait knows
        told = IncomingMessage(
            id=f"waiting:{since}",
            chat=message.chat,
            sender=message.sender,
            text="",
            language=message.language,
            again=message.question,
            notice="waiting",
        )
        with suppress(InboxFull):
            await self._store.inbox.put(account, told, lane="commands")

    async def leave(self, claim: Claim) -> None:
        """Let go of a chat whose first question waits."""
        await claim.release(postponed=True)
        if await self._store.absence.now() is None:  # it came back while we were leaving, and others have been told
            await self._store.inbox.announce(claim.account, claim.chat)

    async def keep(self) -> None:
        """Look for the gateway whenever it is away."""
        while True:
            try:
                if (away := await self._store.absence.now()) is not None:
                    await self._look(away)
            except StoreError as error:
                log.debug("absence not known", error=str(error))
            await asyncio.sleep(LOOK_EVERY)

    async def _look(self, away: Away) -> None:
        try:
            await self._gateway.generation()
        except (GatewayUnreachable, GatewaySilent):  # a tunnel may take a connection and lead nowhere
            if self._tell_after and away.seconds > self._tell_after and not away.told:
                log.warning("gateway is away", seconds=round(away.seconds))
                # Whoever met it first was told in person.
                await self._tell_owners(away, "owner_away", self._gateway.url, but=away.met)
                await self._store.absence.told(away)
            return
        except GatewayError as error:
            log.debug("gateway is back, if not well", error=type(error).__name__)
        log.info("gateway is back", seconds=round(away.seconds))
        if away.told:
            await self._tell_owners(away, "owner_back", f"{away.seconds:.0f}")
        # In this order: whoever postpones a question later than we look for them finds it back (`leave`).
        await self._store.absence.end(away)
        await self._store.inbox.recall()

    async def _tell_owners(self, away: Away, notice: str, text: str, *, but: str = "") -> None:
        """The ids make it once, whichever process comes first and however often."""
        for home in await self._access.homes():
            if str(home.owner) == but:
                continue
            news = IncomingMessage(
                id=f"{notice}:{away.since}",
                chat=home.chat,
                sender=home.owner,
                text=text,
                language=home.language,
                notice=notice,
                sent_at=time.time(),
            )
            with suppress(InboxFull):
                await self._store.inbox.put(home.account, news, lane="commands")
