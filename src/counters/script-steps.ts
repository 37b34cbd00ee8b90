/** Third part of the counter script: the steps, and the round of all of them. */
export const SCRIPT_STEPS = String.raw`
-- How the counters stand: of a sliding window its total and when it will be empty, of a day or month dollars and nano-dollars.
local function standing(sheet, status, retry)
  local R, r, s, at = { status, now }, 2, sheet.s, sheet.base
  for i = 1, sheet.n do
    local c, kind = sheet[i], s[at]
    r = r + 1
    R[r] = A[c] or -1
    if kind == SLIDING then
      r = r + 1
      R[r] = A[c] > 0 and leaves_in(c, B[c]) or 0
      if retry then
        r = r + 1
        R[r] = retry[i] or 0
      end
    elseif kind == CALENDAR then
      r = r + 1
      R[r] = B[c]
    end
    at = at + STRIDE
  end
  return pack(format(r), unpack(R))
end

-- X: amounts. from_zero: a day or month that is missing begins at 0.
local function take(sheet, id, ttl, keep, X, from_zero)
  local s, at, x, retry, missing = sheet.s, sheet.base, 0, nil, nil
  for i = 1, sheet.n do
    local c, kind, limit = sheet[i], s[at], s[at + 3]
    if kind == SLIDING then
      x = x + 1
      slide(c)
      if X[x] > limit - A[c] then
        retry = retry or {}
        retry[i] = X[x] <= limit and frees_in(c, A[c] + X[x] - limit) or -1
      end
    elseif kind == SLOTS then
      if A[c] >= limit then retry = retry or {} end
    else
      x = x + 2
      if not A[c] and from_zero then A[c], SHELF[c].fresh = 0, true end
      if A[c] then
        local d, n = A[c] + X[x - 1], B[c] + X[x]
        if n >= NANO then d, n = d + 1, n - NANO end
        if d > limit or (d == limit and n > s[at + 4]) then retry = retry or {} end
      else
        missing = missing or { 2, now }
        missing[#missing + 1] = i
      end
    end
    at = at + STRIDE
  end
  if missing then return pack(format(#missing), unpack(missing)) end
  if retry then return standing(sheet, 1, retry) end
  local P, p = { now + ttl, sheet.lease > 0 and now + sheet.lease or 0 }, 2
  x = 0
  for i = 1, sheet.n do
    local c = sheet[i]
    if KIND[c] == SLIDING then
      x = x + 1
      P[p + 1], P[p + 2], P[p + 3], P[p + 4], P[p + 5] = X[x], slide(c), X[x], -1, 0
      p = p + 5
    elseif KIND[c] == CALENDAR then
      P[p + 1], P[p + 2] = X[x + 1], X[x + 2]
      x, p = x + 2, p + 2
    end
  end
  local holds = sheet.house.holds
  if not call('SET', holds .. ':' .. id, record_of(sheet, P), 'PX', ttl + keep, 'NX') then return pack('<d', 3) end
  local look = due(sheet, P, ttl)
  if look then
    call('ZADD', holds, look, id)
    sheet.house.ends = ttl + keep + DAY
  end
  p = 2
  for i = 1, sheet.n do
    local c = sheet[i]
    if KIND[c] == SLIDING then
      put(c, P[p + 2], P[p + 1])
      p = p + 5
    elseif KIND[c] == SLOTS then
      A[c] = A[c] + 1
      touch(c)
    else
      local d, n = A[c] + P[p + 1], B[c] + P[p + 2]
      if n >= NANO then d, n = d + 1, n - NANO end
      A[c], B[c] = d, n
      p = p + 2
      touch(c)
    end
  end
  return standing(sheet, 0, nil)
end

-- The numbers of a hold whose record is lost with everything else (or was never made): nothing of it is counted. What was used in
-- sliding windows is past, for these were emptied as well.
local function lost(sheet, X)
  local P, p, x = { 0, 0 }, 2, 0
  for i = 1, sheet.n do
    local kind = KIND[sheet[i]]
    if kind == SLIDING then
      x = x + 1
      P[p + 1], P[p + 2], P[p + 3], P[p + 4], P[p + 5] = X[x], -1, 0, -1, 0
      p = p + 5
    elseif kind == CALENDAR then
      P[p + 1], P[p + 2] = 0, 0
      x, p = x + 2, p + 2
    end
  end
  return P
end

-- X: what was used. over: the call is. restore: count a hold that is unknown.
local function settle(sheet, id, ttl, keep, X, over, restore)
  local holds = sheet.house.holds
  local key = holds .. ':' .. id
  local record = call('GET', key)
  if record == '' then return 0 end
  local P
  if record then P = { read(format(sheet.portions), record, 3) } elseif restore then P = lost(sheet, X) end
  if P then
    local p, x = 3, 0
    for i = 1, sheet.n do
      local c = sheet[i]
      if KIND[c] == SLIDING then
        x = x + 1
        correct_sliding(c, P, p, X[x])
        p = p + 5
      elseif KIND[c] == CALENDAR then
        correct_calendar(c, P, p, X[x + 1], X[x + 2])
        x, p = x + 2, p + 2
      end
    end
    local leased = P[2] > 0
    if leased and (over or P[2] <= now) then
      add_slots(sheet, -1)
      P[2] = 0
    elseif not over and sheet.lease > 0 and (leased or not record) then
      if not leased then add_slots(sheet, 1) end
      P[2] = now + sheet.lease
      for i = 1, sheet.n do
        if KIND[sheet[i]] == SLOTS then lives(SHELF[sheet[i]], P[2] + MINUTE) end
      end
    end
  end
  if over then
    call('SET', key, '', 'PX', keep)
    if sheet.lease > 0 or sheet.releases or sheet.window > ttl then call('ZREM', holds, id) end
  elseif P then
    P[1] = now + ttl
    call('SET', key, record_of(sheet, P), 'PX', ttl + keep)
    local look = due(sheet, P, ttl)
    if look then
      call('ZADD', holds, look, id)
      sheet.house.ends = ttl + keep + DAY
    end
  end
  return 1
end

-- Sets a day or month that is missing, or lifts one that is there.
local function begin(sheet, X, lift)
  local c, dollars, nanos = sheet[1], X[1], X[2]
  if lift then
    if not A[c] or A[c] > dollars or (A[c] == dollars and B[c] >= nanos) then return 0 end
  else
    if A[c] then return 0 end
    SHELF[c].fresh = true
  end
  A[c], B[c] = dollars, nanos
  touch(c)
  return 1
end

-- Ends a hold whose process died: days and months keep X, everything else goes as if it had run out.
local function abandon(house, id, keep, X)
  local key = house.holds .. ':' .. id
  local record = call('GET', key)
  if not record or record == '' then return 0 end
  local sheet = open(string.sub(record, 3 + read('<H', record)))
  give_back(sheet, { read(format(sheet.portions), record, 3) }, X[1], X[2])
  call('SET', key, '', 'PX', keep)
  call('ZREM', house.holds, id)
  return 1
end

-- Moves a day or month that is there by a correction, once.
local function shift(sheet, once, X, down)
  if not call('SET', sheet.s[1] .. ':shifts:' .. once, '', 'NX', 'PX', DAY) then return 0 end
  local c = sheet[1]
  if not A[c] then return 0 end
  if down then correct_calendar(c, { X[1], X[2] }, 1, 0, 0) else correct_calendar(c, { 0, 0 }, 1, X[1], X[2]) end
  return 1
end

local function stand(sheet)
  for i = 1, sheet.n do
    if KIND[sheet[i]] == SLIDING then slide(sheet[i]) end
  end
  return standing(sheet, 0, nil)
end

local function step(op, bytes, flags, ttl, keep, id, at)
  local sheet = open(bytes)
  local X = { read(format(sheet.numbers), ARGV[2], at) }
  if op == 1 then return take(sheet, id, ttl, keep, X, flags == 1) end
  if op == 2 then return settle(sheet, id, ttl, keep, X, flags % 2 == 1, flags >= 2) end
  if op == 3 then return stand(sheet) end
  if op == 6 then return abandon(sheet.house, id, keep, X) end
  if op == 7 then return shift(sheet, id, X, flags == 1) end
  return begin(sheet, X, op == 5)
end

-- A new day or month is a good moment to drop those long past.
local function tidy(shelf)
  local all, gone = call('HGETALL', shelf.key), {}
  for i = 1, #all, 2 do
    if string.find(all[i], '|c', 1, true) and read('<d', all[i + 1], 17) + DAY < now then gone[#gone + 1] = all[i] end
  end
  if #gone > 0 then call('HDEL', shelf.key, unpack(gone)) end
end

local function save(shelf)
  if shelf.fresh then tidy(shelf) end
  local args, n = {}, 0
  for i = 1, shelf.n do
    local c = shelf.dirty[i]
    local kind = KIND[c]
    args[n + 1] = FIELD[c]
    if kind == SLIDING then
      args[n + 2] = pack('<dddd', A[c], B[c], C[c], O[c])
      if OLD[c] then
        args[n + 3], args[n + 4] = FIELD[c] .. '~', H[c]
        n = n + 2
      end
    elseif kind == SLOTS then args[n + 2] = pack('<d', A[c])
    else args[n + 2] = pack('<ddd', A[c], B[c], C[c]) end
    n = n + 2
  end
  if shelf.extended then args[n + 1], args[n + 2], n = '@', string.format('%.0f', shelf.ends), n + 2 end
  if n > 0 then call('HSET', shelf.key, unpack(args, 1, n)) end
  if shelf.extended then call('PEXPIRE', shelf.key, shelf.ends - now) end
end

local replies, at, size = {}, 1, #ARGV[2]
while at <= size do
  local length, op, sheet, flags, ttl, keep, id, numbers = read('<HBHBddBc0', ARGV[2], at)
  local ok, reply = pcall(step, op, ARGV[2 + sheet], flags, ttl, keep, id, numbers)
  replies[#replies + 1] = ok and reply or 'E' .. (type(reply) == 'table' and reply.err or tostring(reply))
  at = at + length
end
for _, house in pairs(houses) do
  for _, shelf in pairs(house.shelves) do
    if shelf.n > 0 or shelf.extended then save(shelf) end
  end
  if house.ends then call('PEXPIRE', house.holds, house.ends) end
end
return replies
`;
