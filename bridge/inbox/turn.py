"""One message being answered, and everything about its reply that outlives us.

The turn's record is a hash beside the queue. Whoever last took the turn has signed it, and every write checks that
fencing_token: a worker that was overtaken finds out at its next write, and what it wanted to write is not written.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping

import structlog
from redis.asyncio import Redis

from bridge.errors import StoreError
from bridge.inbox.entry import Entry
from bridge.inbox.move import move
from bridge.store import history, keys
from bridge.store.errors import ClaimLost, translate_redis_errors
from bridge.store.history import Exchange
from bridge.store.keys import ChatKeys, LaneKeys
from bridge.store.scripts import Script, dump
from bridge.types import Chat

log = structlog.get_logger(__name__)

ASIDE = 20
"""The most turns that are kept of a chat after they were given up."""
ASIDE_SECONDS = 30 * 86400

MARK = Script("""
-- KEYS head; ARGV fencing_token, posts begun, page or -1, its ref or nothing. Writes down how far the reply has come.
if redis.call('HGET', KEYS[1], 'by') ~= ARGV[1] then return 'lost' end
redis.call('HSET', KEYS[1], 'begun', ARGV[2])
if ARGV[3] ~= '-1' then
  if ARGV[4] == '' then
    redis.call('HDEL', KEYS[1], 'ref:' .. ARGV[3])
  else
    redis.call('HSET', KEYS[1], 'ref:' .. ARGV[3], ARGV[4])
  end
end
return 'ok'
""")

LEAVE = """
-- Takes the turn that is signed out of the queue; run twice, it says so. What stands behind a late one is late too.
local function leave(queue, head, fencing_token)
  if redis.call('HGET', head, 'by') ~= fencing_token then
    return redis.call('HGET', head, 'done') == fencing_token and 'repeated' or 'lost'
  end
  local first = redis.call('LINDEX', queue, 0)
  if first and string.sub(first, 1, 16) == redis.call('HGET', head, 'key') then redis.call('LPOP', queue) end
  local late = redis.call('HGET', head, 'late')
  redis.call('DEL', head)
  redis.call('HSET', head, 'done', fencing_token)
  if late and redis.call('LLEN', queue) > 0 then redis.call('HSET', head, 'late', late) end
  redis.call('EXPIRE', head, 3600)
  return 'ok'
end
"""

DONE = Script(
    LEAVE
    + """
-- KEYS queue, head, history, epoch, moved; ARGV fencing_token, row or nothing, its id, again, most rows, seconds.
-- The row enters the history, unless the conversation has started over since the turn began.
-- Returns what became of it and, where the chat has another id now, that.
local begun = redis.call('HGET', KEYS[2], 'epoch')
local went = leave(KEYS[1], KEYS[2], ARGV[1])
if went == 'ok' and ARGV[2] ~= '' and (redis.call('GET', KEYS[4]) or '0') == begun then
  local replaces = false
  if ARGV[4] == '1' then
    local read, row = pcall(cjson.decode, redis.call('LINDEX', KEYS[3], -1) or '')
    replaces = read and type(row) == 'table' and row['id'] == ARGV[3]
  end
  if replaces then
    redis.call('LSET', KEYS[3], -1, ARGV[2])
  else
    redis.call('RPUSH', KEYS[3], ARGV[2])
    redis.call('LTRIM', KEYS[3], -ARGV[5], -1)
  end
  redis.call('EXPIRE', KEYS[3], ARGV[6])
end
return {went, redis.call('GET', KEYS[5]) or ''}
"""
)

SET_ASIDE = Script(
    LEAVE
    + """
-- KEYS queue, head, aside; ARGV fencing_token, row, most rows, seconds. The row enters the list of what was given up.
local went = leave(KEYS[1], KEYS[2], ARGV[1])
if went == 'ok' then
  redis.call('LPUSH', KEYS[3], ARGV[2])
  redis.call('LTRIM', KEYS[3], 0, ARGV[3] - 1)
  redis.call('EXPIRE', KEYS[3], ARGV[4])
