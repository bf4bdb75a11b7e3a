-- Shared by reserve-limits.lua and release-limits.lua, put before them when they are loaded.
--
-- Keys, all in the slot of the hash tag in their base "<prefix>{sNN}:limit:<owner>":
--   <base>:<period><start>   hash: <counter>:a = amount (int64), <counter>:c = count; expires a lifetime after its first write,
--                            which is longer than the period by four days
--   <base>:t/<transaction>   string, MessagePack: the record of one transaction (a hash of the same took 820 bytes)
--     1 released, 2 amount left, 3 count left, 4 original found, 5 what it gave back,
--     6 groups {suffix, counters, first values: amount and count of each counter, counters that were fed when not all were}
--   <base>:r/<reference>     string: the record's suffix, for reversals that know only the rails' references

local EXACT = 1000000000000000 -- sums of two amounts below 10^15 are exact in a double; others go through HINCRBY

local function digits(number)
  if number == 0 then
    return '0' -- a negative zero would be written as "-0", which is no integer for HINCRBY
  end
  return string.format('%.0f', number)
end

local function read_counters(key, ids)
  local fields = {}
  for i, id in ipairs(ids) do
    fields[2 * i - 1] = id .. ':a'
    fields[2 * i] = id .. ':c'
  end
  return redis.call('HMGET', key, unpack(fields))
end

-- Adds to counters whose values were just read; amount and count may be negative, a counter never goes below 0 and never beyond
-- int64 (then nothing is added to it). Returns the counters that were fed.
local function feed(key, ids, held, amount, count)
  local writes = {}
  local fed = {}
  for i, id in ipairs(ids) do
    local a = tonumber(held[2 * i - 1] or 0)
    local is_fed = true
    if a < EXACT and amount < EXACT and amount > -EXACT then
      writes[#writes + 1] = id .. ':a'
      writes[#writes + 1] = digits(math.max(0, a + amount))
    else
      local sum = redis.pcall('HINCRBY', key, id .. ':a', digits(amount))
      if type(sum) == 'table' then
        is_fed = false
      elseif sum < 0 then
        redis.call('HSET', key, id .. ':a', '0')
      end
    end
    if is_fed then
      writes[#writes + 1] = id .. ':c'
      writes[#writes + 1] = digits(math.max(0, tonumber(held[2 * i] or 0) + count))
      fed[#fed + 1] = id
    end
  end
  if #writes > 0 then
    redis.call('HSET', key, unpack(writes))
  end
  return fed
end

local function load_record(key)
  local packed = redis.call('GET', key)
  return packed and cmsgpack.unpack(packed)
end

local function keep_record(key, record)
  redis.call('SET', key, cmsgpack.pack(record), 'KEEPTTL')
end

-- Takes amount and count from what is left of a record and from its counters, as far as they have not expired; negative values
-- put back what was taken. The caller keeps the record.
local function give_back(base, record, amount, count)
  record[2] = digits(tonumber(record[2]) - amount)
  record[3] = record[3] - count
  for _, group in ipairs(record[6]) do
    local key = base .. group[1]
    local fed = group[4] or group[2]
    local held = #fed > 0 and read_counters(key, fed)
    if held and held[1] then
      feed(key, fed, held, -amount, -count)
    end
  end
end
