import { describe, expect, it } from 'vitest';
import type { Decision, RuleHit } from '../../../src/domain/decision.ts';
import { createShadowRecorder } from '../../../src/rules/shadow-report.ts';

const aHit = (ruleId: string, changes: Partial<RuleHit> = {}): RuleHit => ({
  ruleId,
  status: 'hit',
  score: 500,
  mode: 'shadow',
  outcome: 'HOLD',
  reason: 'OTHER',
  severity: 'high',
  values: {},
  ...changes,
});

const aDecision = (hits: readonly RuleHit[], changes: Partial<Decision> = {}): Decision =>
  ({
    outcome: 'ALLOW',
    alert: false,
    hits,
    occurredAt: '2026-11-23T00:00:00.000Z',
    evidence: { transaction: { amountMinor: 1_000, currency: 'CNY' }, features: {}, profile: null, limitUsage: null },
    ...changes,
  }) as Decision;

/** As a policy would: the strictest live outcome, an alert for what is held. */
const decideWith = (hits: readonly RuleHit[]) => {
  const isHeld = hits.some((hit) => hit.mode === 'live' && hit.outcome === 'HOLD');
  return { outcome: isHeld ? ('HOLD' as const) : ('ALLOW' as const), alert: isHeld };
};

describe('the report of rules in shadow', () => {
  it('says what each rule alone would have done: alerts a day, hours, money, overlap, precision', () => {
    const recorder = createShadowRecorder({ minutesPerAlert: 30 });
    const live = aHit('live-a', { mode: 'live', outcome: 'ALLOW' });
    recorder.record({ decision: aDecision([aHit('quiet-a')]), decideWith, isFraud: true });
    recorder.record({ decision: aDecision([aHit('quiet-a'), live]), decideWith, isFraud: false });
    const lastDay = { occurredAt: '2026-11-27T00:00:00.000Z' };
    recorder.record({ decision: aDecision([aHit('quiet-a'), live], lastDay), decideWith });
    recorder.record({ decision: aDecision([aHit('quiet-a', { status: 'errored' })]), decideWith });
    expect(recorder.report(4)).toEqual({
      days: 4,
      rules: [
        {
          ruleId: 'quiet-a',
          hits: 3,
          errored: 1,
          newAlerts: 3,
          newAlertsPerDay: 0.75,
          analystHoursPerDay: 0.375,
          stricter: { ALLOW: 0, CHALLENGE: 0, HOLD: 3, BLOCK: 0 },
          heldMinor: { CNY: 3_000 },
          alone: 1,
          overlap: [{ ruleId: 'live-a', hits: 2 }],
          labelled: 2,
          precision: 0.5,
          newFrauds: 1,
        },
      ],
    });
  });

  it('promotes one rule at a time, and counts nothing that was held anyway', () => {
    const recorder = createShadowRecorder();
    const promoted: string[][] = [];
    const watching = (hits: readonly RuleHit[]) => {
      promoted.push(hits.filter((hit) => hit.mode === 'live').map((hit) => hit.ruleId));
      return decideWith(hits);
    };
    const live = aHit('live-a', { mode: 'live' });
    const held = aDecision([live, aHit('quiet-a'), aHit('quiet-b')], { outcome: 'HOLD', alert: true });
    recorder.record({ decision: held, decideWith: watching });
    expect(promoted).toEqual([['live-a'], ['live-a', 'quiet-a'], ['live-a'], ['live-a', 'quiet-b']]);
    for (const rule of recorder.report(1).rules)
      expect(rule).toMatchObject({ hits: 1, newAlerts: 0, heldMinor: {}, precision: null, newFrauds: 0 });
  });

  it('takes a policy that was changed since the decision for no merit of the rule', () => {
    const recorder = createShadowRecorder();
    const strict = () => ({ outcome: 'BLOCK' as const, alert: true });
    recorder.record({
      decision: aDecision([aHit('quiet-a')], { outcome: 'ALLOW' }),
      decideWith: strict,
      isFraud: true,
    });
    expect(recorder.report(1).rules).toMatchObject([
      { hits: 1, newAlerts: 0, stricter: { BLOCK: 0 }, heldMinor: {}, newFrauds: 0 },
    ]);
  });

  it('is empty without shadow hits', () => {
    const recorder = createShadowRecorder();
    recorder.record({ decision: aDecision([aHit('live-a', { mode: 'live' })]), decideWith });
    expect(recorder.report(1)).toEqual({ days: 1, rules: [] });
  });
});
