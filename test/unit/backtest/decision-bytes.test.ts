/** The texts that a backtest keeps are byte for byte those of the live path, for every kind of decision. */
import { describe, expect, it } from 'vitest';
import { createDecisionRing } from '../../../src/backtest/texts/decision-ring.ts';
import {
  createScoringStack,
  loadConfiguredModel,
  memoryLimitUsage,
  memoryStoreFor,
  type ScoringStackOptions,
} from '../../../src/composition/scoring-stack.ts';
import type { Decision } from '../../../src/domain/decision.ts';
import { VigilError } from '../../../src/domain/errors.ts';
import type { FeatureStore, FraudModel, LimitUsageStore } from '../../../src/domain/ports.ts';
import type { DecisionTexts } from '../../../src/pipeline/decision-texts.ts';
import type { ScoredInput } from '../../../src/pipeline/score-transactions.ts';
import { shippedConfiguration } from '../../helpers/a-generation.ts';
import { TEST_NOW_MS } from '../../helpers/a-transaction.ts';
import { aTransfer, simulatedHistory } from './backtest-builders.ts';

const configuration = await shippedConfiguration();

/** Simulated, with repeats, conflicts, refused lines, and what the bank does not send: corrections, attributes, long texts. */
function lines(): readonly string[] {
  const messages: unknown[] = [];
  for (const [index, { message }] of simulatedHistory(5, 600).entries()) {
    messages.push(message);
    if (index % 50 === 49) messages.push(message, { ...message, branchId: 'B-OTHER' }, { ...message, type: 'NONE' });
  }
  const at = '2026-09-02T08:00:00Z';
  const attributes = { stan: '000123', rrn: '42', 支付: '"短\\时', '7': 1.5, large: 'x'.repeat(9_000), yes: true };
  messages.push(
    aTransfer('T-1', at, { attributes }),
    aTransfer('T-2', at, { type: 'REVERSAL', original: { stan: '000123', rrn: '42', channel: 'MOBILE_BANKING' } }),
    aTransfer('T-3', at, { original: { transactionId: 'T-1' }, amountMinor: 9_007_199_254_740_991 }),
    aTransfer('T-4', at, {
      original: { transactionId: 'T-none' },
      merchant: { mcc: '5411' },
      accessibility: ['HEARING'],
    }),
    aTransfer('T-5', at, { amountMinor: 0, counterparty: {}, device: { trusted: false }, unknown: 1 }),
    aTransfer('T-6', at, { location: { lat: -0.000_001, lon: 179.999_999_9 }, customerId: 'C-\u0001-é-😀' }),
  );
  return messages.map((message) => JSON.stringify(message));
}

type Parts = Partial<Pick<ScoringStackOptions, 'store' | 'limitUsage' | 'model' | 'generation'>>;

async function textsOf(parts: Parts, texts: (DecisionTexts & { read(number: string): string }) | undefined) {
  const clock = { now: () => TEST_NOW_MS };
  const stack = createScoringStack({
    configuration,
    store: parts.store ?? memoryStoreFor(configuration),
    limitUsage: memoryLimitUsage('events'),
    model: null,
    modelBudgetMs: () => Number.POSITIVE_INFINITY,
    clock,
    ...parts,
    scorer: { decisionTime: 'event', ...(texts === undefined ? {} : { texts }) },
  });
  const told: string[] = [];
  const tell = (result: ScoredInput): string =>
    result.kind === 'decided' ? result.bytes : (result.fallback?.bytes ?? '');
  const all = lines();
  for (let from = 0; from < all.length; from += 100) {
    const chunk = all.slice(from, from + 100);
    const results = await stack.score(chunk.map((line) => ({ bytes: Buffer.from(line), receivedAtMs: TEST_NOW_MS })));
    told.push(...results.map((result) => (texts === undefined ? tell(result) : texts.read(tell(result)))));
  }
  return told;
}

const unsure = (inner: FeatureStore): FeatureStore => ({
  ...inner,
  recordAndRead: async (chunk) =>
    (await inner.recordAndRead(chunk)).map((reading, row) => ({
      ...reading,
      ...(row % 3 === 0 ? { estimated: ['customer_payees_30d'] } : {}),
      ...(row % 2 === 0
        ? { warmingUp: ['customer_count_1h', 'customer_out_sum_24h'], flags: ['WARMING_UP'] as const }
        : {}),
    })),
});
const outage = (): never => {
  throw new VigilError('FEATURE_STORE_UNAVAILABLE', 'down for the test');
};
const noStore: FeatureStore = { recordAndRead: outage, settle: outage, applyLabels: outage, close: async () => {} };
const noLimits: LimitUsageStore = { recordAndRead: outage, release: outage, close: async () => {} };
const failing: FraudModel = {
  version: 'broken',
  score: async () => {
    throw new VigilError('MODEL_UNAVAILABLE', 'no back end');
  },
  close: async () => undefined,
};
const noRules = () => ({ ...configuration.generation, evaluate: outage });

describe('the text of a decision that a backtest keeps', () => {
  it.each<[string, () => Promise<Parts>, (decision: Decision) => boolean]>([
    [
      'a model',
      async () => ({ model: await loadConfiguredModel(configuration) }),
      ({ model }) => (model?.contributions.length ?? 0) > 0,
    ],
    ['a model that fails (L1)', async () => ({ model: failing }), ({ level }) => level === 'L1'],
    ['no feature store (L2)', async () => ({ store: noStore }), ({ level }) => level === 'L2'],
    ['no rules (L3)', async () => ({ generation: noRules }), ({ level }) => level === 'L3'],
    [
      'no counters of the limits',
      async () => ({ limitUsage: noLimits }),
      ({ evidence }) => evidence?.limitUsage === null,
    ],
    [
      'estimates and windows that are not full',
      async () => ({ store: unsure(memoryStoreFor(configuration)) }),
      ({ evidence }) => evidence?.estimated !== undefined,
    ],
  ])(
    'is that of the live path with %s',
    async (_what, parts, isMeant) => {
      const live = await textsOf(await parts(), undefined);
      const kept = await textsOf(await parts(), createDecisionRing({ capacity: 10_000, segmentBytes: 100_000 }));
      expect(kept).toEqual(live);
      const decisions = live.map((text) => JSON.parse(text) as Decision);
      // the comparison is of what it is meant to be of
      expect(decisions.some(isMeant)).toBe(true);
      expect(decisions.some(({ provisional }) => provisional === true)).toBe(true);
      for (const outcome of ['ALLOW', 'CHALLENGE', 'HOLD'])
        expect(decisions.map((each) => each.outcome)).toContain(outcome);
    },
    60_000,
  );

  it('stands in the decision itself too: its evidence is made when somebody looks', async () => {
    const ring = createDecisionRing({ capacity: 10_000 });
    const decided: [Decision, string][] = [];
    const texts = {
      ...ring,
      keep(...args: Parameters<DecisionTexts['keep']>) {
        const number = ring.keep(...args);
        decided.push([args[0], number]);
        return number;
      },
    };
    await textsOf({ store: unsure(memoryStoreFor(configuration)) }, texts);
    expect(decided.length).toBeGreaterThan(600);
    for (const [decision, number] of decided) {
      const text = ring.read(number);
      expect(JSON.stringify(decision)).toBe(text);
      const { evidence } = JSON.parse(text) as Decision;
      for (const name of Object.keys(evidence ?? {}) as (keyof NonNullable<typeof evidence>)[])
        expect(decision.evidence?.[name]).toEqual(evidence?.[name]);
    }
  }, 60_000);
});
