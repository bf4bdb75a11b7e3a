-- Finds events by their ids alone: log-correcting.ts and memory-corrections.ts, over bytes.

-- Newest records that are looked through, and how many are read together. Nothing found among 8,000 costs 0.6 ms, and what
-- was found is written again with all behind it: a refund of 1,000 records ago 0.8 ms, of 8,000 ago 5.6 ms.
local SEARCHED, AT_ONCE = 2048, 1024

-- Byte position of the last whole pair or record of `size` bytes that has the 8 bytes `raw` at `offset` bytes from its start.
local function last_with(text, raw, size, offset)
  local place, from = nil, 1
  while true do
    local p = string.find(text, raw, from, true)
    if not p then return place end
    if (p - 1 - offset) % size == 0 then place = p - offset end
    from = p + 1
  end
end

-- Position of the newest record with this id. Its time is not known, so the newest records are looked through as bytes.
local function find_id(id)
  local raw, hi, stop = sp('<d', id), n, max(0, n - SEARCHED)
  while hi > stop do
    local lo = max(stop, hi - AT_ONCE)
    local place = last_with(call('GETRANGE', key, (lo + 1) * R, (hi + 1) * R - 1), raw, R, 8)
    if place then return lo + (place - 1) / R end
    hi = lo
  end
end

-- What replaced the event; nil when nothing did.
local function replacement(pairs_of, id)
  local place = last_with(pairs_of, sp('<d', id), 16, 0)
  if place then return (su('<d', pairs_of, place + 8)) end
end

-- Of a log where something was replaced: was this event? Hardly any log has the key that says so, and a declared key that is not
-- there would hold up every call while its slot moves: so it is declared by those alone who know that it is there. A cluster
-- is not asked for it otherwise, as it may look where the key is not yet: the caller comes again with it.
local function is_replaced(id)
  local gone_key = key .. ':w'
  if on_cluster then
    if declared_for ~= key then error(UNDECLARED, 0) end
    gone_key = declared
  end
  return replacement(call('GET', gone_key) or '', id) ~= nil
end
