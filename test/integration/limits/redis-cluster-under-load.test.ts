/** The limits' counters on three primaries, as a worker connects to them: the in-process store's values, while slots move and a primary dies. */
import type { Cluster } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LimitRecord } from '../../../src/domain/limit.ts';
import type { LimitReading } from '../../../src/domain/ports.ts';
import { createMemoryLimitUsageStore } from '../../../src/rules/limits/adapters/memory-limit-usage-store.ts';
import { createRedisLimitUsageStore } from '../../../src/rules/limits/adapters/redis-limit-usage-store.ts';
import { aCounter, aLimitRecord } from '../../helpers/a-limit.ts';
import { seededRandom } from '../../helpers/feature-cases.ts';
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

const CUSTOMERS = 60;

/** Chunks of payments of a few customers each, over two periods. */
function payments(seed: number, chunks: number): readonly (readonly LimitRecord[])[] {
  const random = seededRandom(seed);
  return Array.from({ length: chunks }, (_, chunk) =>
    Array.from({ length: 12 }, (_entry, index) => {
      const owner = { kind: 'customer', id: `C${Math.floor(random() * CUSTOMERS)}` } as const;
      const amountMinor = Math.floor(random() * 1_000);
      const counters = [aCounter({ owner, amountMinor }), aCounter({ owner, amountMinor, period: 'month' })];
      return aLimitRecord(`${seed}-${chunk}-${index}`, { counters });
    }),
  );
}

const usages = (readings: readonly LimitReading[]): unknown => readings.map(({ usage }) => [...usage]);

function stores(keyPrefix: string) {
  return {
    store: createRedisLimitUsageStore({ client, keyPrefix }),
    twin: createMemoryLimitUsageStore({ clock: { now: Date.now } }),
  };
}

describe("the limits' counters on a cluster", () => {
  it('equal the in-process ones, and no error reaches the caller, while slots move under load', async () => {
    const { store, twin } = stores('moving:');
    const [first = [], ...rest] = payments(1, 80);
    expect(usages(await store.recordAndRead(first))).toEqual(usages(await twin.recordAndRead(first)));
    const moving = await moveSlots(redis, 'moving:');
    let chunksWhileMoving = 0;
    for (const chunk of rest) {
      if (moving.isMoving()) chunksWhileMoving++;
      expect(usages(await store.recordAndRead(chunk))).toEqual(usages(await twin.recordAndRead(chunk)));
      await Promise.all([store.release(chunk.slice(0, 3)), twin.release(chunk.slice(0, 3))]);
    }
    expect(await moving.keysMoved).toBeGreaterThan(5);
    expect(chunksWhileMoving).toBeGreaterThan(0);
  });

  it('go on with the replica when a primary is killed, reserve nothing twice and give nothing back twice', async () => {
    const { store, twin } = stores('killed:');
    const said: string[] = [];
    for (const [index, chunk] of payments(2, 40).entries()) {
      if (index === 20) {
        const [primary] = redis.nodes;
        expect((await primary?.keys('killed:*'))?.length).toBeGreaterThan(5);
        await until(async () => Number(await primary?.wait(1, 1_000)) === 1, 'the replica has everything');
        await redis.servers[0]?.kill();
      }
      const { answer, failures } = await untilAnswered(() => store.recordAndRead(chunk));
      expect(usages(answer)).toEqual(usages(await twin.recordAndRead(chunk)));
      const released = await untilAnswered(() => store.release(chunk.slice(0, 3)));
      await twin.release(chunk.slice(0, 3));
      said.push(...failures, ...released.failures);
    }
    expect(said.length).toBeGreaterThan(0);
    expect(said.filter((text) => REDIRECTIONS.test(text))).toEqual([]);
  });
});
