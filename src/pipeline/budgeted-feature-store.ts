/**
 * The primary feature store with its time budgets. Recordings of one process go one after the other: a chunk that waited
 * behind three others of its own process would look like a slow server. Settling is short and waits for at most one of them.
 */
import { VigilError } from '../domain/errors.ts';
import type { FeatureStore } from '../domain/ports.ts';
import { type Budget, budgetFor, withinBudget } from './fair-budget.ts';
import { createLane } from './lane.ts';

/** what a settlement may have to wait for: one recording of this size that is under way */
const RECORDING_AHEAD = 256;

export function withBudgets(
  store: FeatureStore,
  budget: Budget,
): Pick<FeatureStore, 'recordAndRead' | 'settle' | 'close'> & { declareLoss(): Promise<boolean> } {
  const lane = createLane();
  return {
    recordAndRead: (chunk, position) =>
      lane(() => withinBudget(store.recordAndRead(chunk, position), budgetFor(budget, chunk.length), late)),
    settle: (chunk, position) =>
      withinBudget(store.settle(chunk, position), budgetFor(budget, chunk.length + RECORDING_AHEAD), late),
    /** false: the store has no way to say it */
    async declareLoss() {
      if (store.declareLoss === undefined) return false;
      await withinBudget(store.declareLoss(), budgetFor(budget, RECORDING_AHEAD), late);
      return true;
    },
    close: () => store.close(),
  };
}

/** The effect of a call that is given up may still happen; recording and settling are safe to repeat. */
const late = (): VigilError =>
  new VigilError('FEATURE_STORE_UNAVAILABLE', 'the feature store did not answer within its budget');
