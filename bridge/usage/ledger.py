"""What was spent, by day of UTC: who, where, with which model. No word of what was said is kept.

One script counts a turn. It goes out in the same round trip as the script that ends the turn, and counts each turn
once, however often it is sent. A turn is counted in four places, so that no reader has to add up more than it shows:

- the day and the month, by person, chat and model, for admins;
- the year, by day and model, for how it goes over a long time;
- the person, by day and model, for what they ask of themselves.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast

import msgspec
from redis.asyncio import Redis
from redis.asyncio.client import Pipeline

from bridge.store import Script, UsageKeys, translate_redis_errors
from bridge.types import Chat, User

DAY_SECONDS = 86400
DETAIL_DAYS = 40
"""Days that are kept by person and chat: a month, and what is seen of it in the days after."""
MONTHS = 13
"""Months that are kept by person and chat, the current one included."""
TOTAL_DAYS = 400
"""Days that are kept by model alone."""
MAX_DAY_ROWS, MAX_MONTH_ROWS, MAX_YEAR_ROWS, MAX_PERSON_ROWS = 20_000, 50_000, 40_000, 500
"""Rows of one hash; what comes beyond that is counted together, under `REST`."""
MAX_ERROR_ROWS = 1000
MAX_NAMES = 50_000
MAX_COUNTED = 10_000
"""Turns that are known to have been counted; they are forgotten after `COUNTED_SECONDS`."""
COUNTED_SECONDS = 3600
MAX_NAME_CHARACTERS = 100
REST = "*"
"""Stands for persons, chats and models that are not kept apart, because there are too many."""

COUNT = Script("""
-- KEYS counted, day, month, year, person, errors, names.
-- ARGV turn key, now, seconds a counted turn is known, most counted, most rows of day, month, year and person, seconds
-- that each of these four is kept, the oldest day of a person's, most errors, the oldest hour of errors, most names,
-- how many names, each as two; then for each part of the turn: field of day and month, field of year and person, turns,
-- prompt tokens, completion tokens, hour and kind of an error or nothing.
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[2] - ARGV[3])
if redis.call('ZADD', KEYS[1], 'NX', ARGV[2], ARGV[1]) == 0 then return 0 end
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -ARGV[4] - 1)
redis.call('EXPIRE', KEYS[1], ARGV[3])
local function add(key, most, field, rest, turns, prompt, completion)
  local old = redis.call('HGET', key, field)
  if not old and redis.call('HLEN', key) >= tonumber(most) then
    field = rest
    old = redis.call('HGET', key, field)
  end
  local t, p, c = string.match(old or '', '^(%d+) (%d+) (%d+)$')
  redis.call('HSET', key, field, string.format('%.0f %.0f %.0f', (t or 0) + turns, (p or 0) + prompt,
    (c or 0) + completion))
end
local function prune(key, most, oldest)
  if redis.call('HLEN', key) < tonumber(most) then return end
  for _, field in ipairs(redis.call('HKEYS', key)) do
    if field < oldest then redis.call('HDEL', key, field) end
  end
end
local names = tonumber(ARGV[17])
prune(KEYS[5], ARGV[8], ARGV[13])
for at = 18 + 2 * names, #ARGV, 6 do
  local turns, prompt, completion = ARGV[at + 2], ARGV[at + 3], ARGV[at + 4]
  local rest = string.sub(ARGV[at + 1], 1, 14) .. '"*"]'
  add(KEYS[2], ARGV[5], ARGV[at], '["*","*","*"]', turns, prompt, completion)
  add(KEYS[3], ARGV[6], ARGV[at], '["*","*","*"]', turns, prompt, completion)
  add(KEYS[4], ARGV[7], ARGV[at + 1], rest, turns, prompt, completion)
  add(KEYS[5], ARGV[8], ARGV[at + 1], rest, turns, prompt, completion)
  if ARGV[at + 5] ~= '' then
    prune(KEYS[6], ARGV[14], ARGV[15])
    redis.call('HINCRBY', KEYS[6], ARGV[at + 5], 1)
    redis.call('EXPIRE', KEYS[6], 172800)
  end
