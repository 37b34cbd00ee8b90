/**
 * First part of the counter script (see `counter-script.ts`): the state, and counters by themselves. A counter is where it stands:
 * `T` its shelf, `p` the place of its first number there.
 */
export const SCRIPT_COUNTERS = String.raw`
local now = tonumber(ARGV[1])
if not now then
  local t = redis.call('TIME')
  now = t[1] * 1000 + math.floor(t[2] / 1000)
end
local S = {
  now = now, houses = {}, sheets = {}, texts = {}, doubles_formats = {}, texts_formats = {}, reply = {},

  -- A whole number as text: the server is slow at writing numbers, and in one moment the same ones come again and again.
  text = function(S, n)
    local text = S.texts[n]
    if not text then
      text = string.format('%.0f', n)
      S.texts[n] = text
    end
    return text
  end,

  -- What a sliding window counts before its newest sub-bucket.
  history = function(S, T, p)
    local past = T.past and T.past[p]
    if not past then
      past = redis.call('HGET', T.key, '~' .. S.name_at(S, T, p)) or ''
      if not T.past then T.past, T.written = {}, {} end
      T.past[p] = past
    end
    return past
  end,

  set_history = function(T, p, pairs)
    if not T.past then T.past, T.written = {}, {} end
    T.past[p], T.written[p] = pairs, true
    T[p + OLDEST] = #pairs > 0 and struct.unpack('<d', pairs) or T[p + NEWEST]
  end,

  -- To be called unless bucket, the one of this moment, is the newest. Drops what has left the window. Things then count in bucket,
  -- or in the newest where the clock went back a little.
  slide = function(S, T, p, bucket, count)
    local newest, oldest = T[p + NEWEST], T[p + OLDEST]
    if newest < 0 then return end
    if newest > bucket + count then
      -- It went back by more than the window: what is counted counts from now on.
      T[p + NEWEST], T[p + HERE], T[p + OLDEST], T.dirty = bucket, T[p], bucket, true
      if oldest < newest then S.set_history(T, p, '') end
      return
    end
    if newest >= bucket then return end
    local edge = bucket - count
    if newest < edge then
      T[p], T[p + NEWEST], T[p + HERE], T[p + OLDEST] = 0, -1, 0, -1
      if oldest < newest then S.set_history(T, p, '') end
    elseif oldest < edge then
      local past, at, total = S.history(S, T, p), 1, T[p]
      while at <= #past do
        local b, amount = struct.unpack('<dd', past, at)
        if b >= edge then break end
        total, at = total - amount, at + 16
      end
      T[p] = total
      S.set_history(T, p, string.sub(past, at))
    end
  end,

  -- Adds to a sub-bucket that is the newest, or newer.
  put = function(S, T, p, bucket, amount)
    if amount == 0 then return end
    local newest = T[p + NEWEST]
    if newest == bucket then
      T[p + HERE] = T[p + HERE] + amount
    else
      local past, had = '', newest >= 0 and T[p + OLDEST] < newest
      if had then past = S.history(S, T, p) end
      if newest >= 0 and T[p + HERE] > 0 then past = past .. struct.pack('<dd', newest, T[p + HERE]) end
      T[p + NEWEST], T[p + HERE] = bucket, amount
      if had or past ~= '' then S.set_history(T, p, past) else T[p + OLDEST] = bucket end
    end
    T[p], T.dirty = T[p] + amount, true
  end,

  -- Takes back what is there of it; returns how much.
  take_out = function(S, T, p, bucket, amount)
    if amount <= 0 or T[p + NEWEST] < 0 or bucket > T[p + NEWEST] or bucket < T[p + OLDEST] then return 0 end
    if bucket == T[p + NEWEST] then
      if amount > T[p + HERE] then amount = T[p + HERE] end
      T[p + HERE] = T[p + HERE] - amount
    else
      local past, found = S.history(S, T, p), false
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
      S.set_history(T, p, found)
    end
    T[p], T.dirty = T[p] - amount, true
    return amount
  end,

  leaves_in = function(S, bucket, width, count)
    return (bucket + 1 + count) * width - S.now
  end,

  frees_in = function(S, T, p, excess, width, count)
    local past = T[p + OLDEST] < T[p + NEWEST] and S.history(S, T, p) or ''
    for at = 1, #past, 16 do
      local b, amount = struct.unpack('<dd', past, at)
      excess = excess - amount
      if excess <= 0 then return S.leaves_in(S, b, width, count) end
    end
    return S.leaves_in(S, T[p + NEWEST], width, count)
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
  correct_calendar = function(S, T, p, held_dollars, held_nanos, dollars, nanos)
    if T[p] < 0 or (held_dollars == dollars and held_nanos == nanos) then return end
    T[p], T[p + NANOS] = S.replaced(T[p], T[p + NANOS], held_dollars, held_nanos, dollars, nanos)
    T.dirty = true
  end,

  -- What calls under way reserve in a day or month that was lost and has not begun again stands in a field of its own, for it is
  -- not what was spent, and is not dropped with its day, which may begin again. held: what they had there before.
  reserve = function(S, T, p, held_dollars, held_nanos, dollars, nanos)
    local field = S.name_at(S, T, p) .. '?'
    local raw = redis.call('HGET', T.key, field)
    if not raw and dollars == 0 and nanos == 0 then return end
    local d, n = dollars, nanos
    if raw then
      local had_dollars, had_nanos = struct.unpack('<dd', raw)
      d, n = S.replaced(had_dollars, had_nanos, held_dollars, held_nanos, dollars, nanos)
    end
    if d == 0 and n == 0 then
      redis.call('HDEL', T.key, field)
    else
      redis.call('HSET', T.key, field, struct.pack('<dd', d, n))
      T.renewed = true
    end
  end,

  -- A day or month that is missing begins at so much, and what was reserved before.
  begin_at = function(S, T, p, dollars, nanos)
    local field = S.name_at(S, T, p) .. '?'
    local raw = redis.call('HGET', T.key, field)
    if raw then
      local had_dollars, had_nanos = struct.unpack('<dd', raw)
      dollars, nanos = S.replaced(had_dollars, had_nanos, 0, 0, dollars, nanos)
      redis.call('HDEL', T.key, field)
    end
    T[p], T[p + NANOS], T.dirty = dollars, nanos, true
  end,

  -- Makes a hold count so much in the day or month of the claim at b, instead of what the numbers P of its record say at q: nano-
  -- dollars below zero, by a whole dollar, are reserved as above. What was held in a counter that is gone went with it. ends: the
  -- hold does, and what it used is in the ledger before the counter begins.
  hold_calendar = function(S, sheet, b, P, q, dollars, nanos, ends)
    local B, held_dollars, held_nanos, reserved = sheet.B, P[q], P[q + 1], P[q + 1] < 0
    local T, p = sheet[B[b + AT_SHELF]], B[b + AT_PLACE]
    if reserved then held_nanos = held_nanos + NANO end
    if T[p] >= 0 then
      S.correct_calendar(S, T, p, held_dollars, held_nanos, dollars, nanos)
      -- A day is kept as long as calls of it are open.
      if not ends and sheet.D[B[b + AT_SPAN]] < S.now then
        redis.call('HSET', T.key, 'late', S.text(S, S.now))
        T.renewed = true
      end
    else
      if not reserved then held_dollars, held_nanos = 0, 0 end
      if ends then dollars, nanos = 0, 0 end
      S.reserve(S, T, p, held_dollars, held_nanos, dollars, nanos)
      nanos = nanos - NANO
    end
    P[q], P[q + 1] = dollars, nanos
  end,

  -- Whether another slot is free of every one: a hold that is counted again after a loss does not push anybody over a limit.
  has_slots = function(S, sheet)
    local B, L, l = sheet.B, S.limits_of(S, sheet), 1
    for b = 1, sheet.last, PER_CLAIM do
      if B[b] == SLOTS and sheet[B[b + AT_SHELF]][B[b + AT_PLACE]] >= L[l] then return false end
      l = l + (B[b] == CALENDAR and 2 or 1)
    end
    return true
  end,

  -- Never below none: a shelf that nobody used for a while is gone before the leases on it are looked at, and its slots with it.
  add_slots = function(sheet, by)
    local B = sheet.B
    for b = 1, sheet.last, PER_CLAIM do
      if B[b] == SLOTS then
        local T, p = sheet[B[b + AT_SHELF]], B[b + AT_PLACE]
        T[p], T.dirty = math.max(0, T[p] + by), true
      end
    end
  end,
`;
