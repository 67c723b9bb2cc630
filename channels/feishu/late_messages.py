"""Messages that come too late to be answered: redelivered hours later, or sent while the bridge was away."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import structlog

from bridge.channel import Host, Memory
from bridge.errors import ChannelError
from bridge.inbound import Said
from channels.feishu import cards
from channels.feishu.recent import Recent
from channels.feishu.sending import Sender

log = structlog.get_logger(__name__)

REDELIVERY_SECONDS = 8 * 3600.0
"""The platform's last redelivery comes some seven hours after the first delivery."""


class LateMessages:
    """`max_age_seconds` is the age past which a message is not answered; `notice` is what its writer is told."""

    def __init__(
        self, sender: Sender, memory: Memory, max_age_seconds: float, notice: str, now: Callable[[], float]
    ) -> None:
        self._sender = sender
        self._seen = Recent(memory, "seen:", REDELIVERY_SECONDS, now)
        self._max_age_seconds = max_age_seconds
        self._notice = notice
        self._now = now

    async def dismiss(self, message: Said, host: Host) -> bool:
        """Tell the writer of a message that is too late, unless it was handed on in time; return whether it is.

        Raises StoreError.
        """
        if not message.sent_at or self._now() - message.sent_at <= self._max_age_seconds:
            return False
        if await self._seen.get(message.id):
            return True
        log.info("a message came too late", chat=str(message.chat), message=message.id)
        if message.addressed and await host.admits(message):
            try:
                content = cards.dumps({"text": self._notice})
                uuid = f"late.{message.id}"[:50]
                await self._sender.send(message.chat, "text", content, uuid=uuid, reply_to=message.id)
            except ChannelError as error:
                log.info("the writer could not be told", chat=str(message.chat), error=str(error))
                return True
        await self._seen.put(message.id, "told")
        return True

    async def remember(self, messages: Sequence[Said]) -> None:
        """Keep that `messages` have been handed on: redelivered late, they are no news. Raises StoreError.

        Where even the last redelivery is not too late, there is nothing to keep.
        """
        if self._max_age_seconds < REDELIVERY_SECONDS:
            for message in messages:
                await self._seen.put(message.id, "answered")
