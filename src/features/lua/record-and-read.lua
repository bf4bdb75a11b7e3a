-- Adds events to packed prefix-sum logs, each at most once, and answers every window as of each event's arrival.
--
-- Guarantee: one event with one (time, id) is in a log at most once, however often this runs; a repeat changes nothing and
--   is answered as of its own place. Logs expire after their retention, counted from the last write.
-- KEYS     per update: the log, and for a log with member columns or labels its companion hash: members' newest records
--          (field u8 column, f64 hash), and the frauds in field "f" (apply-frauds.lua)
-- ARGV[1]  f64 wall clock in ms   ARGV[4] "1" on a cluster: what is not declared is not touched
-- ARGV[2]  the streams, as redis-streams.ts works them out: per stream f64 × 20 (see `read_layouts`), then the formats of the
--          record, of the edges that are always kept and of a plain one, and the place where its tail starts, each u32 length and text, then f64 × 10 per
--          window, in the order of the trailer
-- ARGV[3]  the updates: f64 × (stream, 1 it belongs, or 2 it does and `<log>:w` is declared behind its keys, or 0, time, id,
--          value or −1), with squares f64 × (low, high), f64 hash a column;
--          stream −1 stands for the customer's profile, right after the log of all the customer's transactions, which
--          tells what is a repeat: f64 × (−1, time, amount or −1, event of interest or −1, hour of the week, latitude,
--          longitude, learns payees, six hashes); its one key is the profile. −2 takes an event out of a log again:
--          f64 × (−2, stream, time, id, 0). −3 says that the update of this log right behind it corrects another event:
--          f64 × (−3, stream, time, id, amount, what to do, id of the original, another id of it or 0, currency), see
--          correcting.lua; its keys are the log's, then `<log>:w`. −4 keeps the rails' references of a transaction behind the
--          log of all the customer's: f64 × (−4, hash, ttl, id, 0), its key is the customer's references. −5 says that several
--          updates of one log follow, which has counts and sums alone: f64 × (−5, stream, how many, 0, 0), no key
-- Reply    strings: first a byte per update, its status (0 in order, 1 late, 2 repeat, 3 too late, 4 does not belong; of a
--          profile 0; 1 where an event was taken out, else 0; of a correction what `correct` says; 5 what its keys hold cannot
--          be read, the others are not touched by it: then one string, what went wrong; 6 nothing was done: `<log>:w` is to be
--          declared, then no string; 7 in order, and answered together with the next one of its log); then per update
--          in order: the last records and the trailer as they were (empty: a new log), the record and the trailer that
--          were written; late and so on: f64 droppedMs and the windows (see `evaluate`); with labels then u32 frauds per
--          window; of a profile the state before the event; of −2 to −4 nothing. Updates that are answered together: the last
--          records and the trailer as they were; the records and the trailer that were written; the edges that were kept
--          before, u32 count behind each; where the count is not 0, that many records from the edge on
--          One string for all would be made by copying and hashing what Lua has hashed already: 0.3 µs an update.
--
-- A log is one string: a sentinel record (the sums before the first), the records in order of time, the trailer.
-- Record:  f64 time, f64 id, [f64 sum modulo 2^53, u32 wraps], [u32 present], [f64, f64, u32 squares], [u32 currency of a net
--          log], [f64 max], [f64 min],
--          per member column f64 hash, u32 previous, u32 next (absolute record number + 1, 0 = none)
-- Trailer: the edges of the windows, then f64 droppedMs, f64 expires at, u32 first, u32 count, u8 plain edges kept, u23 id
--          of the set of windows, u1 an event of the log was replaced by another version (`<log>:w` says which).
-- Edge:    u32 lo, f64 time at lo, sums before lo, [delayed: u32 hi, f64 time at hi, f64 time before hi, sums before hi],
--          [u32 record, f64 max], [u32 record, f64 min], [u32 distinct a column]
-- Windows with more than counts and sums come first and always keep their edges. Of the plain ones, the widest first, only
-- those keep theirs whose oldest event is not among the last records, which are read with the trailer anyway: a typical
-- customer has five windows and one or two such edges. The others are found in what was read, where a reply is decoded.
-- The trailer stands at the end so that a record and the new trailer are one write; so it may become shorter by no more
-- than a record a time. Record numbers and columns mean the same as in packed-log.ts, which is this algorithm in TypeScript
-- and has the explanation.

