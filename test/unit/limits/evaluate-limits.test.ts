import { describe, expect, it } from 'vitest';
import type { LimitUsage } from '../../../src/domain/facts.ts';
import { createMemoryLimitUsageStore } from '../../../src/rules/limits/adapters/memory-limit-usage-store.ts';
import { createChunkLedger } from '../../../src/rules/limits/chunk-ledger.ts';
import { assessLimits, evaluateLimits } from '../../../src/rules/limits/evaluate-limits.ts';
import { limitCounters, limitRecord } from '../../../src/rules/limits/limit-counters.ts';
import type { LimitSet } from '../../../src/rules/limits/limit-set.ts';
import { aLimit, limitSet } from '../../helpers/a-limit.ts';
import { aTransaction } from '../../helpers/a-transaction.ts';

const tx = (overrides: Record<string, unknown> = {}) => aTransaction(overrides).transaction;
const EMPTY: LimitUsage = new Map();

/** The same usage for every counter that the transaction reads. */
function usageOf(set: LimitSet, overrides: Record<string, unknown>, amountMinor: number, count = 1): LimitUsage {
  return new Map(limitCounters(set, tx(overrides)).map(({ key }) => [key, { amountMinor, count }]));
}

const evaluate = (set: LimitSet, overrides: Record<string, unknown>, usedMinor = 0, count = 1) =>
  evaluateLimits(set, tx(overrides), usageOf(set, overrides, usedMinor, count));
const exceeded = (set: LimitSet, overrides: Record<string, unknown>, usedMinor = 0, count = 1) =>
  evaluate(set, overrides, usedMinor, count)
    .filter((hit) => hit.exceeded)
    .map((hit) => hit.limitId);

