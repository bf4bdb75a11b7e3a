-- Shared by reserve-limits.lua and release-limits.lua, put before them when they are loaded.
--
-- Keys, all in the slot of the hash tag in their base "<prefix>{sNN}:limit:<owner>":
--   <base>:<period><start>   hash: <counter>:a = amount (int64), <counter>:c = count; expires after its last write
--   <base>:t/<channel>/<id>  hash: the record of one transaction; expires after its writing
--     f first values by counter, k what was fed, a and n what is left of it, x released, o original found, g what it gave back
--   <base>:r/<reference>     string: the record's suffix, for reversals that know only the rails' references

local EXACT = 1000000000000000 -- sums of two amounts below 10^15 are exact in a double; others go through HINCRBY

local function digits(number)
  if number == 0 then
    return '0' -- a negative zero would be written as "-0", which is no integer for HINCRBY
  end
  return string.format('%.0f', number)
end

-- Adds to the counters of one period; amount and count may be negative, a counter never goes below 0 and never beyond int64
-- (then nothing is added to it). Returns the values before, and the counters that were fed.
local function feed(base, group, amount, count)
  local key = base .. group.suffix
  local fields = {}
  for i, id in ipairs(group.ids) do
    fields[2 * i - 1] = id .. ':a'
    fields[2 * i] = id .. ':c'
  end
  local held = redis.call('HMGET', key, unpack(fields))
  local writes = {}
  local before = {}
  local fed = {}
  for i, id in ipairs(group.ids) do
    local a = held[2 * i - 1] or '0'
    local c = held[2 * i] or '0'
    before[id] = { a, c }
    local isFed = true
    if tonumber(a) < EXACT and math.abs(amount) < EXACT then
      writes[#writes + 1] = id .. ':a'
      writes[#writes + 1] = digits(math.max(0, tonumber(a) + amount))
    else
      local sum = redis.pcall('HINCRBY', key, id .. ':a', digits(amount))
      if type(sum) == 'table' then
        isFed = false
      elseif sum < 0 then
        redis.call('HSET', key, id .. ':a', '0')
      end
    end
    if isFed then
      writes[#writes + 1] = id .. ':c'
      writes[#writes + 1] = digits(math.max(0, tonumber(c) + count))
      fed[#fed + 1] = id
    end
  end
  if #writes > 0 then
    redis.call('HSET', key, unpack(writes))
  end
  redis.call('PEXPIRE', key, group.lifetime)
  return before, fed
end

-- Takes amount and count from what is left of a record and from its counters; negative values put back what was taken.
local function give_back(base, record_key, amount, count)
  local left = redis.call('HMGET', record_key, 'a', 'n', 'k')
  if not left[3] then
    return
  end
  redis.call('HSET', record_key, 'a', digits(tonumber(left[1]) - amount), 'n', digits(tonumber(left[2]) - count))
  for _, group in ipairs(cmsgpack.unpack(left[3])) do
    feed(base, group, -amount, -count)
  end
end
