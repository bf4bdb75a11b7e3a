/** The customers' profiles in process: one array of doubles each (profile-state.ts), bounded like every entity. */
import type { Profile } from '../domain/feature.ts';
import type { Transaction } from '../domain/transaction.ts';
import { computeProfile } from './compute-profile.ts';
import { createEntityTable, NO_ENTITY } from './entity-table.ts';
import type { PackedIds } from './packed-ids.ts';
import { createProfile, createProfileEvent, PROFILE, readProfileEvent, updateProfile } from './profile-state.ts';
import { profileWithout } from './profile-without.ts';

export interface MemoryProfiles {
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
  const customers = createEntityTable({
    ids,
    kinds: [ids.kinds.indexOf('customer')],
    cells: 0,
    maxEntities,
    idleMs: PROFILE_IDLE_MS,
    newestMs: (customer) => states[customer]?.[PROFILE.lastMs] ?? Number.NEGATIVE_INFINITY,
    onForget: (customer) => {
      states[customer] = undefined;
    },
  });
  const event = createProfileEvent();

  return {
    visit(item, transaction, isAgain, teaches, watermarkMs) {
      readProfileEvent(event, transaction, zoneOffsetMinutes(transaction.occurredAtMs));
      let customer = customers.find(item);
      const state = (customer === NO_ENTITY ? undefined : states[customer]) ?? NEW_PROFILE;
      const profile = computeProfile(isAgain ? profileWithout(state, event) : state, event);
      if (!teaches) return profile;
      if (customer === NO_ENTITY) customer = customers.add(item, watermarkMs);
      states[customer] = updateProfile(state === NEW_PROFILE ? createProfile() : state, event);
      return profile;
    },
  };
}
