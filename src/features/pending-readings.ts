/** The first readings of recent transactions by identity, in this process; the oldest give way. */
import type { FeatureReading } from '../domain/feature.ts';

export interface PendingReadings {
  get(transaction: string): FeatureReading | undefined;
  keep(transaction: string, reading: FeatureReading): void;
}

export function createPendingReadings(most: number): PendingReadings {
  const readings = new Map<string, FeatureReading>();
  return {
    get: (transaction) => readings.get(transaction),
    keep(transaction, reading) {
      if (readings.has(transaction)) return;
      readings.set(transaction, reading);
      if (readings.size <= most) return;
      const oldest = readings.keys().next();
      if (oldest.done !== true) readings.delete(oldest.value);
    },
  };
}
