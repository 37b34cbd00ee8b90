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

  -- The names of a shelf's counters, by their places.
  names_of = function(S, T)
    if not T.names then
      T.names = {}
      for _, one in ipairs(S.entries(S, T.layout)) do T.names[one.p] = one.name end
    end
    return T.names
  end,

  places_of = function(S, T)
    local places = {}
    for p, name in pairs(S.names_of(S, T)) do places[name] = p end
    return places
  end,

  -- Whether nothing is lost with a counter that stands at p in O. late: when a call was open last whose day or month was over.
  is_over = function(S, O, p, kind, span, late)
    if kind == CALENDAR then return math.max(1000 * span, late) + DAY < S.now end
    if kind == SLOTS then return O[p] == 0 end
    return (O[p + NEWEST] + MOST_SUB_BUCKETS + 2) * span < S.now
  end,

  -- Lays a shelf out anew: first the counters of this layout, then what else is there, without what is over.
  lay = function(S, T, layout)
    local O, places, p, kept = { unpack(T, 1, T.n) }, S.places_of(S, T), FIRST_PLACE, layout
    local function copy(from, size)
      for k = 0, size - 1 do T[p + k] = O[from + k] end
    end
    local before, late = S.entries(S, T.layout), tonumber(redis.call('HGET', T.key, 'late') or 0)
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
    T.n, T.layout, T.names, T[LAID] = p - 1, kept, false, S.now
  end,

  -- Finds the counters of a sheet on its shelf i, which does not begin with them, and puts those there that are missing.
  place = function(S, sheet, i, layout)
    local T, B, places, wanted, w = sheet[i], sheet.B, S.places_of(S, sheet[i]), S.entries(S, layout), 0
    for b = 1, sheet.last, PER_CLAIM do
      if B[b + AT_SHELF] == i then
        w = w + 1
        local one = wanted[w]
        local p = places[one.name]
        if not p then
          p = T.n + 1
          S.empty_at(T, p, one.kind)
          T.n, T.layout, T.names[p] = T.n + one.size, T.layout .. one.text, one.name
        end
        B[b + AT_PLACE] = p
      end
    end
  end,

  read_shelf = function(S, key)
    local stored = redis.call('HGET', key, 'v')
    if not stored then
      return {
        key = key, layout = '', n = 2, till = 0, new = true, dirty = false, renewed = false, past = false, written = false,
        names = false, gone = false, 0, 0,
      }
    end
    local low, high = string.byte(stored, 1, 2)
    local n = low + 256 * high
    return {
      key = key, layout = string.sub(stored, 3 + 8 * n), n = n, till = 0, new = true, dirty = false, renewed = false, past = false,
      written = false, names = false, gone = false, struct.unpack(S.doubles(n), stored, 3),
    }
  end,

  -- The shelf of a sheet, which stands as the sheet says, or whose places the sheet learns.
  shelf_of = function(S, sheet, i, key, layout)
    local shelves, D, takes = sheet.house.shelves, sheet.D, sheet.takes
    local T, till, lives_till = shelves[key], S.now + D[sheet.lives + 2 * i], D[sheet.lives + 2 * i + 1]
    if not T then
      T = S.read_shelf(S, key)
      shelves[key] = T
    end
    sheet[i] = T
    if till > T.till then T.till = till end
    if lives_till > T.till then T.till = lives_till end
    if T.layout ~= layout and string.find(T.layout, layout, 1, true) ~= 1 then
      -- Not as often as two kinds of sheets may come in turn, and only while no other sheet has its places on it.
      if takes and T.new and math.abs(S.now - T[LAID]) >= LAY_EVERY then S.lay(S, T, layout) else S.place(S, sheet, i, layout) end
    end
    T.new = false
  end,

  -- A sheet: [i] the shelf i; of each claim in B, from 1 on, how it says AT_…; D numbers.
  open = function(S, bytes, takes)
    local sheet = S.sheets[bytes]
    if sheet then return sheet end
    local claims, shelves, gives, spans, amounts = string.byte(bytes, 1, 5)
    local last, numbers = PER_CLAIM * claims, FIRST_SPAN - 1 + 2 * (spans + shelves)
    local D = { struct.unpack(S.doubles(numbers), bytes, 6 + last) }
    local N = { struct.unpack(S.texts_of(1 + 2 * shelves), bytes, 6 + last + 8 * numbers) }
    sheet = {
      false, false, false, false,
      house = S.house_of(S, N[1]), bytes = bytes, prefix = N[1], B = { string.byte(bytes, 6, 5 + last) }, last = last, D = D,
      lease = D[1], window = D[2], full = D[3], lives = FIRST_SPAN - 2 + 2 * spans, amounts = amounts,
      releases = gives % 2 == 1, lingers = gives >= 2, takes = takes, limits = false, limits_at = N[2 * shelves + 2],
    }
    for i = 1, shelves do S.shelf_of(S, sheet, i, N[2 * i], N[2 * i + 1]) end
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
      sheet.limits = { struct.unpack(S.doubles((#sheet.bytes + 1 - sheet.limits_at) / 8), sheet.bytes, sheet.limits_at) }
    end
    return sheet.limits
  end,

  shelf_format = function(S, n)
    local format = S.shelf_formats[n]
    if not format then
      format = '<H' .. string.rep('d', n) .. 'c0'
      S.shelf_formats[n] = format
    end
    return format
  end,

  save = function(S, T)
    if not T.dirty and not T.renewed then return end
    local n, extends = T.n, T.till > T[ENDS]
    if extends then T[ENDS] = T.till + SLACK end
    T[n + 1] = T.layout
    local packed = struct.pack(S.shelf_format(S, n), n, unpack(T, 1, n + 1))
    if T.written then
      local args = { 'v', packed }
      for p in pairs(T.written) do
        args[#args + 1] = '~' .. S.names_of(S, T)[p]
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
