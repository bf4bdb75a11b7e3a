-- One update of one log: what the event is to it, and the reply.

-- The fields of a log that has no record yet: a sentinel record and no edge of a plain window.
local function fresh_fields()
  local fields = {}
  for i = 1, L.plain_at - 1 do fields[i] = 0 end
  for w = 1, L.special do
    local window = L.windows[w]
    if L.sums_bytes > 0 then
      fields[window.lo_sums] = rep('\0', L.sums_bytes)
      if window.hi then fields[window.hi_sums] = fields[window.lo_sums] end
    end
    if window.max then fields[window.max + 1] = NONE end
    if window.min then fields[window.min + 1] = NONE end
  end
  return fields
end

-- Of the log that an event was just taken out of: its key and per window with columns its distinct counts (withdrawing.lua).
local known_counts

-- The distinct count of a column in [lo, hi): from nothing, or, where a hash has an entry for each member, from all there are.
local function count_distinct(column, lo, hi, whole)
  if whole and lo + n - hi < hi - lo then return distinct_between(column, 0, n, whole, lo, hi) end
  return distinct_between(column, lo, lo, 0, lo, hi)
end

-- A trailer of the same log with other windows: finds this set's edges, extremes and counts anew, as of the newest event.
local function adopt_windows(text)
  local old_first, old_count = su('<I4I4', text, #text - 11)
  local records_end = (old_count + 1) * R
  dropped, expires = su('<dd', call('GETRANGE', key, -FIXED, -1))
  n, first, span_from, span_to, tail, tail_end = old_count, old_first, -2, -2, '', -1
  if n == 0 then
    -- its only event was replaced
    v, edges, stored = fresh_fields(), 0, 0
    local shape, fields = close_trailer(0)
    text = rep('\0', R) .. sp(shape.trailer_format, unpack(v, L.record_fields + 1, fields))
    call('SET', key, text, 'KEEPTTL')
    return text
  end
  local counts, whole = known_counts and known_counts.key == key and known_counts, nil
  known_counts = nil
  if not counts and L.members == 1 then
    whole = call('HLEN', index_key) - call('HEXISTS', index_key, '') - call('HEXISTS', index_key, 'f')
  end
  v, edges, stored = {}, L.plain, 0
  for i = 1, L.plain_at - 1 + L.plain * L.edge_fields do v[i] = 0 end
  local newest = time_at(n - 1)
  for w = 1, #L.windows do
    local window = L.windows[w]
    local edge = newest - window.delay
    local hi = window.excludes and n - 1 or n
    if window.hi then hi = upper(edge, 0, n, nil) end
    if window.hi and hi == n then hi = n - 1 end
    local lo = upper(edge - window.ms, 0, hi, nil)
    local function put(position, sums_place)
      if L.sums_bytes > 0 then v[sums_place] = raw_sums(position - 1) end
    end
    v[window.lo], v[window.lo_time] = lo, time_at(lo)
    put(lo, window.lo_sums)
    if window.hi then
      v[window.hi], v[window.hi_time], v[window.hi_before] = hi, time_at(hi), time_at(hi - 1)
      put(hi, window.hi_sums)
    end
    if window.max then v[window.max + 1], v[window.max] = range_extreme(lo, hi, L.max, 1) end
    if window.min then v[window.min + 1], v[window.min] = range_extreme(lo, hi, L.min, -1) end
    for _, slot in ipairs({ window.max or false, window.min or false }) do
      if slot and v[slot] == NONE then v[slot] = 0 end
    end
    for c = 1, window.columns do
      v[window.distinct + c - 1] = counts and counts[w][c] or count_distinct(c, lo, hi, whole)
    end
  end
  forget_edges(n)
  local shape, fields = close_trailer(n)
  local last_ones = call('GETRANGE', key, max(0, records_end - shape.view * R), records_end - 1)
  local trailer = sp(shape.trailer_format, unpack(v, L.record_fields + 1, fields))
  if call('STRLEN', key) <= records_end + #trailer then call('SETRANGE', key, records_end, trailer)
  else
    call('SET', key, call('GETRANGE', key, 0, records_end - 1), 'KEEPTTL')
    call('APPEND', key, trailer)
  end
  return last_ones .. trailer
end

-- Reads the log's newest records and trailer; answers whether it is new. Without fields when it is, and what it answers to
-- an event that does not belong to it is known.
local function open_for_update(belongs)
  R, span_from, span_to, frauds = L.size, -2, -2, nil
  kept = kept_of[key]
  if kept == nil then kept_of[key] = false
  elseif not kept then
    kept = {}
    kept_of[key] = kept
  end
  flagged = false
  tail = call('GETRANGE', key, L.tail_from, '-1')
  if tail == '' then
    frauds, v = '', nil
    if L.absent and not belongs then return true end
    v, n, first, edges, stored, dropped, expires = fresh_fields(), 0, 0, 0, 0, NEVER, 0
    tail, tail_end = rep('\0', R), R + 1
    return true
  end
  local mark = su('<I4', tail, #tail - 3)
  if mark >= FLAG then flagged, mark = true, mark - FLAG end
  edges = mark % 256
  if mark - edges ~= L.set * 256 then
    tail = adopt_windows(tail)
    edges = su('<I4', tail, #tail - 3) % 256
  end
  stored = edges
  local shape = L.shapes[edges] or make_shape(edges)
  tail_end = #tail - shape.bytes + 1
  v = { su(shape.format, tail, tail_end - R) }
  local f = shape.fields
  dropped, expires, first, n = v[f + 1], v[f + 2], v[f + 3], v[f + 4]
  return false
end

-- Position of the record with this time and id before `place`.
local function known_record(place, t, id)
  local i = place - 1
  while i >= 0 do
    local s, p = at(i)
    local time, other = su('<dd', s, p)
    if time ~= t then return end
    if other == id then return i end
    i = i - 1
  end
end

-- Answers the status; the reply goes behind the others.
local function update(belongs, t, id, value, q_low, q_high, members)
  local created = open_for_update(belongs)
  if not v then
    replies[#replies + 1] = L.absent
    return 4
  end
  local newest = n > 0 and v[1] or NEVER
  local replaced = flagged and belongs and is_replaced(id)
  if belongs and t > newest and not replaced then return append(t, id, value, q_low, q_high, members, created, newest) end
  -- from here on every window has its edge in hand, as of the newest event
  for w = L.special + edges + 1, #L.windows do find_edge(w, newest - L.windows[w].ms, n - 1) end
  edges = L.plain
  local place = n
  if t < newest then place = upper(t, 0, n, n - 1) end
  local status, before, ends, virtual = 4, place, place, false
  if belongs then
    local known = known_record(place, t, id)
    if replaced then
      status = 2
    elseif known then
      status, before, ends = 2, known, known + 1
    elseif t == newest then
      return append(t, id, value, q_low, q_high, members, created, newest)
    else
      status, virtual = 1, true
      if t < newest - L.lateness then status = 3 end
    end
  end
  local from = #replies + 1
  replies[from] = sp('<d', dropped)
  evaluate(before, ends, virtual, t, members)
  local text = concat(replies, '', from)
  for piece = #replies, from + 1, -1 do replies[piece] = nil end
  replies[from] = text
  if created then L.absent = text end
  if status == 1 then insert_late(place, t, id, value, q_low, q_high, members, newest) end
  return status
end

-- Transactions of each window that count as fraud at the event's time.
local function count_frauds(t)
  if not frauds then frauds = call('HGET', index_key, 'f') or '' end
  local counts = {}
  if frauds == '' then return rep('\0', 4 * #L.windows) end
  for w = 1, #L.windows do
    local edge = t - L.windows[w].delay
    local start, count = edge - L.windows[w].ms, 0
    for place = 1, #frauds, 32 do
      local time, _, from, to = su('<dddd', frauds, place)
      if time > start and time <= edge and from <= t and t < to then count = count + 1 end
    end
    counts[w] = sp('<I4', count)
  end
  return concat(counts)
end
