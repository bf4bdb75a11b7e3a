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
      member, labels, size, sum_count, record_fields, fixed, trailer_bytes, tail_records, update_bytes, record, trailer, from
    count, members, lateness, retention, most, ttl, set, at = su('<ddddddd', text, at)
    sum, has_present, squares, sums_bytes, highest, lowest, member, labels, at = su('<dddddddd', text, at)
    size, sum_count, record_fields, fixed, trailer_bytes, tail_records, update_bytes, at = su('<ddddddd', text, at)
    record, trailer, from, at = su('<I4c0I4c0I4c0', text, at)
    local windows = {}
    for w = 1, count do windows[w], at = read_window(text, at, sums_bytes > 0) end
    layouts[#layouts + 1] = {
      windows = windows, members = members, lateness = lateness, retention = retention, most = most, ttl = ttl, set = set,
      sum = present(sum), present = present(has_present), squares = present(squares), sums_bytes = sums_bytes,
      max = present(highest), min = present(lowest), member = member, member_field = record_fields - 3 * members,
      labels = labels == 1, companion = members > 0 or labels == 1, absent = false,
      size = size, sum_count = sum_count, record_fields = record_fields, trailer = trailer_bytes,
      dropped = fixed, expires = fixed + 1, first = fixed + 2, count = fixed + 3, set_at = fixed + 4, fields = fixed + 4,
      tail = tail_records, tail_from = from, update_bytes = update_bytes,
      -- the newest record and the trailer are read, kept (in `v`) and written as one
      record_format = '<' .. record, trailer_format = '<' .. trailer, format = '<' .. record .. trailer,
    }
  end
  return layouts
end
