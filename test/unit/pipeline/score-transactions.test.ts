/**
 * The critical path in prose: a chunk of messages goes in, one result per message comes out, in order. The stores are the
 * in-process ones, the configuration is the shipped one with a rule of the test's own.
 */
import { describe, expect, it } from 'vitest';
import { createScoringStack, memoryLimitUsage, memoryStoreFor } from '../../../src/composition/scoring-stack.ts';
import type { Decision } from '../../../src/domain/decision.ts';
import { VigilError } from '../../../src/domain/errors.ts';
import type { FeatureStore, FraudModel, LimitUsageStore, ModelInput } from '../../../src/domain/ports.ts';
import type { ScoredInput, ScorerOptions } from '../../../src/pipeline/score-transactions.ts';
import { shippedConfiguration } from '../../helpers/a-generation.ts';
import { aMessage, bytesOf, TEST_NOW_MS } from '../../helpers/a-transaction.ts';

const RULES = {
  file: 'rules/test.yaml',
  text: `ruleset: test
version: "1"
rules:
  - id: third-in-ten-minutes
    title: { en: "Third", zh-CN: "第三笔" }
    reason: VEL_COUNT_10M
    when: 'features.customer_count_10m >= 3'
    outcome: CHALLENGE
    score: 300
    severity: high
    mode: live
`,
};
const configuration = await shippedConfiguration({ rules: [RULES] });

interface Parts {
  readonly store?: FeatureStore;
  readonly limitUsage?: LimitUsageStore;
  readonly model?: FraudModel | null;
  readonly scorer?: Pick<ScorerOptions, 'observer' | 'failpoint'>;
  readonly modelBudgetMs?: number;
}

function aStack(parts: Parts = {}) {
  const clock = { now: () => TEST_NOW_MS };
  const stack = createScoringStack({
    configuration,
    store: parts.store ?? memoryStoreFor(configuration),
    limitUsage: parts.limitUsage ?? memoryLimitUsage(clock),
    model: parts.model ?? null,
    clock,
    ...(parts.modelBudgetMs === undefined ? {} : { modelBudgetMs: () => parts.modelBudgetMs ?? 0 }),
    ...(parts.scorer === undefined ? {} : { scorer: parts.scorer }),
  });
  const score = (...messages: readonly unknown[]) =>
    stack.score(messages.map((message) => ({ bytes: bytesOf(message), receivedAtMs: TEST_NOW_MS })));
  return { ...stack, score };
}

const decisionOf = (result: ScoredInput | undefined): Decision => {
  if (result?.kind !== 'decided') throw new Error(`not decided: ${JSON.stringify(result)}`);
  return JSON.parse(result.bytes) as Decision;
};
const transfer = (n: number, overrides: Record<string, unknown> = {}) =>
  aMessage({ transactionId: `T-${n}`, occurredAt: `2026-11-20T02:15:0${n}Z`, ...overrides });

const outage = (): never => {
  throw new VigilError('FEATURE_STORE_UNAVAILABLE', 'down for the test');
};
const aModel = (score: (inputs: readonly ModelInput[]) => Promise<number[]>): FraudModel => ({
  version: 'test-model',
  score: async (inputs) => (await score(inputs)).map((value) => ({ score: value, contributions: [] })),
  close: async () => {},
});

