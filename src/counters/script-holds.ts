/** Third part of the counter script: records of holds, and what ended ones give back. */
export const SCRIPT_HOLDS = String.raw`
  -- The numbers of a record in full form, whatever form it has.
  numbers_of = function(S, sheet, record)
    if string.byte(record) == 1 then return { struct.unpack(S.doubles(S, sheet.D[FULL_NUMBERS]), record, 4) } end
    local F = { struct.unpack(S.doubles(S, 3 + sheet.amounts), record, 4) }
    local P, p, x, B, D = { F[LIFE], F[LEASE] }, FULL_CLAIMS, FRESH_CLAIMS, sheet.B, sheet.D
    for b = 1, sheet.last, PER_CLAIM do
      if B[b] == SLIDING then
        P[p], P[p + P_BUCKET], P[p + P_FIRST] = F[x], math.floor(F[TAKEN] / D[B[b + AT_SPAN]]), F[x]
        P[p + P_LATE], P[p + P_LATER] = -1, 0
        x, p = x + 1, p + PER_SLIDING
      elseif B[b] == CALENDAR then
        P[p], P[p + 1] = F[x], F[x + 1]
        x, p = x + 2, p + PER_CALENDAR
      end
    end
    return P
  end,

  -- The numbers of a hold whose record is lost with everything else (or was never made): nothing of it is counted. What was used
  -- in sliding windows is past, for these were emptied as well.
  lost_numbers = function(sheet, X)
    local P, p, x, B = { 0, 0 }, FULL_CLAIMS, 1, sheet.B
    for b = 1, sheet.last, PER_CLAIM do
      if B[b] == SLIDING then
        P[p], P[p + P_BUCKET], P[p + P_FIRST], P[p + P_LATE], P[p + P_LATER] = X[x], -1, 0, -1, 0
        x, p = x + 1, p + PER_SLIDING
      elseif B[b] == CALENDAR then
        P[p], P[p + 1] = 0, 0
        x, p = x + 2, p + PER_CALENDAR
      end
    end
    return P
  end,

  full_record = function(S, sheet, P)
    local n = sheet.D[FULL_NUMBERS]
    return struct.pack('<BH', 1, 8 * n) .. struct.pack(S.doubles(S, n), unpack(P, 1, n)) .. sheet.name
  end,

  -- When a hold is to be looked at next; false: never.
  due = function(S, sheet, life_ends, lease_ends, ttl)
    local at, ends = lease_ends > 0 and lease_ends, false
    if life_ends > S.now and (sheet.gives % 2 == 1 or ttl < sheet.D[WINDOW_MS]) then ends = life_ends
    elseif sheet.gives >= 2 and life_ends + LINGER > S.now then ends = life_ends + LINGER end
    if ends and not (at and at < ends) then at = ends end
    return at
  end,

  -- The claim at b of a sheet, whose numbers are in P from q on, counts actual. ends: the hold does, and what has left the window
  -- stays in P, so that it does not count again should the hold be renewed after all.
  correct_sliding = function(S, sheet, b, P, q, actual, ends)
    local more, B, D = actual - P[q], sheet.B, sheet.D
    if more == 0 then return end
    local T, p, span = sheet[B[b + AT_SHELF]], B[b + AT_PLACE], B[b + AT_SPAN]
    local bucket = math.max(D[span + BUCKET], T[p + NEWEST])
    if more > 0 then
      S.put(S, T, p, bucket, more)
      if bucket == P[q + P_BUCKET] then P[q + P_FIRST] = P[q + P_FIRST] + more
      elseif bucket == P[q + P_LATE] then P[q + P_LATER] = P[q + P_LATER] + more
      else P[q + P_LATE], P[q + P_LATER] = bucket, more end
    else
      local out = S.take_out(S, T, p, P[q + P_LATE], math.min(-more, P[q + P_LATER]))
      P[q + P_LATER] = P[q + P_LATER] - out
      local first = S.take_out(S, T, p, P[q + P_BUCKET], math.min(-more - out, P[q + P_FIRST]))
      P[q + P_FIRST] = P[q + P_FIRST] - first
      if ends then actual = P[q] - out - first end
    end
    P[q] = actual
  end,

  -- What the end of a hold's life gives back, and if it is late, what lingered. With dollars and nanos: all days and months keep
  -- so much instead, and slots end.
  give_back = function(S, sheet, P, late, dollars, nanos)
    local B, q = sheet.B, FULL_CLAIMS
    if not sheet.slid then S.slide_all(S, sheet) end
    if dollars and P[LEASE] > 0 then S.add_slots(sheet, -1) end
    for b = 1, sheet.last, PER_CLAIM do
      local gives = B[b + AT_GIVES]
      gives = gives == 1 or (late and gives == 2)
      if B[b] == SLIDING then
        if gives then S.correct_sliding(S, sheet, b, P, q, 0, true) end
        q = q + PER_SLIDING
      elseif B[b] == CALENDAR then
        if gives or dollars then S.hold_calendar(S, sheet, b, P, q, dollars or 0, nanos or 0, true) end
        q = q + PER_CALENDAR
      end
    end
  end,

  -- Sees to it that a hold is looked at again, or not any more: those of an organisation all together, when all steps are done.
  -- keep: how long the set of them must live.
  watch = function(S, house, id, at, keep)
    local watched, n = house.watched, #house.watched
    watched[n + 1], watched[n + 2] = S.text(S, at), id
    if keep > house.keep then house.keep = keep end
  end,

  unwatch = function(house, id)
    house.over[#house.over + 1] = id
  end,

  save_watch = function(S, house)
    if #house.watched > 0 then redis.call('ZADD', house.holds, unpack(house.watched)) end
    if #house.over > 0 then redis.call('ZREM', house.holds, unpack(house.over)) end
    if house.keep > 0 then redis.call('PEXPIRE', house.holds, S.text(S, house.keep)) end
  end,

  expire = function(S, house, id)
    local key = house.holds .. ':' .. id
    local record = redis.call('GET', key)
    local sheet = record and record ~= '' and S.sheet_in(S, house, record)
    if not sheet then
      redis.call('ZREM', house.holds, id)
      return
    end
    local P = S.numbers_of(S, sheet, record)
    if P[LEASE] > 0 and P[LEASE] <= S.now then
      S.add_slots(sheet, -1)
      P[LEASE] = 0
    end
    if P[LIFE] <= S.now then S.give_back(S, sheet, P, P[LIFE] + LINGER <= S.now, false, false) end
    redis.call('SET', key, S.full_record(S, sheet, P), 'KEEPTTL')
    local look = S.due(S, sheet, P[LIFE], P[LEASE], 0)
    if look then redis.call('ZADD', house.holds, look, id) else redis.call('ZREM', house.holds, id) end
  end,

  words = function(why)
    return type(why) == 'table' and why.err or tostring(why)
  end,

  -- By what name the server refuses all writes, which it says of the first one; false: it does not.
  denial = function(words)
    local code = string.match(words, '^(%u+) ') or string.match(words, ' %-(%u+) ')
    return (code == 'READONLY' or code == 'OOM' or code == 'MISCONF' or code == 'NOREPLICAS') and code
  end,

  -- An organisation. Before anything else, ended leases and holds give back what they may not keep.
  house_of = function(S, prefix)
    local house = S.houses[prefix]
    if house then return house end
    house = { prefix = prefix, holds = prefix .. ':counters:open', shelves = {}, watched = {}, over = {}, keep = 0 }
    S.houses[prefix] = house
    for _ = 1, 8 do
      local ended = redis.call('ZRANGEBYSCORE', house.holds, '-inf', S.text(S, S.now), 'LIMIT', '0', '64')
      for _, id in ipairs(ended) do
        local ok, why = pcall(S.expire, S, house, id)
        if not ok then
          if S.denial(S.words(why)) then error(why) end
          -- What cannot be read, be it of another version, must not stand in the way of everything else for ever.
          redis.call('ZREM', house.holds, id)
        end
      end
      if #ended < 64 then break end
    end
    return house
  end,
`;
