/**
 * Measures the velocity stores beside other designs: `npm run bench:velocity [-- --quick] [-- --in-process]`, the latter
 * without what needs Redis. Prints figures and asserts none: ratios travel between machines, absolute figures do not. Redis is a server of its own; its CPU is what it says of
 * itself, so that a busy machine disturbs the figures less.
 */
import { Redis } from 'ioredis';
import type { FeatureStore } from '../../src/domain/ports.ts';
import type { ParsedTransaction } from '../../src/domain/transaction.ts';
import { createRedisFeatureStore } from '../../src/features/redis-feature-store.ts';
import { catalogueOf, DAY, HOUR, seededRandom } from '../helpers/feature-cases.ts';
import { startRedis } from '../helpers/servers/redis.ts';
import { BUCKETS, IO_FLOOR, SORTED_SET_SCAN } from './velocity-designs.ts';
import { inProcess } from './velocity-in-process.ts';
import { AGREED_FEATURES, AGREED_WORKLOAD, chunksOf, makeWorkload, type Workload } from './velocity-workload.ts';

const isQuick = process.argv.includes('--quick');
const isInProcessOnly = process.argv.includes('--in-process');
const ALL_WINDOWS = ['90d', '30d', '7d', '24h', '1h', '10m', '1m'];
const MS: Readonly<Record<string, number>> = {
  '90d': 90 * DAY,
  '30d': 30 * DAY,
  '7d': 7 * DAY,
  '24h': DAY,
  '1h': HOUR,
};
const T0 = Date.UTC(2026, 0, 1);

let client: Redis;
const say = (text: string): void => void process.stdout.write(`${text}\n`);

async function redisCpuMicros(): Promise<number> {
  const info = await client.info('cpu');
  const read = (name: string): number => Number(new RegExp(`${name}:([0-9.]+)`).exec(info)?.[1] ?? Number.NaN);
  return (read('used_cpu_user') + read('used_cpu_sys')) * 1e6;
}
const nodeCpuMicros = (): number => {
  const { user, system } = process.cpuUsage();
  return user + system;
};

interface Cost {
  readonly redis: number;
  readonly node: number;
  readonly perSecond: number;
}

/** µs per unit of Redis and of Node, and units per second. */
async function measure(units: number, work: () => Promise<unknown>): Promise<Cost> {
  const redis = await redisCpuMicros();
  const node = nodeCpuMicros();
  const started = performance.now();
  await work();
  const seconds = (performance.now() - started) / 1000;
  return {
    redis: ((await redisCpuMicros()) - redis) / units,
    node: (nodeCpuMicros() - node) / units,
    perSecond: units / seconds,
  };
}

const f = (value: number, digits = 1): string => value.toFixed(digits).padStart(8);

function storeOf(lines: readonly string[], latenessMs = 2 * HOUR): FeatureStore {
  return createRedisFeatureStore({
    client,
    catalogue: catalogueOf(lines, latenessMs),
    keepsProfiles: false,
    maxPending: 0,
  });
}

let serial = 0;
function oneOf(timeMs: number, amountMinor: number): ParsedTransaction {
  return {
    transaction: {
      transactionId: `B${serial++}`,
      occurredAtMs: timeMs,
      channel: 'ATM',
      type: 'PAYMENT',
      customerId: 'HOT',
      amountMinor,
      currency: 'CNY',
      authentication: [],
      accessibility: [],
      attributes: {},
    },
    fingerprint: '',
    flags: [],
  };
}

async function feed(store: FeatureStore, transactions: readonly ParsedTransaction[], size = 64): Promise<void> {
  for (let start = 0; start < transactions.length; start += size)
    await store.recordAndRead(transactions.slice(start, start + size));
}

const countAndSum = (windows: readonly string[]): string[] =>
  windows.flatMap((window) => [
    `name: count_${window}, entity: [customer], aggregate: count, window: ${window}`,
    `name: sum_${window}, entity: [customer], aggregate: sum, of: amountMinor, window: ${window}`,
  ]);

