/**
 * The primary feature store with its time budgets. Recordings of one process go one after the other: a chunk that waited
 * behind three others of its own process would look like a slow server. Settling is short and waits for at most the one that
 * is under way: its budget has room for that and no more, or a channel would wait long for a server that is gone.
 */
import { VigilError } from '../domain/errors.ts';
import type { FeatureStore } from '../domain/ports.ts';
import { type Budget, budgetFor, withinBudget } from './fair-budget.ts';
import { createLane } from './lane.ts';

export function withBudgets(
  store: FeatureStore,
  budget: Budget,
): Pick<FeatureStore, 'recordAndRead' | 'settle' | 'close'> & { declareLoss(): Promise<boolean> } {
  const lane = createLane();
  /** transactions of the recording that is under way */
  let ahead = 0;
  return {
    recordAndRead: (chunk, position) =>
      lane(async () => {
        ahead = chunk.length;
        try {
          return await withinBudget(store.recordAndRead(chunk, position), budgetFor(budget, chunk.length), late);
        } finally {
          ahead = 0;
        }
      }),
    settle: (chunk, position) =>
      withinBudget(store.settle(chunk, position), budgetFor(budget, chunk.length + ahead), late),
    /** false: the store has no way to say it */
    async declareLoss() {
      if (store.declareLoss === undefined) return false;
      await withinBudget(store.declareLoss(), budgetFor(budget, 1 + ahead), late);
      return true;
    },
    close: () => store.close(),
  };
}

/** The effect of a call that is given up may still happen; recording and settling are safe to repeat. */
const late = (): VigilError =>
  new VigilError('FEATURE_STORE_UNAVAILABLE', 'the feature store did not answer within its budget');
