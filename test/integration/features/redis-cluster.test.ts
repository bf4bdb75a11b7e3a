/** The Redis store on a cluster of three primaries: the in-process twin's bits, while slots move and a primary dies. */
import type { Cluster, Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ParsedTransaction } from '../../../src/domain/transaction.ts';
import { createMemoryFeatureStore } from '../../../src/features/memory-feature-store.ts';
import { createRedisFeatureStore } from '../../../src/features/redis-feature-store.ts';
import { aTransaction } from '../../helpers/a-transaction.ts';
import { catalogueOf, DAY, FULL_CATALOGUE, hardStream } from '../../helpers/feature-cases.ts';
import {
  moveSlots,
  REDIRECTIONS,
  type RedisCluster,
  startRedisCluster,
  until,
  untilAnswered,
} from '../../helpers/redis-cluster.ts';

let redis: RedisCluster;
let client: Cluster;

beforeAll(async () => {
  redis = await startRedisCluster(true);
  client = await redis.connect();
});
afterAll(async () => {
  client.disconnect();
  await redis.stop();
});

const streamOf = (seed: number): ParsedTransaction[] => [
  ...hardStream({
    seed,
    events: 600,
    customers: 12,
    counterparties: 20,
    devices: 12,
    meanGapMs: 60_000,
    amounts: 'mixed',
    corrections: 0.15,
  }),
];

