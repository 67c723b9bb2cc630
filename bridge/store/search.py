"""Words found again in the conversations of a chat.

A conversation that is kept has a signature: a bit for each run of a few letters that occurs in it. Redis looks through
the signatures alone, and only conversations that may hold all the words are read. The current conversation, which still
grows, has none and is always read.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, cast
from zlib import crc32

from redis.asyncio import Redis

from bridge.store import keys
from bridge.store.conversations import NO_NUMBER
from bridge.store.errors import translate_redis_errors
from bridge.store.history import EXCHANGE, Exchange
from bridge.store.keys import ChatKeys
from bridge.store.scripts import Script
from bridge.types import Chat

MAX_WORDS = 12
"""Words of one search; further ones are left out."""
MAX_READ = 40
"""The most conversations that one search reads beside the current one."""
READ_AT_ONCE = 4
BITS_PER_GRAM = 8
"""About one of eight signatures says wrongly that it has a run of letters; a word has several."""
MAX_SIGNATURE_BYTES = 65_536
MAX_CHARACTERS_AT_ONCE = 200_000
"""The signature of a longer conversation is made in a thread."""

_RUNS = re.compile(r"[⺀-鿿가-힯豈-﫿]+|[^\W⺀-鿿가-힯豈-﫿]+")
"""Chinese, Japanese and Korean, in which two letters are a word; any other script."""

CANDIDATES = Script("""
-- KEYS kept, about; ARGV checksums. The conversations that may hold them all, the last used first.
local found = {}
for _, number in ipairs(redis.call('ZREVRANGE', KEYS[1], 0, -1)) do
  local words, may = redis.call('HGET', KEYS[2], 'words:' .. number), true
  if words then
    local bits = #words * 8
    for _, sum in ipairs(ARGV) do
      local at = tonumber(sum) % bits
      if bit.band(string.byte(words, math.floor(at / 8) + 1), bit.lshift(1, at % 8)) == 0 then
        may = false
        break
      end
    end
  end
  if may then table.insert(found, number) end
end
return found
""")

SIGN = Script("""
-- KEYS list, about; ARGV field, signature, how many exchanges it was made of. Nothing, where there are others by now.
if redis.call('LLEN', KEYS[1]) ~= tonumber(ARGV[3]) or redis.call('EXISTS', KEYS[2]) == 0 then return 0 end
return redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
""")


@dataclass(frozen=True, slots=True)
class Hit:
    """An exchange that holds all the words."""

    number: int
    """Of its conversation."""
    exchange: Exchange
    is_current: bool


@dataclass(frozen=True, slots=True)
class Found:
    hits: Sequence[Hit]
    """The newest first."""
    is_whole: bool
    """Whether all conversations that may hold the words have been read, or as many hits as wanted were found."""


class Search:
    """By chat. Everything raises StoreError."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def find(self, chat: Chat, text: str, most: int) -> Found:
        """The newest exchanges that hold all words of `text`, in any case, `most` at most."""
        names, words = ChatKeys(chat), words_of(text)
        if not words:
            return Found((), is_whole=True)
        async with translate_redis_errors(), self._redis.pipeline(transaction=True) as pipe:
            pipe.get(names.epoch)
            pipe.lrange(names.history, 0, -1)
            current, rows = await pipe.execute()
        hits = [Hit(int(current or NO_NUMBER), each, True) for each in _holding(rows, words)]
        sums = sorted({checksum(gram) for word in words for gram in grams(word)})
        numbers: list[str] = await CANDIDATES(self._redis, [names.kept, names.about], *sums)
        signed = 0
        for start in range(0, min(len(numbers), MAX_READ), READ_AT_ONCE):
            if len(hits) >= most:
                break
            wanted = numbers[start : min(start + READ_AT_ONCE, MAX_READ)]
            async with translate_redis_errors(), self._redis.pipeline(transaction=False) as pipe:
                for number in wanted:
                    pipe.lrange(keys.kept_list(names.kept, number), 0, -1)
                for number in wanted:
                    pipe.hexists(names.about, f"words:{number}")
                answers = await pipe.execute()
            lists, has_signature = answers[: len(wanted)], answers[len(wanted) :]
            for number, rows, is_signed in zip(wanted, lists, has_signature, strict=True):
                hits += [Hit(int(number), each, False) for each in _holding(rows, words)]
                if not is_signed and signed < READ_AT_ONCE:
                    await self._sign(chat, number, rows)
                    signed += 1
        return Found(hits[:most], is_whole=len(hits) >= most or len(numbers) <= MAX_READ)

    async def index(self, chat: Chat, number: int) -> None:
        """Make the signature of a kept conversation, so that a search need not read it."""
        async with translate_redis_errors():
            rows = cast(list[str], await self._redis.lrange(keys.kept_list(ChatKeys(chat).kept, number), 0, -1))
        await self._sign(chat, str(number), rows)

    async def _sign(self, chat: Chat, number: str, rows: Sequence[str]) -> None:
        if not rows:
            return
        names = ChatKeys(chat)
        if sum(map(len, rows)) > MAX_CHARACTERS_AT_ONCE:
            made = await asyncio.to_thread(signature, rows)
        else:
            made = signature(rows)
        args: list[Any] = [f"words:{number}", made, len(rows)]
        await SIGN(self._redis, [keys.kept_list(names.kept, number), names.about], *args)


def words_of(text: str) -> list[str]:
    """What is looked for: the words of `text`, `MAX_WORDS` at most."""
    return list(dict.fromkeys(text.casefold().split()))[:MAX_WORDS]


def text_of(exchange: Exchange) -> str:
    """The words of a question and its answer."""
    return "\n\n".join([*(message.text for message in exchange.question), exchange.text])


def grams(text: str) -> set[str]:
    """The runs of letters that a text in one case is known by: two of Chinese, three of other scripts."""
    found: set[str] = set()
    for run in _RUNS.findall(text):
        size = 2 if run[0] >= "⺀" else 3
        found.update(run[at : at + size] for at in range(len(run) - size + 1))
        if size == 2:
            found.update(run)
    return found


def checksum(gram: str) -> int:
    """The number of a run of letters, of which its bit in a signature follows; the same in every process."""
    return crc32(gram.encode("utf-8", "surrogatepass"))


def signature(rows: Iterable[str]) -> bytes:
    """The signature of the exchanges in `rows`; what cannot be read is passed over."""
    found: set[str] = set()
    for row in rows:
        try:
            found |= grams(text_of(EXCHANGE.decode(row)).casefold())
        except ValueError:
            continue
    size = min(max(8, -(-len(found) * BITS_PER_GRAM // 8)), MAX_SIGNATURE_BYTES)
    bits = bytearray(size)
    for gram in found:
        at = checksum(gram) % (size * 8)
        bits[at >> 3] |= 1 << (at & 7)
    return bytes(bits)


def _holding(rows: Sequence[str], words: Sequence[str]) -> list[Exchange]:
    """The exchanges of `rows` that hold all `words`, the newest first."""
    # As they stand in a row, so that only what may fit is decoded.
    escaped = [word.replace("\\", "\\\\").replace('"', '\\"') for word in words]
    found = []
    for row in reversed(rows):
        folded = row.casefold()
        if not all(word in folded for word in escaped):
            continue
        try:
            exchange = EXCHANGE.decode(row)
        except ValueError:
            continue
        text = text_of(exchange).casefold()
        if all(word in text for word in words):
            found.append(exchange)
    return found
