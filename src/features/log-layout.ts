/**
 * Where the parts of a log stand, in doubles and in words of 32 bits. Used by the in-process store; the Redis script has
 * the same columns in bytes. Pure.
 *
 * A visit waits for memory more than for anything else, so that what it needs of most logs is one line: counts and edges
 * are words, a window keeps only what a feature asks of it, and the sentinel record before the first one, of which only the
 * sums are needed, lends its time and its id to the header.
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
  /** how often the cumulative sum wrapped, the last column; −1: it never did, as in nearly every log */
  readonly wrapsAt: number;
  /** words of the header: the windows' first positions, one after the other */
  readonly edgesAt: number;
  /** by window: word of the end (delayed windows alone; others end at the newest event), word of the distinct counts */
  readonly endsAt: readonly number[];
  readonly distinctAt: readonly number[];
  /** by window: doubles of the header: record and value of the max, of the min */
  readonly extremesAt: { readonly max: readonly number[]; readonly min: readonly number[] };
  /** doubles before the first record: the header and the sentinel record, whose sums precede the first record's */
  readonly recordsAt: number;
}

export const TIME = 0;
export const ID = 1;
export const MEMBER_STRIDE = 3;

/** words of the header */
export const COUNT = 0;
export const SHAPE = 1;
const EDGES = 2;

/** records of the smallest log; every other one has room for twice as many as the next smaller */
export const FIRST_ROOM = 3;
/** slots of a member column's index (pairs of words) per room: at most three in four are taken */
export const indexSlots = (room: number): number => (room / FIRST_ROOM) * 4;

export function layoutOf(stream: StreamPlan, latenessMs: number, maxRecords: number, isWide: boolean): LogLayout {
  const { windows } = stream;
  let stride = 2;
  const take = (width: number, wanted: boolean): number => {
    if (!wanted) return -1;
    stride += width;
    return stride - width;
  };
  const columns = {
    sumAt: take(1, stream.value !== undefined),
    presentAt: take(1, stream.needsPresent),
    squaresAt: take(3, stream.needsSquares),
    currencyAt: take(1, stream.net),
    maxAt: take(1, stream.needsMax),
    minAt: take(1, stream.needsMin),
    membersAt: take(MEMBER_STRIDE * stream.members.length, stream.members.length > 0),
    wrapsAt: take(1, isWide),
  };
  let words = EDGES + windows.length;
  const takeWords = (width: number, wanted: boolean): number => {
    if (wanted) words += width;
    return wanted ? words - width : -1;
  };
  const endsAt = windows.map((window) => takeWords(1, window.delayMs > 0));
  const distinctAt = windows.map((window) => takeWords(stream.members.length, window.needsDistinct));
  let doubles = Math.ceil(words / 2);
  const takeExtreme = (wanted: boolean): number => {
    if (wanted) doubles += 2;
    return wanted ? doubles - 2 : -1;
  };
  const max = windows.map((window) => takeExtreme(window.needsMax));
  const min = windows.map((window) => takeExtreme(window.needsMin));
  return {
    windows,
    latenessMs,
    retentionMs: stream.retentionMs,
    maxRecords,
    stride,
    ...columns,
    members: stream.members.length,
    edgesAt: EDGES,
    endsAt,
    distinctAt,
    extremesAt: { max, min },
    recordsAt: doubles + stride,
  };
}
