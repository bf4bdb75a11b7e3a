/** What a decision says when the store has lost the counters of one of its entities. */
import { expect, it } from 'vitest';
import { createScoringStack, memoryLimitUsage, memoryStoreFor } from '../../../src/composition/scoring-stack.ts';
import type { Decision } from '../../../src/domain/decision.ts';
import { createTransactionParser } from '../../../src/domain/parse-transaction.ts';
import type { FeatureStore, LimitUsageStore } from '../../../src/domain/ports.ts';
import { redecide } from '../../../src/pipeline/redecide.ts';
import { shippedConfiguration } from '../../helpers/a-generation.ts';
import { aMessage, bytesOf, TEST_NOW_MS } from '../../helpers/a-transaction.ts';

const configuration = await shippedConfiguration();
const parse = createTransactionParser({ isChannel: (code) => configuration.channels.channels.has(code) });
const clock = { now: () => TEST_NOW_MS };

/** the decisions for a customer of whom something was lost, and for one in the same chunk */
async function decide(store: FeatureStore, limitUsage: LimitUsageStore): Promise<readonly string[]> {
  const stack = createScoringStack({ configuration, store, limitUsage, model: null, clock });
  const inputs = ['lost', 'sound'].map((customerId, n) => aMessage({ transactionId: `L-${n}`, customerId }));
  const results = await stack.score(inputs.map((message) => ({ bytes: bytesOf(message), receivedAtMs: TEST_NOW_MS })));
  return results.map((result) => (result.kind === 'decided' ? result.bytes : ''));
}

it('says "degraded: counters" on the transactions of that entity, and nothing on the others of the chunk', async () => {
  const inner = memoryStoreFor(configuration);
  const store: FeatureStore = {
    ...inner,
    recordAndRead: async (chunk) =>
      (await inner.recordAndRead(chunk)).map((reading, index) =>
        chunk[index]?.transaction.customerId === 'lost' ? { ...reading, flags: ['COUNTERS_LOST' as const] } : reading,
      ),
  };

  const all = await decide(store, memoryLimitUsage(clock));

  const decisions = all.map((bytes) => JSON.parse(bytes) as Decision);
  expect(decisions.map(({ level }) => level)).toEqual(['L0', 'L0']);
  expect(decisions.map(({ degraded }) => degraded)).toEqual([['counters'], []]);
  expect(decisions.map(({ flags }) => flags)).toEqual([['COUNTERS_LOST'], []]);
  for (const bytes of all) expect(redecide(bytes, configuration.generation, parse).status).toBe('same');
});

it('takes limits that cannot be read for errored, of that owner alone', async () => {
  const inner = memoryLimitUsage(clock);
  const limitUsage: LimitUsageStore = {
    ...inner,
    recordAndRead: async (chunk) =>
      (await inner.recordAndRead(chunk)).map((reading, index) =>
        index === 0 ? { ...reading, usage: new Map(), isUnreadable: true as const } : reading,
      ),
  };

  const all = await decide(memoryStoreFor(configuration), limitUsage);

  const decisions = all.map((bytes) => JSON.parse(bytes) as Decision);
  expect(decisions.map(({ level }) => level)).toEqual(['L0', 'L0']);
  expect(decisions.map(({ degraded }) => degraded)).toEqual([['counters'], []]);
  expect(decisions.map(({ evidence }) => evidence?.limitUsage === null)).toEqual([true, false]);
});
