"""`cherry-bridge usage`: what was used, by day, person, chat and model, for people, for programs and for sheets.

It opens the store as every process does, so it works beside a running bridge and without one.
"""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Mapping, Sequence
from dataclasses import replace

from bridge.admin.shell.asking import clean
from bridge.admin.shell.language import terminal_words
from bridge.admin.usage_sheet import cells, write_csv
from bridge.commands import usage_figures
from bridge.settings import Settings
from bridge.store import open_store
from bridge.types import Price
from bridge.usage import Ledger, Prices, Row, Tally, cost_of, last_days, total
from bridge.words import Words


async def usage(settings: Settings, options: Namespace) -> int:
    """Print what was used in the last `options.days` days. Raises StoreError."""
    async with (
        open_store(settings.redis_url.get_secret_value(), settings.data_dir) as store,
        settings.open_gateways() as gateways,
    ):
        ledger = Ledger(store.redis)
        rows = [row for day in last_days(options.days) for row in await ledger.on_day(day)]
        names, errors = await ledger.names(rows), await ledger.errors()
        prices = await Prices(settings.prices, gateways).of({row.model for row in rows})
    rows.sort(key=lambda row: (row.day, row.person, row.chat, row.model))
    sheet = [cells(row, names, prices) for row in rows]
    if options.json:
        print(json.dumps({"rows": sheet, "errors_last_day": errors}, ensure_ascii=False, indent=2))
    elif options.csv:
        write_csv(sheet, sys.stdout)
    else:
        _print(rows, names, prices, errors, terminal_words(settings))
    return 0


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
