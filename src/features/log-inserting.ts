/** Adds a late event to a packed log: its record at its own time, and the caches as if it had always been there. Pure. */
import type { WindowPlan } from './feature-plan.ts';
import { fitting, linkMember, writeFenwick, writeRecord } from './log-appending.ts';
import { type LogLayout, MEMBER_STRIDE } from './log-layout.ts';
import { moveNewest } from './log-members.ts';
import { at, edgeOf, endOf, NO_NEXT, NONE, type PackedLog, setWindow } from './log-reading.ts';
import { makeRoom } from './log-room.ts';
import { addSquare, addWrapping, type LogEvent } from './raw-numbers.ts';

/** Inserts the event at its own time: shifts the records after it and brings the caches up to date. */
export function insertLate(log: PackedLog, event: LogEvent, position: number, newest: number): void {
  const layout = fitting(log, event);
  const { stride } = layout;
  const dropped = makeRoom(layout, log, newest);
  const place = position - dropped;
  if (place < 0) return;
  const start = log.records + place * stride;
  log.data.copyWithin(start + stride, start, log.records + log.count * stride);
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
    admitLate(layout, log, windows[index] as WindowPlan, index, event, place, newest);
}

function addToLater(layout: LogLayout, log: PackedLog, event: LogEvent, from: number): void {
  const { data } = log;
  for (let position = from; position < log.count; position++) {
    const record = log.records + position * layout.stride;
    const wraps = record + layout.wrapsAt;
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
    const member = log.records + layout.membersAt + column * MEMBER_STRIDE;
    for (let position = place + 1; position <= log.count; position++) {
      const field = member + position * layout.stride;
      if (at(log, field) === 0) continue;
      const previous = at(log, field + 1);
      if (previous >= moved) data[field + 1] = previous + 1;
      else if (previous >= first) data[member + (previous - first) * layout.stride + 2] = first + position;
      if (at(log, field + 2) === NO_NEXT)
        moveNewest(log, column, at(log, field), first + position - 1, first + position);
      else data[field + 2] = at(log, field + 2) + 1;
    }
  }
}

/** A window's cache, as of the newest event, after a late record was inserted at `place`. */
function admitLate(
  layout: LogLayout,
  log: PackedLog,
  window: WindowPlan,
  index: number,
  event: LogEvent,
  place: number,
  newest: number,
): void {
  const { max, min } = layout.extremesAt;
  const lo = edgeOf(layout, log, index);
  const hi = endOf(layout, log, index, log.count - 1);
  const edge = newest - window.delayMs;
  if (window.needsMax) shiftExtreme(log, log.start + (max[index] as number), place);
  if (window.needsMin) shiftExtreme(log, log.start + (min[index] as number), place);
  if (event.timeMs > edge) return;
  if (event.timeMs <= edge - window.windowMs) {
    setWindow(layout, log, index, lo + 1, hi + 1);
    return;
  }
  setWindow(layout, log, index, lo, hi + 1);
  if (window.needsDistinct) admitMembers(layout, log, index, place, lo, hi);
  if (window.needsMax) admitExtreme(log, log.start + (max[index] as number), event.value, log.first + place, 1);
  if (window.needsMin) admitExtreme(log, log.start + (min[index] as number), event.value, log.first + place, -1);
}

function admitMembers(layout: LogLayout, log: PackedLog, index: number, place: number, lo: number, hi: number): void {
  const slot = 2 * log.start + (layout.distinctAt[index] as number);
  for (let column = 0; column < layout.members; column++) {
    const field = log.records + place * layout.stride + layout.membersAt + column * MEMBER_STRIDE;
    const isOnly = at(log, field) !== 0 && at(log, field + 1) - log.first < lo && at(log, field + 2) - log.first > hi;
    if (isOnly) log.words[slot + column] = (log.words[slot + column] as number) + 1;
  }
}

function shiftExtreme({ data, first }: PackedLog, slot: number, place: number): void {
  const record = data[slot] as number;
  if (record - first >= place) data[slot] = record + 1;
}

function admitExtreme(log: PackedLog, slot: number, value: number, record: number, sign: 1 | -1): void {
  const { data } = log;
  if (value === NONE) return;
  if (at(log, slot + 1) !== NONE && sign * value <= sign * at(log, slot + 1)) return;
  data[slot] = record;
  data[slot + 1] = value;
}
