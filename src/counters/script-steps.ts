/** Fourth part of the counter script: the steps, and the round of all of them. */
export const SCRIPT_STEPS = String.raw`
  -- How the counters stand: of a sliding window its total and newest sub-bucket, of a day or month dollars and nano-dollars.
  -- With retry, of a sliding window also when the claim would fit.
  standing = function(S, sheet, status, retry)
    local R, r, B = { status, S.now }, 2, sheet.B
    for b = 1, sheet.last, PER_CLAIM do
      local T, p = sheet[B[b + AT_SHELF]], B[b + AT_PLACE]
      if B[b] == SLIDING then
        R[r + 1], R[r + 2] = T[p], T[p + NEWEST]
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
    return struct.pack(S.doubles(S, r), unpack(R))
  end,

  -- Some claim does not fit.
  refuse = function(S, sheet, X)
    local B, D, L, x, l, retry = sheet.B, sheet.D, S.limits_of(S, sheet), 1, 1, {}
    for b = 1, sheet.last, PER_CLAIM do
      if B[b] == SLIDING then
        local T, p, span = sheet[B[b + AT_SHELF]], B[b + AT_PLACE], B[b + AT_SPAN]
        local excess = T[p] + X[x] - L[l]
        if X[x] > L[l] then retry[b] = -1
        elseif excess > 0 then retry[b] = S.frees_in(S, T, p, excess, D[span], D[span + COUNT]) end
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

  -- All shelves of a sheet are to be written.
  touch = function(sheet)
    for i = 1, sheet.shelves do sheet[i].dirty = true end
  end,

  -- held: where in the steps the amounts X are written. from_zero: a day or month that is missing begins at 0.
  take = function(S, sheet, id, ttl, keep, X, held, from_zero)
    local now, B, D, L, last = S.now, sheet.B, sheet.D, S.limits_of(S, sheet), sheet.last
    local x, l, fits, missing = 1, 1, true, false
    if not sheet.slid then S.slide_all(S, sheet) end
    for b = 1, last, PER_CLAIM do
      local kind, T, p = B[b], sheet[B[b + AT_SHELF]], B[b + AT_PLACE]
      if kind == SLIDING then
        if X[x] > L[l] - T[p] then fits = false end
        x, l = x + 1, l + 1
      elseif kind == CALENDAR then
        if T[p] < 0 and from_zero then S.begin_at(S, T, p, 0, 0) end
        if T[p] >= 0 then
          local dollars, nanos = T[p] + X[x], T[p + NANOS] + X[x + 1]
          if nanos >= NANO then dollars, nanos = dollars + 1, nanos - NANO end
          if dollars >= L[l] and (dollars > L[l] or nanos > L[l + 1]) then fits = false end
        else
          missing = missing or { 2, now, redis.call('EXISTS', sheet.house.prefix .. ':counters:begun') }
          missing[#missing + 1] = (b - 1) / PER_CLAIM + 1
        end
        x, l = x + 2, l + 2
      else
        if T[p] >= L[l] then fits = false end
        l = l + 1
      end
    end
    if missing then return struct.pack(S.doubles(S, #missing), unpack(missing)) end
    if not fits then return S.refuse(S, sheet, X) end

    local life_ends, lease_ends = now + ttl, sheet.D[LEASE_MS] > 0 and now + sheet.D[LEASE_MS] or 0
    local size, house = 8 * sheet.amounts, sheet.house
    local amounts = string.sub(ARGV[2], held, held + size - 1)
    local record = struct.pack('<BHdddc0c0', 0, 24 + size, life_ends, lease_ends, now, amounts, sheet.name)
    if sheet.skewed then record = S.skewed_record(S, sheet, record) end
    if not redis.call('SET', house.holds .. ':' .. id, record, 'PX', S.text(S, ttl + keep), 'NX') then return struct.pack('<d', 3) end
    S.keep_sheet(S, sheet, ttl + keep)
    local look = S.due(S, sheet, life_ends, lease_ends, ttl)
    if look then S.watch(S, house, id, look, ttl + keep + DAY) end

    local R, r = S.reply, 2
    R[1], R[2], x = 0, now, 1
    S.touch(sheet)
    for b = 1, last, PER_CLAIM do
      local kind, T, p = B[b], sheet[B[b + AT_SHELF]], B[b + AT_PLACE]
      if kind == SLIDING then
        local bucket, newest, amount = D[B[b + AT_SPAN] + BUCKET], T[p + NEWEST], X[x]
        if newest == bucket then
          T[p], T[p + HERE] = T[p] + amount, T[p + HERE] + amount
        else
          S.put(S, T, p, newest > bucket and newest or bucket, amount)
        end
        R[r + 1], R[r + 2] = T[p], T[p + NEWEST]
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
    return struct.pack(S.doubles(S, r), unpack(R, 1, r))
  end,

  -- The end of a call of which nothing was corrected before: of most calls.
  settle_fresh = function(S, sheet, record, X)
    local B, D = sheet.B, sheet.D
    local F = { struct.unpack(S.doubles(S, 3 + sheet.amounts), record, 4) }
    local x, taken_at, leased = 1, F[TAKEN], F[LEASE] > 0
    S.touch(sheet)
    for b = 1, sheet.last, PER_CLAIM do
      local kind, T, p = B[b], sheet[B[b + AT_SHELF]], B[b + AT_PLACE]
      if kind == SLIDING then
        local more = X[x] - F[x + 3]
        if more ~= 0 then
          if not sheet.slid then S.slide_all(S, sheet) end
          local span, newest = B[b + AT_SPAN], T[p + NEWEST]
          local width, here = D[span], T[p + HERE] + more
          local since = taken_at - newest * width
          if more > 0 then
            S.put(S, T, p, math.max(D[span + BUCKET], newest), more)
          elseif since >= 0 and since < width and here >= 0 then
            T[p], T[p + HERE] = T[p] + more, here
          else
            S.take_out(S, T, p, math.floor(taken_at / width), -more)
          end
        end
        x = x + 1
      elseif kind == CALENDAR then
        local dollars, nanos, more = F[x + 3], F[x + 4], X[x + 1]
        if T[p] > dollars then
          -- More dollars than were held: what is left is not below zero.
          dollars, nanos = T[p] - dollars + X[x], T[p + NANOS] - nanos + more
          if nanos < 0 then dollars, nanos = dollars - 1, nanos + NANO
          elseif nanos >= NANO then dollars, nanos = dollars + 1, nanos - NANO end
          T[p], T[p + NANOS] = dollars, nanos
        else
          S.correct_calendar(S, T, p, dollars, nanos, X[x], more)
        end
        x = x + 2
      elseif leased and T[p] > 0 then
        T[p] = T[p] - 1
      end
    end
  end,

  -- States what was used of each claim. over: the call is. known: there is a record of the hold.
  correct = function(S, sheet, P, X, over, known, ttl)
    local q, x, B = FULL_CLAIMS, 1, sheet.B
    if not sheet.slid then S.slide_all(S, sheet) end
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
    elseif not over and sheet.D[LEASE_MS] > 0 and (leased or (not known and S.has_slots(S, sheet))) then
      if not leased then S.add_slots(sheet, 1) end
      P[LEASE] = S.now + sheet.D[LEASE_MS]
      for i = 1, sheet.shelves do sheet[i].renewed = true end
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
      if sheet.D[LEASE_MS] > 0 or sheet.gives > 0 or ttl < sheet.D[WINDOW_MS] then S.unwatch(house, id) end
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
    if not redis.call('SET', sheet.house.prefix .. ':shifts:' .. once, '', 'NX', 'PX', DAY) then return 0 end
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
      redis.call('SET', sheet.house.prefix .. ':counters:begun', '', 'PX', BEGUN)
    end
    return 1
  end,

  step = function(S, op, bytes, flags, ttl, keep, id, at)
    local sheet = S.open(S, bytes, op == 1)
    local X = { struct.unpack(S.doubles(S, sheet.amounts), ARGV[2], at) }
    if op == 1 then return S.take(S, sheet, id, ttl, keep, X, at, flags == 1) end
    if op == 2 then return S.settle(S, sheet, id, ttl, keep, X, flags % 2 == 1, flags >= 2) end
    if op == 3 then
      S.slide_all(S, sheet)
      return S.standing(S, sheet, 0, false)
    end
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
  if not ok then
    reply = S.words(reply)
    -- That is no fault of the step, and clients know what to do.
    local denial = S.denial(reply)
    if denial then return redis.error_reply(denial .. ' the server takes no writes') end
    reply = 'E' .. reply
  end
  replies[r] = reply
  at = at + length
end
for _, house in pairs(S.houses) do
  for _, T in pairs(house.shelves) do S.save(S, T) end
  S.save_watch(S, house)
end
return replies
`;
