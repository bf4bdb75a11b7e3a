/** How a packed log stays small: what no event can ask for any more goes from the front, and the rest doubles. Pure. */
import { type LogLayout, MEMBER_STRIDE } from './log-layout.ts';
import { at, distinctBetween, NO_NEXT, newestMs, type PackedLog, upperBound } from './log-reading.ts';

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
  // the record before the first one kept becomes the sentinel: its sums are what the first window subtracts
  log.data.copyWithin(recordsAt - stride, recordsAt + (dead - 1) * stride, recordsAt + log.count * stride);
  log.count -= dead;
  log.first += dead;
  for (let index = 0; index < layout.windows.length; index++) {
    const cache = log.caches + index * layout.cacheStride;
    // a window whose edge lies in the dropped part (only when the cap was met) starts at what is left
    log.data[cache] = Math.max(0, at(log, cache) - dead);
    log.data[cache + 1] = Math.max(0, at(log, cache + 1) - dead);
  }
}

/** Takes the records before `dead` out of the indexes and, where a cap cut into windows, out of their distinct counts. */
function forget(layout: LogLayout, log: PackedLog, dead: number): void {
  for (let column = 0; column < layout.members; column++) {
    const member = log.records + layout.membersAt + column * MEMBER_STRIDE;
    for (let index = 0; index < layout.windows.length; index++) {
      const cache = log.caches + index * layout.cacheStride;
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
