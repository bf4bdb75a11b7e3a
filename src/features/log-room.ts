/** How a packed log stays small: what no event can ask for any more goes from the front, and the rest doubles. Pure. */
import type { WindowPlan } from './feature-plan.ts';
import { ID, type LogLayout } from './log-layout.ts';
import { indexMembers } from './log-members.ts';
import { at, distinctBetween, edgeOf, endOf, newestMs, type PackedLog, setWindow, upperBound } from './log-reading.ts';

/** below it a log is never looked at for old records */
const COMPACT_FROM = 16;

/** Makes room for one record. Answers how many records were dropped from the front. */
export function makeRoom(layout: LogLayout, log: PackedLog, newest: number): number {
  const dead = deadRecords(layout, log, newest);
  if (dead > 0) dropFirst(layout, log, dead);
  if (log.count >= log.room) log.grow();
  return dead;
}

/**
 * How many records nobody can ask for any more: all of them as soon as the newest one is that old; otherwise looked for when
 * the count is a power of two, taken when they are a quarter. The rule depends on the log alone, so that both stores drop the
 * same records at the same event. A log that was idle starts anew: the in-process store may have forgotten it meanwhile, and
 * what is dead would fill the cap of the other.
 */
function deadRecords(layout: LogLayout, log: PackedLog, newest: number): number {
  if (log.count > 0 && newestMs(layout, log) <= newest - layout.retentionMs) return log.count;
  const isFull = log.count >= layout.maxRecords;
  if (log.count < COMPACT_FROM || (!isFull && (log.count & (log.count - 1)) !== 0)) return 0;
  const dead = upperBound(layout, log, newest - layout.retentionMs, 0, log.count);
  if (isFull) return Math.max(dead, Math.ceil(layout.maxRecords / 8));
  return dead * 4 >= log.count ? dead : 0;
}

function dropFirst(layout: LogLayout, log: PackedLog, dead: number): void {
  const { stride } = layout;
  const recordsAt = log.records;
  log.droppedMs = Math.max(log.droppedMs, at(log, recordsAt + (dead - 1) * stride));
  forget(layout, log, dead);
  // the record before the first one kept becomes the sentinel: its sums are what the first window subtracts. Its time and
  // id stay, which are the header's
  const sums = ID + 1;
  log.data.copyWithin(
    recordsAt - stride + sums,
    recordsAt + (dead - 1) * stride + sums,
    recordsAt + log.count * stride,
  );
  for (let index = 0; index < layout.windows.length; index++) {
    const lo = edgeOf(layout, log, index);
    const hi = endOf(layout, log, index, log.count);
    // a window whose edge lies in the dropped part (only when the cap was met) starts at what is left
    setWindow(layout, log, index, Math.max(0, lo - dead), Math.max(0, hi - dead));
  }
  log.count -= dead;
  log.first += dead;
  indexMembers(layout, log);
}

/** Takes the records before `dead` out of the distinct counts, where a cap cut into windows. */
function forget(layout: LogLayout, log: PackedLog, dead: number): void {
  for (let index = 0; index < layout.windows.length; index++) {
    const lo = edgeOf(layout, log, index);
    if (lo >= dead || !(layout.windows[index] as WindowPlan).needsDistinct) continue;
    const hi = endOf(layout, log, index, log.count);
    const slot = 2 * log.start + (layout.distinctAt[index] as number);
    for (let column = 0; column < layout.members; column++) {
      const known = log.words[slot + column] as number;
      log.words[slot + column] = distinctBetween(layout, log, column, lo, hi, known, Math.min(dead, hi), hi);
    }
  }
}
