/** The simulated bank: same seed, same bytes; every message is one that the parser takes; order and ground truth hold. */
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createTransactionParser } from '../../../src/domain/parse-transaction.ts';
import { MONETARY_TYPES, TRANSACTION_TYPES } from '../../../src/domain/transaction.ts';
import { customersFor, type SimulatedTransaction } from '../../../src/simulation/bank.ts';
import { OCCASIONS, SCENARIOS } from '../../../src/simulation/transaction-message.ts';
import { aBank, aRun, parameters, startMs } from './a-bank.ts';

const CHANNELS =
  'ONLINE_BANKING CORPORATE_ONLINE_BANKING MOBILE_BANKING WECHAT_BANKING SMS_BANKING PHONE_BANKING TV_BANKING ATM POS SELF_SERVICE COUNTER CREDIT_CARD QR_CODE THIRD_PARTY_PAYMENT DIRECT_LINK'.split(
    ' ',
  );
const digest = (items: readonly SimulatedTransaction[]): string =>
  createHash('sha256')
    .update(items.map((item) => JSON.stringify(item)).join('\n'))
    .digest('hex');
const atMs = (item: SimulatedTransaction): number => Date.parse(item.message.occurredAt);
const share = (items: readonly SimulatedTransaction[], fits: (item: SimulatedTransaction) => boolean): number =>
  items.filter(fits).length / items.length;

describe('one seed', () => {
  it('gives the same 5,000 transactions and labels, byte for byte, and another seed gives others', () => {
    const first = digest(aRun(5000, { seed: 7 }));
    expect(digest(aRun(5000, { seed: 7 }))).toBe(first);
    expect(digest(aRun(5000, { seed: 8 }))).not.toBe(first);
    expect(digest(aRun(5000, { seed: 7 + 2 ** 32 }))).not.toBe(first);
  });

  it('goes on where the first call stopped, and never gives an id twice', () => {
    const [bank, again] = [aBank({ seed: 3 }), aBank({ seed: 3 })];
    const parts = [...bank.transactions({ count: 700 }), ...bank.transactions({ count: 300 })];
    const reference = [...again.transactions({ count: 700 }), ...again.transactions({ count: 300 })];
    expect(parts).toEqual(reference);
    expect(new Set(parts.map((item) => `${item.message.channel}/${item.message.transactionId}`)).size).toBe(1000);
  });

  it('leaves what honest customers do unchanged when there is no fraud', () => {
    const behaviour = (items: readonly SimulatedTransaction[]): readonly string[] =>
      items
        .filter((item) => item.scenario === undefined && atMs(item) < startMs + 7 * 86_400_000)
        .map(({ message: { transactionId: _, original: __, ...rest } }) => JSON.stringify(rest))
        .sort();
    const quiet = { ...parameters, fraud: { ...parameters.fraud, episodesPerThousandTransactions: 0, warmUpShare: 0 } };
    const usual = { ...parameters, fraud: { ...parameters.fraud, warmUpShare: 0 } };
    const without = aRun(10_000, { parameters: quiet });
    const honest = behaviour(aRun(10_000, { parameters: usual }));
    expect(without.every((item) => item.scenario === undefined)).toBe(true);
    // the steps of coached victims before they pay are honest and there only with fraud
    const missing = new Set(behaviour(without));
    for (const line of honest) missing.delete(line);
    expect([...missing]).toEqual([]);
    expect(honest.length).toBeGreaterThan(3000);
  });

  it('makes customer number k the same person in a larger bank', () => {
    // the first two days are before the first fraud in both
    const of = (customers: number): readonly string[] =>
      aRun(customers * 4, { customers })
        .filter((item) => item.message.customerId < 'C100800' && atMs(item) < startMs + 2 * 86_400_000)
        .map(({ message }) => `${message.occurredAt} ${message.channel} ${message.type} ${message.amountMinor ?? ''}`);
    expect(of(2500)).toEqual(of(2000));
    expect(of(2000).length).toBeGreaterThan(400);
  });
});

