/** A profile without an event that is in it already: what the event made known is unknown again. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Profile } from '../../../src/domain/feature.ts';
import type { Transaction } from '../../../src/domain/transaction.ts';
import { computeProfile } from '../../../src/features/compute-profile.ts';
import {
  createProfile,
  createProfileEvent,
  readProfileEvent,
  updateProfile,
} from '../../../src/features/profile-state.ts';
import { profileWithout } from '../../../src/features/profile-without.ts';
import { seededRandom } from '../../helpers/feature-cases.ts';

const T0 = Date.UTC(2026, 10, 20, 2);
const MINUTE = 60_000;

const payment = (minutes: number, more: Partial<Transaction> = {}): Transaction => ({
  transactionId: `T${minutes}`,
  occurredAtMs: T0 + minutes * MINUTE,
  channel: 'MOBILE_BANKING',
  type: 'TRANSFER',
  customerId: 'C1',
  amountMinor: 100,
  currency: 'CNY',
  counterparty: { accountId: 'A' },
  device: { id: 'D1', ip: '203.0.113.7' },
  location: { lat: 28.68, lon: 115.86, country: 'CN' },
  authentication: [],
  accessibility: [],
  attributes: {},
  ...more,
});

const event = createProfileEvent();

/** What the last transaction found when it came, and what it finds when it comes again. */
function firstAndAgain(history: readonly Transaction[]): { readonly first: Profile; readonly again: Profile } {
  let state = createProfile();
  let first = computeProfile(state, event);
  for (const transaction of history) {
    readProfileEvent(event, transaction, 480);
    first = computeProfile(state, event);
    state = updateProfile(state, event);
  }
  const kept = state.slice();
  const again = computeProfile(profileWithout(state, event), event);
  expect(state).toEqual(kept);
  return { first, again };
}

describe('a profile without an event that is in it', () => {
  it('finds the device, payee, address and place of a first payment unknown, as the first time', () => {
    const { first, again } = firstAndAgain([payment(0)]);
    expect(again).toEqual(first);
    expect([again.eventCount, again.deviceKnown, again.payeeKnown, again.placeKnown]).toEqual([0, false, false, false]);
  });

  it('finds a new device unknown and an old one known', () => {
    const { again } = firstAndAgain([payment(0), payment(1), payment(2, { device: { id: 'D2', ip: '203.0.113.7' } })]);
    expect(again).toMatchObject({
      deviceKnown: false,
      ipKnown: true,
      payeeKnown: true,
      knownDevices: 1,
      eventCount: 2,
    });
  });

  it('says unknown where the event has overwritten what was there, and never a second of its own', () => {
    const { first, again } = firstAndAgain([payment(0), payment(90)]);
    expect(first.secondsSinceLast).toBe(5_400);
    expect([again.secondsSinceLast, again.secondsSinceLastMonetary, again.distanceKm]).toEqual([null, null, null]);
    expect(again.secondsSinceFirst).toBe(5_400);
  });

  it('measures an odd amount against the others, not against itself', () => {
    const usual = Array.from({ length: 40 }, (_, index) => payment(index, { amountMinor: 1_000 + index }));
    const { again } = firstAndAgain([...usual, payment(50, { amountMinor: 9_000_000 })]);
    expect(again.maxAmountMinor).toBe(1_039);
    expect(again.amountZ).toBeGreaterThan(50);
  });

  it('is exact in what is counted and known, whatever came before', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 90 }), (seed, events) => {
        const random = seededRandom(seed);
        const pick = (of: number): number => Math.floor(random() * of);
        const history = Array.from({ length: events }, (_, index) => {
          const device = { id: `D${pick(6)}`, ip: `203.0.113.${pick(6)}` };
          const type = (['TRANSFER', 'DEPOSIT', 'LOGIN'] as const)[pick(3)] ?? 'LOGIN';
          const location = { lat: pick(5), lon: pick(5), country: 'CN' };
          return payment(index, {
            type,
            device,
            location,
            amountMinor: pick(500),
            counterparty: { accountId: `P${pick(9)}` },
          });
        });
        const { first, again } = firstAndAgain(history);
        for (const name of EXACT) expect([name, again[name]]).toEqual([name, first[name]]);
        for (const name of EXACT_OR_UNKNOWN) expect([name, again[name] ?? first[name]]).toEqual([name, first[name]]);
      }),
      { numRuns: 200 },
    );
  });
});

const EXACT = [
  ...(['eventCount', 'monetaryCount', 'hourShare', 'channelShare', 'deviceKnown', 'deviceAgeSeconds'] as const),
  ...([
    'payeeKnown',
    'payeeAgeSeconds',
    'ipKnown',
    'placeKnown',
    'countryKnown',
    'knownDevices',
    'knownPayees',
  ] as const),
] as const satisfies readonly (keyof Profile)[];
const EXACT_OR_UNKNOWN = [
  ...(['secondsSinceFirst', 'secondsSinceLast', 'secondsSinceLastMonetary', 'distanceKm', 'speedKmh'] as const),
  ...(['secondsSinceLogin'] as const),
] as const satisfies readonly (keyof Profile)[];
