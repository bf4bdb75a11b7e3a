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
  /** places in the trailer */
  readonly loAt: number;
  readonly hiAt: number;
  readonly maxAt: number;
  readonly minAt: number;
  readonly distinctAt: number;
}

export interface RedisLayout {
  readonly stream: StreamPlan;
  readonly members: number;
  readonly windows: readonly WindowLayout[];
  readonly recordSize: number;
  /** bytes of the cumulative sums, from byte 16 of a record */
  readonly sumsSize: number;
  readonly presentAt: number;
  readonly squaresAt: number;
  readonly trailerSize: number;
  /** bytes of all windows in a reply that is not in order */
  readonly evaluatedSize: number;
  /** members or labels: the log has a companion hash */
  readonly hasCompanion: boolean;
  /** of the set of windows: another set finds its places anew */
  readonly set: number;
}

const SUMS_AT = 16;
const FIXED_TRAILER = 28;

export function redisLayoutOf(stream: StreamPlan): RedisLayout {
  const hasValue = stream.value !== undefined;
  const presentAt = hasValue && stream.needsPresent ? 12 : NONE;
  const squaresAt = hasValue && stream.needsSquares ? 16 : NONE;
  const sumsSize = hasValue ? 12 + (presentAt === NONE ? 0 : 4) + (squaresAt === NONE ? 0 : 20) : 0;
  const extremes = (stream.needsMax ? 1 : 0) + (stream.needsMin ? 1 : 0);
  const members = stream.members.length;
  let at = 0;
  const take = (size: number): number => {
    at += size;
    return at - size;
  };
  const widestFirst = stream.windows.toSorted((a, b) => b.windowMs + b.delayMs - a.windowMs - a.delayMs);
  const windows = widestFirst.map((plan) => ({
    plan,
    loAt: take(12 + sumsSize),
    hiAt: plan.delayMs > 0 ? take(20 + sumsSize) : NONE,
    maxAt: plan.needsMax ? take(12) : NONE,
    minAt: plan.needsMin ? take(12) : NONE,
    distinctAt: plan.needsDistinct ? take(4 * members) : NONE,
  }));
  return {
    stream,
    members,
    windows,
    recordSize: SUMS_AT + sumsSize + 8 * extremes + 16 * members,
    sumsSize,
    presentAt,
    squaresAt,
    trailerSize: at + FIXED_TRAILER,
    evaluatedSize: widestFirst.reduce((size, plan) => size + evaluatedWindowSize(plan, sumsSize, members), 0),
    hasCompanion: members > 0 || stream.needsLabels,
    set: hash53(JSON.stringify(widestFirst.map((plan) => [plan.windowMs, plan.delayMs, windowFlags(plan)]))) % 2 ** 32,
  };
}

const evaluatedWindowSize = (plan: WindowPlan, sumsSize: number, members: number): number =>
  24 + 2 * sumsSize + (plan.needsMax ? 8 : 0) + (plan.needsMin ? 8 : 0) + (plan.needsDistinct ? 4 * members : 0);

const windowFlags = (plan: WindowPlan): number =>
  (plan.excludeCurrent ? 1 : 0) + (plan.needsMax ? 2 : 0) + (plan.needsMin ? 4 : 0) + (plan.needsDistinct ? 8 : 0);

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
  for (let column = 0; column < layout.members; column++) out[next++] = event.members[column] as number;
  return next;
}

export const updateLength = (layout: RedisLayout): number => 5 + (layout.squaresAt === NONE ? 0 : 2) + layout.members;

// ── replies ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * Fills the raw numbers of the stream's windows from the reply that starts at `at`. Throws a RangeError when the bytes end
 * before the reply does.
 */
export function readReply(layout: RedisLayout, bytes: Buffer, at: number, event: LogEvent, raw: Float64Array): Visit {
  const status = bytes[at] as Visit;
  if (status === VISIT.inOrder) readInOrder(layout, bytes, at, event, raw);
  else readEvaluated(layout, bytes, at, event, status, raw);
  if (layout.stream.needsLabels) readFrauds(layout, bytes, at + replyLength(layout, status), raw);
  return status;
}

/** Bytes of a reply with this status. */
export function replyLength(layout: RedisLayout, status: number | undefined): number {
  const frauds = layout.stream.needsLabels ? 4 * layout.windows.length : 0;
  if (status === VISIT.inOrder) return 1 + headSize(layout) + layout.recordSize + layout.trailerSize + frauds;
  return 9 + layout.evaluatedSize + frauds;
}

/** Time, id and sums of a record. */
const headSize = (layout: RedisLayout): number => SUMS_AT + layout.sumsSize;

