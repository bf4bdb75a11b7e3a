/**
 * The slots of the in-process store: for each recent transaction its first reading and, once settled, its first decision.
 * A repeat inside the horizon gets both, whatever it says. Bounded in number and in event time.
 */
import type { EarlierDecision, FeatureReading } from '../domain/feature.ts';

export interface Slot {
  readonly reading: FeatureReading | undefined;
  readonly decided: EarlierDecision | undefined;
  readonly atMs: number;
}

export interface SlotTable {
  get(transaction: string): Slot | undefined;
  keepReading(transaction: string, reading: FeatureReading, watermarkMs: number): void;
  /** the first one stays; answers the one that stands */
  keepDecision(transaction: string, decided: EarlierDecision): EarlierDecision;
}

export function createSlotTable(maxSlots: number, horizonMs: number): SlotTable {
  const slots = new Map<string, Slot>();
  let newestMs = Number.NEGATIVE_INFINITY;

  const forgetOld = (): void => {
    for (const [key, slot] of slots) {
      if (slots.size < maxSlots && slot.atMs >= newestMs - horizonMs) return;
      slots.delete(key);
    }
  };

  return {
    get: (transaction) => slots.get(transaction),
    keepReading(transaction, reading, watermarkMs) {
      newestMs = watermarkMs;
      forgetOld();
      if (maxSlots > 0)
        slots.set(transaction, { reading, decided: slots.get(transaction)?.decided, atMs: watermarkMs });
    },
    keepDecision(transaction, decided) {
      const slot = slots.get(transaction);
      if (slot?.decided !== undefined) return slot.decided;
      slots.set(transaction, { reading: slot?.reading, decided, atMs: slot?.atMs ?? newestMs });
      return decided;
    },
  };
}