describe('evaluating limits', () => {
  const day = limitSet([aLimit({ max: '100000' })]);

  it('allows exactly the limit and not one minor unit above it', () => {
    expect(evaluate(day, { amountMinor: 40_000 }, 60_000)).toEqual([
      {
        limitId: 'day_amount',
        period: 'day',
        measure: 'amount',
        usedBefore: 60_000,
        requested: 40_000,
        max: 100_000,
        headroom: 40_000,
        exceeded: false,
        outcome: 'BLOCK',
        reason: 'LIMIT_TEST',
        binding: true,
      },
    ]);
    expect(exceeded(day, { amountMinor: 40_001 }, 60_000)).toEqual(['day_amount']);
    expect(exceeded(day, { amountMinor: 1 }, 100_000)).toEqual(['day_amount']);
  });

  it('never reports a head-room below 0', () => {
    expect(evaluate(day, { amountMinor: 5 }, 250_000)[0]).toMatchObject({ headroom: 0, exceeded: true });
  });

  it('takes a limit of 0 as a limit', () => {
    const none = limitSet([aLimit({ max: '0' }), aLimit({ id: 'no_count', measure: 'count', max: '0' })]);
    expect(exceeded(none, { amountMinor: 1 }, 0, 0)).toEqual(['day_amount', 'no_count']);
    expect(exceeded(none, { amountMinor: 0 }, 0, 0)).toEqual(['no_count']);
  });

  it('compares exactly at the largest amounts', () => {
    const max = Number.MAX_SAFE_INTEGER;
    const set = limitSet([aLimit({ max: String(max) })]);
    expect(exceeded(set, { amountMinor: max }, 0)).toEqual([]);
    expect(exceeded(set, { amountMinor: max }, 1)).toEqual(['day_amount']);
    expect(exceeded(set, { amountMinor: 1 }, max)).toEqual(['day_amount']);
  });

  it('counts transactions for a limit on their number', () => {
    const set = limitSet([aLimit({ id: 'five_a_day', measure: 'count', max: '5' })]);
    expect(exceeded(set, {}, 0, 4)).toEqual([]);
    expect(exceeded(set, {}, 0, 5)).toEqual(['five_a_day']);
  });

  it('needs no usage for a limit per transaction', () => {
    const set = limitSet([aLimit({ id: 'one', period: 'transaction', max: '500' })]);
    expect(limitCounters(set, tx())).toEqual([]);
    expect(evaluateLimits(set, tx({ amountMinor: 500 }), EMPTY)[0]).toMatchObject({ exceeded: false, usedBefore: 0 });
    expect(evaluateLimits(set, tx({ amountMinor: 501 }), EMPTY)[0]).toMatchObject({ exceeded: true });
  });

  it('lets the strictest of several limits come first and marks the one that binds', () => {
    const set = limitSet([
      aLimit({ id: 'day_challenge', max: '50000', outcome: 'CHALLENGE' }),
      aLimit({ id: 'day_block', max: '80000' }),
      aLimit({ id: 'year_hold', period: 'year', max: '60000', outcome: 'HOLD' }),
      aLimit({ id: 'day_wide', max: '900000' }),
    ]);
    const ids = (amountMinor: number) =>
      evaluate(set, { amountMinor }).map((hit) => `${hit.limitId}${hit.binding ? '*' : ''}`);
    expect(ids(90_000)).toEqual(['day_block*', 'year_hold', 'day_challenge']);
    expect(ids(70_000)).toEqual(['year_hold*', 'day_challenge']);
    expect(ids(50_001)).toEqual(['day_challenge*']);
    expect(ids(50_000)).toEqual(['day_challenge*']);
    expect(ids(1)).toEqual(['day_challenge*']);
  });

  it('reminds without asking for an outcome', () => {
    const set = limitSet([
      aLimit({ kind: 'reminder', outcome: '', max: '30000' }),
      aLimit({ id: 'day_block', max: '90000' }),
    ]);
    expect(evaluate(set, { amountMinor: 30_000 }).map((hit) => hit.limitId)).toEqual(['day_block']);
    expect(evaluate(set, { amountMinor: 30_001 })).toMatchObject([
      { limitId: 'day_amount', reminder: true, outcome: 'ALLOW', exceeded: true },
      { limitId: 'day_block', binding: true, exceeded: false },
    ]);
  });

  it('says how long a HOLD lasts and what is asked for by law', () => {
    const set = limitSet([aLimit({ outcome: 'HOLD', holdHours: '24', byLaw: 'true' })]);
    expect(evaluate(set, { amountMinor: 1 })[0]).toMatchObject({ holdMs: 86_400_000, byLaw: true });
  });

  it('marks a counter that could not be read instead of taking it for unused', () => {
    const [hit] = evaluateLimits(day, tx({ amountMinor: 1 }), EMPTY);
    expect(hit).toMatchObject({ unread: true, exceeded: false });
    expect(evaluateLimits(day, tx({ amountMinor: 100_001 }), EMPTY)[0]).toMatchObject({ unread: true, exceeded: true });
    expect(assessLimits(day, tx(), EMPTY).headroom.size).toBe(0);
  });

  it('gives the head-room of each limit for the rules', () => {
    const set = limitSet([
      aLimit(),
      aLimit({ id: 'ten_a_day', measure: 'count', max: '10' }),
      aLimit({ id: 'atm_only', scope: '{ channels: [ATM] }' }),
    ]);
    const { headroom } = assessLimits(set, tx(), usageOf(set, {}, 30_000, 4));
    expect([...headroom]).toEqual([
      ['day_amount', 70_000],
      ['ten_a_day', 6],
    ]);
  });

  it('has nothing to say about a log-in, a refund or a deposit', () => {
    for (const type of ['LOGIN', 'REFUND', 'REVERSAL', 'DEPOSIT']) {
      expect(evaluateLimits(day, tx({ type }), EMPTY), type).toEqual([]);
      expect(limitRecord(day, tx({ type })), type).toBeUndefined();
    }
  });
});

describe('days of the bank', () => {
  const set = limitSet([aLimit()]);
  const keyAt = (occurredAt: string) => limitCounters(set, tx({ occurredAt }))[0]?.key;

  it('makes 23:30 and 00:30 two days, by the bank’s clock and not by UTC', () => {
    expect(keyAt('2026-11-20T23:30:00+08:00')).not.toBe(keyAt('2026-11-21T00:30:00+08:00'));
    expect(keyAt('2026-11-21T00:30:00+08:00')).toBe(keyAt('2026-11-21T23:30:00+08:00'));
    expect(keyAt('2026-11-20T15:59:59.999Z')).not.toBe(keyAt('2026-11-20T16:00:00Z'));
  });

  it('keeps the day of 25 hours one day where clocks change', () => {
    const berlin = limitSet([aLimit()], `${limitSettings('Europe/Berlin')}`);
    const [early] = limitCounters(berlin, tx({ occurredAt: '2026-10-25T00:30:00+02:00' }));
    const [late] = limitCounters(berlin, tx({ occurredAt: '2026-10-25T23:30:00+01:00' }));
    expect(early?.key).toBe(late?.key);
    expect((early?.periodEndMs ?? 0) - (early?.periodStartMs ?? 0)).toBe(25 * 3_600_000);
  });
});

