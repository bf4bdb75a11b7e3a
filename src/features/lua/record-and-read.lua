-- Adds events to packed prefix-sum logs, each at most once, and answers every window as of each event's arrival.
--
-- Guarantee: one event with one (time, id) is in a log at most once, however often this runs; a repeat changes nothing and
--   is answered as of its own place. Logs expire after their retention, counted from the last write.
-- KEYS     per update: the log, and for a log with member columns or labels its companion hash: members' newest records
--          (field u8 column, f64 hash), and the frauds in field "f" (apply-frauds.lua)
-- ARGV[1]  f64 wall clock in ms
-- ARGV[2]  the streams: per stream f64 × (flags, members, windows, lateness, retention, most records, time to live, id of
--          the set of windows), then f64 × (window, delay, flags: 1 without the current event, 2 max, 4 min, 8 distinct)
--          per window, the widest first.
--          flags: 1 value, 2 present counts, 4 squares, 8 max, 16 min, 32 labels
-- ARGV[3]  the updates: f64 × (stream, belongs, time, id, value or −1), with squares f64 × (low, high), f64 hash a column;
--          stream −1 stands for the customer's profile, right after the log of all the customer's transactions, which
--          tells what is a repeat: f64 × (−1, time, amount or −1, event of interest or −1, hour of the week, latitude,
--          longitude, learns payees, six hashes); its one key is the profile, its reply u32 length and the
--          state before the event. −2 takes an event out of a log again: f64 × (−2, stream, time, id, 0), reply u8 1 or 0
-- Reply    one string, per update u8 status (0 in order, 1 late, 2 repeat, 3 too late, 4 does not belong), then
--          in order: time, id and sums of the record before, the record, the trailer; otherwise f64 droppedMs and the windows (see `evaluate`);
--          with labels then u32 frauds per window
--
-- A log is one string: a sentinel record (the sums before the first), the records in order of time, the trailer.
-- Record:  f64 time, f64 id, [f64 sum modulo 2^53, u32 wraps], [u32 present], [f64, f64, u32 squares], [f64 max], [f64 min],
--          per member column f64 hash, u32 previous, u32 next (absolute record number + 1, 0 = none)
-- Trailer: per window u32 lo, f64 time at lo, sums before lo, [delayed: u32 hi, f64 time at hi, f64 time before hi,
--          sums before hi],
--          [u32 record, f64 max], [u32 record, f64 min], [u32 distinct a column]; then f64 droppedMs, f64 expires at,
--          u32 first, u32 count, u32 id of the set of windows.
-- The trailer stands at the end so that a record and the new trailer are one write. Record numbers and columns mean the
-- same as in packed-log.ts, which is this algorithm in TypeScript and has the explanation.

local call, su, sp = redis.call, struct.unpack, struct.pack
local floor, min, max, sub, rep, concat = math.floor, math.min, math.max, string.sub, string.rep, table.concat
local WRAP, NONE = 9007199254740992, -1
local NEVER = -math.huge
local NEAR = 3 -- records read behind the one asked for; where one goes on beside them, AHEAD
local AHEAD = 16
-- records read together with the trailer: a string of n bytes costs about n ns each time it is made
local TAIL, TAIL_BYTES, TAIL_RECORDS = 8, 256, 3
local NOBODY = {}
local COMPACT_FROM = 16
local now = su('<d', ARGV[1])

-- ── layouts ──────────────────────────────────────────────────────────────────────────────────────────────────────────

local function numbers(text, at, count)
  local list = {}
  for i = 1, count do list[i] = su('<d', text, at + (i - 1) * 8) end
  return list
end

