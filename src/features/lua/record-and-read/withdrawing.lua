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

-- What a record adds to the sums: of `out`, whose predecessor is `before`.
local function part_of(out, before)
  if not L.sum then return end
  local part = { subtract(out[3], out[4], before[3], before[4]) }
  local k = 5
  if L.present then part.present, k = out[5] - before[5], 6 end
  if L.squares then
    local borrow, borrow_2
    part.low, borrow = subtract(out[k], 0, before[k], 0)
    part.high, borrow_2 = subtract(out[k + 1], 0, before[k + 1], 0)
    part.top = out[k + 2] - before[k + 2] + borrow_2
    if borrow < 0 then
      part.high, borrow_2 = subtract(part.high, 0, 1, 0)
      part.top = part.top + borrow_2
    end
  end
  return part
end

-- Takes it from the sums of the record whose fields start behind `b`.
local function take_part(fields, b, part)
  if not part then return end
  fields[b + 3], fields[b + 4] = subtract(fields[b + 3], fields[b + 4], part[1], part[2])
  local k = b + 5
  if part.present then fields[k], k = fields[k] - part.present, k + 1 end
  if part.low then
    local b1, b2, b3
    fields[k], b1 = subtract(fields[k], 0, part.low, 0)
    fields[k + 1], b2 = subtract(fields[k + 1], 0, part.high, 0)
    fields[k + 2] = fields[k + 2] - part.top + b2
    if b1 < 0 then
      fields[k + 1], b3 = subtract(fields[k + 1], 0, 1, 0)
      fields[k + 2] = fields[k + 2] + b3
    end
  end
end

-- The records behind `place` as they are without the one there: text, and per column the spots before it that point elsewhere
-- now. Many records are unpacked at once: one by one they cost twice as much.
local function shift_back(place, out, before)
  local F, width, members = L.record_fields, 2 + L.sum_count, L.members
  local number, part, left = first + place + 1, part_of(out, before), n - 1 - place
  local highest, lowest = L.max and width + 1, L.min and width + (L.max and 2 or 1)
  local member = width + (L.max and 1 or 0) + (L.min and 1 or 0)
  local sum_before, present_before = out[3], out[5]
  local text = call('GETRANGE', key, (place + 2) * R, (n + 1) * R - 1)
  local parts, patches, fresh, format, count = {}, {}, {}, nil, 0
  local columns = {} -- of the extremes: by position what stands in the column
  local function put_extreme(fields, field, sign, column, i, value)
    local absolute, step, best = first + i + 1, 1, value
    columns[sign] = columns[sign] or {}
    while absolute % (step * 2) == 0 and i - step >= 0 do
      local x = columns[sign][i - step]
      if i - step < place then
        local s, p = at(i - step)
        x = su('<d', s, p + column)
      end
      if x ~= NONE and (best == NONE or sign * x > sign * best) then best = x end
      step = step * 2
    end
    columns[sign][i], fields[field] = best, best
  end
  for from = 0, left - 1, SHIFTED do
    if left - from < SHIFTED or not format then
      count = min(SHIFTED, left - from)
      format = '<' .. rep(L.record, count)
    end
    local fields = { su(format, text, from * R + 1) }
    for b = 0, (count - 1) * F, F do
      local i = place + from + b / F
      local value = NONE
      if highest or lowest then
        if fields[b + 5] ~= present_before then
          value = fields[b + 3] - sum_before
          if value < 0 then value = value + WRAP end
        end
        sum_before, present_before = fields[b + 3], fields[b + 5]
      end
      take_part(fields, b, part)
      if highest then put_extreme(fields, b + highest, 1, L.max, i, value) end
      if lowest then put_extreme(fields, b + lowest, -1, L.min, i, value) end
      for c = 1, members do
        local m = b + member + (c - 1) * 3
        local hash, previous = fields[m + 1], fields[m + 2]
        if hash ~= 0 then
          if previous == number then previous = out[member + (c - 1) * 3 + 2]
          elseif previous > number then previous = previous - 1 end
          fields[m + 2] = previous
          if previous > first and previous < number then
            patches[#patches + 1], patches[#patches + 2] = (previous - first) * R + L.member + (c - 1) * 16 + 12, first + i + 1
          end
          if fields[m + 3] > 0 then fields[m + 3] = fields[m + 3] - 1
          else fresh[#fresh + 1], fresh[#fresh + 2] = index_field(c, hash), sp('<I4', first + i + 1) end
        end
      end
    end
    parts[#parts + 1] = sp(format, unpack(fields, 1, count * F))
  end
  for from = 1, #fresh, 200 do call('HSET', index_key, unpack(fresh, from, min(#fresh, from + 199))) end
  return concat(parts), patches
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
  local head = call('GETRANGE', key, 0, (place + 1) * R - 1)
  local text, patches = shift_back(place, out, before)
  local member = 2 + L.sum_count + (L.max and 1 or 0) + (L.min and 1 or 0)
  for c = 1, L.members do
    local m = member + (c - 1) * 3
    local hash, previous, follower = out[m + 1], out[m + 2], out[m + 3]
    if hash ~= 0 and follower == 0 then
      if previous > first then
        set_newest(c, hash, previous)
        patches[#patches + 1], patches[#patches + 2] = (previous - first) * R + L.member + (c - 1) * 16 + 12, 0
      else call('HDEL', index_key, index_field(c, hash)) end
    end
  end
  -- no set of windows: the next visit finds its edges anew
  local trailer = sp('<ddI4I4I4', dropped, expires, first, n - 1, flagged and FLAG or 0)
  call('SET', key, head, 'KEEPTTL')
  call('APPEND', key, text .. trailer)
  for k = 1, #patches, 2 do call('SETRANGE', key, patches[k], sp('<I4', patches[k + 1])) end
  return 1
end
