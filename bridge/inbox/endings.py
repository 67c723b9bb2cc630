"""How an attempt at a turn ends, each way in one step of Redis: the turn leaves its queue, waits, or has failed.

Each step checks the fencing token first. Run twice by the same attempt, it says so and changes nothing.
"""

from __future__ import annotations

from bridge.store import Script

LEAVE = """
-- Takes the turn that is signed out of the queue, with the entries behind it that joined it, whose keys stand in one
-- string; run twice, it says so. What stands behind a delayed turn is delayed too.
local function leave(queue, head, fencing_token, joined)
  if redis.call('HGET', head, 'by') ~= fencing_token then
    return redis.call('HGET', head, 'done') == fencing_token and 'repeated' or 'lost'
  end
  local function take(key)
    local first = redis.call('LINDEX', queue, 0)
    if first and string.sub(first, 1, 16) == key then redis.call('LPOP', queue) end
  end
  take(redis.call('HGET', head, 'key'))
  for at = 1, #joined, 16 do take(string.sub(joined, at, at + 15)) end
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
-- KEYS queue, head, history, epoch, moved, answer, kept, about; ARGV fencing_token, row or nothing, its id, the id of
-- what it replaces or nothing, most rows, seconds, joined, edits, the last answer or nothing, its seconds, seconds of
-- the epoch.
-- The row enters the conversation in which the turn began, current or kept, unless that has been deleted. What it
-- replaces goes, and what came after that; without a row, that alone goes.
-- Returns what became of it and, where the chat has another id now, that.
local function find(list, id)
  for at = redis.call('LLEN', list) - 1, 0, -1 do
    local row = redis.call('LINDEX', list, at)
    local read, exchange = pcall(cjson.decode, row)
    if read and type(exchange) == 'table' and exchange['id'] == id then return at, row end
  end
end
local begun, edits = unpack(redis.call('HMGET', KEYS[2], 'epoch', 'edits'))
if redis.call('HGET', KEYS[2], 'by') == ARGV[1] and (edits or '0') ~= ARGV[8] then return {'edited', ''} end
local went = leave(KEYS[1], KEYS[2], ARGV[1], ARGV[7])
local list
if went == 'ok' then
  if (redis.call('GET', KEYS[4]) or '0') == begun then
    list = KEYS[3]
  elseif begun and redis.call('ZSCORE', KEYS[7], begun) then
    list = KEYS[7] .. ':' .. begun
    redis.call('HINCRBY', KEYS[8], 'bytes:' .. begun, #ARGV[2])
    redis.call('HDEL', KEYS[8], 'words:' .. begun)
  end
end
if list then
  local at, replaced
  if ARGV[4] ~= '' then at, replaced = find(list, ARGV[4]) end
  if ARGV[2] ~= '' then
    if at == 0 then redis.call('DEL', list) elseif at then redis.call('LTRIM', list, 0, at - 1) end
    redis.call('RPUSH', list, ARGV[2])
    redis.call('LTRIM', list, -ARGV[5], -1)
    for _, key in ipairs({list, KEYS[7], KEYS[8]}) do redis.call('EXPIRE', key, ARGV[6]) end
    redis.call('EXPIRE', KEYS[4], ARGV[11])
  elseif at then
    redis.call('LREM', list, -1, replaced)
  end
end
if went == 'ok' and ARGV[9] == '-' then
  redis.call('DEL', KEYS[6])
elseif list and ARGV[9] ~= '' then
  redis.call('SET', KEYS[6], ARGV[9], 'EX', math.min(ARGV[10], ARGV[6]))
end
return {went, redis.call('GET', KEYS[5]) or ''}
"""
)

SET_ASIDE = Script(
    LEAVE
    + """
-- KEYS queue, head, aside; ARGV fencing_token, joined, most rows, seconds, rows.
-- The rows enter the list of what was given up.
local went = leave(KEYS[1], KEYS[2], ARGV[1], ARGV[2])
if went == 'ok' then
  for at = 5, #ARGV do redis.call('LPUSH', KEYS[3], ARGV[at]) end
  redis.call('LTRIM', KEYS[3], 0, ARGV[3] - 1)
  redis.call('EXPIRE', KEYS[3], ARGV[4])
end
return went
"""
)

SUSPEND = Script("""
-- KEYS claim, head; ARGV fencing token, claim's token, until when or nothing.
-- The attempt does not count, and the chat is let go.
-- Returns what became of it, and whether the turn was woken meanwhile.
if redis.call('HGET', KEYS[2], 'by') ~= ARGV[1] then
  local repeated = redis.call('HGET', KEYS[2], 'left') == ARGV[1]
  return {repeated and 'repeated' or 'lost', repeated and redis.call('HEXISTS', KEYS[2], 'woken') or 0}
end
redis.call('HINCRBY', KEYS[2], 'attempt', -1)
redis.call('HDEL', KEYS[2], 'by')
redis.call('HSET', KEYS[2], 'late', 1, 'suspended', ARGV[3], 'left', ARGV[1])
if redis.call('GET', KEYS[1]) == ARGV[2] then redis.call('DEL', KEYS[1]) end
return {'ok', redis.call('HEXISTS', KEYS[2], 'woken')}
""")

FAILED = Script("""
-- KEYS head; ARGV fencing token. The attempt is over, and counts as failed.
if redis.call('HGET', KEYS[1], 'by') ~= ARGV[1] then
  return redis.call('HGET', KEYS[1], 'left') == ARGV[1] and 'repeated' or 'lost'
end
redis.call('HINCRBY', KEYS[1], 'failures', 1)
redis.call('HDEL', KEYS[1], 'by')
redis.call('HSET', KEYS[1], 'left', ARGV[1])
return 'ok'
""")
