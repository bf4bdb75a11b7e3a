/**
 * Usage counters in the process: the embedded default and the backtest. The same algorithm as redis-limit-usage-store.ts.
 *
 * Reserve, then release. `recordAndRead` counts what is asked for at once, before the decision, so two payments that are
 * decided at the same time cannot both take the last head-room; `release` gives it back when the decision is BLOCK. HOLD and
 * CHALLENGE keep their reservation: the money may still go, and a reversal gives it back if it does not. If the process dies
 * between the two, the repeat finds its record, gets the first values, is decided again and released then.
 *
 * Once: a record per (owner, channel, transactionId) holds the first values, what was added, and what is left of it to give
 * back. Bounded: lifetimes of usage-retention.ts, and `maxEntries` for each kind of thing, the oldest going first
 * (counted in `evicted`: from then on usage is too low, so size it for a year of active customers).
 */
import type { Clock } from '../../../domain/clock.ts';
import type {
  LimitCalendarPeriod,
  LimitCounter,
  LimitGiveBack,
  LimitOwner,
  LimitRecord,
} from '../../../domain/limit.ts';
import type { LimitReading, LimitUsageStore } from '../../../domain/ports.ts';
import { COUNTER_LIFETIME_MS, MAX_COUNTER, RECORD_LIFETIME_MS, toSafeNumber } from './usage-retention.ts';

export interface MemoryLimitUsageOptions {
  /** `events`: time is the newest transaction's, so that history of years runs through in minutes and lifetimes are as live */
  readonly clock: Clock | 'events';
  /** of counters per kind of period, and of records */
  readonly maxEntries?: number;
}

export interface MemoryLimitUsageStore extends LimitUsageStore {
  readonly evicted: number;
}

interface Used {
  amount: bigint;
  count: number;
}

/** What one transaction has done to the counters of one owner. */
interface OwnerRecord {
  readonly first: ReadonlyMap<string, { readonly amountMinor: number; readonly count: number }>;
  readonly originalFound: boolean | null;
  /** counters that were fed; what is left of the feed */
  readonly fed: readonly { readonly key: string; readonly period: LimitCalendarPeriod }[];
  amountLeft: bigint;
  countLeft: number;
  released: boolean;
  /** the correction that took its place; it has given the place back when it was released */
  replacedBy: OwnerRecord | undefined;
  readonly gaveBack: { readonly original: OwnerRecord; readonly amount: bigint; readonly count: number } | null;
}

const DEFAULT_MAX_ENTRIES = 2_000_000;

