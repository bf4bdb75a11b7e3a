/**
 * The packed prefix-sum log: exact sliding windows over one stream of events, at a cost that does not grow with the
 * window. Records stand in order of time (equal times in order of arrival) and carry cumulative sums, so a window is the
 * difference of two records. Each window caches its edges, its extremes and its distinct counts as of the newest event;
 * an event in order moves them by what entered and left, amortised O(1). A late event is evaluated from the same caches
 * by moving them back, O(distance), and inserted by shifting.
 *
 * - Extremes: column i holds the extreme of the lowbit(i) records up to i (a Fenwick tree over absolute record numbers),
 *   so a range is read in O(log² n) when the cached one has left its window, and an append writes one number.
 * - Distinct: a record knows the previous and the next record of its member. A record that leaves takes a member with it
 *   when its next one is outside; one that enters brings a member when its previous one is outside. Exact in both
 *   directions, for late and for delayed windows alike.
 *
 * Pure: no clock, no randomness. The Redis script is the same algorithm over bytes.
 */
import { RAW, type WindowPlan } from './feature-plan.ts';
import { ID, type LogLayout, MEMBER_STRIDE, TIME } from './log-layout.ts';
import { addAmount, addSquare, addWrapping, type LogEvent, writeSquares } from './raw-numbers.ts';
import { WRAP } from './wide-sum.ts';

export interface PackedLog {
  data: Float64Array;
  count: number;
  /** absolute number of the first record: how many were dropped before it */
  first: number;
  /** time of the newest record that was dropped although a window of a late event could ask for it */
  droppedMs: number;
  /** per member column: hash → absolute number of its newest record; only in logs with more than a few records */
  newest: Map<number, number>[] | undefined;
}

export const VISIT = { inOrder: 0, late: 1, repeat: 2, tooLate: 3, unmatched: 4 } as const;
export type Visit = (typeof VISIT)[keyof typeof VISIT];

const NONE = -1;
const NO_NEXT = Number.POSITIVE_INFINITY;
const FIRST_CAPACITY = 3;
/** below it a log is never looked at for old records */
const COMPACT_FROM = 16;
/** up to here the newest record of a member is found by looking: a Map per small log would cost more than the log */
const SCANNED_RECORDS = 24;

export function createLog(layout: LogLayout, droppedMs: number): PackedLog {
  const data = new Float64Array(layout.recordsAt + FIRST_CAPACITY * layout.stride);
  for (let index = 0; index < layout.windows.length; index++) {
    const cache = index * layout.cacheStride;
    data.fill(NONE, cache + layout.cacheMaxAt, cache + layout.cacheDistinctAt);
  }
  return { data, count: 0, first: 0, droppedMs, newest: undefined };
}

/** Time of the newest event, −Infinity before the first. */
export const newestMs = (layout: LogLayout, log: PackedLog): number =>
  log.count === 0 ? Number.NEGATIVE_INFINITY : at(log, layout.recordsAt + (log.count - 1) * layout.stride + TIME);

/** Adds the event once, when it belongs to the stream, and writes the raw numbers of every window as of its arrival. */
export function visitLog(
  layout: LogLayout,
  log: PackedLog,
  event: LogEvent,
  belongs: boolean,
  raw: Float64Array,
): Visit {
  const newest = newestMs(layout, log);
  const t = event.timeMs;
  if (!belongs) {
    const position = t >= newest ? log.count : upperBound(layout, log, t, 0, log.count);
    evaluate(layout, log, event, position, position, false, raw);
    return VISIT.unmatched;
  }
  if (t > newest) {
    append(layout, log, event, raw);
    return VISIT.inOrder;
  }
  const position = t === newest ? log.count : upperBound(layout, log, t, 0, log.count);
  const known = findRecord(layout, log, event, position);
  if (known !== NONE) {
    evaluate(layout, log, event, known, known + 1, false, raw);
    return VISIT.repeat;
  }
  if (t === newest) {
    append(layout, log, event, raw);
    return VISIT.inOrder;
  }
  evaluate(layout, log, event, position, position, true, raw);
  if (t < newest - layout.latenessMs) return VISIT.tooLate;
  insertLate(layout, log, event, position, newest);
  return VISIT.late;
}

