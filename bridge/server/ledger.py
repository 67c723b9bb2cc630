"""The keys of clients, what each has used, and who may ask when, in one SQLite file beside `gateway.toml`.

Commands write into it while the gateway runs, so every request asks the file whether its key is still there: that is
one look-up by hash, some 10 µs. A key is kept as the SHA-256 of 256 random bits; nobody can read it back.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from secrets import token_urlsafe

from bridge.server.rates import Rate

LEDGER_FILE_NAME = "gateway.sqlite3"
KEY_PREFIX = "cb-sk-"
MICROS = 1_000_000
"""Money is counted in whole millionths: sums of them are exact."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS keys (
    name TEXT PRIMARY KEY, hash BLOB UNIQUE NOT NULL, models TEXT NOT NULL, rate TEXT NOT NULL,
    budget INTEGER, created INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS usage (
    day TEXT NOT NULL, key TEXT NOT NULL, model TEXT NOT NULL, requests INTEGER NOT NULL, failed INTEGER NOT NULL,
    prompt INTEGER NOT NULL, completion INTEGER NOT NULL, cost INTEGER NOT NULL, PRIMARY KEY (day, key, model)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS moments (name TEXT NOT NULL, moment REAL NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS moments_by_name ON moments (name, moment);
"""


@dataclass(frozen=True, slots=True)
class ClientKey:
    """`models` are patterns of full names, none for all; `budget` is in millionths a month, None for no limit."""

    name: str
    models: tuple[str, ...] = ()
    rate: str = ""
    budget: int | None = None
    created: int = 0

    def allows(self, model: str) -> bool:
        return not self.models or any(fnmatchcase(model, pattern) for pattern in self.models)


@dataclass(frozen=True, slots=True)
class UsageRow:
    day: str
    key: str
    model: str
    requests: int
    failed: int
    prompt: int
    completion: int
    cost: int


class Ledger:
    """Opened at `path`, which is made where it is missing, for its owner alone. Raises OSError or sqlite3.Error."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        keep_owner(path)
        self._db = sqlite3.connect(path, isolation_level=None, timeout=5.0)
        # Without a flush to the disk for each row: after a power cut some of the last second's usage may be missing.
        self._db.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;" + _SCHEMA)

    def close(self) -> None:
        self._db.close()

    # keys

    def new_key(self, name: str, models: tuple[str, ...] = (), rate: str = "", budget: int | None = None) -> str:
        """Make a key and return it; it cannot be read again. Raises ValueError where the name is taken."""
        key = KEY_PREFIX + token_urlsafe(32)
        row = (name, _hash(key), ",".join(models), rate, budget, int(time.time()))
        try:
            self._db.execute("INSERT INTO keys VALUES (?, ?, ?, ?, ?, ?)", row)
        except sqlite3.IntegrityError:
            raise ValueError(f"there is a key named {name!r} already") from None
        return key

    def keys(self) -> list[ClientKey]:
        rows = self._db.execute("SELECT name, models, rate, budget, created FROM keys ORDER BY name")
        return [_key(row) for row in rows]

    def find(self, key: str) -> ClientKey | None:
        row = self._db.execute(
            "SELECT name, models, rate, budget, created FROM keys WHERE hash = ?", (_hash(key),)
        ).fetchone()
        return None if row is None else _key(row)

    def has_keys(self) -> bool:
        return self._db.execute("SELECT 1 FROM keys LIMIT 1").fetchone() is not None

    def revoke(self, name: str) -> bool:
        """Remove a key, at once for every process; return whether there was one."""
        return self._db.execute("DELETE FROM keys WHERE name = ?", (name,)).rowcount > 0

    # usage

    def record(self, key: str, model: str, *, prompt: int, completion: int, cost: int, failed: bool) -> None:
        row = (_day(), key, model, int(failed), prompt, completion, cost)
        self._db.execute(
            "INSERT INTO usage VALUES (?, ?, ?, 1, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET requests = requests + 1,"
            " failed = failed + excluded.failed, prompt = prompt + excluded.prompt,"
            " completion = completion + excluded.completion, cost = cost + excluded.cost",
            row,
        )

    def spent_this_month(self, key: str) -> int:
        """In millionths."""
        row = self._db.execute("SELECT sum(cost) FROM usage WHERE key = ? AND day >= ?", (key, _day()[:7])).fetchone()
        return int(row[0] or 0)

    def usage(self, days: int) -> Iterator[UsageRow]:
        """The last `days`, today included, the newest first."""
        since = _day(time.time() - (days - 1) * 86_400)
        rows = self._db.execute("SELECT * FROM usage WHERE day >= ? ORDER BY day DESC, key, model", (since,))
        return (UsageRow(*row) for row in rows)

    # rates

    def reserve(self, name: str, rate: Rate, longest: float = 0.0) -> float:
        """Take the next place among those that ask at most at this rate, in whichever process; return the seconds until
        its moment. Where they are more than `longest`, none is taken.
        """
        now = time.time()
        self._db.execute("BEGIN IMMEDIATE")
        try:
            # One beyond all that can be reserved is from before the clock was set back.
            gone = (name, now - rate.seconds, now + rate.seconds + longest)
            self._db.execute("DELETE FROM moments WHERE name = ? AND (moment <= ? OR moment > ?)", gone)
            last = self._db.execute(
                "SELECT moment FROM moments WHERE name = ? ORDER BY moment DESC LIMIT 1 OFFSET ?",
                (name, rate.times - 1),
            ).fetchone()
            wait = max(0.0, last[0] + rate.seconds - now) if last is not None else 0.0
            if wait <= longest:
                self._db.execute("INSERT INTO moments VALUES (?, ?)", (name, now + wait))
        finally:
            self._db.execute("COMMIT")
        return wait


def keep_owner(path: Path) -> None:
    """Give a file that root has written to the owner of its folder, so that a service can read its own files."""
    if sys.platform != "win32" and os.geteuid() == 0:
        folder = path.parent.stat()
        os.chown(path, folder.st_uid, folder.st_gid)


def parse_budget(text: str) -> int:
    """Read ``5/month``, in the currency of the prices, as millionths. Raises ValueError with a sentence."""
    amount, slash, unit = text.strip().partition("/")
    try:
        value = float(amount)
    except ValueError:
        value = -1.0
    if not 0 < value < 1e9 or (slash and unit.strip() != "month"):
        raise ValueError(f"{text!r} is not a budget; write for example 5/month")
    return round(value * MICROS)


def _key(row: tuple[str, str, str, int | None, int]) -> ClientKey:
    name, models, rate, budget, created = row
    return ClientKey(name, tuple(models.split(",")) if models else (), rate, budget, created)


def _hash(key: str) -> bytes:
    return hashlib.sha256(key.encode(errors="replace")).digest()


def _day(at: float | None = None) -> str:
    return time.strftime("%Y-%m-%d", time.localtime(at))
