"""Open everything, keep it running, close it in order. Every process is the same and any number may run.

Each channel is kept open on its own: one that fails is opened again and the others never notice. Whoever holds
an account's lease listens for it; everybody answers.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing, asynccontextmanager

import structlog

from bridge import metrics
from bridge.access import Access
from bridge.channel import Channel, Memory
from bridge.commands import Commands
from bridge.errors import ChannelError, Refused, StoreError
from bridge.gateway import Gateway
from bridge.intake.receive import Intake
from bridge.reply.account import Account
from bridge.settings import Settings
from bridge.store import Claim, ClaimLost, Store, open_store
from bridge.turn.active import Running
from bridge.turn.answer import Conversation
from bridge.turn.generation import Postponed
from bridge.turn.outage import OutageMonitor
from bridge.turn.replies import Replies

log = structlog.get_logger(__name__)

Open = Callable[[Memory], Channel]
"""Makes a channel, which is then entered."""

MOST_AT_ONCE = 2000
"""Chats that one process answers at the same time; the others wait for it or for another process."""
GRACE = 5.0
"""Seconds that answers under way are given to end when the process is asked to stop."""
FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0
COUNT_EVERY = 5.0


class Bridge:
    """The parts, joined. `opened` is told of each account that is up."""

    def __init__(self, settings: Settings, store: Store, gateway: Gateway) -> None:
        self.store = store
        self.gateway = gateway
        self.access = Access(store.redis, settings.admins)
        self.commands = Commands(store, gateway, self.access, settings.model)
        self.opened: Callable[[Account], Awaitable[None]] | None = None
        self.refused: dict[str, str] = {}
        """Channels that can never work as they are set up, and why."""
        self._running = Running()
        self._outages = OutageMonitor(store, gateway, self.access, settings.away_seconds)
        self._accounts: list[Account] = []
        replies = Replies(store, self.commands, settings.language, self._publish_all)
        self._conversation = Conversation(
            settings, store, gateway, self.access, self.commands, replies, self._running, self._outages
        )
        self._intake = Intake(store, self.access, self.commands, replies.words, self._publish_all)

    async def serve(self, channels: Mapping[str, Open], grace: float = GRACE) -> None:
        """Listen and answer on every channel until cancelled, or until all of them have ended."""
        around = [
            asyncio.create_task(self._hear_stops()),
            asyncio.create_task(self._share_rates()),
            asyncio.create_task(self._outages.run()),
        ]
        keeping = [asyncio.create_task(self._keep(name, open, grace)) for name, open in channels.items()]
        try:
            await asyncio.gather(*keeping)
        finally:
            await _end(*keeping)
            await self._intake.close()
            await _end(*around)

    async def _keep(self, name: str, open: Open, grace: float) -> None:
        """Keep one channel open, whatever happens to it."""
        wait = FIRST_WAIT
        while True:
            began = asyncio.get_running_loop().time()
            try:
                async with open(self.store.memory(name)) as channel:
                    account = Account(channel)
                    self._accounts.append(account)
                    metrics.CHANNEL_UP.set(1, name)
                    try:
                        await self._serve(account, grace)
                    finally:
                        self._accounts.remove(account)
                        metrics.CHANNEL_UP.set(0, name)
                return
            except Refused as error:
                self.refused[name] = str(error)
                metrics.failed(error)
                log.error("channel refused", channel=name, why=str(error))
                return
            except (ChannelError, StoreError) as error:
                log.warning("channel failed", channel=name, error=str(error), again_in=wait)
                metrics.failed(error)
            except Exception as error:
                metrics.failed(error)
                log.exception("channel failed", channel=name, again_in=wait)
            if asyncio.get_running_loop().time() - began > LONGEST_WAIT:
                wait = FIRST_WAIT
            await asyncio.sleep(wait)
            wait = min(wait * 2, LONGEST_WAIT)

    async def _serve(self, account: Account, grace: float) -> None:
        tasks = [
            asyncio.create_task(self._listen(account)),
            asyncio.create_task(self._work(account, grace)),
        ]
        if self.opened is not None:
            await self.opened(account)
        publishing = asyncio.create_task(self._publish(account))
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            await _end(publishing, tasks[0])
            await _end(tasks[1])

    # listening

    async def _listen(self, account: Account) -> None:
        """Listen for as long as the account's lease is ours; return when the channel has nothing more to say."""
        while True:
            try:
                async with self.store.leases.hold(f"listen:{account.id}") as lease:
                    log.info("listening", account=account.id)
                    hearing = asyncio.create_task(self._hear(account))
                    losing = asyncio.create_task(lease.lost.wait())
                    try:
                        await asyncio.wait([hearing, losing], return_when=asyncio.FIRST_COMPLETED)
                        if hearing.done():
                            hearing.result()
                            return
                        log.warning("no longer the one that listens", account=account.id)
                    finally:
                        await _end(hearing, losing)
            except StoreError as error:
                log.warning("store is away", error=str(error))
                await asyncio.sleep(FIRST_WAIT)

    async def _hear(self, account: Account) -> None:
        async with aclosing(account.channel.listen(self._intake)) as messages:
            async for message in messages:
                try:
                    await self._intake.receive(message, account)
                except StoreError:
                    raise  # not acknowledged, so the platform delivers it again
                except Exception as error:
                    # Delivered again it would fail again, and hold up every message behind it.
                    metrics.failed(error)
                    log.exception("message set aside", account=account.id)

    # answering

    async def _work(self, account: Account, grace: float) -> None:
        taking: set[asyncio.Task[None]] = set()
        try:
            ready = self.store.inbox.ready([account.id], lambda: MOST_AT_ONCE - len(taking))
            async with aclosing(ready) as claims:
                async for claim in claims:
                    task = asyncio.create_task(self._take(claim, account))
                    taking.add(task)
                    task.add_done_callback(taking.discard)
        finally:
            if taking and grace:
                await asyncio.wait(taking, timeout=grace)
            await _end(*taking)

    async def _take(self, claim: Claim, account: Account) -> None:
        """Answer a chat's messages in order until there are none, or until another worker has it."""
        answering = asyncio.create_task(self._answer_all(claim, account))
        losing = asyncio.create_task(claim.lost.wait())
        try:
            await asyncio.wait([answering, losing], return_when=asyncio.FIRST_COMPLETED)
            if answering.done():
                answering.result()
        except ClaimLost:
            log.warning("claim lost", chat=str(claim.chat))
        except StoreError as error:
            log.warning("store is away", error=str(error))
        except Exception:
            log.exception("answering failed", chat=str(claim.chat))
        finally:
            await _end(answering, losing)
            await claim.release()

    async def _answer_all(self, claim: Claim, account: Account) -> None:
        while (turn := await claim.next()) is not None:
            try:
                await self._conversation.answer(turn, account)
            except Postponed:
                await self._outages.release(claim)
                return
            except Refused as error:
                log.error("platform refused", chat=str(claim.chat), why=str(error))
                metrics.failed(error)
                metrics.GIVEN_UP.add(account.channel.name)
                await turn.set_aside(f"refused: {error}")
            except ChannelError as error:
                log.error("platform out of reach", chat=str(claim.chat), error=str(error))
                metrics.failed(error)
            except (StoreError, asyncio.CancelledError):
                raise
            except Exception as error:
                metrics.failed(error)
                log.exception("turn failed", chat=str(claim.chat), attempt=turn.attempt)
                await asyncio.sleep(turn.attempt)

    # around

    async def _hear_stops(self) -> None:
        async for chat in self.store.stops.listen():
            self._running.stop(chat)

    async def _share_rates(self) -> None:
        """Each of N processes takes an Nth of what an account may write."""
        while True:
            try:
                processes = await self.store.heartbeats.beat()
                metrics.PROCESSES.set(processes)
                for account in self._accounts:
                    account.pace.share = processes
                    metrics.SET_ASIDE.set(account.channel.set_aside, account.channel.name)
            except StoreError as error:
                log.debug("processes not counted", error=str(error))
            await asyncio.sleep(COUNT_EVERY)

    async def _publish_all(self) -> None:
        await asyncio.gather(*(self._publish(account) for account in list(self._accounts)))

    async def _publish(self, account: Account) -> None:
        try:
            admins = [admin for admin in await self.access.admins() if admin.channel == account.channel.name]
            await account.channel.publish(self.commands.menu(), admins)
        except (ChannelError, StoreError) as error:
            log.warning("menu not published", account=account.id, error=str(error))


@asynccontextmanager
async def open_bridge(settings: Settings) -> AsyncIterator[Bridge]:
    """The store and the gateway's client, opened and joined. Raises StoreError."""
    async with (
        open_store(settings.redis_url.get_secret_value(), settings.data_dir) as store,
        settings.gateway() as gateway,
    ):
        yield Bridge(settings, store, gateway)


async def _end(*tasks: asyncio.Task[object]) -> None:
    """Cancel tasks and wait until they are over; what they raised has been dealt with."""
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks)
