"""What was used as rows of a sheet: the same for `cherry-bridge usage --csv` and for the page."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from typing import Any, TextIO

from bridge.types import Price
from bridge.usage import Row, cost_of

COLUMNS = (
    "day",
    "person",
    "person_name",
    "chat",
    "chat_title",
    "model",
    "turns",
    "prompt_tokens",
    "completion_tokens",
    "cost",
    "currency",
)
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A cell that begins with one of these is a formula to a spreadsheet; people choose their names themselves."""


def cells(row: Row, names: Mapping[str, str], prices: Mapping[str, Price]) -> dict[str, Any]:
    """Return the cells of one row, by `COLUMNS`."""
    price = prices.get(row.model)
    cost = cost_of([row], prices).amounts.get(price.currency) if price else None
    return {
        "day": row.day,
        "person": row.person,
        "person_name": names.get(row.person, ""),
        "chat": row.chat,
        "chat_title": names.get(row.chat, ""),
        "model": row.model,
        "turns": row.tally.turns,
        "prompt_tokens": row.tally.prompt_tokens,
        "completion_tokens": row.tally.completion_tokens,
        "cost": None if cost is None else round(cost, 6),
        "currency": price.currency if price else "",
    }


def write_csv(rows: Iterable[Mapping[str, Any]], file: TextIO) -> None:
    """Write what `cells` returned, without formulas."""
    sheet = csv.DictWriter(file, COLUMNS, lineterminator="\n")
    sheet.writeheader()
    sheet.writerows({name: _harmless(cell) for name, cell in row.items()} for row in rows)


def _harmless(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell
