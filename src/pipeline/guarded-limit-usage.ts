/**
 * The limits' counters as the pipeline sees them: what was used of each period before a transaction, or null for the whole
 * chunk when the counters cannot be read. A limit without its counters is an errored limit, never an empty one.
 *
 * What could not be reserved or given back waits in a bounded backlog and is made good, in order, before anything is read
 * again: after an outage a customer has used what was used in it. (Recording is idempotent: a call that did get through
 * counts once.) What does not fit is lost for the counters; `onLoss` hears of it.
 */
import type { Clock } from '../domain/clock.ts';
import { VigilError } from '../domain/errors.ts';
import type { LimitRecord } from '../domain/limit.ts';
import type { LimitReading, LimitUsageStore } from '../domain/ports.ts';
import { type Budget, budgetFor, NO_BUDGET, withinBudget } from './fair-budget.ts';

export interface GuardedLimitUsage {
  recordAndRead(chunk: readonly LimitRecord[]): Promise<readonly LimitReading[] | null>;
  /** false when it could not be done yet: it waits in the backlog */
  release(chunk: readonly LimitRecord[]): Promise<boolean>;
  /** makes good what waits, if the counters can be reached */
  close(): Promise<void>;
}

export interface GuardedLimitOptions {
  readonly clock: Clock;
  readonly budget?: Budget;
  readonly onFailure?: (cause: VigilError) => void;
  /** something of an outage will never be counted; called until it resolves, once the counters can be reached again */
  readonly onLoss?: () => Promise<void>;
  /** how long the counters are left alone after a failure */
  readonly retryAfterMs?: number;
  /** records kept for later: about a kilobyte each */
  readonly maxBacklog?: number;
}

interface BacklogItem {
  readonly kind: 'reserve' | 'release';
  readonly chunk: readonly LimitRecord[];
}

/** a replay that gets on is waited for a little, or a worker that catches up would add faster than it takes */
const REPLAY_PATIENCE_MS = 50;

export function createGuardedLimitUsage(store: LimitUsageStore, options: GuardedLimitOptions): GuardedLimitUsage {
  const { clock, budget = NO_BUDGET, onFailure, onLoss, retryAfterMs = 500, maxBacklog = 50_000 } = options;
  const backlog: BacklogItem[] = [];
  let backlogSize = 0;
  let hasDropped = false;
  let nextTryMs = 0;
  let replaying: Promise<void> | undefined;
  const patience: Budget = {
    ms: REPLAY_PATIENCE_MS,
    monotonicMs: options.budget?.monotonicMs ?? (() => clock.now()),
  };

  const guarded = async <T>(count: number, work: () => Promise<T>): Promise<T | null> => {
    try {
      return await withinBudget(work(), budgetFor(budget, count), late);
    } catch (error) {
      if (!(error instanceof VigilError) || error.fate !== 'degrade') throw error;
      nextTryMs = clock.now() + retryAfterMs;
      onFailure?.(error);
      return null;
    }
  };
  const reserve = (chunk: readonly LimitRecord[]): Promise<readonly LimitReading[] | null> =>
    guarded(chunk.length, () => store.recordAndRead(chunk));
  const giveBack = (chunk: readonly LimitRecord[]): Promise<true | null> =>
    guarded(chunk.length, () => store.release(chunk).then(() => true as const));
  const tellLoss = (): Promise<true | null> =>
    guarded(0, () => (onLoss?.() ?? Promise.resolve()).then(() => true as const));

  const keep = (item: BacklogItem): void => {
    if (backlogSize + item.chunk.length > maxBacklog) {
      hasDropped = true;
      return;
    }
    backlog.push(item);
    backlogSize += item.chunk.length;
  };
  /** Stops at the first failure and leaves the rest for the next try. */
  const replay = async (): Promise<void> => {
    for (let item = backlog[0]; item !== undefined; item = backlog[0]) {
      const done = item.kind === 'reserve' ? await reserve(item.chunk) : await giveBack(item.chunk);
      if (done === null) return;
      backlog.shift();
      backlogSize -= item.chunk.length;
    }
    if (hasDropped && (await tellLoss()) !== null) hasDropped = false;
  };
  const startReplay = (): Promise<void> => {
    replaying ??= replay().finally(() => {
      replaying = undefined;
    });
    return replaying;
  };
  /** Whether the counters hold all that came before. */
  const isUpToDate = async (): Promise<boolean> => {
    if (backlog.length === 0 && !hasDropped) return true;
    if (replaying !== undefined || clock.now() >= nextTryMs) {
      // a bug of our own passes; only the wait has an end
      const isStill = await withinBudget(
        startReplay().then(() => false),
        patience,
        late,
      ).catch((error: unknown) => (error instanceof VigilError ? true : Promise.reject(error)));
      if (isStill) return false;
    }
    return backlog.length === 0;
  };

  return {
    async recordAndRead(chunk) {
      const isReadable = await isUpToDate();
      if (!isReadable) onFailure?.(behind());
      const readings = isReadable ? await reserve(chunk) : null;
      if (readings === null) keep({ kind: 'reserve', chunk });
      return readings;
    },
    async release(chunk) {
      const isDone = backlog.length === 0 && (await giveBack(chunk)) !== null;
      if (!isDone) keep({ kind: 'release', chunk });
      return isDone;
    },
    async close() {
      if (backlog.length > 0) await startReplay();
    },
  };
}

const behind = (): VigilError =>
  new VigilError('FEATURE_STORE_UNAVAILABLE', "the limits' counters do not yet hold everything of an outage");
const late = (): VigilError =>
  new VigilError('FEATURE_STORE_UNAVAILABLE', "the limits' counters did not answer within their budget");
