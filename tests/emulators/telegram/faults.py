"""Trouble on order: what shall befall the next calls of a kind, whatever the bot does right.

A fault waits for the calls it is meant for and is used up by them. Those that strike on arrival (a cut line, an
error instead of an answer) leave the call undone; the others let it be carried out first.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

POSTS_AND_EDITS = frozenset(
    {
        *("sendmessage", "sendphoto", "sendaudio", "sendvoice", "sendvideo", "senddocument", "sendmediagroup"),
        *("editmessagetext", "editmessagecaption", "editmessagereplymarkup"),
    }
)
WRITES = POSTS_AND_EDITS | {"sendmessagedraft"}
"""The calls by which a bot's words appear or change."""

Kind = Literal["drop", "flood", "error", "html", "lose", "slow"]
_ON_ARRIVAL: frozenset[Kind] = frozenset({"drop", "flood", "error", "html"})


@dataclass(frozen=True, slots=True)
class Fault:
    """Make one with the class methods below."""

    kind: Kind
    seconds: float = 0.0
    status: int = 0
    description: str = ""

    @property
    def on_arrival(self) -> bool:
        return self.kind in _ON_ARRIVAL

    @classmethod
    def dropped(cls) -> Fault:
        """The connection is cut and the call not carried out."""
        return cls("drop")

    @classmethod
    def lost(cls) -> Fault:
        """The call is carried out and the connection cut before the answer."""
        return cls("lose")

    @classmethod
    def slow(cls, seconds: float) -> Fault:
        """The call is carried out at once; the answer takes `seconds`."""
        return cls("slow", seconds)

    @classmethod
    def flooded(cls, seconds: float) -> Fault:
        """A 429; for a write, its chat stays closed for `seconds`."""
        return cls("flood", seconds)

    @classmethod
    def error(cls, status: int, description: str) -> Fault:
        """A refusal in the usual envelope: 403, 409, 500 …"""
        return cls("error", status=status, description=description)

    @classmethod
    def html(cls, status: int = 502) -> Fault:
        """What a proxy in between answers: a page instead of JSON."""
        return cls("html", status=status)


@dataclass(slots=True)
class _Pending:
    fault: Fault
    methods: frozenset[str] | None
    times: int


class Faults:
    def __init__(self) -> None:
        self._pending: list[_Pending] = []

    def plan(self, fault: Fault, *, methods: Iterable[str] | None = WRITES, times: int = 1) -> None:
        """Let `fault` befall the next `times` calls of `methods`; None is any method."""
        if times < 1:
            return
        names = None if methods is None else frozenset(name.lower() for name in methods)
        self._pending.append(_Pending(fault, names, times))

    def take(self, method: str, *, on_arrival: bool) -> Fault | None:
        """The fault that befalls this call now, if one is due; the earliest planned first."""
        for pending in self._pending:
            meant = pending.methods is None or method in pending.methods
            if meant and pending.fault.on_arrival is on_arrival:
                pending.times -= 1
                if pending.times <= 0:
                    self._pending.remove(pending)
                return pending.fault
        return None
