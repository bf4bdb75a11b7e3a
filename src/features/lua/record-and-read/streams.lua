-- What a call is told of the streams (redis-streams.ts).

local function numbers(text, at, count)
  local list = {}
  for i = 1, count do list[i] = su('<d', text, at + (i - 1) * 8) end
  return list
end

local function present(number) return number > 0 and number or nil end

-- One constructor a table: one that grows field by field is copied five times.
local function read_window(text, at, has_sums)
  local ms, delay, excludes, plain, columns, lo, hi, highest, lowest, distinct, after = su('<dddddddddd', text, at)
  local delayed = hi > 0
  return {
    ms = ms, delay = delay, excludes = excludes == 1, plain = plain == 1, columns = columns, evaluated = false,
    lo = lo, lo_time = lo + 1, lo_sums = has_sums and lo + 2,
    hi = present(hi), hi_time = delayed and hi + 1, hi_before = delayed and hi + 2, hi_sums = delayed and has_sums and hi + 3,
    max = present(highest), min = present(lowest), distinct = distinct,
  }, after
end

local function read_layouts(text)
  local layouts, at = {}, 1
  while at <= #text do
    local count, members, lateness, retention, most, ttl, set, sum, has_present, squares, sums_bytes, highest, lowest,
      member, labels, size, sum_count, record_fields, special, plain_at, special_bytes, edge_bytes, read, update_bytes, net,
      record, specials, edge, from
    count, members, lateness, retention, most, ttl, set, at = su('<ddddddd', text, at)
    sum, has_present, squares, sums_bytes, highest, lowest, member, labels, at = su('<dddddddd', text, at)
    size, sum_count, record_fields, special, plain_at, special_bytes, edge_bytes, read, update_bytes, net, at = su('<dddddddddd', text, at)
    record, specials, edge, from, at = su('<I4c0I4c0I4c0I4c0', text, at)
    local windows = {}
    for w = 1, count do windows[w], at = read_window(text, at, sums_bytes > 0) end
    layouts[#layouts + 1] = {
      windows = windows, members = members, lateness = lateness, retention = retention, most = most, ttl = ttl, set = set,
      sum = present(sum), present = present(has_present), squares = present(squares), sums_bytes = sums_bytes,
      max = present(highest), min = present(lowest), member = member, member_field = record_fields - 3 * members,
      net = net == 1, labels = labels == 1, companion = members > 0 or labels == 1, absent = false,
      size = size, sum_count = sum_count, record_fields = record_fields,
      -- windows that always keep their edges, then the plain ones
      special = special, plain = count - special, plain_at = plain_at, special_bytes = special_bytes,
      edge_bytes = edge_bytes, edge_fields = sums_bytes > 0 and 3 or 2,
      read = read, tail_from = from, update_bytes = update_bytes,
      record_format = '<' .. record, record = record, specials = specials, edge = edge, edge_head = '<' .. edge .. 'I4', shapes = {},
    }
  end
  return layouts
end

-- A log that keeps the edges of `count` plain windows. The newest record and the trailer are read, kept (in `v`) and written
-- as one.
local function make_shape(count)
  local bytes = L.special_bytes + count * L.edge_bytes + FIXED
  local trailer = L.specials .. rep(L.edge, count) .. 'ddI4I4I4'
  local shape = {
    bytes = bytes, fields = L.plain_at - 1 + count * L.edge_fields,
    format = '<' .. L.record .. trailer, trailer_format = '<' .. trailer,
    -- records that whoever reads next is sure to see
    view = floor((L.read - bytes) / L.size),
  }
  L.shapes[count] = shape
  return shape
end

-- A library sees the same streams in every call: parsing three of them takes 20 µs.
local known_layouts, layouts_known = {}, 0
local MOST_LAYOUTS = 16

local function layouts_of(text)
  local layouts = known_layouts[text]
  if layouts then return layouts end
  if layouts_known >= MOST_LAYOUTS then known_layouts, layouts_known = {}, 0 end
  layouts = read_layouts(text)
  known_layouts[text], layouts_known = layouts, layouts_known + 1
  return layouts
end
