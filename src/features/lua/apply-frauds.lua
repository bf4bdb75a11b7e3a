-- Says in one log when one of its transactions counts as fraud.
--
-- Guarantee: replaces what was said of this transaction before; repeating it changes nothing.
-- KEYS[1]  the log (record-and-read.lua)   KEYS[2] its companion hash; field "f": f64 × (time, id, from, to) per span
-- ARGV[1]  f64 bytes of a record   ARGV[2] f64 time, f64 id of the transaction
-- ARGV[3]  f64 × (from, to) per span, empty = it is genuine
-- Reply    1, or 0 when the transaction is not in the log (any more), or the log cannot be read: it is moved aside, with what
--          its companion holds, when its next event comes (quarantine.lua)

local call, su, sp = redis.call, struct.unpack, struct.pack
local size = su('<d', ARGV[1])
local time, id = su('<dd', ARGV[2])
if call('TYPE', KEYS[1]).ok ~= 'string' then return 0 end
local companion = call('TYPE', KEYS[2]).ok
if companion ~= 'hash' and companion ~= 'none' then return 0 end
local count = su('<I4', call('GETRANGE', KEYS[1], -8, -5))

local function record(i)
  return su('<dd', call('GETRANGE', KEYS[1], (i + 1) * size, (i + 1) * size + 15))
end
local lo, hi = 0, count
while lo < hi do
  local m = math.floor((lo + hi) / 2)
  if record(m) < time then lo = m + 1 else hi = m end
end
while true do
  if lo == count then return 0 end
  local other, other_id = record(lo)
  if other ~= time then return 0 end
  if other_id == id then break end
  lo = lo + 1
end

local frauds = call('HGET', KEYS[2], 'f') or ''
local kept = {}
for place = 1, #frauds, 32 do
  local other, other_id = su('<dd', frauds, place)
  if other ~= time or other_id ~= id then kept[#kept + 1] = string.sub(frauds, place, place + 31) end
end
for place = 1, #ARGV[3], 16 do
  kept[#kept + 1] = ARGV[2] .. string.sub(ARGV[3], place, place + 15)
end
-- what no window can reach any more goes with the records: nothing older than the first one is asked for
local first = record(0)
local reachable = {}
for _, span in ipairs(kept) do
  if su('<d', span) >= first then reachable[#reachable + 1] = span end
end
if #reachable == 0 then call('HDEL', KEYS[2], 'f') else call('HSET', KEYS[2], 'f', table.concat(reachable)) end
return 1
