"""Rows added up as people ask for them: by model, by person, by chat, by day."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from bridge.types import Price, User
from bridge.usage.ledger import Ledger, Row, Tally, last_days, today
from bridge.usage.prices import Cost, Prices, cost_of

CHART_DAYS, LONGEST_MONTH = 30, 31
"""In days."""


@dataclass(frozen=True, slots=True)
class Report:
    """What was spent today, in this month, and day by day, by one person or by all."""

    today: Sequence[Row]
    month: Sequence[Row]
    days: Mapping[str, Tally]
    """Of each of the last `CHART_DAYS` days, the oldest first."""
    prices: Mapping[str, Price]
    """Of the models in `month`, as far as they are known."""

    @property
    def is_empty(self) -> bool:
        return not (self.month or any(tally.turns or tally.tokens for tally in self.days.values()))

    @classmethod
    async def of_person(cls, ledger: Ledger, prices: Prices, person: User) -> Report:
        """Raises StoreError."""
        return await cls._of(await ledger.of(person, last_days(LONGEST_MONTH)), prices)

    @classmethod
    async def of_all(cls, ledger: Ledger, prices: Prices) -> Report:
        """Raises StoreError."""
        return await cls._of(await ledger.totals(last_days(LONGEST_MONTH)), prices)

    @classmethod
    async def _of(cls, rows: Sequence[Row], prices: Prices) -> Report:
        month = [row for row in rows if row.day[:7] == today()[:7]]
        found = {day: Tally() for day in last_days(CHART_DAYS)}
        found |= {day: tally for day, tally in by_day(rows).items() if day in found}
        known = await prices.of({row.model for row in month})
        return cls([row for row in rows if row.day == today()], month, found, known)

    def cost(self, rows: Iterable[Row]) -> Cost:
        return cost_of(rows, self.prices)


def total(rows: Iterable[Row]) -> Tally:
    return sum((row.tally for row in rows), Tally())


def by_model(rows: Iterable[Row]) -> dict[str, Tally]:
    """The most tokens first."""
    return _most_first(_added(rows, lambda row: row.model))


def by_person(rows: Iterable[Row]) -> dict[str, Tally]:
    """The most tokens first."""
    return _most_first(_added(rows, lambda row: row.person))


def by_chat(rows: Iterable[Row]) -> dict[str, Tally]:
    """The most tokens first."""
    return _most_first(_added(rows, lambda row: row.chat))


def by_day(rows: Iterable[Row]) -> dict[str, Tally]:
    """The oldest first."""
    return dict(sorted(_added(rows, lambda row: row.day).items()))


def _added(rows: Iterable[Row], key: Callable[[Row], str]) -> dict[str, Tally]:
    sums: dict[str, Tally] = {}
    for row in rows:
        sums[key(row)] = sums.get(key(row), Tally()) + row.tally
    return sums


def _most_first(sums: Mapping[str, Tally]) -> dict[str, Tally]:
    return dict(sorted(sums.items(), key=lambda each: (-each[1].tokens, -each[1].turns, each[0])))
