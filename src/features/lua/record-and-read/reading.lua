-- Reads the log in hand: nothing here changes it.

-- Places as a command's words: printing a number costs Redis 0.2 µs, and a transaction has seven. A function keeps those of
-- small logs, which are most.
local WORDS_BELOW, MOST_WORDS = 8192, 2048
local words, words_kept = {}, 0

local function word(place)
  local text = words[place]
  if text or place >= WORDS_BELOW then return text or place end
  if words_kept == MOST_WORDS then words, words_kept = {}, 0 end
  text = string.format('%d', place)
  words[place], words_kept = text, words_kept + 1
  return text
end

-- String and position of record i (−1: the sentinel).
local function at(i)
  local p = tail_end - (n - i) * R
  if p >= 1 then return tail, p end
  if i < span_from or i >= span_to then
    -- what goes on beside the last ones, in steps or in leaps, will go on
    local any = span_to >= 0
    if any and i >= span_to and i < span_to + AHEAD then span_from, span_to = span_to - 1, span_to + AHEAD
    elseif any and i < span_from and i >= span_from - AHEAD then
      span_from, span_to = max(-1, span_from - AHEAD), span_from + 1
    else
      span_from, span_to = max(-1, i - 1), i + 1 + NEAR
    end
    span = call('GETRANGE', key, word((span_from + 1) * R), word((span_to + 1) * R - 1))
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
    s = call('GETRANGE', key, word((i + 1) * R), word((to + 1) * R - 1))
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

local function has_member(column, hash, lo, hi)
  local number = newest_of(column, hash)
  while number - first - 1 >= hi do
    local _, pv = member_at(number - first - 1, column)
    number = pv
  end
  return number ~= 0 and number - first - 1 >= lo
end

local function evaluated_format(window)
  local sums = L.sums_bytes > 0 and 'c' .. L.sums_bytes or ''
  return '<I4I4dd' .. sums .. sums .. (window.max and 'd' or '') .. (window.min and 'd' or '')
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
    window.evaluated = window.evaluated or evaluated_format(window)
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
