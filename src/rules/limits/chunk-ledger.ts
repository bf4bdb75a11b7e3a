/**
 * Makes limits independent of how a stream is cut into chunks. A whole chunk is reserved in one round trip, before any of it is
 * decided: a transaction therefore reads, as used, also what earlier ones of its own chunk have reserved and will give back
 * because they end in BLOCK. The pipeline decides a chunk in order, tells the ledger which ones were blocked, and reads the
 * usage through it. Repeats keep their first values. A blocked refund is not followed inside its chunk (none is ever seen).
 */
import type { LimitUsage } from '../../domain/facts.ts';
import type { LimitRecord } from '../../domain/limit.ts';
import type { LimitReading } from '../../domain/ports.ts';

export interface ChunkLedger {
  usage(reading: LimitReading): LimitUsage;
  blocked(record: LimitRecord, reading: LimitReading): void;
}

export function createChunkLedger(): ChunkLedger {
  const givenBack = new Map<string, { amountMinor: number; count: number }>();
  return {
    usage(reading) {
      if (givenBack.size === 0 || reading.repeated) return reading.usage;
      const usage = new Map(reading.usage);
      for (const [key, used] of reading.usage) {
        const back = givenBack.get(key);
        if (back === undefined) continue;
        usage.set(key, {
          amountMinor: Math.max(0, used.amountMinor - back.amountMinor),
          count: Math.max(0, used.count - back.count),
        });
      }
      return usage;
    },
    blocked(record, reading) {
      // what an earlier delivery has reserved may be released already: nobody may subtract it twice
      if (reading.repeated) return;
      for (const { key, amountMinor, count } of record.counters) {
        const back = givenBack.get(key);
        givenBack.set(key, {
          amountMinor: (back?.amountMinor ?? 0) + amountMinor,
          count: (back?.count ?? 0) + count,
        });
      }
    },
  };
}
