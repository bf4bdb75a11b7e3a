/** The figures of a report, against values written by hand. */
import { describe, expect, it } from 'vitest';
import { createComparer } from '../../../src/backtest/comparison.ts';
import { createDailySeries } from '../../../src/backtest/daily-series.ts';
import { createDisturbedCustomers } from '../../../src/backtest/disturbed-customers.ts';
import { signed, wholeMoney } from '../../../src/backtest/format.ts';
import { createGroupScores } from '../../../src/backtest/group-scores.ts';
import { createDayNames, type Observation } from '../../../src/backtest/observation.ts';
import { createScoreCurve } from '../../../src/backtest/score-curve.ts';
import type { Decision } from '../../../src/domain/decision.ts';
import { aTransaction } from '../../helpers/a-transaction.ts';
import { aDecision, aHit } from './backtest-builders.ts';

function seen(
  decision: Partial<Decision> = {},
  {
    isFraud = false,
    day = '2026-11-20',
    ...message
  }: Record<string, unknown> & { isFraud?: boolean; day?: string } = {},
): Observation {
  const { transaction } = aTransaction({ transactionId: decision.transactionId ?? 'T-1', ...message });
  return { decision: aDecision(decision), transaction, truth: { isFraud }, day };
}

describe('the curve of the risk score', () => {
  it('has the average precision of the step-wise definition', () => {
    const curve = createScoreCurve();
    // scikit-learn's own example: truth 0 0 1 1, scores 0.1 0.4 0.35 0.8, average precision 0.8333
    for (const [score, isFraud] of [
      [100, false],
      [400, false],
      [350, true],
      [800, true],
    ] as const)
      curve.add(score, isFraud);
    expect(curve.averagePrecision()).toBeCloseTo(5 / 6, 12);
  });

  it('takes equal scores together: their order is nobody’s merit', () => {
    const [first, second] = [createScoreCurve(), createScoreCurve()];
    for (const isFraud of [true, false, false, false]) first.add(500, isFraud);
    for (const isFraud of [false, false, false, true]) second.add(500, isFraud);
    expect(first.averagePrecision()).toBe(0.25);
    expect(second.averagePrecision()).toBe(0.25);
  });

  it('tells what is flagged at each threshold, and nothing of precision without a fraud', () => {
    const curve = createScoreCurve();
    curve.add(0, false);
    curve.add(0, false);
    curve.add(700, true);
    curve.add(300, false);
    expect(curve.points()).toEqual([
      { threshold: 0, flagged: 4, caught: 1, precision: 0.25, recall: 1 },
      { threshold: 300, flagged: 2, caught: 1, precision: 0.5, recall: 1 },
      { threshold: 700, flagged: 1, caught: 1, precision: 1, recall: 1 },
    ]);
    const empty = createScoreCurve();
    expect(empty.averagePrecision()).toBeNull();
    expect(empty.points()).toEqual([{ threshold: 0, flagged: 0, caught: 0, precision: null, recall: null }]);
  });
});

describe('days', () => {
  it('are those of the bank: 23:30 and 00:30 in Shanghai are two days', () => {
    const nameOf = createDayNames(() => 480);
    expect(nameOf(Date.parse('2026-11-20T15:30:00Z'))).toBe('2026-11-20');
    expect(nameOf(Date.parse('2026-11-20T16:30:00Z'))).toBe('2026-11-21');
  });

  it('of work are those with a tenth of the busiest day’s transactions', () => {
    const series = createDailySeries();
    const add = (day: string, count: number): void => {
      for (let i = 0; i < count; i++)
        series.add(seen({ alert: i === 0, outcome: i === 0 ? 'HOLD' : 'ALLOW' }, { day }));
    };
    expect(series.workingDays()).toBe(1);
    add('2026-11-02', 20);
    add('2026-11-01', 2);
    add('2025-01-01', 1);
    expect(series.workingDays()).toBe(2);
    expect(series.days().map(({ day, transactions, alerts }) => [day, transactions, alerts])).toEqual([
      ['2025-01-01', 1, 1],
      ['2026-11-01', 2, 1],
      ['2026-11-02', 20, 1],
    ]);
    expect(series.days()[2]?.outcomes).toEqual({ ALLOW: 19, CHALLENGE: 0, HOLD: 1, BLOCK: 0 });
  });
});

describe('groups', () => {
  it('count fraud held back by currency, and never more names than they may', () => {
    const groups = createGroupScores(2);
    groups.add('A', seen({ outcome: 'HOLD' }, { isFraud: true, amountMinor: 700 }));
    groups.add('A', seen({ outcome: 'ALLOW' }, { isFraud: true, amountMinor: 300 }));
    groups.add('A', seen({ outcome: 'ALLOW', alert: true }));
    groups.add('B', seen());
    groups.add('C', seen());
    groups.add('D', seen());
    const report = groups.report();
    expect(Object.entries(report).map(([name, { transactions }]) => [name, transactions])).toEqual([
      ['(others)', 2],
      ['A', 3],
      ['B', 1],
    ]);
    expect(report.A).toEqual({
      transactions: 3,
      outcomes: { ALLOW: 2, CHALLENGE: 0, HOLD: 1, BLOCK: 0 },
      alerts: 1,
      frauds: 2,
      caught: 1,
      falsePositives: 1,
      precision: 0.5,
      recall: 0.5,
      fraudStoppedMinor: { CNY: 700 },
      fraudMissedMinor: { CNY: 300 },
    });
    expect(report.B?.precision).toBeNull();
  });
});

