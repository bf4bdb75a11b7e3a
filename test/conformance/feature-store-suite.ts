/**
 * What every feature store owes its callers, in words and in values written by hand. `open` answers a store on fresh
 * state; `again` a second store on the same state where the kind allows it (another process on the same Redis).
 */
import { afterEach, describe, expect, it } from 'vitest';
import type { FeatureCatalogue, FeatureReading } from '../../src/domain/feature.ts';
import type { Label } from '../../src/domain/label.ts';
import type { FeatureStore } from '../../src/domain/ports.ts';
import type { ParsedTransaction, Transaction } from '../../src/domain/transaction.ts';
import { catalogueOf, DAY, HOUR } from '../helpers/feature-cases.ts';

export interface FeatureStoreSuite {
  readonly name: string;
  open(catalogue: FeatureCatalogue): Promise<FeatureStore>;
}

const T0 = Date.UTC(2026, 10, 20, 2, 0, 0);
const MINUTE = 60_000;
let nextId = 0;

function payment(overrides: Partial<Transaction> = {}): ParsedTransaction {
  const transaction: Transaction = {
    transactionId: `P-${nextId++}`,
    occurredAtMs: T0,
    channel: 'MOBILE_BANKING',
    type: 'TRANSFER',
    customerId: 'C1',
    amountMinor: 100,
    currency: 'CNY',
    authentication: [],
    accessibility: [],
    attributes: {},
    ...overrides,
  };
  return { transaction, fingerprint: `f-${transaction.transactionId}`, flags: [] };
}

const CATALOGUE = catalogueOf([
  'name: count_10m, entity: [customer], aggregate: count, window: 10m',
  'name: sum_10m, entity: [customer], aggregate: sum, of: amountMinor, window: 10m',
  'name: max_1h, entity: [customer], aggregate: max, of: amountMinor, window: 1h',
  'name: stddev_1h, entity: [customer], aggregate: stddev, of: amountMinor, window: 1h',
  'name: payees_24h, entity: [customer], aggregate: distinct, of: counterparty.accountId, window: 24h',
  'name: since_last, entity: [customer], aggregate: timeSinceLast, window: 24h',
  'name: card_count, entity: [card], aggregate: count, window: 1h',
  'name: logins, entity: [customer], aggregate: count, window: 1h, where: \'tx.type == "LOGIN"\'',
  'name: fraud_rate, entity: [counterparty], aggregate: labelRate, window: 30d, delay: 1d',
]);
const at = (reading: FeatureReading | undefined, name: string): number | null | undefined =>
  reading?.values[CATALOGUE.features.findIndex((feature) => feature.name === name)];

