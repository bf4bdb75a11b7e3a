/** The Redis store on a cluster of three primaries: the in-process twin's bits, while slots move and a primary dies. */
import type { Cluster } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { VigilError } from '../../../src/domain/errors.ts';
import type { FeatureReading } from '../../../src/domain/feature.ts';
import type { FeatureStore } from '../../../src/domain/ports.ts';
import type { ParsedTransaction } from '../../../src/domain/transaction.ts';
import { createMemoryFeatureStore } from '../../../src/features/memory-feature-store.ts';
import { createRedisFeatureStore } from '../../../src/features/redis-feature-store.ts';
import { FULL_CATALOGUE, hardStream } from '../../helpers/feature-cases.ts';
import { type RedisCluster, startRedisCluster, until } from '../../helpers/redis-cluster.ts';

let redis: RedisCluster;
let client: Cluster;

beforeAll(async () => {
  redis = await startRedisCluster(true);
  client = await redis.connect();
}, 60_000);
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
  }),
];

async function untilAnswered(
  store: FeatureStore,
  chunk: readonly ParsedTransaction[],
): Promise<readonly FeatureReading[]> {
  const started = performance.now();
  for (;;) {
    try {
      return await store.recordAndRead(chunk);
    } catch (error) {
      const isOutage = error instanceof VigilError && error.code === 'FEATURE_STORE_UNAVAILABLE';
      if (!isOutage || performance.now() - started > 30_000) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

describe('the Redis feature store on a cluster', () => {
  it('equals the in-process store, and no error reaches the caller, while slots move under load', async () => {
    const store = createRedisFeatureStore({ client, catalogue: FULL_CATALOGUE, keyPrefix: 'moving' });
    const twin = createMemoryFeatureStore({ catalogue: FULL_CATALOGUE });
    const all = streamOf(1);
    await store.recordAndRead(all.slice(0, 100));
    await twin.recordAndRead(all.slice(0, 100));
    const slots = new Set<number>();
    for (const node of redis.nodes.slice(0, 3))
      for (const key of await node.keys('moving:*')) slots.add(Number(await node.call('CLUSTER', 'KEYSLOT', key)));
    let keys = 0;
    let isMoving = true;
    const moving = (async () => {
      for (const slot of [...slots].slice(0, 24)) keys += (await redis.migrateSlot(slot)).keys;
      isMoving = false;
    })();
    let chunksWhileMoving = 0;
    for (let start = 100; start < all.length; start += 10) {
      const chunk = all.slice(start, start + 10);
      if (isMoving) chunksWhileMoving++;
      expect(await store.recordAndRead(chunk)).toEqual(await twin.recordAndRead(chunk));
    }
    await moving;
    expect(keys).toBeGreaterThan(20);
    expect(chunksWhileMoving).toBeGreaterThan(0);
    const probe = all.slice(-5).map((parsed, index) => ({
      ...parsed,
      transaction: { ...parsed.transaction, transactionId: `probe-${index}` },
    }));
    expect(await store.recordAndRead(probe)).toEqual(await twin.recordAndRead(probe));
  }, 120_000);

  it('goes on with the replica when a primary is killed, and counts nothing twice', async () => {
    const store = createRedisFeatureStore({ client, catalogue: FULL_CATALOGUE, keyPrefix: 'killed' });
    const twin = createMemoryFeatureStore({ catalogue: FULL_CATALOGUE });
    const all = streamOf(2);
    for (let start = 0; start < all.length; start += 40) {
      if (start === 280) {
        const [primary] = redis.nodes;
        await until(async () => Number(await primary?.wait(1, 1_000)) === 1, 'the replica has everything');
        await redis.servers[0]?.kill();
      }
      const chunk = all.slice(start, start + 40);
      expect(await untilAnswered(store, chunk)).toEqual(await twin.recordAndRead(chunk));
    }
  }, 120_000);
});
