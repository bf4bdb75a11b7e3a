/**
 * The feature store in this process: the embedded default, the backtest and the twin that the Redis store is held to, bit
 * by bit. Same algorithm (packed-log.ts), same derivation of values. State is bounded; see MemoryStoreOptions.
 */
import type { EarlierDecision, FeatureReading } from '../domain/feature.ts';
import type { FeatureStore, Settlement } from '../domain/ports.ts';
import type { ParsedTransaction } from '../domain/transaction.ts';
import { planFeatures } from './feature-plan.ts';
import { hashTransaction } from './hash.ts';
import { createMemoryEngine, type MemoryStoreOptions, MOST_ITEMS } from './memory-engine.ts';
import { createSlotTable, type SlotTable } from './slot-table.ts';

export type { MemoryStoreOptions } from './memory-engine.ts';

const DEFAULT_MAX_SLOTS = 50_000;

export function createMemoryFeatureStore(options: MemoryStoreOptions): FeatureStore {
  const plan = planFeatures(options.catalogue);
  const slots = createSlotTable({
    maxSlots: options.maxSlots ?? DEFAULT_MAX_SLOTS,
    horizonMs: plan.repeatHorizonMs,
    features: plan.sources.length,
    keepsProfiles: options.keepsProfiles ?? true,
  });
  const engine = createMemoryEngine(plan, options);

  const read = (item: number, { transaction }: ParsedTransaction): FeatureReading => {
    const hash = hashTransaction(transaction);
    const slot = slots.find(transaction, hash);
    const known = slot < 0 ? undefined : slots.reading(slot);
    const decided = slot < 0 ? undefined : slots.decided(slot);
    if (known !== undefined) return withEarlier(known, decided);
    const reading = engine.visit(item, transaction, hash);
    slots.keepReading(slot, transaction, hash, reading, engine.watermarkMs());
    return withEarlier(reading, decided);
  };

  const readAll = (chunk: readonly ParsedTransaction[]): FeatureReading[] => {
    const readings: FeatureReading[] = [];
    for (let start = 0; start < chunk.length; start += MOST_ITEMS) {
      const part = chunk.slice(start, start + MOST_ITEMS);
      engine.begin(part);
      for (let item = 0; item < part.length; item++) readings.push(read(item, part[item] as ParsedTransaction));
    }
    return readings;
  };

  return {
    recordAndRead: async (chunk) => readAll(chunk),
    settle: async (chunk) => chunk.map((settlement) => settleOne(settlement, slots)),
    applyLabels: async (labels) => engine.labels.apply(labels),
    close: async () => {},
  };
}

const withEarlier = (reading: FeatureReading, earlier: EarlierDecision | undefined): FeatureReading =>
  earlier === undefined ? reading : { ...reading, earlier };

const settleOne = (settlement: Settlement, slots: SlotTable): EarlierDecision =>
  slots.keepDecision(settlement, { fingerprint: settlement.fingerprint, decision: settlement.decision });
