/**
 * The logs of one stream in a few large arrays. A log of its own object, array and buffer cost three cache misses a visit
 * and a fifth of the time in the garbage collector: most logs are small, and there are as many as there are entities.
 *
 * A log is known by its address; `open` lends the one cursor of the arena, good until the next `open`. What a log outgrew
 * serves the next log of that size.
 */
import { COUNT, FIRST_ROOM, ID, indexSlots, type LogLayout, SHAPE, TIME } from './log-layout.ts';
import { indexMembers } from './log-members.ts';
import type { PackedLog } from './log-reading.ts';

export interface LogArena {
  /** a new log, opened; the cursor's `address` is where it is found again */
  create(droppedMs: number): PackedLog;
  open(address: number): PackedLog;
  /** keeps what the cursor says: after a visit that changed the log. Its address may be another one than before */
  save(): void;
  free(address: number): void;
  /** memory that a visit will read, asked for early: the header, then the ends of its windows. The answers mean nothing */
  touch(address: number): number;
  touchRecords(address: number): number;
}

/** an address counts lines of eight doubles: one number of 31 bits reaches 128 GiB */
const LINE_BITS = 3;
const LINE = 2 ** LINE_BITS;

const SEGMENT_BITS = 16;
const SEGMENT = 2 ** SEGMENT_BITS;
const ADDRESS_BITS = SEGMENT_BITS - LINE_BITS;
const ADDRESSES = 2 ** ADDRESS_BITS;
const NONE = -1;
const NO_DATA = new Float64Array(0);
const NO_WORDS = new Int32Array(0);

/** twice the number of times that its room doubled, and one more when it has a column for wraps */
const WIDE = 1;
const DOUBLED = 2;
const roomOf = (shape: number): number => FIRST_ROOM << (shape >> 1);

const startOf = (address: number): number => (address & (ADDRESSES - 1)) << LINE_BITS;

