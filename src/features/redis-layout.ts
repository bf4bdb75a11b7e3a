/**
 * The bytes that go to and come from lua/record-and-read.lua: updates and replies. The script's head describes the format;
 * what it is told of the streams is in redis-streams.ts. Pure.
 */
import { RAW, type StreamPlan, type WindowPlan } from './feature-plan.ts';
import { hash53 } from './hash.ts';
import { VISIT, type Visit } from './packed-log.ts';
import { addAmount, type LogEvent, writeSquares } from './raw-numbers.ts';
import { WRAP } from './wide-sum.ts';

const NONE = -1;
const DAY_MS = 86_400_000;

interface WindowLayout {
  readonly plan: WindowPlan;
  /** places in the trailer; a plain window's edge stands there only while it is kept */
  readonly loAt: number;
  readonly hiAt: number;
  readonly maxAt: number;
  readonly minAt: number;
  readonly distinctAt: number;
}

export interface RedisLayout {
  readonly stream: StreamPlan;
  /** the last part of a log's key */
  readonly id: string;
  readonly members: number;
  /** those that always keep their edges, then the plain ones, each the widest first */
  readonly windows: readonly WindowLayout[];
  /** how many of them always keep their edges */
  readonly special: number;
  readonly recordSize: number;
  /** bytes of the cumulative sums, from byte 16 of a record */
  readonly sumsSize: number;
  readonly presentAt: number;
  readonly squaresAt: number;
  /** of the edges that are always kept, and of one plain window's edge */
  readonly specialSize: number;
  readonly edgeSize: number;
  /** with every edge: the most that it can be */
  readonly trailerSize: number;
  /** bytes that are read at the end of a log: its trailer, and at least the last three records */
  readonly readSize: number;
  /** members or labels: the log has a companion hash */
  readonly hasCompanion: boolean;
  /** of the set of windows: another set finds its places anew */
  readonly set: number;
}

export const SUMS_AT = 16;
export const FIXED_TRAILER = 28;
/** Redis hashes every string that Lua makes, 1.4 ns a byte: a call that another edge costs is as much as 600 bytes. */
const READ = { records: 3, bytes: 256 } as const;
/** one byte says how many plain edges are kept; further windows always keep theirs */
const MOST_PLAIN = 255;

export function redisLayoutOf(stream: StreamPlan): RedisLayout {
  const hasValue = stream.value !== undefined;
  const presentAt = hasValue && stream.needsPresent ? 12 : NONE;
  const squaresAt = hasValue && stream.needsSquares ? 16 : NONE;
  const currencySize = stream.net ? 4 : 0;
  const sumsSize = hasValue ? 12 + (presentAt === NONE ? 0 : 4) + (squaresAt === NONE ? 0 : 20) + currencySize : 0;
  const extremes = (stream.needsMax ? 1 : 0) + (stream.needsMin ? 1 : 0);
  const members = stream.members.length;
  let at = 0;
  const take = (size: number): number => {
    at += size;
    return at - size;
  };
  const widestFirst = stream.windows.toSorted((a, b) => b.windowMs + b.delayMs - a.windowMs - a.delayMs);
  const plain = widestFirst.filter((plan) => plan.isPlain).slice(-MOST_PLAIN);
  const special = widestFirst.filter((plan) => !plain.includes(plan));
  const edgeSize = 12 + sumsSize;
  const windows = [...special, ...plain].map((plan) => ({
    plan,
    loAt: take(edgeSize),
    hiAt: plan.delayMs > 0 ? take(20 + sumsSize) : NONE,
    maxAt: plan.needsMax ? take(12) : NONE,
    minAt: plan.needsMin ? take(12) : NONE,
    distinctAt: plan.needsDistinct ? take(4 * members) : NONE,
  }));
  const recordSize = SUMS_AT + sumsSize + 8 * extremes + 16 * members;
  const trailerSize = at + FIXED_TRAILER;
  return {
    stream,
    id: logId(stream),
    members,
    windows,
    special: special.length,
    recordSize,
    sumsSize,
    presentAt,
    squaresAt,
    specialSize: at - plain.length * edgeSize,
    edgeSize,
    trailerSize,
    readSize: Math.max(trailerSize + READ.records * recordSize, trailerSize - plain.length * edgeSize + READ.bytes),
    hasCompanion: members > 0 || stream.needsLabels,
    // never 0, which stands for no set at all; the trailer has another use for the highest bit of its 24
    set: 1 + (hash53(JSON.stringify(windows.map(({ plan }) => kindOf(plan)))) % (2 ** 23 - 1)),
  };
}

