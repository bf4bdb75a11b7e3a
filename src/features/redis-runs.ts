/**
 * Runs: several updates of one log in one call of record-and-read.lua (a popular merchant). The script appends them together
 * and moves each window's edge once; where the edges stood at each of them is found here, from the records that they passed.
 * A log whose windows hold more than counts, sums and times has none: its script's work is per update anyway. Pure.
 */
import { RAW } from './feature-plan.ts';
import type { Batch, Update } from './redis-batch.ts';
import { clippedBy, FIXED_TRAILER, type RedisLayout, readSums, SUMS_AT } from './redis-layout.ts';

/** In the place of a stream: several updates of one log follow. */
const RUN = -5;
/** Two updates cost as much by themselves. */
const WORTH_IT = 3;
/** f64 (RUN, stream, how many, 0, 0) */
const HEADER_NUMBERS = 5;
const EDGE_SUMS_AT = 12;

/** Where numbers, updates and keys stand in a batch. */
export interface Place {
  readonly numbers: number;
  readonly updates: number;
  readonly keys: number;
}

/** A visit of a log, and all that comes with it: an update, and what stands right before and behind it. */
export interface LogVisit {
  readonly layout: RedisLayout;
  readonly start: Place;
  readonly end: Place;
  /** the first of the log's visits in the batch, and how many they are */
  readonly first: LogVisit | undefined;
  next: LogVisit | undefined;
  newest: LogVisit | undefined;
  count: number;
}

export const canRun = (layout: RedisLayout): boolean =>
  layout.special === 0 && !layout.hasCompanion && !layout.stream.net;

/** Says that what the batch holds from `start` on belongs to one visit of the log. */
export function noteVisit(batch: Batch, key: string, layout: RedisLayout, start: Place): void {
  const first = batch.firstVisits.get(key);
  const end = placeOf(batch);
  const visit: LogVisit = { layout, start, end, first, next: undefined, newest: undefined, count: 1 };
  batch.visits.push(visit);
  if (first === undefined) {
    batch.firstVisits.set(key, visit);
    return;
  }
  (first.newest ?? first).next = visit;
  first.newest = visit;
  first.count++;
}

/** Where the next visit starts. */
export const placeOf = ({ used, updates, keys }: Batch): Place => ({
  numbers: used,
  updates: updates.length,
  keys: keys.length,
});

/** The same updates, those of one log one behind the other: what a call does to another log is independent of them. */
export function groupRuns(batch: Batch): Batch {
  const { visits } = batch;
  if (!visits.some(({ count }) => count >= WORTH_IT)) return batch;
  const numbers = new Float64Array(batch.used + HEADER_NUMBERS * visits.length);
  const grouped: Batch = { ...batch, keys: [], numbers, used: 0, updates: [] };
  let done: Place = { numbers: 0, updates: 0, keys: 0 };
  for (const visit of visits) {
    if ((visit.first ?? visit).count < WORTH_IT) continue;
    copy(batch, done, visit.start, grouped);
    done = visit.end;
    if (visit.first === undefined) copyChain(batch, visit, grouped);
  }
  copy(batch, done, placeOf(batch), grouped);
  return grouped;
}

/** A log's visits in their order: runs of updates that have nothing with them, and the others as they are. */
function copyChain(from: Batch, first: LogVisit, to: Batch): void {
  let run: LogVisit[] = [];
  for (let visit: LogVisit | undefined = first; visit !== undefined; visit = visit.next) {
    if (visit.end.updates - visit.start.updates === 1) {
      run.push(visit);
      continue;
    }
    copyRun(from, run, to);
    run = [];
    copy(from, visit.start, visit.end, to);
  }
  copyRun(from, run, to);
}

function copyRun(from: Batch, run: readonly LogVisit[], to: Batch): void {
  const [first] = run;
  if (first === undefined) return;
  if (run.length >= WORTH_IT) {
    to.numbers.set([RUN, first.layout.stream.index, run.length, 0, 0], to.used);
    to.used += HEADER_NUMBERS;
  }
  for (const { start, end } of run) copy(from, start, end, to);
}

function copy(from: Batch, start: Place, end: Place, to: Batch): void {
  const moved = to.used - start.numbers;
  for (let index = start.updates; index < end.updates; index++) {
    const update = from.updates[index] as Update;
    update.at += moved;
    to.updates.push(update);
  }
  for (let index = start.keys; index < end.keys; index++) to.keys.push(from.keys[index] as string);
  to.numbers.set(from.numbers.subarray(start.numbers, end.numbers), to.used);
  to.used += end.numbers - start.numbers;
}

