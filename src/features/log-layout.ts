/**
 * Where the columns of a log's records and of its windows' caches stand, in doubles. Used by the in-process store; the
 * Redis script has the same columns in bytes. Pure.
 */
import type { StreamPlan, WindowPlan } from './feature-plan.ts';

export interface LogLayout {
  readonly windows: readonly WindowPlan[];
  readonly latenessMs: number;
  readonly retentionMs: number;
  readonly maxRecords: number;
  /** doubles per record; 0 = time, 1 = id, then what is there; −1 = no such column */
  readonly stride: number;
  readonly sumAt: number;
  readonly presentAt: number;
  readonly squaresAt: number;
  /** in net logs alone */
  readonly currencyAt: number;
  readonly maxAt: number;
  readonly minAt: number;
  /** three per member column: hash, previous occurrence, next occurrence (absolute record numbers) */
  readonly membersAt: number;
  readonly members: number;
  /** doubles per window cache: lo, hi, then record and value of the max, of the min, then one distinct count a column */
  readonly cacheStride: number;
  readonly cacheMaxAt: number;
  readonly cacheMinAt: number;
  readonly cacheDistinctAt: number;
  /** doubles before the first record: window caches and the sentinel record, whose sums precede the first record's */
  readonly recordsAt: number;
}

export const TIME = 0;
export const ID = 1;
export const MEMBER_STRIDE = 3;

export function layoutOf(stream: StreamPlan, latenessMs: number, maxRecords: number): LogLayout {
  let stride = 2;
  const take = (width: number, wanted: boolean): number => {
    if (!wanted) return -1;
    stride += width;
    return stride - width;
  };
  const sumAt = take(2, stream.value !== undefined);
  const presentAt = take(1, stream.needsPresent);
  const squaresAt = take(3, stream.needsSquares);
  const currencyAt = take(1, stream.net);
  const maxAt = take(1, stream.needsMax);
  const minAt = take(1, stream.needsMin);
  const membersAt = take(MEMBER_STRIDE * stream.members.length, stream.members.length > 0);
  const cacheMaxAt = 2;
  const cacheMinAt = cacheMaxAt + (stream.needsMax ? 2 : 0);
  const cacheDistinctAt = cacheMinAt + (stream.needsMin ? 2 : 0);
  const cacheStride = cacheDistinctAt + stream.members.length;
  return {
    windows: stream.windows,
    latenessMs,
    retentionMs: stream.retentionMs,
    maxRecords,
    stride,
    sumAt,
    presentAt,
    squaresAt,
    currencyAt,
    maxAt,
    minAt,
    membersAt,
    members: stream.members.length,
    cacheStride,
    cacheMaxAt,
    cacheMinAt,
    cacheDistinctAt,
    recordsAt: stream.windows.length * cacheStride + stride,
  };
}
