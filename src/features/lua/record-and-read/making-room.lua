-- Makes room before an event is added: at the front of the log, in the companion's index, in the counts.

-- How many records at the front nobody can ask for any more: all of them as soon as the newest one is that old; otherwise
-- looked for when the count is a power of two, taken when they are a quarter, or an eighth of a full log whatever they are.
local function dead_records(newest, last)
  if n > 0 and last <= newest - L.retention then return n end
  local full = n >= L.most
  if n % COMPACT_FROM ~= 0 and not full or n < COMPACT_FROM then return 0 end
  if not full then
    local power = n
    while power % 2 == 0 do power = power / 2 end
    if power ~= 1 then return 0 end
  end
  local dead = upper(newest - L.retention, 0, n, L.special + edges > 0 and v[L.windows[1].lo] or nil)
  if full then return max(dead, math.ceil(L.most / 8)) end
  return dead * 4 < n and 0 or dead
end

-- Takes the first records out of the companion's index and of the distinct counts.
local function forget_members(dead)
  for c = 1, L.members do
    for w = 1, L.special do
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
end

-- All of them at once, and the frauds: one by one a log of 100,000 would hold the server for 0.1 s.
local function reset_companion()
  for c = 1, L.members do
    for w = 1, L.special do
      local window = L.windows[w]
      if c <= window.columns then v[window.distinct + c - 1] = 0 end
    end
  end
  call('UNLINK', index_key)
  call('HSET', index_key, '', '0')
  call('PEXPIRE', index_key, L.ttl)
end

-- Makes room for one record. Answers how many were dropped before it.
local function make_room(newest, last)
  local dead = dead_records(newest, last)
  if dead == 0 then return 0 end
  dropped = max(dropped, time_at(dead - 1))
  if dead < n then forget_members(dead) elseif L.companion then reset_companion() end
  local function sums_before(i, place)
    if L.sums_bytes > 0 then v[place] = raw_sums(i - 1) end
  end
  for w = 1, L.special + edges do
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
  span_from, span_to = -2, -2
  forget_kept()
  return dead
end

-- How many events come before the next one that makes room.
local function room_left()
  local power = COMPACT_FROM
  while power < n do power = power * 2 end
  return max(0, min(power, L.most) - n)
end
