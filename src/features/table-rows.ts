/**
 * The rows of an entity table, in segments: state, hash, the ids of its key, the cells of its owner. Ids that do not fit
 * into a row are kept as texts beside it. Rows that were freed serve again.
 */
import { ABSENT, AS_TEXT, mixWord, PART, type PackedIds } from './packed-ids.ts';

export interface Rows {
  /** a row for the key of this item of the ids */
  add(item: number): number;
  free(row: number): void;
  isUsed(row: number): boolean;
  /** one more than the largest row that was ever used */
  end(): number;
  isNamed(item: number): boolean;
  hashOf(item: number): number;
  hashOfRow(row: number): number;
  /** asks early for a row's memory; the answer means nothing */
  touch(row: number): number;
  /** is it the row of the key of this item? Then it was used just now. A row that was freed is no one's */
  isSame(row: number, item: number): boolean;
  /** was it used since it was last asked? */
  takeRecent(row: number): boolean;
  cell(row: number, column: number): number;
  setCell(row: number, column: number, value: number): void;
}

const SEGMENT_BITS = 10;
const SEGMENT = 2 ** SEGMENT_BITS;
/** numbers in a line of memory */
const LINE = 16;
/** numbers for the ids: two of 16 characters, or one of 36, with their lengths */
const KEY_WORDS = 10;

const STATE = 0;
const HASH = 1;
const HEADER = 2;
/** of a row's state */
const FREE = 0;
const USED = 1;
const RECENT = 2;
const TEXT = 4;

export function createRows(ids: PackedIds, kinds: readonly number[], cells: number): Rows {
  const { words, texts } = ids;
  const stride = Math.ceil((HEADER + KEY_WORDS + cells) / LINE) * LINE;
  const cellsAt = stride - cells;
  const room = cellsAt - HEADER;
  const segments: Int32Array[] = [];
  const freed: number[] = [];
  const keysAsText = new Map<number, readonly (string | undefined)[]>();
  let end = 0;

  const partOf = (item: number, index: number): number => item * ids.kinds.length + (kinds[index] as number);
  const segmentOf = (row: number): Int32Array => segments[row >>> SEGMENT_BITS] as Int32Array;
  const startOf = (row: number): number => (row & (SEGMENT - 1)) * stride;

  const isText = (item: number): boolean => {
    let needed = 0;
    for (let index = 0; index < kinds.length; index++) {
      const length = words[partOf(item, index) * PART.size + PART.length] as number;
      if (length === AS_TEXT) return true;
      needed += 1 + ((length + 3) >> 2);
    }
    return needed > room;
  };

  const hashOf = (item: number): number => {
    let hash = words[partOf(item, 0) * PART.size + PART.hash] as number;
    for (let index = 1; index < kinds.length; index++)
      hash = mixWord(hash, words[partOf(item, index) * PART.size + PART.hash] as number);
    return hash;
  };

  const isSameText = (row: number, item: number): boolean => {
    const key = keysAsText.get(row);
    for (let index = 0; index < kinds.length; index++) if (key?.[index] !== texts[partOf(item, index)]) return false;
    return true;
  };

  const isSameKey = (rowWords: Int32Array, start: number, item: number): boolean => {
    let at = start + HEADER;
    for (let index = 0; index < kinds.length; index++) {
      const part = partOf(item, index) * PART.size;
      const length = words[part + PART.length] as number;
      if (rowWords[at++] !== length) return false;
      const last = part + PART.characters + ((length + 3) >> 2);
      for (let word = part + PART.characters; word < last; word++) if (rowWords[at++] !== words[word]) return false;
    }
    return true;
  };

  const writeKey = (rowWords: Int32Array, start: number, item: number): void => {
    let at = start + HEADER;
    for (let index = 0; index < kinds.length; index++) {
      const part = partOf(item, index) * PART.size;
      const length = words[part + PART.length] as number;
      rowWords[at++] = length;
      const last = part + PART.characters + ((length + 3) >> 2);
      for (let word = part + PART.characters; word < last; word++) rowWords[at++] = words[word] as number;
    }
  };

  return {
    add(item) {
      const row = freed.pop() ?? end++;
      if (row >>> SEGMENT_BITS === segments.length) segments.push(new Int32Array(SEGMENT * stride));
      const rowWords = segmentOf(row);
      const start = startOf(row);
      rowWords.fill(0, start, start + stride);
      rowWords[start + HASH] = hashOf(item);
      rowWords[start + STATE] = USED;
      if (isText(item)) {
        rowWords[start + STATE] = USED | TEXT;
        keysAsText.set(
          row,
          kinds.map((_, index) => texts[partOf(item, index)]),
        );
      } else writeKey(rowWords, start, item);
      return row;
    },
    free(row) {
      const rowWords = segmentOf(row);
      if (((rowWords[startOf(row) + STATE] as number) & TEXT) !== 0) keysAsText.delete(row);
      rowWords[startOf(row) + STATE] = FREE;
      freed.push(row);
    },
    isUsed: (row) => segmentOf(row)[startOf(row) + STATE] !== FREE,
    end: () => end,
    isNamed(item) {
      for (let index = 0; index < kinds.length; index++)
        if (words[partOf(item, index) * PART.size + PART.length] === ABSENT) return false;
      return true;
    },
    hashOf,
    hashOfRow: (row) => segmentOf(row)[startOf(row) + HASH] as number,
    touch: (row) => (row < end ? (segmentOf(row)[startOf(row) + STATE] as number) : 0),
    isSame(row, item) {
      const rowWords = segmentOf(row);
      const start = startOf(row);
      const state = rowWords[start + STATE] as number;
      if (state === FREE) return false;
      // a key that must be text differs from a packed one in a length
      const isEqual = (state & TEXT) === 0 ? isSameKey(rowWords, start, item) : isSameText(row, item);
      if (isEqual && (state & RECENT) === 0) rowWords[start + STATE] = state | RECENT;
      return isEqual;
    },
    takeRecent(row) {
      const rowWords = segmentOf(row);
      const at = startOf(row) + STATE;
      const state = rowWords[at] as number;
      rowWords[at] = state & ~RECENT;
      return (state & RECENT) !== 0;
    },
    cell: (row, column) => segmentOf(row)[startOf(row) + cellsAt + column] as number,
    setCell(row, column, value) {
      segmentOf(row)[startOf(row) + cellsAt + column] = value;
    },
  };
}
