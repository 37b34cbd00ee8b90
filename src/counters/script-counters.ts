/** First part of the counter script (see `counter-script.ts`): the state, and counters by themselves. */
export const SCRIPT_COUNTERS = String.raw`
local now = tonumber(ARGV[1])
if not now then
  local t = redis.call('TIME')
  now = t[1] * 1000 + math.floor(t[2] / 1000)
end
local S = {
  now = now, houses = {}, sheets = {}, texts = {},

  -- What a sliding window counts before its newest sub-bucket.
  history = function(c)
    if not c[PAST] then c[PAST] = redis.call('HGET', c[SHELF].key, c[FIELD] .. '~') or '' end
    return c[PAST]
  end,

  set_history = function(c, pairs)
    c[PAST], c[PAST_DIRTY] = pairs, true
    c[OLDEST] = #pairs > 0 and struct.unpack('<d', pairs) or c[NEWEST]
  end,

  -- To be called unless bucket, the one of this moment, is the newest. Drops what has left the window. Things then count in bucket,
  -- or in the newest where the clock went back a little.
  slide = function(S, c, bucket)
    local newest = c[NEWEST]
    if newest < 0 then return end
    if newest > bucket + c[COUNT] then
      -- It went back by more than the window: what is counted counts from now on.
      c[NEWEST], c[HERE], c[DIRTY] = bucket, c[TOTAL], true
      S.set_history(c, '')
      return
    end
    if newest >= bucket then return end
    local edge = bucket - c[COUNT]
    if newest < edge then
      c[TOTAL], c[NEWEST], c[HERE] = 0, -1, 0
      S.set_history(c, '')
    elseif c[OLDEST] < edge then
      local past, at, total = S.history(c), 1, c[TOTAL]
      while at <= #past do
        local b, amount = struct.unpack('<dd', past, at)
        if b >= edge then break end
        total, at = total - amount, at + 16
      end
      c[TOTAL] = total
      S.set_history(c, string.sub(past, at))
    end
  end,

  -- Adds to a sub-bucket that is the newest, or newer.
  put = function(S, c, bucket, amount)
    if amount == 0 then return end
    local newest = c[NEWEST]
    if newest == bucket then
      c[HERE] = c[HERE] + amount
    else
      local past, had = '', newest >= 0 and c[OLDEST] < newest
      if had then past = S.history(c) end
      if newest >= 0 and c[HERE] > 0 then past = past .. struct.pack('<dd', newest, c[HERE]) end
      c[NEWEST], c[HERE] = bucket, amount
      if had or past ~= '' then S.set_history(c, past) else c[OLDEST] = bucket end
    end
    c[TOTAL], c[DIRTY] = c[TOTAL] + amount, true
  end,

  -- Takes back what is there of it; returns how much.
  take_out = function(S, c, bucket, amount)
    if amount <= 0 or c[NEWEST] < 0 or bucket > c[NEWEST] or bucket < c[OLDEST] then return 0 end
    if bucket == c[NEWEST] then
      if amount > c[HERE] then amount = c[HERE] end
      c[HERE] = c[HERE] - amount
    else
      local past, found = S.history(c), false
      for at = #past - 15, 1, -16 do
        local b, there = struct.unpack('<dd', past, at)
        if b < bucket then break end
        if b == bucket then
          if amount > there then amount = there end
          found = string.sub(past, 1, at - 1) .. struct.pack('<dd', b, there - amount) .. string.sub(past, at + 16)
          break
        end
      end
      if not found then return 0 end
      S.set_history(c, found)
    end
    c[TOTAL], c[DIRTY] = c[TOTAL] - amount, true
    return amount
  end,

  leaves_in = function(S, c, bucket)
    return (bucket + 1 + c[COUNT]) * c[WIDTH] - S.now
  end,

  frees_in = function(S, c, excess)
    local past = c[OLDEST] < c[NEWEST] and S.history(c) or ''
    for at = 1, #past, 16 do
      local b, amount = struct.unpack('<dd', past, at)
      excess = excess - amount
      if excess <= 0 then return S.leaves_in(S, c, b) end
    end
    return S.leaves_in(S, c, c[NEWEST])
  end,

  -- An amount with one part of it replaced by another. It is never below zero.
  replaced = function(dollars, nanos, old_dollars, old_nanos, new_dollars, new_nanos)
    local d, n = dollars - old_dollars, nanos - old_nanos
    if n < 0 then d, n = d - 1, n + NANO end
    if d < 0 then d, n = 0, 0 end
    d, n = d + new_dollars, n + new_nanos
    if n >= NANO then d, n = d + 1, n - NANO end
    return d, n
  end,

  -- Counts so many dollars and nano-dollars instead of those held, unless there is no such counter.
  correct_calendar = function(S, c, held_dollars, held_nanos, dollars, nanos)
    if not c[DOLLARS] or (held_dollars == dollars and held_nanos == nanos) then return end
    c[DOLLARS], c[NANOS] = S.replaced(c[DOLLARS], c[NANOS], held_dollars, held_nanos, dollars, nanos)
    c[DIRTY] = true
  end,

  -- What calls under way reserve in a day or month that was lost and has not begun again stands in a field of its own, for it is
  -- not what was spent. held: what they had there before.
  reserve = function(S, c, held_dollars, held_nanos, dollars, nanos)
    local shelf, field = c[SHELF], c[FIELD] .. '?'
    local raw = redis.call('HGET', shelf.key, field)
    if not raw and dollars == 0 and nanos == 0 then return end
    local d, n = dollars, nanos
    if raw then
      local had_dollars, had_nanos = struct.unpack('<dd', raw)
      d, n = S.replaced(had_dollars, had_nanos, held_dollars, held_nanos, dollars, nanos)
    end
    redis.call('HSET', shelf.key, field, struct.pack('<ddd', d, n, c[ENDS]))
    shelf.renewed = true
  end,

  -- A day or month that is missing begins at so much, and what was reserved before.
  begin_at = function(S, c, dollars, nanos)
    local shelf, field = c[SHELF], c[FIELD] .. '?'
    local raw = redis.call('HGET', shelf.key, field)
    if raw then
      local had_dollars, had_nanos = struct.unpack('<dd', raw)
      dollars, nanos = S.replaced(had_dollars, had_nanos, 0, 0, dollars, nanos)
      redis.call('HDEL', shelf.key, field)
    end
    c[DOLLARS], c[NANOS], c[DIRTY], shelf.fresh = dollars, nanos, true, true
  end,

  -- Makes a hold count so much in a day or month, instead of what the numbers P of its record say at p: nano-dollars below zero,
  -- by a whole dollar, are reserved as above. What was held in a counter that is gone went with it. ends: the hold does, and what
  -- it used is in the ledger before the counter begins.
  hold_calendar = function(S, c, P, p, dollars, nanos, ends)
    local held_dollars, held_nanos, reserved = P[p], P[p + 1], P[p + 1] < 0
    if reserved then held_nanos = held_nanos + NANO end
    if c[DOLLARS] then
      S.correct_calendar(S, c, held_dollars, held_nanos, dollars, nanos)
      -- A day is kept as long as calls of it are open.
      if not ends and c[ENDS] < S.now then c[ENDS], c[DIRTY] = S.now, true end
    else
      if not reserved then held_dollars, held_nanos = 0, 0 end
      if ends then dollars, nanos = 0, 0 end
      S.reserve(S, c, held_dollars, held_nanos, dollars, nanos)
      nanos = nanos - NANO
    end
    P[p], P[p + 1] = dollars, nanos
  end,

  -- Whether another slot is free of every one: a hold that is counted again after a loss does not push anybody over a limit.
  has_slots = function(sheet)
    for i = 1, sheet.n do
      local c = sheet[i]
      if c[KIND] == SLOTS and c[HELD] >= sheet.d[sheet.base + (i - 1) * PER_CLAIM + AT_LIMIT] then return false end
    end
    return true
  end,

  add_slots = function(sheet, by)
    for i = 1, sheet.n do
      local c = sheet[i]
      if c[KIND] == SLOTS then c[HELD], c[DIRTY] = c[HELD] + by, true end
    end
  end,
`;