describe('every message', () => {
  const items = aRun(20_000, { seed: 11 });

  it('is taken by the parser without a remark: 20,000 messages', () => {
    const parse = createTransactionParser({ isChannel: (code) => CHANNELS.includes(code) });
    const receivedAtMs = Date.parse('2026-01-31T00:00:00Z');
    const refused = items.flatMap(({ message }): readonly unknown[] => {
      const result = parse(Buffer.from(JSON.stringify(message)), receivedAtMs);
      if (!result.ok) return [result.error];
      return result.value.flags;
    });
    expect(refused).toEqual([]);
  });

  it('has an amount exactly when money moves', () => {
    const wrong = items.filter(
      ({ message }) =>
        (message.amountMinor !== undefined && message.amountMinor > 0) !== MONETARY_TYPES.has(message.type),
    );
    expect(wrong).toEqual([]);
  });

  it('uses only addresses that nobody owns in public', () => {
    const ips = new Set(items.flatMap(({ message }) => (message.device === undefined ? [] : [message.device.ip])));
    const isReserved = (ip: string): boolean =>
      /^(10\.|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|192\.0\.2\.|198\.51\.100\.|203\.0\.113\.|2001:db8:)/.test(ip);
    expect([...ips].filter((ip) => !isReserved(ip))).toEqual([]);
    expect(ips.size).toBeGreaterThan(2000);
  });

  it('names the purchase that a refund or reversal takes back, and comes after it', () => {
    const position = new Map(items.map(({ message }, index) => [`${message.channel}/${message.transactionId}`, index]));
    const returns = items.flatMap(({ message }, index) =>
      message.original === undefined ? [] : [{ message, index, of: message.original }],
    );
    expect(returns.length).toBeGreaterThan(50);
    for (const { message, index, of } of returns) {
      const purchase = position.get(`${of.channel}/${of.transactionId}`) ?? Number.POSITIVE_INFINITY;
      expect(purchase).toBeLessThan(index);
      expect(items[purchase]?.message.customerId).toBe(message.customerId);
      expect(items[purchase]?.message.amountMinor).toBeGreaterThanOrEqual(message.amountMinor ?? Number.NaN);
    }
    const types = new Set(returns.map(({ message }) => message.type));
    expect([...types].sort()).toEqual(['REFUND', 'REVERSAL']);
  });

  it('never lets a customer who cannot hear use the telephone', () => {
    const deaf = items.filter(({ message }) => message.accessibility?.includes('HEARING'));
    const honest = deaf.filter((item) => item.scenario === undefined);
    expect(honest.length).toBeGreaterThan(100);
    expect(honest.filter(({ message }) => message.channel === 'PHONE_BANKING')).toEqual([]);
    expect(items.some(({ message }) => message.accessibility?.includes('SIGHT'))).toBe(true);
  });

  it('opens the counter from nine to five', () => {
    const hours = items
      .filter(({ message }) => message.channel === 'COUNTER')
      .map((item) => new Date(atMs(item) + 8 * 3_600_000).getUTCHours());
    expect(Math.min(...hours)).toBeGreaterThanOrEqual(9);
    expect(Math.max(...hours)).toBeLessThanOrEqual(17);
  });
});

describe('the order of arrival', () => {
  const items = aRun(20_000, { seed: 5 }).filter((item) => atMs(item) >= startMs);

  it('is that of the events but for a small share that comes late, by less than a day', () => {
    let newest = 0;
    const late: number[] = [];
    for (const item of items) {
      if (atMs(item) < newest) late.push(newest - atMs(item));
      newest = Math.max(newest, atMs(item));
    }
    expect(late.length / items.length).toBeGreaterThan(0.003);
    expect(late.length / items.length).toBeLessThan(0.03);
    expect(Math.max(...late)).toBeLessThan(parameters.lateness.offlineMaxHours * 3_600_000);
  });

  it('spreads 20,000 transactions of 2,000 customers over the declared 20 days, within 15 %', () => {
    const days = (Math.max(...items.map(atMs)) - startMs) / 86_400_000;
    expect(days).toBeGreaterThan(17);
    expect(days).toBeLessThan(23);
  });

  it('begins with the last uses of accounts that sleep since more than half a year', () => {
    const old = aRun(500, { seed: 5 }).filter((item) => atMs(item) < startMs);
    expect(old.length).toBeGreaterThan(40);
    expect(Math.max(...old.map(atMs))).toBeLessThan(startMs - 180 * 86_400_000);
    expect(old.map(atMs)).toEqual(old.map(atMs).sort((a, b) => a - b));
  });
});

