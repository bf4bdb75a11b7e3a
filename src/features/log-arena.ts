/**
 * The logs of one stream in a few large arrays. A log of its own object, array and buffer cost three cache misses a visit
 * and a fifth of the time in the garbage collector: most logs are small, and there are as many as there are entities.
 *
 * A log is known by its address; `open` lends the one cursor of the arena, good until the next `open`. What a log outgrew
 * serves the next log of that size.
 */
import type { LogLayout } from './log-layout.ts';
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
/** count, first, droppedMs, records there is room for, number of its member indexes + 1 */
const COUNT = 0;
const FIRST = 1;
const DROPPED = 2;
const ROOM = 3;
const INDEX = 4;
const HEADER = 5;

const SEGMENT_BITS = 16;
const SEGMENT = 2 ** SEGMENT_BITS;
const ADDRESS_BITS = SEGMENT_BITS - LINE_BITS;
const ADDRESSES = 2 ** ADDRESS_BITS;
const FIRST_ROOM = 3;
const NONE = -1;
const NO_DATA = new Float64Array(0);

const startOf = (address: number): number => (address & (ADDRESSES - 1)) << LINE_BITS;

export function createLogArena(layout: LogLayout): LogArena {
  const segments: Float64Array[] = [];
  /** addresses that are free, by the logarithm of room / FIRST_ROOM */
  const free: number[][] = [];
  const indexes: (Map<number, number>[] | undefined)[] = [];
  const freeIndexes: number[] = [];
  /** segments of logs that are larger than one, and were freed */
  const freeSegments: number[] = [];
  let current = NONE;
  let used = SEGMENT;
  /** in whole cache lines */
  const sizeOf = (room: number): number => (HEADER + layout.recordsAt + room * layout.stride + LINE - 1) & -LINE;

  const addSegment = (length: number): number => {
    const place = freeSegments.pop() ?? segments.length;
    segments[place] = new Float64Array(length);
    return place;
  };

  const allocate = (room: number): number => {
    const size = sizeOf(room);
    if (size > SEGMENT) return addSegment(size) * ADDRESSES;
    const known = free[Math.log2(room / FIRST_ROOM)]?.pop();
    if (known !== undefined) return known;
    if (used + size > SEGMENT) {
      current = addSegment(SEGMENT);
      used = 0;
    }
    used += size;
    return current * ADDRESSES + (used - size) / LINE;
  };

  const release = (address: number, room: number): void => {
    if (sizeOf(room) > SEGMENT) {
      segments[address >>> ADDRESS_BITS] = NO_DATA;
      freeSegments.push(address >>> ADDRESS_BITS);
      return;
    }
    const place = Math.log2(room / FIRST_ROOM);
    const addresses = free[place] ?? [];
    free[place] = addresses;
    addresses.push(address);
  };

  const cursor: PackedLog = {
    address: NONE,
    data: NO_DATA,
    caches: 0,
    records: 0,
    count: 0,
    first: 0,
    droppedMs: Number.NEGATIVE_INFINITY,
    newest: undefined,
    room: 0,
    grow() {
      const { address, data, caches, count, room } = cursor;
      const target = allocate(room * 2);
      const at = startOf(target);
      const grown = segments[target >>> ADDRESS_BITS] as Float64Array;
      const from = caches - HEADER;
      grown.set(data.subarray(from, from + sizeOf(count)), at);
      release(address, room);
      moveTo(target, room * 2);
    },
  };

  const moveTo = (address: number, room: number): void => {
    cursor.address = address;
    cursor.data = segments[address >>> ADDRESS_BITS] as Float64Array;
    cursor.caches = startOf(address) + HEADER;
    cursor.records = cursor.caches + layout.recordsAt;
    cursor.room = room;
  };

  return {
    create(droppedMs) {
      const address = allocate(FIRST_ROOM);
      moveTo(address, FIRST_ROOM);
      const { data, caches, records } = cursor;
      data.fill(0, caches - HEADER, records);
      for (let cache = caches; cache < records - layout.stride; cache += layout.cacheStride)
        data.fill(NONE, cache + layout.cacheMaxAt, cache + layout.cacheDistinctAt);
      data[caches - HEADER + ROOM] = FIRST_ROOM;
      cursor.count = 0;
      cursor.first = 0;
      cursor.droppedMs = droppedMs;
      cursor.newest = undefined;
      return cursor;
    },
    open(address) {
      const data = segments[address >>> ADDRESS_BITS] as Float64Array;
      const header = startOf(address);
      cursor.address = address;
      cursor.data = data;
      cursor.caches = header + HEADER;
      cursor.records = header + HEADER + layout.recordsAt;
      cursor.count = data[header + COUNT] as number;
      cursor.first = data[header + FIRST] as number;
      cursor.droppedMs = data[header + DROPPED] as number;
      cursor.room = data[header + ROOM] as number;
      if (layout.members > 0) cursor.newest = indexes[(data[header + INDEX] as number) - 1];
      return cursor;
    },
    touch(address) {
      const data = segments[address >>> ADDRESS_BITS] as Float64Array;
      const header = startOf(address);
      let sum = 0;
      for (let line = header; line < header + HEADER + layout.recordsAt; line += LINE) sum += data[line] as number;
      return sum;
    },
    touchRecords(address) {
      const data = segments[address >>> ADDRESS_BITS] as Float64Array;
      const header = startOf(address);
      const records = header + HEADER + layout.recordsAt;
      const last = (data[header + COUNT] as number) - 1;
      let sum = data[records + last * layout.stride] as number;
      for (let index = 0; index < layout.windows.length; index++) {
        const lo = Math.min(last, data[header + HEADER + index * layout.cacheStride] as number);
        sum += data[records + lo * layout.stride] as number;
      }
      return sum;
    },
    save() {
      const { data, newest } = cursor;
      const header = cursor.caches - HEADER;
      data[header + COUNT] = cursor.count;
      data[header + FIRST] = cursor.first;
      data[header + DROPPED] = cursor.droppedMs;
      data[header + ROOM] = cursor.room;
      if (newest === undefined || (data[header + INDEX] as number) > 0) return;
      const place = freeIndexes.pop() ?? indexes.length;
      indexes[place] = newest;
      data[header + INDEX] = place + 1;
    },
    free(address) {
      const data = segments[address >>> ADDRESS_BITS] as Float64Array;
      const header = startOf(address);
      const index = (data[header + INDEX] as number) - 1;
      if (index >= 0) {
        indexes[index] = undefined;
        freeIndexes.push(index);
      }
      release(address, data[header + ROOM] as number);
    },
  };
}