const limitSettings = (zone: string) =>
  `settings:\n  zone: ${zone}\n  currency: CNY\n  home: { banks: [JXB], country: CN }\n  authenticationClasses: []\n`;

describe('scopes', () => {
  const applies = (scope: string, overrides: Record<string, unknown>) =>
    exceeded(limitSet([aLimit({ max: '0', scope })]), { amountMinor: 1, ...overrides }).length === 1;
  const payee = (counterparty: Record<string, unknown>, more: Record<string, unknown> = {}) => ({
    counterparty,
    ...more,
  });

  it('matches channels and their groups', () => {
    expect(applies('{ channels: [REMOTE] }', { channel: 'MOBILE_BANKING' })).toBe(true);
    expect(applies('{ channels: [REMOTE] }', { channel: 'ATM' })).toBe(false);
    expect(applies('{ channels: [ATM, REMOTE] }', { channel: 'ATM' })).toBe(true);
  });

  it('matches segments and products, and those who name none only when it says so', () => {
    expect(applies('{ segments: [PERSON] }', { customerSegment: 'STUDENT' })).toBe(true);
    expect(applies('{ segments: [PERSON] }', { customerSegment: 'CORPORATE' })).toBe(false);
    expect(applies('{ segments: [PERSON] }', { customerSegment: null })).toBe(false);
    expect(applies('{ segments: [PERSON, absent] }', { customerSegment: null })).toBe(true);
    expect(applies('{ products: [P01] }', { productCode: 'P01' })).toBe(true);
    expect(applies('{ products: [P01] }', {})).toBe(false);
  });

  it('takes the strongest class of authentication that fits', () => {
    const weak = '{ authentication: [TWO_FACTOR, SINGLE_FACTOR, NONE] }';
    expect(applies(weak, { authentication: ['PASSWORD', 'CERTIFICATE'] })).toBe(false);
    expect(applies(weak, { authentication: ['PASSWORD', 'SMS_OTP'] })).toBe(true);
    expect(applies('{ authentication: [TWO_FACTOR] }', { authentication: ['SMS_OTP', 'SMS_OTP'] })).toBe(false);
    expect(applies('{ authentication: [SINGLE_FACTOR] }', { authentication: ['SMS_OTP'] })).toBe(true);
    expect(applies('{ authentication: [NONE] }', { authentication: [] })).toBe(true);
    expect(applies('{ authentication: [NONE] }', { authentication: ['SOMETHING_NEW'] })).toBe(true);
  });

  it.each([
    ['own_same_bank', payee({ accountId: 'A9', bankCode: 'JXB' }, { attributes: { ownAccount: true } })],
    ['own_same_bank', payee({ accountId: 'A1001-1' })],
    ['own_other_bank', payee({ accountId: 'A9', bankCode: 'ICBC' }, { attributes: { ownAccount: true } })],
    ['own_other_bank', payee({ accountId: 'A9' }, { attributes: { ownAccount: true } })],
    ['same_bank', payee({ accountId: 'A9', bankCode: 'JXB', country: 'CN' })],
    ['same_bank', payee({ accountId: 'A9', bankCode: 'JXB' }, { attributes: { ownAccount: 'true' } })],
    ['other_bank', payee({ accountId: 'A9', bankCode: 'ICBC' })],
    ['foreign', payee({ accountId: 'A9', bankCode: 'DEUT', country: 'DE' })],
    ['unknown', payee({ accountId: 'A9' })],
    ['merchant', payee({}, { merchant: { id: 'M1' } })],
    ['none', { counterparty: null }],
  ])('tells a counterparty of kind %s', (kind, overrides) => {
    const all = [
      'own_same_bank',
      'own_other_bank',
      'same_bank',
      'other_bank',
      'foreign',
      'merchant',
      'unknown',
      'none',
    ];
    const matching = all.filter((candidate) => applies(`{ counterparty: [${candidate}] }`, overrides));
    expect(matching).toEqual([kind]);
  });

  it('finds an account that has not been used since its opening six months ago, to the day', () => {
    const scope = '{ unusedSinceOpeningMonths: 6 }';
    const at = (occurredAt: string, accountOpenedOn: unknown, accountUsed: unknown = false) =>
      applies(scope, { occurredAt, attributes: { accountOpenedOn, accountUsed } });
    expect(at('2026-11-20T00:00:00+08:00', '2026-05-20')).toBe(true);
    expect(at('2026-11-19T23:59:59+08:00', '2026-05-20')).toBe(false);
    expect(at('2024-02-29T00:00:00+08:00', '2023-08-31')).toBe(true);
    expect(at('2024-02-28T23:59:59+08:00', '2023-08-31')).toBe(false);
    expect(at('2026-11-20T00:00:00+08:00', '2020-01-01', true)).toBe(false);
    expect(at('2026-11-20T00:00:00+08:00', '2020-02-30')).toBe(false);
    expect(applies(scope, { attributes: { accountOpenedOn: '2020-01-01' } })).toBe(false);
  });

  it('counts across a condition and is held only against what fulfils it', () => {
    const set = limitSet([
      aLimit({
        max: '5000',
        scope: '{ authentication: [TWO_FACTOR, SINGLE_FACTOR, NONE] }',
        countsAcross: '[authentication]',
      }),
    ]);
    const strong = { authentication: ['CERTIFICATE'], amountMinor: 4_000 };
    expect(limitCounters(set, tx(strong))[0]?.key).toBe(limitCounters(set, tx())[0]?.key);
    expect(evaluate(set, strong, 90_000)).toEqual([]);
    expect(exceeded(set, { amountMinor: 1_000 }, 4_000)).toEqual([]);
    expect(exceeded(set, { amountMinor: 1_001 }, 4_000)).toEqual(['day_amount']);
  });

  it('limits a card only where a card is used', () => {
    const set = limitSet([aLimit({ per: 'card' })]);
    expect(evaluate(set, { cardToken: null })).toEqual([]);
    expect(limitCounters(set, tx({ cardToken: 'tok_1' }))[0]?.owner).toEqual({ kind: 'card', id: 'tok_1' });
  });
});

