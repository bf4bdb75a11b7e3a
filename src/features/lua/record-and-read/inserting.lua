-- Adds a late event at its own time.

-- The records from `place` on with the event among them, of a log with counts and a sum: only the sums change.
local function shift_plain(place, t, id, value)
  local s, p = at(place - 1)
  local new = { su(L.record_format, s, p) }
  new[1], new[2] = t, id
  add_amount(new, value)
  local parts = { sp(L.record_format, unpack(new, 1, L.record_fields)) }
  local shifted = call('GETRANGE', key, (place + 1) * R, (n + 1) * R - 1)
  if not L.sum or value == NONE then return parts[1] .. shifted end
  -- many records at once: one by one they cost three times as much
  local room, records, format, count = WRAP - value, n - place, nil, 0
  for from = 0, records - 1, SHIFTED do
    if records - from < SHIFTED or not format then
      count = min(SHIFTED, records - from)
      format = '<' .. rep('dddI4', count)
    end
    local fields = { su(format, shifted, from * R + 1) }
    for k = 3, 4 * count, 4 do
      local sum = fields[k]
      if sum >= room then fields[k], fields[k + 1] = sum - room, fields[k + 1] + 1 else fields[k] = sum + value end
    end
    parts[#parts + 1] = sp(format, unpack(fields, 1, 4 * count))
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
  if L.net then new[6] = currency end
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
  place = place - make_room(newest, newest)
  if place < 0 then
    -- a full log dropped what is younger: what is left is written with its own trailer
    local shape, fields = close_trailer(n)
    call('SETRANGE', key, (n + 1) * R, sp(shape.trailer_format, unpack(v, L.record_fields + 1, fields)))
    return
  end
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
  local ttl = refresh_expiry(false)
  forget_edges(n + 1)
  local shape, fields = close_trailer(n + 1)
  call('SETRANGE', key, (place + 1) * R, text .. sp(shape.trailer_format, unpack(v, L.record_fields + 1, fields)))
  if ttl then
    call('PEXPIRE', key, ttl)
    if L.companion then call('PEXPIRE', index_key, ttl) end
  end
end
