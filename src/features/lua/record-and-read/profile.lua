-- The customer's profile: profile-state.ts, in bytes.

local PROFILE_TTL = 400 * 86400000
local NUMBERS, RING, RING_AT, HOURS_AT, HOURS, KNOWN_AT = 24, 32, 192, 448, 168, 784
local KNOWN_CAPS = { 16, 64, 32, 16, 16, 16 }
local NUMBERS_FORMAT = '<' .. rep('d', NUMBERS)

local function fresh_profile()
  local p = {}
  for i = 1, NUMBERS do p[i] = 0 end
  for i = 3, 15 do p[i] = NEVER end
  p[3], p[6] = math.huge, NONE
  return sp(NUMBERS_FORMAT, unpack(p)) .. rep('\0', KNOWN_AT - NUMBERS * 8)
end

-- Byte offset of the known thing with this hash, from 0.
local function find_known(state, hash)
  local raw, from = sp('<d', hash), KNOWN_AT + 1
  while true do
    local place = string.find(state, raw, from, true)
    if not place then return end
    if (place - 1 - KNOWN_AT) % 24 == 0 then return place - 1 end
    from = place + 1
  end
end

local function least_recent(state, kind)
  local oldest, oldest_time
  for place = KNOWN_AT, #state - 24, 24 do
    local hash, _, seen = su('<ddd', state, place + 1)
    if hash % 8 == kind and (not oldest or seen < oldest_time) then oldest, oldest_time = place, seen end
  end
  return oldest
end

local function update_profile(profile_key, e, is_new)
  local state = call('GET', profile_key) or ''
  if not is_new then return state end
  local created = state == ''
  local work = created and fresh_profile() or state
  local p = { su(NUMBERS_FORMAT, work) }
  p[NUMBERS + 1] = nil
  local t, amount, interest, hour, lat, lon, learns = e[1], e[2], e[3], e[4], e[5], e[6], e[7]
  local spans = {}
  p[1] = p[1] + 1
  p[3], p[4] = min(p[3], t), max(p[4], t)
  if amount >= 0 then
    spans[#spans + 1] = { RING_AT + (p[2] % RING) * 8, sp('<d', amount) }
    p[2] = p[2] + 1
    p[5], p[6] = max(p[5], t), max(p[6], amount)
  end
  if interest >= 0 then p[7 + interest] = max(p[7 + interest], t) end
  if lat == lat and t >= p[15] then p[13], p[14], p[15] = lat, lon, t end
  local hour_at = HOURS_AT + hour * 2
  local count = su('<I2', work, hour_at + 1)
  if count == 65535 then
    local halved = {}
    for h = 0, HOURS - 1 do halved[h + 1] = sp('<I2', floor(su('<I2', work, HOURS_AT + h * 2 + 1) / 2)) end
    spans[#spans + 1] = { HOURS_AT, concat(halved) }
    count = floor(count / 2)
  end
  spans[#spans + 1] = { hour_at, sp('<I2', count + 1) }
  local size = #work
  for kind = 0, 5 do
    local hash = e[8 + kind]
    if hash ~= 0 and (kind ~= 1 or learns == 1) then
      local place = find_known(work, hash)
      if place then
        local since, seen = su('<dd', work, place + 9)
        since = kind == 5 and since + 1 or min(since, t)
        spans[#spans + 1] = { place + 8, sp('<dd', since, max(seen, t)) }
      else
        if p[16 + kind] >= KNOWN_CAPS[kind + 1] then
          place = least_recent(work, kind)
        else
          place, size = size, size + 24
          p[16 + kind] = p[16 + kind] + 1
        end
        spans[#spans + 1] = { place, sp('<ddd', hash, kind == 5 and 1 or t, t) }
      end
    end
  end
  local expires = now + PROFILE_TTL
  local renews = expires - p[22] > PROFILE_TTL / 16
  if renews then p[22] = expires end
  if created then call('SET', profile_key, work, 'PX', PROFILE_TTL) end
  call('SETRANGE', profile_key, 0, sp(NUMBERS_FORMAT, unpack(p)))
  for _, span in ipairs(spans) do call('SETRANGE', profile_key, span[1], span[2]) end
  if renews and not created then call('PEXPIRE', profile_key, PROFILE_TTL) end
  return state
end
