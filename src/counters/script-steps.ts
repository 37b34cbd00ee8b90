/** Third part of the counter script: the steps, and the round of all of them. */
export const SCRIPT_STEPS = String.raw`
  -- How the counters stand: of a sliding window its total and when it will be empty, of a day or month dollars and nano-dollars.
  -- With retry, of a sliding window also when the claim would fit.
  standing = function(S, sheet, status, retry)
    local R, r = { status, S.now }, 2
    for i = 1, sheet.n do
      local c = sheet[i]
      if c[KIND] == SLIDING then
        R[r + 1], R[r + 2] = c[TOTAL], c[TOTAL] > 0 and S.leaves_in(S, c, c[NEWEST]) or 0
        r = r + 2
        if retry then
          r = r + 1
          R[r] = retry[i] or 0
        end
      elseif c[KIND] == CALENDAR then
        R[r + 1], R[r + 2] = c[DOLLARS] or -1, c[NANOS]
        r = r + 2
      else
        r = r + 1
        R[r] = c[HELD]
      end
    end
    return struct.pack(S.doubles(S, r), unpack(R))
  end,

  -- Some claim does not fit.
  refuse = function(S, sheet, X)
    local d, at, x, retry = sheet.d, sheet.base, 1, {}
    for i = 1, sheet.n do
      local c, limit = sheet[i], d[at + AT_LIMIT]
      if c[KIND] == SLIDING then
        local excess = c[TOTAL] + X[x] - limit
        if X[x] > limit then retry[i] = -1 elseif excess > 0 then retry[i] = S.frees_in(S, c, excess) end
        x = x + 1
      elseif c[KIND] == CALENDAR then
        x = x + 2
      end
      at = at + PER_CLAIM
    end
    return S.standing(S, sheet, 1, retry)
  end,

  -- The record of a take at a time that does not tell the sub-buckets.
  skewed_record = function(S, sheet, fresh)
    local P, p = S.numbers_of(S, sheet, fresh), FULL_CLAIMS
    for i = 1, sheet.n do
      local c = sheet[i]
      if c[KIND] == SLIDING then
        if c[NEWEST] > P[p + P_BUCKET] then P[p + P_BUCKET] = c[NEWEST] end
        p = p + PER_SLIDING
      elseif c[KIND] == CALENDAR then
        p = p + PER_CALENDAR
      end
    end
    return S.full_record(S, sheet, P)
  end,

  -- held: where in the steps the amounts X are written. from_zero: a day or month that is missing begins at 0.
  take = function(S, sheet, id, ttl, keep, X, held, from_zero)
    local now, floor, d, n = S.now, math.floor, sheet.d, sheet.n
    local at, x, fits, missing, skewed = sheet.base, 1, true, false, false
    for i = 1, n do
      local c = sheet[i]
      local kind = c[KIND]
      if kind == SLIDING then
        local bucket = floor(now / c[WIDTH])
        if c[NEWEST] ~= bucket then
          S.slide(S, c, bucket)
          if c[NEWEST] > bucket then skewed = true end
        end
        if X[x] > d[at + AT_LIMIT] - c[TOTAL] then fits = false end
        x = x + 1
      elseif kind == CALENDAR then
        if not c[DOLLARS] and from_zero then S.begin_at(S, c, 0, 0) end
        if c[DOLLARS] then
          local limit, dollars, nanos = d[at + AT_LIMIT], c[DOLLARS] + X[x], c[NANOS] + X[x + 1]
          if nanos >= NANO then dollars, nanos = dollars + 1, nanos - NANO end
          if dollars > limit or (dollars == limit and nanos > d[at + AT_LIMIT_NANOS]) then fits = false end
        else
          missing = missing or { 2, now, redis.call('EXISTS', sheet.prefix .. ':counters:begun') }
          missing[#missing + 1] = i
        end
        x = x + 2
      elseif c[HELD] >= d[at + AT_LIMIT] then
        fits = false
      end
      at = at + PER_CLAIM
    end
    if missing then return struct.pack(S.doubles(S, #missing), unpack(missing)) end
    if not fits then return S.refuse(S, sheet, X) end

    local life_ends, lease_ends = now + ttl, sheet.lease > 0 and now + sheet.lease or 0
    local size = 8 * sheet.amounts
    local record = struct.pack('<BHddd', 0, 24 + size, life_ends, lease_ends, now) .. string.sub(ARGV[2], held, held + size - 1) .. sheet.bytes
    if skewed then record = S.skewed_record(S, sheet, record) end
    local holds = sheet.house.holds
    if not redis.call('SET', holds .. ':' .. id, record, 'PX', S.text(S, ttl + keep), 'NX') then return struct.pack('<d', 3) end
    local look = S.due(S, sheet, life_ends, lease_ends, ttl)
    if look then
      S.watch(S, sheet.house, id, look, ttl + keep + DAY)
    end

    local R, r = { 0, now, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }, 2
    x = 1
    for i = 1, n do
      local c = sheet[i]
      local kind = c[KIND]
      c[DIRTY] = true
      if kind == SLIDING then
        local width = c[WIDTH]
        local bucket = floor(now / width)
        if c[NEWEST] == bucket then
          c[TOTAL], c[HERE] = c[TOTAL] + X[x], c[HERE] + X[x]
        else
          S.put(S, c, c[NEWEST] > bucket and c[NEWEST] or bucket, X[x])
        end
        R[r + 1], R[r + 2] = c[TOTAL], c[TOTAL] > 0 and (c[NEWEST] + 1 + c[COUNT]) * width - now or 0
        x, r = x + 1, r + 2
      elseif kind == CALENDAR then
        local dollars, nanos = c[DOLLARS] + X[x], c[NANOS] + X[x + 1]
        if nanos >= NANO then dollars, nanos = dollars + 1, nanos - NANO end
        c[DOLLARS], c[NANOS], R[r + 1], R[r + 2] = dollars, nanos, dollars, nanos
        x, r = x + 2, r + 2
      else
        r = r + 1
        c[HELD], R[r] = c[HELD] + 1, c[HELD] + 1
      end
    end
    return struct.pack(S.doubles(S, r), unpack(R, 1, r))
  end,

  -- The end of a call of which nothing was corrected before: of most calls.
  settle_fresh = function(S, sheet, record, X)
    local now, floor = S.now, math.floor
    local F = { struct.unpack(S.doubles(S, 3 + sheet.amounts), record, 4) }
    local x, leased = 1, F[LEASE] > 0
    for i = 1, sheet.n do
      local c = sheet[i]
      local kind = c[KIND]
      if kind == SLIDING then
        local more = X[x] - F[x + 3]
        if more ~= 0 then
          local bucket = floor(now / c[WIDTH])
          if c[NEWEST] ~= bucket then S.slide(S, c, bucket) end
          if more > 0 then
            S.put(S, c, c[NEWEST] > bucket and c[NEWEST] or bucket, more)
          else
            local taken = floor(F[TAKEN] / c[WIDTH])
            if taken == c[NEWEST] and c[HERE] + more >= 0 then
              c[TOTAL], c[HERE], c[DIRTY] = c[TOTAL] + more, c[HERE] + more, true
            else
              S.take_out(S, c, taken, -more)
            end
          end
        end
        x = x + 1
      elseif kind == CALENDAR then
        S.correct_calendar(S, c, F[x + 3], F[x + 4], X[x], X[x + 1])
        x = x + 2
      elseif leased then
        c[HELD], c[DIRTY] = c[HELD] - 1, true
      end
    end
  end,

  -- States what was used of each claim. over: the call is. known: there is a record of the hold.
  correct = function(S, sheet, P, X, over, known, ttl)
    local p, x = FULL_CLAIMS, 1
    for i = 1, sheet.n do
      local c = sheet[i]
      if c[KIND] == SLIDING then
        S.correct_sliding(S, c, P, p, X[x], false)
        x, p = x + 1, p + PER_SLIDING
      elseif c[KIND] == CALENDAR then
        S.hold_calendar(S, c, P, p, X[x], X[x + 1], over)
        x, p = x + 2, p + PER_CALENDAR
      end
    end
    local leased = P[LEASE] > 0
    if leased and (over or P[LEASE] <= S.now) then
      S.add_slots(sheet, -1)
      P[LEASE] = 0
    elseif not over and sheet.lease > 0 and (leased or (not known and S.has_slots(sheet))) then
      if not leased then S.add_slots(sheet, 1) end
      P[LEASE] = S.now + sheet.lease
      for i = 1, sheet.n do sheet[i][SHELF].renewed = true end
    end
    P[LIFE] = S.now + ttl
  end,

  -- X: what was used. restore: count a hold that is unknown.
  settle = function(S, sheet, id, ttl, keep, X, over, restore)
    local house = sheet.house
    local key = house.holds .. ':' .. id
    local record
    if over then record = redis.call('SET', key, '', 'PX', S.text(S, keep), 'GET') else record = redis.call('GET', key) end
    if record == '' then return 0 end
    local P = false
    if record and over and string.byte(record) == 0 then
      S.settle_fresh(S, sheet, record, X)
    elseif record or restore then
      P = record and S.numbers_of(S, sheet, record) or S.lost_numbers(sheet, X)
      S.correct(S, sheet, P, X, over, record, ttl)
    end
    if over then
      if sheet.lease > 0 or sheet.releases or sheet.lingers or ttl < sheet.window then S.unwatch(house, id) end
    elseif P then
      redis.call('SET', key, S.full_record(S, sheet, P), 'PX', S.text(S, ttl + keep))
      local look = S.due(S, sheet, P[LIFE], P[LEASE], ttl)
      if look then
        S.watch(S, house, id, look, ttl + keep + DAY)
      end
    end
    return 1
  end,

  -- Ends a hold whose process died: days and months keep X, everything else goes as if it had run out.
  abandon = function(S, house, id, keep, X)
    local key = house.holds .. ':' .. id
    local record = redis.call('GET', key)
    if not record or record == '' then return 0 end
    local sheet = S.sheet_in(S, record)
    S.give_back(S, sheet, S.numbers_of(S, sheet, record), true, X[1], X[2])
    redis.call('SET', key, '', 'PX', S.text(S, keep))
    S.unwatch(house, id)
    return 1
  end,

  -- Moves a day or month that is there by a correction, once.
  shift = function(S, sheet, once, X, down)
    if not redis.call('SET', sheet.prefix .. ':shifts:' .. once, '', 'NX', 'PX', DAY) then return 0 end
    if down then S.correct_calendar(S, sheet[1], X[1], X[2], 0, 0) else S.correct_calendar(S, sheet[1], 0, 0, X[1], X[2]) end
    return 1
  end,

  -- Sets a day or month that is missing, or lifts one that is there.
  begin = function(S, sheet, X, lift)
    local c, dollars, nanos = sheet[1], X[1], X[2]
    if lift then
      if not c[DOLLARS] or c[DOLLARS] > dollars or (c[DOLLARS] == dollars and c[NANOS] >= nanos) then return 0 end
      c[DOLLARS], c[NANOS], c[DIRTY] = dollars, nanos, true
    else
      if c[DOLLARS] then return 0 end
      S.begin_at(S, c, dollars, nanos)
      redis.call('SET', sheet.prefix .. ':counters:begun', '', 'PX', BEGUN)
    end
    return 1
  end,

  stand = function(S, sheet)
    for i = 1, sheet.n do
      local c = sheet[i]
      if c[KIND] == SLIDING then S.slide(S, c, math.floor(S.now / c[WIDTH])) end
    end
    return S.standing(S, sheet, 0, false)
  end,

  step = function(S, op, bytes, flags, ttl, keep, id, at)
    local sheet = S.open(S, bytes)
    local X = { struct.unpack(S.doubles(S, sheet.amounts), ARGV[2], at) }
    if op == 1 then return S.take(S, sheet, id, ttl, keep, X, at, flags == 1) end
    if op == 2 then return S.settle(S, sheet, id, ttl, keep, X, flags % 2 == 1, flags >= 2) end
    if op == 3 then return S.stand(S, sheet) end
    if op == 6 then return S.abandon(S, sheet.house, id, keep, X) end
    if op == 7 then return S.shift(S, sheet, id, X, flags == 1) end
    return S.begin(S, sheet, X, op == 5)
  end,

  -- A new day or month is a good moment to drop those long past.
  tidy = function(S, shelf)
    local all, gone = redis.call('HGETALL', shelf.key), {}
    for i = 1, #all, 2 do
      local past = string.find(all[i], '|c', 1, true) and struct.unpack('<d', all[i + 1], 17) + DAY < S.now
      if past then gone[#gone + 1] = all[i] end
    end
    if #gone > 0 then redis.call('HDEL', shelf.key, unpack(gone)) end
  end,

  save = function(S, shelf)
    local args, n, pack = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }, 0, struct.pack
    for i = 1, shelf.n do
      local c = shelf[i]
      if c[DIRTY] then
        local kind = c[KIND]
        args[n + 1] = c[FIELD]
        if kind == SLIDING then
          args[n + 2] = pack('<dddd', c[TOTAL], c[NEWEST], c[HERE], c[OLDEST])
          if c[PAST_DIRTY] then
            args[n + 3], args[n + 4] = c[FIELD] .. '~', c[PAST]
            n = n + 2
          end
        elseif kind == SLOTS then args[n + 2] = pack('<d', c[HELD])
        else args[n + 2] = pack('<ddd', c[DOLLARS], c[NANOS], c[ENDS]) end
        n = n + 2
      end
    end
    if n == 0 and not shelf.renewed then return end
    if shelf.fresh then S.tidy(S, shelf) end
    local extends, till = shelf.till > shelf.ends, shelf.till + SLACK
    if extends then args[n + 1], args[n + 2], n = '@', S.text(S, till), n + 2 end
    if n > 0 then redis.call('HSET', shelf.key, unpack(args, 1, n)) end
    if extends then redis.call('PEXPIRE', shelf.key, S.text(S, till - S.now)) end
  end,
}

local replies, r, at, steps = {}, 0, 1, ARGV[2]
while at <= #steps do
  local length, op, sheet, flags, ttl, keep, id, amounts = struct.unpack('<HBHBddBc0', steps, at)
  local ok, reply = pcall(S.step, S, op, ARGV[2 + sheet], flags, ttl, keep, id, amounts)
  r = r + 1
  replies[r] = ok and reply or 'E' .. (type(reply) == 'table' and reply.err or tostring(reply))
  at = at + length
end
for _, house in pairs(S.houses) do
  for _, shelf in pairs(house.shelves) do S.save(S, shelf) end
  S.save_watch(S, house)
end
return replies
`;
