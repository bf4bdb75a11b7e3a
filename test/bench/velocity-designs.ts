/** The designs that the packed log is measured against: what most systems do. Lua as each would be written for Redis. */

/** A sorted set per entity, member = time:id:amount; every window read and added up. KEYS log; ARGV time, id, amount, windows… */
export const SORTED_SET_SCAN = `
local t = tonumber(ARGV[1])
redis.call('ZADD', KEYS[1], t, ARGV[1] .. ':' .. ARGV[2] .. ':' .. ARGV[3])
local out = {}
for w = 4, #ARGV do
  local members = redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. (t - tonumber(ARGV[w])), t)
  local sum = 0
  for i = 1, #members do sum = sum + tonumber(string.match(members[i], ':(%d+)$')) end
  out[#out + 1] = #members
  out[#out + 1] = sum
end
return out`;

/** 60 fixed buckets per window in a hash: cheap to bound, wrong at the edge. Same arguments. */
export const BUCKETS = `
local t = tonumber(ARGV[1])
local out = {}
for w = 4, #ARGV do
  local span = tonumber(ARGV[w]) / 60
  local bucket = math.floor(t / span)
  redis.call('HINCRBY', KEYS[1] .. ':' .. w, bucket, 1)
  local count = 0
  local values = {}
  for b = bucket - 59, bucket do values[#values + 1] = b end
  for _, v in ipairs(redis.call('HMGET', KEYS[1] .. ':' .. w, unpack(values))) do count = count + (tonumber(v) or 0) end
  redis.call('HDEL', KEYS[1] .. ':' .. w, bucket - 60)
  out[#out + 1] = count
end
return out`;

/** What an update must do at least: read a tail, write a record with a trailer. KEYS log; ARGV[1] the bytes. */
export const IO_FLOOR = `
local tail = redis.call('GETRANGE', KEYS[1], -350, -1)
redis.call('SETRANGE', KEYS[1], 0, ARGV[1])
return tail`;

interface PlainLog {
  count: number;
  times: Float64Array;
  sums: Float64Array;
  readonly tails: number[];
}

/** Count and sum over five windows for three entities, in process, with nothing else: no repeats, no bounds, no names. */
export function createPlainTwin(windows: readonly number[]) {
  const tables = [new Map<string, PlainLog>(), new Map<string, PlainLog>(), new Map<string, PlainLog>()];
  const out = new Float64Array(tables.length * windows.length * 2);

  function insert(log: PlainLog, t: number, amount: number): number {
    if (log.count === log.times.length) {
      log.times = grown(log.times);
      log.sums = grown(log.sums);
    }
    let place = log.count;
    while (place > 0 && (log.times[place - 1] as number) > t) place--;
    log.times.copyWithin(place + 1, place, log.count);
    log.sums.copyWithin(place + 1, place, log.count);
    log.times[place] = t;
    log.sums[place] = (place > 0 ? (log.sums[place - 1] as number) : 0) + amount;
    log.count++;
    for (let later = place + 1; later < log.count; later++) log.sums[later] = (log.sums[later] as number) + amount;
    return place;
  }

  return (ids: readonly string[], t: number, amount: number): Float64Array => {
    for (let entity = 0; entity < tables.length; entity++) {
      const table = tables[entity] as Map<string, PlainLog>;
      let log = table.get(ids[entity] as string);
      if (log === undefined) {
        log = { count: 0, times: new Float64Array(4), sums: new Float64Array(4), tails: windows.map(() => 0) };
        table.set(ids[entity] as string, log);
      }
      const place = insert(log, t, amount);
      for (let index = 0; index < windows.length; index++) {
        const start = t - (windows[index] as number);
        let tail = Math.min(log.tails[index] as number, place);
        while (tail > 0 && (log.times[tail - 1] as number) > start) tail--;
        while ((log.times[tail] as number) <= start) tail++;
        if (place === log.count - 1) log.tails[index] = tail;
        const at = (entity * windows.length + index) * 2;
        out[at] = place + 1 - tail;
        out[at + 1] = (log.sums[place] as number) - (tail > 0 ? (log.sums[tail - 1] as number) : 0);
      }
    }
    return out;
  };
}

function grown(numbers: Float64Array): Float64Array {
  const next = new Float64Array(numbers.length * 2);
  next.set(numbers);
  return next;
}