end
return went
"""
)


class Turn:
    """The first message of a chat's queue, while it is ours. All calls raise StoreError, ClaimLost where it is not."""

    def __init__(
        self,
        redis: Redis,
        account: str,
        chat: Chat,
        lane: LaneKeys,
        *,
        fencing_token: str,
        entry: Entry,
        head: Mapping[str, str],
    ) -> None:
        self.message = entry.message
        self.key = entry.key
        """Names the turn for as long as it takes, across restarts: 16 ASCII letters and digits."""
        self.attempt = int(head["attempt"])
        """1 on the first try."""
        self.refs: list[str] = []
        """The messages posted by this attempt and earlier ones, page by page."""
        while (ref := head.get(f"ref:{len(self.refs)}")) is not None:
            self.refs.append(ref)
        self.late = "late" in head
        """Whether it was postponed, or stood behind one that was: question and answer may be far apart by now."""
        self.begun = int(head["begun"])
        """Posts begun: where it exceeds `refs`, the last of them may or may not have arrived."""
        self._redis = redis
        self._account = account
        self._chat = chat
        self._lane = lane
        self._fencing_token = fencing_token

    async def begin(self) -> None:
        """The next page is about to be posted."""
        await self._mark(len(self.refs) + 1)
        self.begun = len(self.refs) + 1

    async def posted(self, ref: str) -> None:
        """The page begun last is now `ref`."""
        await self._mark(len(self.refs) + 1, len(self.refs), ref)
        self.refs.append(ref)
        self.begun = len(self.refs)

    async def replaced(self, page: int, ref: str) -> None:
        """That page, counted from 0, has been posted anew, as `ref`."""
        await self._mark(self.begun, page, ref)
        self.refs[page] = ref

    async def dropped(self) -> None:
        """The last page has been taken back."""
        await self._mark(len(self.refs) - 1, len(self.refs) - 1)
        self.refs.pop()
        self.begun = len(self.refs)

    async def done(self, exchange: Exchange | None = None, *, again: bool = False) -> None:
        """Answered: in one step the turn leaves the queue and `exchange` enters the history.

        It does not enter where the conversation has started over since the turn's first attempt began. With
        `again` it takes the place of the last exchange where that has the same id. May be called again when it
        raised StoreError.
        """
        chat = ChatKeys(self._chat)
        row, id = (exchange.to_row(), exchange.id) if exchange is not None else ("", "")
        went, moved = await DONE(
            self._redis,
            [self._lane.queue, self._lane.head, chat.history, chat.epoch, chat.moved],
            self._fencing_token,
            row,
            id,
            int(again),
            history.TURNS,
            history.SECONDS,
        )
        self._check(went)
        if moved:
            await move(self._redis, self._chat, Chat.from_json(json.loads(moved)))

    async def set_aside(self, why: str) -> None:
        """Given up: the turn leaves the queue for a short list that an operator may look at, and is counted."""
        row = dump({"why": why, "at": time.time(), "attempt": self.attempt, "message": self.message.to_json()})
        self._check(await set_aside(self._redis, self._account, self._chat, self._lane, self._fencing_token, row))
        log.warning("turn set aside", chat=str(self._chat), why=why, attempt=self.attempt)

    async def _mark(self, begun: int, page: int = -1, ref: str = "") -> None:
        self._check(await MARK(self._redis, [self._lane.head], self._fencing_token, begun, page, ref))

    def _check(self, went: str) -> None:
        if went == "lost":
            raise ClaimLost(f"another worker answers in {self._chat}")


async def set_aside(redis: Redis, account: str, chat: Chat, lane: LaneKeys, fencing_token: str, row: str) -> str:
    """Take the first entry out of a queue for good and count it; it may be one that no `Turn` can be made of."""
    kept = [lane.queue, lane.head, ChatKeys(chat).aside]
    went = str(await SET_ASIDE(redis, kept, fencing_token, row, ASIDE, ASIDE_SECONDS))
    if went == "ok":
        try:
            async with translate_redis_errors():
                await redis.incr(keys.set_aside(account))
        except StoreError as error:
            log.debug("not counted", error=str(error))
    return went
