/** Second part of the counter script: corrections, records of holds, what ended ones give back, and how sheets are opened. */
export const SCRIPT_HOLDS = String.raw`
-- P: numbers of a record, p: where those of this claim begin.
local function correct_sliding(c, P, p, actual)
  local more = actual - P[p]
  if more == 0 then return end
  local bucket = slide(c)
  if more > 0 then
    put(c, bucket, more)
    if bucket == P[p + 1] then P[p + 2] = P[p + 2] + more
    elseif bucket == P[p + 3] then P[p + 4] = P[p + 4] + more
    else P[p + 3], P[p + 4] = bucket, more end
  else
    local out = take_out(c, P[p + 3], min(-more, P[p + 4]))
    P[p + 4] = P[p + 4] - out
    P[p + 2] = P[p + 2] - take_out(c, P[p + 1], min(-more - out, P[p + 2]))
  end
  P[p] = actual
end

local function correct_calendar(c, P, p, dollars, nanos)
  if P[p] == dollars and P[p + 1] == nanos then return end
  if not A[c] then
    -- Lost or over. If it is read from the ledger again, nothing of this hold will be in it.
    P[p], P[p + 1] = 0, 0
    return
  end
  local d, n = A[c] - P[p], B[c] - P[p + 1]
  if n < 0 then d, n = d - 1, n + NANO end
  if d < 0 then d, n = 0, 0 end
  d, n = d + dollars, n + nanos
  if n >= NANO then d, n = d + 1, n - NANO end
  A[c], B[c], P[p], P[p + 1] = d, n, dollars, nanos
  touch(c)
end

local function add_slots(sheet, by)
  for i = 1, sheet.n do
    local c = sheet[i]
    if KIND[c] == SLOTS then
      A[c] = A[c] + by
      touch(c)
    end
  end
end

-- Opens a sheet; defined below.
local open

local function record_of(sheet, P)
  local numbers = pack(format(sheet.portions), unpack(P))
  return pack('<H', #numbers) .. numbers .. sheet.bytes
end

-- When a hold is to be looked at next; nothing to look for: false.
local function due(sheet, P, ttl)
  local at = P[2] > 0 and P[2]
  if P[1] > now and (sheet.releases or ttl < sheet.window) and not (at and at < P[1]) then at = P[1] end
  return at
end

-- What the end of a hold's life gives back. With dollars and nanos: all days and months keep so much instead, and slots end.
local function give_back(sheet, P, dollars, nanos)
  local s, p, at = sheet.s, 3, sheet.base
  if dollars and P[2] > 0 then add_slots(sheet, -1) end
  for i = 1, sheet.n do
    local kind, gives = s[at], s[at + 5] == 1
    if kind == SLIDING then
      if gives then correct_sliding(sheet[i], P, p, 0) end
      p = p + 5
    elseif kind == CALENDAR then
      if gives or dollars then correct_calendar(sheet[i], P, p, dollars or 0, nanos or 0) end
      p = p + 2
    end
    at = at + STRIDE
  end
end

local function expire(house, id)
  local key = house.holds .. ':' .. id
  local record = call('GET', key)
  if not record or record == '' then
    call('ZREM', house.holds, id)
    return
  end
  local sheet = open(string.sub(record, 3 + read('<H', record)))
  local P = { read(format(sheet.portions), record, 3) }
  if P[2] > 0 and P[2] <= now then
    add_slots(sheet, -1)
    P[2] = 0
  end
  if P[1] <= now then give_back(sheet, P, false, false) end
  call('SET', key, record_of(sheet, P), 'KEEPTTL')
  local again = due(sheet, P, 0)
  if again then call('ZADD', house.holds, again, id) else call('ZREM', house.holds, id) end
end

local function house_of(prefix)
  local house = houses[prefix]
  if house then return house end
  house = { holds = prefix .. ':counters:holds', shelves = {} }
  houses[prefix] = house
  -- Gives back what ended leases and holds may not keep.
  for _ = 1, 8 do
    local ended = call('ZRANGEBYSCORE', house.holds, '-inf', now, 'LIMIT', 0, 64)
    for _, id in ipairs(ended) do expire(house, id) end
    if #ended < 64 then break end
  end
  return house
end

local function shelf_at(house, key)
  local shelf = house.shelves[key]
  if not shelf then
    shelf = { key = key, numbers = {}, dirty = {}, n = 0 }
    house.shelves[key] = shelf
  end
  return shelf
end

-- A sheet: [i] the counter of claim i, s its numbers, from base on.
open = function(bytes)
  local sheet = sheets[bytes]
  if sheet then return sheet end
  local s = cmsgpack.unpack(bytes)
  local house = house_of(s[1])
  sheet = { house = house, bytes = bytes, s = s, base = s[3], n = 0 }
  sheet.numbers, sheet.portions, sheet.lease, sheet.releases, sheet.window = s[4], s[5], s[6], s[7] == 1, s[8]
  local at, number, n = 9, sheet.base, 0
  for _ = 1, s[2] do
    local shelf, fields = shelf_at(house, s[1] .. s[at]), s[at + 1]
    local values = call('HMGET', shelf.key, '@', unpack(s, at + 2, at + 1 + fields))
    if not shelf.ends then shelf.ends = values[1] and tonumber(values[1]) or 0 end
    for f = 1, fields do
      n = n + 1
      sheet[n] = load(shelf, s[at + 1 + f], values[f + 1], s[number], s[number + 1], s[number + 2])
      number = number + STRIDE
    end
    at = at + 2 + fields
  end
  sheet.n = n
  sheets[bytes] = sheet
  return sheet
end
`;
