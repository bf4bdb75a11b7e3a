/** The entities of one combination in process: their logs, one per stream, and what labels and corrections left with them. */
import { createEntityTable, type EntityTable, NO_ENTITY } from './entity-table.ts';
import type { Combination, StreamPlan } from './feature-plan.ts';
import { createLogArena, type LogArena } from './log-arena.ts';
import { type LogLayout, layoutOf } from './log-layout.ts';
import { newestMs } from './log-reading.ts';
import type { Replacements } from './memory-corrections.ts';
import type { FraudList } from './memory-labels.ts';
import type { PackedIds } from './packed-ids.ts';

export interface Stream {
  readonly plan: StreamPlan;
  readonly layout: LogLayout;
  readonly arena: LogArena;
  /** address of a log without records: what an entity without a log has */
  readonly empty: number;
}

export function createStream(plan: StreamPlan, latenessMs: number, maxRecords: number): Stream {
  const layout = layoutOf(plan, latenessMs, maxRecords);
  const arena = createLogArena(layout);
  const { address } = arena.create(Number.NEGATIVE_INFINITY);
  arena.save();
  return { plan, layout, arena, empty: address };
}

export const NO_LOG = -1;

/** Whose frauds they are. Labels may know it longer than the table does, and its number is another one's then. */
export interface FraudOwner {
  readonly logs: EntityLogs;
  /** NO_ENTITY: forgotten */
  entity: number;
}

interface EntityFrauds {
  readonly owner: FraudOwner;
  readonly lists: FraudList<FraudOwner>[];
}

export const NO_FRAUDS: FraudList<FraudOwner>['frauds'] = [];

export interface EntityLogs {
  readonly streams: readonly Stream[];
  readonly table: EntityTable;
  /** address of the log of an entity's stream, by the place of the stream in the combination */
  logOf(entity: number, place: number): number;
  keepLog(entity: number, place: number, address: number): void;
  /** undefined where there is none yet */
  fraudsOf(entity: number, place: number): FraudList<FraudOwner> | undefined;
  makeFrauds(entity: number, place: number): FraudList<FraudOwner>;
  replacedOf(entity: number, place: number): Replacements | undefined;
  makeReplaced(entity: number, place: number): Replacements;
  /** asks early for the memory that the visits of the first `items` of the ids will read */
  touch(items: number): number;
}

export interface EntityLogsOptions {
  readonly combination: Combination;
  readonly streams: readonly Stream[];
  readonly ids: PackedIds;
  readonly maxEntities: number;
  readonly idleMs: number;
}

export function createEntityLogs({ combination, streams, ids, maxEntities, idleMs }: EntityLogsOptions): EntityLogs {
  const own = combination.streams.map((index) => streams[index] as Stream);
  /** by entity and place; most entities have none */
  const frauds: (EntityFrauds | undefined)[] = [];
  const replaced = new Map<number, Replacements[]>();

  const newestOf = (entity: number): number => {
    let newest = Number.NEGATIVE_INFINITY;
    for (let place = 0; place < own.length; place++) {
      const { arena, layout } = own[place] as Stream;
      const address = logOf(entity, place);
      if (address !== NO_LOG) newest = Math.max(newest, newestMs(layout, arena.open(address)));
    }
    return newest;
  };

  const freeLogs = (entity: number): void => {
    for (let place = 0; place < own.length; place++) {
      const address = logOf(entity, place);
      if (address !== NO_LOG) (own[place] as Stream).arena.free(address);
    }
    const left = frauds[entity];
    if (left !== undefined) left.owner.entity = NO_ENTITY;
    if (entity < frauds.length) frauds[entity] = undefined;
    replaced.delete(entity);
  };

  const table = createEntityTable({
    ids,
    kinds: combination.kinds.map((kind) => ids.kinds.indexOf(kind)),
    cells: own.length,
    maxEntities,
    idleMs,
    newestMs: newestOf,
    onForget: freeLogs,
  });
  // a new row's cells are 0: no log
  const logOf = (entity: number, place: number): number => table.cell(entity, place) - 1;

  const entities = new Int32Array(ids.items);
  const addresses = new Int32Array(ids.items);

  const logs: EntityLogs = {
    streams: own,
    table,
    logOf,
    keepLog: (entity, place, address) => table.setCell(entity, place, address + 1),
    fraudsOf: (entity, place) => frauds[entity]?.lists[place],
    makeFrauds(entity, place) {
      while (frauds.length <= entity) frauds.push(undefined);
      frauds[entity] ??= { owner: { logs, entity }, lists: [] };
      const { owner, lists } = frauds[entity];
      const list = lists[place] ?? { frauds: NO_FRAUDS, owner, place, stream: (own[place] as Stream).plan.index };
      lists[place] = list;
      return list;
    },
    replacedOf: (entity, place) => (replaced.size === 0 ? undefined : replaced.get(entity)?.[place]),
    makeReplaced(entity, place) {
      const pairs = replaced.get(entity) ?? [];
      replaced.set(entity, pairs);
      const list = pairs[place] ?? [];
      pairs[place] = list;
      return list;
    },
    touch(items) {
      // one kind of access after the other, so that the processor waits for all of a kind at once
      let sum = 0;
      for (let item = 0; item < items; item++) if (table.isNamed(item)) sum += table.touchIndex(item);
      for (let item = 0; item < items; item++) {
        const entity = table.isNamed(item) ? table.guess(item) : NO_ENTITY;
        entities[item] = entity;
        if (entity !== NO_ENTITY) sum += table.cell(entity, 0);
      }
      for (let place = 0; place < own.length; place++) {
        const { arena } = own[place] as Stream;
        let count = 0;
        for (let item = 0; item < items; item++) {
          const entity = entities[item] as number;
          const address = entity === NO_ENTITY ? NO_LOG : logOf(entity, place);
          if (address !== NO_LOG) addresses[count++] = address;
        }
        for (let log = 0; log < count; log++) sum += arena.touch(addresses[log] as number);
        for (let log = 0; log < count; log++) sum += arena.touchRecords(addresses[log] as number);
      }
      return sum;
    },
  };
  return logs;
}
