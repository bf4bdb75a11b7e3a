/**
 * The contract of LimitUsageStore, for every adapter. Expected values are written by hand; the random run is held against a
 * plain model that keeps every transaction and adds up afresh.
 */
import { describe, expect, it } from 'vitest';
import type { LimitRecord } from '../../src/domain/limit.ts';
import type { LimitReading, LimitUsageStore } from '../../src/domain/ports.ts';
import { aCounter, aLimitRecord } from '../helpers/a-limit.ts';

const MAX = Number.MAX_SAFE_INTEGER;
const CUSTOMER = { kind: 'customer', id: 'C1' } as const;

const pay = (id: string, amountMinor: number, more: Partial<LimitRecord> = {}) =>
  aLimitRecord(id, { counters: [aCounter({ amountMinor })], ...more });
const back = (id: string, kind: 'reversal' | 'refund', original: string, amountMinor = 0) =>
  aLimitRecord(id, {
    owners: [CUSTOMER],
    counters: [],
    givesBack: { kind, amountMinor, channel: 'MOBILE_BANKING', transactionId: original },
  });

const used = (reading: LimitReading | undefined, counterId = 'scope-a') => {
  const [, value] = [...(reading?.usage ?? [])].find(([key]) => key.startsWith(`${counterId}/`)) ?? [];
  return value === undefined ? undefined : [value.amountMinor, value.count];
};

