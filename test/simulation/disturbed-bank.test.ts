/**
 * The whole pipeline under a seeded scheduler that repeats, contradicts, delays, corrupts, switches the feature store off
 * and crashes between any two steps; an auditor with a model of its own watches. A seed replays a failure.
 */
import { describe, expect, it } from 'vitest';
import { createScoringStack, memoryLimitUsage, memoryStoreFor } from '../../src/composition/scoring-stack.ts';
import { VigilError } from '../../src/domain/errors.ts';
import type { FeatureStore } from '../../src/domain/ports.ts';
import { createBank } from '../../src/simulation/bank.ts';
import { loadSimulationParameters } from '../../src/simulation/load-parameters.ts';
import { createRandom, type Random } from '../../src/simulation/random.ts';
import { shippedConfiguration } from '../helpers/a-generation.ts';
import { createAuditor, type Delivery } from './auditor.ts';

const configuration = await shippedConfiguration();
const parameters = loadSimulationParameters();
const START_MS = Date.parse('2026-09-01T00:00:00Z');
const TRANSACTIONS = 1_500;

interface World {
  readonly seed: number;
  /** for the check that the auditor would see a fault */
  readonly plant?: (store: FeatureStore) => FeatureStore;
  readonly hasOutages?: boolean;
}

/** What arrives: the bank's messages, some again, some with other content, some broken, some late. */
function* deliveries(seed: number, random: Random): Generator<{ bytes: Buffer; delivery: Delivery }> {
  const bank = createBank({ seed, startMs: START_MS, parameters, customers: 600 });
  const recent: Record<string, unknown>[] = [];
  const sent = (message: Record<string, unknown>) => ({
    bytes: Buffer.from(JSON.stringify(message)),
    delivery: { message, isRefused: false },
  });
  for (const item of bank.transactions({ count: TRANSACTIONS })) {
    const message = item.message as unknown as Record<string, unknown>;
    yield sent(message);
    // the last uses of dormant accounts lie months back: what comes again after them is beyond the repeat horizon
    if (Date.parse(String(message.occurredAt)) < START_MS) continue;
    recent.push(message);
    if (recent.length > 50) recent.shift();
    const again = recent[random.int(0, recent.length - 1)] ?? message;
    if (random.chance(0.05)) yield sent(again);
    if (random.chance(0.02)) yield sent({ ...again, branchId: `other-${random.int(0, 9)}` });
    if (random.chance(0.02))
      yield { bytes: Buffer.from('{"transactionId":"x",'), delivery: { message: null, isRefused: true } };
    if (random.chance(0.02)) {
      yield {
        bytes: Buffer.from(JSON.stringify({ ...message, occurredAt: 'never' })),
        delivery: { message: null, isRefused: true },
      };
    }
  }
}

async function runWorld({ seed, plant, hasOutages = true }: World) {
  const random = createRandom(seed, 'labels', 1);
  const auditor = createAuditor();
  const time = { ms: START_MS + 60 * 86_400_000 };
  const state = { isOff: false, crashAt: '' };
  const inner = memoryStoreFor(configuration);
  const through =
    <A, R>(call: (argument: A) => Promise<R>) =>
    async (argument: A): Promise<R> => {
      if (state.isOff) throw new VigilError('FEATURE_STORE_UNAVAILABLE', 'off');
      return call(argument);
    };
  const planted = plant?.(inner) ?? inner;
  const store: FeatureStore = {
    ...planted,
    recordAndRead: through(planted.recordAndRead),
    settle: through(planted.settle),
  };
  const stack = createScoringStack({
    configuration,
    store,
    limitUsage: memoryLimitUsage({ now: () => time.ms }),
    model: null,
    clock: { now: () => time.ms },
    scorer: {
      failpoint: (name) => {
        if (name !== state.crashAt) return;
        state.crashAt = '';
        throw new Error('crashed');
      },
    },
  });
  const levels = new Set<string>();
  let chunk: { bytes: Buffer; delivery: Delivery }[] = [];
  const deliver = async (): Promise<void> => {
    const items = chunk;
    chunk = [];
    if (hasOutages && random.chance(0.05)) state.isOff = !state.isOff;
    if (random.chance(0.1)) state.crashAt = ['recorded', 'decided', 'settled'][random.int(0, 2)] ?? '';
    for (;;) {
      time.ms += 200;
      const receivedAtMs = time.ms;
      try {
        const results = await stack.score(items.map(({ bytes }) => ({ bytes, receivedAtMs })));
        auditor.published(
          items.map(({ delivery }) => delivery),
          results,
        );
        for (const result of results) if (result.kind === 'decided') levels.add(JSON.parse(result.bytes).level);
        break;
      } catch (error) {
        // a crash: nothing was published, the whole chunk is delivered again
        if (!(error instanceof Error && error.message === 'crashed')) throw error;
      }
    }
    if (random.chance(0.05)) chunk.push(...items); // a rebalance: delivered again although it was published
  };
  for (const item of deliveries(seed, random)) {
    chunk.push(item);
    if (chunk.length >= random.int(1, 40)) await deliver();
  }
  state.isOff = false;
  await deliver();
  return { auditor, levels };
}

describe('a disturbed bank', () => {
  it.each([1, 2, 3])('keeps every promise under seed %i', async (seed) => {
    const { auditor, levels } = await runWorld({ seed });
    expect(auditor.faults.slice(0, 5), `seed ${seed}`).toEqual([]);
    expect(auditor.decisions.size).toBe(TRANSACTIONS);
    expect([...levels].sort()).toContain('L0');
  });

  it('is watched by an auditor that finds planted faults', async () => {
    const plants: Record<string, (store: FeatureStore) => FeatureStore> = {
      'the last decision wins': (store) => ({
        ...store,
        recordAndRead: async (chunk) => (await store.recordAndRead(chunk)).map(({ earlier: _, ...reading }) => reading),
        settle: async (chunk) => chunk,
      }),
      'a repeat is counted again': (store) => ({
        ...store,
        recordAndRead: async (chunk) => {
          await store.recordAndRead(
            chunk.map((parsed) => ({
              ...parsed,
              transaction: { ...parsed.transaction, transactionId: `${parsed.transaction.transactionId}!` },
            })),
          );
          return store.recordAndRead(chunk);
        },
      }),
      'readings are swapped': (store) => ({
        ...store,
        recordAndRead: async (chunk) => (await store.recordAndRead(chunk)).toReversed(),
      }),
    };
    for (const [name, plant] of Object.entries(plants)) {
      const { auditor } = await runWorld({ seed: 4, plant, hasOutages: false });
      expect(auditor.faults.length, name).toBeGreaterThan(0);
    }
  });
});