describe('other currencies', () => {
  const set = limitSet([aLimit({ max: '71000' })]);

  it('are converted by the rate and the digits of both currencies, rounded up', () => {
    // 100.00 USD · 7.1 = 710.00 CNY; 1 yen · 0.0481 = 4.81 fen, so 5; 1 fils of Kuwait · 23 / 10 = 2.3 fen, so 3
    expect(evaluate(set, { amountMinor: 10_000, currency: 'USD' })[0]).toMatchObject({
      requested: 71_000,
      exceeded: false,
    });
    expect(evaluate(set, { amountMinor: 10_001, currency: 'USD' })[0]).toMatchObject({
      requested: 71_008,
      exceeded: true,
    });
    expect(evaluate(set, { amountMinor: 1, currency: 'JPY' })[0]).toMatchObject({ requested: 5 });
    expect(evaluate(set, { amountMinor: 1, currency: 'KWD' })[0]).toMatchObject({ requested: 3 });
  });

  it('are counted as unread without a rate, and still counted by number', () => {
    const both = limitSet([aLimit(), aLimit({ id: 'two_a_day', measure: 'count', max: '2' })]);
    expect(evaluate(both, { amountMinor: 1, currency: 'EUR' }, 0, 2)).toMatchObject([
      { limitId: 'two_a_day', exceeded: true, binding: true },
      { limitId: 'day_amount', unread: true, exceeded: false },
    ]);
  });
});

