/**
 * The feature store as the pipeline sees it: it always answers. While the primary store (Redis) is down, a local store in
 * this process counts what this process sees (level L2), and everything it counted waits in a bounded backlog. When the
 * primary answers again the backlog is replayed in order of arrival (recording is idempotent, so a replay of something
 * that did get through is harmless) and only then does the primary serve again: a window never skips a transaction.
 *
 * What does not fit into the backlog is lost for the counters, and `countersIncomplete` says so until they are rebuilt.
 */
import type { Clock } from '../domain/clock.ts';
import { VigilError } from '../domain/errors.ts';
import type { FeatureReading } from '../domain/feature.ts';
import type { FeatureStore, Settlement } from '../domain/ports.ts';
import type { ParsedTransaction } from '../domain/transaction.ts';
import { type Budget, budgetFor, NO_BUDGET, withinBudget } from './fair-budget.ts';

export type ReadingSource = 'primary' | 'local';

export interface GuardedFeatureStore {
  recordAndRead(
    chunk: readonly ParsedTransaction[],
  ): Promise<{ readonly readings: readonly FeatureReading[]; readonly source: ReadingSource }>;
  settle(chunk: readonly Settlement[]): Promise<readonly { readonly fingerprint: string; readonly decision: string }[]>;
  readonly isDown: boolean;
  /** the backlog overflowed: counters are low until they are rebuilt */
  readonly countersIncomplete: boolean;
  close(): Promise<void>;
}

export interface GuardOptions {
  readonly primary: FeatureStore;
  /** a fresh, bounded in-process store for each outage */
  readonly createLocal: () => FeatureStore;
  readonly clock: Clock;
  /** how long the primary may take; without end where it is not given */
  readonly budget?: Budget;
  /** how long the primary is left alone after a failure */
  readonly retryAfterMs?: number;
  /** transactions and settlements kept for the replay */
  readonly maxBacklog?: number;
  readonly onOutage?: (
    event: 'start' | 'end',
    details: { readonly cause?: unknown; readonly replayed: number },
  ) => void;
}

type BacklogItem =
  | { readonly kind: 'record'; readonly chunk: readonly ParsedTransaction[] }
  | { readonly kind: 'settle'; readonly chunk: readonly Settlement[] };

export function createGuardedFeatureStore(options: GuardOptions): GuardedFeatureStore {
  const { clock, createLocal, onOutage } = options;
  const primary = withBudgets(options.primary, options.budget ?? NO_BUDGET);
  const retryAfterMs = options.retryAfterMs ?? 500;
  const maxBacklog = options.maxBacklog ?? 100_000;
  let local: FeatureStore | undefined;
  const backlog: BacklogItem[] = [];
  let backlogSize = 0;
  let replayed = 0;
  let nextTryMs = 0;
  let replaying: Promise<void> | undefined;
  let countersIncomplete = false;
  let replayBug: unknown;

  const startOutage = (cause: unknown): FeatureStore => {
    nextTryMs = clock.now() + retryAfterMs;
    if (local === undefined) {
      local = createLocal();
      replayed = 0;
      onOutage?.('start', { cause, replayed: 0 });
    }
    return local;
  };

  const keep = (item: BacklogItem): void => {
    if (backlogSize + item.chunk.length > maxBacklog) {
      countersIncomplete = true;
      return;
    }
    backlog.push(item);
    backlogSize += item.chunk.length;
  };

  const apply = (item: BacklogItem): Promise<unknown> =>
    item.kind === 'record' ? primary.recordAndRead(item.chunk) : primary.settle(item.chunk);

  /** One replay at a time; stops at the first failure and leaves the rest for the next try. */
  const replay = async (): Promise<void> => {
    try {
      for (let item = backlog[0]; item !== undefined; item = backlog[0]) {
        await apply(item);
        backlog.shift();
        backlogSize -= item.chunk.length;
        replayed += item.chunk.length;
      }
      const ended = local;
      local = undefined;
      onOutage?.('end', { replayed });
      await ended?.close();
    } catch (error) {
      if (!isOutage(error)) throw error;
      nextTryMs = clock.now() + retryAfterMs;
    } finally {
      replaying = undefined;
    }
  };

  /** The local store while there is an outage; starts a replay when it is time. */
  const outageStore = (): FeatureStore | undefined => {
    if (local !== undefined && replaying === undefined && clock.now() >= nextTryMs) {
      replaying = replay();
      replaying.catch((error: unknown) => {
        replayBug = error;
      });
    }
    if (replayBug !== undefined) throw replayBug;
    return local;
  };

  return {
    async recordAndRead(chunk) {
      let store = outageStore();
      if (store === undefined) {
        try {
          return { readings: await primary.recordAndRead(chunk), source: 'primary' };
        } catch (error) {
          if (!isOutage(error)) throw error;
          store = startOutage(error);
        }
      }
      keep({ kind: 'record', chunk });
      return { readings: await store.recordAndRead(chunk), source: 'local' };
    },
    async settle(chunk) {
      let store = outageStore();
      if (store === undefined) {
        try {
          return await primary.settle(chunk);
        } catch (error) {
          if (!isOutage(error)) throw error;
          store = startOutage(error);
        }
      }
      const standing = await store.settle(chunk);
      keep({ kind: 'settle', chunk: chunk.map((entry, i) => ({ ...entry, ...standing[i] })) });
      return standing;
    },
    get isDown() {
      return local !== undefined;
    },
    get countersIncomplete() {
      return countersIncomplete;
    },
    async close() {
      await replaying;
      await Promise.all([primary.close(), local?.close()]);
    },
  };
}

const isOutage = (error: unknown): boolean =>
  error instanceof VigilError && (error.code === 'FEATURE_STORE_UNAVAILABLE' || error.code === 'FEATURE_STORE_CORRUPT');

/** The effect of a call that is given up may still happen; recording and settling are safe to repeat. */
function withBudgets(store: FeatureStore, budget: Budget): Pick<FeatureStore, 'recordAndRead' | 'settle' | 'close'> {
  const late = (): VigilError =>
    new VigilError('FEATURE_STORE_UNAVAILABLE', 'the feature store did not answer within its budget');
  return {
    recordAndRead: (chunk) => withinBudget(store.recordAndRead(chunk), budgetFor(budget, chunk.length), late),
    settle: (chunk) => withinBudget(store.settle(chunk), budgetFor(budget, chunk.length), late),
    close: () => store.close(),
  };
}