describe('the mix', () => {
  const items = aRun(40_000, { seed: 2, customers: 2500 });

  it('has all channels and all types', () => {
    expect(new Set(items.map(({ message }) => message.channel))).toEqual(new Set(CHANNELS));
    expect(new Set(items.map(({ message }) => message.type))).toEqual(new Set(TRANSACTION_TYPES));
  });

  it.each([
    ['MOBILE_BANKING', 0.15, 0.32],
    ['THIRD_PARTY_PAYMENT', 0.1, 0.25],
    ['QR_CODE', 0.08, 0.2],
    ['POS', 0.03, 0.1],
    ['CREDIT_CARD', 0.02, 0.08],
    ['ATM', 0.02, 0.06],
    ['COUNTER', 0.007, 0.03],
    ['TV_BANKING', 0.001, 0.01],
  ])('gives %s a share between %d and %d', (channel, low, high) => {
    const found = share(items, ({ message }) => message.channel === channel);
    expect(found).toBeGreaterThan(low);
    expect(found).toBeLessThan(high);
  });

  it('is mostly in yuan, with some foreign money', () => {
    const money = items.filter(({ message }) => message.currency !== undefined);
    const foreign = share(money, ({ message }) => message.currency !== 'CNY');
    expect(foreign).toBeGreaterThan(0.002);
    expect(foreign).toBeLessThan(0.05);
  });

  it('has honest occasions of every kind', () => {
    const seen = new Set(items.map((item) => item.occasion));
    expect(OCCASIONS.filter((name) => !seen.has(name))).toEqual([]);
  });
});

describe('the ground truth', () => {
  const seeds = [1, 4, 7];
  const runs = seeds.map((seed) => aRun(20_000, { seed }));

  it.each(SCENARIOS)('holds %s several times in 20,000 transactions', (scenario) => {
    for (const items of runs) {
      const reports = new Set(
        items.filter((item) => item.scenario === scenario).map((item) => item.label?.labelledAtMs),
      );
      expect(reports.size).toBeGreaterThanOrEqual(3);
    }
  });

  it('labels 0.5 to 1.2 % as FRAUD, only after the warm-up, always with a scenario and never before the event', () => {
    for (const items of runs) {
      const frauds = items.filter((item) => item.label?.label === 'FRAUD');
      expect(frauds.length / items.length).toBeGreaterThan(0.005);
      expect(frauds.length / items.length).toBeLessThan(0.012);
      for (const { message, label, scenario } of frauds) {
        expect(scenario).toBeDefined();
        expect(label).toMatchObject({ transactionId: message.transactionId, channel: message.channel, scenario });
        expect(label?.labelledAtMs).toBeGreaterThanOrEqual(Date.parse(message.occurredAt));
        expect(label?.labelledAtMs).toBeLessThan(Date.parse(message.occurredAt) + 75 * 86_400_000);
      }
      const warmUpMs = 0.3 * 20 * 86_400_000;
      // a night attack may begin on the morning of the day in which the warm-up ends
      expect(Math.min(...frauds.map(atMs))).toBeGreaterThan(startMs + warmUpMs - 86_400_000);
    }
  });

  it('clears some suspicious honest transactions as GENUINE, and all the others when asked', () => {
    const items = runs[0] ?? [];
    const genuine = items.filter((item) => item.label?.label === 'GENUINE');
    expect(genuine.every((item) => item.scenario === undefined)).toBe(true);
    expect(genuine.length / items.length).toBeGreaterThan(0.01);
    expect(genuine.length / items.length).toBeLessThan(0.08);
    const all = [...aBank({ seed: 1 }).transactions({ count: 20_000, labelAll: true })];
    expect(all.every((item) => item.label !== null)).toBe(true);
    expect(all.filter((item) => item.label?.label === 'FRAUD')).toEqual(items.filter((item) => item.scenario));
  });

  it('takes the number of customers from the number of transactions, never below the minimum', () => {
    expect(customersFor(20_000, parameters)).toBe(2000);
    expect(customersFor(100_000, parameters)).toBe(5000);
    expect(() => aBank({ customers: 0 })).toThrow('the number of customers must be a whole number above 0');
  });
});
