/**
 * Readings as numbers in a ring. Kept as objects, tens of thousands of them would live just long enough to be moved twice
 * by the garbage collector, which cost a third of the time of the in-process store. null is NaN.
 */
import type { FeatureReading, FeatureValue, Profile } from '../domain/feature.ts';
import { EMPTY_PROFILE } from './compute-profile.ts';

const PROFILE_NUMBERS = Object.keys(EMPTY_PROFILE).length;
const BLOCK = 1_024;

type Notes = Pick<FeatureReading, 'flags' | 'estimated' | 'warmingUp'>;

export interface PackedReadings {
  keep(slot: number, reading: FeatureReading): void;
  read(slot: number): FeatureReading | undefined;
  drop(slot: number): void;
}

/** Numbers that a reading of so many features takes. */
export const readingWidth = (features: number, keepsProfiles: boolean): number =>
  features + (keepsProfiles ? PROFILE_NUMBERS : 0);

/** Writes a reading's numbers, without its notes. */
export function packReading(
  { values, profile }: FeatureReading,
  target: Float64Array,
  at: number,
  keepsProfiles: boolean,
): void {
  for (let index = 0; index < values.length; index++) target[at + index] = values[index] ?? Number.NaN;
  if (keepsProfiles) packProfile(profile, target, at + values.length);
}

export function unpackReading(
  source: Float64Array,
  at: number,
  features: number,
  keepsProfiles: boolean,
): Pick<FeatureReading, 'values' | 'profile'> {
  const values = new Array<FeatureValue>(features);
  for (let index = 0; index < features; index++) values[index] = orNull(source[at + index] as number);
  return { values, profile: keepsProfiles ? unpackProfile(source, at + features) : EMPTY_PROFILE };
}

export function createPackedReadings(features: number, keepsProfiles: boolean): PackedReadings {
  const width = readingWidth(features, keepsProfiles);
  const blocks: Float64Array[] = [];
  const notes: (Notes | undefined)[] = [];

  const blockOf = (slot: number): Float64Array => {
    const index = Math.floor(slot / BLOCK);
    blocks[index] ??= new Float64Array(BLOCK * width);
    return blocks[index];
  };

  return {
    keep(slot, reading) {
      packReading(reading, blockOf(slot), (slot % BLOCK) * width, keepsProfiles);
      const { flags, estimated, warmingUp } = reading;
      notes[slot] = flags.length === 0 ? NO_NOTES : { flags, estimated, warmingUp };
    },
    read(slot) {
      const own = notes[slot];
      if (own === undefined) return undefined;
      const { values, profile } = unpackReading(blockOf(slot), (slot % BLOCK) * width, features, keepsProfiles);
      return { values, profile, ...own };
    },
    drop(slot) {
      notes[slot] = undefined;
    },
  };
}

const NO_NOTES: Notes = { flags: [], estimated: [], warmingUp: [] };
const orNull = (value: number): number | null => (Number.isNaN(value) ? null : value);

/** In the order of EMPTY_PROFILE, name by name: looked up by computed names this took three times as long. */
function packProfile(profile: Profile, block: Float64Array, at: number): void {
  block[at + 0] = profile.eventCount;
  block[at + 1] = profile.monetaryCount;
  block[at + 2] = orNaN(profile.secondsSinceFirst);
  block[at + 3] = orNaN(profile.secondsSinceLast);
  block[at + 4] = orNaN(profile.secondsSinceLastMonetary);
  block[at + 5] = orNaN(profile.typicalAmountMinor);
  block[at + 6] = orNaN(profile.amountZ);
  block[at + 7] = orNaN(profile.amountRatio);
  block[at + 8] = orNaN(profile.maxAmountMinor);
  block[at + 9] = orNaN(profile.hourShare);
  block[at + 10] = orNaN(profile.channelShare);
  block[at + 11] = orNaN(profile.deviceKnown);
  block[at + 12] = orNaN(profile.deviceAgeSeconds);
  block[at + 13] = orNaN(profile.payeeKnown);
  block[at + 14] = orNaN(profile.payeeAgeSeconds);
  block[at + 15] = orNaN(profile.ipKnown);
  block[at + 16] = orNaN(profile.placeKnown);
  block[at + 17] = orNaN(profile.countryKnown);
  block[at + 18] = orNaN(profile.distanceKm);
  block[at + 19] = orNaN(profile.speedKmh);
  block[at + 20] = orNaN(profile.secondsSinceLogin);
  block[at + 21] = orNaN(profile.secondsSincePasswordChange);
  block[at + 22] = orNaN(profile.secondsSincePayeeAdd);
  block[at + 23] = orNaN(profile.secondsSinceDeviceBind);
  block[at + 24] = orNaN(profile.secondsSinceLimitChange);
  block[at + 25] = orNaN(profile.secondsSinceContactChange);
  block[at + 26] = profile.knownDevices;
  block[at + 27] = profile.knownPayees;
}

const orNaN = (value: number | boolean | null): number => (value === null ? Number.NaN : Number(value));

/** Of computed names each profile would be a table of its own. */
function unpackProfile(block: Float64Array, at: number): Profile {
  const read = (index: number): number => block[at + index] as number;
  const known = (index: number): boolean | null => {
    const value = read(index);
    return Number.isNaN(value) ? null : value === 1;
  };
  return {
    eventCount: read(0),
    monetaryCount: read(1),
    secondsSinceFirst: orNull(read(2)),
    secondsSinceLast: orNull(read(3)),
    secondsSinceLastMonetary: orNull(read(4)),
    typicalAmountMinor: orNull(read(5)),
    amountZ: orNull(read(6)),
    amountRatio: orNull(read(7)),
    maxAmountMinor: orNull(read(8)),
    hourShare: orNull(read(9)),
    channelShare: orNull(read(10)),
    deviceKnown: known(11),
    deviceAgeSeconds: orNull(read(12)),
    payeeKnown: known(13),
    payeeAgeSeconds: orNull(read(14)),
    ipKnown: known(15),
    placeKnown: known(16),
    countryKnown: known(17),
    distanceKm: orNull(read(18)),
    speedKmh: orNull(read(19)),
    secondsSinceLogin: orNull(read(20)),
    secondsSincePasswordChange: orNull(read(21)),
    secondsSincePayeeAdd: orNull(read(22)),
    secondsSinceDeviceBind: orNull(read(23)),
    secondsSinceLimitChange: orNull(read(24)),
    secondsSinceContactChange: orNull(read(25)),
    knownDevices: read(26),
    knownPayees: read(27),
  };
}
