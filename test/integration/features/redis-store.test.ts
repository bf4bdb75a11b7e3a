/** The Redis store against the oracle and against the in-process store: the same bits. */
import fc from 'fast-check';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { FeatureCatalogue } from '../../../src/domain/feature.ts';
import type { Label } from '../../../src/domain/label.ts';
import type { FeatureStore } from '../../../src/domain/ports.ts';
import type { ParsedTransaction } from '../../../src/domain/transaction.ts';
import { createMemoryFeatureStore } from '../../../src/features/memory-feature-store.ts';
import { createRedisFeatureStore } from '../../../src/features/redis-feature-store.ts';
import { featureCorrectionsSuite } from '../../conformance/feature-corrections-suite.ts';
import { featureStoreSuite } from '../../conformance/feature-store-suite.ts';
import { aTransaction } from '../../helpers/a-transaction.ts';
import { anyCatalogue, lateIn } from '../../helpers/any-catalogue.ts';
import {
  catalogueOf,
  DAY,
  FORGETFUL_CATALOGUE,
  FULL_CATALOGUE,
  HOUR,
  hardStream,
  type StreamOptions,
  seededRandom,
} from '../../helpers/feature-cases.ts';
import { differencesFromOracle } from '../../helpers/feature-differences.ts';

const anyStream = fc.record({
  seed: fc.nat(),
  events: fc.integer({ min: 1, max: 500 }),
  customers: fc.integer({ min: 1, max: 6 }),
  counterparties: fc.integer({ min: 1, max: 30 }),
  devices: fc.integer({ min: 1, max: 6 }),
  meanGapMs: fc.constantFrom(1, 1_000, 60_000, 600_000, 7_200_000),
  corrections: fc.constantFrom(0, 0.05, 0.4),
  amounts: fc.constantFrom(...(['mixed', 'rising', 'falling', 'huge', 'equal', 'tiny after huge'] as const)),
});
const anyChunkSize = fc.integer({ min: 1, max: 64 });

interface Bursts {
  readonly seed: number;
  readonly events: number;
  readonly customers: number;
  readonly pauseShare: number;
}

/** Bursts of seconds and minutes with pauses of up to weeks between them; every tenth late, some delivered twice. */
function burstsAndPauses({ seed, events, customers, pauseShare }: Bursts): ParsedTransaction[] {
  const random = seededRandom(seed);
  const all: ParsedTransaction[] = [];
  let now = Date.UTC(1990, 0, 1); // far enough back for a thousand pauses
  for (let index = 0; index < events; index++) {
    const gap = random() < pauseShare ? 40 * 24 * HOUR * random() ** 4 : 90_000 * random() ** 3;
    now += Math.floor(gap);
    const late = random() < 0.1 ? Math.floor(3 * HOUR * random() ** 3) : 0;
    const known = all[all.length - 1 - Math.floor(random() * 10)];
    if (known !== undefined && now - known.transaction.occurredAtMs < HOUR && random() < 0.03) all.push(known);
    const one = Math.floor(random() * customers);
    all.push(
      aTransaction({
        transactionId: `B${index}`,
        occurredAt: new Date(now - late).toISOString(),
        customerId: `C${one}`,
        amountMinor: Math.floor(random() * 1e6),
        device: { id: `D${Math.floor(random() * 2)}` },
        counterparty: { accountId: `P${Math.floor(random() * 3)}` },
      }),
    );
  }
  return all;
}

let redis: Redis;
let runs = 0;
const freshPrefix = (): string => `${inject('testRunId')}-features-${runs++}`;

beforeAll(() => {
  redis = new Redis(inject('redisUrl'));
});
afterAll(() => redis.quit());

featureStoreSuite({
  name: 'the Redis feature store, by the suite',
  open: async (catalogue) => createRedisFeatureStore({ client: redis, catalogue, keyPrefix: freshPrefix() }),
});

