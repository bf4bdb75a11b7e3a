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

const T0 = Date.UTC(2026, 1, 20, 2);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

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

const atMinutes = (minutes: number) => ({ occurredAt: new Date(T0 + minutes * MINUTE).toISOString() });

const payment = (transactionId: string, minutes: number) =>
  aTransaction({
    transactionId,
    ...atMinutes(minutes),
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

const COUNT = 'name: count, entity: [customer], aggregate: count, window: 24h';
const DAY_MINUTES = 24 * 60;
/** what is noted of a process's counting goes ahead of it by at most so much */
const AHEAD_MINUTES = 10;

describe('a feature that some of the transactions were counted without', () => {
  const [without, withIt] = [catalogueOf([COUNT]), catalogueOf([COUNT, SUM])];

  it('is warming up until its window is behind the last of them, while two versions run side by side', async () => {
    freshPrefix();
    const [older, newer] = [open(without), open(withIt)];
    await count(older, 'A', 0);
    expect((await count(newer, 'B', 60)).warmingUp).toEqual(['sum']);
    for (const hour of [2, 5, 10]) await count(older, `O${hour}`, hour * 60);
    const last = 10 * 60;
    expect((await count(newer, 'C', last + DAY_MINUTES - 1)).warmingUp).toEqual(['sum']);
    expect((await count(newer, 'D', last + DAY_MINUTES + AHEAD_MINUTES + 1)).warmingUp).toEqual([]);
  });

  it('is warming up when it was taken out for a while and comes back, though its log was there before', async () => {
    freshPrefix();
    const first = await count(open(withIt), 'A', 0);
    expect([first.warmingUp, first.values]).toEqual([[], [1, 1_250_000]]);
    await count(open(without), 'B', 60);
    await count(open(without), 'C', 120);
    const back = open(withIt);
    const again = await count(back, 'D', 180);
    expect([again.warmingUp, again.values]).toEqual([['sum'], [4, 2 * 1_250_000]]);
    expect((await count(back, 'E', 120 + DAY_MINUTES + AHEAD_MINUTES + 1)).warmingUp).toEqual([]);
  });

  it('is warming up where its window is wider than the log was kept for, also when the log of an idle customer has expired', async () => {
    freshPrefix();
    const wide = 'name: wide, entity: [customer], aggregate: count, window: 30d';
    const narrow = 'name: narrow, entity: [customer], aggregate: count, window: 1h';
    const [older, newer] = [catalogueOf([narrow], HOUR), catalogueOf([narrow, wide], HOUR)];
    const day = (days: number) => days * DAY_MINUTES;
    await count(open(older), 'A', 0);
    for (const key of await redis.keys(`${keyPrefix}:*:customer:*`)) await redis.del(key);
    await open(older).recordAndRead([aTransaction({ ...atMinutes(day(10)), transactionId: 'B', customerId: 'C2' })]);
    // the log says nothing of what it lost: 1, not 2
    const first = await count(open(newer), 'C', day(11));
    expect([first.values, first.warmingUp]).toEqual([[1, 1], ['wide']]);
    // the last that kept two hours alone was counted at day 10
    expect((await count(open(newer), 'D', day(40) - 120)).warmingUp).toEqual(['wide']);
    expect((await count(open(newer), 'E', day(40))).warmingUp).toEqual([]);
    // and again when such a version comes back
    await count(open(older), 'F', day(41));
    expect((await count(open(newer), 'G', day(70))).warmingUp).toEqual(['wide']);
    expect((await count(open(newer), 'H', day(71))).warmingUp).toEqual([]);
  });

  it('is whole from the first on where the versions began together, up to what the other one counted', async () => {
    freshPrefix();
    const [older, newer] = [open(without), open(withIt)];
    expect((await count(newer, 'A', 0)).warmingUp).toEqual([]);
    await count(older, 'B', 1);
    expect((await count(newer, 'C', 2)).warmingUp).toEqual(['sum']);
  });

  it('is warming up after a rebuild that another version made, and that one after it went on', async () => {
    freshPrefix();
    const [one, other] = [open(catalogueOf([COUNT, MAX, SUM])), open(catalogueOf([COUNT, OWN_RATE]))];
    expect((await count(one, 'A', 0)).warmingUp).toEqual([]);
    await one.declareLoss();
    await other.markRebuilt();
    // the rebuild has filled what it knows, and nothing else; then both go on without each other
    expect((await count(one, 'B', 600)).warmingUp).toEqual(['count', 'max', 'sum']);
    expect((await count(other, 'C', 601)).warmingUp).toEqual(['count', 'own_rate']);
  });
});
