/** The capacity estimate beside what Redis itself says of the keys. */
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { estimateCapacity } from '../../../src/features/capacity.ts';
import { createRedisFeatureStore } from '../../../src/features/redis-feature-store.ts';
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
});
