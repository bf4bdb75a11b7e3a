/**
 * A loss of Redis data that nobody saw happen: every worker was restarted in between, so that only the marks of the
 * partitions in Redis and the offsets in Kafka are left to compare. A "worker" here is a store of its own on the same Redis.
 */
import { copyFileSync } from 'node:fs';
import path from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ChunkPosition } from '../../../src/domain/ports.ts';
import type { ParsedTransaction } from '../../../src/domain/transaction.ts';
import { createRedisFeatureStore, type RedisFeatureStore } from '../../../src/features/redis-feature-store.ts';
import { catalogueOf } from '../../helpers/feature-cases.ts';
import { type RedisServer, startRedis } from '../../helpers/servers/redis.ts';

const CATALOGUE = catalogueOf(['name: count_24h, entity: [customer], aggregate: count, window: 24h']);
const T0 = Date.UTC(2026, 10, 20, 2);

let server: RedisServer;
let client: Redis;

const dump = (): string => path.join(server.folder, 'dump.rdb');
const copy = (): string => path.join(server.folder, 'copy.rdb');

beforeAll(async () => {
  server = await startRedis();
  client = new Redis(server.url);
});
afterEach(async () => {
  await client.flushall();
});
afterAll(async () => {
  client.disconnect();
  await server.stop();
});

async function saveCopy(): Promise<void> {
  await client.save();
  copyFileSync(dump(), copy());
}

/** power is gone, and what comes back is the copy of before */
async function rollBack(): Promise<void> {
  client.disconnect();
  await server.kill();
  copyFileSync(copy(), dump());
  await server.restart();
  client = new Redis(server.url);
}

const open = (): RedisFeatureStore => createRedisFeatureStore({ client, catalogue: CATALOGUE });

/** the group has finished what is before `finished`; the chunk ends before `next` */
const at = (finished: number | undefined, next: number, more: Partial<ChunkPosition> = {}): ChunkPosition => ({
  partition: 'vigil.transactions/0',
  finished: finished === undefined ? undefined : BigInt(finished),
  next: BigInt(next),
  end: 1_000n,
  ...more,
});

const payment = (offset: number): ParsedTransaction => ({
  fingerprint: `f${offset}`,
  flags: [],
  transaction: {
    transactionId: `T${offset}`,
    occurredAtMs: T0 + offset * 1_000,
    channel: 'MOBILE_BANKING',
    type: 'TRANSFER',
    customerId: 'C1',
    amountMinor: 100,
    currency: 'CNY',
    authentication: [],
    accessibility: [],
    attributes: {},
  },
});

/** As a worker does with a chunk of one partition; answers whether its decisions say `degraded: counters`. */
async function handle(worker: RedisFeatureStore, position: ChunkPosition): Promise<boolean> {
  const chunk = [payment(Number(position.next) - 1)];
  await worker.recordAndRead(chunk, position);
  const isDegraded = worker.countersIncomplete;
  const settlements = chunk.map(({ transaction: { channel, transactionId }, fingerprint }) => ({
    channel,
    transactionId,
    fingerprint,
    decision: '{}',
  }));
  await worker.settle(settlements, position);
  return isDegraded;
}

