/**
 * The slots of the in-process store: for each recent transaction its first reading and, once settled, its first decision.
 * A repeat inside the horizon gets both, whatever it says. A ring of fixed size with an index of hashes (open addressing):
 * a Map from which the oldest is deleted all the time scans its own tombstones.
 */
import type { EarlierDecision, FeatureReading } from '../domain/feature.ts';
import { hash53 } from './hash.ts';
import { createPackedReadings } from './packed-readings.ts';

export interface SlotTable {
  /** −1 when there is none; valid until the next call that keeps something */
  find(transaction: string, hash: number): number;
  reading(slot: number): FeatureReading | undefined;
  decided(slot: number): EarlierDecision | undefined;
  /** `slot`: what `find` said of the transaction */
  keepReading(slot: number, transaction: string, hash: number, reading: FeatureReading, watermarkMs: number): void;
  /** the first one stays; answers the one that stands */
  keepDecision(transaction: string, decided: EarlierDecision): EarlierDecision;
}

export interface SlotTableOptions {
  readonly maxSlots: number;
  readonly horizonMs: number;
  readonly features: number;
  readonly keepsProfiles: boolean;
}

const ABSENT = -1;

export function createSlotTable({ maxSlots, horizonMs, features, keepsProfiles }: SlotTableOptions): SlotTable {
  const capacity = Math.max(1, maxSlots);
  const mask = 2 ** Math.ceil(Math.log2(capacity * 2)) - 1;
  /** slot + 1 by hash; 0 = free */
  const index = new Int32Array(mask + 1);
  const hashes = new Float64Array(capacity);
  const times = new Float64Array(capacity);
  const keys: (string | undefined)[] = [];
  const decisions: (EarlierDecision | undefined)[] = [];
  const readings = createPackedReadings(features, keepsProfiles);
  let next = 0;
  let newestMs = Number.NEGATIVE_INFINITY;

  const homeOf = (hash: number): number => (hash >>> 0) & mask;

  const find = (transaction: string, hash: number): number => {
    for (let place = homeOf(hash); ; place = (place + 1) & mask) {
      const slot = (index[place] as number) - 1;
      if (slot === ABSENT) return ABSENT;
      // an expired one may still stand before its successor
      const isExpired = newestMs - (times[slot] as number) > horizonMs;
      if (hashes[slot] === hash && !isExpired && keys[slot] === transaction) return slot;
    }
  };

  /** Takes a slot out of the index and closes the gap: what probed past it moves up. */
  const forget = (slot: number): void => {
    let place = homeOf(hashes[slot] as number);
    while (index[place] !== slot + 1) place = (place + 1) & mask;
    let gap = place;
    for (let other = (gap + 1) & mask; index[other] !== 0; other = (other + 1) & mask) {
      const home = homeOf(hashes[(index[other] as number) - 1] as number);
      if (((other - home) & mask) >= ((other - gap) & mask)) {
        index[gap] = index[other] as number;
        gap = other;
      }
    }
    index[gap] = 0;
  };

  const claim = (transaction: string, hash: number): number => {
    const slot = next;
    next = (next + 1) % capacity;
    if (keys[slot] !== undefined) forget(slot);
    hashes[slot] = hash;
    times[slot] = newestMs;
    keys[slot] = transaction;
    decisions[slot] = undefined;
    readings.drop(slot);
    let place = homeOf(hash);
    while (index[place] !== 0) place = (place + 1) & mask;
    index[place] = slot + 1;
    return slot;
  };

  return {
    find,
    reading: (slot) => readings.read(slot),
    decided: (slot) => decisions[slot],
    keepReading(slot, transaction, hash, reading, watermarkMs) {
      newestMs = watermarkMs;
      if (maxSlots > 0) readings.keep(slot === ABSENT ? claim(transaction, hash) : slot, reading);
    },
    keepDecision(transaction, decided) {
      const hash = hash53(transaction);
      const found = find(transaction, hash);
      const slot = found === ABSENT ? claim(transaction, hash) : found;
      decisions[slot] ??= decided;
      return decisions[slot];
    },
  };
}
