"""One lane of one chat, held by one worker: taken, worked off turn by turn, let go.

It is let go in the same step that finds the queue empty, so nothing can be put between looking and leaving. As long
as it is held, the marker that led here stays pending in the stream: should we die, another finds it there.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import structlog
from redis.asyncio import Redis

from bridge.errors import StoreError
from bridge.inbox.errors import ClaimLost
from bridge.inbox.joining import MAX_JOINED
from bridge.inbox.ready import announce, drop
from bridge.inbox.turn import Turn
from bridge.store import ChatKeys, Hold, Lane, LaneKeys, Script
from bridge.types import Chat
from bridge.wakeup import Wakeup

log = structlog.get_logger(__name__)

MAX_LEAVES = 10
"""How often an attempt is not counted because the worker had to leave; a turn that drives every worker away
must come to its end too."""
HEAD_SECONDS = 30 * 86400
"""A turn's record is kept for as long as what waits."""

TAKE = Script("""
-- KEYS claim, queue; ARGV token, ttl in ms. Where another holds it, says who.
local holder = redis.call('GET', KEYS[1])
if holder then return holder == ARGV[1] and 'won' or 'held:' .. holder end
if redis.call('LLEN', KEYS[2]) == 0 then return 'empty' end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 'won'
""")

NEXT = Script("""
-- KEYS claim, queue, head, epoch, parked; ARGV token, fencing token, seconds, most entries. Hands out the first
-- entry, with what stands behind it, or lets the chat go.
-- An attempt that never ended was a failure where it was ours, and where it was another's, that one has died.
local holder = redis.call('GET', KEYS[1])
local first = redis.call('LINDEX', KEYS[2], 0)
if holder ~= ARGV[1] then
  return {(holder or first) and 'lost' or 'empty'}
end
if not first then
  redis.call('DEL', KEYS[1], KEYS[3])
  return {'empty'}
end
local key = string.sub(first, 1, 16)
local known, late = unpack(redis.call('HMGET', KEYS[3], 'key', 'late'))
if known ~= key then
  redis.call('DEL', KEYS[3])
  local parked = redis.call('HGET', KEYS[5], key)
  if parked then  -- it goes on where it was
    local fields = cjson.decode(parked).head
    for at = 1, #fields, 2 do redis.call('HSET', KEYS[3], fields[at], fields[at + 1]) end
    redis.call('HDEL', KEYS[5], key)
    known = key
  else
    redis.call('HSET', KEYS[3], 'key', key, 'attempt', 0, 'begun', 0, 'epoch', redis.call('GET', KEYS[4]) or '0')
  end
  if late and not known then redis.call('HSET', KEYS[3], 'late', late) end  -- left there by the turn before
end
local by = redis.call('HGET', KEYS[3], 'by')
if by ~= ARGV[2] then
  local rested = redis.call('HDEL', KEYS[3], 'resting') == 1  -- nothing was done yet that could kill anybody
  if by then
    local ours = string.sub(by, 1, #ARGV[1] + 1) == ARGV[1] .. '.'
    if ours or not rested then redis.call('HINCRBY', KEYS[3], ours and 'failures' or 'crashes', 1) end
  end
  redis.call('HINCRBY', KEYS[3], 'attempt', 1)
  redis.call('HSET', KEYS[3], 'by', ARGV[2])
  redis.call('HDEL', KEYS[3], 'suspended', 'woken')
  -- What nobody has seen anything of is made up anew.
  local begun, step = unpack(redis.call('HMGET', KEYS[3], 'begun', 'step:0'))
  if begun == '0' and not step then redis.call('HDEL', KEYS[3], 'joined') end
end
-- The steps that were taken were for the question as it was read then.
local edits, read = unpack(redis.call('HMGET', KEYS[3], 'edits', 'read'))
if (edits or '0') ~= (read or '0') then
  for _, field in ipairs(redis.call('HKEYS', KEYS[3])) do
    if string.find(field, '^step:') or string.find(field, '^result:') then redis.call('HDEL', KEYS[3], field) end
  end
  redis.call('HSET', KEYS[3], 'read', edits)
end
redis.call('EXPIRE', KEYS[3], ARGV[3])
return {'turn', redis.call('LRANGE', KEYS[2], 0, ARGV[4] - 1), redis.call('HGETALL', KEYS[3])}
""")

