/**
 * The in-process entities of one kind, bounded: what nobody can ask for any more goes on its own, and beyond `maxEntities`
 * the least recently used give way (second chance). What was forgotten is remembered as a time, so that a window that
 * would have needed it is flagged as an estimate, never silently low.
 *
 * An entity is the number of a row: its id and a few cells of its owner in one or two lines of memory, found through an
 * index of hashes (open addressing). A Map of strings to objects took a fifth of the time of the whole store.
 */
import { insertInto, removeFrom } from './hash-index.ts';
import type { PackedIds } from './packed-ids.ts';
import { createRows } from './table-rows.ts';

export interface EntityTableOptions {
  readonly ids: PackedIds;
  /** the kinds whose ids are its key, as indexes into `ids.kinds` */
  readonly kinds: readonly number[];
  /** numbers that its owner keeps in a row; 0 in a new one */
  readonly cells: number;
  readonly maxEntities: number;
  /** an entry goes on its own when its newest event is older than this */
  readonly idleMs: number;
  /** time of an entity's newest event */
  readonly newestMs: (entity: number) => number;
  /** the entity is no longer found; its number will be another one's */
  readonly onForget?: (entity: number) => void;
}

export interface EntityTable {
  /** does the transaction of this item of the ids name the entity? */
  isNamed(item: number): boolean;
  /** its number, NO_ENTITY when it is not known */
  find(item: number): number;
  /** of one that is not known yet; makes room first when the table is full */
  add(item: number, watermarkMs: number): number;
  cell(entity: number, column: number): number;
  setCell(entity: number, column: number, value: number): void;
  /**
   * Memory that the `find` of each of the first items will read, asked for early: first the index of all, then the rows of
   * all. The answers mean nothing
   */
  touchIndex(items: number): number;
  touchRows(items: number): number;
  /** after touchRows: what `find` will most likely answer, NO_ENTITY or less when nothing */
  readonly guesses: Int32Array;
  /** newest event of all entities that were forgotten; −Infinity = none */
  readonly forgottenMs: number;
}

export const NO_ENTITY = -1;
/** a guess of an item that names none */
const NOT_NAMED = -2;
/** rows looked at for each one that is added: idle ones are gone after half a tour */
const SWEEP_STEPS = 2;
const SECOND_CHANCES = 16;
const FIRST_SIZE = 256;

export function createEntityTable(options: EntityTableOptions): EntityTable {
  const { maxEntities, idleMs, newestMs, onForget } = options;
  const rows = createRows(options.ids, options.kinds, options.cells);
  /** pairs of a hash and the number of its entity + 1; 0 = free */
  let index = new Int32Array(2 * FIRST_SIZE);
  let mask = FIRST_SIZE - 1;
  let size = 0;
  let cursor = 0;
  let forgottenMs = Number.NEGATIVE_INFINITY;

  const enlarge = (): void => {
    const old = index;
    index = new Int32Array(2 * old.length);
    mask = index.length / 2 - 1;
    for (let at = 0; at < old.length; at += 2)
      if (old[at + 1] !== 0) insertInto(index, old[at] as number, (old[at + 1] as number) - 1);
  };

  const forget = (entity: number): void => {
    removeFrom(index, rows.hashOfRow(entity), entity);
    forgottenMs = Math.max(forgottenMs, newestMs(entity));
    onForget?.(entity);
    rows.free(entity);
    size--;
  };

  /** The next row of the tour, NO_ENTITY when it is free. */
  const next = (): number => {
    if (cursor >= rows.end()) cursor = 0;
    const entity = cursor++;
    return rows.isUsed(entity) ? entity : NO_ENTITY;
  };

  const makeRoom = (watermarkMs: number): void => {
    for (let step = 0; step < SWEEP_STEPS && size > 0; step++) {
      const entity = next();
      if (entity !== NO_ENTITY && newestMs(entity) < watermarkMs - idleMs) forget(entity);
    }
    for (let step = 0; size >= maxEntities && size > 0; ) {
      const entity = next();
      if (entity === NO_ENTITY) continue;
      if (step++ < SECOND_CHANCES && rows.takeRecent(entity)) continue;
      forget(entity);
    }
  };

  const hashes = new Int32Array(options.ids.items);
  const guesses = new Int32Array(options.ids.items).fill(NO_ENTITY);

  const probe = (item: number): number => {
    const hash = rows.hashOf(item);
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const entity = (index[2 * at + 1] as number) - 1;
      if (entity === NO_ENTITY) return NO_ENTITY;
      if (index[2 * at] === hash && rows.isSame(entity, item)) return entity;
    }
  };

  /** The first entity of this hash, from the index alone. */
  const guess = (hash: number): number => {
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const entity = (index[2 * at + 1] as number) - 1;
      if (entity === NO_ENTITY || index[2 * at] === hash) return entity;
    }
  };

  return {
    isNamed: rows.isNamed,
    find(item) {
      const entity = guesses[item] as number;
      return entity >= 0 && rows.isSame(entity, item) ? entity : probe(item);
    },
    add(item, watermarkMs) {
      makeRoom(watermarkMs);
      const entity = rows.add(item);
      size++;
      if (4 * size > index.length) enlarge();
      insertInto(index, rows.hashOf(item), entity);
      return entity;
    },
    cell: rows.cell,
    setCell: rows.setCell,
    touchIndex(items) {
      for (let item = 0; item < items; item++) {
        const isNamed = rows.isNamed(item);
        hashes[item] = isNamed ? rows.hashOf(item) : 0;
        guesses[item] = isNamed ? NO_ENTITY : NOT_NAMED;
      }
      // nothing else in the loop: then the processor waits for all of them at once
      let sum = 0;
      for (let item = 0; item < items; item++) sum ^= index[2 * ((hashes[item] as number) & mask)] as number;
      return sum;
    },
    touchRows(items) {
      for (let item = 0; item < items; item++)
        if (guesses[item] !== NOT_NAMED) guesses[item] = guess(hashes[item] as number);
      let sum = 0;
      for (let item = 0; item < items; item++) sum ^= rows.touch(Math.max(0, guesses[item] as number));
      return sum;
    },
    guesses,
    get forgottenMs() {
      return forgottenMs;
    },
  };
}
