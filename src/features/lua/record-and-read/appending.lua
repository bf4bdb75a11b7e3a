-- Adds an event in order.

-- The Fenwick column of a new last record.
local function fenwick(value, column, sign)
  local number = first + n + 1
  local step, best = 1, value
  while number % (step * 2) == 0 do
    if n - step < 0 then break end
    local s, p = at(n - step)
    local child = su('<d', s, p + column)
    if child ~= NONE and (best == NONE or sign * child > sign * best) then best = child end
    step = step * 2
  end
  return best
end

-- Keeps the cached extreme of a window that is now [lo, hi); `from` is where the entering records begin.
local function move_extreme(slot, column, sign, lo, from, hi)
  local holder, best = v[slot], v[slot + 1]
  if best == NONE or holder < first + lo then
    best, holder = range_extreme(lo, hi, column, sign)
    if holder == NONE then holder = 0 end
  else
    for i = from, hi - 1 do
      local x = value_at(i)
      if x ~= NONE and sign * x >= sign * best then best, holder = x, first + i end
    end
  end
  v[slot], v[slot + 1] = holder, best
end

local function include_extreme(slot, sign, value)
  if value ~= NONE and (v[slot + 1] == NONE or sign * value >= sign * v[slot + 1]) then
    v[slot], v[slot + 1] = first + n, value
  end
end

-- Moves a window with a delay, an exclusion, extremes or distinct counts to the event at t, which becomes record n.
local function move_window(window, t, last, value, members, previous, old_sums)
  local lo, hi = v[window.lo], n
  local edge, base, distinct = t - window.delay, first + 1, window.distinct - 1
  local start = edge - window.ms
  local from = n
  if window.hi then
    from = v[window.hi]
    hi = from
    while hi < n and v[window.hi_time] <= edge do
      if L.sums_bytes > 0 then v[window.hi_sums] = raw_sums(hi) end
      hi = hi + 1
      v[window.hi_before] = v[window.hi_time]
      v[window.hi_time] = hi < n and time_at(hi) or t
    end
    if hi == n then v[window.hi_time] = t end
    v[window.hi] = hi
  elseif window.excludes then
    from = max(0, n - 1)
  end
  for c = 1, window.columns do
    for i = from, hi - 1 do
      local h, pv = member_at(i, c)
      if h ~= 0 and pv - base < lo then v[distinct + c] = v[distinct + c] + 1 end
    end
  end
  if lo < hi and v[window.lo_time] <= start then
    if not window.hi and last <= start then
      lo = n
      for c = 1, window.columns do v[distinct + c] = 0 end
    else
      local time
      repeat
        for c = 1, window.columns do
          local h, _, nx = member_at(lo, c)
          if h ~= 0 and (nx == 0 or nx - base >= hi) then v[distinct + c] = v[distinct + c] - 1 end
        end
        lo = lo + 1
        time = lo < n and time_at(lo) or t
      until lo >= hi or time > start
      v[window.lo_time] = time
      if L.sums_bytes > 0 then v[window.lo_sums] = raw_sums(lo - 1) end
    end
    v[window.lo] = lo
  end
  if lo == n then
    v[window.lo], v[window.lo_time] = n, t
    if L.sums_bytes > 0 then v[window.lo_sums] = old_sums end
  end
  if window.max then move_extreme(window.max, L.max, 1, lo, from, hi) end
  if window.min then move_extreme(window.min, L.min, -1, lo, from, hi) end
  if window.hi or window.excludes then return end
  if window.max then include_extreme(window.max, 1, value) end
  if window.min then include_extreme(window.min, -1, value) end
  for c = 1, window.columns do
    if members[c] ~= 0 and previous[c] - base < lo then v[distinct + c] = v[distinct + c] + 1 end
  end
end

-- The same for the edge of a plain window w that holds the last record: it is passed by none, by one, by few.
local function move_edge(w, o, start)
  local lo = v[o]
  local s, p = edge_at(lo, w)
  local passed, passed_at, time
  repeat
    passed, passed_at = s, p
    lo, p = lo + 1, p + R
    if p + R > #s + 1 then s, p = edge_at(lo, w) end
    time = su('<d', s, p)
  until time > start
  v[o], v[o + 1] = lo, time
  if L.sums_bytes > 0 then v[o + 2] = sub(passed, passed_at + 16, passed_at + 15 + L.sums_bytes) end
end

-- The edge of plain window w, looked for from record `from` backwards.
local function find_edge(w, start, from)
  local o, lo = L.windows[w].lo, max(0, from)
  while lo > 0 and time_at(lo - 1) > start do lo = lo - 1 end
  v[o], v[o + 1] = lo, lo < n and time_at(lo) or NEVER
  if L.sums_bytes > 0 then v[o + 2] = raw_sums(lo - 1) end
end

-- Forgets the edges that whoever reads `count` records next will see: one a time, so that the log does not get shorter.
local function forget_edges(count)
  while edges > 0 and edges >= stored do
    local shape = L.shapes[edges - 1] or make_shape(edges - 1)
    if v[L.windows[L.special + edges].lo] <= count - shape.view then return end
    edges = edges - 1
  end
end

-- Keeps the edges that whoever reads `count` records next might not see, the newest of them at t.
local function settle_edges(t, count)
  forget_edges(count)
  while edges < L.plain do
    local shape = L.shapes[edges] or make_shape(edges)
    local oldest, start = count - shape.view, t - L.windows[L.special + edges + 1].ms
    if oldest < 0 or time_at(oldest) <= start then return end
    edges = edges + 1
    find_edge(L.special + edges, start, oldest)
  end
end