export function createMemoryLimitUsageStore(options: MemoryLimitUsageOptions): MemoryLimitUsageStore {
  const maxEntries = options.maxEntries ?? DEFAULT_MAX_ENTRIES;
  let newestMs = Number.NEGATIVE_INFINITY;
  const { clock } = options;
  const now = (): number => (clock === 'events' ? newestMs : clock.now());
  const counters = {
    day: createExpiringMap<Used>(COUNTER_LIFETIME_MS.day, maxEntries),
    month: createExpiringMap<Used>(COUNTER_LIFETIME_MS.month, maxEntries),
    year: createExpiringMap<Used>(COUNTER_LIFETIME_MS.year, maxEntries),
  };
  const records = createExpiringMap<OwnerRecord>(RECORD_LIFETIME_MS, maxEntries);
  const references = createExpiringMap<OwnerRecord>(RECORD_LIFETIME_MS, maxEntries);

  /** false when the counter would pass int64: then nothing is added. Never below 0: its counter may have expired meanwhile. */
  function add(key: string, period: LimitCalendarPeriod, amount: bigint, count: number): boolean {
    const used = counters[period].get(key, now()) ?? { amount: 0n, count: 0 };
    if (used.amount + amount > MAX_COUNTER) return false;
    const next = { amount: atLeast0(used.amount + amount), count: Math.max(0, used.count + count) };
    counters[period].set(key, next, now());
    return true;
  }

  /** Takes from the counters of a record that have not expired; a negative amount puts back what was taken. */
  function giveBack(original: OwnerRecord, amount: bigint, count: number): void {
    original.amountLeft -= amount;
    original.countLeft -= count;
    for (const { key, period } of original.fed) {
      if (counters[period].get(key, now()) !== undefined) add(key, period, -amount, -count);
    }
  }

  function findOriginal(owner: LimitOwner, back: LimitGiveBack): OwnerRecord | undefined {
    const byId =
      back.transactionId === undefined
        ? undefined
        : records.get(recordKey(owner, back.channel, back.transactionId), now());
    const hasReferences = back.stan !== undefined && back.rrn !== undefined;
    const found =
      byId ??
      (hasReferences ? references.get(referenceKey(owner, back.channel, back.stan, back.rrn), now()) : undefined);
    const standing = back.kind === 'correction' ? versionThatStands(found) : found;
    return standing?.released ? undefined : standing;
  }

  function undo(owner: LimitOwner, back: LimitGiveBack): OwnerRecord['gaveBack'] {
    const original = findOriginal(owner, back);
    if (original === undefined) return null;
    const asked = back.kind === 'refund' ? BigInt(back.amountMinor) : original.amountLeft;
    const amount = asked < original.amountLeft ? asked : original.amountLeft;
    const count = amount === original.amountLeft ? original.countLeft : 0;
    giveBack(original, amount, count);
    return { original, amount, count };
  }

  function record(owner: LimitOwner, entry: LimitRecord): { readonly record: OwnerRecord; readonly repeated: boolean } {
    const key = recordKey(owner, entry.channel, entry.transactionId);
    const earlier = records.get(key, now());
    if (earlier !== undefined) return { record: earlier, repeated: true };
    const gaveBack = entry.givesBack === undefined ? null : undo(owner, entry.givesBack);
    const own = entry.counters.filter((counter) => counter.owner.kind === owner.kind);
    const first = new Map(own.map((counter) => [counter.key, read(counter)]));
    const fed = own.filter(({ key, period, amountMinor, count }) => add(key, period, BigInt(amountMinor), count));
    const made: OwnerRecord = {
      first,
      originalFound: entry.givesBack === undefined ? null : gaveBack !== null,
      fed: fed.map(({ key, period }) => ({ key, period })),
      amountLeft: BigInt(own[0]?.amountMinor ?? 0),
      countLeft: own[0]?.count ?? 0,
      released: false,
      replacedBy: undefined,
      gaveBack,
    };
    if (gaveBack !== null && entry.givesBack?.kind === 'correction') gaveBack.original.replacedBy = made;
    records.set(key, made, now());
    if (entry.references !== undefined) {
      references.set(referenceKey(owner, entry.channel, entry.references.stan, entry.references.rrn), made, now());
    }
    return { record: made, repeated: false };
  }

  function read(counter: LimitCounter): { amountMinor: number; count: number } {
    const used = counters[counter.period].get(counter.key, now());
    return { amountMinor: toSafeNumber(used?.amount ?? 0n), count: used?.count ?? 0 };
  }

  function release(owner: LimitOwner, entry: LimitRecord): void {
    const held = records.get(recordKey(owner, entry.channel, entry.transactionId), now());
    if (held === undefined || held.released) return;
    giveBack(held, held.amountLeft, held.countLeft);
    held.released = true;
    if (held.gaveBack !== null) giveBack(held.gaveBack.original, -held.gaveBack.amount, -held.gaveBack.count);
  }

  return {
    recordAndRead: async (chunk) =>
      chunk.map((entry): LimitReading => {
        newestMs = Math.max(newestMs, entry.occurredAtMs);
        const done = entry.owners.map((owner) => record(owner, entry));
        return {
          usage: new Map(done.flatMap((part) => [...part.record.first])),
          repeated: done.some((part) => part.repeated),
          originalFound: entry.givesBack === undefined ? null : done.some((part) => part.record.originalFound === true),
        };
      }),
    release: async (chunk) => {
      for (const entry of chunk) for (const owner of entry.owners) release(owner, entry);
    },
    close: async () => undefined,
    get evicted() {
      return [counters.day, counters.month, counters.year, records, references].reduce(
        (sum, map) => sum + map.evicted(),
        0,
      );
    },
  };
}

/** Of two corrections of one original the second replaces the first. */
function versionThatStands(original: OwnerRecord | undefined): OwnerRecord | undefined {
  let standing = original;
  while (standing?.replacedBy !== undefined && !standing.replacedBy.released) standing = standing.replacedBy;
  return standing;
}

const atLeast0 = (amount: bigint): bigint => (amount < 0n ? 0n : amount);
/** Channel codes hold no "/", and the lengths keep ids of any content apart. */
const recordKey = (owner: LimitOwner, channel: string, id: string): string =>
  `${owner.kind}/${owner.id.length}:${owner.id}/${channel}/${id}`;
const referenceKey = (owner: LimitOwner, channel: string, stan: string, rrn: string): string =>
  recordKey(owner, channel, `${stan.length}:${stan}/${rrn}`);

/** Entries live for a fixed time after their first write, so the oldest are always at the front. */
function createExpiringMap<T>(lifetimeMs: number, maxEntries: number) {
  const entries = new Map<string, { value: T; readonly writtenAtMs: number }>();
  let evictions = 0;
  /** no entry is older: to look for the first one costs an iterator over what was deleted before it */
  let oldestMs = Number.NEGATIVE_INFINITY;
  function shrink(nowMs: number): void {
    if (nowMs - oldestMs < lifetimeMs && entries.size <= maxEntries) return;
    for (const [key, { writtenAtMs }] of entries) {
      const isExpired = nowMs - writtenAtMs >= lifetimeMs;
      oldestMs = writtenAtMs;
      if (!isExpired && entries.size <= maxEntries) return;
      if (!isExpired) evictions += 1;
      entries.delete(key);
    }
  }
  return {
    get(key: string, nowMs: number): T | undefined {
      const entry = entries.get(key);
      return entry === undefined || nowMs - entry.writtenAtMs >= lifetimeMs ? undefined : entry.value;
    },
    set(key: string, value: T, nowMs: number): void {
      const entry = entries.get(key);
      if (entry !== undefined && nowMs - entry.writtenAtMs < lifetimeMs) {
        entry.value = value;
        return;
      }
      entries.delete(key);
      entries.set(key, { value, writtenAtMs: nowMs });
      shrink(nowMs);
    },
    evicted: (): number => evictions,
  };
}
