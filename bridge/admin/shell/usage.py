"""`cherry-bridge usage`: what was used, by day, person, chat and model, for people, for programs and for sheets.

It opens the store as every process does, so it works beside a running bridge and without one.
"""

from __future__ import annotations

import csv
import json
import sys
from argparse import Namespace
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from bridge.admin.shell.asking import clean
from bridge.admin.shell.language import terminal_words
from bridge.commands import usage_figures
from bridge.settings import Settings
from bridge.store import open_store
from bridge.types import Price
from bridge.usage import Ledger, Prices, Row, Tally, cost_of, last_days, total
from bridge.words import Words

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


async def usage(settings: Settings, options: Namespace) -> int:
    """Print what was used in the last `options.days` days. Raises StoreError."""
    async with (
        open_store(settings.redis_url.get_secret_value(), settings.data_dir) as store,
        settings.gateway() as gateway,
    ):
        ledger = Ledger(store.redis)
        rows = [row for day in last_days(options.days) for row in await ledger.on_day(day)]
        names, errors = await ledger.names(rows), await ledger.errors()
        prices = await Prices(settings.prices, gateway).of({row.model for row in rows})
    rows.sort(key=lambda row: (row.day, row.person, row.chat, row.model))
    cells = [_cells(row, names, prices) for row in rows]
    if options.json:
        print(json.dumps({"rows": cells, "errors_last_day": errors}, ensure_ascii=False, indent=2))
    elif options.csv:
        sheet = csv.DictWriter(sys.stdout, COLUMNS, lineterminator="\n")
        sheet.writeheader()
        sheet.writerows({name: _harmless(cell) for name, cell in row.items()} for row in cells)
    else:
        _print(rows, names, prices, errors, terminal_words(settings))
    return 0


def _cells(row: Row, names: Mapping[str, str], prices: Mapping[str, Price]) -> dict[str, Any]:
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


def _harmless(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell


def _print(
    rows: Sequence[Row], names: Mapping[str, str], prices: Mapping[str, Price], errors: Mapping[str, int], words: Words
) -> None:
    """One line for each person, chat and model, over all days; then the sum, and what failed."""
    if not rows:
        print(words.usage_none)
        return
    sums: dict[Row, Tally] = {}
    for row in rows:
        whole = replace(row, day="", tally=Tally())
        sums[whole] = sums.get(whole, Tally()) + row.tally
    lines = []
    for row, tally in sums.items():
        shown = [_named(row.person, names), _named(row.chat, names), row.model]
        lines.append((shown, usage_figures(tally, cost_of([replace(row, tally=tally)], prices), words)))
    widths = [max(len(shown[column]) for shown, _ in lines) for column in range(3)]
    for shown, figures in lines:
        print("  ".join([*(f"{cell:<{width}}" for cell, width in zip(shown, widths, strict=True)), figures]))
    print(f"\n{usage_figures(total(rows), cost_of(rows, prices), words)}")
    for kind, amount in errors.items():
        print(f"{words.usage_error_kinds.get(kind, kind)}: {amount}")


def _named(id: str, names: Mapping[str, str]) -> str:
    return clean(f"{id} ({names[id]})" if id in names else id)
