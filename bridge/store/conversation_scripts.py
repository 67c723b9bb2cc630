"""What `Conversations` does in one step of Redis each: to switch, delete, note, adopt and shorten conversations."""

from __future__ import annotations

from bridge.store.scripts import Script

_PREPARED = """
-- Drops a kept conversation with all that belongs to it.
local function drop(kept, about, number)
  redis.call('DEL', kept .. ':' .. number)
  redis.call('ZREM', kept, number)
  redis.call('HDEL', about, 'title:' .. number, 'summary:' .. number, 'bytes:' .. number, 'words:' .. number,
    'last:' .. number)
end
-- A number that no conversation of the chat has.
local function fresh(kept, current, now)
  local number = math.max(math.floor(tonumber(now)), tonumber(current) + 1)
  while redis.call('ZSCORE', kept, string.format('%d', number)) do number = number + 1 end
  return string.format('%d', number)
end
"""

SWITCH = Script(
    _PREPARED
    + """
-- KEYS history, epoch, kept, about, head, last; ARGV token, number to open or nothing for a new one, now, seconds kept,
-- most conversations, most bytes, seconds of the epoch, most bytes of a last question, its seconds.
-- Keeps the current conversation and makes another one current. Returns what became of it, and the number left.
local kept, about, now = KEYS[3], KEYS[4], ARGV[3]
local before = redis.call('HGET', about, 'switch') or ''
if string.sub(before, 1, #ARGV[1]) == ARGV[1] then return {'switched', string.sub(before, #ARGV[1] + 2)} end
local current, target = redis.call('GET', KEYS[2]) or '0', ARGV[2]
if target == current then return {'current', ''} end
if target ~= '' and redis.call('EXISTS', kept .. ':' .. target) == 0 then return {'gone', ''} end
local length = redis.call('LLEN', KEYS[1])
-- An answer under way belongs to the conversation that is left, even if it is the first.
local is_used = length > 0 or redis.call('HGET', KEYS[5], 'epoch') == current
if target == '' and not is_used then return {'empty', ''} end
local left = ''
if is_used then
  left = current
  -- A process from before conversations were kept may have counted up to a number that is taken.
  if redis.call('ZSCORE', kept, left) then left = fresh(kept, current, now) end
  local bytes = 0
  for _, row in ipairs(redis.call('LRANGE', KEYS[1], 0, -1)) do bytes = bytes + #row end
  if length > 0 then
    redis.call('RENAME', KEYS[1], kept .. ':' .. left)
    redis.call('EXPIRE', kept .. ':' .. left, ARGV[4])
  end
  redis.call('ZADD', kept, now, left)
  redis.call('HSET', about, 'bytes:' .. left, bytes)
  local last = redis.call('GET', KEYS[6])
  if last and #last <= tonumber(ARGV[8]) then redis.call('HSET', about, 'last:' .. left, last) end
end
if target ~= '' then
  redis.call('RENAME', kept .. ':' .. target, KEYS[1])
  redis.call('EXPIRE', KEYS[1], ARGV[4])
  redis.call('ZREM', kept, target)
  local last = redis.call('HGET', about, 'last:' .. target)
  redis.call('DEL', KEYS[6])
  if last then redis.call('SET', KEYS[6], last, 'EX', ARGV[9]) end
  redis.call('HDEL', about, 'bytes:' .. target, 'words:' .. target, 'last:' .. target)
else
  target = fresh(kept, current, now)
end
redis.call('SET', KEYS[2], target, 'EX', ARGV[7])
-- What is too old or too much goes, the oldest first.
local oldest = '(' .. now - ARGV[4]
for _, number in ipairs(redis.call('ZRANGEBYSCORE', kept, '-inf', oldest)) do drop(kept, about, number) end
local total, count = 0, 0
for _, number in ipairs(redis.call('ZREVRANGE', kept, 0, -1)) do
  total, count = total + (redis.call('HGET', about, 'bytes:' .. number) or 0), count + 1
  if count > 1 and (count > tonumber(ARGV[5]) or total > tonumber(ARGV[6])) then drop(kept, about, number) end
end
redis.call('HSET', about, 'switch', ARGV[1] .. ' ' .. left)
redis.call('EXPIRE', kept, ARGV[4])
redis.call('EXPIRE', about, ARGV[4])
return {'switched', left}
"""
)