const kindOf = (plan: WindowPlan): readonly number[] => [plan.windowMs, plan.delayMs, windowFlags(plan)];

const windowFlags = (plan: WindowPlan): number =>
  (plan.excludeCurrent ? 1 : 0) + (plan.needsMax ? 2 : 0) + (plan.needsMin ? 4 : 0) + (plan.needsDistinct ? 8 : 0);

/**
 * Of the bytes of a log. A part of its key, and of what the state says of its age: what was written in another format is
 * never read, and expires; the log starts anew and its features are warming up, or are rebuilt.
 */
const LOG_FORMAT = 2;

export const logId = (stream: StreamPlan): string => `${stream.id}.${LOG_FORMAT}`;

/** Time to live after a write: nobody can ask for the records of an idle log any more. */
export const logTtlMs = (stream: StreamPlan): number => stream.retentionMs + DAY_MS;

/** Appends one update's numbers; answers the place after them. `out` is long enough: see `updateLength`. */
export function writeUpdate(
  out: Float64Array,
  at: number,
  layout: RedisLayout,
  belongs: boolean,
  event: LogEvent,
): number {
  let next = at;
  out[next++] = layout.stream.index;
  out[next++] = belongs ? 1 : 0;
  out[next++] = event.timeMs;
  out[next++] = event.id;
  out[next++] = event.value;
  if (layout.squaresAt !== NONE) {
    out[next++] = event.squareLow;
    out[next++] = event.squareHigh;
  }
  if (layout.stream.net) out[next++] = event.currency;
  for (let column = 0; column < layout.members; column++) out[next++] = event.members[column] as number;
  return next;
}

export const updateLength = (layout: RedisLayout): number =>
  5 + (layout.squaresAt === NONE ? 0 : 2) + (layout.stream.net ? 1 : 0) + layout.members;

// ── replies ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/** How many strings an update with this status is answered by. */
export const replyParts = (layout: RedisLayout, status: Visit): number =>
  (status === VISIT.inOrder ? 2 : 1) + (layout.stream.needsLabels ? 1 : 0);

/** Fills the raw numbers of the stream's windows from its strings, the first at `at`. Throws a RangeError when one ends early. */
export function readReply(
  layout: RedisLayout,
  status: Visit,
  reply: readonly Buffer[],
  at: number,
  event: LogEvent,
  raw: Float64Array,
): void {
  const first = reply[at] as Buffer;
  if (status === VISIT.inOrder) readInOrder(layout, first, reply[at + 1] as Buffer, event, raw);
  else readEvaluated(layout, first, event, status, raw);
  if (layout.stream.needsLabels) readFrauds(layout, reply[at + replyParts(layout, status) - 1] as Buffer, raw);
}

/** What is before a time with half a millisecond was lost (redis-quarantine.ts), not dropped: no event has such a time. */
export function clippedBy(startMs: number, droppedMs: number): number {
  if (startMs >= droppedMs) return 0;
  return Number.isInteger(droppedMs) ? 1 : 2;
}

function readFrauds(layout: RedisLayout, frauds: Buffer, raw: Float64Array): void {
  layout.windows.forEach(({ plan }, index) => {
    raw[plan.rawAt + RAW.frauds] = frauds.readUInt32LE(4 * index);
  });
}

const NO_RECORD = Buffer.alloc(1_024);

