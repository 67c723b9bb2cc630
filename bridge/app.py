"""Open everything, keep it running, close it in order. Every process is the same and any number may run.

Each channel is kept open on its own: one that fails is opened again and the others never notice. The process that
holds an account's lease listens for it; every process answers.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager, suppress

import structlog
from msgspec.structs import replace

from bridge import metrics
from bridge.access import Access
from bridge.channel import Channel, Memory
from bridge.commands import Commands
from bridge.errors import ChannelError, Refused, StoreError
from bridge.gateway import Gateways
from bridge.inbound import Inbound
from bridge.inbox import Claim, ClaimLost, Inbox
from bridge.intake import Intake
from bridge.log import redact
from bridge.media import AttachmentReader
from bridge.reply import Account, Pace
from bridge.settings import Settings
from bridge.store import CODE, ChannelState, RedisHealth, RedisQuirks, Store, open_store
from bridge.tools import Approvals, BuiltInTools, Reminders, Toolbox
from bridge.turn import ActiveAnswers, Answerer, Asking, Attachments, Load, OutageMonitor, Replies, TurnTools, estimate

log = structlog.get_logger(__name__)

Open = Callable[[Memory], AbstractAsyncContextManager[Channel]]
"""Makes a channel, which is then entered."""

MAX_CHATS_AT_ONCE = 6000
"""Chats that one process takes at the same time, those included whose answer waits for its turn (`Load`); the others
wait for it or for another process."""
GRACE_SECONDS = 5.0
"""Seconds that answers under way are given to end when the process is asked to stop."""
CANCEL_AGAIN_SECONDS = 2 * GRACE_SECONDS
"""Seconds after which a task is cancelled once more: on Python 3.11 redis-py may lose a cancellation."""
FIRST_WAIT_SECONDS, MAX_WAIT_SECONDS = 1.0, 60.0
HEARTBEAT_SECONDS = 5.0


class Bridge:
    """The parts, joined. `opened` is called with each account that is up."""

    def __init__(self, settings: Settings, store: Store, gateways: Gateways) -> None:
        self.store = store
        store.media.budget = settings.media_budget()
        self.gateways = gateways
        self.inbox = Inbox(store)
        self.access = Access(store.redis, settings.admins)
        speech = settings.speech()
        voice = speech if speech is not None and speech.voice_model else None
        self._reminders = Reminders(store.redis)
        self.toolbox = Toolbox(BuiltInTools(self._reminders), settings.tool_servers(), gateways.all)
        self.commands = Commands(store, self.inbox, gateways, self.access, settings, self.toolbox)
        self.opened: Callable[[Account], Awaitable[None]] | None = None
        self.refused: dict[str, str] = {}
        """Channels that can never work as they are set up, and why."""
        self._active = ActiveAnswers()
        self._load = Load()
        self._outages = OutageMonitor(store, self.inbox, gateways, self.access, settings.away_seconds)
        self._accounts: list[Account] = []
        self._states: dict[str, ChannelState] = {}
        self._started = time.time()
        self._processes = 1
        reader = AttachmentReader(store.media, settings.media_limits(), speech=speech, estimate=estimate)
        attachments = Attachments(store.media, gateways, reader, settings.document_tokens)
        replies = Replies(
            store, self.inbox, self.commands, settings.language, self._active, attachments, self.publish_all
        )
        tools = TurnTools(store, self.access, self.toolbox, Approvals(store.redis), settings.tool_seconds)
        self._answerer = Answerer(
            store,
            self.inbox,
            self.access,
            replies,
            self._load,
            self._outages,
            attachments,
            Asking(settings, store, gateways, self.commands, self._load, attachments, voice, tools),
        )
        self._intake = Intake(store, self.inbox, self.access, self.commands, replies.words, self.publish_all)

    async def serve(self, channels: Mapping[str, Open], grace: float = GRACE_SECONDS) -> None:
        """Listen and answer on every channel until cancelled, or until all of them have ended."""
        around = [
            asyncio.create_task(self._follow_signals()),
            asyncio.create_task(self._share_rates()),
            asyncio.create_task(self._say_reminders()),
            asyncio.create_task(self._outages.run()),
        ]
        keeping = [asyncio.create_task(self._keep(name, open, grace)) for name, open in channels.items()]
        try:
            # Not `gather`: when one has been cancelled, it would not wait until the others have ended.
            done, _ = await asyncio.wait(keeping, return_when=asyncio.FIRST_EXCEPTION) if keeping else ((), ())
            for task in done:
                task.result()
        finally:
            await _end(*keeping)
            await self._intake.close()
            await _end(*around)
            await self.toolbox.close()
            with suppress(StoreError):  # then they are forgotten after a while
                await self.store.channel_states.leave(list(self._states))

    async def _keep(self, name: str, open: Open, grace: float) -> None:
        """Keep one channel open, whatever happens to it."""
        wait = FIRST_WAIT_SECONDS
        while True:
            began = asyncio.get_running_loop().time()
            try:
                async with open(self.store.memory(name)) as channel:
                    account = Account(channel, Pace(self._processes, pressure=lambda: self._load.pressure))
                    self._accounts.append(account)
                    metrics.CHANNEL_UP.set(1, name)
                    link = channel.link(CODE)
                    await self._say_state(ChannelState(name, "up", time.time(), account.id, link=link))
                    try:
                        await self._serve(account, grace)
                    finally:
                        self._accounts.remove(account)
                        metrics.CHANNEL_UP.set(0, name)
                return
            except Refused as error:
                self.refused[name] = str(error)
                await self._say_state(ChannelState(name, "refused", time.time(), why=redact(str(error))))
                metrics.failed(error)
                log.error("channel refused", channel=name, why=str(error))
                return
            except (ChannelError, StoreError) as error:
                log.warning("channel failed", channel=name, error=str(error), again_in=wait)
                metrics.failed(error)
                await self._say_state(ChannelState(name, "failed", time.time(), why=redact(str(error))))
            except Exception as error:
                metrics.failed(error)
                log.exception("channel failed", channel=name, again_in=wait)
            if asyncio.get_running_loop().time() - began > MAX_WAIT_SECONDS:
                wait = FIRST_WAIT_SECONDS
            await asyncio.sleep(wait)
            wait = min(wait * 2, MAX_WAIT_SECONDS)

    async def _serve(self, account: Account, grace: float) -> None:
        tasks = [
            asyncio.create_task(self._listen(account)),
            asyncio.create_task(self._work(account, grace)),
        ]
        publishing = asyncio.create_task(self._publish(account))
        try:
            if self.opened is not None:
                await self.opened(account)
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            try:
                await _end(publishing, tasks[0])
            finally:
                await _end(tasks[1])

    # listening

    async def _listen(self, account: Account) -> None:
        """Listen for as long as the account's lease is ours; return when the channel has nothing more to say."""
        while True:
            try:
                async with self.store.leases.hold(f"listen:{account.id}") as lease:
                    log.info("listening", account=account.id)
                    receiving = asyncio.create_task(self._receive(account))
                    losing = asyncio.create_task(lease.lost.wait())
                    try:
                        await asyncio.wait([receiving, losing], return_when=asyncio.FIRST_COMPLETED)
                        if receiving.done():
                            receiving.result()
                            return
                        log.warning("no longer the one that listens", account=account.id)
                    finally:
                        await _end(receiving, losing)
            except StoreError as error:
                log.warning("store is away", error=str(error))
                await asyncio.sleep(FIRST_WAIT_SECONDS)

    async def _receive(self, account: Account) -> None:
        async with aclosing(account.channel.listen(self._intake)) as batches:
            async for events in batches:
                await self._take_in(events, account)

    async def _take_in(self, events: Sequence[Inbound], account: Account) -> None:
        """Take a batch in. Raises StoreError: it is then not acknowledged, and the platform delivers it again."""
        try:
            await self._intake.receive(events, account)
        except StoreError:
            raise
        except Exception as error:
            if len(events) > 1:  # one of them is at fault; the others are taken in without it
                for event in events:
                    await self._take_in([event], account)
                return
            # Delivered again it would fail again, and hold up every message behind it.
            metrics.failed(error)
            log.exception("message set aside", account=account.id)

    # answering

    async def _work(self, account: Account, grace: float) -> None:
        taking: set[asyncio.Task[None]] = set()
        closing = asyncio.Event()
        try:
            ready = self.inbox.ready([account.id], lambda: MAX_CHATS_AT_ONCE - len(taking))
            async with aclosing(ready) as claims:
                async for claim in claims:
                    task = asyncio.create_task(self._take(claim, account, closing))
                    taking.add(task)
                    task.add_done_callback(taking.discard)
        finally:
            closing.set()
            if taking and grace:
                await asyncio.wait(taking, timeout=grace)
            await _end(*taking)

    async def _take(self, claim: Claim, account: Account, closing: asyncio.Event) -> None:
        """Answer a chat's messages in order until there are none, or another worker has it, or we are `closing`."""
        answering = asyncio.create_task(self._answer_all(claim, account, closing))
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

    async def _answer_all(self, claim: Claim, account: Account, closing: asyncio.Event) -> None:
        while not closing.is_set() and (turn := await claim.next()) is not None:
            try:
                await self._answerer.answer(turn, account)
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

    async def _follow_signals(self) -> None:
        async for kind, chat, key in self.store.signals.listen():
            if kind == "stop":
                self._active.stop(chat, key)
            else:
                self.inbox.look_again(chat)

    async def _share_rates(self) -> None:
        """Each of N processes takes an Nth of what an account may write."""
        while True:
            try:
                self._processes = processes = await self.store.heartbeats.beat()
                metrics.PROCESSES.set(processes)
                await self._say_states()
                for account in self._accounts:
                    account.pace.share = processes
                    metrics.SET_ASIDE.set(account.channel.set_aside, account.channel.name)
            except StoreError as error:
                log.debug("processes not counted", error=str(error))
            await asyncio.sleep(HEARTBEAT_SECONDS)

    async def _say_reminders(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            try:
                await self._reminders.say_due(self.inbox.put)
            except StoreError as error:
                log.debug("reminders not looked at", error=str(error))

    async def _say_state(self, state: ChannelState) -> None:
        """Say how a channel of ours is, for the page; what cannot be said now is said again in a moment."""
        self._states[state.name] = state
        with suppress(StoreError):
            await self._say_states()

    async def _say_states(self) -> None:
        now = time.time()
        states = [replace(state, at=now, started=self._started) for state in self._states.values()]
        await self.store.channel_states.say(states)

    async def publish_all(self) -> None:
        """Publish the command menus again: admins see more commands than others."""
        await asyncio.gather(*(self._publish(account) for account in list(self._accounts)))

    async def _publish(self, account: Account) -> None:
        try:
            admins = [admin for admin in await self.access.roles.all() if admin.channel == account.channel.name]
            await account.channel.publish(self.commands.menu(), admins)
        except (ChannelError, StoreError) as error:
            log.warning("menu not published", account=account.id, error=str(error))


@asynccontextmanager
async def open_bridge(settings: Settings, *, listens: bool = False) -> AsyncIterator[Bridge]:
    """Open the store and the gateways' client, and join them. Raises StoreError.

    `listens`: a gateway of our own answers other programs, too, where a port is set for it.
    """
    async with (
        open_store(settings.redis_url.get_secret_value(), settings.data_dir) as store,
        settings.open_gateways(RedisQuirks(store.redis), RedisHealth(store.redis), listens=listens) as gateways,
    ):
        bridge = Bridge(settings, store, gateways)
        try:
            yield bridge
        finally:
            await bridge.inbox.close()


async def _end(*tasks: asyncio.Task[object]) -> None:
    """Cancel tasks and wait until they are over, even where we are cancelled meanwhile; what they raised has been dealt
    with."""
    interrupted = False
    for task in tasks:
        task.cancel()
    while pending := [task for task in tasks if not task.done()]:
        try:
            _, swallowed = await asyncio.wait(pending, timeout=CANCEL_AGAIN_SECONDS)
        except asyncio.CancelledError:
            interrupted = True
            continue
        for task in swallowed:
            task.cancel()
    if interrupted:
        raise asyncio.CancelledError
