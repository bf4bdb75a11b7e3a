/**
 * Readings as numbers in a ring. Kept as objects, tens of thousands of them would live just long enough to be moved twice
 * by the garbage collector, which cost a third of the time of the in-process store. null is NaN.
 */
import type { FeatureReading, FeatureValue, Profile } from '../domain/feature.ts';
import { EMPTY_PROFILE } from './compute-profile.ts';

const PROFILE_KEYS = Object.keys(EMPTY_PROFILE) as readonly (keyof Profile)[];
const BOOLEAN_KEYS: ReadonlySet<keyof Profile> = new Set([
  'deviceKnown',
  'payeeKnown',
  'ipKnown',
  'placeKnown',
  'countryKnown',
]);
const BLOCK = 1_024;

type Notes = Pick<FeatureReading, 'flags' | 'estimated' | 'warmingUp'>;

export interface PackedReadings {
  keep(slot: number, reading: FeatureReading): void;
  read(slot: number): FeatureReading | undefined;
  drop(slot: number): void;
}

export function createPackedReadings(features: number, keepsProfiles: boolean): PackedReadings {
  const width = features + (keepsProfiles ? PROFILE_KEYS.length : 0);
  const blocks: Float64Array[] = [];
  const notes: (Notes | undefined)[] = [];

  const blockOf = (slot: number): Float64Array => {
    const index = Math.floor(slot / BLOCK);
    blocks[index] ??= new Float64Array(BLOCK * width);
    return blocks[index];
  };

  return {
    keep(slot, reading) {
      const block = blockOf(slot);
      const at = (slot % BLOCK) * width;
      for (let index = 0; index < features; index++) block[at + index] = reading.values[index] ?? Number.NaN;
      if (keepsProfiles) packProfile(reading.profile, block, at + features);
      const { flags, estimated, warmingUp } = reading;
      notes[slot] = flags.length === 0 ? NO_NOTES : { flags, estimated, warmingUp };
    },
    read(slot) {
      const own = notes[slot];
      if (own === undefined) return undefined;
      const block = blockOf(slot);
      const at = (slot % BLOCK) * width;
      const values = Array.from(block.subarray(at, at + features), (value): FeatureValue => orNull(value));
      return { values, profile: keepsProfiles ? unpackProfile(block, at + features) : EMPTY_PROFILE, ...own };
    },
    drop(slot) {
      notes[slot] = undefined;
    },
  };
}

const NO_NOTES: Notes = { flags: [], estimated: [], warmingUp: [] };
const orNull = (value: number): number | null => (Number.isNaN(value) ? null : value);

function packProfile(profile: Profile, block: Float64Array, at: number): void {
  for (let index = 0; index < PROFILE_KEYS.length; index++) {
    const value = profile[PROFILE_KEYS[index] as keyof Profile];
    block[at + index] = value === null ? Number.NaN : Number(value);
  }
}

function unpackProfile(block: Float64Array, at: number): Profile {
  const entries = PROFILE_KEYS.map((key, index) => {
    const value = orNull(block[at + index] as number);
    return [key, value !== null && BOOLEAN_KEYS.has(key) ? value === 1 : value];
  });
  return Object.fromEntries(entries) as unknown as Profile;
}
