/**
 * The one script of the Redis counters. Every operation is one atomic step by the server's clock.
 *
 * `KEYS[1]` open holds of the organisation by expiry (zset; the record of hold `x` is at `KEYS[1]:x`) · `KEYS[2]` record of this
 * hold · `KEYS[3…]` counters. `ARGV[1]` operation · `ARGV[2]` epoch ms instead of the server's clock, or ''.
 *
 * Counters: `s` sliding, a hash of sub-bucket → amount with `t` total, `o` oldest, `n` newest; `c` calendar, a plain integer, counted
 * by INCRBY and compared as a decimal string because Lua's numbers are exact only to 2^53; `l` slots, a zset of hold → end of lease.
 * Records are MessagePack arrays of portions {kind, key, on expiry, held, sub-bucket, amount in it, late sub-bucket, amount in it,
 * width, count}; an empty record says that the hold is settled. Sweeping an expired hold touches counters that are not in KEYS:
 * they belong to the same organisation and so to the same slot. Needs Redis 6.2.
 */
export const COUNTER_SCRIPT = String.raw`
local op, now = ARGV[1], tonumber(ARGV[2])
if not now then
  local t = redis.call('TIME')
  now = t[1] * 1000 + math.floor(t[2] / 1000)
end
local NOW = string.format('%.0f', now)
-- One step in eight tidies up and puts off the end of keys: what need not be done every time.
local often = now % 8 == 0
local KIND, KEY, EXPIRY, HELD, BUCKET, FIRST, LATE, LATER, WIDTH, COUNT = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
local SLACK, DAY, SWEEP = 60000, 86400000, 64

-- Compares decimal strings without sign or leading zeros.
local function at_most(a, b)
  return #a < #b or (#a == #b and a <= b)
end

local function put(key, s, width, count, amount)
  local begins = s.newest ~= s.bucket
  s.total, s.here, s.newest = s.total + amount, s.here + amount, s.bucket
  if begins then
    redis.call('HSET', key, 't', s.total, s.bucket, s.here, 'o', s.oldest, 'n', s.bucket)
    redis.call('PEXPIRE', key, (count + 1) * width + SLACK)
  else
    redis.call('HSET', key, 't', s.total, s.bucket, s.here)
  end
end

-- Drops the sub-buckets that have left the window and returns how the counter stands.
local function slide(key, width, count)
  local bucket = math.floor(now / width)
  local h = redis.call('HMGET', key, 't', 'o', 'n', bucket)
  local s = { total = tonumber(h[1] or 0), bucket = bucket, here = tonumber(h[4] or 0), oldest = bucket, newest = false }
  if not h[1] then return s end
  local oldest, newest = tonumber(h[2]), tonumber(h[3])
  if newest > bucket + count then
    -- The clock went back by more than the window: what is counted counts from now on.
    local total = s.total
    redis.call('DEL', key)
    s.total, s.here = 0, 0
    put(key, s, width, count, total)
    return s
  end
  if newest > bucket then
    s.bucket, s.here = newest, tonumber(redis.call('HGET', key, newest) or 0)
  end
  local edge = s.bucket - count
  if newest < edge then
    redis.call('DEL', key)
    s.total = 0
    return s
  end
  s.oldest, s.newest = oldest, newest
  if oldest < edge then
    local gone = {}
    for b = oldest, edge - 1 do gone[#gone + 1] = b end
    for _, amount in ipairs(redis.call('HMGET', key, unpack(gone))) do
      if amount then s.total = s.total - amount end
    end
    redis.call('HDEL', key, unpack(gone))
    redis.call('HSET', key, 't', s.total, 'o', edge)
    s.oldest = edge
  end
  return s
end

local function leaves_in(s, bucket, width, count)
  return (bucket + 1 + count) * width - now
end

local function frees_in(key, s, width, count, excess)
  local all = redis.call('HGETALL', key)
  local amounts = {}
  for i = 1, #all, 2 do amounts[all[i]] = all[i + 1] end
  for b = s.oldest, s.newest do
    excess = excess - (amounts[string.format('%.0f', b)] or 0)
    if excess <= 0 then return leaves_in(s, b, width, count) end
  end
  return 0
end

local function leased(key)
  if often then redis.call('ZREMRANGEBYSCORE', key, '-inf', now) end
  return redis.call('ZCOUNT', key, '(' .. NOW, '+inf')
end

-- "first": nobody else has a slot.
local function lease(key, id, ms, first)
  redis.call('ZADD', key, now + ms, id)
  if first or often then redis.call('PEXPIRE', key, ms + DAY) end
end

local function take_out(p, s, at, part, amount)
  if amount <= 0 or p[part] <= 0 or p[at] < s.bucket - p[COUNT] then return 0 end
  local there = tonumber(redis.call('HGET', p[KEY], p[at]) or 0)
  local out = math.min(amount, p[part], there)
  if out > 0 then
    redis.call('HINCRBY', p[KEY], p[at], -out)
    redis.call('HINCRBY', p[KEY], 't', -out)
    p[part] = p[part] - out
  end
  return out
end

local function correct_sliding(p, actual)
  local more = actual - p[HELD]
  if more == 0 then return end
  local s = slide(p[KEY], p[WIDTH], p[COUNT])
  if more > 0 then
    put(p[KEY], s, p[WIDTH], p[COUNT], more)
    if s.bucket == p[BUCKET] then p[FIRST] = p[FIRST] + more
    elseif s.bucket == p[LATE] then p[LATER] = p[LATER] + more
    else p[LATE], p[LATER] = s.bucket, more end
  else
    local out = take_out(p, s, LATE, LATER, -more)
    take_out(p, s, BUCKET, FIRST, -more - out)
  end
  p[HELD] = actual
end

local function correct_calendar(p, actual)
  if p[HELD] == actual then return end
  local used = redis.call('GET', p[KEY])
  if not used then
    -- Lost or over. If it is read from the ledger again, nothing of this hold will be in it.
    p[HELD] = '0'
    return
  end
  if #actual < 16 and #p[HELD] < 16 and at_most(p[HELD], used) then
    redis.call('INCRBY', p[KEY], string.format('%.0f', actual - p[HELD]))
  else
    redis.call('DECRBY', p[KEY], at_most(p[HELD], used) and p[HELD] or used)
    redis.call('INCRBY', p[KEY], actual)
  end
  p[HELD] = actual
end

local function correct(p, actual)
  if p[KIND] == 's' then correct_sliding(p, tonumber(actual)) else correct_calendar(p, actual) end
end

-- Gives back what expired holds may not keep. Returns whether any holds are left.
local function sweep()
  for _ = 1, 8 do
    local next = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
    if #next == 0 then return false end
    if tonumber(next[2]) > now then return true end
    local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', NOW, 'LIMIT', 0, SWEEP)
    for _, id in ipairs(due) do
      local at = KEYS[1] .. ':' .. id
      local record = redis.call('GET', at)
      if record and record ~= '' then
        local portions = cmsgpack.unpack(record)
        for _, p in ipairs(portions) do
          if p[EXPIRY] == 'r' then correct(p, '0') end
        end
        redis.call('SET', at, cmsgpack.pack(portions), 'KEEPTTL')
      end
    end
    redis.call('ZREM', KEYS[1], unpack(due))
  end
  return true
end

-- "others": other holds have an expiry.
local function keep_record(id, portions, ttl, keep, others)
  redis.call('SET', KEYS[2], cmsgpack.pack(portions), 'PX', ttl + keep)
  for _, p in ipairs(portions) do
    if p[EXPIRY] == 'r' then
      redis.call('ZADD', KEYS[1], now + ttl, id)
      if often or not others then redis.call('PEXPIRE', KEYS[1], ttl + keep + DAY) end
      return
    end
  end
end

-- ARGV: hold, ttl, how long to remember it after that, and 6 a claim: kind, amount, bound, two more, on expiry.
local function take()
  local id, ttl, keep = ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
  local others = sweep()
  if redis.call('EXISTS', KEYS[2]) == 1 then return { 'twice' } end
  local reply, missing, slides, slots, refused = { 'ok', 0, 0 }, { 'missing' }, {}, {}, false
  for i = 1, #KEYS - 2 do
    local key, a = KEYS[i + 2], 6 * i
    local kind, amount, bound, first, second = ARGV[a], ARGV[a + 1], ARGV[a + 2], ARGV[a + 3], ARGV[a + 4]
    local used, reset, fit, retry = 0, 0, true, 0
    if kind == 's' then
      local width, count = tonumber(first), tonumber(second)
      local s = slide(key, width, count)
      slides[i], used, amount, bound = s, s.total, tonumber(amount), tonumber(bound)
      fit = amount <= bound - used
      if used > 0 then reset = leaves_in(s, s.newest, width, count) end
      if not fit and not refused then
        retry = amount > bound and -1 or frees_in(key, s, width, count, used + amount - bound)
      end
    elseif kind == 'c' then
      used = redis.call('GET', key)
      reset = math.max(0, tonumber(first) - now)
      if not used and second ~= '' then
        used = second
        redis.call('SET', key, used, 'PX', reset + DAY)
      end
      if used then
        fit = bound ~= '' and at_most(used, bound)
        retry = bound == '' and -1 or reset
      else
        missing[#missing + 1] = i
      end
    else
      used = leased(key)
      slots[i] = used
      fit = used < tonumber(bound)
      retry = tonumber(bound) < 1 and -1 or -2
    end
    if not fit and not refused then
      refused, reply[1], reply[2], reply[3] = true, 'no', i, retry
    end
    reply[2 * i + 2], reply[2 * i + 3] = used, reset
  end
  if #missing > 1 then return missing end
  if refused then return reply end
  local portions = {}
  for i = 1, #KEYS - 2 do
    local key, a = KEYS[i + 2], 6 * i
    local kind, amount, first, second, expiry = ARGV[a], ARGV[a + 1], ARGV[a + 3], ARGV[a + 4], ARGV[a + 5]
    if kind == 's' then
      local s, width, count = slides[i], tonumber(first), tonumber(second)
      amount = tonumber(amount)
      if amount > 0 then put(key, s, width, count, amount) end
      portions[#portions + 1] = { 's', key, expiry, amount, s.bucket, amount, -1, 0, width, count }
    elseif kind == 'c' then
      if amount ~= '0' then redis.call('INCRBY', key, amount) end
      portions[#portions + 1] = { 'c', key, expiry, amount }
    else
      lease(key, id, tonumber(first), slots[i] == 0)
    end
  end
  keep_record(id, portions, ttl, keep, others)
  return reply
end

-- The record of a hold that is lost with everything else (or was never made): nothing of it is counted.
local function lost_portions()
  local portions = {}
  for i = 1, #KEYS - 2 do
    local a = 8 + 5 * (i - 1)
    local kind, actual, first, second, expiry = ARGV[a], ARGV[a + 1], ARGV[a + 2], ARGV[a + 3], ARGV[a + 4]
    if kind == 's' then
      -- Its window was emptied as well; what was used before then is past.
      portions[#portions + 1] = { 's', KEYS[i + 2], expiry, tonumber(actual), -1, 0, -1, 0, tonumber(first), tonumber(second) }
    elseif kind == 'c' then
      portions[#portions + 1] = { 'c', KEYS[i + 2], expiry, '0' }
    end
  end
  return portions
end

-- ARGV: hold, ttl, how long to remember it after that, '1' if the call is over, '1' to count a hold that is unknown,
-- and 5 a claim: kind, actual, two more, on expiry.
local function settle()
  local id, ttl, keep, over, restore = ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6] == '1', ARGV[7] == '1'
  local others = sweep()
  local record = redis.call('GET', KEYS[2])
  if record == '' then return 0 end
  local portions, at = {}, 0
  if record then portions = cmsgpack.unpack(record) elseif restore then portions = lost_portions() end
  for i = 1, #KEYS - 2 do
    local key, a = KEYS[i + 2], 8 + 5 * (i - 1)
    if ARGV[a] ~= 'l' then
      at = at + 1
      if portions[at] then correct(portions[at], ARGV[a + 1]) end
    elseif over then
      redis.call('ZREM', key, id)
    elseif not record then
      if restore then lease(key, id, tonumber(ARGV[a + 2]), true) end
    elseif tonumber(redis.call('ZSCORE', key, id) or now) > now then
      lease(key, id, tonumber(ARGV[a + 2]), false)
    end
  end
  if over then
    redis.call('SET', KEYS[2], '', 'PX', keep)
    redis.call('ZREM', KEYS[1], id)
  elseif record or restore then
    keep_record(id, portions, ttl, keep, others)
  end
  return 1
end

-- ARGV: hold, what was spent, how long to remember that it is settled.
local function abandoned()
  sweep()
  local record = redis.call('GET', KEYS[2])
  if not record or record == '' then return 0 end
  for _, p in ipairs(cmsgpack.unpack(record)) do
    if p[KIND] == 'c' then correct(p, ARGV[4]) elseif p[EXPIRY] == 'r' then correct(p, '0') end
  end
  redis.call('SET', KEYS[2], '', 'PX', ARGV[5])
  redis.call('ZREM', KEYS[1], ARGV[3])
  return 1
end

-- ARGV: 3 a counter: kind and two more.
local function read()
  sweep()
  local reply = {}
  for i = 1, #KEYS - 2 do
    local key, a = KEYS[i + 2], 3 * i
    local kind, first, second = ARGV[a], tonumber(ARGV[a + 1]), tonumber(ARGV[a + 2])
    local used, reset = '', 0
    if kind == 's' then
      local s = slide(key, first, second)
      used = s.total
      if used > 0 then reset = leaves_in(s, s.newest, first, second) end
    elseif kind == 'c' then
      used = redis.call('GET', key) or ''
      reset = math.max(0, first - now)
    else
      used = leased(key)
    end
    reply[2 * i - 1], reply[2 * i] = used, reset
  end
  return reply
end

if op == 'take' then return take() end
if op == 'settle' then return settle() end
if op == 'read' then return read() end
if op == 'abandoned' then return abandoned() end
if op == 'seed' then
  return redis.call('SET', KEYS[3], ARGV[3], 'NX', 'PX', math.max(0, ARGV[4] - now) + DAY)
end
if op == 'raise' then
  local used = redis.call('GET', KEYS[3])
  if not used or at_most(ARGV[3], used) then return 0 end
  redis.call('SET', KEYS[3], ARGV[3], 'KEEPTTL')
  return 1
end
if op == 'shift' then
  -- KEYS[2] says that it was done.
  if not redis.call('SET', KEYS[2], '', 'NX', 'PX', DAY) then return 0 end
  local used = redis.call('GET', KEYS[3])
  if not used then return 0 end
  if ARGV[3] == '+' then return redis.call('INCRBY', KEYS[3], ARGV[4]) end
  return redis.call('DECRBY', KEYS[3], at_most(ARGV[4], used) and ARGV[4] or used)
end
if op == 'leave' then return redis.call('ZREM', KEYS[1], ARGV[3]) end
-- 'beat': counts the live processes. ARGV: this one's id, how long a beat counts.
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[4])
redis.call('ZADD', KEYS[1], now, ARGV[3])
redis.call('PEXPIRE', KEYS[1], DAY)
return redis.call('ZCARD', KEYS[1])
`;
