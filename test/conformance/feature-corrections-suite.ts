/** What every feature store does with money that comes back and with corrected versions; all values by hand. */
import { afterEach, describe, expect, it } from 'vitest';
import type { FeatureReading } from '../../src/domain/feature.ts';
import type { FeatureStore } from '../../src/domain/ports.ts';
import type { OriginalReference, ParsedTransaction, Transaction } from '../../src/domain/transaction.ts';
import { catalogueOf, DAY, HOUR } from '../helpers/feature-cases.ts';
import type { FeatureStoreSuite } from './feature-store-suite.ts';

const T0 = Date.UTC(2026, 10, 20, 2, 0, 0);
const MINUTE = 60_000;
const LINES = [
  'name: count, entity: [customer], aggregate: count, window: 24h',
  'name: sum, entity: [customer], aggregate: sum, of: amountMinor, window: 24h',
  'name: max, entity: [customer], aggregate: max, of: amountMinor, window: 24h',
  'name: payees, entity: [customer], aggregate: distinct, of: counterparty.accountId, window: 24h',
  'name: net_count, entity: [customer], aggregate: count, window: 24h, net: true',
  'name: net_sum, entity: [customer], aggregate: sum, of: amountMinor, window: 24h, net: true',
  'name: net_sum_1h, entity: [customer], aggregate: sum, of: amountMinor, window: 1h, net: true',
  'name: card_net_sum, entity: [card], aggregate: sum, of: amountMinor, window: 24h, net: true',
  'name: transfers_net_sum, entity: [customer], aggregate: sum, of: amountMinor, window: 24h, net: true, where: \'tx.type == "TRANSFER"\'',
  'name: fraud_rate, entity: [customer], aggregate: labelRate, window: 24h',
];
/** repeats find no slot: what a redelivery does is done by the logs */
const FORGETFUL = catalogueOf(LINES, DAY, 0);
const NAMES = FORGETFUL.features.map((feature) => feature.name);
const WITHOUT_NET = catalogueOf(
  LINES.filter((line) => !line.includes('net: true')),
  DAY,
  0,
);

let nextId = 0;
function event(overrides: Partial<Transaction> = {}): ParsedTransaction {
  const transaction: Transaction = {
    transactionId: `K-${nextId++}`,
    occurredAtMs: T0,
    channel: 'MOBILE_BANKING',
    type: 'TRANSFER',
    customerId: 'C1',
    cardToken: 'tok_1',
    amountMinor: 100,
    currency: 'CNY',
    counterparty: { accountId: 'P1' },
    authentication: [],
    accessibility: [],
    attributes: {},
    ...overrides,
  };
  return { transaction, fingerprint: `f-${transaction.transactionId}-${transaction.amountMinor}`, flags: [] };
}
const nameOf = ({ transaction }: ParsedTransaction): OriginalReference => ({
  transactionId: transaction.transactionId,
});
const reversal = (original: OriginalReference, more: Partial<Transaction> = {}): ParsedTransaction =>
  event({ type: 'REVERSAL', occurredAtMs: T0 + MINUTE, original, ...more });
const refund = (original: OriginalReference, amountMinor: number, more: Partial<Transaction> = {}): ParsedTransaction =>
  event({ type: 'REFUND', occurredAtMs: T0 + MINUTE, original, amountMinor, ...more });
const corrected = (original: OriginalReference, more: Partial<Transaction> = {}): ParsedTransaction =>
  event({ occurredAtMs: T0 + 2 * MINUTE, original, ...more });

