/**
 * A packed log in memory (packed-log.ts says what it is), and everything that reads it without a change. Pure.
 */
import { RAW, type WindowPlan } from './feature-plan.ts';
import { ID, type LogLayout, MEMBER_STRIDE, TIME } from './log-layout.ts';
import { type LogEvent, writeSquares } from './raw-numbers.ts';
import { WRAP } from './wide-sum.ts';

export interface PackedLog {
  /** of its arena; the data of other logs stand beside its own */
  address: number;
  layout: LogLayout;
  /** one memory, as doubles and as words of 32 bits */
  data: Float64Array;
  words: Int32Array;
  /** where its header and its first record stand in `data` */
  start: number;
  records: number;
  /** where the indexes of its members stand in `words` */
  index: number;
  count: number;
  /** absolute number of the first record: how many were dropped before it */
  first: number;
  /** time of the newest record that was dropped although a window of a late event could ask for it */
  droppedMs: number;
  /** how many records there is room for */
  room: number;
  /** twice the room, at another place */
  readonly grow: () => void;
  /** the layout with a column for wraps, at another place */
  readonly widen: () => void;
}

/** no value, no record */
export const NONE = -1;
export const NO_NEXT = Number.POSITIVE_INFINITY;

/** Time of the newest event, −Infinity before the first. */
export const newestMs = (layout: LogLayout, log: PackedLog): number =>
  log.count === 0 ? Number.NEGATIVE_INFINITY : at(log, log.records + (log.count - 1) * layout.stride + TIME);

// a view beyond its end reads undefined; every index here is inside, and a fault would show as NaN in the property tests
export const at = (log: PackedLog, index: number): number => log.data[index] as number;

/** Positions of a window as of the newest of `count` events: [edgeOf, endOf). */
export const edgeOf = (layout: LogLayout, log: PackedLog, index: number): number =>
  log.words[2 * log.start + layout.edgesAt + index] as number;

export function endOf(layout: LogLayout, log: PackedLog, index: number, count: number): number {
  const window = layout.windows[index] as WindowPlan;
  if (window.delayMs > 0) return log.words[2 * log.start + (layout.endsAt[index] as number)] as number;
  return window.excludeCurrent ? Math.max(0, count - 1) : count;
}

/** Keeps them. */
export function setWindow(layout: LogLayout, log: PackedLog, index: number, lo: number, hi: number): void {
  const header = 2 * log.start;
  log.words[header + layout.edgesAt + index] = lo;
  const end = layout.endsAt[index] as number;
  if (end !== NONE) log.words[header + end] = hi;
}

/** First position in [low, high) whose time is after t. */
export function upperBound(layout: LogLayout, log: PackedLog, t: number, low: number, high: number): number {
  let lo = low;
  let hi = high;
  while (lo < hi) {
    const middle = (lo + hi) >>> 1;
    if (at(log, log.records + middle * layout.stride) <= t) lo = middle + 1;
    else hi = middle;
  }
  return lo;
}

/** Position of the record with the event's time and id, looked for before `end`. */
export function findRecord(
  layout: LogLayout,
  log: PackedLog,
  event: Pick<LogEvent, 'timeMs' | 'id'>,
  end: number,
): number {
  for (let position = end - 1; position >= 0; position--) {
    const record = log.records + position * layout.stride;
    if (at(log, record + TIME) !== event.timeMs) return NONE;
    if (at(log, record + ID) === event.id) return position;
  }
  return NONE;
}

/** −1 when the record has no value. */
export function valueAt(layout: LogLayout, log: PackedLog, position: number): number {
  const record = log.records + position * layout.stride;
  const before = record - layout.stride;
  if (at(log, record + layout.presentAt) === at(log, before + layout.presentAt)) return NONE;
  const difference = at(log, record + layout.sumAt) - at(log, before + layout.sumAt);
  return difference < 0 ? difference + WRAP : difference;
}

interface Extreme {
  record: number;
  value: number;
}
export const found: Extreme = { record: NONE, value: NONE };

