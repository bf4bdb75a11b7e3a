/**
 * Two versions of features.yaml on one Redis: one after the other, back again, and side by side during a roll-out. Whatever a
 * version has not counted itself is named as warming up, and a label finds its transaction whichever version recorded it.
 */
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { FeatureCatalogue, FeatureReading } from '../../../src/domain/feature.ts';
import type { FeatureStore } from '../../../src/domain/ports.ts';
import { createRedisFeatureStore } from '../../../src/features/redis-feature-store.ts';
import { aTransaction } from '../../helpers/a-transaction.ts';
import { catalogueOf } from '../../helpers/feature-cases.ts';

const T0 = Date.UTC(2026, 10, 20, 2);
const MINUTE = 60_000;

let redis: Redis;
let runs = 0;
let keyPrefix: string;

beforeAll(() => {
  redis = new Redis(inject('redisUrl'));
});
afterAll(() => redis.quit());

const freshPrefix = (): void => {
  keyPrefix = `${inject('testRunId')}-versions-${runs++}`;
};
/** a process of its own: it remembers nothing */
const open = (catalogue: FeatureCatalogue) =>
  createRedisFeatureStore({ client: redis, catalogue, keyPrefix, maxPending: 0 });

const payment = (transactionId: string, minutes: number) =>
  aTransaction({
    transactionId,
    occurredAt: new Date(T0 + minutes * MINUTE).toISOString(),
    customerId: 'C1',
    counterparty: { accountId: 'MULE' },
  });

async function count(store: FeatureStore, id: string, minutes: number): Promise<FeatureReading> {
  const [reading] = await store.recordAndRead([payment(id, minutes)]);
  if (reading === undefined) throw new Error('no reading');
  return reading;
}
const fraud = (transactionId: string, minutes: number) => ({
  transactionId,
  channel: 'MOBILE_BANKING',
  label: 'FRAUD' as const,
  labelledAtMs: T0 + minutes * MINUTE,
});

const RATE = 'name: rate, entity: [counterparty], aggregate: labelRate, window: 24h';
const SUM =
  'name: sum, entity: [counterparty], aggregate: sum, of: amountMinor, window: 24h, where: \'tx.type == "TRANSFER"\'';
const MAX = 'name: max, entity: [customer], aggregate: max, of: amountMinor, window: 24h';
const OWN_RATE = 'name: own_rate, entity: [customer], aggregate: labelRate, window: 24h';

describe('labels, when features.yaml has changed between a transaction and its label', () => {
  it('reach the transaction whichever version recorded it, whatever stands before the feature in either file', async () => {
    freshPrefix();
    const [older, newer] = [catalogueOf([RATE]), catalogueOf([MAX, SUM, RATE])];
    await count(open(older), 'A', 0);
    await count(open(newer), 'B', 1);
    expect(await open(newer).applyLabels([fraud('A', 2)])).toEqual({ applied: 1, unmatched: 0 });
    expect(await open(older).applyLabels([fraud('B', 3)])).toEqual({ applied: 1, unmatched: 0 });
    expect((await count(open(newer), 'C', 10)).values[2]).toBe(2 / 3);
    expect((await count(open(older), 'D', 11)).values[0]).toBe(2 / 4);
  });

  it('reach a log that only the other version still keeps', async () => {
    freshPrefix();
    const [older, newer] = [catalogueOf([RATE]), catalogueOf([OWN_RATE])];
    await count(open(older), 'A', 0);
    await open(newer).applyLabels([fraud('A', 2)]);
    expect((await count(open(older), 'B', 10)).values[0]).toBe(1 / 2);
  });

  it('reach the logs that a later version adds to a transaction, also those that were there before', async () => {
    freshPrefix();
    const [older, newer] = [catalogueOf([RATE]), catalogueOf([RATE, OWN_RATE])];
    await count(open(older), 'A', 0);
    await count(open(older), 'B', 1);
    await open(older).applyLabels([fraud('A', 2)]);
    // as a rebuild does for a feature that is new: everything once more
    await count(open(newer), 'A', 0);
    await count(open(newer), 'B', 1);
    expect((await count(open(newer), 'C', 10)).values).toEqual([1 / 3, 1 / 3]);
    await open(newer).applyLabels([fraud('B', 11)]);
    expect((await count(open(newer), 'D', 12)).values).toEqual([2 / 4, 2 / 4]);
    await open(newer).applyLabels([{ ...fraud('A', 13), label: 'GENUINE' }]);
    expect((await count(open(newer), 'E', 14)).values).toEqual([1 / 5, 1 / 5]);
  });
});
