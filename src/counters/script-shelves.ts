/** Second part of the counter script: how sheets are opened, and shelves read, laid out anew and written. */
export const SCRIPT_SHELVES = String.raw`
  -- The format of so many doubles. The server makes a hash of all bytes of every text: what is at hand already costs least.
  doubles = function(S, n)
    local format = S.doubles_formats[n]
    if not format then
      format = n > 64 and '<' .. string.rep('d', n) or string.sub('<${'d'.repeat(64)}', 1, n + 1)
      S.doubles_formats[n] = format
    end
    return format
  end,

  -- The format of so many texts.
  texts_of = function(S, n)
    local format = S.texts_formats[n]
    if not format then
      format = '<' .. string.rep('Hc0', n)
      S.texts_formats[n] = format
    end
    return format
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

  -- The names of the counters in a layout, by their places.
  names_in = function(S, layout)
    local names, at, p, unpack = {}, 1, FIRST_PLACE, struct.unpack
    while at <= #layout do
      local kind, _, name, after = unpack('<BI4Bc0', layout, at)
      names[p], at = name, after
      p = p + S.size_of(kind)
    end
    return names
  end,

  -- The name of the counter at place p. Most stand where a sheet says that was opened.
  name_at = function(S, T, p)
    if not T.names and T.first then T.names = S.names_in(S, S.layout_in(S, T.first, T.first_shelf)) end
    if not T.names or not T.names[p] then T.names = S.names_in(S, S.layout_of(S, T)) end
    return T.names[p]
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
    T.n, T.layout, T.laid, T.changed, T.names = p - 1, kept, S.now, true, nil
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

  -- A shelf: its numbers, and in first and first_shelf which sheet begins as it does, and with which shelf. All that most shelves
  -- have no use for is not there: a table costs by its fields.
  read_shelf = function(S, key, sheet, i)
    local stored = redis.call('HGET', key, 'v')
    if not stored then
      return { key = key, n = 2, till = 0, dirty = false, first = sheet, first_shelf = i, layout = '', laid = 0, 0, 0 }
    end
    local n = #stored / 8
    return { key = key, n = n, till = 0, dirty = false, first = sheet, first_shelf = i, struct.unpack(S.doubles(S, n), stored) }
  end,

  -- The shelf of a sheet, which begins with the sheet's counters, or whose places the sheet learns. d: where in the sheet's numbers
  -- those of the shelf are. lays: it may be laid out anew.
  shelf_of = function(S, sheet, i, key, d, lays)
    local shelves, D = sheet.house.shelves, sheet.D
    local T, till = shelves[key], S.now + D[d]
    -- If another sheet has its places on it, nothing may move.
    lays = lays and not T
    if not T then
      T = S.read_shelf(S, key, sheet, i)
      shelves[key] = T
    end
    sheet[i] = T
    if D[d + 1] > till then till = D[d + 1] end
    if till > T.till then T.till = till end
    if T[SIGN] == D[d + 2] then return end
    if T.first == sheet then T.first = false end
    local layout = S.layout_in(S, sheet, i)
    S.layout_of(S, T)
    -- Not as often as two kinds of sheets may come in turn.
    if lays and math.abs(S.now - T.laid) >= LAY_EVERY then
      S.lay(S, T, layout)
      T[SIGN] = D[d + 2]
    else
      S.place(S, sheet, i, layout)
    end
  end,

  -- A sheet: [i] the shelf i; of each claim in B, from 1 on, how it says AT_…; D numbers. lays: it is taken from its shelves.
  open = function(S, bytes, lays)
    local sheet = S.sheets[bytes]
    if sheet then return sheet end
    local claims, shelves, gives, spans, amounts, limits = string.byte(bytes, 1, 6)
    local last, spans_end = PER_CLAIM * claims, FIRST_SPAN - 1 + PER_SPAN * spans
    local numbers = spans_end + PER_SHELF * shelves
    local D = { struct.unpack(S.doubles(S, numbers), bytes, 7 + last) }
    local N = { struct.unpack(S.texts_of(S, 2 + shelves), bytes, 7 + last + 8 * numbers) }
    sheet = {
      false, false, false,
      house = S.house_of(S, N[1]), bytes = bytes, name = N[2], B = { string.byte(bytes, 7, 6 + last) }, last = last, D = D,
      shelves = shelves, spans_end = spans_end, amounts = amounts, gives = gives, limits_at = N[3 + shelves], limits_n = limits,
      limits = false, kept = 0, slid = false,
    }
    for i = 1, shelves do S.shelf_of(S, sheet, i, N[2 + i], spans_end - PER_SHELF + 1 + PER_SHELF * i, lays) end
    S.sheets[bytes] = sheet
    return sheet
  end,

  -- Drops from the sliding windows of a sheet what has left them: once for all steps of this moment.
  slide_all = function(S, sheet)
    local B, D = sheet.B, sheet.D
    for b = 1, sheet.last, PER_CLAIM do
      if B[b] == SLIDING then
        local T, p, span = sheet[B[b + AT_SHELF]], B[b + AT_PLACE], B[b + AT_SPAN]
        local bucket = D[span + BUCKET]
        if bucket == 0 then
          bucket = math.floor(S.now / D[span])
          D[span + BUCKET] = bucket
        end
        if T[p + NEWEST] ~= bucket then
          S.slide(S, T, p, bucket, D[span + COUNT])
          if T[p + NEWEST] > bucket then sheet.skewed = true end
        end
      end
    end
    sheet.slid = true
  end,

  -- The limits of a sheet: one number a claim, of days and months two.
  limits_of = function(S, sheet)
    if not sheet.limits then
      sheet.limits = { struct.unpack(S.doubles(S, sheet.limits_n), sheet.bytes, sheet.limits_at) }
    end
    return sheet.limits
  end,

  -- What a sheet wants on its shelf i.
  layout_in = function(S, sheet, i)
    if not sheet.layouts then
      local at = sheet.limits_at + 8 * sheet.limits_n
      sheet.layouts = { struct.unpack(S.texts_of(S, sheet.shelves), sheet.bytes, at) }
    end
    return sheet.layouts[i]
  end,

  -- Records name their sheet; it is kept as long as they are.
  keep_sheet = function(S, sheet, keep)
    if keep <= sheet.kept then return end
    local key = sheet.house.prefix .. ':counters:sheet:' .. sheet.name
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
    local packed = struct.pack(S.doubles(S, n), unpack(T, 1, n))
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