describe('the Redis feature store on a cluster', () => {
  it('equals the in-process store, and no error reaches the caller, while slots move under load', async () => {
    const store = createRedisFeatureStore({ client, catalogue: FULL_CATALOGUE, keyPrefix: 'moving' });
    const twin = createMemoryFeatureStore({ catalogue: FULL_CATALOGUE });
    const all = streamOf(1);
    await store.recordAndRead(all.slice(0, 100));
    await twin.recordAndRead(all.slice(0, 100));
    expect(await store.evictions()).toEqual({ hasEvicted: false, evictingPolicy: undefined });
    const moving = await moveSlots(redis, 'moving:');
    let chunksWhileMoving = 0;
    for (let start = 100; start < all.length; start += 10) {
      const chunk = all.slice(start, start + 10);
      if (moving.isMoving()) chunksWhileMoving++;
      expect(await store.recordAndRead(chunk)).toEqual(await twin.recordAndRead(chunk));
    }
    expect(await moving.keysMoved).toBeGreaterThan(20);
    expect(chunksWhileMoving).toBeGreaterThan(0);
    const probe = all.slice(-5).map((parsed, index) => ({
      ...parsed,
      transaction: { ...parsed.transaction, transactionId: `probe-${index}` },
    }));
    expect(await store.recordAndRead(probe)).toEqual(await twin.recordAndRead(probe));
  });

  it('knows a repeat of what was replaced while the key that says so is on another primary than its log', async () => {
    const catalogue = catalogueOf(['name: count_24h, entity: [customer], aggregate: count, window: 24h'], DAY, 0);
    const open = () => createRedisFeatureStore({ client, catalogue, keyPrefix: 'halfway', maxPending: 0 });
    const twin = createMemoryFeatureStore({ catalogue, maxSlots: 0 });
    const at = (minutes: number) => ({
      customerId: 'C',
      occurredAt: new Date(Date.UTC(2026, 0, 1, 0, minutes)).toISOString(),
    });
    const original = aTransaction({ transactionId: 'A', ...at(0) });
    const version = aTransaction({ transactionId: 'B', ...at(1), original: { transactionId: 'A' } });
    for (const parsed of [original, version])
      expect(await open().recordAndRead([parsed])).toEqual(await twin.recordAndRead([parsed]));
    const keys = (await Promise.all(redis.nodes.slice(0, 3).map((node) => node.keys('halfway:*:w')))).flat();
    expect(keys).toHaveLength(1);
    const slot = Number(await redis.nodes[0]?.call('CLUSTER', 'KEYSLOT', keys[0] as string));

    let reading: Promise<unknown> = Promise.resolve();
    let wasAnswered = false;
    const started = async (): Promise<void> => {
      reading = open()
        .recordAndRead([original])
        .finally(() => {
          wasAnswered = true;
        });
      await new Promise((resolve) => setTimeout(resolve, 40));
      // it waits for the log to follow: an answer now could only be a guess
      expect(wasAnswered).toBe(false);
    };
    await redis.migrateSlot(slot, { first: keys, meanwhile: started });

    const expected = await twin.recordAndRead([original]);
    expect(expected[0]?.flags).toEqual(['READ_AGAIN']);
    expect(await reading).toEqual(expected);
  });

  it('notices that one primary alone lost its data, until the counters are rebuilt', async () => {
    const open = () => createRedisFeatureStore({ client, catalogue: FULL_CATALOGUE, keyPrefix: 'alone' });
    const [store, other] = [open(), open()];
    const all = streamOf(3);
    await store.recordAndRead(all.slice(0, 200));
    await other.recordAndRead(all.slice(0, 200));
    const holdsState = async (node: Redis): Promise<boolean> => (await node.exists('alone:{state}:state')) === 1;
    const nodes = await Promise.all(
      redis.nodes.slice(0, 3).map(async (node) => ({ node, is: await holdsState(node).catch(() => false) })),
    );
    const loser = nodes.find(({ is }) => !is)?.node;
    const lost = (await loser?.keys('alone:*')) ?? [];
    expect(lost.length).toBeGreaterThan(20);
    for (const key of lost) await loser?.del(key);
    await store.recordAndRead(all.slice(200, 300));
    expect(store.countersIncomplete).toBe(true);
    await other.recordAndRead(all.slice(300, 320));
    expect(other.countersIncomplete).toBe(true);
    await store.markRebuilt();
    for (const each of [store, other, store, other]) await each.recordAndRead(all.slice(320, 400));
    expect([store.countersIncomplete, other.countersIncomplete]).toEqual([false, false]);
  });

  it('gives every primary its function, and again to one that lost it', async () => {
    const store = createRedisFeatureStore({ client, catalogue: FULL_CATALOGUE, keyPrefix: 'functions' });
    const twin = createMemoryFeatureStore({ catalogue: FULL_CATALOGUE });
    const primaries = redis.nodes.slice(0, 3);
    const areLoaded = async () =>
      (await Promise.all(primaries.map((node) => node.function('LIST')))).every(
        (list) => (list as unknown[]).length === 1,
      );
    for (const node of primaries) await node.function('FLUSH');
    const all = streamOf(5);
    for (let start = 0; start < all.length; start += 50) {
      if (start === 300) {
        expect(await areLoaded()).toBe(true);
        await primaries[1]?.function('FLUSH');
      }
      const chunk = all.slice(start, start + 50);
      expect(await store.recordAndRead(chunk)).toEqual(await twin.recordAndRead(chunk));
    }
    await until(areLoaded, 'every primary has the function');
  });

  it('goes on with the replica when a primary is killed, and counts nothing twice', async () => {
    const store = createRedisFeatureStore({ client, catalogue: FULL_CATALOGUE, keyPrefix: 'killed' });
    const twin = createMemoryFeatureStore({ catalogue: FULL_CATALOGUE });
    const all = streamOf(2);
    const said: string[] = [];
    for (let start = 0; start < all.length; start += 40) {
      if (start === 280) {
        const [primary] = redis.nodes;
        expect((await primary?.keys('killed:*'))?.length).toBeGreaterThan(20);
        await until(async () => Number(await primary?.wait(1, 1_000)) === 1, 'the replica has everything');
        await redis.servers[0]?.kill();
      }
      const chunk = all.slice(start, start + 40);
      // with a place in the topic, so that the marks of the partitions are there too
      const place = { partition: 'topic/0', finished: start === 0 ? undefined : BigInt(start), end: 10_000n };
      const position = { ...place, next: BigInt(start + chunk.length) };
      const { answer, failures } = await untilAnswered(() => store.recordAndRead(chunk, position));
      await untilAnswered(() => store.settle([], position));
      said.push(...failures);
      const expected = await twin.recordAndRead(chunk);
      // what was counted before its reply was lost is read from its own place, behind late ones that came after it in the
      // chunk, and says so; everything else, and all that comes later, has the twin's bits
      const isFirst = answer.map(({ flags }) => !flags.includes('READ_AGAIN'));
      if (failures.length === 0) expect(isFirst).not.toContain(false);
      expect(answer.filter((_one, at) => isFirst[at])).toEqual(expected.filter((_one, at) => isFirst[at]));
    }
    // the failover lost nothing, and nobody thinks so
    expect(store.countersIncomplete).toBe(false);
    expect(said.length).toBeGreaterThan(0);
    expect(said.filter((text) => REDIRECTIONS.test(text))).toEqual([]);
  });
});