function readFrauds(layout: RedisLayout, reply: Buffer, end: number, raw: Float64Array): void {
  const start = end - 4 * layout.windows.length;
  layout.windows.forEach(({ plan }, index) => {
    raw[plan.rawAt + RAW.frauds] = reply.readUInt32LE(start + 4 * index);
  });
}

/** The reply is what was written (the record, the trailer) behind the head of the record before. */
function readInOrder(layout: RedisLayout, reply: Buffer, start: number, event: LogEvent, raw: Float64Array): void {
  const before = start + 1;
  const record = before + headSize(layout);
  const trailer = record + layout.recordSize;
  const end = trailer + layout.trailerSize;
  const count = reply.readUInt32LE(end - 8);
  const droppedMs = reply.readDoubleLE(end - FIXED_TRAILER);
  for (const window of layout.windows) {
    const { plan } = window;
    const at = trailer + window.loAt;
    const lo = reply.readUInt32LE(at);
    let hi = plan.excludeCurrent ? count - 1 : count;
    let head = (plan.excludeCurrent ? before : record) + SUMS_AT;
    let previous = count - 1;
    let lastMs = previous > lo ? reply.readDoubleLE(before) : Number.NEGATIVE_INFINITY;
    if (window.hiAt !== NONE) {
      hi = reply.readUInt32LE(trailer + window.hiAt);
      head = trailer + window.hiAt + 20;
      previous = hi;
      lastMs = reply.readDoubleLE(trailer + window.hiAt + 12);
    }
    raw[plan.rawAt + RAW.count] = hi - lo;
    raw[plan.rawAt + RAW.first] = lo < previous ? reply.readDoubleLE(at + 4) : Number.NEGATIVE_INFINITY;
    raw[plan.rawAt + RAW.last] = lo < previous ? lastMs : Number.NEGATIVE_INFINITY;
    raw[plan.rawAt + RAW.clipped] = event.timeMs - plan.delayMs - plan.windowMs < droppedMs ? 1 : 0;
    readSums(layout, reply, head, at + 12, raw, plan.rawAt);
    if (window.maxAt !== NONE) raw[plan.rawAt + RAW.max] = reply.readDoubleLE(trailer + window.maxAt + 4);
    if (window.minAt !== NONE) raw[plan.rawAt + RAW.min] = reply.readDoubleLE(trailer + window.minAt + 4);
    const columns = plan.needsDistinct ? layout.members : 0;
    for (let column = 0; column < columns; column++)
      raw[plan.rawAt + RAW.distinct + column] = reply.readUInt32LE(trailer + window.distinctAt + 4 * column);
  }
}

function readEvaluated(
  layout: RedisLayout,
  reply: Buffer,
  start: number,
  event: LogEvent,
  status: Visit,
  raw: Float64Array,
): void {
  const droppedMs = reply.readDoubleLE(start + 1);
  const isVirtual = status === VISIT.late || status === VISIT.tooLate;
  let at = start + 9;
  for (const { plan } of layout.windows) {
    raw[plan.rawAt + RAW.count] = reply.readUInt32LE(at + 4) - reply.readUInt32LE(at);
    raw[plan.rawAt + RAW.first] = reply.readDoubleLE(at + 8);
    raw[plan.rawAt + RAW.last] = reply.readDoubleLE(at + 16);
    raw[plan.rawAt + RAW.clipped] = event.timeMs - plan.delayMs - plan.windowMs < droppedMs ? 1 : 0;
    at += 24;
    readSums(layout, reply, at + layout.sumsSize, at, raw, plan.rawAt);
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

function readSums(
  layout: RedisLayout,
  reply: Buffer,
  head: number,
  tail: number,
  raw: Float64Array,
  out: number,
): void {
  if (layout.sumsSize === 0) return;
  const low = reply.readDoubleLE(head) - reply.readDoubleLE(tail);
  const wraps = reply.readUInt32LE(head + 8) - reply.readUInt32LE(tail + 8);
  raw[out + RAW.sum] = low < 0 ? low + WRAP : low;
  raw[out + RAW.sumWraps] = low < 0 ? wraps - 1 : wraps;
  if (layout.presentAt !== NONE)
    raw[out + RAW.present] = reply.readUInt32LE(head + layout.presentAt) - reply.readUInt32LE(tail + layout.presentAt);
  if (layout.squaresAt === NONE) return;
  const squares = layout.presentAt === NONE ? 12 : 16;
  writeSquares(
    raw,
    out,
    reply.readDoubleLE(head + squares) - reply.readDoubleLE(tail + squares),
    reply.readDoubleLE(head + squares + 8) - reply.readDoubleLE(tail + squares + 8),
    reply.readUInt32LE(head + squares + 16) - reply.readUInt32LE(tail + squares + 16),
  );
}
