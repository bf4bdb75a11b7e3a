-- Puts a profile back to what it was before an event that turned out to be a conflict.
--
-- Guarantee: only when nothing else came in between; otherwise the event stays in the profile, which is a habit and no count.
-- KEYS[1]  the profile   ARGV[1] its state before the event, '' = there was none
-- Reply    1 when it was put back

local now = redis.call('GET', KEYS[1])
if not now then return 0 end
local before = ARGV[1] == '' and 0 or struct.unpack('<d', ARGV[1])
if struct.unpack('<d', now) ~= before + 1 then return 0 end
if ARGV[1] == '' then redis.call('DEL', KEYS[1]) else redis.call('SET', KEYS[1], ARGV[1], 'KEEPTTL') end
return 1