// ── reading ──────────────────────────────────────────────────────────────────────────────────────────────────────────

// a view beyond its end reads undefined; every index here is inside, and a fault would show as NaN in the property tests
const at = (log: PackedLog, index: number): number => log.data[index] as number;

/** First position in [low, high) whose time is after t. */
function upperBound(layout: LogLayout, log: PackedLog, t: number, low: number, high: number): number {
  let lo = low;
  let hi = high;
  while (lo < hi) {
    const middle = (lo + hi) >>> 1;
    if (at(log, layout.recordsAt + middle * layout.stride) <= t) lo = middle + 1;
    else hi = middle;
  }
  return lo;
}

/** Position of the record with the event's time and id, looked for before `end`. */
function findRecord(layout: LogLayout, log: PackedLog, event: LogEvent, end: number): number {
  for (let position = end - 1; position >= 0; position--) {
    const record = layout.recordsAt + position * layout.stride;
    if (at(log, record + TIME) !== event.timeMs) return NONE;
    if (at(log, record + ID) === event.id) return position;
  }
  return NONE;
}

/** −1 when the record has no value. */
function valueAt(layout: LogLayout, log: PackedLog, position: number): number {
  const record = layout.recordsAt + position * layout.stride;
  const before = record - layout.stride;
  if (at(log, record + layout.presentAt) === at(log, before + layout.presentAt)) return NONE;
  const difference = at(log, record + layout.sumAt) - at(log, before + layout.sumAt);
  return difference < 0 ? difference + WRAP : difference;
}

interface Extreme {
  record: number;
  value: number;
}
const found: Extreme = { record: NONE, value: NONE };

