/** Adds the newest event to a packed log: its record, and every window moved to it. Pure. */
import { RAW, type WindowPlan } from './feature-plan.ts';
import { ID, type LogLayout, MEMBER_STRIDE, TIME } from './log-layout.ts';
import {
  at,
  distinctBetween,
  found,
  NO_NEXT,
  NONE,
  newestBefore,
  type PackedLog,
  rangeExtreme,
  valueAt,
  writeDifference,
  writeSums,
} from './log-reading.ts';
import { makeRoom } from './log-room.ts';
import { addSquare, addWrapping, type LogEvent } from './raw-numbers.ts';

/** up to here the newest record of a member is found by looking: a Map per small log would cost more than the log */
const SCANNED_RECORDS = 24;

/** The event is the newest: moves every window to it, then writes its record behind the others. */
export function append(layout: LogLayout, log: PackedLog, event: LogEvent, raw: Float64Array): void {
  makeRoom(layout, log, event.timeMs);
  const position = log.count;
  writeRecord(layout, log, position, event);
  for (let column = 0; column < layout.members; column++) linkMember(layout, log, column, position, event);
  log.count++;
  if (layout.maxAt !== NONE) writeFenwick(layout, log, position, 1);
  if (layout.minAt !== NONE) writeFenwick(layout, log, position, -1);
  const { windows } = layout;
  for (let index = 0; index < windows.length; index++) {
    const window = windows[index] as WindowPlan;
    const cache = log.caches + index * layout.cacheStride;
    if (window.isPlain) movePlain(layout, log, window, cache, event.timeMs, position, raw);
    else moveWindow(layout, log, window, cache, event.timeMs, position, raw);
  }
  if (layout.members > 0) indexMembers(layout, log);
}

/** `moveWindow` for counts, sums and times alone. */
function movePlain(
  layout: LogLayout,
  log: PackedLog,
  window: WindowPlan,
  cache: number,
  timeMs: number,
  position: number,
  raw: Float64Array,
): void {
  const { data, records } = log;
  const { stride } = layout;
  const start = timeMs - window.windowMs;
  const head = records + position * stride;
  let lo = data[cache] as number;
  // the new record is inside
  let edge = records + lo * stride;
  while ((data[edge] as number) <= start) edge += stride;
  lo = (edge - records) / stride;
  data[cache] = lo;
  data[cache + 1] = position + 1;
  const out = window.rawAt;
  raw[out + RAW.count] = position + 1 - lo;
  raw[out + RAW.first] = lo < position ? (data[edge] as number) : Number.NEGATIVE_INFINITY;
  raw[out + RAW.last] = lo < position ? (data[head - stride] as number) : Number.NEGATIVE_INFINITY;
  raw[out + RAW.clipped] = start < log.droppedMs ? 1 : 0;
  if (layout.sumAt !== NONE) writeDifference(layout, data, head, edge - stride, raw, out);
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
  const { stride } = layout;
  const recordsAt = log.records;
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
export function writeRecord(layout: LogLayout, log: PackedLog, position: number, event: LogEvent): void {
  const { data } = log;
  const record = log.records + position * layout.stride;
  const before = record - layout.stride;
  data[record + TIME] = event.timeMs;
  data[record + ID] = event.id;
  if (layout.sumAt === NONE) return;
  if (layout.currencyAt !== NONE) data[record + layout.currencyAt] = event.currency;
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
export function linkMember(layout: LogLayout, log: PackedLog, column: number, position: number, event: LogEvent): void {
  const { data } = log;
  const offset = layout.membersAt + column * MEMBER_STRIDE;
  const field = log.records + position * layout.stride + offset;
  const hash = event.members[column] as number;
  data[field] = hash;
  data[field + 1] = NONE;
  data[field + 2] = NO_NEXT;
  if (hash === 0) return;
  const previous = newestBefore(layout, log, column, hash, position);
  data[field + 1] = previous;
  if (previous !== NONE) {
    const link = log.records + (previous - log.first) * layout.stride + offset + 2;
    data[field + 2] = at(log, link);
    data[link] = log.first + position;
  } else data[field + 2] = firstAfter(layout, log, column, hash, position);
  const next = at(log, field + 2);
  if (next !== NO_NEXT) data[log.records + (next - log.first) * layout.stride + offset + 1] = log.first + position;
  else log.newest?.[column]?.set(hash, log.first + position);
}

/** Absolute number of the member's first record after `position`, when none of its records stands before. */
function firstAfter(layout: LogLayout, log: PackedLog, column: number, hash: number, position: number): number {
  const member = log.records + layout.membersAt + column * MEMBER_STRIDE;
  for (let other = position + 1; other < log.count; other++)
    if (at(log, member + other * layout.stride) === hash) return log.first + other;
  return NO_NEXT;
}

export function writeFenwick(layout: LogLayout, log: PackedLog, position: number, sign: 1 | -1): void {
  const column = sign === 1 ? layout.maxAt : layout.minAt;
  const number = log.first + position + 1;
  const low = number & -number;
  let best = valueAt(layout, log, position);
  for (let step = 1; step < low; step *= 2) {
    const child = position - step;
    if (child < 0) break;
    const value = at(log, log.records + child * layout.stride + column);
    if (value !== NONE && (best === NONE || sign * value > sign * best)) best = value;
  }
  log.data[log.records + position * layout.stride + column] = best;
}

/** From a certain size on each member column has an index of newest records. */
export function indexMembers(layout: LogLayout, log: PackedLog): void {
  if (layout.members === 0 || log.newest !== undefined || log.count < SCANNED_RECORDS) return;
  const newest: Map<number, number>[] = [];
  for (let column = 0; column < layout.members; column++) {
    const index = new Map<number, number>();
    const member = log.records + layout.membersAt + column * MEMBER_STRIDE;
    for (let position = 0; position < log.count; position++) {
      const hash = at(log, member + position * layout.stride);
      if (hash !== 0) index.set(hash, log.first + position);
    }
    newest.push(index);
  }
  log.newest = newest;
}
