-- Gives back what transactions that ended in BLOCK have reserved.
--
-- Guarantee: atomic for the whole call; a record that was released before, or never written, changes nothing.
-- KEYS     the record of each item, then its counters and what else it names (see reserve-limits.lua on why)
-- ARGV     the base of each item
-- Reply    the number of records that were released now

local released = 0
for i, base in ipairs(ARGV) do
  local record = KEYS[i]
  local held = redis.call('HMGET', record, 'x', 'a', 'n', 'g')
  if held[1] == '0' then
    give_back(base, record, tonumber(held[2]), tonumber(held[3]))
    redis.call('HSET', record, 'x', '1')
    if held[4] ~= '' then
      -- a blocked refund takes back what it gave, unless its original has expired meanwhile
      local gave = cmsgpack.unpack(held[4])
      give_back(base, gave[1], -tonumber(gave[2]), -tonumber(gave[3]))
    end
    released = released + 1
  end
end
return released
