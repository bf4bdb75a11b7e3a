/** A Redis that throws keys away when its memory is full: counters are low, and every decision says so until a rebuild. */
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { watchStore } from '../../../src/composition/store-watch.ts';
import { createRedisFeatureStore } from '../../../src/features/redis-feature-store.ts';
import { aTransaction } from '../../helpers/a-transaction.ts';
import { catalogueOf } from '../../helpers/feature-cases.ts';
import { type RedisServer, startRedis } from '../../helpers/servers/redis.ts';

let server: RedisServer;
let client: Redis;
beforeAll(async () => {
  server = await startRedis();
  client = new Redis(server.url);
});
afterAll(async () => {
  client.disconnect();
  await server.stop();
});

const open = () =>
  createRedisFeatureStore({
    client,
    catalogue: catalogueOf(['name: count_24h, entity: [customer], aggregate: count, window: 24h']),
  });

/** What a worker says between its start and its stop, with a look at both. */
async function lookTwice(store: ReturnType<typeof open>, between = async (): Promise<void> => {}): Promise<string[]> {
  const said: string[] = [];
  const say = (what: string) => () => void said.push(what);
  const watch = await watchStore({
    store,
    witness: { recall: async () => undefined, keep: async () => {} },
    events: {
      storeLossNoticed: say('loss'),
      storeWatchFailed: say('failed'),
      storeWatchWorks: () => {},
      storeEvicted: say('evicted'),
      storeMayEvict: ({ policy }) => void said.push(policy),
      evictionsUnknown: ({ error }) => void said.push(String(error)),
      evictionsKnown: () => {},
    },
    everyMs: 1_000_000,
  });
  await between();
  await watch.stop();
  return said;
}

const evictedKeys = async (): Promise<number> => Number(/evicted_keys:(\d+)/.exec(await client.info('stats'))?.[1]);

/** Memory is short for a moment; others' keys are as welcome to go as Vigil's. */
async function evictSome(): Promise<void> {
  const before = await evictedKeys();
  const used = Number(/used_memory:(\d+)/.exec(await client.info('memory'))?.[1]);
  await client.config('SET', 'maxmemory-policy', 'volatile-random');
  await client.config('SET', 'maxmemory', String(used - 10_000));
  for (let tries = 0; tries < 1_000 && (await evictedKeys()) === before; tries++)
    await client.set(`other:${tries}`, 'x'.repeat(100)).catch(() => undefined);
  await client.config('SET', 'maxmemory', '0');
  await client.config('SET', 'maxmemory-policy', 'noeviction');
  expect(await evictedKeys()).toBeGreaterThan(before);
}

describe('a Redis that throws keys away', () => {
  it('is noticed by every worker, also by one that starts later, until the counters are rebuilt', async () => {
    const [store, other] = [open(), open()];
    const payments = Array.from({ length: 300 }, (_, index) =>
      aTransaction({ transactionId: `T${index}`, customerId: `C${index}` }),
    );
    await store.recordAndRead(payments);
    expect(await lookTwice(store)).toEqual([]);
    await other.recordAndRead(payments.slice(0, 1));
    expect(await lookTwice(store, evictSome)).toEqual(['evicted']);
    expect(store.countersIncomplete).toBe(true);
    await other.recordAndRead(payments.slice(0, 1));
    expect(other.countersIncomplete).toBe(true);
    await store.markRebuilt();
    expect(await lookTwice(other)).toEqual([]);
    await evictSome();
    const restarted = open();
    expect(await lookTwice(restarted)).toEqual(['evicted']);
    expect(restarted.countersIncomplete).toBe(true);
  });

  it('is warned of once while it may', async () => {
    await client.config('SET', 'maxmemory-policy', 'allkeys-lru');
    expect(await lookTwice(open())).toEqual([]); // memory without a limit is never full
    await client.config('SET', 'maxmemory', '1gb');
    expect(await lookTwice(open())).toEqual(['allkeys-lru']);
  });
});
