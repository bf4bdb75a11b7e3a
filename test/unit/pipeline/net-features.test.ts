/** A decision on money that comes back: what its net features say, and whether anybody knew its original. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { createScoringStack, memoryLimitUsage, memoryStoreFor } from '../../../src/composition/scoring-stack.ts';
import type { Decision } from '../../../src/domain/decision.ts';
import { createTransactionParser } from '../../../src/domain/parse-transaction.ts';
import type { FeatureStore } from '../../../src/domain/ports.ts';
import { redecide } from '../../../src/pipeline/redecide.ts';
import { shippedConfiguration } from '../../helpers/a-generation.ts';
import { aMessage, bytesOf, TEST_NOW_MS } from '../../helpers/a-transaction.ts';

const shipped = readFileSync(new URL('../../../config/features.yaml', import.meta.url), 'utf8');
const net =
  '\n  - { name: customer_net_out_24h, entity: [customer], aggregate: sum, of: amountMinor, window: 24h, net: true }\n';
const configuration = await shippedConfiguration({ features: { file: 'features.yaml', text: shipped + net } });
const parse = createTransactionParser({ isChannel: (code) => configuration.channels.channels.has(code) });

/** The decisions on messages of one customer, a second apart. `forgets`: the logs know no original any more. */
async function decide(messages: readonly Record<string, unknown>[], forgets = false): Promise<readonly string[]> {
  const clock = { now: () => TEST_NOW_MS };
  const inner = memoryStoreFor(configuration);
  const store: FeatureStore = {
    ...inner,
    async recordAndRead(chunk) {
      const readings = await inner.recordAndRead(chunk);
      return readings.map((reading, index) =>
        forgets && chunk[index]?.transaction.original !== undefined
          ? { ...reading, flags: ['ORIGINAL_NOT_FOUND' as const] }
          : reading,
      );
    },
  };
  const stack = createScoringStack({ configuration, store, limitUsage: memoryLimitUsage(clock), model: null, clock });
  const inputs = messages.map((more, n) =>
    aMessage({ transactionId: `N-${n}`, occurredAt: `2026-11-20T02:15:1${n}Z`, ...more }),
  );
  const results = await stack.score(inputs.map((message) => ({ bytes: bytesOf(message), receivedAtMs: TEST_NOW_MS })));
  return results.map((result) => {
    if (result.kind !== 'decided') throw new Error('it is refused');
    return result.bytes;
  });
}
const decisionsOf = async (...given: Parameters<typeof decide>): Promise<readonly Decision[]> =>
  (await decide(...given)).map((bytes) => JSON.parse(bytes) as Decision);

const payment = { type: 'TRANSFER', amountMinor: 900 };
const refund = { type: 'REFUND', amountMinor: 300, original: { transactionId: 'N-0' } };

it('keeps the net sum in the evidence, and computes the same again', async () => {
  const all = await decide([payment, refund]);
  const decisions = all.map((bytes) => JSON.parse(bytes) as Decision);
  expect(decisions.map(({ evidence }) => evidence?.features.customer_net_out_24h)).toEqual([900, 600]);
  expect(decisions.map(({ flags }) => flags)).toEqual([[], []]);
  for (const bytes of all) expect(redecide(bytes, configuration.generation, parse).status).toBe('same');
});

it('says once that nobody knows the original, limits and features alike', async () => {
  const unknown = { ...refund, original: { transactionId: 'nobody' } };
  const [, bytes = ''] = await decide([payment, unknown]);
  expect((JSON.parse(bytes) as Decision).flags).toEqual(['ORIGINAL_NOT_FOUND']);
  expect(redecide(bytes, configuration.generation, parse).status).toBe('same');
});

it('raises no flag for an original that the limits know and that is older than every window', async () => {
  const decisions = await decisionsOf([payment, refund], true);
  expect(decisions[1]?.flags).toEqual([]);
});