describe('scoring a chunk', () => {
  it('decides each transaction as of its arrival and answers in input order', async () => {
    const results = await aStack().score(transfer(1), transfer(2), transfer(3));
    const decisions = results.map(decisionOf);
    expect(decisions.map((d) => d.transactionId)).toEqual(['T-1', 'T-2', 'T-3']);
    expect(decisions.map((d) => d.evidence?.features.customer_count_10m)).toEqual([1, 2, 3]);
    expect(decisions.map((d) => d.hits.length)).toEqual([0, 0, 1]);
    expect(decisions[2]).toMatchObject({ outcome: 'CHALLENGE', level: 'L0', degraded: [], late: false });
    expect(decisions[2]?.reasons.map((reason) => reason.code)).toContain('VEL_COUNT_10M');
  });

  it('answers a repeat with the same bytes, in the same chunk and in a later one, and counts it once', async () => {
    const { score } = aStack();
    const [first, inChunk] = await score(transfer(1), transfer(1));
    const [later, next] = await score(transfer(1, { occurredAt: '2026-11-20T10:15:01+08:00' }), transfer(2));
    expect([inChunk, later]).toMatchObject([
      { kind: 'decided', isRepeat: true, isConflict: false },
      { kind: 'decided', isRepeat: true, isConflict: false },
    ]);
    const bytes = [first, inChunk, later].map((result) => (result?.kind === 'decided' ? result.bytes : ''));
    expect(new Set(bytes).size).toBe(1);
    expect(decisionOf(next).evidence?.features.customer_count_10m).toBe(2);
  });

  it('lets the first decision stand when the same id comes with other content, and says so', async () => {
    const { score } = aStack();
    const [first] = await score(transfer(1));
    const [conflict] = await score(transfer(1, { amountMinor: 99 }));
    expect(conflict).toMatchObject({ kind: 'decided', isRepeat: true, isConflict: true });
    expect(decisionOf(conflict)).toEqual(decisionOf(first));
  });

  it('decides the good neighbours of a refused message and gives its channel the declared fallback', async () => {
    const results = await aStack().score(transfer(1), transfer(2, { amountMinor: 'much' }), '{broken', transfer(3));
    expect(results.map((result) => result.kind)).toEqual(['decided', 'rejected', 'rejected', 'decided']);
    expect(results[1]).toMatchObject({
      rejection: { code: 'INVALID_AMOUNT' },
      fallback: { decision: { outcome: 'CHALLENGE', provisional: true, level: 'L3', degraded: ['input'] } },
    });
    expect(results[2]).toMatchObject({ rejection: { code: 'NOT_JSON' } });
    expect(results[2]).not.toHaveProperty('fallback');
  });

  it('decides the mended message under the same id as new, and gives refused bytes the same answer again', async () => {
    const { score } = aStack();
    const [refused] = await score(transfer(1, { amountMinor: 'much' }));
    const [again] = await score(transfer(1, { amountMinor: 'much' }));
    const [mended] = await score(transfer(1));
    const fallbackOf = (result: ScoredInput | undefined) =>
      result?.kind === 'rejected' ? result.fallback?.bytes : undefined;
    expect(fallbackOf(again)).toBe(fallbackOf(refused));
    expect(mended).toMatchObject({ kind: 'decided', isRepeat: false });
    expect(decisionOf(mended)).not.toHaveProperty('provisional');
  });

  it('keeps everything in the decision that is needed to compute it again', async () => {
    const [result] = await aStack().score(transfer(1));
    const { evidence, versions } = decisionOf(result);
    const present = Object.keys(evidence?.features ?? {});
    expect(present.length).toBeGreaterThan(20);
    expect(present.filter((name) => !configuration.generation.featureNames.includes(name))).toEqual([]);
    expect(Object.values(evidence?.features ?? {})).not.toContain(null);
    expect(evidence).toMatchObject({ transaction: { transactionId: 'T-1' }, profile: { eventCount: 0 } });
    expect(versions).toEqual(configuration.generation.versions);
  });

  it('asks the model once for a chunk, without the repeats', async () => {
    const asked: number[] = [];
    const model = aModel(async (inputs) => {
      asked.push(inputs.length);
      return inputs.map(() => 0.93);
    });
    const { score } = aStack({ model, modelBudgetMs: 60_000 });
    await score(transfer(1), transfer(2));
    const [, result] = await score(transfer(1), transfer(3));
    expect(asked).toEqual([2, 1]);
    expect(decisionOf(result).model).toMatchObject({ version: 'test-model', score: 0.93 });
  });
});

describe('a generation that changes while a chunk is scored', () => {
  it('decides nothing of that chunk, and all of the next', async () => {
    const clock = { now: () => TEST_NOW_MS };
    const newer = { ...configuration.generation, versions: { ...configuration.generation.versions, ruleset: 'newer' } };
    let inForce = configuration.generation;
    const stack = createScoringStack({
      configuration,
      generation: () => inForce,
      store: memoryStoreFor(configuration),
      limitUsage: memoryLimitUsage(clock),
      model: null,
      clock,
      scorer: {
        failpoint: (name) => {
          if (name === 'recorded') inForce = newer;
        },
      },
    });
    const rulesetsOf = async (...messages: readonly unknown[]) =>
      (await stack.score(messages.map((message) => ({ bytes: bytesOf(message), receivedAtMs: TEST_NOW_MS })))).map(
        (result) => decisionOf(result).versions.ruleset,
      );
    const before = configuration.generation.versions.ruleset;
    expect(await rulesetsOf(transfer(1), transfer(2), transfer(3))).toEqual([before, before, before]);
    expect(await rulesetsOf(transfer(4))).toEqual(['newer']);
  });
});

