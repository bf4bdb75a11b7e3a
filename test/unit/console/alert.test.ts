import { describe, expect, it } from 'vitest';
import { flattenTransaction, involvedFields } from '../../../src/console/src/alert/involved-fields.ts';
import { layoutTimeline } from '../../../src/console/src/alert/timeline-layout.ts';
import {
  amountAxis,
  amountPicture,
  hourHistogram,
  noveltyFacts,
  recentSecurityEvents,
  roundTo2,
} from '../../../src/console/src/alert/usual.ts';
import { decisionOf } from '../../../src/console/src/api/explanation.ts';
import { addSample, lineOf } from '../../../src/console/src/live/trend.ts';
import type { Decision } from '../../../src/domain/decision.ts';
import type { CustomerTransaction } from '../../../src/http/api-types.ts';
import { createFakeBank } from '../../helpers/fake-bank.ts';
import { aHit, aProfile } from '../../helpers/fake-bank-cases.ts';

const bank = createFakeBank({ alerts: 9 });
const decision = bank.decision(bank.alerts.find(({ riskScore }) => riskScore === 860)?.alertId ?? '') as Decision;

const aTransaction = (overrides: Partial<CustomerTransaction>): CustomerTransaction => ({
  decisionId: 'd1',
  transactionId: 'T1',
  channel: 'ATM',
  customerId: 'C1',
  type: 'WITHDRAWAL',
  amountMinor: 10_000,
  currency: 'CNY',
  outcome: 'ALLOW',
  riskScore: 0,
  level: 'L0',
  alert: false,
  provisional: false,
  reasons: [],
  occurredAt: '2026-11-23T02:00:00Z',
  decidedAt: '2026-11-23T02:00:00Z',
  transaction: null,
  ...overrides,
});

describe('usual against now', () => {
  it('takes the spread of the amounts from the z-score', () => {
    // log(1 + 99) = 4.605, log(1 + 9,999) = 9.210: z = 2 means a deviation of 2.303; ± 1.645 deviations are 1.26 … 4,419
    const profile = aProfile({ typicalAmountMinor: 99, amountZ: 2, maxAmountMinor: 5_000 });
    expect(amountPicture(profile, 9_999)).toEqual({
      now: 9_999,
      typical: 99,
      range: { low: 1, high: 4_400 },
      max: 5_000,
    });
  });

  it('has no spread without a z-score, and no picture without a past or without money', () => {
    expect(amountPicture(aProfile({ amountZ: null }), 5_000)?.range).toBeNull();
    expect(amountPicture(aProfile({ amountZ: 0.001 }), 5_000)?.range).toBeNull();
    expect(amountPicture(aProfile({ typicalAmountMinor: null }), 5_000)).toBeNull();
    expect(amountPicture(aProfile(), null)).toBeNull();
  });

  it('puts every value on the axis, smaller ones to the left', () => {
    const picture = { now: 4_990_000, typical: 18_600, range: { low: 2_500, high: 140_000 }, max: 860_000 };
    const at = amountAxis(picture);
    const places = [2_500, 18_600, 140_000, 860_000, 4_990_000].map(at);
    expect([...places].sort((a, b) => a - b)).toEqual(places);
    expect(Math.min(...places)).toBeGreaterThan(0);
    expect(Math.max(...places)).toBeLessThan(1);
    expect(amountAxis({ now: 0, typical: 0, range: null, max: null })(0)).toBe(0.5);
  });

  it('rounds estimates to two digits', () => {
    expect([18_642, 99, 7, 0.4, 123_456_789].map(roundTo2)).toEqual([19_000, 99, 7, 0, 120_000_000]);
  });

  it('calls nothing new that the transaction does not name', () => {
    const facts = noveltyFacts(
      aProfile({ payeeKnown: null, deviceKnown: false, placeKnown: true, deviceAgeSeconds: null }),
    );
    expect(facts.map(({ what, isKnown }) => `${what} ${isKnown}`)).toEqual([
      'device false',
      'place true',
      'country true',
      'ip false',
    ]);
  });

  it('lists security changes of the last three days, the newest first', () => {
    const profile = aProfile({
      secondsSincePasswordChange: 1_380,
      secondsSinceDeviceBind: 660,
      secondsSincePayeeAdd: null,
      secondsSinceContactChange: 4 * 86_400,
    });
    expect(recentSecurityEvents(profile).map(({ what }) => what)).toEqual(['DEVICE_BIND', 'PASSWORD_CHANGE']);
  });

  it('counts activity by hour', () => {
    expect(
      hourHistogram([0, 23, 23])
        .map((count, hour) => [hour, count])
        .filter(([, count]) => count !== 0),
    ).toEqual([
      [0, 1],
      [23, 2],
    ]);
  });
});

