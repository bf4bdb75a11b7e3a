/**
 * Records what has happened into the feature store and the limits' counters, each transaction once. Recording is
 * idempotent, so that it may run beside live workers, be interrupted, and run again:
 *
 * - Live workers may have put today's events into a log before its history comes. What the store then refuses as too late,
 *   and was not too late when it came, is recorded with a lateness as long as the longest window: at its own place.
 * - The limits' store recognises a repeat for seven days (RECORD_LIFETIME_MS). An older transaction enters the limits only
 *   when this Redis cannot have counted it: it came before the data in Redis began.
 */
import type { FeatureReading } from '../domain/feature.ts';
import type { LimitRecord } from '../domain/limit.ts';
import type { FeatureStore, LimitUsageStore } from '../domain/ports.ts';
import { type ParsedTransaction, transactionKey } from '../domain/transaction.ts';
import type { Generation } from '../pipeline/generation.ts';
import type { RebuildItem } from './rebuild-items.ts';

export interface RebuildRecorderOptions {
  readonly store: FeatureStore;
  /** the same store with a lateness beyond every window */
  readonly patientStore: FeatureStore;
  readonly limits: LimitUsageStore;
  readonly generation: Generation;
  readonly allowedLatenessMs: number;
  readonly repeatHorizonMs: number;
  /** when the data in Redis began; undefined: a rebuild has already filled it, what is older is in it */
  readonly dataSinceMs: number | undefined;
  /** of the start */
  readonly nowMs: number;
}

export interface RebuildCounts {
  recorded: number;
  /** another content under an id that came before: the first one counts */
  conflicts: number;
  limits: number;
  /** of them: nobody knows whether they were blocked */
  undecided: number;
  /** blocked: what they had reserved was given back */
  released: number;
  /** first decisions that repeats will get again */
  decisions: number;
}

export interface RebuildRecorder {
  record(items: readonly RebuildItem[]): Promise<void>;
  readonly counts: Readonly<RebuildCounts>;
  /** the earliest event of all; undefined before the first */
  readonly firstEventMs: number | undefined;
}

const DAY_MS = 86_400_000;
/** a day less than the limits' store keeps a record: a rebuild takes its time */
const RECOGNISED_MS = 6 * DAY_MS;
/** a counter of a period that ended before this is read by nobody any more */
const PERIOD_GRACE_MS = 4 * DAY_MS;
/** ids in a row whose content is remembered, to tell a conflict; a day of six transactions a second */
const MOST_REMEMBERED = 500_000;

export function createRebuildRecorder(options: RebuildRecorderOptions): RebuildRecorder {
  const { store, limits, generation, nowMs } = options;
  const counts: RebuildCounts = { recorded: 0, conflicts: 0, limits: 0, undecided: 0, released: 0, decisions: 0 };
  const isConflict = createConflictFinder();
  let newestMs = Number.NEGATIVE_INFINITY;
  let firstEventMs: number | undefined;

  /** Was in time for every log, whichever events it had: only then may the store be overruled. */
  const wasInTime = ({ wasTooLate, parsed }: RebuildItem): boolean => {
    const { occurredAtMs } = parsed.transaction;
    newestMs = Math.max(newestMs, occurredAtMs);
    firstEventMs = Math.min(firstEventMs ?? occurredAtMs, occurredAtMs);
    return wasTooLate === undefined ? occurredAtMs >= newestMs - options.allowedLatenessMs : !wasTooLate;
  };

  async function recordFeatures(items: readonly RebuildItem[]): Promise<void> {
    const inTime = items.map(wasInTime);
    const parsed = items.map((item) => item.parsed);
    const readings = await store.recordAndRead(parsed);
    const refused = parsed.filter((_item, index) => inTime[index] === true && isTooLate(readings[index]));
    if (refused.length > 0) await options.patientStore.recordAndRead(refused);
  }

  async function recordLimits(items: readonly RebuildItem[]): Promise<void> {
    const countable = items.filter((item) => mayEnterLimits(item.arrivedMs, options));
    const records = countable.map(({ parsed, decision }) => ({
      record: withoutPast(generation.limitRecord(parsed.transaction), nowMs),
      isBlocked: decision?.isBlocked,
    }));
    const used = records.filter(({ record }) => record.counters.length > 0 || record.givesBack !== undefined);
    if (used.length === 0) return;
    await limits.recordAndRead(used.map(({ record }) => record));
    counts.limits += used.length;
    counts.undecided += used.filter(({ isBlocked }) => isBlocked === undefined).length;
    const blocked = used.filter(({ isBlocked }) => isBlocked === true).map(({ record }) => record);
    if (blocked.length > 0) await limits.release(blocked);
    counts.released += blocked.length;
  }

  /** Those that a repeat can still ask for. */
  async function keepDecisions(items: readonly RebuildItem[]): Promise<void> {
    const settlements = items.flatMap(({ parsed, decision }) => {
      if (decision === undefined || decision.decidedAtMs < nowMs - options.repeatHorizonMs) return [];
      const { channel, transactionId } = parsed.transaction;
      return [{ channel, transactionId, fingerprint: parsed.fingerprint, decision: decision.bytes }];
    });
    if (settlements.length > 0) await store.settle(settlements);
    counts.decisions += settlements.length;
  }

  return {
    async record(given) {
      const items = given.filter(({ parsed }) => !isConflict(parsed));
      counts.conflicts += given.length - items.length;
      if (items.length === 0) return;
      await Promise.all([recordFeatures(items), recordLimits(items)]);
      await keepDecisions(items);
      counts.recorded += items.length;
    },
    counts,
    get firstEventMs() {
      return firstEventMs;
    },
  };
}

const isTooLate = (reading: FeatureReading | undefined): boolean => reading?.flags.includes('TOO_LATE') === true;

function mayEnterLimits(
  arrivedMs: number,
  { nowMs, dataSinceMs }: Pick<RebuildRecorderOptions, 'nowMs' | 'dataSinceMs'>,
): boolean {
  return arrivedMs >= nowMs - RECOGNISED_MS || (dataSinceMs !== undefined && arrivedMs < dataSinceMs);
}

const withoutPast = (record: LimitRecord, nowMs: number): LimitRecord => ({
  ...record,
  counters: record.counters.filter(({ periodEndMs }) => periodEndMs >= nowMs - PERIOD_GRACE_MS),
});

function createConflictFinder(): (parsed: ParsedTransaction) => boolean {
  const fingerprints = new Map<string, string>();
  return ({ transaction, fingerprint }) => {
    const key = transactionKey(transaction.channel, transaction.transactionId);
    const known = fingerprints.get(key);
    if (known !== undefined) return known !== fingerprint;
    fingerprints.set(key, fingerprint);
    if (fingerprints.size > MOST_REMEMBERED) {
      const oldest = fingerprints.keys().next();
      if (oldest.done !== true) fingerprints.delete(oldest.value);
    }
    return false;
  };
}
