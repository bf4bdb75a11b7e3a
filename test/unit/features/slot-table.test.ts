import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FeatureReading } from '../../../src/domain/feature.ts';
import { EMPTY_PROFILE } from '../../../src/features/compute-profile.ts';
import { hash53 } from '../../../src/features/hash.ts';
import { createSlotTable } from '../../../src/features/slot-table.ts';

const reading = (value: number | null): FeatureReading => ({
  values: [value, null, 0.5],
  profile: { ...EMPTY_PROFILE, eventCount: 3, deviceKnown: false, placeKnown: true, amountZ: -1.25 },
  flags: value === 1 ? ['LATE'] : [],
  estimated: [],
  warmingUp: [],
});
const table = (maxSlots: number, horizonMs = 1_000) =>
  createSlotTable({ maxSlots, horizonMs, features: 3, keepsProfiles: true });

describe('the slots of the in-process store', () => {
  it('give back a reading exactly', () => {
    const slots = table(4);
    slots.keepReading(-1, 'a', hash53('a'), reading(1), 0);
    expect(slots.reading(slots.find('a', hash53('a')))).toEqual(reading(1));
    expect(slots.find('b', hash53('b'))).toBe(-1);
  });

  it('forget what is older than the horizon, and know it again when it comes again', () => {
    const slots = table(4);
    slots.keepReading(-1, 'a', hash53('a'), reading(1), 0);
    slots.keepReading(-1, 'b', hash53('b'), reading(2), 1_001);
    expect(slots.find('a', hash53('a'))).toBe(-1);
    slots.keepReading(-1, 'a', hash53('a'), reading(7), 1_002);
    expect(slots.reading(slots.find('a', hash53('a')))?.values[0]).toBe(7);
  });

  it('hold the newest of any sequence, and no other', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 300 }), (ids) => {
        const capacity = 16;
        const slots = table(capacity, Number.POSITIVE_INFINITY);
        const order: string[] = [];
        for (const id of ids) {
          const key = `K${id}`;
          const slot = slots.find(key, hash53(key));
          expect(slot >= 0).toBe(order.slice(-capacity).includes(key));
          if (slot >= 0) continue;
          slots.keepReading(slot, key, hash53(key), reading(id), 0);
          order.push(key);
        }
      }),
    );
  });
});
