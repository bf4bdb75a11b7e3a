import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EarlierDecision, FeatureReading } from '../../../src/domain/feature.ts';
import { EMPTY_PROFILE } from '../../../src/features/compute-profile.ts';
import { hashTransaction, type TransactionName } from '../../../src/features/hash.ts';
import { createSlotTable } from '../../../src/features/slot-table.ts';

const reading = (value: number | null): FeatureReading => ({
  values: [value, null, 0.5],
  profile: { ...EMPTY_PROFILE, eventCount: 3, deviceKnown: false, placeKnown: true, amountZ: -1.25 },
  flags: value === 1 ? ['LATE'] : [],
  estimated: [],
  warmingUp: [],
});
const NAME = { channel: 'APP', transactionId: 'a' };
const OTHER = { channel: 'APP', transactionId: 'b' };

function table(maxSlots: number, horizonMs = 1_000) {
  const slots = createSlotTable({ maxSlots, horizonMs, features: 3, keepsProfiles: true });
  const find = (name: TransactionName): number => slots.find(name, hashTransaction(name));
  const keep = (name: TransactionName, value: number, watermarkMs = 0): void =>
    slots.keepReading(find(name), name, hashTransaction(name), reading(value), watermarkMs);
  return { slots, find, keep };
}

/** Short and long ones (63 characters fit), with other letters, and where the channel ends in the id's first characters. */
const AWKWARD: readonly TransactionName[] = [
  { channel: 'APP', transactionId: '' },
  { channel: 'APP', transactionId: 'é' },
  { channel: 'APP', transactionId: '\u0169' },
  { channel: 'APP', transactionId: 'i' },
  { channel: 'APP', transactionId: '付款' },
  { channel: 'APP/', transactionId: 'x' },
  { channel: 'APP', transactionId: '/x' },
  { channel: 'APP', transactionId: 'x'.repeat(59) },
  { channel: 'APP', transactionId: 'x'.repeat(60) },
  { channel: 'APP', transactionId: `${'x'.repeat(60)}y` },
  { channel: 'APP', transactionId: 'x'.repeat(300) },
];

const anyName = fc.oneof(
  fc.constantFrom(...AWKWARD),
  fc.integer({ min: 0, max: 40 }).map((id) => ({ channel: 'APP', transactionId: `K${id}` })),
);

describe('the slots of the in-process store', () => {
  it('give back a reading exactly', () => {
    const { slots, find, keep } = table(4);
    keep(NAME, 1);
    expect(slots.reading(find(NAME))).toEqual(reading(1));
    expect(find(OTHER)).toBe(-1);
  });

  it('forget what is older than the horizon, and know it again when it comes again', () => {
    const { slots, find, keep } = table(4);
    keep(NAME, 1);
    keep(OTHER, 2, 1_001);
    expect(find(NAME)).toBe(-1);
    keep(NAME, 7, 1_002);
    expect(slots.reading(find(NAME))?.values[0]).toBe(7);
  });

  it('keep the first decision, with a reading or without', () => {
    const { slots, find, keep } = table(4);
    keep(NAME, 1);
    const first = { fingerprint: 'f1', decision: {} as EarlierDecision['decision'] };
    expect(slots.keepDecision(NAME, first)).toBe(first);
    expect(slots.keepDecision(NAME, { ...first, fingerprint: 'f2' })).toBe(first);
    expect(slots.keepDecision(OTHER, first)).toBe(first);
    expect([slots.decided(find(NAME)), slots.decided(find(OTHER))]).toEqual([first, first]);
    expect(slots.reading(find(OTHER))).toBeUndefined();
  });

  it('hold the newest of any sequence, and no other', () => {
    fc.assert(
      fc.property(fc.array(anyName, { maxLength: 300 }), (names) => {
        const capacity = 16;
        const { find, keep, slots } = table(capacity, Number.POSITIVE_INFINITY);
        const order: string[] = [];
        names.forEach((name, index) => {
          const key = `${name.channel}/${name.transactionId}`;
          const slot = find(name);
          const place = order.lastIndexOf(key);
          expect(slot >= 0).toBe(place >= 0 && place >= order.length - capacity);
          if (slot >= 0) return;
          keep(name, index);
          order.push(key);
          expect(slots.reading(find(name))?.values[0]).toBe(index);
        });
      }),
    );
  });
});
