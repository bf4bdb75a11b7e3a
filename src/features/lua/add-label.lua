-- Adds one label to what is known of a transaction and answers all of it.
--
-- Guarantee: labels stand in order of labelledAt, a later arrival behind its equals; the same label again changes nothing. Of
--   more than 64 the oldest gives way (label-history.ts).
-- KEYS[1]  the transaction's place: f64 time, u32 labels, per label (f64 labelledAt, u8 1 = fraud), then a line per log
--          (add-labelled-logs.lua)
-- ARGV[1]  f64 labelledAt, NaN = known at once, that is at the transaction's own time
-- ARGV[2]  "1" fraud, "0" genuine
-- Reply    the new value; nil when the transaction is not known (any more)

local su, sp = struct.unpack, struct.pack
local MOST_LABELS = 64
local value = redis.call('GET', KEYS[1])
if not value then return false end
local time, count = su('<dI4', value)
local at = su('<d', ARGV[1])
if at ~= at then at = time end
local place, standing = 13, nil
for i = 1, count do
  local other, fraud = su('<dB', value, 13 + (i - 1) * 9)
  if other > at then break end
  place, standing = 13 + i * 9, other == at and fraud or nil
end
if standing == tonumber(ARGV[2]) then return value end
local labels = string.sub(value, 13, place - 1) .. sp('<dB', at, tonumber(ARGV[2])) .. string.sub(value, place)
count = count + 1
if count > MOST_LABELS then
  labels, count = string.sub(labels, 10), count - 1
end
value = sp('<dI4', time, count) .. labels
redis.call('SET', KEYS[1], value, 'KEEPTTL')
return value
