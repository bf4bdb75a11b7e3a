/** The Redis store against the oracle and against the in-process store: the same bits. */
import fc from 'fast-check';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { FeatureStore } from '../../../src/domain/ports.ts';
import type { ParsedTransaction } from '../../../src/domain/transaction.ts';
import { createMemoryFeatureStore } from '../../../src/features/memory-feature-store.ts';
import { createRedisFeatureStore } from '../../../src/features/redis-feature-store.ts';
import { featureStoreSuite } from '../../conformance/feature-store-suite.ts';
import { FORGETFUL_CATALOGUE, FULL_CATALOGUE, hardStream } from '../../helpers/feature-cases.ts';
import { differencesFromOracle } from '../../helpers/feature-differences.ts';

const anyStream = fc.record({
  seed: fc.nat(),
  events: fc.integer({ min: 1, max: 500 }),
  customers: fc.integer({ min: 1, max: 6 }),
  counterparties: fc.integer({ min: 1, max: 30 }),
  devices: fc.integer({ min: 1, max: 6 }),
  meanGapMs: fc.constantFrom(1, 1_000, 60_000, 600_000, 7_200_000),
  amounts: fc.constantFrom(...(['mixed', 'rising', 'falling', 'huge', 'equal', 'tiny after huge'] as const)),
});
const anyChunkSize = fc.integer({ min: 1, max: 64 });

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

describe('the Redis feature store', () => {
  it('equals the in-process store to the last bit', async () => {
    await fc.assert(
      fc.asyncProperty(anyStream, anyChunkSize, async (options, chunkSize) => {
        const stores: FeatureStore[] = [
          createMemoryFeatureStore({ catalogue: FORGETFUL_CATALOGUE, maxSlots: 0 }),
          createRedisFeatureStore({
            client: redis,
            catalogue: FORGETFUL_CATALOGUE,
            keyPrefix: freshPrefix(),
            maxPending: 0,
          }),
        ];
        let chunk: ParsedTransaction[] = [];
        for (const parsed of hardStream(options)) {
          chunk.push(parsed);
          // a repeat inside one chunk is answered by the Redis store without asking
          if (chunk.filter((other) => other === parsed).length > 1) chunk.pop();
          if (chunk.length < chunkSize) continue;
          const [memory, remote] = await Promise.all(stores.map((store) => store.recordAndRead(chunk)));
          expect(remote).toEqual(memory);
          chunk = [];
        }
      }),
      { numRuns: 15 },
    );
  }, 120_000);

  it('equals the oracle, labels included, and gives a repeat its first values', async () => {
    await fc.assert(
      fc.asyncProperty(anyStream, anyChunkSize, async (options, chunkSize) => {
        const store = createRedisFeatureStore({ client: redis, catalogue: FULL_CATALOGUE, keyPrefix: freshPrefix() });
        expect(await differencesFromOracle(store, options, chunkSize)).toEqual([]);
      }),
      { numRuns: 15 },
    );
  }, 120_000);
});
