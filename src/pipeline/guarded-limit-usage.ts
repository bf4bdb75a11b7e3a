/**
 * The limits' counters as the pipeline sees them: what was used of each period before a transaction, or null for the whole
 * chunk when the counters cannot be read. A limit without its counters is an errored limit, never an empty one.
 */
import { VigilError } from '../domain/errors.ts';
import type { LimitRecord } from '../domain/limit.ts';
import type { LimitReading, LimitUsageStore } from '../domain/ports.ts';
import { type Budget, budgetFor, NO_BUDGET, withinBudget } from './fair-budget.ts';

export interface GuardedLimitUsage {
  recordAndRead(chunk: readonly LimitRecord[]): Promise<readonly LimitReading[] | null>;
  /** false when it could not be done: the amounts stay reserved until their period ends */
  release(chunk: readonly LimitRecord[]): Promise<boolean>;
}

export function createGuardedLimitUsage(
  store: LimitUsageStore,
  options: { readonly budget?: Budget; readonly onFailure?: (cause: VigilError) => void } = {},
): GuardedLimitUsage {
  const { budget = NO_BUDGET, onFailure } = options;
  const guarded = async <T>(count: number, work: () => Promise<T>): Promise<T | null> => {
    try {
      return await withinBudget(work(), budgetFor(budget, count), late);
    } catch (error) {
      if (!(error instanceof VigilError) || error.fate !== 'degrade') throw error;
      onFailure?.(error);
      return null;
    }
  };
  return {
    recordAndRead: (chunk) => guarded(chunk.length, () => store.recordAndRead(chunk)),
    async release(chunk) {
      const done = await guarded(chunk.length, async () => {
        await store.release(chunk);
        return true;
      });
      return done ?? false;
    },
  };
}

const late = (): VigilError =>
  new VigilError('FEATURE_STORE_UNAVAILABLE', "the limits' counters did not answer within their budget");
