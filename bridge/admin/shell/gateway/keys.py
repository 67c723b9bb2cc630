"""`cherry-bridge gateway key` and `usage`: who may ask, and what each has used."""

from __future__ import annotations

import json
import re
import sys
import time
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from bridge.errors import SettingsError
from bridge.server import LEDGER_FILE_NAME, MICROS, ClientKey, Ledger, parse_budget, parse_rate

_NAME = re.compile(r"[\w.@-]{1,64}")


def keys(config: Path, options: Namespace) -> int:
    """Run `options.action`: new, list or revoke."""
    ledger = Ledger(config.parent / LEDGER_FILE_NAME)
    try:
        match options.action:
            case "new":
                return _new(ledger, options)
            case "revoke":
                return _revoke(ledger, options.name)
            case _:
                return _list(ledger, as_json=options.json)
    finally:
        ledger.close()


def _new(ledger: Ledger, options: Namespace) -> int:
    try:
        key = new_key(ledger, options.name, options.models or (), options.limit, options.budget)
    except ValueError as error:
        raise SettingsError([str(error)]) from None
    print(key)
    print("Keep it: it is shown only now.", file=sys.stderr)
    if options.budget:
        print("Its budget counts models that have a price in gateway.toml, and allows no others.", file=sys.stderr)
    return 0


def new_key(ledger: Ledger, name: str, models: Sequence[str], limit: str, budget: str) -> str:
    """Make a key of what people write. Raises ValueError with a sentence where that cannot be used."""
    if not _NAME.fullmatch(name):
        raise ValueError("a key's name is made of letters, digits, '-', '_', '.' and '@'")
    if limit:
        parse_rate(limit)
    return ledger.new_key(name, tuple(models), limit.replace(" ", ""), parse_budget(budget) if budget else None)


def _revoke(ledger: Ledger, name: str) -> int:
    if not ledger.revoke(name):
        print(f"There is no key {name!r}.", file=sys.stderr)
        return 1
    print(f"The key {name} is no longer accepted.")
    if not ledger.has_keys():
        print("It was the last one: on this machine, none is needed now.", file=sys.stderr)
    return 0


def _list(ledger: Ledger, *, as_json: bool) -> int:
    found = ledger.keys()
    if as_json:
        print(json.dumps([_row(ledger, key) for key in found], ensure_ascii=False, indent=2))
        return 0
    if not found:
        print("There is no key: on this machine, none is needed.")
    width = max((len(key.name) for key in found), default=0)
    for key in found:
        made = time.strftime("%Y-%m-%d", time.localtime(key.created))
        limits = [", ".join(key.models) or "all models", *([key.rate] if key.rate else [])]
        if key.budget is not None:
            spent = ledger.spent_this_month(key.name)
            limits.append(f"{spent / MICROS:.2f} of {key.budget / MICROS:g} spent this month")
        print(f"{key.name:<{width}}  {made}  {'; '.join(limits)}")
    return 0


def _row(ledger: Ledger, key: ClientKey) -> dict[str, object]:
    budget = None if key.budget is None else key.budget / MICROS
    spent = ledger.spent_this_month(key.name) / MICROS
    return {**asdict(key), "budget": budget, "spent_this_month": spent}


def usage(config: Path, options: Namespace) -> int:
    """Print what was used, by day, key and model."""
    ledger = Ledger(config.parent / LEDGER_FILE_NAME)
    try:
        rows = list(ledger.usage(options.days))
    finally:
        ledger.close()
    if options.json:
        print(json.dumps([{**asdict(row), "cost": row.cost / MICROS} for row in rows], ensure_ascii=False, indent=2))
        return 0
    if not rows:
        print("Nothing was asked.")
        return 0
    table: list[tuple[str, ...]] = [("day", "key", "model", "requests", "failed", "tokens in", "tokens out", "cost")]
    for row in rows:
        counts = (str(count) for count in (row.requests, row.failed, row.prompt, row.completion))
        table.append((row.day, row.key or "-", row.model, *counts, f"{row.cost / MICROS:.4f}"))
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for line in table:
        pairs = enumerate(zip(line, widths, strict=True))
        print("  ".join(cell.ljust(width) if at < 3 else cell.rjust(width) for at, (cell, width) in pairs))
    return 0
