/**
 * The limits' counters as the pipeline sees them: what was used of each period before a transaction, or null for the whole
 * chunk when the counters cannot be read. A limit without its counters is an errored limit, never an empty one.
 */
import { VigilError } from '../domain/errors.ts';
import type { LimitUsage } from '../domain/facts.ts';
import type { ParsedTransaction } from '../domain/transaction.ts';

export interface GuardedLimitUsage {
  recordAndRead(chunk: readonly ParsedTransaction[]): Promise<readonly LimitUsage[] | null>;
}

export interface LimitUsageSource {
  recordAndRead(chunk: readonly ParsedTransaction[]): Promise<readonly LimitUsage[]>;
}

export function createGuardedLimitUsage(
  source: LimitUsageSource,
  onFailure?: (cause: VigilError) => void,
): GuardedLimitUsage {
  return {
    async recordAndRead(chunk) {
      try {
        return await source.recordAndRead(chunk);
      } catch (error) {
        if (!(error instanceof VigilError) || error.fate !== 'degrade') throw error;
        onFailure?.(error);
        return null;
      }
    },
  };
}