RELEASE = Script("""
-- KEYS claim, queue, head; ARGV token, most leaves. Returns how many are left, or -1 where it is not ours.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return -1 end
local by = redis.call('HGET', KEYS[3], 'by')
if by and string.sub(by, 1, #ARGV[1] + 1) == ARGV[1] .. '.' then
  if redis.call('HINCRBY', KEYS[3], 'leaves', 1) <= tonumber(ARGV[2]) then
    redis.call('HINCRBY', KEYS[3], 'attempt', -1)
  else
    redis.call('HINCRBY', KEYS[3], 'failures', 1)
  end
  redis.call('HDEL', KEYS[3], 'by')
end
redis.call('DEL', KEYS[1])
return redis.call('LLEN', KEYS[2])
""")


class Claim:
    """One lane of one chat, ours for as long as it is kept fresh.

    It ends with `next` returning None, with `release`, or with `Turn.suspend`.
    """

    def __init__(
        self,
        redis: Redis,
        chat: Chat,
        account: str,
        lane: Lane,
        *,
        token: str,
        marker: str,
        ended: Callable[[Claim], None],
    ) -> None:
        self.chat = chat
        self.account = account
        self.lane: Lane = lane
        self.lost = Wakeup()
        """Set when another worker has the chat, or may have it because Redis could not be asked for too long."""
        self.more = Wakeup()
        """Set when something was put into the lane since `next` looked."""
        self.token = token
        self.keys = LaneKeys(chat, lane)
        self.hold: Hold | None = None
        """Keeps it fresh; set by the inbox that took it."""
        self._redis = redis
        self._marker = marker
        self._ended = ended
        self._over = False
        self._calls = 0

    def expired(self) -> bool:
        """Whether another worker may have it by now, as far as can be told without asking Redis."""
        return self.lost.is_set() or (self.hold is not None and self.hold.expired(time.monotonic()))

    async def next(self) -> Turn | None:
        """Return the first job of the queue, one attempt more counted; None when there was none and the chat is let go.

        None as well where the chat was let go before, by `release` or `Turn.suspend`. Raises ClaimLost when another
        worker has the chat, StoreError when Redis cannot be asked.
        """
        if self._over and not self.lost.is_set():
            return None
        self._calls += 1
        fencing_token = f"{self.token}.{self._calls}"
        kept = [self.keys.claim, self.keys.queue, self.keys.head, ChatKeys(self.chat).epoch, self.keys.parked]
        self.more.clear()
        went, *found = await NEXT(self._redis, kept, self.token, fencing_token, HEAD_SECONDS, MAX_JOINED)
        if went == "lost":
            self.lose()
            raise ClaimLost(f"another worker answers in {self.chat}")
        if went == "empty":
            self._end()
            await self._drop()
            return None
        rows, head = found
        record = dict(zip(head[::2], head[1::2], strict=True))
        return Turn(self._redis, self, fencing_token=fencing_token, rows=rows, head=record)

    async def release(self) -> None:
        """Let go, and announce the chat to others if something is left; the attempt under way does not count.

        Does nothing where the claim has ended. Raises nothing: what Redis was not told, it finds out by itself.
        """
        if self._over:
            return
        self._end()
        try:
            left = int(
                await RELEASE(self._redis, [self.keys.claim, self.keys.queue, self.keys.head], self.token, MAX_LEAVES)
            )
        except StoreError as error:
            log.info("claim not released", chat=str(self.chat), error=str(error))
            return
        if left >= 0:
            await self.let_go(announced=left > 0)

    async def let_go(self, *, announced: bool) -> None:
        """Note that the chat has been let go; with `announced`, have others look at it. Raises nothing."""
        self._end()
        try:
            if announced:
                await announce(self._redis, self.account, self.chat, self.lane)
        except StoreError as error:
            # The marker that led us here stays, and leads another here.
            log.info("chat not announced", chat=str(self.chat), error=str(error))
            return
        await self._drop()

    def lose(self) -> None:
        """Note that it is no longer ours, unless we let it go ourselves."""
        if not self._over:
            self._end()
            self.lost.set()

    def _end(self) -> None:
        if not self._over:
            self._over = True
            self._ended(self)

    async def _drop(self) -> None:
        try:
            await drop(self._redis, self.account, self.lane, self._marker)
        except StoreError as error:
            # A process that finds it there later finds an empty queue with it.
            log.debug("marker left behind", chat=str(self.chat), error=str(error))
