-- Takes an event out of a log: another message of the same id was decided before it.

local function open_log()
  R, span_from, span_to, tail, tail_end = L.size, -2, -2, '', -1
  local fixed = call('GETRANGE', key, -FIXED, -1)
  if fixed == '' then return false end
  local mark
  dropped, expires, first, n, mark = su('<ddI4I4I4', fixed)
  flagged = mark >= FLAG
  return true
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

-- The distinct counts that the windows will have, as of the newest event there will be, once record `place` is gone: from those
-- of now, by what enters and leaves. Finding them anew would cost 4 ms in a log of 8,000.
local function counts_without(place)
  if n < 2 or L.members == 0 then return end
  local base, left = first + 1, n - 1
  local newest = time_at(place == left and left - 1 or left)
  local function before(t, limit)
    local position = upper(t, 0, n, n - 1)
    return min(limit, place < position and position - 1 or position)
  end
  local counts = { key = key }
  for w = 1, L.special do
    local window = L.windows[w]
    local edge = newest - window.delay
    local hi = left
    if window.hi then hi = before(edge, left - 1) elseif window.excludes then hi = left - 1 end
    local lo = before(edge - window.ms, hi)
    -- the same records in the log as it still is, and perhaps the one that goes
    if lo > place then lo = lo + 1 end
    if hi > place then hi = hi + 1 end
    counts[w] = {}
    for c = 1, window.columns do
      local count = distinct_between(c, v[window.lo], cached_hi(window), v[window.distinct + c - 1], lo, hi)
      local h, pv, nx = member_at(place, c)
      local is_only = h ~= 0 and pv - base < lo and (nx == 0 or nx - base >= hi)
      counts[w][c] = lo <= place and place < hi and is_only and count - 1 or count
    end
  end
  return counts
end

-- `marks`: another version takes its place, and the log is to know.
local function withdraw(t, id, marks)
  if not open_log() then return 0 end
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
  flagged = flagged or marks
  if n == 1 and flagged then
    call('SET', key, rep('\0', R) .. sp('<ddI4I4I4', dropped, expires, first, 0, FLAG), 'KEEPTTL')
    if L.companion then
      call('DEL', index_key)
      call('HSET', index_key, '', '0')
      call('PEXPIRE', index_key, L.ttl)
    end
    return 1
  end
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
  local parts = {}
  for i = place, n - 2 do parts[#parts + 1] = sp(L.record_format, unpack(records[i])) end
  -- no set of windows: the next visit finds its edges anew
  parts[#parts + 1] = sp('<ddI4I4I4', dropped, expires, first, n - 1, flagged and FLAG or 0)
  call('SET', key, head, 'KEEPTTL')
  call('APPEND', key, concat(parts))
  for _, patch in ipairs(patches) do call('SETRANGE', key, patch[1], patch[2]) end
  return 1
end