/** `wide`: the layout of a log whose sum has wrapped. */
export function createLogArena(narrow: LogLayout, wide: LogLayout): LogArena {
  const segments: Float64Array[] = [];
  /** the same memory */
  const segmentWords: Int32Array[] = [];
  /** addresses that are free, by shape */
  const free: number[][] = [];
  /** segments of logs that are larger than one, and were freed */
  const freeSegments: number[] = [];
  let current = NONE;
  let used = SEGMENT;
  const layoutOf = (shape: number): LogLayout => ((shape & WIDE) === 0 ? narrow : wide);
  /** in whole cache lines */
  const sizeOf = (shape: number): number => {
    const { recordsAt, stride, members } = layoutOf(shape);
    const room = roomOf(shape);
    return (recordsAt + room * stride + members * indexSlots(room) + LINE - 1) & -LINE;
  };

  const addSegment = (length: number): number => {
    const place = freeSegments.pop() ?? segments.length;
    const data = new Float64Array(length);
    segments[place] = data;
    segmentWords[place] = new Int32Array(data.buffer);
    return place;
  };

  const allocate = (shape: number): number => {
    const size = sizeOf(shape);
    if (size > SEGMENT) return addSegment(size) * ADDRESSES;
    const known = free[shape]?.pop();
    if (known !== undefined) return known;
    if (used + size > SEGMENT) {
      current = addSegment(SEGMENT);
      used = 0;
    }
    used += size;
    return current * ADDRESSES + (used - size) / LINE;
  };

  const release = (address: number, shape: number): void => {
    if (sizeOf(shape) > SEGMENT) {
      segments[address >>> ADDRESS_BITS] = NO_DATA;
      segmentWords[address >>> ADDRESS_BITS] = NO_WORDS;
      freeSegments.push(address >>> ADDRESS_BITS);
      return;
    }
    while (free.length <= shape) free.push([]);
    (free[shape] as number[]).push(address);
  };

  const cursor: PackedLog = {
    address: NONE,
    layout: narrow,
    data: NO_DATA,
    words: NO_WORDS,
    start: 0,
    records: 0,
    index: 0,
    count: 0,
    first: 0,
    droppedMs: Number.NEGATIVE_INFINITY,
    room: 0,
    grow: () => move(shapeInHand() + DOUBLED),
    widen: () => move(shapeInHand() + WIDE),
  };

  const shapeInHand = (): number => cursor.words[2 * cursor.start + SHAPE] as number;

  const place = (address: number, shape: number): void => {
    const layout = layoutOf(shape);
    cursor.address = address;
    cursor.layout = layout;
    cursor.data = segments[address >>> ADDRESS_BITS] as Float64Array;
    cursor.words = segmentWords[address >>> ADDRESS_BITS] as Int32Array;
    cursor.start = startOf(address);
    cursor.records = cursor.start + layout.recordsAt;
    cursor.room = roomOf(shape);
    cursor.index = 2 * (cursor.records + cursor.room * layout.stride);
  };

  /** The log in hand to another place, in another shape. */
  const move = (shape: number): void => {
    const { address, layout, data, start, records, count } = cursor;
    const oldShape = shapeInHand();
    place(allocate(shape), shape);
    const { stride } = layout;
    const { data: target, layout: other } = cursor;
    if (other === layout) target.set(data.subarray(start, records + count * stride), cursor.start);
    else {
      target.set(data.subarray(start, records - stride), cursor.start);
      for (let record = -1; record < count; record++) {
        const from = records + record * stride;
        const to = cursor.records + record * other.stride;
        target.set(data.subarray(from, from + stride), to);
        target[to + other.wrapsAt] = 0;
      }
    }
    cursor.words[2 * cursor.start + SHAPE] = shape;
    release(address, oldShape);
    indexMembers(other, cursor);
  };

  return {
    create(droppedMs) {
      place(allocate(0), 0);
      const { data, words, start, records } = cursor;
      data.fill(0, start, records);
      words[2 * start + SHAPE] = 0;
      for (const slot of [...narrow.extremesAt.max, ...narrow.extremesAt.min])
        if (slot !== NONE) data.fill(NONE, start + slot, start + slot + 2);
      cursor.count = 0;
      cursor.first = 0;
      cursor.droppedMs = droppedMs;
      indexMembers(narrow, cursor);
      return cursor;
    },
    open(address) {
      const segment = address >>> ADDRESS_BITS;
      const words = segmentWords[segment] as Int32Array;
      const data = segments[segment] as Float64Array;
      const start = startOf(address);
      const shape = words[2 * start + SHAPE] as number;
      const layout = layoutOf(shape);
      const records = start + layout.recordsAt;
      const room = roomOf(shape);
      cursor.address = address;
      cursor.layout = layout;
      cursor.data = data;
      cursor.words = words;
      cursor.start = start;
      cursor.records = records;
      cursor.room = room;
      cursor.index = 2 * (records + room * layout.stride);
      cursor.count = words[2 * start + COUNT] as number;
      cursor.first = data[records - layout.stride + TIME] as number;
      cursor.droppedMs = data[records - layout.stride + ID] as number;
      return cursor;
    },
    touch(address) {
      const data = segments[address >>> ADDRESS_BITS] as Float64Array;
      const start = startOf(address);
      let sum = 0;
      for (let line = start; line < start + narrow.recordsAt; line += LINE) sum += data[line] as number;
      return sum;
    },
    touchRecords(address) {
      const data = segments[address >>> ADDRESS_BITS] as Float64Array;
      const words = segmentWords[address >>> ADDRESS_BITS] as Int32Array;
      const start = startOf(address);
      const header = 2 * start;
      const { stride, recordsAt, edgesAt, windows } = layoutOf(words[header + SHAPE] as number);
      const records = start + recordsAt;
      const last = (words[header + COUNT] as number) - 1;
      let sum = data[records + last * stride] as number;
      for (let index = 0; index < windows.length; index++) {
        const lo = Math.min(last, words[header + edgesAt + index] as number);
        sum += data[records + lo * stride] as number;
      }
      return sum;
    },
    save() {
      const { data, words, start, records, layout } = cursor;
      words[2 * start + COUNT] = cursor.count;
      data[records - layout.stride + TIME] = cursor.first;
      data[records - layout.stride + ID] = cursor.droppedMs;
    },
    free(address) {
      const words = segmentWords[address >>> ADDRESS_BITS] as Int32Array;
      release(address, words[2 * startOf(address) + SHAPE] as number);
    },
  };
}
