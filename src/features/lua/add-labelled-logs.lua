-- Names further logs of a transaction in its place, and answers all that is known of it.
--
-- Guarantee: a log stands there once, however often it is named; labels are left alone. The place lives as long as it did, or as
--   long as the new logs need it.
-- KEYS[1]  the transaction's place (add-label.lua), its logs as lines: bytes of a record, a blank, the log's key, a line feed
-- ARGV[1]  f64 milliseconds to live   ARGV[2…] lines
-- Reply    the new value; nil when the transaction is not known (any more)

local value = redis.call('GET', KEYS[1])
if not value then return false end
for i = 2, #ARGV do
  if not string.find(value, ARGV[i], 1, true) then value = value .. ARGV[i] end
end
redis.call('SET', KEYS[1], value, 'KEEPTTL')
redis.call('PEXPIRE', KEYS[1], string.format('%.0f', struct.unpack('<d', ARGV[1])), 'GT')
return value