describe('disturbed customers', () => {
  it('are counted once, and not for their frauds', () => {
    const customers = createDisturbedCustomers();
    customers.add(seen({ customerId: 'A', outcome: 'CHALLENGE' }));
    customers.add(seen({ customerId: 'A', outcome: 'CHALLENGE' }));
    customers.add(seen({ customerId: 'A', outcome: 'BLOCK' }));
    customers.add(seen({ customerId: 'B', outcome: 'HOLD' }, { isFraud: true }));
    customers.add(seen({ customerId: 'C', outcome: 'ALLOW', alert: true }));
    expect(customers.report()).toEqual({ seen: 3, disturbed: 1, challenged: 1, held: 0, blocked: 1 });
  });
});

describe('the comparison', () => {
  it('counts transitions from the other configuration to this one, by truth', () => {
    const comparer = createComparer();
    comparer.both(seen({ outcome: 'HOLD', alert: true, riskScore: 500 }, { isFraud: true, amountMinor: 900 }), seen());
    comparer.both(seen({ outcome: 'ALLOW' }, { amountMinor: 400 }), seen({ outcome: 'BLOCK', alert: true }));
    comparer.both(seen({ outcome: 'CHALLENGE' }, { amountMinor: 50 }), seen({ outcome: 'HOLD' }));
    comparer.both(seen(), seen());
    comparer.one('here');
    comparer.one('against');
    comparer.one('against');
    const report = comparer.report(new Set(['A', 'B']), new Set(['B', 'C', 'D']));
    expect(report).toMatchObject({
      compared: 4,
      onlyHere: 1,
      onlyAgainst: 2,
      changed: { outcome: 3, alert: 2, riskScore: 1 },
      alerts: { new: 1, lost: 1 },
      customers: { newlyDisturbed: 1, noLongerDisturbed: 2 },
      money: {
        fraudNewlyStoppedMinor: { CNY: 900 },
        fraudNewlyMissedMinor: {},
        genuineNewlyStoppedMinor: {},
        genuineReleasedMinor: { CNY: 400 },
      },
    });
    expect(report.transitions.all.ALLOW).toEqual({ ALLOW: 1, CHALLENGE: 0, HOLD: 1, BLOCK: 0 });
    expect(report.transitions.fraud.ALLOW.HOLD).toBe(1);
    expect(report.transitions.genuine.BLOCK.ALLOW).toBe(1);
    expect(report.transitions.genuine.HOLD.CHALLENGE).toBe(1);
    expect(Object.keys(report.samples)).toEqual(['ALLOW>HOLD', 'HOLD>CHALLENGE', 'BLOCK>ALLOW']);
  });

  it('tells new and lost hits of each rule with a bounded number of samples and the values they saw', () => {
    const comparer = createComparer(2);
    for (const id of ['T-1', 'T-2', 'T-3']) {
      comparer.both(
        seen(
          { transactionId: id, hits: [aHit('new-one', { values: { 'tx.amountMinor': 7 } }), aHit('both')] },
          { isFraud: id === 'T-1' },
        ),
        seen({ transactionId: id, hits: [aHit('both'), aHit('errs', { status: 'errored' })] }),
      );
    }
    comparer.both(
      seen({ transactionId: 'T-4' }),
      seen({ transactionId: 'T-4', hits: [aHit('gone', { mode: 'shadow' })] }),
    );
    const { rules } = comparer.report(new Set(), new Set());
    expect(rules.map(({ ruleId, newHits, newFrauds, lostHits }) => [ruleId, newHits, newFrauds, lostHits])).toEqual([
      ['new-one', 3, 1, 0],
      ['gone', 0, 0, 1],
      ['both', 0, 0, 0],
    ]);
    expect(rules[0]?.newSamples.map(({ transactionId }) => transactionId)).toEqual(['T-1', 'T-2']);
    expect(rules[0]?.newSamples[0]).toMatchObject({ isFraud: true, values: { 'tx.amountMinor': 7 }, currency: 'CNY' });
    expect(rules[1]?.lostSamples.map(({ transactionId }) => transactionId)).toEqual(['T-4']);
    expect(rules[2]).toMatchObject({ hits: 3, hitsAgainst: 3 });
  });
});

describe('figures for people', () => {
  it('show the sign of a difference, and none of what rounds to nothing', () => {
    expect([signed(3), signed(-1200), signed(0), signed(0.2)]).toEqual(['+3', '−1,200', '±0', '±0']);
  });

  it('know the digits of a currency, and count what they leave out', () => {
    expect(wholeMoney({ JPY: 5, CNY: 123_456, KWD: 2_000, USD: 50 })).toBe('CNY 1,235, JPY 5, 2 more');
    expect(wholeMoney({})).toBe('–');
  });
});
