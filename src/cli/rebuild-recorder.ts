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
import type { KnownDecision, RebuildItem } from './rebuild-items.ts';

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
  /** each transaction once, as far as MOST_REMEMBERED reaches */
  recorded: number;
  repeats: number;
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
/** ids in a row that are remembered, to tell repeats and conflicts; a day of six transactions a second */
const MOST_REMEMBERED = 500_000;

export function createRebuildRecorder(options: RebuildRecorderOptions): RebuildRecorder {
  const { store, limits, generation, nowMs } = options;
  const counts: RebuildCounts = {
    recorded: 0,
    repeats: 0,
    conflicts: 0,
    limits: 0,
    undecided: 0,
    released: 0,
    decisions: 0,
  };
  const memory = createMemory();
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
      parsed,
      decision,
    }));
    const used = records.filter(({ record }) => record.counters.length > 0 || record.givesBack !== undefined);
    if (used.length === 0) return;
    await limits.recordAndRead(used.map(({ record }) => record));
    const blocked = used.filter(({ decision }) => decision?.isBlocked === true).map(({ record }) => record);
    if (blocked.length > 0) await limits.release(blocked);
    for (const { parsed, decision } of used) countLimits(memory.find(parsed), decision);
  }

  /** Each once, though it may come from the transactions topic and again with its decision. */
  function countLimits(seen: Seen, decision: KnownDecision | undefined): void {
    if (!seen.isInLimits) counts.limits += 1;
    if (!seen.isInLimits && decision === undefined) counts.undecided += 1;
    if (seen.isInLimits && decision !== undefined && !seen.isDecided) counts.undecided -= 1;
    if (decision?.isBlocked === true && !seen.isDecided) counts.released += 1;
    seen.isInLimits = true;
    seen.isDecided ||= decision !== undefined;
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
      const items = given.filter(({ parsed }) => {
        const kind = memory.see(parsed);
        counts[kind] += 1;
        return kind !== 'conflicts';
      });
      if (items.length === 0) return;
      await Promise.all([recordFeatures(items), recordLimits(items)]);
      await keepDecisions(items);
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

interface Seen {
  readonly fingerprint: string;
  isInLimits: boolean;
  isDecided: boolean;
}

/** What came lately, by identity; the oldest gives way. */
function createMemory() {
  const known = new Map<string, Seen>();
  const keyOf = ({ transaction }: ParsedTransaction): string =>
    transactionKey(transaction.channel, transaction.transactionId);
  const keep = (key: string, fingerprint: string): Seen => {
    const seen = { fingerprint, isInLimits: false, isDecided: false };
    known.set(key, seen);
    if (known.size > MOST_REMEMBERED) {
      const oldest = known.keys().next();
      if (oldest.done !== true) known.delete(oldest.value);
    }
    return seen;
  };
  return {
    see(parsed: ParsedTransaction): 'recorded' | 'repeats' | 'conflicts' {
      const key = keyOf(parsed);
      const seen = known.get(key);
      if (seen !== undefined) return seen.fingerprint === parsed.fingerprint ? 'repeats' : 'conflicts';
      keep(key, parsed.fingerprint);
      return 'recorded';
    },
    find: (parsed: ParsedTransaction): Seen => known.get(keyOf(parsed)) ?? keep(keyOf(parsed), parsed.fingerprint),
  };
}