/** One entity whose widest window holds n events all the time. */
async function updateCost(windows: readonly string[], n: number, updates: number): Promise<Cost> {
  await client.flushall();
  const store = storeOf(countAndSum(windows));
  const span = MS[windows[0] ?? ''] ?? DAY;
  const random = seededRandom(n);
  const gap = span / n;
  const times = Array.from({ length: n + 2 * updates }, (_, index) => Math.floor(T0 + (index + random()) * gap));
  const all = times.map((time) => oneOf(time, 1 + Math.floor(random() * 1e6)));
  await feed(store, all.slice(0, n + updates));
  return measure(updates, () => feed(store, all.slice(n + updates)));
}

async function windowsAndEvents(): Promise<number> {
  say('\nµs of Redis per update, one entity, batches of 64, count and sum per window');
  say('windows      n=100    n=1000   n=10000  n=100000   100000/100');
  const sizes = isQuick ? [100, 1_000, 10_000] : [100, 1_000, 10_000, 100_000];
  let at10k = Number.NaN;
  for (const count of [1, 3, 7]) {
    const row: number[] = [];
    for (const n of sizes) row.push((await updateCost(ALL_WINDOWS.slice(0, count), n, isQuick ? 2_000 : 8_000)).redis);
    if (count === 7) at10k = row[2] ?? Number.NaN;
    say(
      `${String(count).padEnd(8)} ${row.map((cost) => f(cost)).join(' ')}   ${f((row.at(-1) ?? 0) / (row[0] ?? 1), 2)}`,
    );
  }
  return at10k;
}

async function otherDesigns(ours: number): Promise<void> {
  const n = 10_000;
  const windows = ALL_WINDOWS.map((window) => MS[window] ?? (window === '10m' ? 600_000 : 60_000));
  const random = seededRandom(5);
  await client.flushall();
  const calls = isQuick ? 3 : 20;
  const gap = (90 * DAY) / n;
  const time = (index: number): number => Math.floor(T0 + (index + random()) * gap);
  const pipeline = client.pipeline();
  for (let index = 0; index < n; index++) {
    const t = time(index);
    pipeline.zadd('zset', t, `${t}:${index}:${Math.floor(random() * 1e6)}`);
  }
  await pipeline.exec();
  const bytesZset = (await client.memory('USAGE', 'zset', 'SAMPLES', 0)) ?? 0;
  const scan = await measure(calls, async () => {
    for (let index = 0; index < calls; index++)
      await client.eval(SORTED_SET_SCAN, 1, 'zset', time(n + index), index, 100, ...windows);
  });
  say(`\nsorted set and scan, 7 windows, 10,000 events: ${f(scan.redis, 0)} µs = ${f(scan.redis / ours, 0)} × ours`);
  await bucketError();
  const simple = 20_000;
  const floor = await measure(simple, () => pipelined(simple, () => ['eval', IO_FLOOR, 1, 'floor', 'x'.repeat(350)]));
  const one = await measure(simple, () => pipelined(simple, () => ['eval', 'return 1', 0]));
  say(
    `Lua I/O floor ${f(floor.redis, 2)} µs (ours ${f(ours / floor.redis, 1)} ×), EVAL "return 1" ${f(one.redis, 2)} µs (ours ${f(ours / one.redis, 1)} ×)`,
  );
  await client.flushall();
  const store = storeOf(countAndSum(ALL_WINDOWS));
  const events = Array.from({ length: n }, (_, index) => oneOf(time(index), 100));
  await feed(store, events);
  const [key] = await client.keys('*customer*');
  const bytes = (await client.memory('USAGE', key ?? '')) ?? 0;
  say(`bytes per event: ours ${f(bytes / n)}, sorted set ${f(bytesZset / n)}, ratio ${f(bytes / bytesZset, 2)}`);
}

function pipelined(times: number, command: () => [string, ...(string | number)[]]): Promise<unknown> {
  const pipeline = client.pipeline();
  for (let index = 0; index < times; index++) {
    const [name, ...words] = command();
    pipeline.call(name, ...words);
  }
  return pipeline.exec();
}