local call, su, sp = redis.call, struct.unpack, struct.pack
local floor, min, max, sub, rep, concat = math.floor, math.min, math.max, string.sub, string.rep, table.concat
local WRAP, NONE = 9007199254740992, -1
local NEVER = -math.huge
local NEAR = 3 -- records read behind the one asked for; where one goes on beside them, AHEAD
local AHEAD = 16
local SHIFTED = 32 -- records of a late event's shift unpacked at once
local NOBODY = {}
local COMPACT_FROM = 16
local FIXED = 28 -- bytes of a trailer without edges
local FLAG = 2147483648 -- in the trailer's mark: something was replaced
local STATUSES, UNREADABLE, UNDECLARED = { [0] = '\0', '\1', '\2', '\3', '\4' }, '\5', '\6'

-- What follows is of one call: `begin` sets it, as a function's upvalues outlive a call.
local on_cluster
local declared, declared_for -- the last `<log>:w` that is declared, and its log
local put_off -- logs with an update that waits for its declaration: those behind it wait, too
local now

-- the log in hand
local key, index_key, L, R -- R: bytes of a record
local tail, tail_end -- the last records, and the position after them in `tail`
local span, span_from, span_to -- the last records read beside those: [span_from, span_to)
-- a log that comes again in one call (a popular merchant) reads ahead at each plain window's edge: per window three entries,
-- from, to and the records, of which times and sums alone are looked at; false: came once
local kept_of, kept
local n, first
local v -- the fields of the newest record, then those of the edges
local edges, stored -- plain windows whose edges are in `v`, and were in the trailer
local dropped, expires, flagged -- of the trailer
local currency -- of the update in hand, in a net log
local frauds -- the companion's field "f" where it was read already
local replies, statuses
local cursor, next_key, answered -- where the next update and its keys are; how many replies stand

-- Functions inside one: what they share is then passed from its upvalues, where each would search the stack for it. As a
-- function of a library they are made once; as a script every call makes them anew: 6 µs, and 16 where each stands alone.
local function make()
--include record-and-read/streams.lua
--include record-and-read/reading.lua
--include record-and-read/finding.lua
--include record-and-read/making-room.lua
--include record-and-read/appending.lua
--include record-and-read/inserting.lua
--include record-and-read/updating.lua
--include record-and-read/runs.lua
--include record-and-read/profile.lua
--include record-and-read/withdrawing.lua
--include record-and-read/correcting.lua

local keys, layouts, work
local status
local corrected, replaces -- the update that comes, and the one that was: it stands for another one
local run_left -- updates of one log that are still to come

local function begin(KEYS, ARGV)
  now, work, keys, on_cluster = su('<d', ARGV[1]), ARGV[3], KEYS, ARGV[4] == '1'
  layouts = layouts_of(ARGV[2])
  declared, declared_for, put_off, key, kept_of, kept, known_counts = nil, nil, nil, nil, {}, nil, nil
  currency, frauds, status, corrected, replaces, run_left = 0, nil, 4, false, false, 0
  replies, statuses, cursor, next_key, answered = { '' }, { '' }, 1, 1, 1
end

-- What a call leaves behind is not held until the next one.
local function finish()
  local all = replies
  keys, work, replies, statuses, put_off, kept_of, kept, known_counts, tail, span, v, frauds = nil
  return all
end

-- Appends together what comes next of a run, and does nothing where that cannot be: then each update is done by itself, and says
-- what is wrong with it.
local function continue_run()
  if run_left < 2 or put_off and put_off[key] then return end
  local could, length, goes_far = pcall(append_run, work, cursor, run_left)
  if not could or goes_far then run_left = 0
  else
    cursor, next_key, run_left = cursor + length * L.update_bytes, next_key + length, run_left - length
  end
end

local function start_run(layout, count)
  L, key, run_left = layouts[layout], keys[next_key], count
  continue_run()