featureCorrectionsSuite({
  name: 'corrections in the Redis feature store',
  open: async (catalogue) =>
    createRedisFeatureStore({ client: redis, catalogue, keyPrefix: freshPrefix(), maxPending: 0 }),
});

describe('the Redis feature store', () => {
  /** What both stores answer to a stream, chunk by chunk. A repeat inside one chunk is answered by the Redis store without asking. */
  async function expectEqualStores(
    catalogue: FeatureCatalogue,
    options: StreamOptions,
    chunkSize: number,
    cap: { readonly maxEventsPerLog?: number } = {},
    asksAgain = true,
  ) {
    const stores: FeatureStore[] = [
      createMemoryFeatureStore({ catalogue, ...(asksAgain ? { maxSlots: 0 } : {}), ...cap }),
      createRedisFeatureStore({
        client: redis,
        catalogue,
        keyPrefix: freshPrefix(),
        ...(asksAgain ? { maxPending: 0 } : {}),
        ...cap,
      }),
    ];
    let chunk: ParsedTransaction[] = [];
    for (const parsed of hardStream(options)) {
      chunk.push(parsed);
      if (chunk.filter((other) => other === parsed).length > 1) chunk.pop();
      if (chunk.length < chunkSize) continue;
      const [memory, remote] = await Promise.all(stores.map((store) => store.recordAndRead(chunk)));
      expect(remote).toEqual(memory);
      chunk = [];
    }
  }

  it('equals the in-process store to the last bit', async () => {
    await fc.assert(
      fc.asyncProperty(anyStream, anyChunkSize, (options, chunkSize) =>
        expectEqualStores(FORGETFUL_CATALOGUE, options, chunkSize),
      ),
      { numRuns: 15 },
    );
  });

  it('equals it on a customer with more references than are kept, each named again', async () => {
    const line = 'name: n, entity: [customer], aggregate: sum, of: amountMinor, window: 30d, net: true';
    const catalogue = catalogueOf([line], HOUR, 0);
    const stores: FeatureStore[] = [
      createMemoryFeatureStore({ catalogue, maxSlots: 0 }),
      createRedisFeatureStore({ client: redis, catalogue, keyPrefix: freshPrefix(), maxPending: 0 }),
    ];
    const random = seededRandom(5);
    const all = Array.from({ length: 1_920 }, (_, index) => {
      const rails = (number: number) => ({ stan: String(number), rrn: '630112345678' });
      const occurredAt = new Date(Date.UTC(2026, 0, 1) + index).toISOString();
      const common = { transactionId: `R${index}`, occurredAt, customerId: 'C1' };
      return index % 4 === 3
        ? aTransaction({ ...common, type: 'REFUND', amountMinor: 1, original: rails(Math.floor(random() * index)) })
        : aTransaction({ ...common, amountMinor: 50, attributes: rails(index) });
    });
    let unknown = 0;
    for (let start = 0; start < all.length; start += 64) {
      const chunk = all.slice(start, start + 64);
      const [memory, remote] = await Promise.all(stores.map((store) => store.recordAndRead(chunk)));
      expect(remote).toEqual(memory);
      unknown += memory?.filter(({ flags }) => flags.includes('ORIGINAL_NOT_FOUND')).length ?? 0;
    }
    // a quarter names a refund, which carries none; of the others the oldest are forgotten
    expect(unknown).toBeGreaterThan(120);
    expect(unknown).toBeLessThan(360);
  });

  it('equals it on a repeat of what was replaced, when its entry of a net log was dropped since', async () => {
    const one = { customers: 1, counterparties: 1, devices: 1, corrections: 0.4 } as const;
    const old = { ...one, seed: 3, events: 360, meanGapMs: 7_200_000, amounts: 'tiny after huge' } as const;
    await expectEqualStores(FORGETFUL_CATALOGUE, old, 1);
    const full = { ...one, seed: 0, events: 291, meanGapMs: 1, amounts: 'mixed' } as const;
    await expectEqualStores(FORGETFUL_CATALOGUE, full, 1, { maxEventsPerLog: 16 });
  });

  it('equals it where logs meet their cap, and flags what it had to forget as the oracle says', async () => {
    const cap = fc.integer({ min: 16, max: 80 });
    await fc.assert(
      fc.asyncProperty(anyStream, anyChunkSize, cap, async (options, chunkSize, maxEventsPerLog) => {
        await expectEqualStores(FORGETFUL_CATALOGUE, options, chunkSize, { maxEventsPerLog });
        const store = createRedisFeatureStore({
          client: redis,
          catalogue: FULL_CATALOGUE,
          keyPrefix: freshPrefix(),
          maxEventsPerLog,
        });
        expect(await differencesFromOracle(store, options, chunkSize, true, true)).toEqual([]);
      }),
      { numRuns: 10 },
    );
  });

  it('flags what a second correction of a forgotten original leaves counted', async () => {
    const one = { customers: 1, counterparties: 1, devices: 1, corrections: 0.4 } as const;
    const options = { ...one, seed: 0, events: 363, meanGapMs: 60_000, amounts: 'mixed' } as const;
    const common = { catalogue: FULL_CATALOGUE, maxEventsPerLog: 16 };
    const store = createRedisFeatureStore({ ...common, client: redis, keyPrefix: freshPrefix() });
    expect(await differencesFromOracle(store, options, 1, true, true)).toEqual([]);
    expect(await differencesFromOracle(createMemoryFeatureStore(common), options, 1, true, true)).toEqual([]);
  });

  it('equals it in the labels of full logs: which of them meet their transaction, and what the windows count', async () => {
    const cap = fc.integer({ min: 16, max: 80 });
    await fc.assert(
      fc.asyncProperty(anyStream, anyChunkSize, cap, async (options, chunkSize, maxEventsPerLog) => {
        const common = { catalogue: FORGETFUL_CATALOGUE, maxEventsPerLog };
        const twin = createMemoryFeatureStore({ ...common, maxSlots: 0 });
        const store = createRedisFeatureStore({ ...common, client: redis, keyPrefix: freshPrefix(), maxPending: 0 });
        const random = seededRandom(options.seed + 1);
        const all = [...hardStream(options)];
        for (let start = 0; start < all.length; start += chunkSize) {
          const chunk = [...new Set(all.slice(start, start + chunkSize))];
          expect(await store.recordAndRead(chunk)).toEqual(await twin.recordAndRead(chunk));
          // of the chunk, and of what may have left the logs since
          const labels = chunk.map((_, index): Label => {
            const { transaction } = all[Math.max(0, start + index - Math.floor(random() * 60))] as ParsedTransaction;
            const { transactionId, channel, occurredAtMs } = transaction;
            const label = random() < 0.7 ? 'FRAUD' : 'GENUINE';
            const labelledAtMs = random() < 0.3 ? null : occurredAtMs + Math.floor(random() * 3 * DAY);
            return { transactionId, channel, label, labelledAtMs };
          });
          for (const label of labels) expect(await store.applyLabels([label])).toEqual(await twin.applyLabels([label]));
        }
      }),
      { numRuns: 10 },
    );
  });

  it('equals it where a log comes often in one chunk, with counts and sums alone', async () => {
    const plain = catalogueOf(
      ['1m', '10m', '1h', '24h', '7d'].flatMap((window) => [
        `name: c_${window}, entity: [customer], aggregate: count, window: ${window}`,
        `name: s_${window}, entity: [customer], aggregate: sum, of: amountMinor, window: ${window}`,
      ]),
      HOUR,
      0,
    );
    await fc.assert(
      fc.asyncProperty(anyStream, fc.integer({ min: 8, max: 200 }), (options, chunkSize) =>
        expectEqualStores(plain, { ...options, events: 1_200, customers: 1 + (options.seed % 3) }, chunkSize),
      ),
      { numRuns: 15 },
    );
  });

  const plainWindows = catalogueOf(
    ['1m', '10m', '1h', '24h', '7d', '30d'].flatMap((window) => [
      `name: c_${window}, entity: [customer], aggregate: count, window: ${window}`,
      `name: s_${window}, entity: [customer], aggregate: sum, of: amountMinor, window: ${window}`,
      `name: d_${window}, entity: [device], aggregate: stddev, of: amountMinor, window: ${window}`,
      `name: l_${window}, entity: [device], aggregate: timeSinceLast, window: ${window}`,
      `name: f_${window}, entity: [counterparty], aggregate: timeSinceFirst, window: ${window}`,
      `name: m_${window}, entity: [counterparty], aggregate: max, of: amountMinor, window: ${window}`,
    ]),
    2 * HOUR,
    0,
  );

  async function expectEqualThroughPauses(bursts: Bursts, chunkSize: number, maxEventsPerLog: number): Promise<void> {
    const twin = createMemoryFeatureStore({ catalogue: plainWindows, maxSlots: 0, maxEventsPerLog });
    const options = {
      client: redis,
      catalogue: plainWindows,
      keyPrefix: freshPrefix(),
      maxPending: 0,
      maxEventsPerLog,
    };
    const store = createRedisFeatureStore(options);
    const all = burstsAndPauses(bursts);
    for (let start = 0; start < all.length; start += chunkSize) {
      // a repeat inside one chunk is answered without asking
      const chunk = [...new Set(all.slice(start, start + chunkSize))];
      expect(await store.recordAndRead(chunk)).toEqual(await twin.recordAndRead(chunk));
    }
  }

  it('equals it with plain windows of every width, through bursts, pauses of weeks, late events, repeats and full logs', async () => {
    const anyCase = fc.record({
      seed: fc.nat(),
      chunkSize: fc.integer({ min: 1, max: 64 }),
      customers: fc.integer({ min: 1, max: 4 }),
      maxEventsPerLog: fc.constantFrom(24, 200, 100_000),
      pauseShare: fc.constantFrom(0.01, 0.1, 0.5),
    });
    await fc.assert(
      fc.asyncProperty(anyCase, ({ chunkSize, maxEventsPerLog, ...shape }) =>
        expectEqualThroughPauses({ ...shape, events: 600 }, chunkSize, maxEventsPerLog),
      ),
      { numRuns: 40 },
    );
  });

  it('equals it where a customer comes back after everything of his is too old, and his log would be full with it', async () => {
    const bursts = { seed: 54_747_419, events: 600, customers: 3, pauseShare: 0.1 };
    await expectEqualThroughPauses(bursts, 1, 24);
  });

  it('equals it where a whole chunk is of one log, through gaps and jumps, and edges that pass thousands of events at once', async () => {
    const catalogue = catalogueOf(
      ['1m', '10m', '1h', '24h', '30d'].flatMap((window) => [
        `name: c_${window}, entity: [counterparty], aggregate: count, window: ${window}`,
        `name: s_${window}, entity: [counterparty], aggregate: sum, of: amountMinor, window: ${window}`,
        `name: l_${window}, entity: [device], aggregate: timeSinceLast, window: ${window}`,
      ]),
      2 * HOUR,
      0,
    );
    const random = seededRandom(7);
    const twin = createMemoryFeatureStore({ catalogue, maxSlots: 0 });
    const store = createRedisFeatureStore({ client: redis, catalogue, keyPrefix: freshPrefix(), maxPending: 0 });
    let now = Date.UTC(1990, 0, 1);
    const expectEqual = async (size: number, gapMs: () => number) => {
      const chunk = Array.from({ length: size }, () => {
        now += Math.floor(gapMs());
        return aTransaction({
          transactionId: `J${now}-${random()}`,
          occurredAt: new Date(now).toISOString(),
          customerId: `C${Math.floor(random() * 1_000)}`,
          amountMinor: Math.floor(random() * 1e15),
          device: { id: 'D' },
          counterparty: { accountId: random() < 0.9 ? 'HOT' : 'OTHER' },
        });
      });
      expect(await store.recordAndRead(chunk)).toEqual(await twin.recordAndRead(chunk));
    };
    for (let chunk = 0; chunk < 120; chunk++) await expectEqual(64, () => 900 * random());
    // half of the last hour's events leave at once, then all; seconds and days between the events of one chunk
    await expectEqual(64, () => (random() < 0.1 ? HOUR / 3 : 1_000 * random()));
    for (let chunk = 0; chunk < 60; chunk++) await expectEqual(64, () => 500 * random());
    await expectEqual(64, () => 100 * HOUR * random() ** 8);
    for (let chunk = 0; chunk < 30; chunk++) await expectEqual(64, () => 40 * HOUR * random() ** 12);
    for (let chunk = 0; chunk < 10; chunk++) await expectEqual(64, () => 80 * DAY * random() ** 12);
    for (let chunk = 0; chunk < 30; chunk++) await expectEqual(1 + Math.floor(64 * random()), () => 1_000 * random());
  });

  it('equals the oracle, labels included, and gives a repeat its first values', async () => {
    await fc.assert(
      fc.asyncProperty(anyStream, anyChunkSize, async (options, chunkSize) => {
        const store = createRedisFeatureStore({ client: redis, catalogue: FULL_CATALOGUE, keyPrefix: freshPrefix() });
        expect(await differencesFromOracle(store, options, chunkSize)).toEqual([]);
      }),
      { numRuns: 15 },
    );
  });

  it('equals the in-process store with any catalogue: every aggregate, where, exclusion, delay, window, entities', async () => {
    const anyGap = fc.constantFrom(1_000, 600_000, 7_200_000, DAY);
    await fc.assert(
      fc.asyncProperty(anyCatalogue, anyStream, anyGap, anyChunkSize, (catalogue, shape, meanGapMs, chunkSize) =>
        expectEqualStores(catalogue, { ...shape, meanGapMs, ...lateIn(catalogue) }, chunkSize, {}, false),
      ),
      { numRuns: 25 },
    );
  }, 120_000);

  it('is left by conflicts as the in-process store that never added them', async () => {
    await fc.assert(
      fc.asyncProperty(anyStream, anyChunkSize, async (options, chunkSize) => {
        const twin = createMemoryFeatureStore({ catalogue: FULL_CATALOGUE });
        const store = createRedisFeatureStore({ client: redis, catalogue: FULL_CATALOGUE, keyPrefix: freshPrefix() });
        const random = seededRandom(options.seed);
        const all = [...hardStream({ ...options, meanGapMs: 60_000 })];
        for (let start = 0; start < all.length; start += chunkSize) {
          const chunk = all.slice(start, start + chunkSize);
          expect(await store.recordAndRead(chunk)).toEqual(await twin.recordAndRead(chunk));
          const settlements = chunk.map(({ transaction: { channel, transactionId }, fingerprint }) => ({
            channel,
            transactionId,
            fingerprint,
            decision: '{}',
          }));
          await store.settle(settlements);
          await twin.settle(settlements);
          const conflicts = chunk
            .filter(() => random() < 0.2)
            .map((parsed) => ({
              ...parsed,
              fingerprint: 'another',
              transaction: {
                ...parsed.transaction,
                amountMinor: Math.floor(random() * 1e9),
                occurredAtMs: parsed.transaction.occurredAtMs + Math.floor((random() - 0.7) * 3_600_000),
                counterparty: { accountId: `P${Math.floor(random() * 4)}` },
              },
            }));
          await store.recordAndRead(conflicts);
        }
      }),
      { numRuns: 10 },
    );
  });
});