/**
 * `before`: the last records and the trailer as they were, empty for a new log. `written`: the new record and the trailer.
 * A plain window whose edge is not kept has its oldest event among them.
 */
function readInOrder(layout: RedisLayout, before: Buffer, written: Buffer, event: LogEvent, raw: Float64Array): void {
  const { recordSize, special, specialSize, edgeSize, windows } = layout;
  const end = written.length;
  const edges = written[end - 4] as number;
  const n = written.readUInt32LE(end - 8) - 1;
  const droppedMs = written.readDoubleLE(end - FIXED_TRAILER);
  const isNew = before.length === 0;
  const earlier = isNew ? NO_RECORD : before;
  const recordsEnd = isNew
    ? recordSize
    : before.length - specialSize - (before[before.length - 4] as number) * edgeSize - FIXED_TRAILER;
  const lastMs = n > 0 ? earlier.readDoubleLE(recordsEnd - recordSize) : Number.NEGATIVE_INFINITY;
  let lo = n;
  for (let index = windows.length - 1; index >= 0; index--) {
    const window = windows[index] as WindowLayout;
    const { plan } = window;
    const { rawAt } = plan;
    raw[rawAt + RAW.clipped] = clippedBy(event.timeMs - plan.delayMs - plan.windowMs, droppedMs);
    if (index < special) {
      readSpecial(layout, window, earlier, recordsEnd, written, n, raw);
    } else if (index < special + edges) {
      const at = recordSize + window.loAt;
      const from = written.readUInt32LE(at);
      raw[rawAt + RAW.count] = n + 1 - from;
      raw[rawAt + RAW.first] = from < n ? written.readDoubleLE(at + 4) : Number.NEGATIVE_INFINITY;
      raw[rawAt + RAW.last] = from < n ? lastMs : Number.NEGATIVE_INFINITY;
      readSums(layout, written, SUMS_AT, written, at + 12, raw, rawAt);
    } else {
      const start = event.timeMs - plan.windowMs;
      while (lo > 0 && earlier.readDoubleLE(recordsEnd - (n - lo + 1) * recordSize) > start) lo--;
      const at = recordsEnd - (n - lo) * recordSize;
      raw[rawAt + RAW.count] = n + 1 - lo;
      raw[rawAt + RAW.first] = lo < n ? earlier.readDoubleLE(at) : Number.NEGATIVE_INFINITY;
      raw[rawAt + RAW.last] = lo < n ? lastMs : Number.NEGATIVE_INFINITY;
      readSums(layout, written, SUMS_AT, earlier, at - recordSize + SUMS_AT, raw, rawAt);
    }
  }
}

/** A window that always keeps its edge. */
function readSpecial(
  layout: RedisLayout,
  window: WindowLayout,
  earlier: Buffer,
  recordsEnd: number,
  written: Buffer,
  n: number,
  raw: Float64Array,
): void {
  const { plan } = window;
  const { rawAt } = plan;
  const { recordSize } = layout;
  const at = recordSize + window.loAt;
  const lo = written.readUInt32LE(at);
  let hi = plan.excludeCurrent ? n : n + 1;
  let previous = n;
  let lastMs = n > lo ? earlier.readDoubleLE(recordsEnd - recordSize) : Number.NEGATIVE_INFINITY;
  if (window.hiAt !== NONE) {
    const hiAt = recordSize + window.hiAt;
    hi = written.readUInt32LE(hiAt);
    previous = hi;
    lastMs = written.readDoubleLE(hiAt + 12);
    readSums(layout, written, hiAt + 20, written, at + 12, raw, rawAt);
  } else if (plan.excludeCurrent) {
    readSums(layout, earlier, recordsEnd - recordSize + SUMS_AT, written, at + 12, raw, rawAt);
  } else readSums(layout, written, SUMS_AT, written, at + 12, raw, rawAt);
  raw[rawAt + RAW.count] = hi - lo;
  raw[rawAt + RAW.first] = lo < previous ? written.readDoubleLE(at + 4) : Number.NEGATIVE_INFINITY;
  raw[rawAt + RAW.last] = lo < previous ? lastMs : Number.NEGATIVE_INFINITY;
  if (window.maxAt !== NONE) raw[rawAt + RAW.max] = written.readDoubleLE(recordSize + window.maxAt + 4);
  if (window.minAt !== NONE) raw[rawAt + RAW.min] = written.readDoubleLE(recordSize + window.minAt + 4);
  const columns = plan.needsDistinct ? layout.members : 0;
  for (let column = 0; column < columns; column++)
    raw[rawAt + RAW.distinct + column] = written.readUInt32LE(recordSize + window.distinctAt + 4 * column);
}

