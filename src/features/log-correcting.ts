/**
 * Changes a packed log after the fact: finds an earlier entry by its id, lowers what is left of it, or takes it out. A
 * correction pays for the records behind its original, nothing else does. Pure; lua/record-and-read/correcting.lua and
 * withdrawing.lua are the same over bytes.
 */
import type { WindowPlan } from './feature-plan.ts';
import { writeFenwick } from './log-appending.ts';
import { ID, type LogLayout, MEMBER_STRIDE, TIME } from './log-layout.ts';
import { moveNewest, removeNewest } from './log-members.ts';
import {
  at,
  distinctBetween,
  found,
  NO_NEXT,
  NONE,
  newestMs,
  type PackedLog,
  rangeExtreme,
  setWindow,
  upperBound,
  valueAt,
} from './log-reading.ts';
import { WRAP } from './wide-sum.ts';

/** newest records that are looked through for an original: its time is not known. Equal in both stores */
export const SEARCHED_RECORDS = 2_048;

/** Position of the newest record with this id; −1 when it is not among the newest ones. */
export function findById(layout: LogLayout, log: PackedLog, id: number): number {
  const stop = Math.max(0, log.count - SEARCHED_RECORDS);
  for (let position = log.count - 1; position >= stop; position--)
    if (at(log, log.records + position * layout.stride + ID) === id) return position;
  return NONE;
}

export interface Lowering {
  /** undefined: all that is left */
  readonly amount?: number;
  readonly currency: number;
}

/** Lowers what is left of an entry of a net log; the entry is not counted any more when nothing is. */
export function lowerEntry(layout: LogLayout, log: PackedLog, position: number, lowering: Lowering): void {
  const { data } = log;
  const { stride, presentAt, currencyAt } = layout;
  const record = log.records + position * stride;
  const left = valueAt(layout, log, position);
  if (left === NONE) return;
  const { amount, currency } = lowering;
  if (amount !== undefined && currency !== at(log, record + currencyAt)) return;
  const taken = amount === undefined ? left : Math.min(left, amount);
  const gone = taken === left ? 1 : 0;
  for (let at_ = record; at_ < log.records + log.count * stride; at_ += stride) {
    subtractWrapping(data, at_, layout, taken, 0);
    data[at_ + presentAt] = at(log, at_ + presentAt) - gone;
  }
}

/** Takes a record out: as if it had never been there. */
export function takeOut(layout: LogLayout, log: PackedLog, position: number): void {
  const { stride } = layout;
  const start = log.records + position * stride;
  if (layout.sumAt !== NONE) subtractFromLater(layout, log, position);
  const number = log.first + position;
  for (let column = 0; column < layout.members; column++) unlinkMember(layout, log, column, position, number);
  log.data.copyWithin(start, start + stride, log.records + log.count * stride);
  log.count--;
  for (let later = position; later < log.count; later++) {
    if (layout.maxAt !== NONE) writeFenwick(layout, log, later, 1);
    if (layout.minAt !== NONE) writeFenwick(layout, log, later, -1);
  }
  findEdges(layout, log);
}

/** The cumulative sum of a record without another one, modulo 2^53. */
function subtractWrapping(
  data: Float64Array,
  record: number,
  { sumAt, wrapsAt }: LogLayout,
  byLow: number,
  byWraps: number,
): void {
  const difference = (data[record + sumAt] as number) - byLow;
  data[record + sumAt] = difference < 0 ? difference + WRAP : difference;
  if (wrapsAt === NONE) return;
  data[record + wrapsAt] = (data[record + wrapsAt] as number) - byWraps - (difference < 0 ? 1 : 0);
}

/** The cumulative columns of the records behind a position, without its own part. */
function subtractFromLater(layout: LogLayout, log: PackedLog, position: number): void {
  const { data } = log;
  const { stride, sumAt, wrapsAt, presentAt, squaresAt } = layout;
  const record = log.records + position * stride;
  const part = data.slice(record, record + stride);
  const before = record - stride;
  const wrapsBefore = wrapsAt === NONE ? 0 : at(log, before + wrapsAt);
  subtractWrapping(part, 0, layout, at(log, before + sumAt), wrapsBefore);
  const wraps = wrapsAt === NONE ? 0 : (part[wrapsAt] as number);
  const present = presentAt === NONE ? 0 : at(log, record + presentAt) - at(log, before + presentAt);
  if (squaresAt !== NONE) subtractSquares(part, squaresAt, data, before + squaresAt);
  for (let later = record + stride; later < log.records + log.count * stride; later += stride) {
    subtractWrapping(data, later, layout, part[sumAt] as number, wraps);
    if (presentAt !== NONE) data[later + presentAt] = at(log, later + presentAt) - present;
    if (squaresAt !== NONE) subtractSquares(data, later + squaresAt, part, squaresAt);
  }
}

