-- Gives back what transactions that ended in BLOCK have reserved.
--
-- Guarantee: atomic for the whole call; a record that was released before, or never written, changes nothing.
-- KEYS     the record of each item, then its counters and what else it names (see reserve-limits.lua on why)
-- ARGV     the base of each item
-- Reply    the number of records that were released now

local released = 0
for i, base in ipairs(ARGV) do
  local record = load_record(KEYS[i])
  if record and record[1] == 0 then
    give_back(base, record, tonumber(record[2]), record[3])
    record[1] = 1
    keep_record(KEYS[i], record)
    -- a blocked refund takes back what it gave, unless its original has expired meanwhile
    local gave = record[5]
    local original = gave ~= '' and load_record(base .. gave[1])
    if original then
      give_back(base, original, -tonumber(gave[2]), -gave[3])
      keep_record(base .. gave[1], original)
    end
    released = released + 1
  end
end
return released
