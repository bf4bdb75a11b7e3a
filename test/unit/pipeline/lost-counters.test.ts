/** What a decision says when the store has lost the counters of one of its entities. */
import { expect, it } from 'vitest';
import { createScoringStack, memoryLimitUsage, memoryStoreFor } from '../../../src/composition/scoring-stack.ts';
import type { Decision } from '../../../src/domain/decision.ts';
import { createTransactionParser } from '../../../src/domain/parse-transaction.ts';
import type { FeatureStore } from '../../../src/domain/ports.ts';
import { redecide } from '../../../src/pipeline/redecide.ts';
import { shippedConfiguration } from '../../helpers/a-generation.ts';
import { aMessage, bytesOf, TEST_NOW_MS } from '../../helpers/a-transaction.ts';

it('says "degraded: counters" on the transactions of that entity, and nothing on the others of the chunk', async () => {
  const configuration = await shippedConfiguration();
  const parse = createTransactionParser({ isChannel: (code) => configuration.channels.channels.has(code) });
  const clock = { now: () => TEST_NOW_MS };
  const inner = memoryStoreFor(configuration);
  const store: FeatureStore = {
    ...inner,
    recordAndRead: async (chunk) =>
      (await inner.recordAndRead(chunk)).map((reading, index) =>
        chunk[index]?.transaction.customerId === 'lost' ? { ...reading, flags: ['COUNTERS_LOST' as const] } : reading,
      ),
  };
  const stack = createScoringStack({ configuration, store, limitUsage: memoryLimitUsage(clock), model: null, clock });
  const inputs = ['lost', 'sound'].map((customerId, n) => aMessage({ transactionId: `L-${n}`, customerId }));

  const results = await stack.score(inputs.map((message) => ({ bytes: bytesOf(message), receivedAtMs: TEST_NOW_MS })));

  const all = results.map((result) => (result.kind === 'decided' ? result.bytes : ''));
  const decisions = all.map((bytes) => JSON.parse(bytes) as Decision);
  expect(decisions.map(({ level }) => level)).toEqual(['L0', 'L0']);
  expect(decisions.map(({ degraded }) => degraded)).toEqual([['counters'], []]);
  expect(decisions.map(({ flags }) => flags)).toEqual([['COUNTERS_LOST'], []]);
  for (const bytes of all) expect(redecide(bytes, configuration.generation, parse).status).toBe('same');
});
