/** A log whose windows are found anew: after a change of features.yaml, and where an event was taken out. */
import fc from 'fast-check';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { FeatureCatalogue } from '../../../src/domain/feature.ts';
import { createMemoryFeatureStore } from '../../../src/features/memory-feature-store.ts';
import { createRedisFeatureStore } from '../../../src/features/redis-feature-store.ts';
import { aTransaction } from '../../helpers/a-transaction.ts';
import { catalogueOf, DAY, HOUR, hardStream } from '../../helpers/feature-cases.ts';

/** one log of the customer with payees, one of the device with payees and labels, one of the customer with extremes */
const catalogueWith = (windows: readonly string[]): FeatureCatalogue =>
  catalogueOf(
    [
      ...windows.flatMap((window) => [
        `name: payees_${window}, entity: [customer], aggregate: distinct, of: counterparty.accountId, window: ${window}`,
        `name: before_${window}, entity: [customer], aggregate: distinct, of: counterparty.accountId, window: ${window}, excludeCurrent: true`,
        `name: ago_${window}, entity: [customer], aggregate: distinct, of: counterparty.accountId, window: ${window}, delay: 3h`,
        `name: max_${window}, entity: [device], aggregate: max, of: amountMinor, window: ${window}`,
      ]),
      // both catalogues keep the same length of time
      'name: rate_30d, entity: [counterparty], aggregate: labelRate, window: 30d',
      'name: channels_30d, entity: [counterparty], aggregate: distinct, of: channel, window: 30d',
      'name: longest, entity: [customer], aggregate: distinct, of: counterparty.accountId, window: 30d, delay: 4h',
      'name: largest, entity: [device], aggregate: max, of: amountMinor, window: 30d',
    ],
    DAY,
    0,
  );
const [FIRST, SECOND] = [catalogueWith(['10m', '7d']), catalogueWith(['1h', '24h'])];

let redis: Redis;
let runs = 0;
beforeAll(() => {
  redis = new Redis(inject('redisUrl'));
});
afterAll(() => redis.quit());
const freshPrefix = (): string => `${inject('testRunId')}-adopted-${runs++}`;

describe('a log with another set of windows', () => {
  it('answers as if it had always had them, whichever version of two writes', async () => {
    const anyCase = fc.record({
      seed: fc.nat(),
      customers: fc.integer({ min: 1, max: 3 }),
      counterparties: fc.integer({ min: 1, max: 30 }),
      meanGapMs: fc.constantFrom(1_000, 60_000, 600_000, 7_200_000),
      corrections: fc.constantFrom(0, 0.05, 0.4),
      chunkSize: fc.integer({ min: 1, max: 40 }),
    });
    await fc.assert(
      fc.asyncProperty(anyCase, async ({ chunkSize, ...shape }) => {
        const keyPrefix = freshPrefix();
        const versions = [FIRST, SECOND].map((catalogue) => ({
          remote: createRedisFeatureStore({ client: redis, catalogue, keyPrefix, maxPending: 0 }),
          twin: createMemoryFeatureStore({ catalogue, maxSlots: 0 }),
        }));
        const all = [...hardStream({ ...shape, events: 500, devices: 3, amounts: 'mixed' })];
        for (let start = 0, turn = 0; start < all.length; start += chunkSize, turn++) {
          const chunk = [...new Set(all.slice(start, start + chunkSize))];
          const writing = versions[turn % 3 === 0 ? 0 : 1];
          const expected = await Promise.all(versions.map(({ twin }) => twin.recordAndRead(chunk)));
          expect(await writing?.remote.recordAndRead(chunk)).toEqual(expected[turn % 3 === 0 ? 0 : 1]);
        }
      }),
      { numRuns: 15 },
    );
  });

  it('holds the server for no more than a few plain updates, in a log of 8,000 records with distinct members', async () => {
    // a server of its own would be quieter; what is compared is one run beside another
    const lines = (windows: readonly string[]) =>
      windows.map(
        (w) => `name: d_${w}, entity: [customer], aggregate: distinct, of: counterparty.accountId, window: ${w}`,
      );
    const keyPrefix = freshPrefix();
    const open = (windows: readonly string[]) =>
      createRedisFeatureStore({
        client: redis,
        catalogue: catalogueOf(lines(windows), HOUR, 0),
        keyPrefix,
        maxPending: 0,
      });
    const [store, other] = [open(['24h', '7d', '30d']), open(['12h', '7d', '30d'])];
    const stepMs = Math.floor((29 * DAY) / 8_000);
    let count = 0;
    const next = (original?: number) => {
      const index = count++;
      return aTransaction({
        transactionId: `T${index}`,
        customerId: 'C',
        occurredAt: new Date(Date.UTC(2026, 0, 1) + index * stepMs).toISOString(),
        counterparty: { accountId: `P${(index * 7_919) % 500}` },
        ...(original === undefined ? {} : { original: { transactionId: `T${original}` } }),
      });
    };
    const spent = async (work: () => Promise<unknown>): Promise<number> => {
      const used = async () => Number(/cmdstat_fcall:calls=\d+,usec=(\d+)/.exec(await redis.info('commandstats'))?.[1]);
      const before = await used();
      await work();
      return (await used()) - before;
    };
    const least = async (work: (round: number) => Promise<unknown>): Promise<number> => {
      const all: number[] = [];
      for (let round = 0; round < 6; round++) all.push(await spent(() => work(round)));
      return Math.min(...all);
    };
    while (count < 8_000) await store.recordAndRead(Array.from({ length: 64 }, () => next()));
    const plain = await least(() => store.recordAndRead([next()]));
    const replaced = await least(() => store.recordAndRead([next(count - 3)]));
    const adopted = await least((round) => (round % 2 === 0 ? other : store).recordAndRead([next()]));
    // found anew one by one they cost 49 and 65 plain updates
    expect(adopted / plain).toBeLessThan(25);
    expect(replaced / plain).toBeLessThan(25);
  });
});