export function limitUsageSuite(name: string, open: () => Promise<LimitUsageStore>): void {
  describe(`limit usage: ${name}`, () => {
    const withStore = (body: (store: LimitUsageStore) => Promise<void>) => async () => {
      const store = await open();
      try {
        await body(store);
      } finally {
        await store.close();
      }
    };
    const one = async (store: LimitUsageStore, record: LimitRecord) => (await store.recordAndRead([record]))[0];
    /** what a further transaction would find, without leaving a trace */
    const probe = async (store: LimitUsageStore, id: string, counters = [aCounter({ amountMinor: 0 })]) => {
      const record = aLimitRecord(`probe-${id}`, { counters });
      const reading = await one(store, record);
      await store.release([record]);
      return reading;
    };

    it(
      'answers what was used before each transaction, in input order, inside a chunk and between chunks',
      withStore(async (store) => {
        const readings = await store.recordAndRead([pay('T1', 100), pay('T2', 250), pay('T3', 1)]);
        expect(readings.map((reading) => used(reading))).toEqual([
          [0, 0],
          [100, 1],
          [350, 2],
        ]);
        expect(used(await one(store, pay('T4', 5)))).toEqual([351, 3]);
        expect(readings.map((reading) => [reading.repeated, reading.originalFound])).toEqual(
          Array(3).fill([false, null]),
        );
      }),
    );

    it(
      'counts a transaction once and gives a repeat its first values',
      withStore(async (store) => {
        await store.recordAndRead([pay('T1', 100), pay('T2', 50)]);
        const [again, twice, next] = await store.recordAndRead([pay('T2', 50), pay('T2', 50), pay('T3', 1)]);
        expect([again?.repeated, twice?.repeated, next?.repeated]).toEqual([true, true, false]);
        expect([used(again), used(twice), used(next)]).toEqual([
          [100, 1],
          [100, 1],
          [150, 2],
        ]);
      }),
    );

    it(
      'keeps one id of two channels apart, and ids of two customers',
      withStore(async (store) => {
        await store.recordAndRead([pay('T1', 100), pay('T1', 20, { channel: 'ATM' })]);
        expect(used(await probe(store, '1'))).toEqual([120, 2]);
        const other = aCounter({ amountMinor: 7, owner: { kind: 'customer', id: 'C2' } });
        expect(used(await one(store, aLimitRecord('T1', { counters: [other] })))).toEqual([0, 0]);
      }),
    );

    it(
      'never lets owners with separators in their ids meet',
      withStore(async (store) => {
        const ids = ['C1', 'C1:', 'C1/day', 'C1:t/ATM/T1', '{s01}', 'C1\u0000', 'Ｃ1', 'с1'];
        const records = ids.map((id) =>
          aLimitRecord('T1', {
            counters: [aCounter({ owner: { kind: 'customer', id } }), aCounter({ owner: { kind: 'account', id } })],
          }),
        );
        const readings = await store.recordAndRead(records);
        expect(readings.map((reading) => [...reading.usage.values()])).toEqual(
          Array(8).fill(Array(2).fill({ amountMinor: 0, count: 0 })),
        );
      }),
    );

    it(
      'counts a late event in its own period and leaves the others alone',
      withStore(async (store) => {
        const yesterday = aCounter({ amountMinor: 30, periodStartMs: 19_999 * 86_400_000 });
        await store.recordAndRead([pay('T1', 100), aLimitRecord('T0', { counters: [yesterday] })]);
        expect(used(await probe(store, '1'))).toEqual([100, 1]);
        expect(used(await probe(store, '2', [{ ...yesterday, amountMinor: 0 }]))).toEqual([30, 1]);
      }),
    );

    it(
      'feeds several scopes, periods and owners at once',
      withStore(async (store) => {
        const account = { kind: 'account', id: 'A1' } as const;
        const counters = [
          aCounter({ amountMinor: 10 }),
          aCounter({ amountMinor: 10, counterId: 'scope-b' }),
          aCounter({ amountMinor: 10, counterId: 'scope-m', period: 'month' }),
          aCounter({ amountMinor: 10, counterId: 'scope-y', period: 'year', owner: account }),
        ];
        await store.recordAndRead([aLimitRecord('T1', { counters })]);
        const reading = await one(store, aLimitRecord('T2', { counters }));
        expect([...(reading?.usage.keys() ?? [])].sort()).toEqual(counters.map((counter) => counter.key).sort());
        expect([...(reading?.usage.values() ?? [])]).toEqual(Array(4).fill({ amountMinor: 10, count: 1 }));
      }),
    );

    it(
      'gives head-room back on release, once, and keeps the first values of the blocked one',
      withStore(async (store) => {
        const blocked = pay('T2', 900);
        await store.recordAndRead([pay('T1', 100), blocked]);
        await store.release([blocked]);
        await store.release([blocked, pay('T-unknown', 5)]);
        expect(used(await probe(store, '1'))).toEqual([100, 1]);
        expect(used(await one(store, blocked))).toEqual([100, 1]);
        expect(used(await probe(store, '2'))).toEqual([100, 1]);
      }),
    );

    it(
      'gives all of it back on a reversal, and nothing on a second one',
      withStore(async (store) => {
        await store.recordAndRead([pay('T1', 100), pay('T2', 40)]);
        expect((await one(store, back('R1', 'reversal', 'T1')))?.originalFound).toBe(true);
        expect(used(await probe(store, '1'))).toEqual([40, 1]);
        await store.recordAndRead([back('R1', 'reversal', 'T1'), back('R2', 'reversal', 'T1')]);
        expect(used(await probe(store, '2'))).toEqual([40, 1]);
      }),
    );

    it(
      'gives the amount of each refund back, the count when nothing is left, and never more than there was',
      withStore(async (store) => {
        await one(store, pay('T1', 100));
        await one(store, back('F1', 'refund', 'T1', 30));
        expect(used(await probe(store, '1'))).toEqual([70, 1]);
        await one(store, back('F2', 'refund', 'T1', 70));
        expect(used(await probe(store, '2'))).toEqual([0, 0]);
        await one(store, pay('T2', 10));
        await one(store, back('F3', 'refund', 'T1', 100));
        expect(used(await probe(store, '3'))).toEqual([10, 1]);
      }),
    );

    it(
      'gives back in the period of the original, not of the reversal',
      withStore(async (store) => {
        const yesterday = aCounter({ amountMinor: 30, periodStartMs: 19_999 * 86_400_000 });
        const month = aCounter({ amountMinor: 30, period: 'month', counterId: 'scope-m' });
        await store.recordAndRead([aLimitRecord('T0', { counters: [yesterday, month] }), pay('T1', 100)]);
        await one(store, back('R1', 'reversal', 'T0'));
        expect(used(await probe(store, '1', [{ ...yesterday, amountMinor: 0 }]))).toEqual([0, 0]);
        expect(used(await probe(store, '2', [{ ...month, amountMinor: 0 }]), 'scope-m')).toEqual([0, 0]);
        expect(used(await probe(store, '3'))).toEqual([100, 1]);
      }),
    );

    it(
      'finds an original by the references of the rails',
      withStore(async (store) => {
        const references = { stan: '000123', rrn: '633012345678' };
        await one(store, pay('T1', 100, { references }));
        const reversal = aLimitRecord('R1', {
          owners: [CUSTOMER],
          counters: [],
          givesBack: { kind: 'reversal', amountMinor: 100, channel: 'MOBILE_BANKING', ...references },
        });
        const stranger = {
          ...reversal,
          transactionId: 'R0',
          givesBack: { ...reversal.givesBack, kind: 'reversal', amountMinor: 1, channel: 'ATM' },
        } as const;
        expect((await one(store, stranger))?.originalFound).toBe(false);
        expect((await one(store, reversal))?.originalFound).toBe(true);
        expect(used(await probe(store, '1'))).toEqual([0, 0]);
      }),
    );

    it(
      'gives nothing back for an original that is unknown, was blocked, or belongs to another customer',
      withStore(async (store) => {
        const blocked = pay('T2', 500);
        await store.recordAndRead([pay('T1', 100), blocked]);
        await store.release([blocked]);
        const foreign = { ...back('R3', 'reversal', 'T1'), owners: [{ kind: 'customer', id: 'C9' } as const] };
        const readings = await store.recordAndRead([
          back('R1', 'reversal', 'T-none'),
          back('R2', 'reversal', 'T2'),
          foreign,
        ]);
        expect(readings.map((reading) => reading.originalFound)).toEqual([false, false, false]);
        expect(used(await probe(store, '1'))).toEqual([100, 1]);
      }),
    );

    it(
      'lets a corrected version replace its original and never add to it',
      withStore(async (store) => {
        await store.recordAndRead([pay('T0', 5), pay('T1', 100)]);
        const corrected = pay('T1b', 80, {
          givesBack: { kind: 'correction', amountMinor: 80, channel: 'MOBILE_BANKING', transactionId: 'T1' },
        });
        expect(used(await one(store, corrected))).toEqual([5, 1]);
        expect(used(await probe(store, '1'))).toEqual([85, 2]);
        expect((await one(store, corrected))?.repeated).toBe(true);
        expect(used(await probe(store, '2'))).toEqual([85, 2]);
      }),
    );

    it(
      'replaces the version that stands, whichever of a chain is named, and not one that was blocked',
      withStore(async (store) => {
        const corrects = (id: string, amountMinor: number, original: string) =>
          pay(id, amountMinor, {
            givesBack: { kind: 'correction', amountMinor, channel: 'MOBILE_BANKING', transactionId: original },
          });
        await store.recordAndRead([pay('T0', 5), pay('A', 100)]);
        const readings = await store.recordAndRead([corrects('B', 80, 'A'), corrects('C', 60, 'A')]);
        expect(readings.map((reading) => reading.originalFound)).toEqual([true, true]);
        expect(used(await probe(store, '1'))).toEqual([65, 2]);
        const blocked = corrects('D', 40, 'B');
        await one(store, blocked);
        expect(used(await probe(store, '2'))).toEqual([45, 2]);
        await store.release([blocked]);
        expect(used(await probe(store, '3'))).toEqual([65, 2]);
        await one(store, corrects('E', 10, 'A'));
        expect(used(await probe(store, '4'))).toEqual([15, 2]);
        await one(store, back('R', 'reversal', 'A'));
        expect(used(await probe(store, '5'))).toEqual([15, 2]);
        await one(store, back('S', 'reversal', 'E'));
        expect(used(await probe(store, '6'))).toEqual([5, 1]);
      }),
    );

    it(
      'takes back what a correction gave when the correction itself is blocked',
      withStore(async (store) => {
        await one(store, pay('T1', 100));
        const corrected = pay('T1b', 800, {
          givesBack: { kind: 'correction', amountMinor: 800, channel: 'MOBILE_BANKING', transactionId: 'T1' },
        });
        await one(store, corrected);
        await store.release([corrected]);
        expect(used(await probe(store, '1'))).toEqual([100, 1]);
        await one(store, back('R1', 'reversal', 'T1'));
        expect(used(await probe(store, '2'))).toEqual([0, 0]);
      }),
    );

    it(
      'releases only what a partly refunded transaction still holds',
      withStore(async (store) => {
        const payment = pay('T1', 100);
        await store.recordAndRead([payment, pay('T2', 7), back('F1', 'refund', 'T1', 60)]);
        await store.release([payment]);
        expect(used(await probe(store, '1'))).toEqual([7, 1]);
      }),
    );

    it(
      'stays exact beyond 2^53, says 2^53 − 1 for it, and comes back to the last unit',
      withStore(async (store) => {
        const huge = [pay('H1', MAX), pay('H2', MAX), pay('H3', MAX - 1)];
        await store.recordAndRead([pay('T1', 3), ...huge]);
        expect(used(await probe(store, '1'))).toEqual([MAX, 4]);
        await store.release(huge);
        expect(used(await probe(store, '2'))).toEqual([3, 1]);
        await store.recordAndRead([pay('T2', 999_999_999_999_999), pay('T3', 8_000_000_000_000_000), pay('T4', 1)]);
        await store.release([pay('T2', 0)]);
        expect(used(await probe(store, '3'))).toEqual([8_000_000_000_000_004, 3]);
      }),
    );

    it(
      'adds nothing beyond int64 and does not fail',
      withStore(async (store) => {
        const records = Array.from({ length: 1030 }, (_, i) => pay(`H${i}`, MAX));
        const readings = await store.recordAndRead(records);
        expect(readings).toHaveLength(1030);
        expect(used(readings.at(-1))).toEqual([MAX, 1024]);
        await store.release(records);
        expect(used(await probe(store, '1'))).toEqual([0, 0]);
      }),
    );

    it(
      'counts a transaction without an amount as one',
      withStore(async (store) => {
        await store.recordAndRead([pay('T1', 0), pay('T2', 0)]);
        expect(used(await probe(store, '1'))).toEqual([0, 2]);
      }),
    );

    it(
      'leaves a counter out that a repeat asks for and the first delivery did not',
      withStore(async (store) => {
        await one(store, pay('T1', 100));
        const wider = aLimitRecord('T1', { counters: [aCounter(), aCounter({ counterId: 'scope-new' })] });
        const reading = await one(store, wider);
        expect([used(reading), used(reading, 'scope-new')]).toEqual([[0, 0], undefined]);
      }),
    );

    it(
      'equals a plain model over a random stream with repeats, releases, refunds and reversals',
      withStore(async (store) => {
        const seed = Number(process.env.VIGIL_TEST_SEED ?? 20261125);
        const random = createRandom(seed);
        const model = createModel();
        const sent: LimitRecord[] = [];
        for (let round = 0; round < 60; round++) {
          const chunk = Array.from({ length: 1 + random(40) }, () => nextRecord(random, sent));
          const expected = chunk.map((record) => model.record(record));
          const readings = await store.recordAndRead(chunk);
          expect(
            readings.map((reading) => Object.fromEntries(reading.usage)),
            `seed ${seed}, round ${round}`,
          ).toEqual(expected);
          const blocked = chunk.filter(() => random(10) === 0);
          for (const record of blocked) model.release(record);
          await store.release(blocked);
        }
      }),
    );
  });
}