function readEvaluated(layout: RedisLayout, reply: Buffer, event: LogEvent, status: Visit, raw: Float64Array): void {
  const droppedMs = reply.readDoubleLE(0);
  const isVirtual = status === VISIT.late || status === VISIT.tooLate;
  let at = 8;
  for (const { plan } of layout.windows) {
    raw[plan.rawAt + RAW.count] = reply.readUInt32LE(at + 4) - reply.readUInt32LE(at);
    raw[plan.rawAt + RAW.first] = reply.readDoubleLE(at + 8);
    raw[plan.rawAt + RAW.last] = reply.readDoubleLE(at + 16);
    raw[plan.rawAt + RAW.clipped] = clippedBy(event.timeMs - plan.delayMs - plan.windowMs, droppedMs);
    at += 24;
    readSums(layout, reply, at + layout.sumsSize, reply, at, raw, plan.rawAt);
    at += 2 * layout.sumsSize;
    if (plan.needsMax) {
      raw[plan.rawAt + RAW.max] = reply.readDoubleLE(at);
      at += 8;
    }
    if (plan.needsMin) {
      raw[plan.rawAt + RAW.min] = reply.readDoubleLE(at);
      at += 8;
    }
    const columns = plan.needsDistinct ? layout.members : 0;
    for (let column = 0; column < columns; column++) {
      raw[plan.rawAt + RAW.distinct + column] = reply.readUInt32LE(at);
      at += 4;
    }
    if (!isVirtual || plan.delayMs > 0 || plan.excludeCurrent) continue;
    // the script has counted the event's members already
    raw[plan.rawAt + RAW.count] = (raw[plan.rawAt + RAW.count] as number) + 1;
    const { needsMax, needsMin } = plan;
    if (layout.sumsSize > 0) addAmount(raw, plan.rawAt, event, layout.squaresAt !== NONE, needsMax, needsMin);
  }
}

/** The difference of two cumulative sums. */
export function readSums(
  layout: RedisLayout,
  headBytes: Buffer,
  head: number,
  tailBytes: Buffer,
  tail: number,
  raw: Float64Array,
  out: number,
): void {
  if (layout.sumsSize === 0) return;
  const low = headBytes.readDoubleLE(head) - tailBytes.readDoubleLE(tail);
  const wraps = headBytes.readUInt32LE(head + 8) - tailBytes.readUInt32LE(tail + 8);
  raw[out + RAW.sum] = low < 0 ? low + WRAP : low;
  raw[out + RAW.sumWraps] = low < 0 ? wraps - 1 : wraps;
  const { presentAt, squaresAt } = layout;
  if (presentAt !== NONE)
    raw[out + RAW.present] = headBytes.readUInt32LE(head + presentAt) - tailBytes.readUInt32LE(tail + presentAt);
  if (squaresAt === NONE) return;
  const squares = presentAt === NONE ? 12 : 16;
  writeSquares(
    raw,
    out,
    headBytes.readDoubleLE(head + squares) - tailBytes.readDoubleLE(tail + squares),
    headBytes.readDoubleLE(head + squares + 8) - tailBytes.readDoubleLE(tail + squares + 8),
    headBytes.readUInt32LE(head + squares + 16) - tailBytes.readUInt32LE(tail + squares + 16),
  );
}