/** Three limbs without three limbs. */
function subtractSquares(data: Float64Array, to: number, by: Float64Array, from: number): void {
  let borrow = 0;
  for (let limb = 0; limb < 2; limb++) {
    const difference = (data[to + limb] as number) - (by[from + limb] as number) - borrow;
    borrow = difference < 0 ? 1 : 0;
    data[to + limb] = borrow === 1 ? difference + WRAP : difference;
  }
  data[to + 2] = (data[to + 2] as number) - (by[from + 2] as number) - borrow;
}

/** Before the record at `position` goes: its neighbours of the member meet, and links to later records are one less. */
function unlinkMember(layout: LogLayout, log: PackedLog, column: number, position: number, number: number): void {
  const { data, first } = log;
  const fieldOf = (place: number): number =>
    log.records + place * layout.stride + layout.membersAt + column * MEMBER_STRIDE;
  const own = fieldOf(position);
  const [hash, previous, next] = [at(log, own), at(log, own + 1), at(log, own + 2)];
  if (hash !== 0) {
    if (next !== NO_NEXT) data[fieldOf(next - first) + 1] = previous;
    if (previous >= first) data[fieldOf(previous - first) + 2] = next;
    if (next === NO_NEXT && previous >= first) moveNewest(log, column, hash, number, previous);
    if (next === NO_NEXT && previous < first) removeNewest(log, column, hash, number);
  }
  for (let place = position + 1; place < log.count; place++) {
    const field = fieldOf(place);
    const other = at(log, field);
    if (other === 0) continue;
    const before = at(log, field + 1);
    if (before > number) data[field + 1] = before - 1;
    else if (before >= first) data[fieldOf(before - first) + 2] = first + place - 1;
    if (at(log, field + 2) === NO_NEXT) moveNewest(log, column, other, first + place, first + place - 1);
    else data[field + 2] = at(log, field + 2) - 1;
  }
}

/** Every window's cache anew, as of the newest event. */
function findEdges(layout: LogLayout, log: PackedLog): void {
  for (let index = 0; index < layout.windows.length; index++)
    findWindow(layout, log, layout.windows[index] as WindowPlan, index);
}

function findWindow(layout: LogLayout, log: PackedLog, window: WindowPlan, index: number): void {
  const { count } = log;
  const edge = newestMs(layout, log) - window.delayMs;
  let hi = window.excludeCurrent ? Math.max(0, count - 1) : count;
  if (window.delayMs > 0) hi = Math.min(Math.max(0, count - 1), upperBound(layout, log, edge, 0, count));
  const lo = upperBound(layout, log, edge - window.windowMs, 0, hi);
  setWindow(layout, log, index, lo, hi);
  const slot = 2 * log.start + (layout.distinctAt[index] as number);
  const columns = window.needsDistinct ? layout.members : 0;
  for (let column = 0; column < columns; column++)
    log.words[slot + column] = distinctBetween(layout, log, column, lo, lo, 0, lo, hi);
  const { max, min } = layout.extremesAt;
  if (window.needsMax) findExtreme(layout, log, log.start + (max[index] as number), lo, hi, 1);
  if (window.needsMin) findExtreme(layout, log, log.start + (min[index] as number), lo, hi, -1);
}

function findExtreme(layout: LogLayout, log: PackedLog, slot: number, lo: number, hi: number, sign: 1 | -1): void {
  rangeExtreme(layout, log, lo, hi, sign);
  log.data[slot] = found.record;
  log.data[slot + 1] = found.value;
}

export const recordTime = (layout: LogLayout, log: PackedLog, position: number): number =>
  at(log, log.records + position * layout.stride + TIME);
