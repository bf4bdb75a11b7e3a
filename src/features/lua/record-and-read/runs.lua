-- Several updates of one log in a row (a popular merchant): read once, written once, each window's edge moved once. Where the
-- edges stood in between is found where the reply is decoded (redis-runs.ts), from the records that they passed.

local PASSED = 2048 -- most records among which an edge is looked for; it passes more of them in one update alone
local GOES_ON = '\7'

-- The records from the edge at `lo` to the first of them that is after `start`, or to the last one; nil when they are too many.
local function passed_by(lo, start, guess)
  while true do
    local to = min(lo + guess, n)
    local passed = call('GETRANGE', key, (lo + 1) * R, (to + 1) * R - 1)
    if to == n or su('<d', passed, (to - lo - 1) * R + 1) > start then return passed end
    if guess == PASSED then return end
    guess = min(guess * 4, PASSED)
  end
end

-- Puts the edge of plain window w behind all that is not after `start`, which is among `passed`, or in hand from record `old` on.
local function put_edge(w, start, passed, old)
  local o = L.windows[w].lo
  local low, high = 1, #passed / R
  while low < high do
    local m = floor((low + high) / 2)
    if su('<d', passed, m * R + 1) <= start then low = m + 1 else high = m end
  end
  if low < #passed / R then
    v[o], v[o + 1] = v[o] + low, su('<d', passed, low * R + 1)
    if L.sums_bytes > 0 then v[o + 2] = sub(passed, (low - 1) * R + 17, (low - 1) * R + 16 + L.sums_bytes) end
    return
  end
  local lo = upper(start, old, n)
  v[o], v[o + 1] = lo, time_at(lo)
  if L.sums_bytes > 0 then v[o + 2] = raw_sums(lo - 1) end
end

-- The records of the updates from this byte of the work on that are in order, each newer than the one before, and none of which starts the
-- log anew.
local function records_in_order(work, at_byte, most)
  local records, newest = {}, v[1]
  while #records < most do
    local belongs, t, id, value = su('<dddd', work, at_byte + 8)
    if belongs ~= 1 or t <= newest or newest <= t - L.retention then break end
    local q_low, q_high = 0, 0
    if L.squares then q_low, q_high = su('<dd', work, at_byte + 40) end
    v[1], v[2] = t, id
    add_amount(v, value, q_low, q_high)
    records[#records + 1] = sp(L.record_format, unpack(v, 1, L.record_fields))
    newest, at_byte = t, at_byte + L.update_bytes
  end
  return records
end

-- The edges that are kept as they were before the run, each with how many records follow as a piece of the reply. Nil when one has
-- too far to go.
local function edges_passed(first_t, last_t, newest, length)
  local pieces, heads = {}, {}
  for w = 1, edges do
    local window = L.windows[w]
    local o, passed = window.lo, ''
    if newest <= first_t - window.ms then
      -- the first event leaves all that was there behind
      v[o], v[o + 1] = n, first_t
      if L.sums_bytes > 0 then v[o + 2] = raw_sums(n - 1) end
    elseif v[o + 1] <= last_t - window.ms then
      passed = passed_by(v[o], last_t - window.ms, length + 4)
      if not passed then return end
    end
    pieces[w] = passed
    if L.sums_bytes > 0 then heads[w] = sp(L.edge_head, v[o], v[o + 1], v[o + 2], #passed / R)
    else heads[w] = sp(L.edge_head, v[o], v[o + 1], #passed / R) end
  end
  return pieces, concat(heads)
end

-- Appends what is in order and needs no room made for; answers how many that were: fewer than two are not worth it, none where an
-- edge has too far to go, which it says. Writes nothing before everything has been read.
local function append_run(work, at_byte, count)
  if open_for_update(true) or flagged or n == 0 then return 0 end
  local newest, old, before = v[1], n, tail
  local records = records_in_order(work, at_byte, min(count, room_left()))
  local length, t = #records, v[1]
  if length < 2 then return 0 end
  local pieces, heads = edges_passed(su('<d', work, at_byte + 16), t, newest, length)
  if not pieces then return 0, true end
  local text = concat(records)
  tail = sub(tail, 1, tail_end - 1) .. text
  tail_end, n = #tail + 1, n + length
  for w = 1, edges do
    local start = t - L.windows[w].ms
    if v[L.windows[w].lo + 1] <= start then put_edge(w, start, pieces[w], old) end
  end
  settle_edges(t, n)
  local ttl = refresh_expiry(false)
  local shape, fields = close_trailer(n)
  local written = text .. sp(shape.trailer_format, unpack(v, L.record_fields + 1, fields))
  call('SETRANGE', key, (old + 1) * R, written)
  if ttl then call('PEXPIRE', key, ttl) end
  replies[answered + 1], replies[answered + 2], replies[answered + 3] = before, written, heads
  answered = answered + 3
  for w = 1, #pieces do
    if pieces[w] ~= '' then
      answered = answered + 1
      replies[answered] = pieces[w]
    end
  end
  statuses[#statuses + 1] = rep(GOES_ON, length - 1) .. STATUSES[0]
  return length
end
