/** The customers' profiles in process: one array of doubles each (profile-state.ts), bounded like every entity. */
import type { Profile } from '../domain/feature.ts';
import type { Transaction } from '../domain/transaction.ts';
import { computeProfile } from './compute-profile.ts';
import { createEntityTable, NO_ENTITY } from './entity-table.ts';
import type { PackedIds } from './packed-ids.ts';
import {
  createProfile,
  createProfileEvent,
  hoursOf,
  KNOWN_AT,
  PROFILE,
  readProfileEvent,
  updateProfile,
} from './profile-state.ts';
import { profileWithout } from './profile-without.ts';

export interface MemoryProfiles {
  /** asks early for the memory that the visits of the first items will read, in three rounds; the answers mean nothing */
  touchTable(items: number): number;
  touchRows(items: number): number;
  touchStates(items: number): number;
  /**
   * The profile as it was before the transaction; then, when it `teaches`, with it. `isAgain`: it is known, and is
   * answered as if it were not
   */
  visit(item: number, transaction: Transaction, isAgain: boolean, teaches: boolean, watermarkMs: number): Profile;
}

export interface MemoryProfilesOptions {
  readonly ids: PackedIds;
  readonly maxEntities: number;
  /** minutes east of UTC at a time, in the bank's zone */
  readonly zoneOffsetMinutes: (timeMs: number) => number;
}

/** a profile outlives the windows: a dormant customer's habits are what the wake-up is measured against */
const PROFILE_IDLE_MS = 400 * 86_400_000;
const NEW_PROFILE = createProfile();

export function createMemoryProfiles({ ids, maxEntities, zoneOffsetMinutes }: MemoryProfilesOptions): MemoryProfiles {
  const states: (Float64Array | undefined)[] = [];
  /** the counters of hours in the states: to make a view of them for every visit took 2 % of the time */
  const hours: (Uint16Array | undefined)[] = [];
  const customers = createEntityTable({
    ids,
    kinds: [ids.kinds.indexOf('customer')],
    cells: 0,
    maxEntities,
    idleMs: PROFILE_IDLE_MS,
    newestMs: (customer) => states[customer]?.[PROFILE.lastMs] ?? Number.NEGATIVE_INFINITY,
    onForget: (customer) => {
      states[customer] = undefined;
      hours[customer] = undefined;
    },
  });
  const event = createProfileEvent();

  const keep = (customer: number, state: Float64Array): void => {
    states[customer] = state;
    hours[customer] = hoursOf(state);
  };

  return {
    touchTable: customers.touchIndex,
    touchRows: customers.touchRows,
    touchStates(items) {
      let sum = 0;
      for (let item = 0; item < items; item++) {
        const customer = customers.guesses[item] as number;
        const state = customer < 0 ? undefined : states[customer];
        if (state !== undefined) sum += (state[PROFILE.eventCount] as number) + (state[KNOWN_AT] as number);
      }
      return sum;
    },
    visit(item, transaction, isAgain, teaches, watermarkMs) {
      readProfileEvent(event, transaction, zoneOffsetMinutes(transaction.occurredAtMs));
      let customer = customers.find(item);
      const state = (customer === NO_ENTITY ? undefined : states[customer]) ?? NEW_PROFILE;
      const profile = isAgain
        ? computeProfile(profileWithout(state, event), event)
        : computeProfile(state, event, customer === NO_ENTITY ? undefined : hours[customer]);
      if (!teaches) return profile;
      if (customer === NO_ENTITY) customer = customers.add(item, watermarkMs);
      if (states[customer] === undefined) keep(customer, createProfile());
      const taught = updateProfile(states[customer] as Float64Array, event, hours[customer]);
      if (taught !== states[customer]) keep(customer, taught);
      return profile;
    },
  };
}