/** Extreme of the positions [lo, hi) into `found`; `sign` 1 for the max, −1 for the min. −1 = no value. */
function rangeExtreme(layout: LogLayout, log: PackedLog, lo: number, hi: number, sign: 1 | -1): void {
  const column = sign === 1 ? layout.maxAt : layout.minAt;
  found.record = NONE;
  found.value = NONE;
  let number = log.first + hi;
  const end = log.first + lo;
  while (number > end) {
    const low = number & -number;
    const whole = number - low >= end;
    const position = number - log.first - 1;
    const value = whole
      ? at(log, layout.recordsAt + position * layout.stride + column)
      : valueAt(layout, log, position);
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
function distinctBetween(
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
  const member = layout.recordsAt + layout.membersAt + column * MEMBER_STRIDE;
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
function writeSums(
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
  const head = layout.recordsAt + (hi - 1) * stride;
  const tail = layout.recordsAt + (lo - 1) * stride;
  raw[out + RAW.count] = hi - lo;
  if (layout.sumAt !== NONE) {
    const low = at(log, head + layout.sumAt) - at(log, tail + layout.sumAt);
    const wraps = at(log, head + layout.sumAt + 1) - at(log, tail + layout.sumAt + 1);
    raw[out + RAW.sum] = low < 0 ? low + WRAP : low;
    raw[out + RAW.sumWraps] = low < 0 ? wraps - 1 : wraps;
    if (layout.presentAt !== NONE)
      raw[out + RAW.present] = at(log, head + layout.presentAt) - at(log, tail + layout.presentAt);
    if (layout.squaresAt !== NONE) {
      const h = head + layout.squaresAt;
      const b = tail + layout.squaresAt;
      writeSquares(raw, out, at(log, h) - at(log, b), at(log, h + 1) - at(log, b + 1), at(log, h + 2) - at(log, b + 2));
    }
  }
  const hasEarlier = lo < previous;
  raw[out + RAW.first] = hasEarlier ? at(log, tail + stride + TIME) : Number.NEGATIVE_INFINITY;
  raw[out + RAW.last] = hasEarlier
    ? at(log, layout.recordsAt + (previous - 1) * stride + TIME)
    : Number.NEGATIVE_INFINITY;
  raw[out + RAW.clipped] = timeMs - window.delayMs - window.windowMs < log.droppedMs ? 1 : 0;
}

/**
 * The windows as of a place in the log, changing nothing: for late, repeated, too late and not matching events.
 * Windows with the current event end at `end`, those without at `before`; `virtual` adds the event as if it stood there.
 */
function evaluate(
  layout: LogLayout,
  log: PackedLog,
  event: LogEvent,
  before: number,
  end: number,
  virtual: boolean,
  raw: Float64Array,
): void {
  const { windows } = layout;
  for (let index = 0; index < windows.length; index++) {
    const window = windows[index] as WindowPlan;
    const cache = index * layout.cacheStride;
    const edge = event.timeMs - window.delayMs;
    let hi = window.excludeCurrent ? before : end;
    if (window.delayMs > 0) hi = upperBound(layout, log, edge, 0, before);
    const lo = upperBound(layout, log, edge - window.windowMs, 0, hi);
    writeSums(layout, log, window, event.timeMs, lo, hi, Math.min(before, hi), raw);
    if (window.needsMax) {
      rangeExtreme(layout, log, lo, hi, 1);
      raw[window.rawAt + RAW.max] = found.value;
    }
    if (window.needsMin) {
      rangeExtreme(layout, log, lo, hi, -1);
      raw[window.rawAt + RAW.min] = found.value;
    }
    const columns = window.needsDistinct ? layout.members : 0;
    for (let column = 0; column < columns; column++) {
      const known = at(log, cache + layout.cacheDistinctAt + column);
      raw[window.rawAt + RAW.distinct + column] = distinctBetween(
        layout,
        log,
        column,
        at(log, cache),
        at(log, cache + 1),
        known,
        lo,
        hi,
      );
    }
    if (virtual && window.delayMs === 0 && !window.excludeCurrent)
      addVirtually(layout, log, event, window, lo, hi, raw);
  }
}

/** Adds the current event to raw numbers that were taken without it. */
function addVirtually(
  layout: LogLayout,
  log: PackedLog,
  event: LogEvent,
  window: WindowPlan,
  lo: number,
  hi: number,
  raw: Float64Array,
): void {
  const out = window.rawAt;
  const read = (offset: number): number => raw[out + offset] as number;
  raw[out + RAW.count] = read(RAW.count) + 1;
  const columns = window.needsDistinct ? layout.members : 0;
  for (let column = 0; column < columns; column++) {
    const hash = event.members[column] as number;
    if (hash !== 0 && !hasMember(layout, log, column, hash, lo, hi))
      raw[out + RAW.distinct + column] = read(RAW.distinct + column) + 1;
  }
  if (layout.sumAt !== NONE) addAmount(raw, out, event, layout.squaresAt !== NONE, window.needsMax, window.needsMin);
}

/** Is the member in [lo, hi)? Follows its chain back from its newest record: as many steps as it has records after hi. */
function hasMember(layout: LogLayout, log: PackedLog, column: number, hash: number, lo: number, hi: number): boolean {
  return newestBefore(layout, log, column, hash, hi) - log.first >= lo;
}

/** Absolute number of the member's newest record before position `end`; −1 when there is none. */
function newestBefore(layout: LogLayout, log: PackedLog, column: number, hash: number, end: number): number {
  const member = layout.recordsAt + layout.membersAt + column * MEMBER_STRIDE;
  if (log.newest === undefined) {
    for (let position = end - 1; position >= 0; position--)
      if (at(log, member + position * layout.stride) === hash) return log.first + position;
    return NONE;
  }
  let record = log.newest[column]?.get(hash) ?? NONE;
  while (record - log.first >= end) record = at(log, member + (record - log.first) * layout.stride + 1);
  return record < log.first ? NONE : record;
}

// ── adding ───────────────────────────────────────────────────────────────────────────────────────────────────────────

/** The event is the newest: moves every window to it, then writes its record behind the others. */
function append(layout: LogLayout, log: PackedLog, event: LogEvent, raw: Float64Array): void {
  makeRoom(layout, log, event.timeMs);
  const position = log.count;
  writeRecord(layout, log, position, event);
  for (let column = 0; column < layout.members; column++) linkMember(layout, log, column, position, event);
  log.count++;
  if (layout.maxAt !== NONE) writeFenwick(layout, log, position, 1);
  if (layout.minAt !== NONE) writeFenwick(layout, log, position, -1);
  const { windows } = layout;
  for (let index = 0; index < windows.length; index++)
    moveWindow(layout, log, windows[index] as WindowPlan, index * layout.cacheStride, event.timeMs, position, raw);
  indexMembers(layout, log);
}

/** Moves one window's cache to end at the record at `position`, which is the newest, and writes its raw numbers. */
function moveWindow(
  layout: LogLayout,
  log: PackedLog,
  window: WindowPlan,
  cache: number,
  timeMs: number,
  position: number,
  raw: Float64Array,
): void {
  const { data } = log;
  const { recordsAt, stride } = layout;
  const edge = timeMs - window.delayMs;
  const oldLo = at(log, cache);
  const oldHi = at(log, cache + 1);
  let hi = window.excludeCurrent ? position : position + 1;
  if (window.delayMs > 0) {
    hi = oldHi;
    while (hi < position && at(log, recordsAt + hi * stride) <= edge) hi++;
  }
  const start = edge - window.windowMs;
  let lo = oldLo;
  while (lo < hi && at(log, recordsAt + lo * stride) <= start) lo++;
  const columns = window.needsDistinct ? layout.members : 0;
  for (let column = 0; column < columns; column++) {
    const slot = cache + layout.cacheDistinctAt + column;
    const distinct = distinctBetween(layout, log, column, oldLo, oldHi, at(log, slot), lo, hi);
    data[slot] = distinct;
    raw[window.rawAt + RAW.distinct + column] = distinct;
  }
  if (window.needsMax) {
    moveExtreme(layout, log, cache + layout.cacheMaxAt, oldHi, lo, hi, 1);
    raw[window.rawAt + RAW.max] = at(log, cache + layout.cacheMaxAt + 1);
  }
  if (window.needsMin) {
    moveExtreme(layout, log, cache + layout.cacheMinAt, oldHi, lo, hi, -1);
    raw[window.rawAt + RAW.min] = at(log, cache + layout.cacheMinAt + 1);
  }
  data[cache] = lo;
  data[cache + 1] = hi;
  writeSums(layout, log, window, timeMs, lo, hi, Math.min(position, hi), raw);
}

/** Cache: absolute number of the oldest record that can hold the extreme, and the extreme. Entering records compare. */
function moveExtreme(
  layout: LogLayout,
  log: PackedLog,
  slot: number,
  oldHi: number,
  lo: number,
  hi: number,
  sign: 1 | -1,
): void {
  const { data } = log;
  if (at(log, slot + 1) === NONE || at(log, slot) - log.first < lo) {
    rangeExtreme(layout, log, lo, hi, sign);
    data[slot] = found.record;
    data[slot + 1] = found.value;
    return;
  }
  for (let position = oldHi; position < hi; position++) {
    const value = valueAt(layout, log, position);
    if (value !== NONE && sign * value >= sign * at(log, slot + 1)) {
      data[slot] = log.first + position;
      data[slot + 1] = value;
    }
  }
}

/** Time, id and cumulative sums of a record, from those of the record before it. */
function writeRecord(layout: LogLayout, log: PackedLog, position: number, event: LogEvent): void {
  const { data } = log;
  const record = layout.recordsAt + position * layout.stride;
  const before = record - layout.stride;
  data[record + TIME] = event.timeMs;
  data[record + ID] = event.id;
  if (layout.sumAt === NONE) return;
  for (let field = layout.sumAt; field < layout.sumAt + 2; field++) data[record + field] = at(log, before + field);
  if (layout.presentAt !== NONE)
    data[record + layout.presentAt] = at(log, before + layout.presentAt) + (event.value === NONE ? 0 : 1);
  if (layout.squaresAt !== NONE)
    for (let limb = layout.squaresAt; limb < layout.squaresAt + 3; limb++) data[record + limb] = at(log, before + limb);
  if (event.value === NONE) return;
  if (addWrapping(data, record + layout.sumAt, event.value) === 1)
    data[record + layout.sumAt + 1] = at(log, record + layout.sumAt + 1) + 1;
  if (layout.squaresAt !== NONE) addSquare(data, record + layout.squaresAt, event);
}

/** Joins the record at `position` into its member's chain. Its neighbours' absolute numbers are already final. */
function linkMember(layout: LogLayout, log: PackedLog, column: number, position: number, event: LogEvent): void {
  const { data } = log;
  const offset = layout.membersAt + column * MEMBER_STRIDE;
  const field = layout.recordsAt + position * layout.stride + offset;
  const hash = event.members[column] as number;
  data[field] = hash;
  data[field + 1] = NONE;
  data[field + 2] = NO_NEXT;
  if (hash === 0) return;
  const previous = newestBefore(layout, log, column, hash, position);
  data[field + 1] = previous;
  if (previous !== NONE) {
    const link = layout.recordsAt + (previous - log.first) * layout.stride + offset + 2;
    data[field + 2] = at(log, link);
    data[link] = log.first + position;
  } else data[field + 2] = firstAfter(layout, log, column, hash, position);
  const next = at(log, field + 2);
  if (next !== NO_NEXT) data[layout.recordsAt + (next - log.first) * layout.stride + offset + 1] = log.first + position;
  else log.newest?.[column]?.set(hash, log.first + position);
}

/** Absolute number of the member's first record after `position`, when none of its records stands before. */
function firstAfter(layout: LogLayout, log: PackedLog, column: number, hash: number, position: number): number {
  const member = layout.recordsAt + layout.membersAt + column * MEMBER_STRIDE;
  for (let other = position + 1; other < log.count; other++)
    if (at(log, member + other * layout.stride) === hash) return log.first + other;
  return NO_NEXT;
}

function writeFenwick(layout: LogLayout, log: PackedLog, position: number, sign: 1 | -1): void {
  const column = sign === 1 ? layout.maxAt : layout.minAt;
  const number = log.first + position + 1;
  const low = number & -number;
  let best = valueAt(layout, log, position);
  for (let step = 1; step < low; step *= 2) {
    const child = position - step;
    if (child < 0) break;
    const value = at(log, layout.recordsAt + child * layout.stride + column);
    if (value !== NONE && (best === NONE || sign * value > sign * best)) best = value;
  }
  log.data[layout.recordsAt + position * layout.stride + column] = best;
}

/** From a certain size on each member column has an index of newest records. */
function indexMembers(layout: LogLayout, log: PackedLog): void {
  if (layout.members === 0 || log.newest !== undefined || log.count < SCANNED_RECORDS) return;
  const newest: Map<number, number>[] = [];
  for (let column = 0; column < layout.members; column++) {
    const index = new Map<number, number>();
    const member = layout.recordsAt + layout.membersAt + column * MEMBER_STRIDE;
    for (let position = 0; position < log.count; position++) {
      const hash = at(log, member + position * layout.stride);
      if (hash !== 0) index.set(hash, log.first + position);
    }
    newest.push(index);
  }
  log.newest = newest;
}

// ── late events ──────────────────────────────────────────────────────────────────────────────────────────────────────

/** Inserts the event at its own time: shifts the records after it and brings the caches up to date. */
function insertLate(layout: LogLayout, log: PackedLog, event: LogEvent, position: number, newest: number): void {
  const { stride, recordsAt } = layout;
  const dropped = makeRoom(layout, log, newest);
  const place = position - dropped;
  if (place < 0) return;
  const start = recordsAt + place * stride;
  log.data.copyWithin(start + stride, start, recordsAt + log.count * stride);
  if (layout.members > 0) shiftLinks(layout, log, place);
  writeRecord(layout, log, place, event);
  log.count++;
  for (let column = 0; column < layout.members; column++) linkMember(layout, log, column, place, event);
  if (event.value !== NONE && layout.sumAt !== NONE) addToLater(layout, log, event, place + 1);
  for (let later = place; later < log.count; later++) {
    if (layout.maxAt !== NONE) writeFenwick(layout, log, later, 1);
    if (layout.minAt !== NONE) writeFenwick(layout, log, later, -1);
  }
  const { windows } = layout;
  for (let index = 0; index < windows.length; index++)
    admitLate(layout, log, windows[index] as WindowPlan, index * layout.cacheStride, event, place, newest);
  indexMembers(layout, log);
}

function addToLater(layout: LogLayout, log: PackedLog, event: LogEvent, from: number): void {
  const { data } = log;
  for (let position = from; position < log.count; position++) {
    const record = layout.recordsAt + position * layout.stride;
    const wraps = record + layout.sumAt + 1;
    if (addWrapping(data, record + layout.sumAt, event.value) === 1) data[wraps] = at(log, wraps) + 1;
    if (layout.presentAt !== NONE) data[record + layout.presentAt] = at(log, record + layout.presentAt) + 1;
    if (layout.squaresAt !== NONE) addSquare(data, record + layout.squaresAt, event);
  }
}

/**
 * After the records from `place` on moved up by one: every link to a moved record is one more. Links of moved records are
 * their own; links of records before them are reached through the moved records' previous ones.
 */
function shiftLinks(layout: LogLayout, log: PackedLog, place: number): void {
  const { data, first } = log;
  const moved = first + place;
  for (let column = 0; column < layout.members; column++) {
    const member = layout.recordsAt + layout.membersAt + column * MEMBER_STRIDE;
    for (let position = place + 1; position <= log.count; position++) {
      const field = member + position * layout.stride;
      if (at(log, field) === 0) continue;
      const previous = at(log, field + 1);
      if (previous >= moved) data[field + 1] = previous + 1;
      else if (previous >= first) data[member + (previous - first) * layout.stride + 2] = first + position;
      if (at(log, field + 2) === NO_NEXT) log.newest?.[column]?.set(at(log, field), first + position);
      else data[field + 2] = at(log, field + 2) + 1;
    }
  }
}

/** A window's cache, as of the newest event, after a late record was inserted at `place`. */
function admitLate(
  layout: LogLayout,
  log: PackedLog,
  window: WindowPlan,
  cache: number,
  event: LogEvent,
  place: number,
  newest: number,
): void {
  const { data } = log;
  const lo = at(log, cache);
  const hi = at(log, cache + 1);
  const edge = newest - window.delayMs;
  for (let field = layout.cacheMaxAt; field < layout.cacheDistinctAt; field += 2) {
    const record = at(log, cache + field);
    if (record - log.first >= place) data[cache + field] = record + 1;
  }
  if (event.timeMs > edge) return;
  data[cache + 1] = hi + 1;
  if (event.timeMs <= edge - window.windowMs) {
    data[cache] = lo + 1;
    return;
  }
  for (let column = 0; column < layout.members; column++) {
    const field = layout.recordsAt + place * layout.stride + layout.membersAt + column * MEMBER_STRIDE;
    const isOnly = at(log, field) !== 0 && at(log, field + 1) - log.first < lo && at(log, field + 2) - log.first > hi;
    if (isOnly) data[cache + layout.cacheDistinctAt + column] = at(log, cache + layout.cacheDistinctAt + column) + 1;
  }
  if (layout.maxAt !== NONE) admitExtreme(log, cache + layout.cacheMaxAt, event.value, log.first + place, 1);
  if (layout.minAt !== NONE) admitExtreme(log, cache + layout.cacheMinAt, event.value, log.first + place, -1);
}

function admitExtreme(log: PackedLog, slot: number, value: number, record: number, sign: 1 | -1): void {
  const { data } = log;
  if (value === NONE) return;
  if (at(log, slot + 1) !== NONE && sign * value <= sign * at(log, slot + 1)) return;
  data[slot] = record;
  data[slot + 1] = value;
}

// ── room ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Makes room for one record. Answers how many records were dropped from the front. */
function makeRoom(layout: LogLayout, log: PackedLog, newest: number): number {
  const dead = deadRecords(layout, log, newest);
  if (dead > 0) dropFirst(layout, log, dead);
  const { recordsAt, stride } = layout;
  if (recordsAt + (log.count + 1) * stride > log.data.length) {
    const grown = new Float64Array(recordsAt + log.count * 2 * stride);
    grown.set(log.data);
    log.data = grown;
  }
  return dead;
}

/**
 * How many records nobody can ask for any more: looked for when the count is a power of two, taken when they are a quarter.
 * The rule depends on the log alone, so that both stores drop the same records at the same event.
 */
function deadRecords(layout: LogLayout, log: PackedLog, newest: number): number {
  const isFull = log.count >= layout.maxRecords;
  if (log.count < COMPACT_FROM || (!isFull && (log.count & (log.count - 1)) !== 0)) return 0;
  const dead = upperBound(layout, log, newest - layout.retentionMs, 0, log.count);
  if (isFull) return Math.max(dead, Math.ceil(layout.maxRecords / 8));
  return dead * 4 >= log.count ? dead : 0;
}

function dropFirst(layout: LogLayout, log: PackedLog, dead: number): void {
  const { stride, recordsAt } = layout;
  log.droppedMs = Math.max(log.droppedMs, at(log, recordsAt + (dead - 1) * stride));
  forget(layout, log, dead);
  // the record before the first one kept becomes the sentinel: its sums are what the first window subtracts
  log.data.copyWithin(recordsAt - stride, recordsAt + (dead - 1) * stride, recordsAt + log.count * stride);
  log.count -= dead;
  log.first += dead;
  for (let cache = 0; cache < layout.windows.length * layout.cacheStride; cache += layout.cacheStride) {
    // a window whose edge lies in the dropped part (only when the cap was met) starts at what is left
    log.data[cache] = Math.max(0, at(log, cache) - dead);
    log.data[cache + 1] = Math.max(0, at(log, cache + 1) - dead);
  }
}

/** Takes the records before `dead` out of the indexes and, where a cap cut into windows, out of their distinct counts. */
function forget(layout: LogLayout, log: PackedLog, dead: number): void {
  for (let column = 0; column < layout.members; column++) {
    const member = layout.recordsAt + layout.membersAt + column * MEMBER_STRIDE;
    for (let index = 0; index < layout.windows.length; index++) {
      const cache = index * layout.cacheStride;
      const slot = cache + layout.cacheDistinctAt + column;
      const lo = at(log, cache);
      const hi = at(log, cache + 1);
      if (lo < dead)
        log.data[slot] = distinctBetween(layout, log, column, lo, hi, at(log, slot), Math.min(dead, hi), hi);
    }
    for (let position = 0; position < dead; position++) {
      const field = member + position * layout.stride;
      const hash = at(log, field);
      if (hash !== 0 && at(log, field + 2) === NO_NEXT) log.newest?.[column]?.delete(hash);
    }
  }
}