end
for number = 0, 3 do redis.call('EXPIRE', KEYS[2 + number], ARGV[9 + number]) end
for at = 18, 16 + 2 * names, 2 do
  if redis.call('HLEN', KEYS[7]) < tonumber(ARGV[16]) or redis.call('HEXISTS', KEYS[7], ARGV[at]) == 1 then
    redis.call('HSET', KEYS[7], ARGV[at], ARGV[at + 1])
  end
end
redis.call('EXPIRE', KEYS[7], ARGV[11])
return 1
""")


@dataclass(frozen=True, slots=True)
class Tally:
    """A sum. Tokens are as the provider reports them, or else by estimate."""

    turns: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0

    @property
    def tokens(self) -> int:
        return self.prompt_tokens + self.completion_tokens

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.turns + other.turns,
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
        )


@dataclass(frozen=True, slots=True)
class Spent:
    """What one model's answer in a turn took, and how it failed."""

    person: User
    chat: Chat
    model: str
    tally: Tally
    error: str = ""
    """The kind of the error that ended it; empty where it ended well."""


@dataclass(frozen=True, slots=True)
class Row:
    """What was spent on a day, or in a month, by one person in one chat with one model; `REST` and empty parts are
    not known, or not told apart."""

    day: str
    """``2026-11-28``, or ``2026-11`` for a month."""
    model: str
    tally: Tally
    person: str = ""
    chat: str = ""


def count(pipe: Pipeline, turn_key: str, spent: Sequence[Spent], now: float | None = None) -> None:
    """Have `pipe` count the turn `turn_key`, once; all of `spent` is one person's, in one chat.

    What the pipe answers is a NoScriptError where Redis does not have the script yet.
    """
    names, args = _call(turn_key, spent, time.time() if now is None else now)
    COUNT.add_to(pipe, names, *args)


def _call(turn_key: str, spent: Sequence[Spent], now: float) -> tuple[list[str], list[str | int | float]]:
    person, chat = spent[0].person, spent[0].chat.whole
    moment = datetime.fromtimestamp(now, UTC)
    day, month = moment.strftime("%Y-%m-%d"), moment.strftime("%Y-%m")
    names = {f"person {person}": person.name, f"chat {chat}": chat.title}
    named = [(key, name[:MAX_NAME_CHARACTERS]) for key, name in names.items() if name]
    args: list[str | int | float] = [turn_key, f"{now:.3f}", COUNTED_SECONDS, MAX_COUNTED]
    args += [MAX_DAY_ROWS, MAX_MONTH_ROWS, MAX_YEAR_ROWS, MAX_PERSON_ROWS]
    args += [days * DAY_SECONDS for days in (DETAIL_DAYS, MONTHS * 31, TOTAL_DAYS, DETAIL_DAYS)]
    args += [_field((moment - timedelta(days=DETAIL_DAYS)).strftime("%Y-%m-%d"))]
    args += [
        MAX_ERROR_ROWS,
        _hour(now - DAY_SECONDS),
        MAX_NAMES,
        len(named),
        *(part for pair in named for part in pair),
    ]
    for each in spent:
        args += [_field(str(person), str(chat), each.model), _field(day, each.model)]
        args += [each.tally.turns, each.tally.prompt_tokens, each.tally.completion_tokens]
        args.append(f"{_hour(now)} {each.error}" if each.error else "")
    keys = [
        UsageKeys.counted,
        UsageKeys.day(day),
        UsageKeys.month(month),
        UsageKeys.year(day[:4]),
        UsageKeys.person(str(person)),
        UsageKeys.errors,
        UsageKeys.names,
    ]
    return keys, args


