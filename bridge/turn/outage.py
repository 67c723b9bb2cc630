"""While a gateway is away: questions wait where people chose so, owners are told, and all goes on afterwards.

Nobody asks a gateway how it is as long as it answers. The first person who is not answered begins an outage;
from then on every process looks for that gateway, and the one that finds it back has all that waits taken up again.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress

import structlog

from bridge.access import Access
from bridge.commands import LATER_ID
from bridge.errors import GatewayError, GatewaySilent, GatewayUnreachable, StoreError
from bridge.gateway import Gateway, Gateways
from bridge.inbox import Inbox, InboxFull, Notice, Question, Turn
from bridge.store import Outage, Store
from bridge.types import User

log = structlog.get_logger(__name__)

LOOK_SECONDS = 3.0
"""Between two looks: at Redis, and at the gateway while it is away."""


class OutageMonitor:
    """Watches gateways that are away. All but `run` raise StoreError.

    Owners are told after `tell_after` seconds, or not at all where that is 0.
    """

    def __init__(self, store: Store, inbox: Inbox, gateways: Gateways, access: Access, tell_after: float) -> None:
        self._store = store
        self._inbox = inbox
        self._gateways = gateways
        self._access = access
        self._tell_after = tell_after

    async def report_down(self, person: User, gateway: str) -> str:
        """Write down that a gateway, by its id, was away for `person`; return the name of this outage."""
        return await self._store.outage.begin(person, self._gateways.by_id(gateway).name, gateway)

    async def postpone(self, turn: Turn, account: str, gateway: str) -> None:
        """Have the turn's question wait until this gateway is back. Its chat is told so, once in an outage."""
        question = turn.job
        assert isinstance(question, Question)
        since = await self.report_down(question.asked_by, gateway)
        if not question.id.startswith(LATER_ID):  # a person who asked for it to wait knows
            notice = Notice(
                f"waiting:{since}",
                question.chat,
                "waiting",
                {"gateway": _called(self._gateways.by_id(gateway))},
                language=question.language,
                reply_to=question.message.id,
            )
            with suppress(InboxFull):
                await self._inbox.put(account, notice)
        await turn.suspend(None)

    async def run(self) -> None:
        """Look for each gateway whenever it is away, until cancelled."""
        async with asyncio.TaskGroup() as watching:
            for gateway in self._gateways.all:
                watching.create_task(self._watch(gateway))

    async def _watch(self, gateway: Gateway) -> None:
        with suppress(GatewayError):
            await gateway.identify()
        while True:
            try:
                if (outage := await self._store.outage.now(gateway.id)) is not None:
                    await self._look(gateway, outage)
            except StoreError as error:
                log.debug("outage not known", error=str(error))
            await asyncio.sleep(LOOK_SECONDS)

    async def _look(self, gateway: Gateway, outage: Outage) -> None:
        if outage.gateway is not None:
            gateway.recognise(outage.gateway)  # this process may never have seen it
        try:
            await gateway.ping()
        except (GatewayUnreachable, GatewaySilent):  # a tunnel may take a connection and lead nowhere
            if self._tell_after and outage.seconds > self._tell_after and not outage.told:
                log.warning("gateway is away", seconds=round(outage.seconds), **_named(gateway))
                # The owner who met it first was told in person.
                await self._tell_owners(gateway, outage, "owner_away", {"url": gateway.url}, but=outage.met)
                await self._store.outage.told(outage)
            return
        except GatewayError as error:
            log.debug("gateway is back, if not well", error=type(error).__name__)
        with suppress(GatewayError):
            await gateway.identify()
        log.info("gateway is back", seconds=round(outage.seconds), **_named(gateway))
        if outage.told:
            await self._tell_owners(gateway, outage, "owner_back", {"seconds": f"{outage.seconds:.0f}"})
        await self._store.outage.end(outage)
        await self._gateways.health.recovered([f"@{gateway.id}"])
        await self._inbox.recall()

    async def _tell_owners(
        self, gateway: Gateway, outage: Outage, kind: str, values: dict[str, str], *, but: str = ""
    ) -> None:
        """Put a notice for each owner but the one named `but`. Its id makes it one, however many processes put it."""
        values = {**values, "gateway": _called(gateway)}
        for contact in await self._access.owner_contacts():
            if str(contact.owner) == but:
                continue
            notice = Notice(
                f"{kind}:{outage.since}", contact.chat, kind, values, language=contact.language, sent_at=time.time()
            )
            with suppress(InboxFull):
                await self._inbox.put(contact.account, notice)


def _called(gateway: Gateway) -> str:
    """Return what people read: of several gateways, what the operator calls this one."""
    return gateway.label or gateway.name


def _named(gateway: Gateway) -> dict[str, str]:
    """Return what a line of the log says of it."""
    return {"gateway": gateway.id} if gateway.id else {}
