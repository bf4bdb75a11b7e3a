/** The in-process store against a brute-force oracle: no difference in any value of any event. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createMemoryFeatureStore } from '../../src/features/memory-feature-store.ts';
import { anyCatalogue, lateIn } from '../helpers/any-catalogue.ts';
import { FORGETFUL_CATALOGUE, FULL_CATALOGUE } from '../helpers/feature-cases.ts';
import { differencesFromOracle } from '../helpers/feature-differences.ts';

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

describe('the in-process feature store', () => {
  it('equals the oracle on any stream: late, repeated, bursts, absent fields, any amounts', async () => {
    await fc.assert(
      fc.asyncProperty(anyStream, anyChunkSize, async (options, chunkSize) => {
        const store = createMemoryFeatureStore({ catalogue: FULL_CATALOGUE });
        expect(await differencesFromOracle(store, options, chunkSize)).toEqual([]);
      }),
      { numRuns: 30 },
    );
  });

  it('equals it with any catalogue: every aggregate, where, exclusion, delay, window from a minute to 90 days, entities', async () => {
    const anyGap = fc.constantFrom(1_000, 600_000, 7_200_000, 86_400_000);
    await fc.assert(
      fc.asyncProperty(
        anyCatalogue,
        anyStream,
        anyGap,
        anyChunkSize,
        async (catalogue, shape, meanGapMs, chunkSize) => {
          const store = createMemoryFeatureStore({ catalogue });
          const options = { ...shape, meanGapMs, ...lateIn(catalogue) };
          expect(await differencesFromOracle(store, options, chunkSize, true, false, catalogue)).toEqual([]);
        },
      ),
      { numRuns: 40 },
    );
  }, 120_000);

  it('gives no value that is wrong and not flagged where logs meet their cap', async () => {
    const cap = fc.integer({ min: 16, max: 80 });
    await fc.assert(
      fc.asyncProperty(anyStream, anyChunkSize, cap, async (options, chunkSize, maxEventsPerLog) => {
        const store = createMemoryFeatureStore({ catalogue: FULL_CATALOGUE, maxEventsPerLog });
        expect(await differencesFromOracle(store, options, chunkSize, true, true)).toEqual([]);
        // nor where a repeat is known from the log alone, and the log may have forgotten it
        const forgetful = createMemoryFeatureStore({ catalogue: FORGETFUL_CATALOGUE, maxEventsPerLog, maxSlots: 1 });
        expect(await differencesFromOracle(forgetful, options, chunkSize, false, true)).toEqual([]);
      }),
      { numRuns: 30 },
    );
  });

  it('keeps the labels of a repeat that a full log had forgotten', async () => {
    const stream = {
      seed: 1_308_291_454,
      events: 210,
      customers: 1,
      counterparties: 7,
      devices: 1,
      meanGapMs: 600_000,
    };
    const options = { ...stream, corrections: 0.4, amounts: 'rising' } as const;
    const store = createMemoryFeatureStore({ catalogue: FORGETFUL_CATALOGUE, maxEventsPerLog: 17, maxSlots: 1 });
    expect(await differencesFromOracle(store, options, 15, false, true)).toEqual([]);
  });

  it('counts a repeat in no window when its slot is gone', async () => {
    await fc.assert(
      fc.asyncProperty(anyStream, anyChunkSize, async (options, chunkSize) => {
        const store = createMemoryFeatureStore({ catalogue: FORGETFUL_CATALOGUE, maxSlots: 1 });
        expect(await differencesFromOracle(store, options, chunkSize, false)).toEqual([]);
      }),
      { numRuns: 15 },
    );
  });
});
