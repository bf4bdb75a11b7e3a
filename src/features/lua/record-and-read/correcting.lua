-- Corrections: what an event that names an original does to the original in one log. log-correcting.ts and
-- memory-corrections.ts are the same in TypeScript.

local LOOK, TAKE, LOWER, REPLACE = 0, 1, 2, 3
local REPLACED_KEPT = 256 -- pairs of a log's `<log>:w`: f64 id, f64 id of the event that replaced it
local REFERENCES_KEPT = 512 -- pairs of a customer's references: f64 hash of (channel, STAN, RRN), f64 id; cut at twice as many

-- Lowers what is left of the entry at `place` of a net log: by all, or by an amount of its own currency. The records behind
-- it and the edges that are kept carry less; nothing moves.
local function lower_entry(place, op, amount, code)
  local s, p = at(place)
  local sum, _, present_now, own = su('<dI4I4I4', s, p + 16)
  local q, o = at(place - 1)
  local sum_before, _, present_before = su('<dI4I4', q, o + 16)
  if present_now == present_before then return end
  local left = sum - sum_before
  if left < 0 then left = left + WRAP end
  local taken, gone = left, 1
  if op == LOWER then
    if code ~= own then return end
    taken = min(left, amount)
    if taken < left then gone = 0 end
  end
  local text, parts, format, count = call('GETRANGE', key, (place + 1) * R, (n + 1) * R - 1), {}, nil, 0
  for from = 0, n - place - 1, SHIFTED do
    if n - place - from < SHIFTED or not format then
      count = min(SHIFTED, n - place - from)
      format = '<' .. rep(L.record, count)
    end
    local fields = { su(format, text, from * R + 1) }
    for k = 3, 6 * count, 6 do
      local lowered = fields[k] - taken
      if lowered < 0 then fields[k], fields[k + 1] = lowered + WRAP, fields[k + 1] - 1 else fields[k] = lowered end
      fields[k + 2] = fields[k + 2] - gone
    end
    parts[#parts + 1] = sp(format, unpack(fields, 1, 6 * count))
  end
  text = concat(parts)
  local function carry(position, place_at)
    local from = (position - 1 - place) * R
    if from >= 0 then v[place_at] = sub(text, from + 17, from + 16 + L.sums_bytes) end
  end
  for w = 1, L.special + edges do
    local window = L.windows[w]
    carry(v[window.lo], window.lo_sums)
    if window.hi then carry(v[window.hi], window.hi_sums) end
  end
  local shape, fields = close_trailer(n)
  call('SETRANGE', key, (place + 1) * R, text .. sp(shape.trailer_format, unpack(v, L.record_fields + 1, fields)))
  forget_kept()
end

-- The replaced event's label goes with it.
local function forget_fraud(t, id)
  local text, kept_ones = call('HGET', index_key, 'f') or '', {}
  for place = 1, #text, 32 do
    local time, other = su('<dd', text, place)
    if time ~= t or other ~= id then kept_ones[#kept_ones + 1] = sub(text, place, place + 31) end
  end
  if #kept_ones * 32 < #text then call('HSET', index_key, 'f', concat(kept_ones)) end
end

local function replace_entry(place, target)
  local t = time_at(place)
  known_counts = counts_without(place)
  withdraw(t, target, true)
  if L.labels and n > 1 then forget_fraud(t, target) end
end

-- The log is marked, so that a repeat of what was replaced is looked for among the pairs also when its record is gone: an entry
-- of a net log is lowered and stays, until a full log or the retention drops it.
local function keep_replacement(gone_key, pairs_of, target, id)
  local size = flagged and 0 or call('STRLEN', key)
  if size > 0 then
    flagged = true
    call('SETRANGE', key, size - 4, sp('<I4', su('<I4', call('GETRANGE', key, size - 4, -1)) + FLAG))
  end
  call('SET', gone_key, sub(pairs_of .. sp('<dd', target, id), -16 * REPLACED_KEPT), 'PX', L.ttl)
end

-- Answers 1 when the original is known here, 0 when it is not, 2 when the event itself has been here before or is too late,
-- and nothing was done, 3 when it is not among the newest ones and there are more. Comes before the event's own update, and is the same whatever is repeated.
local function correct(gone_key, op, t, id, amount, originals, code)
  if open_for_update(true) then return 0 end
  local newest = n > 0 and v[1] or NEVER
  if t < newest - L.lateness then return 2 end
  if t <= newest and known_record(upper(t, 0, n, n - 1), t, id) then return 2 end
  local pairs_of = call('GET', gone_key) or ''
  if replacement(pairs_of, id) then return 2 end
  for _, original in ipairs(originals) do
    if original ~= 0 and original ~= id then
      local target, by, steps = original, replacement(pairs_of, original), 0
      local known = by ~= nil
      -- another version stands in its place: that one is replaced
      while op == REPLACE and by and by ~= id and steps < REPLACED_KEPT do
        target, steps = by, steps + 1
        by = replacement(pairs_of, target)
      end
      local place = by ~= id and find_id(target) or nil
      if place and op ~= LOOK then
        if L.net then lower_entry(place, op, amount, code) else replace_entry(place, target) end
      end
      if place or known then
        if op == REPLACE and by ~= id then keep_replacement(gone_key, pairs_of, target, id) end
        return 1
      end
    end
  end
  -- a full log has forgotten what a window may ask for, perhaps the original: another version of it would count beside this one
  if op ~= LOOK and dropped > newest - L.retention and t > dropped then
    call('SETRANGE', key, call('STRLEN', key) - FIXED, sp('<d', t + dropped % 1))
  end
  return n > SEARCHED and op ~= LOOK and 3 or 0
end

-- The rails' references of a new transaction, for a correction that knows nothing else.
local function remember_references(references_key, hash, id, ttl)
  local size = call('APPEND', references_key, sp('<dd', hash, id))
  if size >= 32 * REFERENCES_KEPT then
    call('SET', references_key, call('GETRANGE', references_key, -16 * REFERENCES_KEPT, -1))
  end
  call('PEXPIRE', references_key, ttl)
end