describe('limits inside a chunk', () => {
  const shared = configuration.sources.limits.find(({ file }) => file.endsWith('settings.yaml'));
  const oneLimit = {
    file: 'limits/one.yaml',
    text: `version: 1
limits:
  - id: day
    title: { en: "Day", zh-CN: "日" }
    period: day
    measure: amount
    max: 1000
    scope: { types: [TRANSFER] }
    outcome: BLOCK
    reason: LIMIT_DAY
`,
  };

  it('are the same however the stream is cut: what was blocked is not used', async () => {
    const limited = await shippedConfiguration({
      rules: [RULES],
      limits: shared === undefined ? [] : [shared, oneLimit],
    });
    const messages = [600, 600, 300, 200].map((amountMinor, n) => transfer(n + 1, { amountMinor }));
    const outcomesOf = async (cut: readonly (readonly unknown[])[]) => {
      const clock = { now: () => TEST_NOW_MS };
      const stack = createScoringStack({
        configuration: limited,
        store: memoryStoreFor(limited),
        limitUsage: memoryLimitUsage(clock),
        model: null,
        clock,
      });
      const decisions: Decision[] = [];
      for (const chunk of cut) {
        const results = await stack.score(
          chunk.map((message) => ({ bytes: bytesOf(message), receivedAtMs: TEST_NOW_MS })),
        );
        decisions.push(...results.map(decisionOf));
      }
      return decisions.map(({ limits }) => limits.map((limit) => [limit.usedBefore, limit.exceeded]));
    };
    const oneByOne = await outcomesOf(messages.map((message) => [message]));
    expect(oneByOne).toEqual([[[0, false]], [[600, true]], [[600, false]], [[900, true]]]);
    expect(await outcomesOf([messages])).toEqual(oneByOne);
    expect(await outcomesOf([messages.slice(0, 2), messages.slice(2)])).toEqual(oneByOne);
  });
});

describe('a part that fails', () => {
  it.each([
    ['throws', async () => Promise.reject(new VigilError('MODEL_UNAVAILABLE', 'gone'))],
    ['is late', () => new Promise<number[]>(() => {})],
  ])('is said in the level when the model %s', async (_how, answer) => {
    const { score } = aStack({ model: aModel(answer), modelBudgetMs: 20 });
    const [result] = await score(transfer(1));
    expect(decisionOf(result)).toMatchObject({ level: 'L1', degraded: ['model'] });
    expect(decisionOf(result)).not.toHaveProperty('model');
  });

  it('leaves local counters and level L2 when the feature store is down', async () => {
    const broken: FeatureStore = { recordAndRead: outage, settle: outage, applyLabels: outage, close: async () => {} };
    const { score } = aStack({ store: broken });
    const decisions = (await score(transfer(1), transfer(2), transfer(3))).map(decisionOf);
    expect(decisions.map((d) => d.level)).toEqual(['L2', 'L2', 'L2']);
    expect(decisions[2]).toMatchObject({ degraded: ['feature-store'], outcome: 'CHALLENGE' });
    const [repeat] = await score(transfer(1));
    expect(repeat).toMatchObject({ isRepeat: true });
  });

  it('is said when the counters of the limits cannot be read', async () => {
    const broken: LimitUsageStore = { recordAndRead: outage, release: outage, close: async () => {} };
    const [result] = await aStack({ limitUsage: broken }).score(transfer(1));
    expect(decisionOf(result)).toMatchObject({ level: 'L0', degraded: ['counters'] });
  });

  it('is said when an amount cannot be held against the limits, because there is no rate for its currency', async () => {
    const [dinars, yuan] = (
      await aStack().score(transfer(1, { currency: 'KWD' }), transfer(2, { currency: 'CNY' }))
    ).map(decisionOf);
    expect(dinars?.limits.some((limit) => limit.unread)).toBe(true);
    expect(dinars).toMatchObject({ level: 'L0', degraded: ['counters'] });
    expect(yuan?.degraded).toEqual([]);
  });

  it('stops the process, and does not pass anything, when it is a bug of our own', async () => {
    const buggy = aModel(async () => {
      throw new TypeError('a bug');
    });
    await expect(aStack({ model: buggy }).score(transfer(1))).rejects.toThrow(TypeError);
  });

  it('between recording and settling changes no counter and no decision when the message comes again', async () => {
    const store = memoryStoreFor(configuration);
    let isArmed = true;
    const crash = aStack({
      store,
      scorer: {
        failpoint: (name) => {
          if (name === 'decided' && isArmed) throw new Error('killed');
        },
      },
    });
    await expect(crash.score(transfer(1))).rejects.toThrow('killed');
    isArmed = false;
    const [result] = await crash.score(transfer(1));
    expect(result).toMatchObject({ isRepeat: false });
    expect(decisionOf(result).evidence?.features.customer_count_10m).toBe(1);
  });
});
