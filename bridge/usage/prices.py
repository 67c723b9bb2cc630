"""What models cost: as the operator says, or else as the gateway's list says. Where neither does, nothing is known."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from bridge.errors import GatewayError
from bridge.gateway import Gateways
from bridge.types import Price
from bridge.usage.ledger import Row, Tally

PER = 1_000_000
"""Tokens that a price is for."""
LIST_SECONDS = 3.0
"""How long the gateway's list is waited for: a sum without a price is better than none."""


@dataclass(frozen=True, slots=True)
class Cost:
    """A sum of money, in each currency that prices are in."""

    amounts: Mapping[str, float] = field(default_factory=dict)
    """By the currency's sign."""
    partly: bool = False
    """Whether models were used whose price is not known."""

    def __str__(self) -> str:
        return " + ".join(f"{sign}{_rounded(amount)}" for sign, amount in self.amounts.items())


def _rounded(amount: float) -> str:
    return f"{amount:,.2f}" if amount >= 1 or not amount else f"{amount:.4f}"


class Prices:
    """`rules` give the price of the models that a pattern names, the first that matches."""

    def __init__(self, rules: Sequence[tuple[str, Price]], gateways: Gateways) -> None:
        self._rules = rules
        self._gateways = gateways

    async def of(self, models: Iterable[str]) -> Mapping[str, Price]:
        """The prices of `models`, as far as they are known; while the gateway is away, those of the rules."""
        found = {model: self._ruled(model) for model in models}
        if None in found.values():
            listed = await self._listed()
            found = {model: price or listed.get(model) for model, price in found.items()}
        return {model: price for model, price in found.items() if price is not None}

    async def _listed(self) -> Mapping[str, Price | None]:
        """Those that the gateway's list names; none while it cannot be had."""
        try:
            async with asyncio.timeout(LIST_SECONDS):
                return {str(model.id): model.price for model in await self._gateways.models()}
        except (GatewayError, TimeoutError):
            return {}

    def _ruled(self, model: str) -> Price | None:
        names = {model.casefold(), model.rpartition("@")[0].casefold()}  # a rule means a model at every gateway
        matching = (price for pattern, price in self._rules for name in names if fnmatchcase(name, pattern.casefold()))
        return next(matching, None)


def cost_of(rows: Iterable[Row], prices: Mapping[str, Price]) -> Cost:
    """What `rows` cost, at `prices`."""
    amounts: dict[str, float] = {}
    partly = False
    for row in rows:
        if (price := prices.get(row.model)) is None:
            partly = partly or row.tally.tokens > 0
            continue
        amounts[price.currency] = amounts.get(price.currency, 0.0) + _amount(row.tally, price)
    return Cost(amounts, partly)


def _amount(tally: Tally, price: Price) -> float:
    return (tally.prompt_tokens * price.prompt + tally.completion_tokens * price.completion) / PER
