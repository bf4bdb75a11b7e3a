/** Adds the newest event to a packed log: its record, and every window moved to it. Pure. */
import { RAW, type WindowPlan } from './feature-plan.ts';
import { ID, type LogLayout, MEMBER_STRIDE, TIME } from './log-layout.ts';
import { addNewest, moveNewest, newestBefore } from './log-members.ts';
import {
  at,
  distinctBetween,
  edgeOf,
  endOf,
  found,
  NO_NEXT,
  NONE,
  type PackedLog,
  rangeExtreme,
  setWindow,
  valueAt,
  writeDifference,
  writeSums,
} from './log-reading.ts';
import { makeRoom } from './log-room.ts';
import { addSquare, addWrapping, type LogEvent } from './raw-numbers.ts';
import { WRAP } from './wide-sum.ts';

/** The event is the newest: moves every window to it, then writes its record behind the others. */
export function append(log: PackedLog, event: LogEvent, raw: Float64Array): void {
  const layout = fitting(log, event);
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
    if (window.isPlain) movePlain(layout, log, window, index, event.timeMs, position, raw);
    else moveWindow(layout, log, window, index, event.timeMs, position, raw);
  }
}

/** The log's layout, with a column for wraps from the first event on whose amount makes its cumulative sum wrap. */
export function fitting(log: PackedLog, event: LogEvent): LogLayout {
  const { layout } = log;
  if (layout.sumAt === NONE || layout.wrapsAt !== NONE || event.value === NONE) return layout;
  if (at(log, log.records + (log.count - 1) * layout.stride + layout.sumAt) < WRAP - event.value) return layout;
  log.widen();
  return log.layout;
}

/** `moveWindow` for counts, sums and times alone. */
function movePlain(
  layout: LogLayout,
  log: PackedLog,
  window: WindowPlan,
  index: number,
  timeMs: number,
  position: number,
  raw: Float64Array,
): void {
  const { data, records, words } = log;
  const { stride } = layout;
  const start = timeMs - window.windowMs;
  const head = records + position * stride;
  const slot = 2 * log.start + layout.edgesAt + index;
  let lo = words[slot] as number;
  // the new record is inside
  let edge = records + lo * stride;
  while ((data[edge] as number) <= start) {
    edge += stride;
    lo++;
  }
  words[slot] = lo;
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
  index: number,
  timeMs: number,
  position: number,
  raw: Float64Array,
): void {
  const { stride } = layout;
  const recordsAt = log.records;
  const edge = timeMs - window.delayMs;
  const oldLo = edgeOf(layout, log, index);
  const oldHi = endOf(layout, log, index, position);
  let hi = window.excludeCurrent ? position : position + 1;
  if (window.delayMs > 0) {
    hi = oldHi;
    while (hi < position && at(log, recordsAt + hi * stride) <= edge) hi++;
  }
  const start = edge - window.windowMs;
  let lo = oldLo;
  while (lo < hi && at(log, recordsAt + lo * stride) <= start) lo++;
  if (window.needsDistinct) {
    const slot = 2 * log.start + (layout.distinctAt[index] as number);
    for (let column = 0; column < layout.members; column++) {
      const known = log.words[slot + column] as number;
      const distinct = distinctBetween(layout, log, column, oldLo, oldHi, known, lo, hi);
      log.words[slot + column] = distinct;
      raw[window.rawAt + RAW.distinct + column] = distinct;
    }
  }
  if (window.needsMax) {
    const slot = log.start + (layout.extremesAt.max[index] as number);
    moveExtreme(layout, log, slot, oldHi, lo, hi, 1);
    raw[window.rawAt + RAW.max] = at(log, slot + 1);
  }
  if (window.needsMin) {
    const slot = log.start + (layout.extremesAt.min[index] as number);
    moveExtreme(layout, log, slot, oldHi, lo, hi, -1);
    raw[window.rawAt + RAW.min] = at(log, slot + 1);
  }
  setWindow(layout, log, index, lo, hi);
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
  data[record + layout.sumAt] = at(log, before + layout.sumAt);
  if (layout.wrapsAt !== NONE) data[record + layout.wrapsAt] = at(log, before + layout.wrapsAt);
  if (layout.presentAt !== NONE)
    data[record + layout.presentAt] = at(log, before + layout.presentAt) + (event.value === NONE ? 0 : 1);
  if (layout.squaresAt !== NONE)
    for (let limb = layout.squaresAt; limb < layout.squaresAt + 3; limb++) data[record + limb] = at(log, before + limb);
  if (event.value === NONE) return;
  if (addWrapping(data, record + layout.sumAt, event.value) === 1)
    data[record + layout.wrapsAt] = at(log, record + layout.wrapsAt) + 1;
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
  else if (previous === NONE) addNewest(log, column, hash, log.first + position);
  else moveNewest(log, column, hash, previous, log.first + position);
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
