-- Moves what cannot be read out of the way of one log, one profile or one other key.
--
-- Guarantee: moves only what is seen to be wrong (another type; a log or a profile whose length contradicts itself), so that
--   a fault of a script moves nothing; whoever comes second finds nothing. A log and its companion move together, and leave
--   a log without records that says what it lost: its dropped time has half a millisecond, which no event's time has.
-- KEYS     the keys (of a log: the log, its companion if it has one, then what was replaced in it); then a name for each
-- ARGV[1]  "log", "profile" or ""   ARGV[2] the type that each key should have, with blanks between
-- ARGV[3]  ms for which what was moved is kept   ARGV[4] of a log f64 × (bytes of a record, set of windows, bytes of the
--          edges that are always kept and of a plain one, ttl, now, lost before)
-- Reply    per key what was found there, '' = it stays

local call, su, sp = redis.call, struct.unpack, struct.pack
local kind, keep, half = ARGV[1], ARGV[3], #KEYS / 2
local FIXED, FLAG, PROFILE, KNOWN = 28, 2147483648, 784, 24
local types = {}
for word in string.gmatch(ARGV[2], '%a+') do types[#types + 1] = word end

local function is_log(key)
  local record, set, special, edge = su('<dddd', ARGV[4])
  local size = call('STRLEN', key)
  if size < record + FIXED then return false end
  local count, mark = su('<I4I4', call('GETRANGE', key, -8, -1))
  if mark >= FLAG then mark = mark - FLAG end
  local rest = size - (count + 1) * record - FIXED
  local edges = mark % 256
  if mark - edges == set * 256 then return rest == special + edges * edge end
  return rest >= 0
end

local function is_profile(key)
  local size = call('STRLEN', key)
  return size >= PROFILE and (size - PROFILE) % KNOWN == 0
end

local found = {}
for i = 1, half do
  local type = call('TYPE', KEYS[i]).ok
  if type == 'none' or type == types[i] then type = '' end
  if type == '' and i == 1 and call('EXISTS', KEYS[1]) == 1 then
    if kind == 'log' and not is_log(KEYS[1]) then type = 'no log' end
    if kind == 'profile' and not is_profile(KEYS[1]) then type = 'no profile' end
  end
  found[i] = type
end
local companion = kind == 'log' and half == 3
if companion and (found[1] ~= '' or found[2] ~= '') then
  for i = 1, 2 do
    if found[i] == '' and call('EXISTS', KEYS[i]) == 1 then found[i] = 'what belongs to it' end
  end
end
for i = 1, half do
  if found[i] ~= '' then
    call('RENAME', KEYS[i], KEYS[half + i])
    call('PEXPIRE', KEYS[half + i], keep)
  end
end
if kind == 'log' and (found[1] ~= '' or companion and found[2] ~= '') then
  local record, _, _, _, ttl, now, lost = su('<ddddddd', ARGV[4])
  local mark = call('EXISTS', KEYS[half]) == 1 and FLAG or 0
  call('SET', KEYS[1], string.rep('\0', record) .. sp('<ddI4I4I4', lost, now + ttl, 0, 0, mark), 'PX', ttl)
  if companion then
    call('HSET', KEYS[2], '', '0')
    call('PEXPIRE', KEYS[2], ttl)
  end
end
return found