/** Extreme of the positions [lo, hi) into `found`; `sign` 1 for the max, −1 for the min. −1 = no value. */
export function rangeExtreme(layout: LogLayout, log: PackedLog, lo: number, hi: number, sign: 1 | -1): void {
  const column = sign === 1 ? layout.maxAt : layout.minAt;
  found.record = NONE;
  found.value = NONE;
  let number = log.first + hi;
  const end = log.first + lo;
  while (number > end) {
    const low = number & -number;
    const whole = number - low >= end;
    const position = number - log.first - 1;
    const value = whole ? at(log, log.records + position * layout.stride + column) : valueAt(layout, log, position);
    const span = whole ? low : 1;
    if (value !== NONE && (found.value === NONE || sign * value > sign * found.value)) {
      // the oldest record that can hold it: asked again no later than when it leaves the window
      found.record = number - span;
      found.value = value;
    }
    number -= span;
  }
}

/** Distinct members of column `column` in [lo, hi), from the count of [cachedLo, cachedHi), by what enters and leaves. */
export function distinctBetween(
  layout: LogLayout,
  log: PackedLog,
  column: number,
  cachedLo: number,
  cachedHi: number,
  cachedCount: number,
  lo: number,
  hi: number,
): number {
  const { stride } = layout;
  const member = log.records + layout.membersAt + column * MEMBER_STRIDE;
  let from = cachedLo;
  let to = cachedHi;
  let distinct = cachedCount;
  while (from > lo) {
    from--;
    const field = member + from * stride;
    if (at(log, field) !== 0 && at(log, field + 2) - log.first >= to) distinct++;
  }
  while (to < hi) {
    const field = member + to * stride;
    if (at(log, field) !== 0 && at(log, field + 1) - log.first < from) distinct++;
    to++;
  }
  while (from < lo) {
    const field = member + from * stride;
    if (at(log, field) !== 0 && at(log, field + 2) - log.first >= to) distinct--;
    from++;
  }
  while (to > hi) {
    to--;
    const field = member + to * stride;
    if (at(log, field) !== 0 && at(log, field + 1) - log.first < from) distinct--;
  }
  return distinct;
}

/** Counts, sums and times of one window over [lo, hi); `previous` is the end of what came before the current event. */
export function writeSums(
  layout: LogLayout,
  log: PackedLog,
  window: WindowPlan,
  timeMs: number,
  lo: number,
  hi: number,
  previous: number,
  raw: Float64Array,
): void {
  const { stride } = layout;
  const out = window.rawAt;
  const head = log.records + (hi - 1) * stride;
  const tail = log.records + (lo - 1) * stride;
  raw[out + RAW.count] = hi - lo;
  if (layout.sumAt !== NONE) writeDifference(layout, log.data, head, tail, raw, out);
  const hasEarlier = lo < previous;
  raw[out + RAW.first] = hasEarlier ? at(log, tail + stride + TIME) : Number.NEGATIVE_INFINITY;
  raw[out + RAW.last] = hasEarlier ? at(log, log.records + (previous - 1) * stride + TIME) : Number.NEGATIVE_INFINITY;
  raw[out + RAW.clipped] = timeMs - window.delayMs - window.windowMs < log.droppedMs ? 1 : 0;
}

/** The sums between two records: of the head without those of the tail. */
export function writeDifference(
  layout: LogLayout,
  data: Float64Array,
  head: number,
  tail: number,
  raw: Float64Array,
  out: number,
): void {
  const { sumAt, wrapsAt, presentAt, squaresAt } = layout;
  const low = (data[head + sumAt] as number) - (data[tail + sumAt] as number);
  if (wrapsAt === NONE) {
    raw[out + RAW.sum] = low;
    raw[out + RAW.sumWraps] = 0;
  } else {
    const wraps = (data[head + wrapsAt] as number) - (data[tail + wrapsAt] as number);
    raw[out + RAW.sum] = low < 0 ? low + WRAP : low;
    raw[out + RAW.sumWraps] = low < 0 ? wraps - 1 : wraps;
  }
  if (presentAt !== NONE)
    raw[out + RAW.present] = (data[head + presentAt] as number) - (data[tail + presentAt] as number);
  if (squaresAt === NONE) return;
  const difference = (limb: number): number =>
    (data[head + squaresAt + limb] as number) - (data[tail + squaresAt + limb] as number);
  writeSquares(raw, out, difference(0), difference(1), difference(2));
}
