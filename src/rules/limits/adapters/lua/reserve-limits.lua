-- Reserves what transactions ask of their owners' limits, each once, and answers what was used before.
--
-- Guarantee: atomic for the whole call; a record that exists changes nothing and answers its first values.
-- KEYS[1]  <prefix>{sNN}:limit, only for routing: every key touched has the same hash tag
-- ARGV     record lifetime in ms, number of items, then for each item:
--            base, record suffix, reference suffix or '', kind ('' | reversal | refund | correction), original's record
--            suffix or '', original's reference suffix or '', amount to give back, amount, count, number of groups, then for
--            each group: suffix, lifetime in ms, number of counters, counters
-- Reply    for each item: '1' when it was recorded before else '0', '1' or '0' for original found or '' when none was asked,
--            then for each counter in order: amount, count, as decimal strings; '' when the first values lack it

local at = 2
local function next_argument()
  at = at + 1
  return ARGV[at]
end

local function read_groups()
  local groups = {}
  for g = 1, tonumber(next_argument()) do
    local group = { suffix = next_argument(), lifetime = next_argument(), ids = {} }
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
  local item = {
    base = next_argument(),
    record = next_argument(),
    reference = next_argument(),
    kind = next_argument(),
    original = next_argument(),
    original_reference = next_argument(),
    back = next_argument(),
    amount = next_argument(),
    count = next_argument(),
    groups = read_groups(),
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
