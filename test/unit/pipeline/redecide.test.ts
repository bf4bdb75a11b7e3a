import { describe, expect, it } from 'vitest';
import { createScoringStack, memoryLimitUsage, memoryStoreFor } from '../../../src/composition/scoring-stack.ts';
import { createTransactionParser } from '../../../src/domain/parse-transaction.ts';
import { redecide } from '../../../src/pipeline/redecide.ts';
import { shippedConfiguration } from '../../helpers/a-generation.ts';
import { aMessage, bytesOf, TEST_NOW_MS } from '../../helpers/a-transaction.ts';

const configuration = await shippedConfiguration();
const { generation } = configuration;
const parse = createTransactionParser({ isChannel: (code) => configuration.channels.channels.has(code) });

async function decisionsOf(...messages: readonly unknown[]): Promise<readonly string[]> {
  const clock = { now: () => TEST_NOW_MS };
  const stack = createScoringStack({
    configuration,
    store: memoryStoreFor(configuration),
    limitUsage: memoryLimitUsage(clock),
    model: {
      version: 'm1',
      score: async (inputs) => inputs.map(() => ({ score: 0.4, contributions: [{ feature: 'amount', value: 0.1 }] })),
      close: async () => {},
    },
    clock,
  });
  const results = await stack.score(
    messages.map((message) => ({ bytes: bytesOf(message), receivedAtMs: TEST_NOW_MS })),
  );
  return results.map((result) => (result.kind === 'decided' ? result.bytes : (result.fallback?.bytes ?? '')));
}

describe('deciding again', () => {
  it('gives the same bytes, whatever took part', async () => {
    const burst = Array.from({ length: 12 }, (_, n) =>
      aMessage({
        transactionId: `T-${n}`,
        occurredAt: `2026-11-20T02:15:${String(10 + n)}Z`,
        amountMinor: 4_990_000 + n,
        ...(n % 3 === 0 ? { unknown: true } : {}),
      }),
    );
    const decisions = await decisionsOf(
      ...burst,
      aMessage({ transactionId: 'old', occurredAt: '2026-10-01T00:00:00Z' }),
    );
    expect(new Set(decisions.map((bytes) => JSON.parse(bytes).outcome)).size).toBeGreaterThan(1);
    expect(decisions.map((bytes) => redecide(bytes, generation, parse).status)).toEqual(decisions.map(() => 'same'));
  });

  it('says which version is no longer there', async () => {
    const [bytes = ''] = await decisionsOf(aMessage());
    const newer = { ...generation, versions: { ...generation.versions, ruleset: 'newer' } };
    expect(redecide(bytes, newer, parse)).toEqual({
      status: 'version-missing',
      part: 'ruleset',
      wanted: generation.versions.ruleset,
      inForce: 'newer',
    });
  });

  it('shows what differs when a kept value was changed', async () => {
    const [bytes = ''] = await decisionsOf(aMessage());
    expect(redecide(bytes.replace('"riskScore":', '"riskScore":1'), generation, parse)).toMatchObject({
      status: 'different',
      bytes,
    });
  });

  it('has nothing to go by for a provisional fallback', async () => {
    const [bytes = ''] = await decisionsOf(aMessage({ amountMinor: 'x' }));
    expect(redecide(bytes, generation, parse)).toEqual({ status: 'nothing-kept' });
  });
});
