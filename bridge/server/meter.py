"""What one request was, what it cost, and the one line of the log that says so; never a word of what was said."""

from __future__ import annotations

import sqlite3
from time import monotonic

import structlog

from bridge.metrics import Family, Histogram
from bridge.server.config import Price
from bridge.server.events import TokenCounts
from bridge.server.ledger import MICROS, ClientKey, Ledger

log = structlog.get_logger(__name__)

REQUESTS = Family(
    "counter", "server_requests_total", "Requests to our own gateway, by status.", "provider", "dialect", "status"
)
TOKENS = Family("counter", "server_tokens_total", "Tokens, as providers count them.", "provider", "kind")
FIRST_TOKEN = Histogram(
    "server_first_token_seconds",
    "From a request until the provider's first words.",
    (0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300),
)
STREAMS = Family("gauge", "server_streams", "Answers under way.")
CONFIG = Family("gauge", "server_config_valid", "1 where gateway.toml is in force as it stands.")


class Meter:
    """Measures one request. `close` is called once, whatever came of it."""

    def __init__(self, ledger: Ledger | None, client: ClientKey | None, dialect: str) -> None:
        self._ledger = ledger
        self._client = client
        self._dialect = dialect
        self._began = monotonic()
        self._first: float | None = None
        self.provider = ""
        self.model = ""
        """The full name."""
        self.price: Price | None = None
        self.usage: TokenCounts | None = None
        self.pieces = 0
        """How many pieces of the answer have come; a token each, more or less."""
        self.status = 499
        """What was answered; 499 where the client left before."""
        STREAMS.add()

    def heard(self, pieces: int) -> None:
        """The provider has sent more, in this many pieces."""
        self.pieces += pieces
        if self._first is None:
            self._first = monotonic() - self._began
            FIRST_TOKEN.observe(self._first)

    def close(self) -> None:
        STREAMS.add(amount=-1.0)
        usage = self.usage or TokenCounts()
        REQUESTS.add(self.provider, self._dialect, str(self.status))
        if self.provider:
            TOKENS.add(self.provider, "prompt", amount=usage.prompt)
            TOKENS.add(self.provider, "completion", amount=usage.completion)
        log.info(
            "gateway answer",
            key=self._client.name if self._client else None,
            model=self.model or None,
            dialect=self._dialect,
            status=self.status,
            seconds=round(monotonic() - self._began, 2),
            first=None if self._first is None else round(self._first, 2),
            prompt=usage.prompt,
            completion=usage.completion,
        )
        if self._ledger is None or not self.model:
            return
        try:
            self._ledger.record(
                self._client.name if self._client else "",
                self.model,
                prompt=usage.prompt,
                completion=usage.completion,
                cost=cost(self.price, usage),
                failed=self.status >= 400,
            )
        except sqlite3.Error as error:  # a full disk takes nobody's answer away
            log.error("usage not written", why=str(error))


def cost(price: Price | None, usage: TokenCounts) -> int:
    """In millionths. A price is for a million tokens, so a token costs as many millionths as the price says."""
    if price is None:
        return 0
    cached = price.input if price.cached is None else price.cached
    fresh = max(0, usage.prompt - usage.cached)
    spent = fresh * price.input + usage.cached * cached + usage.completion * price.output
    return round(spent * MICROS / 1_000_000)
