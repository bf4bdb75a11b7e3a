-- Reserves what transactions ask of their owners' limits, each once, and answers what was used before.
--
-- Guarantee: atomic for the whole call; a record that exists changes nothing and answers its first values.
-- KEYS     every key that the items name. While a slot moves, Redis answers TRYAGAIN for keys that are here and there; a key that
--          was not declared would read as empty instead, and customers would lose what they have used. (Only the original of a
--          reversal that is found by the rails' references, and the originals' counters, cannot be known beforehand.)
-- ARGV     record lifetime in ms, number of items, then for each item (#key = position in KEYS, 0 = none):
--            base, #record, #reference, kind ('' | reversal | refund | correction), #original's record, #original's reference,
--            amount to give back, amount, count, number of groups, then for each group: #key, lifetime in ms, number of
--            counters, counters
-- Reply    for each item: '1' when it was recorded before else '0', '1' or '0' for original found or '' when none was asked,
--            then for each counter in order: amount, count, as decimal strings; '' when the first values lack it

local at = 2
local function next_argument()
  at = at + 1
  return ARGV[at]
end

-- The part of a declared key after its base; '' when there is none.
local function next_suffix(base)
  local position = tonumber(next_argument())
  return position == 0 and '' or string.sub(KEYS[position], #base + 1)
end

local function read_groups(base)
  local groups = {}
  for g = 1, tonumber(next_argument()) do
    local group = { suffix = next_suffix(base), lifetime = next_argument(), ids = {} }
    for i = 1, tonumber(next_argument()) do
      group.ids[i] = next_argument()
    end
    groups[g] = group
  end
  return groups
end

local function find_original(item)
  if item.original ~= '' and redis.call('EXISTS', item.base .. item.original) == 1 then
    return item.base .. item.original
  end
  local suffix = item.original_reference ~= '' and redis.call('GET', item.base .. item.original_reference)
  if suffix and redis.call('EXISTS', item.base .. suffix) == 1 then
    return item.base .. suffix
  end
  return nil
end

-- What was given back to which record, packed for a later release; '' when nothing was.
local function undo(item)
  local original = find_original(item)
  if not original then
    return ''
  end
  local held = redis.call('HMGET', original, 'x', 'a', 'n')
  if held[1] == '1' then
    return ''
  end
  local left = tonumber(held[2])
  local amount = left
  if item.kind == 'refund' then
    amount = math.min(left, tonumber(item.back))
  end
  local count = 0
  if amount == left then
    count = tonumber(held[3])
  end
  give_back(item.base, original, amount, count)
  return cmsgpack.pack({ original, digits(amount), digits(count) })
end

local function reserve(item)
  local record = item.base .. item.record
  local earlier = redis.call('HMGET', record, 'f', 'o')
  if earlier[1] then
    return '1', earlier[2], cmsgpack.unpack(earlier[1])
  end
  local found = ''
  local gave = ''
  if item.kind ~= '' then
    gave = undo(item)
    found = gave == '' and '0' or '1'
  end
  local first = {}
  local fed = {}
  for _, group in ipairs(item.groups) do
    local before, ids = feed(item.base, group, tonumber(item.amount), tonumber(item.count))
    for id, values in pairs(before) do
      first[group.suffix .. '/' .. id] = values
    end
    if #ids > 0 then
      fed[#fed + 1] = { suffix = group.suffix, lifetime = group.lifetime, ids = ids }
    end
  end
  redis.call('HSET', record, 'f', cmsgpack.pack(first), 'k', cmsgpack.pack(fed), 'a', item.amount, 'n', item.count,
    'x', '0', 'o', found, 'g', gave)
  redis.call('PEXPIRE', record, ARGV[1])
  if item.reference ~= '' then
    redis.call('SET', item.base .. item.reference, item.record, 'PX', ARGV[1])
  end
  return '0', found, first
end

local reply = {}
for _ = 1, tonumber(ARGV[2]) do
  local base = next_argument()
  local item = {
    base = base,
    record = next_suffix(base),
    reference = next_suffix(base),
    kind = next_argument(),
    original = next_suffix(base),
    original_reference = next_suffix(base),
    back = next_argument(),
    amount = next_argument(),
    count = next_argument(),
    groups = read_groups(base),
  }
  local repeated, found, first = reserve(item)
  reply[#reply + 1] = repeated
  reply[#reply + 1] = found
  for _, group in ipairs(item.groups) do
    for _, id in ipairs(group.ids) do
      local values = first[group.suffix .. '/' .. id] or { '', '' }
      reply[#reply + 1] = values[1]
      reply[#reply + 1] = values[2]
    end
  end
end
return reply