/** Twelve payments around the edge of a bucket: how many the bucket design misses or counts too many. */
async function bucketError(): Promise<void> {
  const random = seededRandom(9);
  const window = HOUR;
  let wrong = 0;
  const times: number[] = [];
  let t = T0;
  const checks = 2_000;
  const cost = await measure(checks, async () => {
    for (let index = 0; index < checks; index++) {
      t += Math.floor(random() * 120_000);
      times.push(t);
      const [count] = (await client.eval(BUCKETS, 1, 'buckets', t, index, 100, window)) as [number];
      if (count !== times.filter((time) => time > t - window).length) wrong++;
    }
  });
  say(`60 buckets, 1 window: ${f(cost.redis)} µs, wrong in ${((100 * wrong) / checks).toFixed(0)} % of the answers`);
}

async function lateCost(): Promise<void> {
  say('\nlate event, 7 windows, 20,000 events of 5 s gap: µs of Redis by distance in records');
  await client.flushall();
  const store = storeOf(countAndSum(ALL_WINDOWS), DAY);
  await feed(
    store,
    Array.from({ length: 20_000 }, (_, index) => oneOf(T0 + index * 5_000, 100)),
  );
  for (const distance of [1, 10, 100, 1_000, 10_000]) {
    const times = distance > 1_000 ? 20 : 100;
    const late = Array.from({ length: times }, (_, place) => oneOf(T0 + (19_999 - distance) * 5_000 + 1 + place, 100));
    const cost = await measure(times, () => feed(store, late));
    say(`${String(distance).padStart(8)} ${f(cost.redis)}`);
  }
}

async function nodeCost(): Promise<void> {
  const batched = await updateCost(ALL_WINDOWS, 1_000, 8_000);
  await client.flushall();
  const store = storeOf(countAndSum(ALL_WINDOWS));
  const singles = Array.from({ length: 2_000 }, (_, index) => oneOf(T0 + index * 60_000, 100));
  const single = await measure(singles.length, () => feed(store, singles, 1));
  say(
    `\nNode CPU per update: 64 per call ${f(batched.node)} µs, one per call ${f(single.node)} µs, ratio ${f(batched.node / single.node, 2)}`,
  );
}

/** Chunks in flight, as the partitions of a topic have them. */
const IN_FLIGHT = 3;

async function agreedWork(workload: Workload): Promise<void> {
  const measured = isQuick ? 20_000 : 200_000;
  const warm = workload.size - measured - 5_000;
  say(`\nagreed work: ${workload.size} transactions, the last ${measured} measured`);
  const catalogue = catalogueOf(AGREED_FEATURES, 2 * HOUR);
  await client.flushall();
  const store = createRedisFeatureStore({ client, catalogue, keepsProfiles: false, maxPending: 0 });
  const run = async (from: number, to: number): Promise<void> => {
    const flying: Promise<unknown>[] = [];
    for (const chunk of chunksOf(workload, from, to, 64)) {
      flying.push(store.recordAndRead(chunk));
      if (flying.length >= IN_FLIGHT) await flying.shift();
    }
    await Promise.all(flying);
  };
  await run(0, warm);
  const batched = await measure(measured, () => run(warm, warm + measured));
  say(
    `Redis, 64 per call:     ${f(batched.perSecond, 0)} tx/s, ${f(batched.redis)} µs of Redis and ${f(batched.node)} µs of Node each`,
  );
  const latencies: number[] = [];
  const single = await measure(5_000, async () => {
    for (const chunk of chunksOf(workload, warm + measured, warm + measured + 5_000, 1)) {
      const started = performance.now();
      await store.recordAndRead(chunk);
      latencies.push(performance.now() - started);
    }
  });
  latencies.sort((a, b) => a - b);
  const p = (share: number): number => latencies[Math.floor(latencies.length * share)] ?? Number.NaN;
  say(`Redis, one at a time:   ${f(single.perSecond, 0)} tx/s, p50 ${f(p(0.5), 3)} ms, p99 ${f(p(0.99), 3)} ms`);
}

const workload = makeWorkload({ ...AGREED_WORKLOAD, transactions: isQuick ? 120_000 : AGREED_WORKLOAD.transactions });
if (!isInProcessOnly) {
  const server = await startRedis();
  client = new Redis(server.url);
  try {
    const ours = await windowsAndEvents();
    await otherDesigns(ours);
    await lateCost();
    await nodeCost();
    await agreedWork(workload);
  } finally {
    client.disconnect();
    await server.stop();
  }
}
await inProcess(workload, say);