describe('the marks of the partitions', () => {
  it('take a fresh deployment, and a new partition, for what they are', async () => {
    const worker = open();
    expect(await handle(worker, at(undefined, 10))).toBe(false);
    expect(await handle(worker, at(10, 20))).toBe(false);
    expect(await handle(worker, at(undefined, 5, { partition: 'vigil.transactions/1' }))).toBe(false);
  });

  it('notice a flush while no worker was there, from the first chunk on and for every process', async () => {
    await handle(open(), at(undefined, 10));
    await client.flushall();
    const [restarted, other] = [open(), open()];
    expect(await handle(restarted, at(10, 20))).toBe(true);
    expect(await handle(other, at(undefined, 5, { partition: 'vigil.transactions/1' }))).toBe(true);
    expect(await handle(restarted, at(20, 30))).toBe(true);
  });

  it('notice a flush also when the HTTP API was first to begin a new epoch', async () => {
    await handle(open(), at(undefined, 10));
    await client.flushall();
    const restarted = open();
    await restarted.recordAndRead([payment(500)]);
    expect(restarted.countersIncomplete).toBe(false);
    expect(await handle(restarted, at(10, 20))).toBe(true);
  });

  it('notice an older copy after all workers were restarted, until the counters are rebuilt', async () => {
    const before = open();
    await handle(before, at(undefined, 10));
    await handle(before, at(undefined, 7, { partition: 'vigil.transactions/1' }));
    await saveCopy();
    await handle(before, at(10, 20));
    await handle(before, at(7, 17, { partition: 'vigil.transactions/1' }));
    await rollBack();
    const after = open();
    expect(await handle(after, at(20, 30))).toBe(true);
    expect(await after.state()).toMatchObject({ gaps: 1 });
    await after.markRebuilt();
    // also the partition that was idle all the while
    expect(await handle(after, at(30, 40))).toBe(false);
    expect(await handle(open(), at(17, 27, { partition: 'vigil.transactions/1' }))).toBe(false);
    expect(await after.state()).toMatchObject({ gaps: 0 });
  });

  it('take what came back for whole when the copy is as new as the offsets', async () => {
    const before = open();
    await handle(before, at(undefined, 10));
    await handle(before, at(10, 20));
    await saveCopy();
    await rollBack();
    // settled, and not yet committed: it comes again
    expect(await handle(open(), at(10, 20))).toBe(false);
  });

  it('notice what a worker counted by itself in an outage and took with it', async () => {
    await handle(open(), at(undefined, 10));
    // 10 … 19 were decided at level L2 and committed, and never passed on
    expect(await handle(open(), at(20, 30))).toBe(true);
  });

  it('are whole again when another worker passes on what it had counted by itself', async () => {
    const [slow, owner] = [open(), open()];
    await handle(slow, at(undefined, 10));
    expect(await handle(owner, at(30, 40))).toBe(true);
    expect(await handle(slow, at(10, 20))).toBe(true);
    await handle(slow, at(20, 30));
    expect(await handle(owner, at(40, 50))).toBe(false);
  });

  it('stay where they are for repeats: a rebalance, a group set back to the beginning', async () => {
    const [first, second] = [open(), open()];
    await handle(first, at(undefined, 10));
    await handle(first, at(10, 20));
    expect(await handle(second, at(10, 20))).toBe(false);
    expect(await handle(second, at(undefined, 5))).toBe(false);
    expect(await handle(second, at(5, 15))).toBe(false);
    expect(await handle(first, at(20, 30))).toBe(false);
  });

  it('begin anew with a topic that was made anew', async () => {
    const worker = open();
    await handle(worker, at(undefined, 10));
    await handle(worker, at(10, 900));
    expect(await handle(worker, at(undefined, 5, { end: 40n }))).toBe(false);
    expect(await handle(worker, at(5, 15, { end: 40n }))).toBe(false);
    // and see a loss in the new one
    expect(await handle(open(), at(30, 35, { end: 40n }))).toBe(true);
  });

  it('go on over chunks in which nothing was counted', async () => {
    const worker = open();
    await handle(worker, at(undefined, 10));
    await worker.settle([], at(10, 20)); // poison or repeats only
    expect(await handle(worker, at(20, 30))).toBe(false);
  });

  it('are not asked by calls that come from no partition', async () => {
    const worker = open();
    await worker.recordAndRead([payment(1)]);
    await worker.settle([]);
    expect(worker.countersIncomplete).toBe(false);
    expect(await client.exists('vigil:{state}:marks')).toBe(0);
  });

  it('say to every process what was declared lost', async () => {
    const [overflowing, other] = [open(), open()];
    await handle(overflowing, at(undefined, 10));
    await overflowing.declareLoss();
    expect(overflowing.countersIncomplete).toBe(true);
    expect(await handle(other, at(10, 20))).toBe(true);
    await other.markRebuilt();
    expect(await handle(overflowing, at(20, 30))).toBe(false);
  });
});