-- Moves the plain windows' edges to the event at t, which becomes record n.
local function move_edges(t, last)
  local windows, special = L.windows, L.special
  local kept_ones = special + edges
  for w = special + 1, kept_ones do
    local window = windows[w]
    local o, start = window.lo, t - window.ms
    if v[o + 1] <= start then
      if last > start then move_edge(w, o, start)
      else
        -- this one and the narrower ones hold the event alone
        local sums = L.sums_bytes > 0 and raw_sums(n - 1)
        for narrower = w, kept_ones do
          o = windows[narrower].lo
          v[o], v[o + 1] = n, t
          if sums then v[o + 2] = sums end
        end
        break
      end
    end
  end
  settle_edges(t, n + 1)
end

-- The trailer's last fields behind those of the edges; answers its shape.
local function close_trailer(count)
  local shape = L.shapes[edges] or make_shape(edges)
  local f = shape.fields
  v[f + 1], v[f + 2], v[f + 3], v[f + 4], v[f + 5] = dropped, expires, first, count, L.set * 256 + edges + (flagged and FLAG or 0)
  return shape, f + 5
end

-- The amount into the sums among the fields of a record.
local function add_amount(fields, value, q_low, q_high)
  if not L.sum or value == NONE then return end
  local room, sum = WRAP - value, fields[3]
  if sum >= room then fields[3], fields[4] = sum - room, fields[4] + 1 else fields[3] = sum + value end
  if L.sum_count == 2 then return end
  local k = 5
  if L.present then fields[5], k = fields[5] + 1, 6 end
  if L.squares then
    local carry, more
    fields[k], carry = add_wrapping(fields[k], q_low)
    fields[k + 1], more = add_wrapping(fields[k + 1], carry)
    fields[k + 2] = fields[k + 2] + more
    fields[k + 1], more = add_wrapping(fields[k + 1], q_high)
    fields[k + 2] = fields[k + 2] + more
  end
end

local function refresh_expiry(created)
  local renewed = now + L.ttl
  if not created and renewed - expires <= L.ttl / 16 then return end
  expires = renewed
  return L.ttl
end

-- Numbers + 1 of the members' newest records, 0 where there is none, and the members' fields in the index.
local function newest_records(members, created)
  local previous, fields = {}, {}
  for c = 1, L.members do fields[c] = index_field(c, members[c]) end
  if created then
    for c = 1, L.members do previous[c] = 0 end
    frauds = ''
    return previous, fields
  end
  if L.members == 1 and not L.labels then
    local number = members[1] ~= 0 and call('HGET', index_key, fields[1])
    number = number and su('<I4', number) or 0
    previous[1] = number > first and number or 0
    return previous, fields
  end
  if L.labels then fields[L.members + 1] = 'f' end
  local known = call('HMGET', index_key, unpack(fields))
  for c = 1, L.members do
    local number = known[c] and su('<I4', known[c]) or 0
    previous[c] = number > first and number or 0
  end
  if L.labels then frauds = known[L.members + 1] or '' end
  return previous, fields
end

-- Puts the new record's members into the index, and its number into the records that were their newest before. Answers
-- the record before it when that is one of them: it is written together with the new one.
local function link_members(members, previous, fields, created)
  local number, newest, last = first + n + 1, {}, first + n
  local raw = sp('<I4', number)
  -- there from the first record on, so that both keys of a log live, move and expire together
  if created then newest[1], newest[2] = '', '0' end
  local is_last = false
  for c = 1, L.members do
    if members[c] ~= 0 then
      newest[#newest + 1], newest[#newest + 2] = fields[c], raw
      if previous[c] == last then is_last = true
      elseif previous[c] ~= 0 then
        call('SETRANGE', key, word((previous[c] - first) * R + L.member + (c - 1) * 16 + 12), raw)
      end
    end
  end
  if #newest > 0 then call('HSET', index_key, unpack(newest)) end
  if not is_last then return end
  for c = 1, L.members do
    if members[c] ~= 0 and previous[c] == last then v[L.member_field + c * 3] = number end
  end
  return sp(L.record_format, unpack(v, 1, L.record_fields))
end

-- The event is the newest. Moves each window's edges to it, writes its record and the trailer in one go.
local function append(t, id, value, q_low, q_high, members, created, last)
  make_room(t, last)
  local ttl, previous, patched = refresh_expiry(created), NOBODY, nil
  if L.members > 0 then
    local fields
    previous, fields = newest_records(members, created)
    if created then call('DEL', index_key) end
    patched = link_members(members, previous, fields, created)
  elseif created and L.companion then
    call('DEL', index_key)
    call('HSET', index_key, '', '0')
  end
  if L.special > 0 then
    local old_sums = L.sums_bytes > 0 and raw_sums(n - 1)
    for w = 1, L.special do move_window(L.windows[w], t, last, value, members, previous, old_sums) end
  end
  if L.plain > 0 then move_edges(t, last) end
  v[1], v[2] = t, id
  add_amount(v, value, q_low, q_high)
  if L.net then v[6] = currency end
  local field = 3 + L.sum_count
  if L.max then v[field], field = fenwick(value, L.max, 1), field + 1 end
  if L.min then v[field], field = fenwick(value, L.min, -1), field + 1 end
  for c = 1, L.members do
    v[field], v[field + 1], v[field + 2], field = members[c], previous[c], 0, field + 3
  end
  local shape, fields = close_trailer(n + 1)
  local written = sp(shape.format, unpack(v, 1, fields))
  if created then call('SET', key, tail .. written, 'PX', ttl)
  elseif patched then call('SETRANGE', key, word(n * R), patched .. written)
  else call('SETRANGE', key, word((n + 1) * R), written) end
  if ttl and not created then call('PEXPIRE', key, ttl) end
  if ttl and L.companion then call('PEXPIRE', index_key, ttl) end
  replies[answered + 1], replies[answered + 2] = created and '' or tail, written
  return 0
end
