/** Second part of the counter script: records of holds, what ended ones give back, and how sheets are opened. */
export const SCRIPT_HOLDS = String.raw`
  -- The format of so many doubles.
  doubles = function(S, n)
    local format = S[n]
    if not format then
      format = '<' .. string.rep('d', n)
      S[n] = format
    end
    return format
  end,

  -- A whole number as text: the server is slow at writing numbers, and in one moment the same ones come again and again.
  text = function(S, n)
    local text = S.texts[n]
    if not text then
      text = string.format('%.0f', n)
      S.texts[n] = text
    end
    return text
  end,

  -- The numbers of a record in full form, whatever form it has.
  numbers_of = function(S, sheet, record)
    if string.byte(record) == 1 then return { struct.unpack(S.doubles(S, sheet.full), record, 4) } end
    local F = { struct.unpack(S.doubles(S, 3 + sheet.amounts), record, 4) }
    local P, p, x = { F[LIFE], F[LEASE] }, FULL_CLAIMS, FRESH_CLAIMS
    for i = 1, sheet.n do
      local c = sheet[i]
      if c[KIND] == SLIDING then
        P[p], P[p + P_BUCKET], P[p + P_FIRST] = F[x], math.floor(F[TAKEN] / c[WIDTH]), F[x]
        P[p + P_LATE], P[p + P_LATER] = -1, 0
        x, p = x + 1, p + PER_SLIDING
      elseif c[KIND] == CALENDAR then
        P[p], P[p + 1] = F[x], F[x + 1]
        x, p = x + 2, p + PER_CALENDAR
      end
    end
    return P
  end,

  -- The numbers of a hold whose record is lost with everything else (or was never made): nothing of it is counted. What was used
  -- in sliding windows is past, for these were emptied as well.
  lost_numbers = function(sheet, X)
    local P, p, x = { 0, 0 }, FULL_CLAIMS, 1
    for i = 1, sheet.n do
      local kind = sheet[i][KIND]
      if kind == SLIDING then
        P[p], P[p + P_BUCKET], P[p + P_FIRST], P[p + P_LATE], P[p + P_LATER] = X[x], -1, 0, -1, 0
        x, p = x + 1, p + PER_SLIDING
      elseif kind == CALENDAR then
        P[p], P[p + 1] = 0, 0
        x, p = x + 2, p + PER_CALENDAR
      end
    end
    return P
  end,

  full_record = function(S, sheet, P)
    return struct.pack('<BH', 1, 8 * sheet.full) .. struct.pack(S.doubles(S, sheet.full), unpack(P, 1, sheet.full)) .. sheet.bytes
  end,

  -- The sheet a record was made with.
  sheet_in = function(S, record)
    local _, length = struct.unpack('<BH', record)
    return S.open(S, string.sub(record, 4 + length))
  end,

  -- When a hold is to be looked at next; false: never.
  due = function(S, sheet, life_ends, lease_ends, ttl)
    local at, ends = lease_ends > 0 and lease_ends, false
    if life_ends > S.now and (sheet.releases or ttl < sheet.window) then ends = life_ends
    elseif sheet.lingers and life_ends + LINGER > S.now then ends = life_ends + LINGER end
    if ends and not (at and at < ends) then at = ends end
    return at
  end,

  -- P: numbers of a record, p: where those of this claim begin. ends: the hold does, and what has left the window stays in P, so
  -- that it does not count again should the hold be renewed after all.
  correct_sliding = function(S, c, P, p, actual, ends)
    local more = actual - P[p]
    if more == 0 then return end
    local bucket = math.floor(S.now / c[WIDTH])
    if c[NEWEST] ~= bucket then
      S.slide(S, c, bucket)
      if c[NEWEST] > bucket then bucket = c[NEWEST] end
    end
    if more > 0 then
      S.put(S, c, bucket, more)
      if bucket == P[p + P_BUCKET] then P[p + P_FIRST] = P[p + P_FIRST] + more
      elseif bucket == P[p + P_LATE] then P[p + P_LATER] = P[p + P_LATER] + more
      else P[p + P_LATE], P[p + P_LATER] = bucket, more end
    else
      local out = S.take_out(S, c, P[p + P_LATE], math.min(-more, P[p + P_LATER]))
      P[p + P_LATER] = P[p + P_LATER] - out
      local first = S.take_out(S, c, P[p + P_BUCKET], math.min(-more - out, P[p + P_FIRST]))
      P[p + P_FIRST] = P[p + P_FIRST] - first
      if ends then actual = P[p] - out - first end
    end
    P[p] = actual
  end,

  -- What the end of a hold's life gives back, and if it is late, what lingered. With dollars and nanos: all days and months keep
  -- so much instead, and slots end.
  give_back = function(S, sheet, P, late, dollars, nanos)
    local d, p, at = sheet.d, FULL_CLAIMS, sheet.base
    if dollars and P[LEASE] > 0 then S.add_slots(sheet, -1) end
    for i = 1, sheet.n do
      local c, gives = sheet[i], d[at + AT_GIVES]
      gives = gives == 1 or (late and gives == 2)
      if c[KIND] == SLIDING then
        if gives then S.correct_sliding(S, c, P, p, 0, true) end
        p = p + PER_SLIDING
      elseif c[KIND] == CALENDAR then
        if gives or dollars then S.hold_calendar(S, c, P, p, dollars or 0, nanos or 0, true) end
        p = p + PER_CALENDAR
      end
      at = at + PER_CLAIM
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
    if not record or record == '' then
      redis.call('ZREM', house.holds, id)
      return
    end
    local sheet = S.sheet_in(S, record)
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

  -- An organisation. Before anything else, ended leases and holds give back what they may not keep.
  house_of = function(S, prefix)
    local house = S.houses[prefix]
    if house then return house end
    house = { holds = prefix .. ':counters:holds', shelves = {}, watched = {}, over = {}, keep = 0 }
    S.houses[prefix] = house
    for _ = 1, 8 do
      local ended = redis.call('ZRANGEBYSCORE', house.holds, '-inf', S.text(S, S.now), 'LIMIT', '0', '64')
      for _, id in ipairs(ended) do S.expire(S, house, id) end
      if #ended < 64 then break end
    end
    return house
  end,

  -- The counter of a shelf whose field is called so, if another sheet has it too.
  found = function(shelf, name)
    for i = 1, shelf.n do
      if shelf[i][FIELD] == name then return shelf[i] end
    end
    return false
  end,

  -- A row; raw: what stands in the field.
  row = function(shelf, name, raw, kind, span, count)
    if kind == SLIDING then
      if not raw then return { kind, name, shelf, 0, -1, 0, -1, span, count, false, false, false } end
      local total, newest, here, oldest = struct.unpack('<dddd', raw)
      return { kind, name, shelf, total, newest, here, oldest, span, count, false, false, false }
    end
    if kind == SLOTS then
      return { kind, name, shelf, raw and struct.unpack('<d', raw) or 0, 0, 0, 0, 0, 0, false, false, false }
    end
    if not raw then return { kind, name, shelf, false, 0, span, 0, 0, 0, false, false, false } end
    local dollars, nanos, ends = struct.unpack('<ddd', raw)
    return { kind, name, shelf, dollars, nanos, ends, 0, 0, 0, false, false, false }
  end,

  shelf_of = function(house, key, till)
    local shelf = house.shelves[key]
    if not shelf then
      shelf = { false, false, false, false, key = key, n = 0, till = till, ends = false, fresh = false, renewed = false }
      house.shelves[key] = shelf
    elseif till > shelf.till then
      shelf.till = till
    end
    return shelf
  end,

  -- A sheet: [i] the counter of claim i, d its numbers; those of the claims begin at base.
  open = function(S, bytes)
    local sheet = S.sheets[bytes]
    if sheet then return sheet end
    local s = cmsgpack.unpack(bytes)
    local prefix, shelves, d = s[1], s[3], { struct.unpack(S.doubles(S, #s[2] / 8), s[2]) }
    sheet = {
      false, false, false, false, false, false, false, false, false, false, false, false, false, false, false, false,
      house = S.house_of(S, prefix), bytes = bytes, prefix = prefix, d = d, base = 6 + 2 * shelves, n = 0,
      amounts = d[1], full = d[2], lease = d[3], releases = d[4] % 2 == 1, lingers = d[4] >= 2, window = d[5],
    }
    local at, lives, number, n, row = 4, 6, sheet.base, 0, S.row
    for _ = 1, shelves do
      local fields, till = s[at + 1], S.now + d[lives]
      local shelf = S.shelf_of(sheet.house, prefix .. s[at], d[lives + 1] > till and d[lives + 1] or till)
      local values = redis.call('HMGET', shelf.key, '@', unpack(s, at + 2, at + 1 + fields))
      if not shelf.ends then shelf.ends = values[1] and tonumber(values[1]) or 0 end
      local before = shelf.n
      for f = 1, fields do
        local name = s[at + 1 + f]
        local c = before > 0 and S.found(shelf, name)
        if not c then
          c = row(shelf, name, values[f + 1], d[number], d[number + AT_SPAN], d[number + AT_COUNT])
          shelf.n = shelf.n + 1
          shelf[shelf.n] = c
        end
        n = n + 1
        sheet[n], number = c, number + PER_CLAIM
      end
      at, lives = at + 2 + fields, lives + 2
    end
    sheet.n = n
    S.sheets[bytes] = sheet
    return sheet
  end,
`;
