/** What a decision says of values that are estimates, or whose windows are not full yet. */
import { expect, it } from 'vitest';
import { createScoringStack, memoryLimitUsage, memoryStoreFor } from '../../../src/composition/scoring-stack.ts';
import type { Decision } from '../../../src/domain/decision.ts';
import { createTransactionParser } from '../../../src/domain/parse-transaction.ts';
import type { FeatureStore } from '../../../src/domain/ports.ts';
import { redecide } from '../../../src/pipeline/redecide.ts';
import { shippedConfiguration } from '../../helpers/a-generation.ts';
import { aMessage, bytesOf, TEST_NOW_MS } from '../../helpers/a-transaction.ts';

const configuration = await shippedConfiguration();
const parse = createTransactionParser({ isChannel: (code) => configuration.channels.channels.has(code) });

/** a burst of transfers, decided by a store that says this of its values */
async function decisionOf(unsure: { estimated: readonly string[]; warmingUp: readonly string[] }): Promise<string> {
  const clock = { now: () => TEST_NOW_MS };
  const inner = memoryStoreFor(configuration);
  const store: FeatureStore = {
    ...inner,
    async recordAndRead(chunk) {
      const readings = await inner.recordAndRead(chunk);
      const flags = unsure.warmingUp.length === 0 ? [] : (['WARMING_UP'] as const);
      return readings.map((reading) => ({ ...reading, ...unsure, flags }));
    },
  };
  const stack = createScoringStack({ configuration, store, limitUsage: memoryLimitUsage(clock), model: null, clock });
  const burst = Array.from({ length: 8 }, (_, n) =>
    aMessage({ transactionId: `T-${n}`, occurredAt: `2026-11-20T02:15:1${n}Z`, amountMinor: 100 + n }),
  );
  const results = await stack.score(burst.map((message) => ({ bytes: bytesOf(message), receivedAtMs: TEST_NOW_MS })));
  const last = results.at(-1);
  if (last?.kind !== 'decided') throw new Error('it is refused');
  return last.bytes;
}

const hitOf = (bytes: string): Decision['hits'][number] | undefined =>
  (JSON.parse(bytes) as Decision).hits.find(({ ruleId }) => ruleId === 'transfer-burst-10m');

it('names them in the evidence, and with each rule that read them', async () => {
  const [read = ''] = Object.keys(hitOf(await decisionOf({ estimated: [], warmingUp: [] }))?.values ?? {})
    .filter((name) => name.startsWith('features.'))
    .map((name) => name.slice('features.'.length));
  const bytes = await decisionOf({ estimated: ['device_customers_7d'], warmingUp: [read, 'customer_count_30d'] });
  const decision = JSON.parse(bytes) as Decision;
  expect(decision.flags).toEqual(['WARMING_UP']);
  expect(decision.evidence?.warmingUp).toEqual([read, 'customer_count_30d']);
  expect(decision.evidence?.estimated).toEqual(['device_customers_7d']);
  expect([hitOf(bytes)?.warmingUp, hitOf(bytes)?.estimated]).toEqual([[read], undefined]);
  expect(redecide(bytes, configuration.generation, parse).status).toBe('same');
});

it('writes nothing when there is nothing to say', async () => {
  const bytes = await decisionOf({ estimated: [], warmingUp: [] });
  expect(bytes).not.toMatch(/warmingUp|estimated/);
});
