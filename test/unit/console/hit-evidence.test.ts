import { describe, expect, it } from 'vitest';
import { createFormats } from '../../../src/console/src/format/formats.ts';
import { evidenceOfHit, usualInWindow } from '../../../src/console/src/narrative/hit-evidence.ts';
import { termsOf } from '../../../src/console/src/narrative/terms.ts';
import { readThresholds, thresholdsOf } from '../../../src/console/src/narrative/thresholds.ts';
import type { Decision, RuleHit } from '../../../src/domain/decision.ts';
import { createFakeBank } from '../../helpers/fake-bank.ts';
import { aHit } from '../../helpers/fake-bank-cases.ts';

const bank = createFakeBank({ alerts: 9 });
const takeOver = bank.alerts.find(({ riskScore }) => riskScore === 860);
const decision = bank.decision(takeOver?.alertId ?? '') as Decision;
const context = { formats: createFormats('en', 'Asia/Shanghai'), terms: termsOf('en'), currency: 'CNY' };

const rows = (hit: RuleHit, condition = '', features: Readonly<Record<string, number | null>> = {}) =>
  evidenceOfHit({
    hit,
    decision: { ...decision, evidence: decision.evidence === null ? null : { ...decision.evidence, features } },
    thresholds: readThresholds(condition),
    context,
  });

describe('the evidence of a hit', () => {
  it('holds a count against the threshold of its rule and against what is usual', () => {
    const hit = aHit({ values: { 'tx.type': 'TRANSFER', 'features.customer_transfer_count_10m': 7 } });
    const [row, ...others] = rows(hit, 'features.customer_transfer_count_10m >= 5', {
      customer_transfer_count_10m: 7,
      // 7 of these 295 are now; the other 288 spread evenly over the other 1,430 minutes are 2.01 per ten minutes
      customer_transfer_count_24h: 295,
    });
    expect(others).toEqual([]);
    expect(row?.name.label).toBe('Transfers');
    expect(row?.text).toBe('7');
    expect(row?.marks.map(({ kind, text }) => [kind, text])).toEqual([
      ['threshold', 'threshold ≥ 5'],
      ['usual', 'usually about 2.01'],
    ]);
    expect(row?.marks[1]?.value).toBeCloseTo(2.014, 3);
  });

  it('shows only the thresholds that were met: the others are of an alternative that did not fire', () => {
    const hit = aHit({ values: { 'tx.amountMinor': 740_000, 'profile.secondsSincePasswordChange': 50 } });
    const condition = `(tx.amountMinor >= 100000 && profile.secondsSincePasswordChange <= 7200.0
      || tx.amountMinor >= 1000000 && profile.secondsSincePasswordChange < 30.0)`;
    expect(rows(hit, condition).map(({ text, marks }) => [text, ...marks.map((mark) => mark.text)])).toEqual([
      ['¥7,400', 'threshold ≥ ¥1,000'],
      ['50 s', 'threshold ≤ 2 h'],
    ]);
  });

  it('says "usually none" instead of drawing a mark at the foot of the bar', () => {
    const hit = aHit({ values: { 'features.customer_transfer_count_10m': 3 } });
    const [row] = rows(hit, '', { customer_transfer_count_10m: 3, customer_transfer_count_24h: 3 });
    expect(row?.usual).toBe('usually none');
    expect(row?.marks).toEqual([]);
  });

  it('holds an amount against the usual, the largest and what is left of a limit', () => {
    const hit = aHit({
      values: {
        'tx.amountMinor': 4_990_000,
        'profile.typicalAmountMinor': 18_600,
        'profile.maxAmountMinor': 860_000,
        'limits.mobile-day': 2_020_000,
      },
    });
    const found = rows(hit);
    expect(found.map(({ path }) => path)).toEqual(['tx.amountMinor']);
    expect(found[0]?.marks.map(({ text }) => text)).toEqual([
      'Usual amount ¥186',
      'Largest amount so far ¥8,600',
      'Left of limit mobile-day ¥20,200',
    ]);
  });

  it('shows a reference as a value of its own when there is nothing to hold against it', () => {
    const found = rows(aHit({ values: { 'profile.typicalAmountMinor': 18_600, 'profile.payeeKnown': false } }));
    expect(found.map(({ name, text }) => `${name.label}: ${text}`)).toEqual(['Usual amount: ¥186', 'Payee known: no']);
  });

  it('says for how long a device is known, and not beside it that it is', () => {
    const found = rows(
      aHit({ values: { 'profile.deviceKnown': true, 'profile.deviceAgeSeconds': 600, 'profile.payeeKnown': true } }),
    );
    expect(found.map(({ name, text }) => [name.label, text])).toEqual([
      ['Device known for', '10 min'],
      ['Payee known', 'yes'],
    ]);
    const never = rows(aHit({ values: { 'profile.deviceKnown': false, 'profile.deviceAgeSeconds': null } }));
    expect(never.map(({ text }) => text)).toEqual(['no']);
  });

  it('writes codes in words, and those of the bank as they stand', () => {
    const found = rows(aHit({ values: { 'tx.customerSegment': 'SMALL_BUSINESS', 'tx.productCode': 'SALARY' } }));
    expect(found.map(({ text }) => text)).toEqual(['Small business', 'SALARY']);
  });

  it('writes units: spans, shares, distances, absent values', () => {
    const hit = aHit({
      values: {
        'profile.secondsSinceDeviceBind': 660,
        'profile.hourShare': 0.004,
        'profile.speedKmh': 4_912.5,
        'features.counterparty_fraud_rate_30d': 0.25,
        'tx.location.country': null,
      },
    });
    expect(rows(hit).map(({ text }) => text)).toEqual(['11 min', '0.4%', '4,913 km/h', '25%', 'not known']);
  });
});

