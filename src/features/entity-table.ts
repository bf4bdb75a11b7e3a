/**
 * The in-process entities of one kind, bounded: what nobody can ask for any more goes on its own, and beyond `maxEntities`
 * the least recently used give way (second chance). What was forgotten is remembered as a time, so that a window that
 * would have needed it is flagged as an estimate, never silently low.
 */
export interface TableEntry {
  isRecent: boolean;
}

export interface EntityTableOptions<E extends TableEntry> {
  readonly maxEntities: number;
  /** an entry goes on its own when its newest event is older than this */
  readonly idleMs: number;
  /** time of an entry's newest event */
  readonly newestMs: (entry: E) => number;
  /** the entry is no longer found */
  readonly onForget?: (entry: E) => void;
}

export interface EntityTable<E extends TableEntry> {
  get(key: string): E | undefined;
  /** makes room first when the table is full */
  add(key: string, entry: E, watermarkMs: number): void;
  readonly size: number;
  /** newest event of all entries that were forgotten; −Infinity = none */
  readonly forgottenMs: number;
}

/** entries looked at for each one that is added: idle ones are gone after half a tour */
const SWEEP_STEPS = 2;
const SECOND_CHANCES = 16;

export function createEntityTable<E extends TableEntry>(options: EntityTableOptions<E>): EntityTable<E> {
  const { maxEntities, idleMs, newestMs, onForget } = options;
  const entries = new Map<string, E>();
  let sweep = entries.entries();
  let forgottenMs = Number.NEGATIVE_INFINITY;

  const forget = (key: string, entry: E): void => {
    entries.delete(key);
    forgottenMs = Math.max(forgottenMs, newestMs(entry));
    onForget?.(entry);
  };

  const next = (): readonly [string, E] | undefined => {
    let step = sweep.next();
    if (step.done === true) {
      sweep = entries.entries();
      step = sweep.next();
    }
    return step.done === true ? undefined : step.value;
  };

  const makeRoom = (watermarkMs: number): void => {
    for (let step = 0; step < SWEEP_STEPS; step++) {
      const candidate = next();
      if (candidate !== undefined && newestMs(candidate[1]) < watermarkMs - idleMs) forget(...candidate);
    }
    for (let step = 0; entries.size >= maxEntities; step++) {
      const candidate = next();
      if (candidate === undefined) return;
      if (candidate[1].isRecent && step < SECOND_CHANCES) candidate[1].isRecent = false;
      else forget(...candidate);
    }
  };

  return {
    get(key) {
      const entry = entries.get(key);
      if (entry !== undefined) entry.isRecent = true;
      return entry;
    },
    add(key, entry, watermarkMs) {
      makeRoom(watermarkMs);
      entries.set(key, entry);
    },
    get size() {
      return entries.size;
    },
    get forgottenMs() {
      return forgottenMs;
    },
  };
}