DELETE = Script(
    _PREPARED
    + """
-- KEYS history, epoch, kept, about, last, answer; ARGV number or 'all', now, seconds of the epoch. Returns how many
-- were there.
local kept, about = KEYS[3], KEYS[4]
local current = redis.call('GET', KEYS[2]) or '0'
local count = 0
local read, answer = pcall(cjson.decode, redis.call('GET', KEYS[6]) or '')
local number = read and type(answer) == 'table' and tonumber(answer['epoch'] or 0)
if not number or ARGV[1] == 'all' or number == tonumber(ARGV[1]) then redis.call('DEL', KEYS[6]) end
if ARGV[1] == 'all' or ARGV[1] == current then
  count = count + redis.call('DEL', KEYS[1])
  redis.call('DEL', KEYS[5])
  drop(kept, about, current)
  -- An answer under way then belongs to nothing that is left.
  redis.call('SET', KEYS[2], fresh(kept, current, ARGV[2]), 'EX', ARGV[3])
end
local numbers = ARGV[1] == 'all' and redis.call('ZRANGE', kept, 0, -1) or {ARGV[1]}
for _, number in ipairs(numbers) do
  count = count + redis.call('EXISTS', kept .. ':' .. number)
  drop(kept, about, number)
end
if ARGV[1] == 'all' then redis.call('DEL', about) end
return count
"""
)

NOTE = Script("""
-- KEYS epoch, kept, about; ARGV number, field, value, whether to keep what is there, seconds.
-- Notes something about a conversation that is there. Returns whether it is.
if (redis.call('GET', KEYS[1]) or '0') ~= ARGV[1] and not redis.call('ZSCORE', KEYS[2], ARGV[1]) then return 0 end
redis.call(ARGV[4] == '1' and 'HSETNX' or 'HSET', KEYS[3], ARGV[2] .. ':' .. ARGV[1], ARGV[3])
if redis.call('TTL', KEYS[3]) < tonumber(ARGV[5]) then redis.call('EXPIRE', KEYS[3], ARGV[5]) end
return 1
""")

ADOPT = Script(
    _PREPARED
    + """
-- KEYS epoch, kept, about; ARGV number, when it was last used, seconds, how many fields, fields with values, rows.
-- Takes over a conversation of a chat that has become this one; twice is no more than once.
local kept, about, number = KEYS[2], KEYS[3], ARGV[1]
local fields = tonumber(ARGV[4])
local first = 5 + 2 * fields
local current = redis.call('GET', KEYS[1]) or '0'
while number == current or redis.call('ZSCORE', kept, number) do
  if number ~= current and redis.call('LINDEX', kept .. ':' .. number, 0) == ARGV[first] then return 0 end
  number = fresh(kept, math.max(tonumber(number), tonumber(current)), 0)
end
for at = first, #ARGV do redis.call('RPUSH', kept .. ':' .. number, ARGV[at]) end
redis.call('EXPIRE', kept .. ':' .. number, ARGV[3])
redis.call('ZADD', kept, ARGV[2], number)
for at = 5, first - 1, 2 do redis.call('HSET', about, ARGV[at] .. ':' .. number, ARGV[at + 1]) end
redis.call('EXPIRE', kept, ARGV[3])
redis.call('EXPIRE', about, ARGV[3])
return 1
"""
)

SHORTEN = Script(
    _PREPARED
    + """
-- KEYS history, kept, about, last; ARGV now, seconds, when the current conversation was last used.
-- Nothing is to be kept longer than so many seconds after its last use.
local now, seconds = tonumber(ARGV[1]), tonumber(ARGV[2])
local function expire(key, last_used)
  local left = math.floor(last_used + seconds - now)
  if left <= 0 then return redis.call('DEL', key) end
  local ttl = redis.call('TTL', key)
  if ttl == -1 or ttl > left then redis.call('EXPIRE', key, left) end
end
expire(KEYS[1], tonumber(ARGV[3]))
expire(KEYS[4], tonumber(ARGV[3]))
local numbers, newest = redis.call('ZRANGE', KEYS[2], 0, -1, 'WITHSCORES'), tonumber(ARGV[3])
for at = 1, #numbers, 2 do
  local used = tonumber(numbers[at + 1])
  newest = math.max(newest, used)
  if used + seconds <= now then drop(KEYS[2], KEYS[3], numbers[at]) else expire(KEYS[2] .. ':' .. numbers[at], used) end
end
expire(KEYS[2], newest)
expire(KEYS[3], newest)
return 1
"""
)