/** mulberry32 */
function createRandom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

function nextRecord(random: (below: number) => number, sent: LimitRecord[]): LimitRecord {
  const kind = random(20);
  const earlier = sent[random(sent.length)];
  if (kind < 2 && earlier !== undefined) return earlier;
  const owner = { kind: 'customer', id: `C${random(5)}` } as const;
  const isBack = kind < 6 && earlier !== undefined;
  const amountMinor = random(1000);
  const counters = ['a', 'b']
    .slice(0, 1 + random(2))
    .map((counterId) => aCounter({ counterId, owner, amountMinor, periodStartMs: (20_000 + random(2)) * 86_400_000 }));
  const record: LimitRecord = {
    channel: random(2) === 0 ? 'ATM' : 'POS',
    transactionId: `T${sent.length}`,
    occurredAtMs: sent.length,
    owners: isBack ? earlier.owners : [owner],
    counters: isBack ? [] : counters,
    ...(isBack
      ? {
          givesBack: {
            kind: kind < 4 ? 'refund' : 'reversal',
            amountMinor,
            channel: earlier.channel,
            transactionId: earlier.transactionId,
          },
        }
      : {}),
  };
  sent.push(record);
  return record;
}

/** Keeps every transaction with what is left of it; a counter is the sum over all of them, each time. */
function createModel() {
  interface Kept {
    readonly record: LimitRecord;
    readonly first: Record<string, { amountMinor: number; count: number }>;
    left: number;
    count: number;
    released: boolean;
    gave: { kept: Kept; amount: number; count: number } | undefined;
  }
  const kept = new Map<string, Kept>();
  const idOf = (channel: string, id: string) => `${channel}|${id}`;
  const sum = (key: string) => {
    let [amountMinor, count] = [0, 0];
    for (const entry of kept.values()) {
      if (!entry.record.counters.some((counter) => counter.key === key)) continue;
      amountMinor += entry.left;
      count += entry.count;
    }
    return { amountMinor, count };
  };
  return {
    record(record: LimitRecord) {
      const known = kept.get(idOf(record.channel, record.transactionId));
      if (known !== undefined) return known.first;
      let gave: Kept['gave'];
      const original =
        record.givesBack && kept.get(idOf(record.givesBack.channel, record.givesBack.transactionId ?? ''));
      if (record.givesBack !== undefined && original !== undefined && !original.released) {
        const amount =
          record.givesBack.kind === 'refund' ? Math.min(original.left, record.givesBack.amountMinor) : original.left;
        const count = amount === original.left ? original.count : 0;
        original.left -= amount;
        original.count -= count;
        gave = { kept: original, amount, count };
      }
      const first = Object.fromEntries(record.counters.map(({ key }) => [key, sum(key)]));
      const left = record.counters[0]?.amountMinor ?? 0;
      kept.set(idOf(record.channel, record.transactionId), {
        record,
        first,
        left,
        count: record.counters.length > 0 ? 1 : 0,
        released: false,
        gave,
      });
      return first;
    },
    release(record: LimitRecord) {
      const entry = kept.get(idOf(record.channel, record.transactionId));
      if (entry === undefined || entry.released) return;
      entry.left = 0;
      entry.count = 0;
      entry.released = true;
      if (entry.gave !== undefined) {
        entry.gave.kept.left += entry.gave.amount;
        entry.gave.kept.count += entry.gave.count;
      }
    },
  };
}
