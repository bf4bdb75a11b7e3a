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
  readonly arena: LogArena;
  /** address of a log without records: what an entity without a log has */
  readonly empty: number;
}

export function createStream(plan: StreamPlan, latenessMs: number, maxRecords: number): Stream {
  const layout = (isWide: boolean): LogLayout => layoutOf(plan, latenessMs, maxRecords, isWide);
  const arena = createLogArena(layout(false), layout(plan.value !== undefined));
  const { address } = arena.create(Number.NEGATIVE_INFINITY);
  arena.save();
  return { plan, arena, empty: address };
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
  makeReplaced(entity: number, place: number, timeMs: number): Replacements;
  /**
   * Asks early for the memory that the visits of the first `items` of the ids will read, one kind of access after the
   * other, so that the processor waits for all of a kind at once. The answers mean nothing.
   */
  touchTable(items: number): number;
  touchRows(items: number): number;
  touchLogs(items: number): number;
  touchRecords(): number;
}

interface EntityReplacements {
  /** of the corrections */
  newestMs: number;
  /** by place */
  readonly lists: Replacements[];
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
  const replaced = new Map<number, EntityReplacements>();

  const newestOf = (entity: number): number => {
    // a log whose only event was replaced by one of another log is empty, and must still know it
    let newest = (replaced.size === 0 ? undefined : replaced.get(entity)?.newestMs) ?? Number.NEGATIVE_INFINITY;
    for (let place = 0; place < own.length; place++) {
      const { arena } = own[place] as Stream;
      const address = logOf(entity, place);
      if (address === NO_LOG) continue;
      const log = arena.open(address);
      newest = Math.max(newest, newestMs(log.layout, log));
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

  /** of the logs that will be visited, by place, without gaps */
  const addresses = own.map(() => new Int32Array(ids.items));
  const counts = new Int32Array(own.length);

  const touchLogs = (items: number): number => {
    let sum = 0;
    for (let place = 0; place < own.length; place++) {
      const { arena } = own[place] as Stream;
      const known = addresses[place] as Int32Array;
      let count = 0;
      for (let item = 0; item < items; item++) {
        const entity = table.guesses[item] as number;
        const address = entity < 0 ? NO_LOG : logOf(entity, place);
        if (address !== NO_LOG) known[count++] = address;
      }
      counts[place] = count;
      for (let log = 0; log < count; log++) sum += arena.touch(known[log] as number);
    }
    return sum;
  };

  const touchRecords = (): number => {
    let sum = 0;
    for (let place = 0; place < own.length; place++) {
      const { arena } = own[place] as Stream;
      const known = addresses[place] as Int32Array;
      const count = counts[place] as number;
      for (let log = 0; log < count; log++) sum += arena.touchRecords(known[log] as number);
    }
    return sum;
  };

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
    replacedOf: (entity, place) => (replaced.size === 0 ? undefined : replaced.get(entity)?.lists[place]),
    makeReplaced(entity, place, timeMs) {
      const own = replaced.get(entity) ?? { newestMs: timeMs, lists: [] };
      replaced.set(entity, own);
      own.newestMs = Math.max(own.newestMs, timeMs);
      const list = own.lists[place] ?? [];
      own.lists[place] = list;
      return list;
    },
    touchTable: table.touchIndex,
    touchRows: table.touchRows,
    touchLogs,
    touchRecords,
  };
  return logs;
}
