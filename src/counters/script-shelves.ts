/** Second part of the counter script: how sheets are opened, and shelves read, laid out anew and written. */
export const SCRIPT_SHELVES = String.raw`
  -- The format of so many doubles.
  doubles = function(n)
    if n > 64 then return '<' .. string.rep('d', n) end
    return string.sub('<dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd', 1, n + 1)
  end,

  -- How many numbers a counter has.
  size_of = function(kind)
    return kind == SLIDING and 4 or kind == SLOTS and 1 or 2
  end,

  -- What a counter begins with that is not there.
  empty_at = function(T, p, kind)
    if kind == SLIDING then T[p], T[p + NEWEST], T[p + HERE], T[p + OLDEST] = 0, -1, 0, -1
    elseif kind == SLOTS then T[p] = 0
    else T[p], T[p + NANOS] = -1, 0 end
  end,

  -- What a layout says of each counter.
  entries = function(S, layout)
    local all, n, at, p = {}, 0, 1, FIRST_PLACE
    while at <= #layout do
      local kind, span, name, after = struct.unpack('<BI4Bc0', layout, at)
      n = n + 1
      all[n] = { kind = kind, span = span, name = name, p = p, size = S.size_of(kind), text = string.sub(layout, at, after - 1) }
      at, p = after, p + all[n].size
    end
    return all
  end,

  -- The layout of a shelf. Sheets that find their counters at the beginning of it do without.
  layout_of = function(S, T)
    if not T.layout then
      local laid = redis.call('HGET', T.key, 'l')
      T.laid, T.layout = struct.unpack('<d', laid), string.sub(laid, 9)
    end
    return T.layout
  end,

  -- The name of the counter at place p.
  name_at = function(S, T, p)
    local names = T.names
    if not names or not names[p] then
      names = {}
      local known = not T.names and T.first
      for _, one in ipairs(S.entries(S, known and S.layout_in(S, known, T.first_shelf) or S.layout_of(S, T))) do names[one.p] = one.name end
      T.names = names
      if not names[p] then return S.name_at(S, T, p) end
    end
    return names[p]
  end,

  -- Whether nothing is lost with a counter that stands at p in O. late: when a call was open last whose day or month was over.
  is_over = function(S, O, p, kind, span, late)
    if kind == CALENDAR then return math.max(1000 * span, late) + DAY < S.now end
    if kind == SLOTS then return O[p] == 0 end
    return (O[p + NEWEST] + MOST_SUB_BUCKETS + 2) * span < S.now
  end,

  -- Lays a shelf out anew: first the counters of this layout, then what else is there, without what is over.
  lay = function(S, T, layout)
    local O, places, p, kept = { unpack(T, 1, T.n) }, {}, FIRST_PLACE, layout
    local before, late = S.entries(S, T.layout), tonumber(redis.call('HGET', T.key, 'late') or 0)
    local function copy(from, size)
      for k = 0, size - 1 do T[p + k] = O[from + k] end
    end
    for _, one in ipairs(before) do places[one.name] = one.p end
    for _, one in ipairs(S.entries(S, layout)) do
      local from = places[one.name]
      if from then copy(from, one.size) else S.empty_at(T, p, one.kind) end
      places[one.name], p = nil, p + one.size
    end
    for _, one in ipairs(before) do
      if places[one.name] and not S.is_over(S, O, one.p, one.kind, one.span, late) then
        copy(one.p, one.size)
        kept, p = kept .. one.text, p + one.size
      elseif places[one.name] and one.kind == SLIDING then
        T.gone = T.gone or {}
        T.gone[#T.gone + 1] = '~' .. one.name
      end
    end
    T.n, T.layout, T.laid, T.changed = p - 1, kept, S.now, true
  end,

  -- Finds the counters of a sheet on its shelf i, which does not begin with them, and puts those there that are missing.
  place = function(S, sheet, i, layout)
    local T, B, places, wanted, w = sheet[i], sheet.B, {}, S.entries(S, layout), 0
    for _, one in ipairs(S.entries(S, T.layout)) do places[one.name] = one.p end
    for b = 1, sheet.last, PER_CLAIM do
      if B[b + AT_SHELF] == i then
        w = w + 1
        local one = wanted[w]
        local p = places[one.name]
        if not p then
          p = T.n + 1
          S.empty_at(T, p, one.kind)
          T.n, T.layout, T.changed = T.n + one.size, T.layout .. one.text, true
        end
        B[b + AT_PLACE] = p
      end
    end
  end,

  -- A shelf: its numbers, and first and first_shelf the sheet and which of its shelves it begins with.
  read_shelf = function(S, key)
    local stored = redis.call('HGET', key, 'v')
    if not stored then
      return {
        key = key, n = 2, till = 0, new = true, dirty = false, renewed = false, past = false, written = false, gone = false,
        names = false, first = false, first_shelf = 0, layout = '', laid = 0, changed = false, 0, 0,
      }
    end
    local n = #stored / 8
    return {
      key = key, n = n, till = 0, new = true, dirty = false, renewed = false, past = false, written = false, gone = false,
      names = false, first = false, first_shelf = 0, layout = false, laid = 0, changed = false, struct.unpack(S.doubles(n), stored),
    }
  end,

  -- The shelf of a sheet, which begins with the sheet's counters, or whose places the sheet learns.
  shelf_of = function(S, sheet, i, key)
    local shelves, D, d = sheet.house.shelves, sheet.D, sheet.shelves_at + PER_SHELF * i
    local T, till = shelves[key], S.now + D[d]
    if not T then
      T = S.read_shelf(S, key)
      shelves[key] = T
    end
    sheet[i] = T
    if till > T.till then T.till = till end
    if D[d + 1] > T.till then T.till = D[d + 1] end
    if T[SIGN] ~= D[d + 2] then
      local layout = S.layout_in(S, sheet, i)
      S.layout_of(S, T)
      -- Not as often as two kinds of sheets may come in turn, and only while no other sheet has its places on it.
      if sheet.takes and T.new and math.abs(S.now - T.laid) >= LAY_EVERY then
        S.lay(S, T, layout)
        T[SIGN] = D[d + 2]
      else
        S.place(S, sheet, i, layout)
      end
    elseif not T.first then
      T.first, T.first_shelf = sheet, i
    end
    T.new = false
  end,

  -- A sheet: [i] the shelf i; of each claim in B, from 1 on, how it says AT_…; D numbers.
  open = function(S, bytes, takes)
    local sheet = S.sheets[bytes]
    if sheet then return sheet end
    local claims, shelves, gives, spans, amounts, limits = string.byte(bytes, 1, 6)
    local last, shelves_at = PER_CLAIM * claims, FIRST_SPAN + 2 * spans
    local numbers = shelves_at - 1 + PER_SHELF * shelves
    local N = { struct.unpack(S.texts_of(2 + shelves), bytes, 7 + last + 8 * numbers) }
    sheet = {
      false, false, false, false,
      house = S.house_of(S, N[1]), bytes = bytes, prefix = N[1], name = N[2], B = { string.byte(bytes, 7, 6 + last) }, last = last,
      D = { struct.unpack(S.doubles(numbers), bytes, 7 + last) }, shelves_at = shelves_at - PER_SHELF, amounts = amounts,
      releases = gives % 2 == 1, lingers = gives >= 2, takes = takes, kept = 0,
      limits = false, limits_at = N[3 + shelves], limits_n = limits, layouts = false, shelves = shelves,
    }
    sheet.lease, sheet.window, sheet.full = sheet.D[1], sheet.D[2], sheet.D[3]
    for i = 1, shelves do S.shelf_of(S, sheet, i, N[2 + i]) end
    S.sheets[bytes] = sheet
    return sheet
  end,

  -- The format of so many texts.
  texts_of = function(n)
    if n > 9 then return '<' .. string.rep('Hc0', n) end
    return string.sub('<Hc0Hc0Hc0Hc0Hc0Hc0Hc0Hc0Hc0', 1, 1 + 3 * n)
  end,

  -- The limits of a sheet: one number a claim, of days and months two.
  limits_of = function(S, sheet)
    if not sheet.limits then
      sheet.limits = { struct.unpack(S.doubles(sheet.limits_n), sheet.bytes, sheet.limits_at) }
    end
    return sheet.limits
  end,

  -- What a sheet wants on its shelf i.
  layout_in = function(S, sheet, i)
    if not sheet.layouts then
      local at = sheet.limits_at + 8 * sheet.limits_n
      sheet.layouts = { struct.unpack(S.texts_of(sheet.shelves), sheet.bytes, at) }
    end
    return sheet.layouts[i]
  end,

  -- Records name their sheet; it is kept as long as they are.
  keep_sheet = function(S, sheet, keep)
    if keep <= sheet.kept then return end
    local key = sheet.prefix .. ':counters:sheet:' .. sheet.name
    if redis.call('PEXPIRE', key, S.text(S, keep)) == 0 then redis.call('SET', key, sheet.bytes, 'PX', S.text(S, keep)) end
    sheet.kept = keep
  end,

  -- The sheet a record was made with, unless it is lost.
  sheet_in = function(S, house, record)
    local _, length = struct.unpack('<BH', record)
    local bytes = redis.call('GET', house.prefix .. ':counters:sheet:' .. string.sub(record, 4 + length))
    return bytes and S.open(S, bytes, false)
  end,

  save = function(S, T)
    if not T.dirty and not T.renewed then return end
    local n, extends = T.n, T.till > T[ENDS]
    if extends then T[ENDS] = T.till + SLACK end
    local packed = struct.pack(S.doubles(n), unpack(T, 1, n))
    if T.written or T.changed then
      local args = { 'v', packed }
      if T.changed then args[3], args[4] = 'l', struct.pack('<d', T.laid) .. T.layout end
      for p in pairs(T.written or {}) do
        args[#args + 1] = '~' .. S.name_at(S, T, p)
        args[#args + 1] = T.past[p]
      end
      redis.call('HSET', T.key, unpack(args))
    else
      redis.call('HSET', T.key, 'v', packed)
    end
    if T.gone then redis.call('HDEL', T.key, unpack(T.gone)) end
    if extends then redis.call('PEXPIRE', T.key, S.text(S, T[ENDS] - S.now)) end
  end,
`;
