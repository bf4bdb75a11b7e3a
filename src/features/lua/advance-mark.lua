-- Says how far a partition of the transactions topic is counted, and notices when Redis knows less than the group has done.
--
-- Guarantee: a mark never goes back, except for a topic that was made anew. What a group has finished and Redis has not
--   counted (data lost, restored from an older copy, or counted by a process that ended before it could pass it on) is kept
--   as a gap until it is counted after all, or until a rebuild.
-- KEYS[1]  the state: field "epoch", and "marks" when every partition that was counted since it began has its mark
-- KEYS[2]  the marks: partition → next offset that is not counted
-- KEYS[3]  the gaps: "<partition> <from>" → to
-- ARGV[1]  partition   ARGV[2] the group has finished what is before this offset, '' = nothing that it knows of
-- ARGV[3]  what is counted now ends before this offset   ARGV[4] end of the partition
-- Reply    how many gaps are open

local call = redis.call
local partition, finished, counted = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local mark = tonumber(call('HGET', KEYS[2], partition) or '')

if mark and not finished and mark > tonumber(ARGV[4]) then mark = nil end -- of an earlier topic of this name

local known = mark
if not mark and call('HEXISTS', KEYS[1], 'epoch') == 1 and call('HEXISTS', KEYS[1], 'marks') == 0 then
  known = finished -- a state that began without marks, or was rebuilt: nobody can say
end
if finished and finished > (known or 0) then
  call('HSETNX', KEYS[3], partition .. ' ' .. string.format('%d', known or 0), ARGV[2])
end

local open = call('HLEN', KEYS[3])
if open > 0 and finished then
  local gaps = call('HGETALL', KEYS[3])
  for i = 1, #gaps, 2 do
    local owner, from = string.match(gaps[i], '^(.*) (%d+)$')
    from = tonumber(from)
    local to = tonumber(gaps[i + 1])
    if owner == partition and finished <= from and counted > from then
      call('HDEL', KEYS[3], gaps[i])
      if counted < to then call('HSET', KEYS[3], partition .. ' ' .. ARGV[3], gaps[i + 1]) end
    end
  end
  open = call('HLEN', KEYS[3])
end

if not mark or counted > mark then call('HSET', KEYS[2], partition, ARGV[3]) end
return open
