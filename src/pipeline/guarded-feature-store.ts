/**
 * The feature store as the pipeline sees it: it always answers. While the primary store (Redis) is down, a local store in
 * this process counts what this process sees (level L2), and everything it counted waits in a bounded backlog. When the
 * primary answers again the backlog is replayed in order of arrival (recording is idempotent, so a replay of something
 * that did get through is harmless) and only then does the primary serve again: a window never skips a transaction.
 *
 * What does not fit into the backlog is lost for the counters. `countersIncomplete` says so, and the primary is told of it
 * at the end of the outage: from then on it says so itself, to every process, until the counters are rebuilt.
 */
import type { Clock } from '../domain/clock.ts';
import { VigilError } from '../domain/errors.ts';
import type { FeatureReading } from '../domain/feature.ts';
import type { ChunkPosition, FeatureStore, Settlement } from '../domain/ports.ts';
import type { ParsedTransaction } from '../domain/transaction.ts';
import { withBudgets } from './budgeted-feature-store.ts';
import { type Budget, NO_BUDGET, withinBudget } from './fair-budget.ts';
import { createRecentDecisions } from './recent-decisions.ts';

export type ReadingSource = 'primary' | 'local';

export interface GuardedFeatureStore {
  recordAndRead(
    chunk: readonly ParsedTransaction[],
    position?: ChunkPosition,
  ): Promise<{ readonly readings: readonly FeatureReading[]; readonly source: ReadingSource }>;
  settle(
    chunk: readonly Settlement[],
    position?: ChunkPosition,
  ): Promise<readonly { readonly fingerprint: string; readonly decision: string }[]>;
  readonly isDown: boolean;
  /** the backlog overflowed or the primary says that it lost data: counters are low until they are rebuilt */
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
  /** for repeats during an outage: 5,000 where it is not given; 0 for a primary in this process, which has none */
  readonly maxRecent?: number;
  readonly onOutage?: (
    event: 'start' | 'end',
    details: { readonly cause?: unknown; readonly replayed: number },
  ) => void;
}

type BacklogItem = { readonly position: ChunkPosition | undefined } & (
  | { readonly kind: 'record'; readonly chunk: readonly ParsedTransaction[] }
  | { readonly kind: 'settle'; readonly chunk: readonly Settlement[] }
);

const REPLAY_PATIENCE_MS = 50;

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
  /** something of this outage fitted no more and will never be counted */
  let hasDropped = false;
  let mustTellLoss = false;
  let replayBug: unknown;
  const recent = createRecentDecisions(options.maxRecent);
  const patience: Budget = {
    ms: REPLAY_PATIENCE_MS,
    monotonicMs: options.budget?.monotonicMs ?? (() => clock.now()),
  };

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
      hasDropped = true;
      mustTellLoss = true;
      return;
    }
    // after a gap nothing may say that the partition is counted up to there
    backlog.push(hasDropped ? { ...item, position: undefined } : item);
    backlogSize += item.chunk.length;
  };

  const apply = (item: BacklogItem): Promise<unknown> =>
    item.kind === 'record'
      ? primary.recordAndRead(item.chunk, item.position)
      : primary.settle(item.chunk, item.position);

  const tellLoss = async (): Promise<void> => {
    const isTold = await primary.declareLoss();
    mustTellLoss = false;
    if (isTold) hasDropped = false;
  };

  /** One replay at a time; stops at the first failure and leaves the rest for the next try. */
  const replay = async (): Promise<void> => {
    try {
      // nothing may be awaited between the look at an empty backlog and the end of the outage: what comes in between would stay
      for (let item = backlog[0]; item !== undefined || mustTellLoss; item = backlog[0]) {
        if (item === undefined) {
          await tellLoss();
          continue;
        }
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

  /**
   * A replay that gets on is waited for a little: a worker that catches up would otherwise add to the backlog faster than
   * the replay takes from it, and stay at level L2 with a healthy server.
   */
  const outageStoreAfterPatience = async (): Promise<FeatureStore | undefined> => {
    if (outageStore() !== undefined && replaying !== undefined) {
      await withinBudget(replaying, patience, () => new Error('still replaying')).catch(() => undefined);
    }
    return outageStore();
  };

  const readLocally = async (
    store: FeatureStore,
    chunk: readonly ParsedTransaction[],
  ): Promise<readonly FeatureReading[]> => {
    const readings = await store.recordAndRead(chunk);
    return readings.map((reading, index) => {
      const transaction = chunk[index]?.transaction;
      const earlier = transaction && recent.find(transaction.channel, transaction.transactionId);
      return earlier === undefined ? reading : { ...reading, earlier };
    });
  };

  return {
    async recordAndRead(chunk, position) {
      let store = await outageStoreAfterPatience();
      if (store === undefined) {
        try {
          return { readings: await primary.recordAndRead(chunk, position), source: 'primary' };
        } catch (error) {
          if (!isOutage(error)) throw error;
          store = startOutage(error);
        }
      }
      keep({ kind: 'record', chunk, position });
      return { readings: await readLocally(store, chunk), source: 'local' };
    },
    async settle(chunk, position) {
      let store = outageStore();
      if (store === undefined) {
        try {
          const standing = await primary.settle(chunk, position);
          recent.keep(chunk, standing);
          return standing;
        } catch (error) {
          if (!isOutage(error)) throw error;
          store = startOutage(error);
        }
      }
      const standing = await store.settle(chunk);
      recent.keep(chunk, standing);
      keep({ kind: 'settle', chunk: chunk.map((entry, i) => ({ ...entry, ...standing[i] })), position });
      return standing;
    },
    get isDown() {
      return local !== undefined;
    },
    get countersIncomplete() {
      return hasDropped || options.primary.countersIncomplete === true;
    },
    async close() {
      // what waits goes with this process: one last try
      if (local !== undefined) await (replaying ?? replay());
      await Promise.all([primary.close(), local?.close()]);
    },
  };
}

const isOutage = (error: unknown): boolean =>
  error instanceof VigilError && (error.code === 'FEATURE_STORE_UNAVAILABLE' || error.code === 'FEATURE_STORE_CORRUPT');
