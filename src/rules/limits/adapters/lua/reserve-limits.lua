-- Reserves what transactions ask of their owners' limits, each once, and answers what was used before.
--
-- Guarantee: atomic for the whole call; a record that exists changes nothing and answers its first values.
-- KEYS     every key that the items name. While a slot moves, Redis answers TRYAGAIN for keys that are here and there; a key that
--          was not declared would read as empty instead, and customers would lose what they have used. (Only the original of a
--          reversal that is found by the rails' references, what has replaced an original, and their counters, cannot be known
--          beforehand.)
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

-- Suffix and record of the original, by its id or by the rails' references; for a correction the version that stands: of
-- two corrections of one original the second replaces the first. A version that was blocked has given its place back.
local function find_original(item)
  local suffix = item.original
  local original = suffix ~= '' and load_record(item.base .. suffix)
  if not original and item.original_reference ~= '' then
    suffix = redis.call('GET', item.base .. item.original_reference)
    original = suffix and load_record(item.base .. suffix)
  end
  while item.kind == 'correction' and original and original[7] do
    local version = load_record(item.base .. original[7])
    if not version or version[1] == 1 then break end
    suffix, original = original[7], version
  end
  return suffix, original
end

-- What was given back to which record, for a later release; '' when nothing was.
local function undo(item)
  local suffix, original = find_original(item)
  if not original or original[1] == 1 then
    return ''
  end
  local left = tonumber(original[2])
  local amount = left
  if item.kind == 'refund' then
    amount = math.min(left, tonumber(item.back))
  end
  local count = 0
  if amount == left then
    count = original[3]
  end
  give_back(item.base, original, amount, count)
  if item.kind == 'correction' then original[7] = item.record end
  keep_record(item.base .. suffix, original)
  return { suffix, digits(amount), count }
end

-- Feeds one group; returns it as the record keeps it.
local function reserve_group(item, group)
  local key = item.base .. group.suffix
  local held = read_counters(key, group.ids)
  local is_new = true
  local first = {}
  for i = 1, #group.ids * 2 do
    is_new = is_new and not held[i]
    first[i] = held[i] or '0'
  end
  local fed = feed(key, group.ids, held, tonumber(item.amount), tonumber(item.count))
  if is_new then
    redis.call('PEXPIRE', key, group.lifetime, 'NX')
  end
  local kept = { group.suffix, group.ids, first }
  if #fed < #group.ids then
    kept[4] = fed
  end
  return kept
end

-- Whether it was recorded before, whether its original was found, and the first values.
local function reserve(item)
  local key = item.base .. item.record
  local earlier = load_record(key)
  if earlier then
    return '1', earlier[4], earlier[6]
  end
  local found = ''
  local gave = ''
  if item.kind ~= '' then
    gave = undo(item)
    found = gave == '' and '0' or '1'
  end
  local groups = {}
  for g, group in ipairs(item.groups) do
    groups[g] = reserve_group(item, group)
  end
  local record = { 0, item.amount, tonumber(item.count), found, gave, groups }
  redis.call('SET', key, cmsgpack.pack(record), 'PX', ARGV[1])
  if item.reference ~= '' then
    redis.call('SET', item.base .. item.reference, item.record, 'PX', ARGV[1])
  end
  return '0', found, groups
end

local function values_by_counter(groups)
  local values = {}
  for _, group in ipairs(groups) do
    for i, id in ipairs(group[2]) do
      values[group[1] .. '/' .. id] = { group[3][2 * i - 1], group[3][2 * i] }
    end
  end
  return values
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
  local repeated, found, groups = reserve(item)
  local values = values_by_counter(groups)
  reply[#reply + 1] = repeated
  reply[#reply + 1] = found
  for _, group in ipairs(item.groups) do
    for _, id in ipairs(group.ids) do
      local first = values[group.suffix .. '/' .. id]
      reply[#reply + 1] = first and first[1] or ''
      reply[#reply + 1] = first and first[2] or ''
    end
  end
end
return reply
