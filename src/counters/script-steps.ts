/** Fourth part of the counter script: the steps, and the round of all of them. */
export const SCRIPT_STEPS = String.raw`
  -- How the counters stand: of a sliding window its total and when it will be empty, of a day or month dollars and nano-dollars.
  -- With retry, of a sliding window also when the claim would fit.
  standing = function(S, sheet, status, retry)
    local R, r, B, D = { status, S.now }, 2, sheet.B, sheet.D
    for b = 1, sheet.last, PER_CLAIM do
      local T, p = sheet[B[b + AT_SHELF]], B[b + AT_PLACE]
      if B[b] == SLIDING then
        local span = B[b + AT_SPAN]
        R[r + 1], R[r + 2] = T[p], T[p] > 0 and S.leaves_in(S, T[p + NEWEST], D[span], D[span + 1]) or 0
        r = r + 2
        if retry then
          r = r + 1
          R[r] = retry[b] or 0
        end
      elseif B[b] == CALENDAR then
        R[r + 1], R[r + 2] = T[p], T[p + NANOS]
        r = r + 2
      else
        r = r + 1
        R[r] = T[p]
      end
    end
    return struct.pack(S.doubles(r), unpack(R))
  end,

  -- Some claim does not fit.
  refuse = function(S, sheet, X)
    local B, D, L, x, l, retry = sheet.B, sheet.D, S.limits_of(S, sheet), 1, 1, {}
    for b = 1, sheet.last, PER_CLAIM do
      if B[b] == SLIDING then
        local T, p, span = sheet[B[b + AT_SHELF]], B[b + AT_PLACE], B[b + AT_SPAN]
        local excess = T[p] + X[x] - L[l]
        if X[x] > L[l] then retry[b] = -1 elseif excess > 0 then retry[b] = S.frees_in(S, T, p, excess, D[span], D[span + 1]) end
        x, l = x + 1, l + 1
      elseif B[b] == CALENDAR then
        x, l = x + 2, l + 2
      else
        l = l + 1
      end
    end
    return S.standing(S, sheet, 1, retry)
  end,

  -- The record of a take at a time that does not tell the sub-buckets.
  skewed_record = function(S, sheet, fresh)
    local P, q, B = S.numbers_of(S, sheet, fresh), FULL_CLAIMS, sheet.B
    for b = 1, sheet.last, PER_CLAIM do
      if B[b] == SLIDING then
        local newest = sheet[B[b + AT_SHELF]][B[b + AT_PLACE] + NEWEST]
        if newest > P[q + P_BUCKET] then P[q + P_BUCKET] = newest end
        q = q + PER_SLIDING
      elseif B[b] == CALENDAR then
        q = q + PER_CALENDAR
      end
    end
    return S.full_record(S, sheet, P)
  end,

  -- held: where in the steps the amounts X are written. from_zero: a day or month that is missing begins at 0.
  take = function(S, sheet, id, ttl, keep, X, held, from_zero)
    local now, floor, B, D, L, last = S.now, math.floor, sheet.B, sheet.D, S.limits_of(S, sheet), sheet.last
    local x, l, fits, missing, skewed = 1, 1, true, false, false
    for b = 1, last, PER_CLAIM do
      local kind, T, p = B[b], sheet[B[b + AT_SHELF]], B[b + AT_PLACE]
      if kind == SLIDING then
        local span = B[b + AT_SPAN]
        local bucket = floor(now / D[span])
        if T[p + NEWEST] ~= bucket then
          S.slide(S, T, p, bucket, D[span + 1])
          if T[p + NEWEST] > bucket then skewed = true end
        end
        if X[x] > L[l] - T[p] then fits = false end
        x, l = x + 1, l + 1
      elseif kind == CALENDAR then
        if T[p] < 0 and from_zero then S.begin_at(S, T, p, 0, 0) end
        if T[p] >= 0 then
          local dollars, nanos = T[p] + X[x], T[p + NANOS] + X[x + 1]
          if nanos >= NANO then dollars, nanos = dollars + 1, nanos - NANO end
          if dollars >= L[l] and (dollars > L[l] or nanos > L[l + 1]) then fits = false end
        else
          missing = missing or { 2, now, redis.call('EXISTS', sheet.prefix .. ':counters:begun') }
          missing[#missing + 1] = (b - 1) / PER_CLAIM + 1
        end
        x, l = x + 2, l + 2
      else
        if T[p] >= L[l] then fits = false end
        l = l + 1
      end
    end
    if missing then return struct.pack(S.doubles(#missing), unpack(missing)) end
    if not fits then return S.refuse(S, sheet, X) end

    local life_ends, lease_ends = now + ttl, sheet.lease > 0 and now + sheet.lease or 0
    local size, house = 8 * sheet.amounts, sheet.house
    local amounts = string.sub(ARGV[2], held, held + size - 1)
    local record = struct.pack('<BHdddc0c0', 0, 24 + size, life_ends, lease_ends, now, amounts, sheet.name)
    if skewed then record = S.skewed_record(S, sheet, record) end
    if not redis.call('SET', house.holds .. ':' .. id, record, 'PX', S.text(S, ttl + keep), 'NX') then return struct.pack('<d', 3) end
    S.keep_sheet(S, sheet, ttl + keep)
    local look = S.due(S, sheet, life_ends, lease_ends, ttl)
    if look then S.watch(S, house, id, look, ttl + keep + DAY) end

    local R, r = S.reply, 2
    R[1], R[2], x = 0, now, 1
    for b = 1, last, PER_CLAIM do
      local kind, T, p = B[b], sheet[B[b + AT_SHELF]], B[b + AT_PLACE]
      T.dirty = true
      if kind == SLIDING then
        local span = B[b + AT_SPAN]
        local width = D[span]
        local bucket = floor(now / width)
        if T[p + NEWEST] == bucket then
          T[p], T[p + HERE] = T[p] + X[x], T[p + HERE] + X[x]
        else
          S.put(S, T, p, T[p + NEWEST] > bucket and T[p + NEWEST] or bucket, X[x])
        end
        R[r + 1], R[r + 2] = T[p], T[p] > 0 and (T[p + NEWEST] + 1 + D[span + 1]) * width - now or 0
        x, r = x + 1, r + 2
      elseif kind == CALENDAR then
        local dollars, nanos = T[p] + X[x], T[p + NANOS] + X[x + 1]
        if nanos >= NANO then dollars, nanos = dollars + 1, nanos - NANO end
        T[p], T[p + NANOS], R[r + 1], R[r + 2] = dollars, nanos, dollars, nanos
        x, r = x + 2, r + 2
      else
        r = r + 1
        T[p], R[r] = T[p] + 1, T[p] + 1
      end
    end
    return struct.pack(S.doubles(r), unpack(R, 1, r))
  end,

  -- The end of a call of which nothing was corrected before: of most calls.
  settle_fresh = function(S, sheet, record, X)
    local now, floor, B, D = S.now, math.floor, sheet.B, sheet.D
    local F = { struct.unpack(S.doubles(3 + sheet.amounts), record, 4) }
    local x, leased = 1, F[LEASE] > 0
    for b = 1, sheet.last, PER_CLAIM do
      local kind, T, p = B[b], sheet[B[b + AT_SHELF]], B[b + AT_PLACE]
      if kind == SLIDING then
        local more = X[x] - F[x + 3]
        if more ~= 0 then
          local span = B[b + AT_SPAN]
          local width = D[span]
          local bucket = floor(now / width)
          if T[p + NEWEST] ~= bucket then S.slide(S, T, p, bucket, D[span + 1]) end
          if more > 0 then
            S.put(S, T, p, T[p + NEWEST] > bucket and T[p + NEWEST] or bucket, more)
          else
            local taken = floor(F[TAKEN] / width)
            if taken == T[p + NEWEST] and T[p + HERE] + more >= 0 then
              T[p], T[p + HERE], T.dirty = T[p] + more, T[p + HERE] + more, true
            else
              S.take_out(S, T, p, taken, -more)
            end
          end
        end
        x = x + 1
      elseif kind == CALENDAR then
        S.correct_calendar(S, T, p, F[x + 3], F[x + 4], X[x], X[x + 1])
        x = x + 2
      elseif leased then
        T[p], T.dirty = T[p] - 1, true
      end
    end
  end,

  -- States what was used of each claim. over: the call is. known: there is a record of the hold.
  correct = function(S, sheet, P, X, over, known, ttl)
    local q, x, B = FULL_CLAIMS, 1, sheet.B
    for b = 1, sheet.last, PER_CLAIM do
      if B[b] == SLIDING then
        S.correct_sliding(S, sheet, b, P, q, X[x], false)
        x, q = x + 1, q + PER_SLIDING
      elseif B[b] == CALENDAR then
        S.hold_calendar(S, sheet, b, P, q, X[x], X[x + 1], over)
        x, q = x + 2, q + PER_CALENDAR
      end
    end
    local leased = P[LEASE] > 0
    if leased and (over or P[LEASE] <= S.now) then
      S.add_slots(sheet, -1)
      P[LEASE] = 0
    elseif not over and sheet.lease > 0 and (leased or (not known and S.has_slots(S, sheet))) then
      if not leased then S.add_slots(sheet, 1) end
      P[LEASE] = S.now + sheet.lease
      for _, T in ipairs(sheet) do
        if T then T.renewed = true end
      end
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
      S.keep_sheet(S, sheet, ttl + keep)
      local look = S.due(S, sheet, P[LIFE], P[LEASE], ttl)
      if look then S.watch(S, house, id, look, ttl + keep + DAY) end
    end
    return 1
  end,

  -- Ends a hold whose process died: days and months keep X, everything else goes as if it had run out.
  abandon = function(S, house, id, keep, X)
    local key = house.holds .. ':' .. id
    local record = redis.call('GET', key)
    local sheet = record and record ~= '' and S.sheet_in(S, house, record)
    if not sheet then return 0 end
    S.give_back(S, sheet, S.numbers_of(S, sheet, record), true, X[1], X[2])
    redis.call('SET', key, '', 'PX', S.text(S, keep))
    S.unwatch(house, id)
    return 1
  end,

  -- Moves a day or month that is there by a correction, once.
  shift = function(S, sheet, once, X, down)
    if not redis.call('SET', sheet.prefix .. ':shifts:' .. once, '', 'NX', 'PX', DAY) then return 0 end
    local T, p = sheet[1], sheet.B[1 + AT_PLACE]
    if down then S.correct_calendar(S, T, p, X[1], X[2], 0, 0) else S.correct_calendar(S, T, p, 0, 0, X[1], X[2]) end
    return 1
  end,

  -- Sets a day or month that is missing, or lifts one that is there.
  begin = function(S, sheet, X, lift)
    local T, p, dollars, nanos = sheet[1], sheet.B[1 + AT_PLACE], X[1], X[2]
    if lift then
      if T[p] < 0 or T[p] > dollars or (T[p] == dollars and T[p + NANOS] >= nanos) then return 0 end
      T[p], T[p + NANOS], T.dirty = dollars, nanos, true
    else
      if T[p] >= 0 then return 0 end
      S.begin_at(S, T, p, dollars, nanos)
      redis.call('SET', sheet.prefix .. ':counters:begun', '', 'PX', BEGUN)
    end
    return 1
  end,

  stand = function(S, sheet)
    local B, D = sheet.B, sheet.D
    for b = 1, sheet.last, PER_CLAIM do
      local span = B[b + AT_SPAN]
      if B[b] == SLIDING then S.slide(S, sheet[B[b + AT_SHELF]], B[b + AT_PLACE], math.floor(S.now / D[span]), D[span + 1]) end
    end
    return S.standing(S, sheet, 0, false)
  end,

  step = function(S, op, bytes, flags, ttl, keep, id, at)
    local sheet = S.open(S, bytes, op == 1)
    local X = { struct.unpack(S.doubles(sheet.amounts), ARGV[2], at) }
    if op == 1 then return S.take(S, sheet, id, ttl, keep, X, at, flags == 1) end
    if op == 2 then return S.settle(S, sheet, id, ttl, keep, X, flags % 2 == 1, flags >= 2) end
    if op == 3 then return S.stand(S, sheet) end
    if op == 6 then return S.abandon(S, sheet.house, id, keep, X) end
    if op == 7 then return S.shift(S, sheet, id, X, flags == 1) end
    return S.begin(S, sheet, X, op == 5)
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
  for _, T in pairs(house.shelves) do S.save(S, T) end
  S.save_watch(S, house)
end
return replies
`;
