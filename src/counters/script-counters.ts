/** First part of the counter script (see `counter-script.ts`): counters as they are at hand, and sliding windows. */
export const SCRIPT_COUNTERS = String.raw`
local call, pack, read, floor, min = redis.call, struct.pack, struct.unpack, math.floor, math.min
local now = tonumber(ARGV[1])
if not now then
  local t = call('TIME')
  now = t[1] * 1000 + floor(t[2] / 1000)
end
local SLIDING, SLOTS, CALENDAR = 1, 2, 3
local NANO, MINUTE, DAY = 1000000000, 60000, 86400000
-- Numbers of a sheet a claim: kind, two of the window, the limit in two, whether the end of the hold's life gives it back.
local STRIDE = 6
-- A key is to live this much longer than it must, so that its end is not put off with every step.
local SLACK = 600000
local houses, sheets = {}, {}

-- The counters at hand, by number. A: total, slots held, dollars (false: there is no such counter) · B: newest sub-bucket (-1:
-- nothing is counted), nano-dollars · C: amount in the newest, end of the calendar's stretch · O: oldest sub-bucket · H: history.
local counters = 0
local KIND, FIELD, SHELF, A, B, C, O, H, WIDTH, COUNT, DIRTY, OLD = {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}

local doubles = {}
local function format(n)
  if not doubles[n] then doubles[n] = '<' .. string.rep('d', n) end
  return doubles[n]
end

local function lives(shelf, till)
  if till > shelf.ends then shelf.ends, shelf.extended = till + SLACK, true end
end

local function touch(c)
  local shelf, kind = SHELF[c], KIND[c]
  if kind == SLIDING then lives(shelf, now + (COUNT[c] + 1) * WIDTH[c] + MINUTE)
  elseif kind == SLOTS then lives(shelf, now + WIDTH[c] + MINUTE)
  else lives(shelf, C[c] + DAY) end
  if DIRTY[c] then return end
  DIRTY[c] = true
  shelf.n = shelf.n + 1
  shelf.dirty[shelf.n] = c
end

local function load(shelf, name, raw, kind, first, second)
  local c = shelf.numbers[name]
  if c then return c end
  counters = counters + 1
  c = counters
  shelf.numbers[name], KIND[c], FIELD[c], SHELF[c], WIDTH[c], COUNT[c] = c, kind, name, shelf, first, second
  if kind == SLIDING then
    if raw then A[c], B[c], C[c], O[c] = read('<dddd', raw) else A[c], B[c], C[c], O[c] = 0, -1, 0, -1 end
  elseif kind == SLOTS then
    A[c] = raw and read('<d', raw) or 0
  else
    if raw then A[c], B[c], C[c] = read('<ddd', raw) else A[c], B[c], C[c] = false, 0, first end
  end
  return c
end

-- What a sliding window counts before its newest sub-bucket.
local function history(c)
  if not H[c] then H[c] = call('HGET', SHELF[c].key, FIELD[c] .. '~') or '' end
  return H[c]
end

local function set_history(c, pairs)
  H[c], OLD[c] = pairs, true
  O[c] = #pairs > 0 and read('<d', pairs) or B[c]
end

-- Drops the sub-buckets that have left the window; returns the one in which things count now.
local function slide(c)
  local bucket, newest = floor(now / WIDTH[c]), B[c]
  if newest == bucket then return bucket end
  if newest < 0 then return bucket end
  if newest > bucket + COUNT[c] then
    -- The clock went back by more than the window: what is counted counts from now on.
    B[c], C[c] = bucket, A[c]
    set_history(c, '')
    touch(c)
    return bucket
  end
  if newest > bucket then return newest end
  local edge = bucket - COUNT[c]
  if newest < edge then
    A[c], B[c], C[c] = 0, -1, 0
    set_history(c, '')
  elseif O[c] < edge then
    local past, at = history(c), 1
    while at <= #past do
      local b, amount = read('<dd', past, at)
      if b >= edge then break end
      A[c], at = A[c] - amount, at + 16
    end
    set_history(c, string.sub(past, at))
  end
  return bucket
end

local function put(c, bucket, amount)
  if amount == 0 then return end
  if B[c] == bucket then
    C[c] = C[c] + amount
  else
    local past, had = '', B[c] >= 0 and O[c] < B[c]
    if had then past = history(c) end
    if B[c] >= 0 and C[c] > 0 then past = past .. pack('<dd', B[c], C[c]) end
    B[c], C[c] = bucket, amount
    if had or past ~= '' then set_history(c, past) else O[c] = bucket end
  end
  A[c] = A[c] + amount
  touch(c)
end

local function take_out(c, bucket, amount)
  if amount <= 0 or B[c] < 0 or bucket > B[c] or bucket < O[c] then return 0 end
  if bucket == B[c] then
    amount = min(amount, C[c])
    C[c] = C[c] - amount
  else
    local past, found = history(c), false
    for at = #past - 15, 1, -16 do
      local b, there = read('<dd', past, at)
      if b < bucket then break end
      if b == bucket then
        amount, found = min(amount, there), true
        set_history(c, string.sub(past, 1, at - 1) .. pack('<dd', b, there - amount) .. string.sub(past, at + 16))
        break
      end
    end
    if not found then return 0 end
  end
  A[c] = A[c] - amount
  touch(c)
  return amount
end

local function leaves_in(c, bucket)
  return (bucket + 1 + COUNT[c]) * WIDTH[c] - now
end

local function frees_in(c, excess)
  local past = O[c] < B[c] and history(c) or ''
  for at = 1, #past, 16 do
    local b, amount = read('<dd', past, at)
    excess = excess - amount
    if excess <= 0 then return leaves_in(c, b) end
  end
  return leaves_in(c, B[c])
end
`;