describe('usage counters', () => {
  it('are shared by limits that count the same, and changed by a changed scope only', () => {
    const counterId = (more: Record<string, string>) => limitSet([aLimit(more)]).limits[0]?.counterId;
    expect(counterId({ max: '5' })).toBe(counterId({ max: '7', measure: 'count', outcome: 'HOLD' }));
    expect(counterId({ scope: '{ channels: [ATM, POS] }' })).toBe(counterId({ scope: '{ channels: [POS, ATM] }' }));
    expect(counterId({ scope: '{ channels: [ATM] }' })).not.toBe(counterId({}));
    expect(counterId({ per: 'account' })).not.toBe(counterId({}));
    expect(counterId({ scope: '{ segments: [RETAIL] }' })).not.toBe(
      counterId({ scope: '{ segments: [RETAIL, absent] }' }),
    );
    const set = limitSet([
      aLimit(),
      aLimit({ id: 'count', measure: 'count' }),
      aLimit({ id: 'month', period: 'month' }),
    ]);
    expect(limitCounters(set, tx())).toHaveLength(2);
  });

  it('name the original of a reversal, a refund and a correction', () => {
    const set = limitSet([aLimit(), aLimit({ id: 'per_account', per: 'account' })]);
    const original = { transactionId: 'T-0', stan: '1', rrn: '2' };
    expect(limitRecord(set, tx({ type: 'REVERSAL', original, amountMinor: 7 }))).toEqual({
      channel: 'MOBILE_BANKING',
      transactionId: 'T-1',
      occurredAtMs: 1_795_140_900_123,
      owners: [
        { kind: 'customer', id: 'C1001' },
        { kind: 'account', id: 'A1001-1' },
      ],
      counters: [],
      givesBack: {
        kind: 'reversal',
        amountMinor: 7,
        channel: 'MOBILE_BANKING',
        transactionId: 'T-0',
        stan: '1',
        rrn: '2',
      },
    });
    expect(
      limitRecord(set, tx({ type: 'REFUND', original: { transactionId: 'T-0', channel: 'POS' } }))?.givesBack,
    ).toMatchObject({ kind: 'refund', channel: 'POS' });
    const correction = limitRecord(set, tx({ original }));
    expect(correction?.givesBack?.kind).toBe('correction');
    expect(correction?.counters).toHaveLength(2);
    expect(limitRecord(set, tx({ attributes: { stan: '9', rrn: '8' } }))?.references).toEqual({ stan: '9', rrn: '8' });
  });
});

describe('from reservation to release', () => {
  const set = limitSet([aLimit({ max: '100000' })]);
  const store = () => createMemoryLimitUsageStore({ clock: { now: () => 0 } });

  /** Decides in chunks as the pipeline does: everything that exceeds is blocked and released. */
  async function decide(chunks: readonly (readonly Record<string, unknown>[])[]): Promise<readonly string[]> {
    const usage = store();
    const outcomes: string[] = [];
    for (const chunk of chunks) {
      const records = chunk
        .map((overrides) => limitRecord(set, tx(overrides)))
        .filter((record) => record !== undefined);
      const readings = await usage.recordAndRead(records);
      const ledger = createChunkLedger();
      const blocked = [];
      for (const [index, overrides] of chunk.entries()) {
        const [record, reading] = [records[index], readings[index]];
        if (record === undefined || reading === undefined) throw new Error('no reading');
        const isBlocked = evaluateLimits(set, tx(overrides), ledger.usage(reading)).some((hit) => hit.exceeded);
        outcomes.push(isBlocked ? 'BLOCK' : 'ALLOW');
        if (!isBlocked) continue;
        ledger.blocked(record, reading);
        blocked.push(record);
      }
      await usage.release(blocked);
    }
    return outcomes;
  }

  const pay = (transactionId: string, amountMinor: number) => ({ transactionId, amountMinor });
  const stream = [pay('T1', 60_000), pay('T2', 90_000), pay('T3', 40_000), pay('T4', 1), pay('T5', 50_000)];
  const expected = ['ALLOW', 'BLOCK', 'ALLOW', 'BLOCK', 'BLOCK'];

  it('lets a blocked attempt use nothing up', async () => {
    expect(await decide(stream.map((overrides) => [overrides]))).toEqual(expected);
  });

  it('decides the same however the stream is cut into chunks', async () => {
    expect(await decide([stream])).toEqual(expected);
    expect(await decide([stream.slice(0, 2), stream.slice(2)])).toEqual(expected);
    expect(await decide([stream.slice(0, 3), stream.slice(3)])).toEqual(expected);
  });
});
