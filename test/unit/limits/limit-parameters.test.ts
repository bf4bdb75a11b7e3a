import { describe, expect, it } from 'vitest';
import { evaluateLimits } from '../../../src/rules/limits/evaluate-limits.ts';
import { explainLimit, type LimitParties, limitValue } from '../../../src/rules/limits/limit-parameters.ts';
import { aLimit, limitSet } from '../../helpers/a-limit.ts';
import { aTransaction } from '../../helpers/a-transaction.ts';

const T = Date.UTC(2026, 10, 20);
const OVERRIDES = `
      - { channel: ATM, max: 20 }
      - { branch: B01, max: 30 }
      - { product: P01, max: 40 }
      - { channel: ATM, branch: B01, product: P01, max: 45 }
      - { customer: C1, max: 50, reason: "asked for it", person: "teller 7", expires: "2026-11-21T00:00:00Z" }
      - { customer: C1, channel: ATM, max: 0, reason: "lost card", person: "teller 7" }`;
const [limit] = limitSet([aLimit({ max: '10', overrides: OVERRIDES })]).limits;
if (limit === undefined) throw new Error('the limit of this test is missing');

const parties = (more: Partial<LimitParties> = {}): LimitParties => ({ channel: 'POS', customer: 'C9', ...more });
const value = (more: Partial<LimitParties>, atMs = T) => limitValue(limit, parties(more), atMs);

describe('which value of a limit is in force', () => {
  it('goes from the bank over channel, institution and product to the customer', () => {
    expect(value({})).toBe(10);
    expect(value({ channel: 'ATM' })).toBe(20);
    expect(value({ channel: 'ATM', branch: 'B01' })).toBe(30);
    expect(value({ channel: 'ATM', branch: 'B02', product: 'P01' })).toBe(40);
    expect(value({ channel: 'ATM', branch: 'B01', product: 'P01' })).toBe(45);
    expect(value({ channel: 'POS', branch: 'B01', product: 'P01', customer: 'C1' })).toBe(50);
  });

  it('takes the most specific one also when it is lower, and 0 for a value', () => {
    expect(value({ channel: 'ATM', customer: 'C1' })).toBe(0);
  });

  it('falls back to the next one when an override has expired', () => {
    const end = Date.UTC(2026, 10, 21);
    expect(value({ product: 'P01', customer: 'C1' }, end - 1)).toBe(50);
    expect(value({ product: 'P01', customer: 'C1' }, end)).toBe(40);
  });

  it('explains every value that the limit has and what became of it', () => {
    const explained = explainLimit(
      limit,
      parties({ branch: 'B01', product: 'P01', customer: 'C1' }),
      Date.UTC(2026, 10, 22),
    );
    expect(explained.max).toBe(40);
    expect(explained.level).toBe('product');
    expect(explained.candidates.map(({ level, max, verdict }) => [level, max, verdict])).toEqual([
      ['customer+channel', 0, 'other parties'],
      ['customer', 50, 'expired'],
      ['product+institution+channel', 45, 'other parties'],
      ['product', 40, 'chosen'],
      ['institution', 30, 'less specific'],
      ['channel', 20, 'other parties'],
      ['bank', 10, 'less specific'],
    ]);
    expect(explainLimit(limit, parties(), T)).toMatchObject({ max: 10, level: 'bank' });
  });

  it('is the value that a transaction is held against', () => {
    const set = limitSet([aLimit({ period: 'transaction', max: '10', overrides: OVERRIDES })]);
    const { transaction } = aTransaction({ channel: 'ATM', customerId: 'C2', amountMinor: 20 });
    expect(evaluateLimits(set, transaction, new Map())[0]).toMatchObject({ max: 20, exceeded: false });
  });
});