// ── replies ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/** What the script answers to a run. */
export interface RunReply {
  /** the last records before the run, and its own: one behind the other */
  readonly records: Buffer;
  /** position of the first of the run in the log, and its place in `records` */
  readonly count: number;
  readonly at: number;
  readonly droppedMs: number;
  /** the edges that were kept before, the widest window's first */
  readonly edges: readonly PassedEdge[];
  /** how many strings of the reply it was */
  readonly parts: number;
}

interface PassedEdge {
  readonly lo: number;
  readonly firstMs: number;
  /** its bytes: sums before `lo` from byte 12 on */
  readonly head: Buffer;
  /** records from `lo` on; empty: it did not move before it came to the run's own records, or did not move */
  readonly passed: Buffer;
}

export function readRunReply(layout: RedisLayout, length: number, parts: readonly Buffer[], part: number): RunReply {
  const [before, written, heads] = [parts[part], parts[part + 1], parts[part + 2]] as [Buffer, Buffer, Buffer];
  const { recordSize, edgeSize } = layout;
  const kept = before[before.length - 4] as number;
  const recordsEnd = before.length - FIXED_TRAILER - kept * edgeSize;
  let next = part + 3;
  const edges = Array.from({ length: kept }, (_, index): PassedEdge => {
    const head = heads.subarray(index * (edgeSize + 4), (index + 1) * (edgeSize + 4));
    const passed = head.readUInt32LE(edgeSize) === 0 ? NOTHING : (parts[next++] as Buffer);
    return { lo: head.readUInt32LE(0), firstMs: head.readDoubleLE(4), head, passed };
  });
  return {
    records: Buffer.concat([before.subarray(0, recordsEnd), written.subarray(0, length * recordSize)]),
    count: written.readUInt32LE(written.length - 8) - length,
    at: recordsEnd,
    droppedMs: written.readDoubleLE(written.length - FIXED_TRAILER),
    edges,
    parts: next - part,
  };
}

const NOTHING = Buffer.alloc(0);

/** Fills the raw numbers of the stream's windows as of update `index` of the run. */
export function readRun(layout: RedisLayout, run: RunReply, index: number, timeMs: number, raw: Float64Array): void {
  const { recordSize, windows } = layout;
  const { records, count } = run;
  const n = count + index;
  const own = run.at + index * recordSize;
  const lastMs = records.readDoubleLE(own - recordSize);
  let lo = n;
  for (let w = windows.length - 1; w >= 0; w--) {
    const { plan } = windows[w] as RedisLayout['windows'][number];
    const { rawAt } = plan;
    const start = timeMs - plan.windowMs;
    const edge = run.edges[w];
    let firstMs: number;
    let sums = records;
    let sumsAt: number;
    const steps = edge === undefined ? 0 : stepsTo(edge, start, recordSize);
    if (edge !== undefined && steps === 0) {
      ({ lo, firstMs } = edge);
      sums = edge.head;
      sumsAt = EDGE_SUMS_AT;
    } else if (edge !== undefined && steps > 0) {
      lo = edge.lo + steps;
      firstMs = edge.passed.readDoubleLE(steps * recordSize);
      sums = edge.passed;
      sumsAt = (steps - 1) * recordSize + SUMS_AT;
    } else {
      // among the last records before the run, where the edge was not kept, or the run's own
      const from = edge === undefined ? 0 : count;
      while (lo > from && records.readDoubleLE(own - (n - lo + 1) * recordSize) > start) lo--;
      const place = own - (n - lo) * recordSize;
      firstMs = records.readDoubleLE(place);
      sumsAt = place - recordSize + SUMS_AT;
    }
    raw[rawAt + RAW.count] = n + 1 - lo;
    raw[rawAt + RAW.first] = lo < n ? firstMs : Number.NEGATIVE_INFINITY;
    raw[rawAt + RAW.last] = lo < n ? lastMs : Number.NEGATIVE_INFINITY;
    raw[rawAt + RAW.clipped] = clippedBy(start, run.droppedMs);
    readSums(layout, records, own + SUMS_AT, sums, sumsAt, raw, rawAt);
  }
}

const BEYOND = -1;

/** How many records a kept edge passes before it stands behind `start`; BEYOND: it comes to the run's own records. */
function stepsTo(edge: PassedEdge, start: number, recordSize: number): number {
  if (edge.firstMs > start) return 0;
  const count = edge.passed.length / recordSize;
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (edge.passed.readDoubleLE(middle * recordSize) <= start) low = middle + 1;
    else high = middle;
  }
  return low === count ? BEYOND : low;
}