end

-- The updates from the cursor on. Cursor and next key are behind an update before anything is done for it.
local function work_off()
  while cursor <= #work do
    local stream, belongs, t, id, value = su('<ddddd', work, cursor)
    local first_key = next_key
    if stream == -1 then
      local at = cursor + 8
      cursor, next_key = cursor + 112, next_key + 1
      local state = update_profile(keys[first_key], numbers(work, at, 13), status <= 1 and not replaces)
      answered = answered + 1
      replies[answered], statuses[#statuses + 1] = state, '\0'
    elseif stream == -2 then
      L = layouts[belongs + 1]
      key, index_key = keys[first_key], keys[first_key + 1]
      cursor, next_key = cursor + 40, next_key + (L.companion and 2 or 1)
      statuses[#statuses + 1] = withdraw(t, id) == 1 and '\1' or '\0'
    elseif stream == -3 then
      local op, original, other, code = su('<dddd', work, cursor + 40)
      L = layouts[belongs + 1]
      key = keys[first_key]
      cursor, next_key = cursor + 72, next_key + (L.companion and 3 or 2)
      if L.companion then index_key = keys[first_key + 1] end
      declared, declared_for = keys[next_key - 1], key
      if put_off and put_off[key] then error(UNDECLARED, 0) end
      local answer = correct(keys[next_key - 1], op, t, id, value, { original, other }, code)
      corrected = op == REPLACE and answer == 1
      statuses[#statuses + 1] = STATUSES[answer]
    elseif stream == -4 then
      cursor, next_key = cursor + 40, next_key + 1
      if status <= 1 then remember_references(keys[first_key], belongs, id, t) end
      statuses[#statuses + 1] = '\0'
    elseif stream == -5 then
      cursor = cursor + 40
      start_run(belongs + 1, t)
    else
      L = layouts[stream + 1]
      local q_low, q_high, rest = 0, 0, cursor + 40
      if L.squares then
        q_low, q_high, rest = su('<dd', work, rest)
      end
      if L.net then currency, rest = su('<d', work, rest) end
      local members = NOBODY
      if L.members > 0 then members = numbers(work, rest, L.members) end
      key = keys[first_key]
      cursor, next_key = cursor + L.update_bytes, next_key + (L.companion and 2 or 1)
      if run_left > 0 then run_left = run_left - 1 end
      if L.companion then index_key = keys[first_key + 1] end
      if belongs == 2 then declared, declared_for, next_key = keys[next_key], key, next_key + 1 end
      if put_off and put_off[key] then error(UNDECLARED, 0) end
      status = update(belongs > 0, t, id, value, q_low, q_high, members)
      local counted = L.labels and count_frauds(t)
      replaces, corrected = corrected, false
      statuses[#statuses + 1] = STATUSES[status]
      answered = answered + (status == 0 and 2 or 1)
      if counted then
        answered = answered + 1
        replies[answered] = counted
      end
      if run_left > 0 then continue_run() end
    end
  end
end

return function(KEYS, ARGV)
begin(KEYS, ARGV)
local faulty = 1
while true do
  local done, fault = pcall(work_off)
  if done then break end
  for piece = #replies, answered + 1, -1 do replies[piece] = nil end
  if fault == UNDECLARED then
    put_off = put_off or {}
    put_off[key], statuses[#statuses + 1] = true, UNDECLARED
  else
    -- what a command says comes as a text or as a table, by the version of the server; what Lua says begins with its place
    local reason = type(fault) == 'table' and fault.err or tostring(fault)
    local is_of_keys = sub(reason, 1, 9) == 'WRONGTYPE' or string.find(reason, '^@?user_%a+:')
    -- out of memory, read-only, a slot that moves: everybody's. And where the work itself cannot be read it would go on for ever
    if not is_of_keys or cursor == faulty then return redis.error_reply(reason) end
    faulty = cursor
    answered = answered + 1
    replies[answered], statuses[#statuses + 1] = reason, UNREADABLE
  end
  if key then forget_kept() end
  status, replaces, corrected = 4, false, false
end
replies[1] = concat(statuses)
return finish()
end
end

local record_and_read = make()
