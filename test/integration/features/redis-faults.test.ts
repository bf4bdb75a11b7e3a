/** What the Redis store does when Redis does not do what it should: never a double count, never an untyped error. */
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { VigilError } from '../../../src/domain/errors.ts';
import type { FeatureStore } from '../../../src/domain/ports.ts';
import type { ParsedTransaction } from '../../../src/domain/transaction.ts';
import { createMemoryFeatureStore } from '../../../src/features/memory-feature-store.ts';
import { createRedisFeatureStore } from '../../../src/features/redis-feature-store.ts';
import { catalogueOf, DAY, FORGETFUL_CATALOGUE, FULL_CATALOGUE, hardStream } from '../../helpers/feature-cases.ts';
import { startRoundTripCounter } from '../../helpers/round-trip-counter.ts';
import { type RedisServer, startRedis } from '../../helpers/servers/redis.ts';
import { startTcpProxy, type TcpProxy } from '../../helpers/servers/tcp-proxy.ts';

const STREAM = {
  seed: 11,
  events: 400,
  customers: 3,
  counterparties: 9,
  devices: 3,
  meanGapMs: 60_000,
  amounts: 'mixed',
} as const;
const transactions = (events: number = STREAM.events): ParsedTransaction[] => {
  const seen = new Set<string>();
  return [...hardStream({ ...STREAM, events })].filter(({ transaction }) => {
    const isNew = !seen.has(transaction.transactionId);
    seen.add(transaction.transactionId);
    return isNew;
  });
};

let server: RedisServer;
let proxy: TcpProxy;
const clients: Redis[] = [];
let admin: Redis;

beforeAll(async () => {
  server = await startRedis();
  proxy = await startTcpProxy({ path: server.url });
  admin = new Redis(server.url);
});
afterEach(async () => {
  proxy.pass();
  await admin.config('SET', 'maxmemory', '0');
  await admin.replicaof('NO', 'ONE');
  await admin.flushall();
  for (const client of clients.splice(0)) client.disconnect();
});
afterAll(async () => {
  admin.disconnect();
  await proxy.close();
  await server.stop();
});

async function connect(options: { readonly port?: number; readonly commandTimeout?: number } = {}): Promise<Redis> {
  const client = new Redis({
    port: proxy.port,
    commandTimeout: 2_000,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    lazyConnect: true,
    retryStrategy: () => 5,
    ...options,
  });
  client.on('error', () => {});
  clients.push(client);
  await client.connect();
  return client;
}

const codeOf = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'answered',
    (error: unknown) => (error instanceof VigilError ? error.code : `untyped: ${String(error)}`),
  );

