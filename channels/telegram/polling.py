"""The long poll. An update is acknowledged by asking for what comes after it, and that is done only once its
message has been taken: what the process did not get to keep comes again after a crash.

python-telegram-bot's own Updater acknowledges what it has merely put in a queue, and parses a whole batch at
once, so that a single update it cannot read stops all of them for good.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import Any

import structlog

from bridge.errors import ChannelError, RateLimited, Refused
from bridge.inbound import Inbound
from channels.telegram.errors import Conflict
from channels.telegram.gather import Group, gather
from channels.telegram.updates import Arrival, Me, read

POLL_SECONDS = 30
"""How long one poll waits for something to come; the server's own bound is 50."""
HOLD_SECONDS = 1.0
"""How long an unfinished album or a long text waits for its next piece."""
MIN_REPEAT_SECONDS = 0.6
"""A poll that repeats an offset within half a second is given a single update (telegram-bot-api, Client.cpp)."""
FIRST_PAUSE_SECONDS, MAX_PAUSE_SECONDS = 1.0, 30.0
"""Between failed polls."""

_log = structlog.get_logger(__name__)


class Polling:
    """The loop that asks for updates.

    `fetch` is getUpdates (offset, seconds to wait), `remove_webhook` ends a webhook, and `arrived` is called with
    each update as it comes, before it is acknowledged.
    """

    def __init__(
        self,
        fetch: Callable[[int, int], Awaitable[Any]],
        remove_webhook: Callable[[], Awaitable[object]],
        arrived: Callable[[Arrival], None],
        me: Me,
    ) -> None:
        self._fetch = fetch
        self._remove_webhook = remove_webhook
        self._arrived = arrived
        self._me = me
        self._offset = 0
        self._held: dict[int, Arrival] = {}
        """What has come and has not been taken, by update id."""
        self._settled: set[int] = set()
        """Updates above the offset that are done with: they come again for as long as an older one is held."""
        self._due: dict[int, float] = {}
        """Until when a group waits for more, by the update of its latest piece."""
        self.set_aside = 0

    async def batches(self) -> AsyncGenerator[Sequence[Inbound], None]:
        """Yield what each poll brings. Raises Refused where no poll can succeed.

        Started again, it begins with what is not acknowledged.
        """
        self._offset = 0
        for kept in (self._held, self._settled, self._due):
            kept.clear()
        loop = asyncio.get_running_loop()
        while True:
            batch = await self._next_batch(0 if self._held else POLL_SECONDS)
            self._keep(batch)
            now = loop.time()
            groups = gather(dict(sorted(self._held.items())))
            if ready := [group for group in groups if not group.open or self._wait_until(group, now) <= now]:
                yield [group.event for group in ready]
                for update in (update for group in ready for update in group.updates):
                    del self._held[update]
                    self._settled.add(update)
            if self._held:
                self._offset = min(self._held)
                self._due = {update: due for update, due in self._due.items() if update in self._held}
                await asyncio.sleep(max(MIN_REPEAT_SECONDS, min(self._due.values()) - loop.time()))
            elif self._settled:
                self._offset = max(self._settled) + 1
                self._settled.clear()
                self._due.clear()
            elif batch:  # nothing in it has an id to acknowledge, so it may come again at once
                await asyncio.sleep(FIRST_PAUSE_SECONDS)

    def _wait_until(self, group: Group, now: float) -> float:
        return self._due.setdefault(group.updates[-1], now + HOLD_SECONDS)

    def _keep(self, batch: Any) -> None:
        """Read each update on its own and hold what it says.

        Ids may start again, and lower, after a quiet week: nothing is skipped for being below the offset.
        """
        for update in batch if isinstance(batch, list) else [batch]:
            id = update.get("update_id") if isinstance(update, dict) else None
            if type(id) is not int or not 0 < id < 2**62:
                self._put_aside("no usable update_id")
                continue
            if id in self._held or id in self._settled:
                continue
            try:
                arrival = read(update, self._me)
            except Exception as error:  # noqa: BLE001 - whatever it is about this one, the next is read
                self._put_aside(type(error).__name__)
                arrival = None
            if arrival is None:
                self._settled.add(id)
            else:
                self._held[id] = arrival
                self._arrived(arrival)

    def _put_aside(self, reason: str) -> None:
        self.set_aside += 1
        _log.warning("an update was set aside", reason=reason, so_far=self.set_aside)

    async def _next_batch(self, seconds: int) -> Any:
        """Poll until something is answered, with a growing pause after each failure."""
        pause = FIRST_PAUSE_SECONDS
        while True:
            try:
                return await self._fetch(self._offset, seconds)
            except Refused:
                raise
            except RateLimited as limit:
                wait = limit.retry_after
                _log.warning("Telegram limits how often we may ask", seconds=wait)
            except Conflict as conflict:
                wait = await self._settle(conflict, pause)
            except ChannelError as error:
                wait = pause
                log = _log.warning if pause == FIRST_PAUSE_SECONDS else _log.debug
                log("Telegram gives no updates; trying again", error=str(error), seconds=round(wait, 1))
            await asyncio.sleep(wait * random.uniform(1.0, 1.3))
            pause = min(pause * 2, MAX_PAUSE_SECONDS)

    async def _settle(self, conflict: Conflict, pause: float) -> float:
        """Get ready to ask again after a 409; returns how long to wait."""
        if not conflict.webhook:
            _log.warning(
                "another program receives this bot's messages: a second bridge, or another bot with its token. "
                "Stop it, or give one of the two a token of its own",
                seconds=round(pause, 1),
            )
            return pause
        _log.warning("a webhook was set for this bot; it is being removed, since messages are fetched here")
        try:
            await self._remove_webhook()
        except Refused:
            raise
        except ChannelError as error:
            _log.warning("the webhook could not be removed", error=str(error))
            return pause
        return 0.0
