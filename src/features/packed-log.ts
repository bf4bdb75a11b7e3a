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
import { append } from './log-appending.ts';
import { insertLate } from './log-inserting.ts';
import type { LogLayout } from './log-layout.ts';
import { newestBefore } from './log-members.ts';
import {
  distinctBetween,
  edgeOf,
  endOf,
  findRecord,
  found,
  NONE,
  newestMs,
  type PackedLog,
  rangeExtreme,
  upperBound,
  writeSums,
} from './log-reading.ts';
import { addAmount, type LogEvent } from './raw-numbers.ts';

export const VISIT = { inOrder: 0, late: 1, repeat: 2, tooLate: 3, unmatched: 4 } as const;
export type Visit = (typeof VISIT)[keyof typeof VISIT];

/** Adds the event once, when it belongs to the stream, and writes the raw numbers of every window as of its arrival. */
export function visitLog(log: PackedLog, event: LogEvent, belongs: boolean, raw: Float64Array): Visit {
  const { layout } = log;
  const newest = newestMs(layout, log);
  const t = event.timeMs;
  if (!belongs) {
    const position = t >= newest ? log.count : upperBound(layout, log, t, 0, log.count);
    evaluate(layout, log, event, position, position, false, raw);
    return VISIT.unmatched;
  }
  if (t > newest) {
    append(log, event, raw);
    return VISIT.inOrder;
  }
  const position = t === newest ? log.count : upperBound(layout, log, t, 0, log.count);
  const known = findRecord(layout, log, event, position);
  if (known !== NONE) {
    evaluate(layout, log, event, known, known + 1, false, raw);
    return VISIT.repeat;
  }
  if (t === newest) {
    append(log, event, raw);
    return VISIT.inOrder;
  }
  evaluate(layout, log, event, position, position, true, raw);
  if (t < newest - layout.latenessMs) return VISIT.tooLate;
  insertLate(log, event, position, newest);
  return VISIT.late;
}

/** Of an event that another version has replaced in this log: the windows as of its own time, without it. */
export function readReplaced(log: PackedLog, event: LogEvent, raw: Float64Array): Visit {
  const { layout } = log;
  const position = upperBound(layout, log, event.timeMs, 0, log.count);
  evaluate(layout, log, event, position, position, false, raw);
  return VISIT.repeat;
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
      const known = log.words[2 * log.start + (layout.distinctAt[index] as number) + column] as number;
      raw[window.rawAt + RAW.distinct + column] = distinctBetween(
        layout,
        log,
        column,
        edgeOf(layout, log, index),
        endOf(layout, log, index, log.count),
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
