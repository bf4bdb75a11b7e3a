-- Notes which streams a process counts and how long it keeps them, and from when on each stream is complete.
--
-- Guarantee: what a process counts without a stream, or lets go because it keeps the stream for less long, is never inside what
--   that stream calls complete, whichever version of features.yaml came first, goes on beside it, or comes back. Noting the same
--   again changes nothing.
-- KEYS[1]  the state: field "stream:<log>:<milliseconds that it is kept>" = complete from this event time on; "counted" =
--          somebody has noted as much as that
-- ARGV[1]  time of the newest event that is counted now   ARGV[2] the process will note again before it counts a later one
-- ARGV[3]  '1' = it has seen an epoch, so that an empty state is no fresh one   ARGV[4…] fields of its streams
-- Reply    none that matters

local call = redis.call
local NEVER = -math.huge
local function text(ms) return ms == NEVER and '-Infinity' or string.format('%.0f', ms) end

local newest, noted = tonumber(ARGV[1]), tonumber(ARGV[2])
local state, all = {}, call('HGETALL', KEYS[1])
local logs = {} -- log → kept → complete from
for i = 1, #all, 2 do
  local log, kept = string.match(all[i], '^stream:(.*):(%d+)$')
  if log then
    logs[log] = logs[log] or {}
    logs[log][tonumber(kept)] = all[i + 1] == '-Infinity' and NEVER or tonumber(all[i + 1])
  else
    state[all[i]] = all[i + 1]
  end
end
local counted = tonumber(state.counted or '')
local fresh = ARGV[3] == '0' and not state.epoch and not counted
local now = counted or newest -- nobody has counted anything later

-- of a log that others keep for longer, or for less long until now, this much is there
local function begins(others, kept)
  local longer, shorter
  for other in pairs(others or {}) do
    if other >= kept then longer = math.min(other, longer or other) else shorter = math.max(other, shorter or other) end
  end
  if longer then return others[longer] end
  if shorter then return math.max(others[shorter], now - shorter) end
  return fresh and NEVER or now
end

local own = {}
for i = 4, #ARGV do
  local log, kept = string.match(ARGV[i], '^stream:(.*):(%d+)$')
  own[log] = tonumber(kept)
  if not logs[log] or not logs[log][own[log]] then
    call('HSET', KEYS[1], ARGV[i], text(begins(logs[log], own[log])))
  end
end
for log, since in pairs(logs) do
  for kept, from in pairs(since) do
    local lost = not own[log] and noted or own[log] < kept and noted - own[log] or NEVER
    if from < lost then call('HSET', KEYS[1], 'stream:' .. log .. ':' .. string.format('%.0f', kept), text(lost)) end
  end
end
if not counted or counted < noted then call('HSET', KEYS[1], 'counted', text(noted)) end
return 0