/** As the consumer does: the same chunk again until it is answered. */
async function untilAnswered(store: FeatureStore, chunk: readonly ParsedTransaction[]) {
  for (let attempt = 0; attempt < 200; attempt++) {
    try {
      return await store.recordAndRead(chunk);
    } catch (error) {
      if (!(error instanceof VigilError) || error.code !== 'FEATURE_STORE_UNAVAILABLE') throw error;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
  throw new Error('Redis never answered');
}

describe('the Redis feature store under faults', () => {
  it('makes one round trip to record and read a chunk, and one to settle it', async () => {
    const counter = await startRoundTripCounter(server.url);
    const client = await connect({ port: counter.port, commandTimeout: 10_000 });
    const store = createRedisFeatureStore({ client, catalogue: FULL_CATALOGUE });
    const all = transactions(200);
    await store.recordAndRead(all.slice(0, 1)); // the script is known from here on
    const before = counter.trips();
    await store.recordAndRead(all.slice(1));
    expect(counter.trips() - before).toBe(1);
    const settlements = all.map(({ transaction: { channel, transactionId }, fingerprint }) => ({
      channel,
      transactionId,
      fingerprint,
      decision: '{}',
    }));
    await store.settle(settlements);
    expect(counter.trips() - before).toBe(2);
    client.disconnect();
    await counter.close();
  });

  it('sends all that a chunk asks in one piece, which Redis reads at once', async () => {
    const client = new Redis(server.url);
    const store = createRedisFeatureStore({ client, catalogue: FULL_CATALOGUE });
    const reads = async () => Number(/total_reads_processed:(\d+)/.exec(await admin.info('stats'))?.[1]);
    const [first, ...others] = transactions(51);
    await store.recordAndRead(first === undefined ? [] : [first]);
    const before = await reads();
    for (const parsed of others) await store.recordAndRead([parsed]);
    const ofTheLook = 1;
    expect((await reads()) - before - ofTheLook).toBe(50);
    client.disconnect();
  });

  it('counts once when the reply of a call that had its effect is lost', async () => {
    const client = await connect();
    const store = createRedisFeatureStore({ client, catalogue: FORGETFUL_CATALOGUE, maxPending: 0 });
    const twin = createMemoryFeatureStore({ catalogue: FORGETFUL_CATALOGUE });
    const all = transactions();
    for (let start = 0; start < all.length; start += 8) {
      const chunk = all.slice(start, start + 8);
      proxy.loseReplies({ request: (bytes) => bytes.includes('fcall') });
      await untilAnswered(store, chunk);
      await twin.recordAndRead(chunk);
    }
    expect(proxy.lostReplies()).toBeGreaterThan(40);
    proxy.pass();
    const last = all.at(-1);
    if (last === undefined) throw new Error('no transactions');
    const probe = {
      ...last,
      transaction: {
        ...last.transaction,
        transactionId: 'probe',
        occurredAtMs: last.transaction.occurredAtMs + DAY / 2,
      },
    };
    const [want] = await twin.recordAndRead([probe]);
    const [got] = await untilAnswered(store, [probe]);
    expect(got).toEqual(want);
  });

  it('sends its scripts again after they were flushed', async () => {
    const client = await connect();
    const store = createRedisFeatureStore({ client, catalogue: FULL_CATALOGUE });
    const twin = createMemoryFeatureStore({ catalogue: FULL_CATALOGUE });
    for (const parsed of transactions(60)) {
      await admin.script('FLUSH');
      await admin.function('FLUSH');
      expect(await store.recordAndRead([parsed])).toEqual(await twin.recordAndRead([parsed]));
    }
  });

  it('says unavailable when Redis is out of memory, and counts what it refused exactly once afterwards', async () => {
    const client = await connect();
    const store = createRedisFeatureStore({ client, catalogue: FULL_CATALOGUE });
    const twin = createMemoryFeatureStore({ catalogue: FULL_CATALOGUE });
    const all = transactions(120);
    await store.recordAndRead(all.slice(0, 50));
    await twin.recordAndRead(all.slice(0, 50));
    await admin.config('SET', 'maxmemory', '1');
    expect(await codeOf(store.recordAndRead(all.slice(50)))).toBe('FEATURE_STORE_UNAVAILABLE');
    await admin.config('SET', 'maxmemory', '0');
    expect(await store.recordAndRead(all.slice(50))).toEqual(await twin.recordAndRead(all.slice(50)));
  });

  it('says unavailable on a read-only replica', async () => {
    const client = await connect();
    const store = createRedisFeatureStore({ client, catalogue: FULL_CATALOGUE });
    const all = transactions(20);
    await admin.replicaof('127.0.0.1', 1);
    expect(await codeOf(store.recordAndRead(all))).toBe('FEATURE_STORE_UNAVAILABLE');
  });

  it('says unavailable within its budget when Redis is frozen or gone', async () => {
    const client = await connect({ commandTimeout: 100 });
    const store = createRedisFeatureStore({ client, catalogue: FULL_CATALOGUE });
    const all = transactions(20);
    proxy.blackHole();
    const started = performance.now();
    expect(await codeOf(store.recordAndRead(all))).toBe('FEATURE_STORE_UNAVAILABLE');
    expect(performance.now() - started).toBeLessThan(1_000);
    proxy.refuse();
    expect(await codeOf(store.recordAndRead(all))).toBe('FEATURE_STORE_UNAVAILABLE');
    proxy.pass();
    const answered = await untilAnswered(store, all);
    expect(answered).toHaveLength(all.length);
  });

  it('notices a flushed and a rolled back server, and says so until the counters are rebuilt', async () => {
    const client = await connect();
    const open = () => createRedisFeatureStore({ client, catalogue: FULL_CATALOGUE });
    const [store, other] = [open(), open()];
    const all = transactions(100);
    await store.recordAndRead(all.slice(0, 10));
    await other.recordAndRead(all.slice(10, 20));
    expect([store.countersIncomplete, other.countersIncomplete]).toEqual([false, false]);
    await admin.flushall();
    await store.recordAndRead(all.slice(20, 30));
    await other.recordAndRead(all.slice(30, 40));
    const restarted = open();
    await restarted.recordAndRead(all.slice(40, 50));
    expect([store, other, restarted].map((each) => each.countersIncomplete)).toEqual([true, true, true]);
    await store.markRebuilt();
    for (const each of [store, other, restarted]) await each.recordAndRead(all.slice(50, 60));
    expect([store, other, restarted].map((each) => each.countersIncomplete)).toEqual([false, false, false]);
    // a backup of two chunks ago comes back
    await admin.hincrby('vigil:{state}:state', 'mark', -2);
    await other.recordAndRead(all.slice(60, 70));
    await restarted.recordAndRead(all.slice(70, 80));
    expect([other.countersIncomplete, restarted.countersIncomplete]).toEqual([true, true]);
  });

  it('does not take rebuilt data for lost ones in a process that was idle meanwhile, and an old backup for rebuilt data', async () => {
    const client = await connect();
    const open = () => createRedisFeatureStore({ client, catalogue: FULL_CATALOGUE });
    const [idle, rebuilding] = [open(), open()];
    const all = transactions(60);
    await idle.recordAndRead(all.slice(0, 10));
    await admin.flushall();
    await rebuilding.recordAndRead(all.slice(0, 10));
    await rebuilding.markRebuilt();
    const backup = await admin.hgetall('vigil:{state}:state');
    const [reading] = await idle.recordAndRead(all.slice(10, 11));
    expect([idle.countersIncomplete, reading?.flags]).toEqual([false, []]);
    await rebuilding.markRebuilt(); // a later rebuild, and then the backup of the earlier one
    await idle.recordAndRead(all.slice(11, 12));
    expect(idle.countersIncomplete).toBe(false);
    await admin.hset('vigil:{state}:state', backup);
    await idle.recordAndRead(all.slice(12, 13));
    expect(idle.countersIncomplete).toBe(true);
  });

  it('says what is not known further back than a rebuild has reached', async () => {
    const client = await connect();
    const store = createRedisFeatureStore({ client, catalogue: FULL_CATALOGUE });
    const all = transactions(20);
    await store.recordAndRead(all.slice(0, 10));
    const newestMs = Math.max(...all.map(({ transaction }) => transaction.occurredAtMs));
    await store.markRebuilt(newestMs - 120_000);
    const [reading] = await store.recordAndRead(all.slice(10, 11));
    expect(reading?.flags).toContain('WARMING_UP');
    expect(reading?.warmingUp.length).toBeGreaterThan(0);
    await store.markRebuilt();
    const [after] = await store.recordAndRead(all.slice(11, 12));
    expect(after?.flags).not.toContain('WARMING_UP');
  });

  it('marks what a later catalogue adds as warming up until its window is full, and the rest not', async () => {
    const client = await connect();
    const known = 'name: old, entity: [customer], aggregate: count, window: 1h';
    const wider = 'name: wider, entity: [customer], aggregate: count, window: 2h';
    const added = 'name: added, entity: [customer], aggregate: count, window: 1h, where: \'tx.type == "TRANSFER"\'';
    const at = (minutes: number): ParsedTransaction => {
      const [first] = transactions(1);
      if (first === undefined) throw new Error('no transactions');
      const occurredAtMs = 1_700_000_000_000 + minutes * 60_000;
      const transactionId = `W${minutes}`;
      return { ...first, transaction: { ...first.transaction, type: 'TRANSFER', transactionId, occurredAtMs } };
    };
    const before = createRedisFeatureStore({ client, catalogue: catalogueOf([known]) });
    for (const minutes of [0, 20, 40]) await before.recordAndRead([at(minutes)]);
    const after = createRedisFeatureStore({ client, catalogue: catalogueOf([known, wider, added]) });
    const [first] = await after.recordAndRead([at(50)]);
    expect(first?.values).toEqual([4, 4, 1]);
    expect(first?.warmingUp).toEqual(['added']);
    expect(first?.flags).toEqual(['WARMING_UP']);
    const [later] = await after.recordAndRead([at(111)]);
    expect(later?.warmingUp).toEqual([]);
    // the old version still runs beside it, on the same log of the features that both know
    const [beside] = await before.recordAndRead([at(112)]);
    expect(beside?.values).toEqual([2]);
    const [again] = await after.recordAndRead([at(113)]);
    expect(again?.values).toEqual([3, 7, 2]);
  });

  it('gives every key an expiry', async () => {
    const client = await connect();
    const store = createRedisFeatureStore({ client, catalogue: FULL_CATALOGUE });
    const all = transactions();
    for (let start = 0; start < all.length; start += 20) await store.recordAndRead(all.slice(start, start + 20));
    const settlements = all.slice(0, 20).map(({ transaction: { channel, transactionId } }) => ({
      channel,
      transactionId,
      fingerprint: 'f',
      decision: '{}',
    }));
    await store.settle(settlements);
    const keys = await admin.keys('*');
    const lifetimes = await Promise.all(keys.map((key) => admin.pttl(key)));
    expect(keys.length).toBeGreaterThan(50);
    // what Redis says of itself is the only key that stays
    expect(keys.filter((_key, index) => (lifetimes[index] ?? -1) <= 0)).toEqual(['vigil:{state}:state']);
  });

  it('keeps all keys of an entity in one hash tag', async () => {
    const client = await connect();
    const store = createRedisFeatureStore({ client, catalogue: FULL_CATALOGUE });
    await store.recordAndRead(transactions(50));
    const keys = await admin.keys('*');
    const tags = new Map<string, Set<string>>();
    for (const key of keys.filter((name) => name !== 'vigil:{state}:state')) {
      const [, tag, entity, id] = /^vigil:\{(s\d\d)\}:([a-z+]+):([^:]+)/.exec(key) ?? [];
      if (tag === undefined) throw new Error(`no tag in ${key}`);
      const name = `${entity}:${id}`;
      tags.set(name, (tags.get(name) ?? new Set()).add(tag));
    }
    expect([...tags.values()].every((own) => own.size === 1)).toBe(true);
  });
});
