-- Gives back what transactions that ended in BLOCK have reserved.
--
-- Guarantee: atomic for the whole call; a record that was released before, or never written, changes nothing.
-- KEYS[1]  <prefix>{sNN}:limit, only for routing
-- ARGV     number of items, then for each item: base, record suffix
-- Reply    the number of records that were released now

local released = 0
for i = 1, tonumber(ARGV[1]) do
  local base = ARGV[2 * i]
  local record = base .. ARGV[2 * i + 1]
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