describe('the time-line', () => {
  const items = [
    aTransaction({
      decisionId: 'now',
      channel: 'MOBILE_BANKING',
      occurredAt: '2026-11-23T02:15:00Z',
      amountMinor: 1_000_000,
    }),
    aTransaction({ decisionId: 'minutes', occurredAt: '2026-11-23T02:05:00Z' }),
    aTransaction({ decisionId: 'days', channel: 'POS', occurredAt: '2026-11-13T02:15:00Z', amountMinor: null }),
    aTransaction({ decisionId: 'after', occurredAt: '2026-11-23T02:16:00Z', amountMinor: 10_000 }),
  ];
  const layout = layoutTimeline(items, 'now', 800);
  const dot = (id: string) => layout.dots.find(({ item }) => item.decisionId === id);

  it('has a lane for each channel and puts every dot inside', () => {
    expect(layout.channels).toEqual(['ATM', 'MOBILE_BANKING', 'POS']);
    expect(dot('now')?.lane).toBe(1);
    for (const { x } of layout.dots) expect(x >= 0 && x <= 800).toBe(true);
  });

  it('runs from left to right, and gives minutes room beside weeks', () => {
    const xs = ['days', 'minutes', 'now', 'after'].map((id) => dot(id)?.x ?? 0);
    expect([...xs].sort((a, b) => a - b)).toEqual(xs);
    const [, minutes = 0, now = 0] = xs;
    expect(now - minutes).toBeGreaterThan(100);
  });

  it('draws larger amounts larger, and this one on top with its ring', () => {
    expect(dot('now')?.radius).toBe(10);
    expect(dot('minutes')?.radius).toBeCloseTo(3.5 + 6.5 * 0.1, 10);
    expect(dot('days')?.radius).toBe(3.5);
    expect(layout.dots.at(-1)?.item.decisionId).toBe('now');
    expect(layout.dots.filter(({ isThis }) => isThis)).toHaveLength(1);
  });

  it('labels the centre, and no two ticks over each other', () => {
    expect(layout.ticks.some(({ offsetSeconds }) => offsetSeconds === 0)).toBe(true);
    const gaps = layout.ticks.slice(1).map((tick, index) => tick.x - (layout.ticks[index]?.x ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(62);
  });

  it('survives one transaction, none, and one without a time of its own', () => {
    expect(layoutTimeline([aTransaction({})], 'd1', 800).dots).toHaveLength(1);
    expect(layoutTimeline([], null, 800)).toEqual({ channels: [], dots: [], ticks: [] });
    const [only] = layoutTimeline([aTransaction({ occurredAt: null })], null, 0).dots;
    expect(Number.isFinite(only?.x)).toBe(true);
  });
});

describe('fields that took part', () => {
  it('are read directly, or stand behind a feature or the profile', () => {
    const hits = [
      aHit({ values: { 'tx.amountMinor': 5, 'profile.payeeKnown': false, 'features.device_customers_24h': 4 } }),
      aHit({ mode: 'shadow', values: { 'tx.terminalId': 'T' } }),
      aHit({ status: 'errored', values: { 'tx.branchId': null } }),
    ];
    expect([...involvedFields({ ...decision, hits })].sort()).toEqual([
      'amountMinor',
      'counterparty.accountId',
      'device.id',
    ]);
  });

  it('come with their paths, without what is empty', () => {
    const message = {
      schemaVersion: 1,
      amountMinor: '125',
      device: { id: 'D1', trusted: false },
      authentication: ['PASSWORD', 'SMS_OTP'],
      accessibility: [],
      attributes: {},
      branchId: null,
    };
    expect(flattenTransaction(message)).toEqual([
      { path: 'amountMinor', value: '125' },
      { path: 'device.id', value: 'D1' },
      { path: 'device.trusted', value: false },
      { path: 'authentication', value: 'PASSWORD, SMS_OTP' },
    ]);
  });
});

describe('an explanation', () => {
  it('holds the decision, or is it', () => {
    expect(decisionOf({ decision })).toBe(decision);
    expect(decisionOf({ ...decision })?.decisionId).toBe(decision.decisionId);
    expect(decisionOf({ decision: { outcome: 'ALLOW' } })).toBeNull();
    expect(decisionOf({})).toBeNull();
  });
});

describe('the trend of a figure', () => {
  it('keeps five minutes and drops what is not newer', () => {
    const samples = [0, 100, 299, 301].reduce<ReturnType<typeof addSample>>(
      (kept, second) => addSample(kept, { atMs: second * 1000, value: second }),
      [],
    );
    expect(samples.map(({ value }) => value)).toEqual([100, 299, 301]);
    expect(addSample(samples, { atMs: 301_000, value: 9 })).toBe(samples);
  });

  it('is as high as its peak and as long as its time', () => {
    const line = lineOf(
      [
        { atMs: 0, value: 5 },
        { atMs: 120_000, value: 10 },
      ],
      200,
      56,
    );
    expect(line).toEqual({ points: '0.0,29.0 200.0,4.0', peak: 10, seconds: 120 });
    expect(lineOf([], 200, 56).points).toBe('');
    expect(lineOf([{ atMs: 0, value: 0 }], 200, 56).points).toBe('200.0,54.0');
  });
});
