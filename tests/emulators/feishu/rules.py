"""Feishu's numbers, and the ways it says no. What a test speeds up or tightens, it sets here."""

from __future__ import annotations

import math
import time
from collections import defaultdict, deque
from dataclasses import dataclass


@dataclass
class Rules:
    """Seconds are the platform's own; `speed` makes them pass faster."""

    speed: float = 1.0
    stream_open: float = 600.0
    """A card's streaming mode ends by itself so long after it was last opened (stream overview page)."""
    stream_end_code: int = 200850
    """What the first write after that gets; every later one gets 300309."""
    ack_within: float = 3.0
    """Real seconds."""
    redelivery: tuple[float, ...] = (15.0, 300.0, 3600.0, 21600.0)
    split_frames: bool = False
    token_lasts: float = 7200.0
    ping_interval: int = 120
    reconnect_interval: int = 1
    reconnect_nonce: int = 0
    """The platform says 120 and 30."""
    connections: int = 50
    edits: int = 20
    per_second: int = 50
    per_minute: int = 1000
    per_card: int = 10
    per_patched: int = 5
    per_chat: int = 5
    tables: int = 3
    """The page says five; ByteDance's own plug-in measured that a fourth one in Markdown is refused."""
    elements: int = 200
    card_bytes: int = 30 * 1024
    text_bytes: int = 150 * 1024
    image_bytes: int = 10 * 1024 * 1024
    file_bytes: int = 30 * 1024 * 1024
    download_bytes: int = 100 * 1024 * 1024
    uuid_lasts: float = 3600.0
    slash_commands: bool = True
    """Whether the tenant has them; where not, the call lacks a scope."""
    tells_departments: bool = True
    """Whether the app has the scope contact:user.department:readonly; without it the field is left out."""
    topic_group: bool = False
    """The group is made of topics; messages then name their root and nothing else."""


class Clock:
    """Platform time: seconds since 1970, passing `speed` times as fast."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._wall = time.time()
        self._start = time.monotonic()
        self.skipped = 0.0

    def now(self) -> float:
        return self._wall + (time.monotonic() - self._start) * self._rules.speed + self.skipped

    def now_ms(self) -> str:
        return str(int(self.now() * 1000))


class Fault(Exception):
    """A refusal: HTTP 400 with a code, but for the rate limits."""

    def __init__(self, code: int, msg: str, *, status: int = 400, headers: dict[str, str] | None = None) -> None:
        super().__init__(code, msg)
        self.code = code
        self.msg = msg
        self.status = status
        self.headers = headers or {}


def too_often(seconds: float) -> Fault:
    headers = {"x-ogw-ratelimit-limit": "50", "x-ogw-ratelimit-reset": f"{seconds:g}"}
    return Fault(99991400, "request trigger frequency limit", status=429, headers=headers)


class Rates:
    """Sliding windows, in real seconds."""

    def __init__(self) -> None:
        self._windows: dict[str, deque[float]] = defaultdict(deque)
        self.refusals = 0

    def take(self, what: str, limit: int, seconds: float, fault: Fault | None = None) -> None:
        """Count one call of `what`. Raises the fault where that is more than `limit` in `seconds`."""
        now = time.monotonic()
        window = self._windows[what]
        while window and now - window[0] >= seconds:
            window.popleft()
        if len(window) >= limit:
            self.refusals += 1
            raise fault or too_often(math.ceil(seconds - (now - window[0])))
        window.append(now)
