/**
 * The slots of the in-process store: for each recent transaction its first reading and, once settled, its first decision.
 * A repeat inside the horizon gets both, whatever it says. A ring of fixed size with an index of hashes (open addressing):
 * a Map from which the oldest is deleted all the time scans its own tombstones.
 */
import type { EarlierDecision, FeatureReading } from '../domain/feature.ts';
import { hashTransaction, type TransactionName } from './hash.ts';
import { insertInto, removeFrom } from './hash-index.ts';
import { createPackedNames } from './packed-names.ts';
import { createPackedReadings } from './packed-readings.ts';

export interface SlotTable {
  /** −1 when there is none; valid until the next call that keeps something. `hash`: hashTransaction of the name */
  find(name: TransactionName, hash: number): number;
  reading(slot: number): FeatureReading | undefined;
  decided(slot: number): EarlierDecision | undefined;
  /** `slot`: what `find` said of the transaction */
  keepReading(slot: number, name: TransactionName, hash: number, reading: FeatureReading, watermarkMs: number): void;
  /** the first one stays; answers the one that stands */
  keepDecision(name: TransactionName, decided: EarlierDecision): EarlierDecision;
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
  /** of slots: hash-index.ts */
  const index = new Int32Array(2 * (mask + 1));
  const hashes = new Float64Array(capacity);
  const times = new Float64Array(capacity);
  const names = createPackedNames();
  const decisions: (EarlierDecision | undefined)[] = [];
  const readings = createPackedReadings(features, keepsProfiles);
  let next = 0;
  let newestMs = Number.NEGATIVE_INFINITY;

  const find = (name: TransactionName, hash: number): number => {
    const word = hash | 0;
    for (let place = word & mask; ; place = (place + 1) & mask) {
      const slot = (index[2 * place + 1] as number) - 1;
      if (slot === ABSENT) return ABSENT;
      if (index[2 * place] !== word || hashes[slot] !== hash) continue;
      // an expired one may still stand before its successor
      const isExpired = newestMs - (times[slot] as number) > horizonMs;
      if (!isExpired && names.isSame(slot, name)) return slot;
    }
  };

  const claim = (name: TransactionName, hash: number): number => {
    const slot = next;
    next = (next + 1) % capacity;
    if (names.isKept(slot)) removeFrom(index, hashes[slot] as number, slot);
    hashes[slot] = hash;
    times[slot] = newestMs;
    names.keep(slot, name);
    decisions[slot] = undefined;
    readings.drop(slot);
    insertInto(index, hash, slot);
    return slot;
  };

  return {
    find,
    reading: (slot) => readings.read(slot),
    decided: (slot) => decisions[slot],
    keepReading(slot, name, hash, reading, watermarkMs) {
      newestMs = watermarkMs;
      if (maxSlots > 0) readings.keep(slot === ABSENT ? claim(name, hash) : slot, reading);
    },
    keepDecision(name, decided) {
      const hash = hashTransaction(name);
      const found = find(name, hash);
      const slot = found === ABSENT ? claim(name, hash) : found;
      decisions[slot] ??= decided;
      return decisions[slot];
    },
  };
}
