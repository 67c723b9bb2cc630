"""While Cherry Studio is outage: questions wait where people chose so, owners hear of it, and all goes on afterwards.

Nobody asks the gateway how it is as long as it answers. The first person who is not answered makes it an outage;
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
from bridge.store import Claim, InboxFull, Outage, Store, Turn
from bridge.types import IncomingMessage

log = structlog.get_logger(__name__)

LOOK_EVERY = 3.0
"""Seconds between two looks: at Redis, and at the gateway while it is outage."""


class OutageMonitor:
    """Owners hear of it after `tell_after` seconds, or not at all where that is 0. All but `keep` raises StoreError."""

    def __init__(self, store: Store, gateway: Gateway, access: Access, tell_after: float) -> None:
        self._store = store
        self._gateway = gateway
        self._access = access
        self._tell_after = tell_after

    async def report_down(self, message: IncomingMessage) -> str:
        """The gateway was outage for `message`; what names this outage."""
        return await self._store.outage.begin(message.asked_by)

    async def postpone(self, turn: Turn, account: str) -> None:
        """The turn's question is to wait. Its chat is told so, once in an outage."""
        message = turn.message
        since = await self.report_down(message)
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

    async def release(self, claim: Claim) -> None:
        """Let go of a chat whose first question waits."""
        await claim.release(postponed=True)
        if await self._store.outage.now() is None:  # it came back while we were leaving, and others have been told
            await self._store.inbox.announce(claim.account, claim.chat)

    async def run(self) -> None:
        """Look for the gateway whenever it is outage."""
        while True:
            try:
                if (outage := await self._store.outage.now()) is not None:
                    await self._look(outage)
            except StoreError as error:
                log.debug("outage not known", error=str(error))
            await asyncio.sleep(LOOK_EVERY)

    async def _look(self, outage: Outage) -> None:
        try:
            await self._gateway.generation()
        except (GatewayUnreachable, GatewaySilent):  # a tunnel may take a connection and lead nowhere
            if self._tell_after and outage.seconds > self._tell_after and not outage.told:
                log.warning("gateway is away", seconds=round(outage.seconds))
                # Whoever met it first was told in person.
                await self._tell_owners(outage, "owner_away", self._gateway.url, but=outage.met)
                await self._store.outage.told(outage)
            return
        except GatewayError as error:
            log.debug("gateway is back, if not well", error=type(error).__name__)
        log.info("gateway is back", seconds=round(outage.seconds))
        if outage.told:
            await self._tell_owners(outage, "owner_back", f"{outage.seconds:.0f}")
        # In this order: whoever postpones a question later than we look for them finds it back (`leave`).
        await self._store.outage.end(outage)
        await self._store.inbox.recall()

    async def _tell_owners(self, outage: Outage, notice: str, text: str, *, but: str = "") -> None:
        """The ids make it once, whichever process comes first and however often."""
        for contact in await self._access.owner_contacts():
            if str(contact.owner) == but:
                continue
            news = IncomingMessage(
                id=f"{notice}:{outage.since}",
                chat=contact.chat,
                sender=contact.owner,
                text=text,
                language=contact.language,
                notice=notice,
                sent_at=time.time(),
            )
            with suppress(InboxFull):
                await self._store.inbox.put(contact.account, news, lane="commands")