local function read_layouts(text)
  local layouts, at = {}, 1
  while at <= #text do
    local f = numbers(text, at, 8)
    at = at + 64
    local flags = f[1]
    local function has(bit) return floor(flags / bit) % 2 == 1 end
    local L = { members = f[2], windows = {}, lateness = f[4], retention = f[5], most = f[6], ttl = f[7], set = f[8] }
    local record, sum_count, record_fields = 'dd', 0, 2
    local size = 16
    local function column(format, bytes, fields, is_sum)
      local place = size
      record, size, record_fields = record .. format, size + bytes, record_fields + fields
      if is_sum then sum_count = sum_count + fields end
      return place
    end
    if has(1) then L.sum = column('dI4', 12, 2, true) end
    if has(2) then L.present = column('I4', 4, 1, true) end
    if has(4) then L.squares = column('ddI4', 20, 3, true) end
    L.sums_bytes = size - 16
    if has(8) then L.max = column('d', 8, 1) end
    if has(16) then L.min = column('d', 8, 1) end
    L.member, L.member_field = size, record_fields
    for _ = 1, L.members do column('dI4I4', 16, 3) end
    L.labels = has(32)
    L.companion = L.members > 0 or L.labels
    L.record_format, L.size, L.sum_count, L.record_fields = '<' .. record, size, sum_count, record_fields
    -- a window keeps the sums before it as they stand in the record: most are only carried along
    local raw_sums = L.sums_bytes > 0 and 'c' .. L.sums_bytes or ''
    local raw_count = L.sums_bytes > 0 and 1 or 0
    local trailer, slot = '', record_fields + 1
    local function field(format, count)
      local place = slot
      trailer, slot = trailer .. format, slot + count
      return place
    end
    for w = 1, f[3] do
      local n = numbers(text, at, 3)
      at = at + 24
      local function wants(bit) return floor(n[3] / bit) % 2 == 1 end
      local window = { ms = n[1], delay = n[2], excludes = wants(1), columns = wants(8) and L.members or 0 }
      window.plain = n[2] == 0 and n[3] == 0
      -- of a reply that is not in order
      window.evaluated = '<I4I4dd' .. raw_sums .. raw_sums .. (wants(2) and 'd' or '') .. (wants(4) and 'd' or '')
      window.lo = field('I4', 1)
      window.lo_time = field('d', 1)
      window.lo_sums = field(raw_sums, raw_count)
      if window.delay > 0 then
        window.hi = field('I4', 1)
        window.hi_time = field('d', 1)
        window.hi_before = field('d', 1)
        window.hi_sums = field(raw_sums, raw_count)
      end
      if wants(2) then window.max = field('I4d', 2) end
      if wants(4) then window.min = field('I4d', 2) end
      window.distinct = field(rep('I4', window.columns), window.columns)
      L.windows[w] = window
    end
    L.dropped, L.expires, L.first, L.count = field('d', 1), field('d', 1), field('I4', 1), field('I4', 1)
    L.set_at = field('I4', 1)
    -- the newest record and the trailer are read, kept (in `v`) and written as one
    L.trailer_format, L.format, L.fields = '<' .. trailer, '<' .. record .. trailer, slot - 1
    L.trailer = 28
    for w = 1, f[3] do
      local window = L.windows[w]
      L.trailer = L.trailer + 12 + L.sums_bytes + (window.hi and 20 + L.sums_bytes or 0)
        + (window.max and 12 or 0) + (window.min and 12 or 0) + 4 * window.columns
    end
    -- as a text: a number among a call's arguments costs 0.2 µs to print
    L.tail = max(TAIL_RECORDS, min(TAIL, floor(TAIL_BYTES / size)))
    L.tail_from = string.format('%d', -(L.trailer + L.tail * size))
    L.update_bytes = 40 + (L.squares and 16 or 0) + 8 * L.members
    layouts[#layouts + 1] = L
  end
  return layouts
end

-- ── the log in hand ──────────────────────────────────────────────────────────────────────────────────────────────────

local key, index_key, L, R -- R: bytes of a record
local tail, tail_end -- the last records, and the position after them in `tail`
local span, span_from, span_to -- the last records read beside those: [span_from, span_to)
-- a log that comes again in one call (a popular merchant) reads ahead at each plain window's edge: per window three entries,
-- from, to and the records, of which times and sums alone are looked at; false: came once
local kept_of, kept = {}, nil
local n, first
local v -- the fields of the newest record, then the trailer's
local frauds -- the companion's field "f" where it was read already
local replies = {}

-- String and position of record i (−1: the sentinel).
local function at(i)
  local p = tail_end - (n - i) * R
  if p >= 1 then return tail, p end
  if i < span_from or i >= span_to then
    if i == span_to then span_from, span_to = i, i + AHEAD
    elseif i == span_from - 1 then span_from, span_to = max(-1, i - AHEAD + 1), i + 1
    else span_from, span_to = max(-1, i - 1), i + 1 + NEAR end
    span = call('GETRANGE', key, (span_from + 1) * R, (span_to + 1) * R - 1)
  end
  return span, (i - span_from) * R + 1
end

-- The same at the edge of plain window w.
local function edge_at(i, w)
  local p = tail_end - (n - i) * R
  if p >= 1 then return tail, p end
  if not kept then return at(i) end
  local k = 3 * w
  local s = kept[k]
  if not s or i < kept[k - 2] or i >= kept[k - 1] then
    local to = min(i + AHEAD, n)
    s = call('GETRANGE', key, (i + 1) * R, (to + 1) * R - 1)
    kept[k - 2], kept[k - 1], kept[k] = i, to, s
  end
  return s, (i - kept[k - 2]) * R + 1
end

-- Records moved: what was read ahead stands elsewhere now.
local function forget_kept()
  kept_of[key], kept = false, nil
end

-- The cumulative sums of record i, as they stand.
local function raw_sums(i)
  local s, p = at(i)
  return sub(s, p + 16, p + 15 + L.sums_bytes)
end

local function time_at(i)
  local s, p = at(i)
  return (su('<d', s, p))
end

-- First position in [lo, hi) whose time is after t; looks around the hint first.
local function upper(t, lo, hi, hint)
  if hint and hint >= lo and hint < hi then
    local step = 1
    if time_at(hint) <= t then
      lo = hint + 1
      while lo + step - 1 < hi do
        local p = lo + step - 1
        if time_at(p) <= t then lo, step = p + 1, step * 2 else hi = p end
      end
    else
      hi = hint
      while hi - step >= lo do
        local p = hi - step
        if time_at(p) > t then hi, step = p, step * 2 else lo = p + 1 end
      end
    end
  end
  while lo < hi do
    local m = floor((lo + hi) / 2)
    if time_at(m) <= t then lo = m + 1 else hi = m end
  end
  return lo
end

local function add_wrapping(sum, value)
  local room = WRAP - value
  if sum >= room then return sum - room, 1 end
  return sum + value, 0
end

-- −1 when the record has no value.
local function value_at(i)
  local s, p = at(i)
  local q, o = at(i - 1)
  if su('<I4', s, p + L.present) == su('<I4', q, o + L.present) then return NONE end
  local d = su('<d', s, p + L.sum) - su('<d', q, o + L.sum)
  if d < 0 then return d + WRAP end
  return d
end

-- Extreme of [lo, hi) and the oldest absolute record that can hold it, from the Fenwick column. sign: 1 max, −1 min.
local function range_extreme(lo, hi, column, sign)
  local best, holder = NONE, NONE
  local number, stop = first + hi, first + lo
  while number > stop do
    local low, rest = 1, number
    while rest % 2 == 0 do low, rest = low * 2, rest / 2 end
    local value, span
    if number - low >= stop then
      local s, p = at(number - first - 1)
      value, span = su('<d', s, p + column), low
    else
      value, span = value_at(number - first - 1), 1
    end
    if value ~= NONE and (best == NONE or sign * value > sign * best) then best, holder = value, number - span end
    number = number - span
  end
  return best, holder
end

-- hash, previous, next of a member column of record i, as absolute numbers + 1
local function member_at(i, column)
  local s, p = at(i)
  return su('<dI4I4', s, p + L.member + (column - 1) * 16)
end

-- Distinct members of [lo, hi) from the count of [from, to), by what enters and leaves. `next` 0 stands for never.
local function distinct_between(column, from, to, count, lo, hi)
  local base = first + 1
  while from > lo do
    from = from - 1
    local h, _, nx = member_at(from, column)
    if h ~= 0 and (nx == 0 or nx - base >= to) then count = count + 1 end
  end
  while to < hi do
    local h, pv = member_at(to, column)
    if h ~= 0 and pv - base < from then count = count + 1 end
    to = to + 1
  end
  while from < lo do
    local h, _, nx = member_at(from, column)
    if h ~= 0 and (nx == 0 or nx - base >= to) then count = count - 1 end
    from = from + 1
  end
  while to > hi do
    to = to - 1
    local h, pv = member_at(to, column)
    if h ~= 0 and pv - base < from then count = count - 1 end
  end
  return count
end

local function index_field(column, hash) return sp('<I1d', column, hash) end

-- Absolute number + 1 of the member's newest record; 0 when it has none that is still here.
local function newest_of(column, hash)
  local number = call('HGET', index_key, index_field(column, hash))
  number = number and su('<I4', number) or 0
  if number <= first then return 0 end
  return number
end

local function set_newest(column, hash, number)
  call('HSET', index_key, index_field(column, hash), sp('<I4', number))
end

local function cached_hi(window)
  if window.hi then return v[window.hi] end
  if window.excludes then return max(0, n - 1) end
  return n
end

-- ── evaluating without a change ──────────────────────────────────────────────────────────────────────────────────────

local function has_member(column, hash, lo, hi)
  local number = newest_of(column, hash)
  while number - first - 1 >= hi do
    local _, pv = member_at(number - first - 1, column)
    number = pv
  end
  return number ~= 0 and number - first - 1 >= lo
end

-- Replies per window: u32 lo, u32 hi, f64 time of the first and of the last earlier event (−inf: none), the sums before lo and at
-- hi − 1, [f64 max], [f64 min], [u32 distinct a column]. `virtual` adds the event's members to the distinct counts.
local function evaluate(before, ends, virtual, t, members)
  local sums_bytes = L.sums_bytes
  local is_newest = before == n and ends == n and n > 0 and t >= v[1]
  for w = 1, #L.windows do
    local window = L.windows[w]
    local edge = t - window.delay
    local start, cached = edge - window.ms, v[window.lo]
    local hi = window.excludes and before or ends
    if window.hi then hi = upper(edge, 0, before, v[window.hi]) end
    local lo, first_time, last_time = cached, NEVER, NEVER
    local lo_sums, hi_sums
    if is_newest and not window.hi and cached < n and v[window.lo_time] > start then
      -- the cached edge holds: it only moves forward, and has not to
      first_time, last_time = v[window.lo_time], v[1]
      if sums_bytes > 0 then
        lo_sums, hi_sums = v[window.lo_sums], sub(tail, tail_end - R + 16, tail_end - R + 15 + sums_bytes)
      end
    else
      lo = upper(start, 0, hi, cached)
      local previous = min(before, hi)
      if lo < previous then first_time, last_time = time_at(lo), time_at(previous - 1) end
      if sums_bytes > 0 then lo_sums, hi_sums = raw_sums(lo - 1), raw_sums(hi - 1) end
    end
    local max_value, min_value
    if window.max then max_value = range_extreme(lo, hi, L.max, 1) end
    if window.min then min_value = range_extreme(lo, hi, L.min, -1) end
    if sums_bytes == 0 then replies[#replies + 1] = sp('<I4I4dd', lo, hi, first_time, last_time)
    elseif not max_value and not min_value then
      replies[#replies + 1] = sp(window.evaluated, lo, hi, first_time, last_time, lo_sums, hi_sums)
    else
      replies[#replies + 1] =
        sp(window.evaluated, lo, hi, first_time, last_time, lo_sums, hi_sums, max_value or min_value, min_value)
    end
    for c = 1, window.columns do
      local count = distinct_between(c, cached, cached_hi(window), v[window.distinct + c - 1], lo, hi)
      if virtual and not window.hi and not window.excludes and members[c] ~= 0 and not has_member(c, members[c], lo, hi) then
        count = count + 1
      end
      replies[#replies + 1] = sp('<I4', count)
    end
  end
end

-- ── adding ───────────────────────────────────────────────────────────────────────────────────────────────────────────

-- Drops what no event can ask for any more, when the count is a power of two or the cap is met.
local function make_room(newest)
  local full = n >= L.most
  if n % COMPACT_FROM ~= 0 and not full or n < COMPACT_FROM then return 0 end
  if not full then
    local power = n
    while power % 2 == 0 do power = power / 2 end
    if power ~= 1 then return 0 end
  end
  local dead = upper(newest - L.retention, 0, n, L.windows[1] and v[L.windows[1].lo])
  if full then dead = max(dead, math.ceil(L.most / 8)) elseif dead * 4 < n then return 0 end
  v[L.dropped] = max(v[L.dropped], time_at(dead - 1))
  for c = 1, L.members do
    for w = 1, #L.windows do
      local window = L.windows[w]
      local lo, hi = v[window.lo], cached_hi(window)
      local slot = window.distinct + c - 1
      if lo < dead and c <= window.columns then v[slot] = distinct_between(c, lo, hi, v[slot], min(dead, hi), hi) end
    end
    for i = 0, dead - 1 do
      local h, _, nx = member_at(i, c)
      if h ~= 0 and nx == 0 then call('HDEL', index_key, index_field(c, h)) end
    end
  end
  local function sums_before(i, place)
    if L.sums_bytes > 0 then v[place] = raw_sums(i - 1) end
  end
  for w = 1, #L.windows do
    local window = L.windows[w]
    if v[window.lo] < dead then
      v[window.lo], v[window.lo_time] = dead, dead < n and time_at(dead) or NEVER
      sums_before(dead, window.lo_sums)
    end
    if window.hi and v[window.hi] < dead then
      v[window.hi], v[window.hi_time] = dead, dead < n and time_at(dead) or NEVER
      sums_before(dead, window.hi_sums)
    end
    v[window.lo] = v[window.lo] - dead
    if window.hi then v[window.hi] = v[window.hi] - dead end
  end
  local rest = call('GETRANGE', key, dead * R, -1)
  call('SET', key, rest, 'KEEPTTL')
  n, first = n - dead, first + dead
  v[L.first], v[L.count] = first, n
  span_from, span_to = -2, -2
  forget_kept()
  return dead
end

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

-- The same for counts and sums alone: the common window, and the inner loop of everything.
local function move_plain(window, w, t, last, old_sums)
  local o = window.lo
  local lo, start = v[o], t - window.ms
  if lo < n and v[o + 1] <= start then
    if last <= start then
      lo = n
    else
      -- the last record stays inside, so this ends before it
      local s, p = edge_at(lo, w)
      local passed, passed_at, time
      repeat
        passed, passed_at = s, p
        lo, p = lo + 1, p + R
        if p + R > #s + 1 then s, p = edge_at(lo, w) end
        time = su('<d', s, p)
      until time > start
      v[o], v[o + 1] = lo, time
      if old_sums then v[o + 2] = sub(passed, passed_at + 16, passed_at + 15 + L.sums_bytes) end
    end
  end
  if lo == n then
    v[o], v[o + 1] = n, t
    if old_sums then v[o + 2] = old_sums end
  end
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
  local expires = now + L.ttl
  if not created and expires - v[L.expires] <= L.ttl / 16 then return end
  v[L.expires] = expires
  return L.ttl
end

-- Numbers + 1 of the members' newest records; 0 where there is none.
local function newest_records(members, created)
  local previous = {}
  if created then
    for c = 1, L.members do previous[c] = 0 end
    frauds = ''
    return previous
  end
  if L.members == 1 and not L.labels then
    previous[1] = members[1] ~= 0 and newest_of(1, members[1]) or 0
    return previous
  end
  for c = 1, L.members do previous[c] = index_field(c, members[c]) end
  if L.labels then previous[L.members + 1] = 'f' end
  local known = call('HMGET', index_key, unpack(previous))
  for c = 1, L.members do
    local number = known[c] and su('<I4', known[c]) or 0
    previous[c] = number > first and number or 0
  end
  if L.labels then frauds = known[L.members + 1] or '' end
  return previous
end

-- Puts the new record's members into the index, and its number into the records that were their newest before. Answers
-- the record before it when that is one of them: it is written together with the new one.
local function link_members(members, previous, created)
  local number, newest, last = first + n + 1, {}, first + n
  -- there from the first record on, so that both keys of a log live, move and expire together
  if created then newest[1], newest[2] = '', '0' end
  local is_last = false
  for c = 1, L.members do
    if members[c] ~= 0 then
      newest[#newest + 1] = index_field(c, members[c])
      newest[#newest + 1] = sp('<I4', number)
      if previous[c] == last then is_last = true
      elseif previous[c] ~= 0 then
        call('SETRANGE', key, (previous[c] - first) * R + L.member + (c - 1) * 16 + 12, sp('<I4', number))
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
  make_room(t)
  local before, patched = sub(tail, tail_end - R, tail_end - 1), nil
  local ttl = refresh_expiry(created)
  local old_sums = L.sums_bytes > 0 and sub(before, 17, 16 + L.sums_bytes)
  local previous = NOBODY
  if L.members > 0 then
    previous = newest_records(members, created)
    if created then call('DEL', index_key) end
    patched = link_members(members, previous, created)
  elseif created and L.companion then
    call('DEL', index_key)
    call('HSET', index_key, '', '0')
  end
  local windows = L.windows
  for w = 1, #windows do
    local window = windows[w]
    if window.plain then move_plain(window, w, t, last, old_sums)
    else move_window(window, t, last, value, members, previous, old_sums) end
  end
  v[1], v[2] = t, id
  add_amount(v, value, q_low, q_high)
  local field = 3 + L.sum_count
  if L.max then v[field], field = fenwick(value, L.max, 1), field + 1 end
  if L.min then v[field], field = fenwick(value, L.min, -1), field + 1 end
  for c = 1, L.members do
    v[field], v[field + 1], v[field + 2], field = members[c], previous[c], 0, field + 3
  end
  v[L.count] = n + 1
  local written = sp(L.format, unpack(v, 1, L.fields))
  if created then call('SET', key, before .. written, 'PX', ttl)
  elseif patched then call('SETRANGE', key, n * R, patched .. written)
  else call('SETRANGE', key, (n + 1) * R, written) end
  if ttl and not created then call('PEXPIRE', key, ttl) end
  if ttl and L.companion then call('PEXPIRE', index_key, ttl) end
  local count = #replies
  replies[count + 1], replies[count + 2], replies[count + 3] = '\0', sub(before, 1, 16 + L.sums_bytes), written
  return 0
end

-- The records from `place` on with the event among them, of a log with counts and a sum: only the sums change.
local function shift_plain(place, t, id, value)
  local s, p = at(place - 1)
  local new = { su(L.record_format, s, p) }
  new[1], new[2] = t, id
  add_amount(new, value)
  local parts = { sp(L.record_format, unpack(new, 1, L.record_fields)) }
  local shifted = call('GETRANGE', key, (place + 1) * R, (n + 1) * R - 1)
  if not L.sum or value == NONE then return parts[1] .. shifted end
  for q = 1, #shifted, R do
    local sum, wraps = su('<dI4', shifted, q + 16)
    local wrapped
    sum, wrapped = add_wrapping(sum, value)
    parts[#parts + 1] = sub(shifted, q, q + 15)
    parts[#parts + 1] = sp('<dI4', sum, wraps + wrapped)
  end
  return concat(parts)
end

-- The same with every column; answers also the event's record as fields.
local function shift_all(place, t, id, value, q_low, q_high, members)
  local moved = first + place + 1
  local s, p = at(place - 1)
  local fields = { su(L.record_format, s, p) }
  local width = 2 + L.sum_count
  local new = { t, id }
  for k = 3, width do new[k] = fields[k] end
  add_amount(new, value, q_low, q_high)
  local extremes = (L.max and 1 or 0) + (L.min and 1 or 0)
  local records, values = { [place] = new }, {}
  local shifted = call('GETRANGE', key, (place + 1) * R, (n + 1) * R - 1)
  for i = place, n - 1 do
    if extremes > 0 then values[i + 1] = value_at(i) end
    local record = { su(L.record_format, shifted, (i - place) * R + 1) }
    record[#record] = nil
    add_amount(record, value, q_low, q_high)
    records[i + 1] = record
  end
  values[place] = value
  -- links: numbers from `moved` on are one more; a record before them that pointed at one is told
  local member = width + extremes
  local function point(number, column, target)
    if number > first and number < moved then
      call('SETRANGE', key, (number - first) * R + L.member + (column - 1) * 16 + 12, sp('<I4', target))
    end
  end
  for c = 1, L.members do
    local m = member + (c - 1) * 3
    local hash, follower = members[c], nil
    new[m + 1], new[m + 2], new[m + 3] = hash, 0, 0
    for i = place + 1, n do
      local record = records[i]
      local h = record[m + 1]
      if h ~= 0 then
        if record[m + 2] >= moved then record[m + 2] = record[m + 2] + 1
        elseif h == hash and not follower then follower = record
        else point(record[m + 2], c, first + i + 1) end
        if record[m + 3] == 0 then set_newest(c, h, first + i + 1)
        else record[m + 3] = record[m + 3] + 1 end
        if follower == record then new[m + 3] = first + i + 1 end
      end
    end
    if hash ~= 0 then
      if follower then new[m + 2], follower[m + 2] = follower[m + 2], moved
      else
        new[m + 2] = newest_of(c, hash)
        set_newest(c, hash, moved)
      end
      if new[m + 2] <= first then new[m + 2] = 0 end
      point(new[m + 2], c, moved)
    end
  end
  for e = 1, extremes do
    local sign = (L.max and e == 1) and 1 or -1
    local column = sign == 1 and L.max or L.min
    for i = place, n do
      local number, step, best = first + i + 1, 1, values[i]
      while number % (step * 2) == 0 do
        local child = i - step
        if child < 0 then break end
        local x
        if child >= place then x = records[child][width + e]
        else
          local s, p = at(child)
          x = su('<d', s, p + column)
        end
        if x ~= NONE and (best == NONE or sign * x > sign * best) then best = x end
        step = step * 2
      end
      records[i][width + e] = best
    end
  end
  local parts = {}
  for i = place, n do parts[#parts + 1] = sp(L.record_format, unpack(records[i])) end
  return concat(parts), new
end

-- Inserts a late event at its own time: the records after it move up by one and carry its amounts.
local function insert_late(place, t, id, value, q_low, q_high, members, newest)
  forget_kept()
  place = place - make_room(newest)
  if place < 0 then return end
  local base, text, new = first + 1, nil, nil
  if L.members == 0 and L.sum_count <= 2 and not L.max and not L.min then
    text = shift_plain(place, t, id, value)
  else
    text, new = shift_all(place, t, id, value, q_low, q_high, members)
  end
  local member = 2 + L.sum_count + (L.max and 1 or 0) + (L.min and 1 or 0)
  -- the windows as of the newest event
  for w = 1, #L.windows do
    local window = L.windows[w]
    local lo, hi = v[window.lo], cached_hi(window)
    local edge = newest - window.delay
    for _, slot in ipairs({ window.max or false, window.min or false }) do
      if slot and v[slot] - first >= place then v[slot] = v[slot] + 1 end
    end
    local function carry(place_at, position, time_place)
      -- the edge stands at or behind the new record: the sums before it carry it too
      local q = (position - place) * R
      if L.sums_bytes > 0 then v[place_at] = sub(text, q - R + 17, q - R + 16 + L.sums_bytes) end
      v[time_place] = position <= n and su('<d', text, q + 1) or NEVER
    end
    if t <= edge then
      if window.hi then
        v[window.hi] = hi + 1
        carry(window.hi_sums, hi + 1, window.hi_time)
        v[window.hi_before] = su('<d', text, (hi - place) * R + 1)
      end
      if t <= edge - window.ms then
        v[window.lo] = lo + 1
        carry(window.lo_sums, lo + 1, window.lo_time)
      else
        if place == lo then v[window.lo_time] = t end
        for c = 1, window.columns do
          local m = member + (c - 1) * 3
          local nx = new[m + 3]
          if new[m + 1] ~= 0 and new[m + 2] - base < lo and (nx == 0 or nx - base > hi) then
            v[window.distinct + c - 1] = v[window.distinct + c - 1] + 1
          end
        end
        for _, e in ipairs({ window.max and { window.max, 1 } or false, window.min and { window.min, -1 } or false }) do
          if e and value ~= NONE and (v[e[1] + 1] == NONE or e[2] * value > e[2] * v[e[1] + 1]) then
            v[e[1]], v[e[1] + 1] = first + place, value
          end
        end
      end
    elseif window.hi and place == hi then
      v[window.hi_time] = t
      if lo == hi then v[window.lo_time] = t end
    end
  end
  v[L.count] = n + 1
  local ttl = refresh_expiry(false)
  call('SETRANGE', key, (place + 1) * R, text .. sp(L.trailer_format, unpack(v, L.record_fields + 1, L.fields)))
  if ttl then
    call('PEXPIRE', key, ttl)
    if L.companion then call('PEXPIRE', index_key, ttl) end
  end
end

-- ── one update ───────────────────────────────────────────────────────────────────────────────────────────────────────

-- A trailer of the same log with other windows: finds this set's edges, extremes and counts anew, as of the newest event.
local function adopt_windows(text)
  local old_first, old_count = su('<I4I4', text, #text - 11)
  local total = call('STRLEN', key)
  local records_end = (old_count + 1) * R
  local old_trailer = sub(call('GETRANGE', key, records_end, total - 1), -28)
  local dropped, expires = su('<dd', old_trailer)
  n, first, span_from, span_to, tail, tail_end = old_count, old_first, -2, -2, '', -1
  v = {}
  for i = 1, L.fields do v[i] = 0 end
  v[L.dropped], v[L.expires], v[L.first], v[L.count], v[L.set_at] = dropped, expires, first, n, L.set
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
    for c = 1, window.columns do v[window.distinct + c - 1] = distinct_between(c, lo, lo, 0, lo, hi) end
  end
  local kept = call('GETRANGE', key, max(0, records_end - L.tail * R), records_end - 1)
  local trailer = sp(L.trailer_format, unpack(v, L.record_fields + 1, L.fields))
  local rest = call('GETRANGE', key, 0, records_end - 1)
  call('SET', key, rest .. trailer, 'KEEPTTL')
  return kept .. trailer
end

-- The fields of a log that has no record yet: a sentinel record and an empty trailer.
local function fresh_fields()
  local fields = {}
  for i = 1, L.fields do fields[i] = 0 end
  for w = 1, #L.windows do
    local window = L.windows[w]
    if L.sums_bytes > 0 then
      fields[window.lo_sums] = rep('\0', L.sums_bytes)
      if window.hi then fields[window.hi_sums] = fields[window.lo_sums] end
    end
    if window.max then fields[window.max + 1] = NONE end
    if window.min then fields[window.min + 1] = NONE end
  end
  fields[L.dropped], fields[L.set_at] = NEVER, L.set
  return fields
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
  tail = call('GETRANGE', key, L.tail_from, '-1')
  if tail == '' then
    frauds, v = '', nil
    if L.absent and not belongs then return true end
    v, n, first = fresh_fields(), 0, 0
    tail, tail_end = rep('\0', R), R + 1
    return true
  end
  if su('<I4', tail, #tail - 3) ~= L.set then tail = adopt_windows(tail) end
  tail_end = #tail - L.trailer + 1
  v = { su(L.format, tail, tail_end - R) }
  n, first = v[L.count], v[L.first]
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
  if belongs and t > newest then return append(t, id, value, q_low, q_high, members, created, newest) end
  local place = n
  if t < newest then place = upper(t, 0, n, n - 1) end
  local status, before, ends, virtual = 4, place, place, false
  if belongs then
    local known = known_record(place, t, id)
    if known then
      status, before, ends = 2, known, known + 1
    elseif t == newest then
      return append(t, id, value, q_low, q_high, members, created, newest)
    else
      status, virtual = 1, true
      if t < newest - L.lateness then status = 3 end
    end
  end
  local from = #replies + 1
  replies[from] = sp('<I1d', status, v[L.dropped])
  evaluate(before, ends, virtual, t, members)
  if created then L.absent = concat(replies, '', from) end
  if status == 1 then insert_late(place, t, id, value, q_low, q_high, members, newest) end
  return status
end

-- ── the profile: profile-state.ts, in bytes ───────────────────────────────────────────────────────────────────────────

local PROFILE_TTL = 400 * 86400000
local NUMBERS, RING, RING_AT, HOURS_AT, HOURS, KNOWN_AT = 24, 32, 192, 448, 168, 784
local KNOWN_CAPS = { 16, 64, 32, 16, 16, 16 }
local NUMBERS_FORMAT = '<' .. rep('d', NUMBERS)

local function fresh_profile()
  local p = {}
  for i = 1, NUMBERS do p[i] = 0 end
  for i = 3, 15 do p[i] = NEVER end
  p[3], p[6] = math.huge, NONE
  return sp(NUMBERS_FORMAT, unpack(p)) .. rep('\0', KNOWN_AT - NUMBERS * 8)
end

-- Byte offset of the known thing with this hash, from 0.
local function find_known(state, hash)
  local raw, from = sp('<d', hash), KNOWN_AT + 1
  while true do
    local place = string.find(state, raw, from, true)
    if not place then return end
    if (place - 1 - KNOWN_AT) % 24 == 0 then return place - 1 end
    from = place + 1
  end
end

local function least_recent(state, kind)
  local oldest, oldest_time
  for place = KNOWN_AT, #state - 24, 24 do
    local hash, _, seen = su('<ddd', state, place + 1)
    if hash % 8 == kind and (not oldest or seen < oldest_time) then oldest, oldest_time = place, seen end
  end
  return oldest
end

local function update_profile(profile_key, e, is_new)
  local state = call('GET', profile_key) or ''
  if not is_new then return state end
  local created = state == ''
  local work = created and fresh_profile() or state
  local p = { su(NUMBERS_FORMAT, work) }
  p[NUMBERS + 1] = nil
  local t, amount, interest, hour, lat, lon, learns = e[1], e[2], e[3], e[4], e[5], e[6], e[7]
  local spans = {}
  p[1] = p[1] + 1
  p[3], p[4] = min(p[3], t), max(p[4], t)
  if amount >= 0 then
    spans[#spans + 1] = { RING_AT + (p[2] % RING) * 8, sp('<d', amount) }
    p[2] = p[2] + 1
    p[5], p[6] = max(p[5], t), max(p[6], amount)
  end
  if interest >= 0 then p[7 + interest] = max(p[7 + interest], t) end
  if lat == lat and t >= p[15] then p[13], p[14], p[15] = lat, lon, t end
  local hour_at = HOURS_AT + hour * 2
  local count = su('<I2', work, hour_at + 1)
  if count == 65535 then
    local halved = {}
    for h = 0, HOURS - 1 do halved[h + 1] = sp('<I2', floor(su('<I2', work, HOURS_AT + h * 2 + 1) / 2)) end
    spans[#spans + 1] = { HOURS_AT, concat(halved) }
    count = floor(count / 2)
  end
  spans[#spans + 1] = { hour_at, sp('<I2', count + 1) }
  local size = #work
  for kind = 0, 5 do
    local hash = e[8 + kind]
    if hash ~= 0 and (kind ~= 1 or learns == 1) then
      local place = find_known(work, hash)
      if place then
        local since, seen = su('<dd', work, place + 9)
        since = kind == 5 and since + 1 or min(since, t)
        spans[#spans + 1] = { place + 8, sp('<dd', since, max(seen, t)) }
      else
        if p[16 + kind] >= KNOWN_CAPS[kind + 1] then
          place = least_recent(work, kind)
        else
          place, size = size, size + 24
          p[16 + kind] = p[16 + kind] + 1
        end
        spans[#spans + 1] = { place, sp('<ddd', hash, kind == 5 and 1 or t, t) }
      end
    end
  end
  local expires = now + PROFILE_TTL
  local renews = expires - p[22] > PROFILE_TTL / 16
  if renews then p[22] = expires end
  if created then call('SET', profile_key, work, 'PX', PROFILE_TTL) end
  call('SETRANGE', profile_key, 0, sp(NUMBERS_FORMAT, unpack(p)))
  for _, span in ipairs(spans) do call('SETRANGE', profile_key, span[1], span[2]) end
  if renews and not created then call('PEXPIRE', profile_key, PROFILE_TTL) end
  return state
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

-- ── taking an event out: another message of the same id was decided before it ────────────────────────────────────────

local function open_log()
  R, span_from, span_to, tail, tail_end = L.size, -2, -2, '', -1
  local fixed = call('GETRANGE', key, -28, -1)
  if fixed == '' then return end
  local dropped, expires
  dropped, expires, first, n = su('<ddI4I4', fixed)
  return dropped, expires
end

-- a − b of cumulative sums modulo 2^53 with wraps
local function subtract(low, wraps, d_low, d_wraps)
  if low >= d_low then return low - d_low, wraps - d_wraps end
  return low - d_low + WRAP, wraps - d_wraps - 1
end

-- The sums of `fields` without those of the record `out`, whose predecessor is `before`.
local function without(fields, out, before)
  if not L.sum then return end
  local d_low, d_wraps = subtract(out[3], out[4], before[3], before[4])
  fields[3], fields[4] = subtract(fields[3], fields[4], d_low, d_wraps)
  local k = 5
  if L.present then fields[5], k = fields[5] - (out[5] - before[5]), 6 end
  if L.squares then
    local low, borrow = subtract(out[k], 0, before[k], 0)
    local high, borrow_2 = subtract(out[k + 1], 0, before[k + 1], 0)
    local top = out[k + 2] - before[k + 2] + borrow_2
    if borrow < 0 then
      high, borrow_2 = subtract(high, 0, 1, 0)
      top = top + borrow_2
    end
    local b1, b2, b3
    fields[k], b1 = subtract(fields[k], 0, low, 0)
    fields[k + 1], b2 = subtract(fields[k + 1], 0, high, 0)
    fields[k + 2] = fields[k + 2] - top + b2
    if b1 < 0 then
      fields[k + 1], b3 = subtract(fields[k + 1], 0, 1, 0)
      fields[k + 2] = fields[k + 2] + b3
    end
  end
end

local function withdraw(t, id)
  local dropped, expires = open_log()
  if not dropped then return 0 end
  forget_kept()
  local place = upper(t, 0, n) - 1
  while place >= 0 do
    local s, p = at(place)
    local time, other = su('<dd', s, p)
    if time ~= t then return 0 end
    if other == id then break end
    place = place - 1
  end
  if place < 0 then return 0 end
  if n == 1 then
    call('DEL', key)
    if L.companion then call('DEL', index_key) end
    return 1
  end
  local function read(i)
    local s, p = at(i)
    local fields = { su(L.record_format, s, p) }
    fields[#fields] = nil
    return fields
  end
  local before, out = read(place - 1), read(place)
  local number, width = first + place + 1, 2 + L.sum_count
  local extremes = (L.max and 1 or 0) + (L.min and 1 or 0)
  local records, values = {}, {}
  for i = place + 1, n - 1 do
    if extremes > 0 then values[i - 1] = value_at(i) end
    records[i - 1] = read(i)
    without(records[i - 1], out, before)
  end
  local head = call('GETRANGE', key, 0, (place + 1) * R - 1)
  local patches = {}
  local function point(target, column, to)
    if target > first and target < number then
      patches[#patches + 1] = { (target - first) * R + L.member + (column - 1) * 16 + 12, sp('<I4', to) }
    end
  end
  for c = 1, L.members do
    local m = width + extremes + (c - 1) * 3
    local hash, previous, follower = out[m + 1], out[m + 2], out[m + 3]
    for i = place, n - 2 do
      local record = records[i]
      if record[m + 1] ~= 0 then
        if record[m + 2] == number then record[m + 2] = previous
        elseif record[m + 2] > number then record[m + 2] = record[m + 2] - 1 end
        point(record[m + 2], c, first + i + 1)
        if record[m + 3] > 0 then record[m + 3] = record[m + 3] - 1
        else set_newest(c, record[m + 1], first + i + 1) end
      end
    end
    if hash ~= 0 and follower == 0 then
      if previous > first then
        set_newest(c, hash, previous)
        point(previous, c, 0)
      else call('HDEL', index_key, index_field(c, hash)) end
    end
  end
  for e = 1, extremes do
    local sign = (L.max and e == 1) and 1 or -1
    local column = sign == 1 and L.max or L.min
    for i = place, n - 2 do
      local absolute, step, best = first + i + 1, 1, values[i]
      while absolute % (step * 2) == 0 and i - step >= 0 do
        local x
        if i - step >= place then x = records[i - step][width + e]
        else
          local s, p = at(i - step)
          x = su('<d', s, p + column)
        end
        if x ~= NONE and (best == NONE or sign * x > sign * best) then best = x end
        step = step * 2
      end
      records[i][width + e] = best
    end
  end
  local parts = { head }
  for i = place, n - 2 do parts[#parts + 1] = sp(L.record_format, unpack(records[i])) end
  -- no set of windows: the next visit finds its edges anew
  parts[#parts + 1] = sp('<ddI4I4I4', dropped, expires, first, n - 1, 0)
  call('SET', key, concat(parts), 'KEEPTTL')
  for _, patch in ipairs(patches) do call('SETRANGE', key, patch[1], patch[2]) end
  return 1
end

local layouts = read_layouts(ARGV[2])
local work, cursor, next_key = ARGV[3], 1, 1
local status = 4
while cursor <= #work do
  local stream, belongs, t, id, value = su('<ddddd', work, cursor)
  if stream == -1 then
    local state = update_profile(KEYS[next_key], numbers(work, cursor + 8, 13), status <= 1)
    replies[#replies + 1] = sp('<I4', #state)
    replies[#replies + 1] = state
    cursor, next_key = cursor + 112, next_key + 1
  elseif stream == -2 then
    L = layouts[belongs + 1]
    key, index_key, next_key = KEYS[next_key], KEYS[next_key + 1], next_key + (L.companion and 2 or 1)
    replies[#replies + 1] = sp('<B', withdraw(t, id))
    cursor = cursor + 40
  else
    L = layouts[stream + 1]
    local q_low, q_high, rest = 0, 0, cursor + 40
    if L.squares then
      q_low, q_high, rest = su('<dd', work, rest)
    end
    local members = NOBODY
    if L.members > 0 then members = numbers(work, rest, L.members) end
    cursor = cursor + L.update_bytes
    key, next_key = KEYS[next_key], next_key + 1
    if L.companion then index_key, next_key = KEYS[next_key], next_key + 1 end
    status = update(belongs == 1, t, id, value, q_low, q_high, members)
    if L.labels then replies[#replies + 1] = count_frauds(t) end
  end
end
return concat(replies)