export function featureStoreSuite({ name, open }: FeatureStoreSuite): void {
  describe(name, () => {
    const opened: FeatureStore[] = [];
    afterEach(async () => {
      for (const store of opened.splice(0)) await store.close();
    });
    const fresh = async (catalogue = CATALOGUE): Promise<FeatureStore> => {
      const store = await open(catalogue);
      opened.push(store);
      return store;
    };
    const one = async (store: FeatureStore, parsed: ParsedTransaction): Promise<FeatureReading> => {
      const [reading] = await store.recordAndRead([parsed]);
      if (reading === undefined) throw new Error('no reading');
      return reading;
    };

    it('answers an empty chunk with nothing', async () => {
      const store = await fresh();
      expect(await store.recordAndRead([])).toEqual([]);
      expect(await store.settle([])).toEqual([]);
      expect(await store.applyLabels([])).toEqual({ applied: 0, unmatched: 0 });
    });

    it('counts and sums over (t − W, t] with the transaction itself', async () => {
      const store = await fresh();
      const readings = await store.recordAndRead([
        payment({ amountMinor: 10 }),
        payment({ amountMinor: 20, occurredAtMs: T0 + 10 * MINUTE - 1 }),
        payment({ amountMinor: 40, occurredAtMs: T0 + 10 * MINUTE }),
      ]);
      expect(readings.map((reading) => [at(reading, 'count_10m'), at(reading, 'sum_10m')])).toEqual([
        [1, 10],
        [2, 30],
        [2, 60],
      ]);
    });

    it('counts transactions of one millisecond in order of arrival', async () => {
      const store = await fresh();
      const readings = await store.recordAndRead([payment(), payment(), payment()]);
      expect(readings.map((reading) => at(reading, 'count_10m'))).toEqual([1, 2, 3]);
      expect(readings.map((reading) => at(reading, 'since_last'))).toEqual([null, 0, 0]);
    });

    it('keeps a window independent of what was before it', async () => {
      const store = await fresh();
      const huge = 9_007_199_254_740_991;
      await store.recordAndRead([payment({ amountMinor: huge }), payment({ amountMinor: huge, occurredAtMs: T0 + 1 })]);
      const later = T0 + 5 * HOUR;
      const readings = await store.recordAndRead(
        [1, 2, 5].map((amountMinor, index) => payment({ amountMinor, occurredAtMs: later + index })),
      );
      expect(readings.map((reading) => at(reading, 'sum_10m'))).toEqual([1, 3, 8]);
      expect(readings.map((reading) => reading.estimated)).toEqual([[], [], []]);
    });

    it('flags a sum beyond 2^53 as estimated, and only that', async () => {
      const store = await fresh();
      const huge = 9_007_199_254_740_991;
      const [, second] = await store.recordAndRead([
        payment({ amountMinor: huge }),
        payment({ amountMinor: huge, occurredAtMs: T0 + 1 }),
      ]);
      expect(at(second, 'sum_10m')).toBe(2 * huge);
      expect(second?.estimated).toEqual(['sum_10m']);
      expect(second?.flags).toContain('ESTIMATED');
    });

    it('gives equal payments a deviation of exactly 0', async () => {
      const store = await fresh();
      const readings = await store.recordAndRead(
        [0, 1, 2, 3, 4].map((index) => payment({ amountMinor: 987_654_321_012_345, occurredAtMs: T0 + index })),
      );
      expect(readings.map((reading) => at(reading, 'stddev_1h'))).toEqual([0, 0, 0, 0, 0]);
    });

    it('answers null for an absent entity and 0 for one that was never seen', async () => {
      const store = await fresh();
      const reading = await one(store, payment());
      expect(at(reading, 'card_count')).toBeNull();
      expect(at(reading, 'logins')).toBe(0);
      expect(at(await one(store, payment({ cardToken: 'tok_1' })), 'card_count')).toBe(1);
    });

    it('puts a late transaction at its own time and flags it', async () => {
      const store = await fresh();
      await store.recordAndRead([
        payment({ amountMinor: 5, counterparty: { accountId: 'A' } }),
        payment({ amountMinor: 7, counterparty: { accountId: 'A' }, occurredAtMs: T0 + 8 * MINUTE }),
      ]);
      const late = await one(
        store,
        payment({ amountMinor: 3, counterparty: { accountId: 'B' }, occurredAtMs: T0 + 6 * MINUTE }),
      );
      expect([at(late, 'count_10m'), at(late, 'sum_10m'), at(late, 'max_1h'), at(late, 'payees_24h')]).toEqual([
        2, 8, 5, 2,
      ]);
      expect(late.flags).toEqual(['LATE']);
      const next = await one(store, payment({ amountMinor: 1, occurredAtMs: T0 + 9 * MINUTE }));
      expect([at(next, 'count_10m'), at(next, 'sum_10m'), at(next, 'since_last')]).toEqual([4, 16, 60]);
    });

    it('evaluates what is older than the allowed lateness and adds it to no window', async () => {
      const store = await fresh();
      await one(store, payment({ occurredAtMs: T0 + 25 * HOUR }));
      const old = payment({ occurredAtMs: T0 });
      const tooLate = await one(store, old);
      expect(tooLate.flags).toContain('TOO_LATE');
      expect(at(tooLate, 'count_10m')).toBe(1);
      const again = await one(store, payment({ occurredAtMs: T0 + 2 * HOUR }));
      expect(at(again, 'since_last')).toBeNull();
    });

    it('gives a repeat the values of the first time, in the same chunk, later, and after settling', async () => {
      const store = await fresh();
      const first = payment({ amountMinor: 11 });
      const [a, b] = await store.recordAndRead([first, first]);
      await store.recordAndRead([payment({ occurredAtMs: T0 - MINUTE }), payment({ occurredAtMs: T0 + MINUTE })]);
      const c = await one(store, first);
      expect([b?.values, c.values]).toEqual([a?.values, a?.values]);
      expect([a?.earlier, b?.earlier, c.earlier]).toEqual([undefined, undefined, undefined]);
      const settlement = {
        channel: first.transaction.channel,
        transactionId: first.transaction.transactionId,
        fingerprint: first.fingerprint,
        decision: '{"outcome":"ALLOW","text":"转账\\n"}',
      };
      await store.settle([settlement]);
      const d = await one(store, first);
      expect(d.values).toEqual(a?.values);
      expect(d.profile).toEqual(a?.profile);
      expect(d.earlier).toEqual({ fingerprint: first.fingerprint, decision: settlement.decision });
      expect(at(await one(store, payment({ occurredAtMs: T0 + MINUTE })), 'count_10m')).toBe(4);
    });

    it('lets the first decision stand', async () => {
      const store = await fresh();
      const settlement = (decision: string, fingerprint: string) => ({
        channel: 'ATM',
        transactionId: 'S-1',
        decision,
        fingerprint,
      });
      const first = await store.settle([settlement('{"n":1}', 'a'), settlement('{"n":2}', 'b')]);
      const later = await store.settle([settlement('{"n":3}', 'c')]);
      const standing = { fingerprint: 'a', decision: '{"n":1}' };
      expect([...first, ...later]).toEqual([standing, standing, standing]);
    });

    it('counts another message of a decided id in no window, whatever it says', async () => {
      const store = await fresh();
      const first = payment({ transactionId: 'CONFLICT', amountMinor: 11, counterparty: { accountId: 'A' } });
      const [original] = await store.recordAndRead([first, payment({ occurredAtMs: T0 + 1, amountMinor: 4 })]);
      const { channel, transactionId } = first.transaction;
      await store.settle([{ channel, transactionId, fingerprint: first.fingerprint, decision: '{}' }]);
      for (const occurredAtMs of [T0 - MINUTE, T0 + MINUTE, T0]) {
        const other = payment({
          transactionId: 'CONFLICT',
          amountMinor: 500,
          occurredAtMs,
          counterparty: { accountId: 'B' },
        });
        const [reading] = await store.recordAndRead([{ ...other, fingerprint: `other-${occurredAtMs}` }]);
        expect(reading?.values).toEqual(original?.values);
        expect(reading?.earlier?.fingerprint).toBe(first.fingerprint);
      }
      const next = await one(store, payment({ amountMinor: 1, occurredAtMs: T0 + 2 * MINUTE }));
      expect([at(next, 'count_10m'), at(next, 'sum_10m'), at(next, 'max_1h'), at(next, 'payees_24h')]).toEqual([
        3, 16, 11, 1,
      ]);
      expect(next.profile).toMatchObject({ eventCount: 2, knownPayees: 1, maxAmountMinor: 11 });
    });

    it('tells the same id on two channels apart', async () => {
      const store = await fresh();
      const [a, b] = await store.recordAndRead([
        payment({ transactionId: 'X', channel: 'ATM' }),
        payment({ transactionId: 'X', channel: 'POS' }),
      ]);
      expect([at(a, 'count_10m'), at(b, 'count_10m')]).toEqual([1, 2]);
    });

    it('keeps look-alike, hostile and long ids apart', async () => {
      const store = await fresh();
      const ids = ['a:b', 'a', 'b', '{s00}', 'a\nb', 'а', 'ａ', '=a', '#a', 'a&b', ' a', 'a ', 'x'.repeat(1024)];
      ids.push(
        `${'x'.repeat(1023)}y`,
        'café',
        'cafe\u0301',
        '..',
        '*',
        'a:b:c',
        'customer:=a',
        '\u0000',
        'a'.repeat(64),
      );
      const readings = await store.recordAndRead(ids.map((customerId) => payment({ customerId })));
      expect(readings.map((reading) => at(reading, 'count_10m'))).toEqual(ids.map(() => 1));
    });

    it('counts labels from the time they were given, and takes them back', async () => {
      const store = await fresh();
      const counterparty = { accountId: 'MULE' };
      const [first] = [payment({ counterparty }), payment({ counterparty, occurredAtMs: T0 + 1 })];
      await store.recordAndRead([first, payment({ counterparty, occurredAtMs: T0 + 1 })]);
      const label = (value: Label['label'], labelledAtMs: number | null): Label => ({
        transactionId: first.transaction.transactionId,
        channel: first.transaction.channel,
        label: value,
        labelledAtMs,
      });
      const rateAt = async (timeMs: number): Promise<number | null | undefined> =>
        at(await one(store, payment({ counterparty, occurredAtMs: timeMs })), 'fraud_rate');
      expect(await store.applyLabels([label('FRAUD', T0 + 3 * DAY)])).toEqual({ applied: 1, unmatched: 0 });
      expect(await rateAt(T0 + 3 * DAY - 1)).toBe(0);
      expect(await rateAt(T0 + 3 * DAY)).toBe(0.5);
      await store.applyLabels([label('GENUINE', T0 + 5 * DAY)]);
      expect(await rateAt(T0 + 5 * DAY - 1)).toBe(1 / 4);
      expect(await rateAt(T0 + 5 * DAY + HOUR)).toBe(0);
      expect(await store.applyLabels([{ ...label('FRAUD', null), transactionId: 'nobody' }])).toEqual({
        applied: 0,
        unmatched: 1,
      });
    });

    it('counts by the newest of a transaction’s labels, however many there are', async () => {
      const store = await fresh();
      const counterparty = { accountId: 'UNDECIDED' };
      const labelled = payment({ counterparty });
      await store.recordAndRead([labelled, payment({ counterparty, occurredAtMs: T0 + 1 })]);
      const { channel, transactionId } = labelled.transaction;
      const label = (index: number): Label => ({
        channel,
        transactionId,
        label: index % 2 === 0 ? 'FRAUD' : 'GENUINE',
        labelledAtMs: T0 + DAY + index * MINUTE,
      });
      const rateAt = async (timeMs: number): Promise<number | null | undefined> =>
        at(await one(store, payment({ counterparty, occurredAtMs: timeMs })), 'fraud_rate');
      for (let index = 0; index < 301; index++) await store.applyLabels([label(index)]);
      expect(await rateAt(T0 + DAY + 300 * MINUTE)).toBe(1 / 2);
      await store.applyLabels([label(301)]);
      expect(await rateAt(T0 + DAY + 302 * MINUTE)).toBe(0);
      // as of its own time: between two of the newest
      expect(await rateAt(T0 + DAY + 300 * MINUTE + 1)).toBe(1 / 2);
    });

    it('knows the customer from what came before', async () => {
      const store = await fresh();
      const device = { id: 'D1', ip: '203.0.113.7' };
      const home = { lat: 28.68, lon: 115.86, country: 'CN' };
      const first = await one(store, payment({ device, location: home, counterparty: { accountId: 'A' } }));
      expect(first.profile.eventCount).toBe(0);
      expect(first.profile.deviceKnown).toBe(false);
      const second = await one(
        store,
        payment({
          device,
          occurredAtMs: T0 + HOUR,
          location: { lat: 39.9, lon: 116.4, country: 'CN' },
          counterparty: { accountId: 'B' },
        }),
      );
      expect(second.profile).toMatchObject({
        eventCount: 1,
        secondsSinceLast: 3600,
        deviceKnown: true,
        deviceAgeSeconds: 3600,
        payeeKnown: false,
        placeKnown: false,
        countryKnown: true,
        knownDevices: 1,
        knownPayees: 1,
        maxAmountMinor: 100,
      });
      // Nanchang to Beijing: about 1250 km
      expect(second.profile.distanceKm).toBeGreaterThan(1230);
      expect(second.profile.distanceKm).toBeLessThan(1270);
      expect(second.profile.speedKmh).toBe(second.profile.distanceKm);
    });

    it('remembers the last 16 devices, 64 payees and 32 addresses of a customer, and forgets the one unused for longest', async () => {
      const store = await fresh();
      const bounds = { devices: 16, payees: 64, addresses: 32 };
      const use = (index: number, minute: number) =>
        payment({
          device: { id: `D${index % (bounds.devices + 1)}`, ip: `10.0.0.${index % (bounds.addresses + 1)}` },
          counterparty: { accountId: `P${index % (bounds.payees + 1)}` },
          occurredAtMs: T0 + minute * MINUTE,
        });
      // in turn, one more of each than is remembered: the one that is used again was just forgotten
      const count = 2 * (bounds.payees + 1);
      const readings = await store.recordAndRead(Array.from({ length: count }, (_, index) => use(index, index)));
      const known = readings.map(({ profile }) => [profile.deviceKnown, profile.ipKnown, profile.payeeKnown]);
      expect(known).toEqual(readings.map(() => [false, false, false]));
      expect(readings.at(-1)?.profile).toMatchObject({ knownDevices: 16, knownPayees: 64 });
      // the last ones are remembered: 16, 32 and 64 of them
      const last = await store.recordAndRead([
        use(count - bounds.devices, count),
        use(count - bounds.addresses, count + 1),
        use(count - bounds.payees, count + 2),
      ]);
      expect(last[0]?.profile).toMatchObject({ deviceKnown: true, ipKnown: true, payeeKnown: true });
      expect(last[1]?.profile).toMatchObject({ ipKnown: true, payeeKnown: true });
      expect(last[2]?.profile.payeeKnown).toBe(true);
    });

    it('makes no payee known by money that arrives', async () => {
      const store = await fresh();
      const counterparty = { accountId: 'STRANGER' };
      await one(store, payment({ type: 'DEPOSIT', amountMinor: 1, counterparty }));
      const reading = await one(store, payment({ counterparty, occurredAtMs: T0 + MINUTE }));
      expect(reading.profile.payeeKnown).toBe(false);
    });

    it('measures an amount against the customer’s own', async () => {
      const store = await fresh();
      for (let index = 0; index < 6; index++)
        await one(store, payment({ amountMinor: 999, occurredAtMs: T0 + index * MINUTE }));
      const { profile } = await one(store, payment({ amountMinor: 99_999, occurredAtMs: T0 + HOUR }));
      expect(profile.typicalAmountMinor).toBeCloseTo(1000, 6);
      // log(100) over the floor of the scale, 0.1
      expect(profile.amountZ).toBeCloseTo(Math.log(100) / 0.1, 6);
    });
  });
}
