/** Builders: a decision as the pipeline publishes it, and a batch of them as the alert consumer hands it over. */
import type { Decision, RuleHit } from '../../../src/domain/decision.ts';
import type { DecisionBatch } from '../../../src/domain/ports.ts';

export const aHit = (overrides: Partial<RuleHit> = {}): RuleHit => ({
  ruleId: 'transfer-burst-10m',
  status: 'hit',
  score: 300,
  mode: 'live',
  outcome: 'CHALLENGE',
  reason: 'VEL_COUNT_10M',
  severity: 'medium',
  values: { 'features.customer_transfer_count_10m': 6 },
  ...overrides,
});

export function aDecision(overrides: Partial<Decision> = {}): Decision {
  const transactionId = overrides.transactionId ?? 'T-1';
  const channel = overrides.channel ?? 'MOBILE_BANKING';
  return {
    schemaVersion: 1,
    decisionId: `D-${channel}-${transactionId}`,
    transactionId,
    channel,
    customerId: 'C1001',
    outcome: 'CHALLENGE',
    riskScore: 640,
    alert: true,
    reasons: [{ code: 'VEL_COUNT_10M', text: { en: 'Many transfers in ten minutes', 'zh-CN': '短时间多笔转账' } }],
    hits: [aHit()],
    limits: [],
    reminders: [],
    versions: { ruleset: 'r1', features: 'f1', limits: 'l1', lists: 's1', policy: 'p1' },
    level: 'L0',
    degraded: [],
    flags: [],
    late: false,
    occurredAt: '2026-11-20T02:15:00.123Z',
    receivedAt: '2026-11-20T02:15:00.200Z',
    decidedAt: '2026-11-20T02:15:00.210Z',
    evidence: {
      transaction: {
        transactionId,
        channel,
        type: 'TRANSFER',
        customerId: 'C1001',
        amountMinor: 1_250_000,
        currency: 'CNY',
      },
      features: { customer_transfer_count_10m: 6 },
      profile: null,
      limitUsage: null,
    },
    ...overrides,
  };
}

/** The fallback that a channel got for a refused message. */
export const aProvisionalDecision = (overrides: Partial<Decision> = {}): Decision =>
  aDecision({
    decisionId: `P-${overrides.transactionId ?? 'T-1'}`,
    customerId: '',
    provisional: true,
    alert: false,
    riskScore: 0,
    hits: [],
    occurredAt: null,
    evidence: null,
    level: 'L3',
    degraded: ['input'],
    ...overrides,
  });

export interface BatchOptions {
  readonly topic?: string;
  readonly partition?: number;
  readonly firstOffset?: bigint;
}

/** Offsets follow each other from `firstOffset`. */
export function aBatch(decisions: readonly Decision[], options: BatchOptions = {}): DecisionBatch {
  const { topic = 'vigil.decisions', partition = 0, firstOffset = 0n } = options;
  return {
    topic,
    partition,
    firstOffset,
    nextOffset: firstOffset + BigInt(decisions.length),
    decisions: decisions.map((decision, index) => ({
      offset: firstOffset + BigInt(index),
      decision,
      bytes: JSON.stringify(decision),
    })),
  };
}