describe('what is usual in a window', () => {
  it('comes from the longest window of the same thing', () => {
    const features = { a_count_1h: 4, a_count_24h: 10, a_count_7d: 171, b_count_30d: 9_000 };
    // (171 − 4) / 167 h = 1 per hour
    expect(usualInWindow('a_count_1h', features)).toBeCloseTo(1, 10);
  });

  it('is not known without a longer window, and of an average never', () => {
    expect(usualInWindow('a_count_7d', { a_count_7d: 4, a_count_1h: 1 })).toBeUndefined();
    expect(usualInWindow('a_avg_1h', { a_avg_1h: 4, a_avg_7d: 4 })).toBeUndefined();
    expect(usualInWindow('a_count_1h', { a_count_1h: null, a_count_7d: 4 })).toBeUndefined();
  });
});

describe('thresholds', () => {
  it('are the plain comparisons with a number', () => {
    const condition = `
      tx.type in ["TRANSFER"] && tx.amountMinor >= 500000
      && has(profile.amountZ) && profile.amountZ >= 4.0 && profile.hourShare < 0.01
      && features.customer_out_count_1h > 2 && features.customer_out_count_1h <= 9`;
    expect(Object.fromEntries(readThresholds(condition))).toEqual({
      'tx.amountMinor': [{ comparison: '>=', value: 500_000 }],
      'profile.amountZ': [{ comparison: '>=', value: 4 }],
      'profile.hourShare': [{ comparison: '<', value: 0.01 }],
      'features.customer_out_count_1h': [
        { comparison: '>', value: 2 },
        { comparison: '<=', value: 9 },
      ],
    });
  });

  it.each([
    'tx.amountMinor >= 3 * profile.maxAmountMinor',
    '2 * tx.amountMinor >= 5000',
    'features.a_sum_1h - features.b_sum_1h >= 5000',
    'features.a_sum_1h - 7 >= 5000',
    'tx.attributes.note == "tx.amountMinor >= 5"',
    'tx.amountMinor == 5',
  ])('are not read from %s', (condition) => {
    expect([...readThresholds(condition)]).toEqual([]);
  });

  it('are of this decision only when the versions that decided are in force', () => {
    const rules = [{ ruleId: 'r1', when: 'tx.amountMinor > 5' }, { ruleId: 'r2' }, null];
    expect([...thresholdsOf({ rules, redecided: { status: 'same' } }).keys()]).toEqual(['r1']);
    expect(thresholdsOf({ rules, redecided: { status: 'version-missing' } }).size).toBe(0);
    expect(thresholdsOf({ rules }).size).toBe(0);
    expect(thresholdsOf(undefined).size).toBe(0);
  });
});
