"""What has come in for the bridge, each channel's in order, also while what it missed is still being read."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from bridge.inbound import Inbound


@dataclass(frozen=True, slots=True)
class Arrival:
    """An event for the bridge, and where it stands in its channel."""

    event: Inbound
    channel: int
    id: int = 0
    """The message's, by which a channel's history is ordered; 0 for what no history holds."""
    urgent: bool = False
    """Whether it passes by all that waits: somebody pressed a button or picked a command."""


class ChannelOrder:
    """Delivers arrivals, but holds those of a channel that is still behind until it has caught up."""

    def __init__(self, deliver: Callable[[Arrival], None]) -> None:
        self._deliver = deliver
        self._all_behind = False
        self._behind: set[int] = set()
        self._held: dict[int, list[Arrival]] = {}

    def hold_all(self) -> None:
        """Hold everything: a new session has begun, and it is not known yet which channels are behind."""
        self._all_behind = True

    def hold(self, channels: Collection[int]) -> None:
        """Hold these channels only; deliver what is held of the others."""
        self._all_behind, self._behind = False, set(channels)
        for channel in [each for each in self._held if each not in self._behind]:
            self.release(channel, [])

    def add(self, arrival: Arrival) -> None:
        if not arrival.urgent and (self._all_behind or arrival.channel in self._behind):
            self._held.setdefault(arrival.channel, []).append(arrival)
        else:
            self._deliver(arrival)

    def release(self, channel: int, missed: Sequence[Arrival]) -> None:
        """Deliver what the channel missed, oldest first, then what came meanwhile: each message once."""
        self._behind.discard(channel)
        delivered: set[int] = set()
        for arrival in [*missed, *self._held.pop(channel, [])]:
            if arrival.id not in delivered:
                self._deliver(arrival)
            if arrival.id:
                delivered.add(arrival.id)
