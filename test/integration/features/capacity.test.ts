/** The capacity estimate beside what Redis itself says of the keys. */
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { estimateCapacity } from '../../../src/features/capacity.ts';
import { createRedisFeatureStore } from '../../../src/features/redis-feature-store.ts';
import { aTransaction } from '../../helpers/a-transaction.ts';
import { catalogueOf, hardStream } from '../../helpers/feature-cases.ts';

let redis: Redis;
beforeAll(() => {
  redis = new Redis(inject('redisUrl'));
});
afterAll(() => redis.quit());

const CATALOGUE = catalogueOf([
  'name: sum_30d, entity: [customer], aggregate: sum, of: amountMinor, window: 30d',
  'name: payees_30d, entity: [customer], aggregate: distinct, of: counterparty.accountId, window: 30d',
  'name: device_count_7d, entity: [device], aggregate: count, window: 7d',
]);

describe('the capacity estimate', () => {
  it.each([
    { customers: 400, events: 3_000 },
    { customers: 4, events: 4_000 }, // their profiles are full: 4.3 kB, beyond the typical one
  ])('is within 40 % of MEMORY USAGE for $events events of $customers customers', async ({ customers, events }) => {
    const keyPrefix = `${inject('testRunId')}-capacity-${customers}`;
    const store = createRedisFeatureStore({ client: redis, catalogue: CATALOGUE, keyPrefix, maxPending: 0 });
    const devices = customers;
    const stream = [
      ...hardStream({ seed: 3, events, customers, counterparties: 300, devices, meanGapMs: 10_000, amounts: 'mixed' }),
    ];
    for (let start = 0; start < stream.length; start += 100)
      await store.recordAndRead(stream.slice(start, start + 100));
    const keys = (await redis.keys(`${keyPrefix}:*`)).filter((key) => !key.endsWith(':state'));
    const measured = { log: 0, device: 0, profile: 0 };
    for (const key of keys) {
      const bytes = (await redis.memory('USAGE', key, 'SAMPLES', 0)) ?? 0;
      if (key.endsWith(':profile')) measured.profile += bytes;
      else if (key.includes(':device:')) measured.device += bytes;
      else measured.log += bytes;
    }
    const pairs = new Set(stream.map(({ transaction: t }) => `${t.customerId} ${t.counterparty?.accountId}`));
    // all events are inside the retention: the rate that keeps exactly these
    const [log, device, profiles] = estimateCapacity({
      catalogue: CATALOGUE,
      customers,
      transactionsPerDay: events / 31,
      decisionBytes: 0,
      membersPerEvent: pairs.size / events,
    });
    const deviceEvents = stream.filter(({ transaction }) => transaction.device !== undefined).length;
    const deviceBytes = devices * (device?.bytesPerEntity ?? 0) + deviceEvents * (device?.bytesPerEvent ?? 0);
    const ratios = [measured.log / (log?.bytes ?? 1), measured.device / deviceBytes];
    if (customers > 100) ratios.push(measured.profile / (profiles?.bytes ?? 1));
    expect(measured.profile / customers).toBeLessThan(6_000);
    for (const ratio of ratios) {
      expect(ratio).toBeGreaterThan(0.6);
      expect(ratio).toBeLessThan(1.4);
    }
  });

  it('is within 40 % of it for what corrections leave behind, and for what Redis keeps of itself', async () => {
    const keyPrefix = `${inject('testRunId')}-capacity-state`;
    const [customers, perCustomer] = [30, 40];
    const [partitions, events] = [12, customers * perCustomer];
    const store = createRedisFeatureStore({ client: redis, catalogue: CATALOGUE, keyPrefix, maxPending: 0 });
    // every second one corrects the one before it of its customer, in the log of the customer and in that of the device
    const all = Array.from({ length: events }, (_, index) =>
      aTransaction({
        transactionId: `K${index}`,
        customerId: `C${index % customers}`,
        occurredAt: new Date(Date.UTC(2026, 0, 1) + index * 1_000).toISOString(),
        device: { id: `D${index % customers}` },
        ...(Math.floor(index / customers) % 2 === 1 ? { original: { transactionId: `K${index - customers}` } } : {}),
      }),
    );
    for (let start = 0; start < all.length; start += 60) await store.recordAndRead(all.slice(start, start + 60));
    for (let partition = 0; partition < partitions; partition++)
      await store.settle([], {
        partition: `vigil.transactions/${partition}`,
        finished: 0n,
        next: 1_000_000n,
        end: 1_000_000n,
      });
    // on a cluster each shard has its mark
    for (let shard = 0; shard < 64; shard++) await redis.incrby(`${keyPrefix}:{s${shard}}:mark`, 100_000);
    const measured = { replaced: 0, state: 0 };
    for (const key of await redis.keys(`${keyPrefix}:*`)) {
      const bytes = (await redis.memory('USAGE', key, 'SAMPLES', 0)) ?? 0;
      if (key.endsWith(':w')) measured.replaced += bytes;
      if (key.includes(':{state}:') || key.endsWith(':mark')) measured.state += bytes;
    }
    // half of all correct, and all is inside the shortest retention: so many a day leave just these pairs in each log
    const rows = estimateCapacity({
      catalogue: CATALOGUE,
      customers,
      transactionsPerDay: 1e9,
      decisionBytes: 0,
      correctedShare: 1,
      partitions,
    });
    const [replaced, state] = ['replaced', 'state'].map((name) => rows.find((row) => row.name === name));
    const logs = 2 * customers;
    expect(replaced?.entities).toBe(logs);
    const pairs = (logs * perCustomer) / 2;
    const estimated = logs * (replaced?.bytesPerEntity ?? 0) + pairs * (replaced?.bytesPerEvent ?? 0);
    for (const ratio of [measured.replaced / estimated, measured.state / (state?.bytes ?? 1)]) {
      expect(ratio).toBeGreaterThan(0.6);
      expect(ratio).toBeLessThan(1.4);
    }
  });
});