export function featureCorrectionsSuite({ name, open }: FeatureStoreSuite): void {
  describe(name, () => {
    const opened: FeatureStore[] = [];
    afterEach(async () => {
      for (const store of opened.splice(0)) await store.close();
    });
    const fresh = async (catalogue = FORGETFUL): Promise<FeatureStore> => {
      const store = await open(catalogue);
      opened.push(store);
      return store;
    };
    const one = async (store: FeatureStore, parsed: ParsedTransaction): Promise<FeatureReading> => {
      const [reading] = await store.recordAndRead([parsed]);
      if (reading === undefined) throw new Error('no reading');
      return reading;
    };
    const values = (reading: FeatureReading | undefined, ...names: string[]) =>
      names.map((wanted) => reading?.values[NAMES.indexOf(wanted)]);
    /** A look at the windows that enters them as a login: without an amount. */
    const look = async (store: FeatureStore, occurredAtMs = T0 + 10 * MINUTE, more: Partial<Transaction> = {}) => {
      const { amountMinor: _amount, currency: _currency, counterparty: _payee, ...login } = event().transaction;
      const transaction: Transaction = {
        ...login,
        transactionId: `L-${nextId++}`,
        type: 'LOGIN',
        occurredAtMs,
        ...more,
      };
      return one(store, { transaction, fingerprint: transaction.transactionId, flags: [] });
    };

    it('a reversal takes its original out of net windows and stays in gross ones', async () => {
      const store = await fresh();
      const original = event({ amountMinor: 500 });
      await store.recordAndRead([event({ amountMinor: 40 }), original]);
      const back = await one(store, reversal(nameOf(original), { amountMinor: 500 }));
      expect(values(back, 'net_count', 'net_sum', 'count', 'sum')).toEqual([1, 40, 3, 1_040]);
      expect(back.flags).toEqual([]);
      // as of its own time too: a late look from before the reversal sees what is known now; the look is a login of its own
      const late = await look(store, T0 + 30_000);
      expect(values(late, 'net_count', 'net_sum')).toEqual([2, 40]);
    });

    it('refunds lower it by their own amounts, the count goes with the last, and never more than there is', async () => {
      const store = await fresh();
      const original = event({ amountMinor: 500 });
      await one(store, original);
      const readings = await store.recordAndRead([
        refund(nameOf(original), 200),
        refund(nameOf(original), 299),
        refund(nameOf(original), 300),
        refund(nameOf(original), 1),
      ]);
      expect(readings.map((reading) => values(reading, 'net_count', 'net_sum'))).toEqual([
        [1, 300],
        [1, 1],
        [0, 0],
        [0, 0],
      ]);
      expect(readings.flatMap(({ flags }) => flags)).toEqual([]);
    });

    it('a refund in another currency lowers nothing', async () => {
      const store = await fresh();
      const original = event({ amountMinor: 500 });
      const [, dollars] = await store.recordAndRead([original, refund(nameOf(original), 70, { currency: 'USD' })]);
      expect(values(dollars, 'net_count', 'net_sum')).toEqual([1, 500]);
      expect(dollars?.flags).toEqual([]);
    });

    it('gives back once, however often a correction and its original come', async () => {
      const store = await fresh();
      const original = event({ amountMinor: 500 });
      const other = event({ amountMinor: 30 });
      const [part, back] = [refund(nameOf(original), 200), reversal(nameOf(other), { amountMinor: 30 })];
      for (const chunk of [[original, other, part], [part], [original, back], [part, back], [other, original, part]])
        await store.recordAndRead(chunk);
      expect(values(await look(store), 'net_count', 'net_sum', 'count', 'sum')).toEqual([2, 300, 5, 760]);
    });

    it('finds the original by the rails’ references, in one chunk and later, of the same channel and customer', async () => {
      const store = await fresh();
      const rails = { stan: '004711', rrn: '630112345678' };
      const original = event({ channel: 'POS', amountMinor: 500, attributes: rails });
      const [, part] = await store.recordAndRead([original, refund(rails, 100, { channel: 'POS' })]);
      expect(values(part, 'net_sum')).toEqual([400]);
      const elsewhere = await one(store, refund({ ...rails, channel: 'POS' }, 100, { channel: 'COUNTER' }));
      expect(values(elsewhere, 'net_sum')).toEqual([300]);
      const wrongChannel = await one(store, refund(rails, 100, { channel: 'ATM' }));
      expect([values(wrongChannel, 'net_sum'), wrongChannel.flags]).toEqual([[300], ['ORIGINAL_NOT_FOUND']]);
      const stranger = await one(store, refund(rails, 100, { channel: 'POS', customerId: 'C2', cardToken: 'tok_2' }));
      expect(stranger.flags).toEqual(['ORIGINAL_NOT_FOUND']);
    });

    it('says that it knows no original, and gives nothing back: unknown, itself, or not yet there', async () => {
      const store = await fresh();
      const later = event({ amountMinor: 70 });
      const self = refund({ transactionId: 'SELF' }, 10, { transactionId: 'SELF' });
      const readings = await store.recordAndRead([
        event({ amountMinor: 500 }),
        reversal({ transactionId: 'nobody' }),
        self,
        reversal(nameOf(later)),
        corrected({ transactionId: 'nobody' }, { amountMinor: 3 }),
      ]);
      expect(readings.map(({ flags }) => flags)).toEqual([[], ...new Array(4).fill(['ORIGINAL_NOT_FOUND'])]);
      // the original of the early reversal comes after it: it counts
      const [counted] = await store.recordAndRead([later]);
      expect(values(counted, 'net_sum')).toEqual([570]);
      expect(values(await look(store), 'net_sum')).toEqual([573]);
    });

    it('a reversal of a reversal changes nothing', async () => {
      const store = await fresh();
      const original = event({ amountMinor: 500 });
      const back = reversal(nameOf(original), { amountMinor: 500 });
      const readings = await store.recordAndRead([original, back, reversal(nameOf(back), { amountMinor: 500 })]);
      expect(values(readings[2], 'net_count', 'net_sum', 'count')).toEqual([0, 0, 3]);
      expect(readings[2]?.flags).toEqual([]);
    });

    it('a corrected version replaces and never adds, in gross windows too', async () => {
      const store = await fresh();
      const original = event({ amountMinor: 900, counterparty: { accountId: 'WRONG' } });
      await store.recordAndRead([event({ amountMinor: 40 }), original]);
      const version = corrected(nameOf(original), { amountMinor: 90 });
      const reading = await one(store, version);
      const all = ['count', 'sum', 'max', 'payees', 'net_count', 'net_sum', 'transfers_net_sum', 'card_net_sum'];
      expect(values(reading, ...all)).toEqual([2, 130, 90, 1, 2, 130, 130, 130]);
      expect(reading.flags).toEqual([]);
      // both come again, long after their slots are gone
      await store.recordAndRead([original, version, original]);
      expect(values(await look(store), ...all)).toEqual([3, 130, 90, 1, 3, 130, 130, 130]);
    });

    it('replaces what is alone in its log', async () => {
      const store = await fresh();
      const original = event({ amountMinor: 900 });
      await one(store, original);
      await store.recordAndRead([corrected(nameOf(original), { amountMinor: 90, type: 'PAYMENT' }), original]);
      const reading = await look(store);
      expect(values(reading, 'count', 'sum', 'max', 'net_sum', 'transfers_net_sum')).toEqual([2, 90, 90, 90, 0]);
    });

    it('replaces the version that stands, whichever of the chain is named, also when the chain comes again', async () => {
      const store = await fresh();
      const a = event({ amountMinor: 1_000 });
      const b = corrected(nameOf(a), { amountMinor: 200 });
      const c = corrected(nameOf(b), { amountMinor: 30, occurredAtMs: T0 + 3 * MINUTE });
      const d = corrected(nameOf(a), { amountMinor: 4, occurredAtMs: T0 + 4 * MINUTE });
      const readings = await store.recordAndRead([a, b, c, d]);
      expect(readings.map((reading) => values(reading, 'count', 'sum', 'net_count', 'net_sum'))).toEqual([
        [1, 1_000, 1, 1_000],
        [1, 200, 1, 200],
        [1, 30, 1, 30],
        [1, 4, 1, 4],
      ]);
      for (const again of [b, a, c, d, b]) await one(store, again);
      expect(values(await look(store), 'count', 'sum', 'net_count', 'net_sum')).toEqual([2, 4, 2, 4]);
    });

    it('two versions that name each other leave one', async () => {
      const store = await fresh();
      const first = event({ transactionId: 'ONE', amountMinor: 10, original: { transactionId: 'TWO' } });
      const second = corrected({ transactionId: 'ONE' }, { transactionId: 'TWO', amountMinor: 20 });
      await store.recordAndRead([first, second]);
      await store.recordAndRead([first]);
      await store.recordAndRead([second]);
      expect(values(await look(store), 'count', 'sum', 'net_count', 'net_sum')).toEqual([2, 20, 2, 20]);
    });

    it('a reversal of the version that stands gives that back; one of a replaced version nothing', async () => {
      const store = await fresh();
      const a = event({ amountMinor: 1_000 });
      const b = corrected(nameOf(a), { amountMinor: 200 });
      const [, , none] = await store.recordAndRead([a, b, reversal(nameOf(a), { occurredAtMs: T0 + 3 * MINUTE })]);
      expect([values(none, 'net_sum'), none?.flags]).toEqual([[200], []]);
      expect(values(await one(store, reversal(nameOf(b), { occurredAtMs: T0 + 4 * MINUTE })), 'net_sum')).toEqual([0]);
    });

    it('what is out of a window changes it no more; what a log has dropped is unknown', async () => {
      const store = await fresh();
      const original = event({ amountMinor: 500 });
      await store.recordAndRead([original, ...Array.from({ length: 20 }, () => event({ amountMinor: 1 }))]);
      const back = await one(store, reversal(nameOf(original), { occurredAtMs: T0 + 2 * HOUR }));
      expect(values(back, 'net_sum_1h', 'net_sum')).toEqual([0, 20]);
      for (let index = 1; index <= 64; index++)
        await one(store, event({ occurredAtMs: T0 + 5 * DAY + index, amountMinor: 1 }));
      const old = await one(store, reversal(nameOf(original), { occurredAtMs: T0 + 5 * DAY + MINUTE }));
      expect([values(old, 'net_sum'), old.flags]).toEqual([[64], ['ORIGINAL_NOT_FOUND']]);
    });

    it('says which features may still hold an original that is far behind in a long log', async () => {
      const store = await fresh();
      const first = event({ amountMinor: 500 });
      const others = Array.from({ length: 2_047 }, () => event({ amountMinor: 1 }));
      await store.recordAndRead([first, ...others]);
      const found = await one(store, refund(nameOf(first), 100));
      expect([values(found, 'net_sum'), found.flags]).toEqual([[2_447], []]);
      // with the refund's own note they are 2,049
      const beyond = await one(store, refund(nameOf(first), 100));
      expect([values(beyond, 'net_sum'), beyond.flags]).toEqual([[2_447], ['ESTIMATED', 'ORIGINAL_NOT_FOUND']]);
      const nets = NAMES.filter((wanted) => wanted.includes('net')).filter((wanted) => wanted !== 'transfers_net_sum');
      expect(beyond.estimated.filter((wanted) => wanted !== 'transfers_net_sum')).toEqual(nets);
    });

    it('a correction that is too late changes nothing; a late one acts', async () => {
      const store = await fresh();
      const original = event({ amountMinor: 500 });
      await store.recordAndRead([original, event({ amountMinor: 7, occurredAtMs: T0 + 12 * HOUR })]);
      const late = await one(store, refund(nameOf(original), 100));
      expect([values(late, 'net_sum'), late.flags]).toEqual([[400], ['LATE']]);
      await one(store, event({ amountMinor: 7, occurredAtMs: T0 + 26 * HOUR }));
      const tooLate = await one(store, refund(nameOf(original), 100, { occurredAtMs: T0 + HOUR }));
      expect([values(tooLate, 'net_sum'), tooLate.flags]).toEqual([[400], ['TOO_LATE']]);
    });

    it('finds an original by the correction’s own entities alone', async () => {
      const store = await fresh();
      const original = event({ amountMinor: 500 });
      await one(store, original);
      const other = await one(store, refund(nameOf(original), 100, { cardToken: 'tok_other' }));
      expect([values(other, 'net_sum', 'card_net_sum'), other.flags]).toEqual([[400, 0], []]);
      expect(values(await look(store), 'card_net_sum')).toEqual([500]);
    });

    it('a message without an original, and one that moves no money, correct nothing', async () => {
      const store = await fresh();
      const original = event({ amountMinor: 500 });
      const { original: _none, ...loose } = refund(nameOf(original), 100).transaction;
      const loud = { ...event({ type: 'CONTACT_CHANGE', original: nameOf(original) }).transaction };
      const readings = await store.recordAndRead([
        original,
        { transaction: loose, fingerprint: 'loose', flags: [] },
        { transaction: loud, fingerprint: 'loud', flags: [] },
      ]);
      expect(values(readings[1], 'net_count', 'net_sum', 'count')).toEqual([1, 500, 2]);
      expect(readings.flatMap(({ flags }) => flags)).toEqual(['LATE']);
    });

    it('teaches the profile a corrected transaction once', async () => {
      const store = await fresh();
      const original = event({ amountMinor: 900 });
      await store.recordAndRead([original, corrected(nameOf(original), { amountMinor: 90 })]);
      const { profile } = await one(store, event({ occurredAtMs: T0 + HOUR }));
      expect(profile).toMatchObject({ eventCount: 1, monetaryCount: 1, payeeKnown: true, maxAmountMinor: 900 });
    });

    it('a replaced transaction’s label goes with it', async () => {
      const store = await fresh();
      const original = event();
      const label = { ...original.transaction, label: 'FRAUD' as const, labelledAtMs: null };
      await store.recordAndRead([event(), original]);
      expect(await store.applyLabels([label])).toEqual({ applied: 1, unmatched: 0 });
      expect(values(await look(store, T0 + MINUTE), 'fraud_rate')).toEqual([1 / 3]);
      await one(store, corrected(nameOf(original)));
      expect(await store.applyLabels([label])).toEqual({ applied: 0, unmatched: 1 });
      expect(values(await look(store), 'fraud_rate')).toEqual([0]);
    });

    it('is still known where the log that it left is empty, while other payees come', async () => {
      const transfers =
        'name: transfers, entity: [counterparty], aggregate: count, window: 24h, where: \'tx.type == "TRANSFER"\'';
      const store = await fresh(catalogueOf([transfers], DAY, 0));
      const original = event();
      const asPayment = corrected(nameOf(original), { type: 'PAYMENT' });
      await store.recordAndRead([original, asPayment]);
      for (let index = 0; index < 20; index++)
        await one(store, event({ counterparty: { accountId: `O${index}` }, occurredAtMs: T0 + 3 * MINUTE + index }));
      // it names the first version, and the next one the second: each replaces the one that stands
      const asTransfer = corrected(nameOf(original), { occurredAtMs: T0 + 5 * MINUTE });
      expect((await one(store, asTransfer)).values).toEqual([1]);
      const again = corrected(nameOf(asPayment), { occurredAtMs: T0 + 6 * MINUTE });
      expect((await one(store, again)).values).toEqual([1]);
    });

    it('another message of a decided id corrects nothing', async () => {
      const store = await open(catalogueOf(LINES, DAY, DAY));
      opened.push(store);
      const original = event({ amountMinor: 500 });
      const decided = event({ transactionId: 'DECIDED', amountMinor: 20 });
      await store.recordAndRead([original, decided]);
      const { channel, transactionId } = decided.transaction;
      await store.settle([{ channel, transactionId, fingerprint: decided.fingerprint, decision: '{}' }]);
      await one(store, corrected(nameOf(original), { transactionId: 'DECIDED', amountMinor: 21 }));
      expect(values(await look(store), 'count', 'sum', 'net_sum')).toEqual([3, 520, 520]);
    });

    it('without net features a reversal looks for nothing, and a corrected version still replaces', async () => {
      const store = await fresh(WITHOUT_NET);
      const original = event({ amountMinor: 500 });
      const readings = await store.recordAndRead([
        original,
        reversal({ transactionId: 'nobody' }),
        corrected(nameOf(original), { amountMinor: 50 }),
      ]);
      expect(readings.map(({ flags }) => flags)).toEqual([[], [], []]);
      expect(readings[2]?.values.slice(0, 3)).toEqual([2, 150, 100]);
    });
  });
}