class Ledger:
    """Reads and counts what was spent. Everything raises StoreError."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def count(self, turn_key: str, spent: Sequence[Spent], now: float | None = None) -> None:
        """Count the turn `turn_key`, once; all of `spent` is one person's, in one chat."""
        names, args = _call(turn_key, spent, time.time() if now is None else now)
        await COUNT(self._redis, names, *args)

    async def of(self, person: User, days: Sequence[str]) -> list[Row]:
        """What `person` spent on `days`, by day and model, out of the last `DETAIL_DAYS`."""
        wanted = set(days)
        rows = _rows(await self._hash(UsageKeys.person(str(person))), 2)
        return [Row(day, model, tally, str(person)) for (day, model), tally in rows if day in wanted]

    async def on_day(self, day: str) -> list[Row]:
        """What was spent on `day`, one of the last `DETAIL_DAYS`, by person, chat and model."""
        return await self._detail(UsageKeys.day(day), day)

    async def in_month(self, month: str) -> list[Row]:
        """What was spent in `month` (``2026-11``), one of the last `MONTHS`, by person, chat and model."""
        return await self._detail(UsageKeys.month(month), month)

    async def totals(self, days: Sequence[str]) -> list[Row]:
        """What everybody spent on `days`, out of the last `TOTAL_DAYS`, by day and model."""
        wanted, found = set(days), []
        for year in sorted({day[:4] for day in days}):
            rows = _rows(await self._hash(UsageKeys.year(year)), 2)
            found += [Row(day, model, tally) for (day, model), tally in rows if day in wanted]
        return sorted(found, key=lambda row: row.day)

    async def errors(self, now: float | None = None) -> Mapping[str, int]:
        """How many answers of the last day failed, by the kind of the error; the most frequent first."""
        oldest = _hour((time.time() if now is None else now) - DAY_SECONDS)
        found: dict[str, int] = {}
        for field, amount in (await self._hash(UsageKeys.errors)).items():
            hour, _, kind = field.partition(" ")
            if hour > oldest and amount.isdecimal():
                found[kind] = found.get(kind, 0) + int(amount)
        return dict(sorted(found.items(), key=lambda each: (-each[1], each[0])))

    async def names(self, rows: Iterable[Row]) -> Mapping[str, str]:
        """What the persons and chats of `rows` were last called, by id; those without a name are not there."""
        fields = {f"person {row.person}": row.person for row in rows if row.person}
        fields |= {f"chat {row.chat}": row.chat for row in rows if row.chat}
        if not fields:
            return {}
        async with translate_redis_errors():
            names = await cast(Any, self._redis).hmget(UsageKeys.names, list(fields))
        return {id: str(name) for id, name in zip(fields.values(), names, strict=True) if name}

    async def _detail(self, key: str, day: str) -> list[Row]:
        rows = _rows(await self._hash(key), 3)
        return [Row(day, model, tally, person, chat) for (person, chat, model), tally in rows]

    async def _hash(self, key: str) -> dict[str, str]:
        async with translate_redis_errors():
            return cast(dict[str, str], await cast(Any, self._redis).hgetall(key))


def today(now: float | None = None) -> str:
    return datetime.fromtimestamp(time.time() if now is None else now, UTC).strftime("%Y-%m-%d")


def last_days(count: int, now: float | None = None) -> list[str]:
    """The last `count` days up to today, the oldest first."""
    newest = date.fromisoformat(today(now))
    return [(newest - timedelta(days=ago)).isoformat() for ago in range(count - 1, -1, -1)]


def _rows(kept: Mapping[str, str], parts: int) -> Iterator[tuple[list[str], Tally]]:
    """The rows that can be read."""
    decoder = msgspec.json.Decoder(list[str])
    for field, value in kept.items():
        numbers = value.split()
        try:
            names = decoder.decode(field)
        except msgspec.DecodeError:
            continue
        if len(names) == parts and len(numbers) == 3 and all(map(str.isdecimal, numbers)):
            yield names, Tally(*map(int, numbers))


def _field(*parts: str) -> str:
    return msgspec.json.encode(parts).decode()


def _hour(now: float) -> str:
    return datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H")
