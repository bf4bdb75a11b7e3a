/** Corrections in the in-process store: the same as lua/record-and-read/correcting.lua, over packed-log.ts. */
import {
  ANSWER,
  type Answer,
  OPERATION,
  type Operation,
  type PlannedCorrection,
  REFERENCES_SEARCHED,
} from './corrections.ts';
import { createEntityTable, NO_ENTITY } from './entity-table.ts';
import { findById, lowerEntry, SEARCHED_RECORDS, takeOut } from './log-correcting.ts';
import { findRecord, NONE, newestMs, type PackedLog, upperBound } from './log-reading.ts';
import type { PackedIds } from './packed-ids.ts';
import type { LogEvent } from './raw-numbers.ts';

/** newest pairs that a log keeps */
const REPLACED_KEPT = 256;

/** Pairs of an event's id and the id of what replaced it, in order. */
export type Replacements = number[];

/** Last pair's second number; NONE when there is no such pair. */
function lastOf(pairs: readonly number[], first: number): number {
  for (let at = pairs.length - 2; at >= 0; at -= 2) if (pairs[at] === first) return pairs[at + 1] as number;
  return NONE;
}

export const isReplaced = (pairs: Replacements | undefined, id: number): boolean =>
  pairs !== undefined && lastOf(pairs, id) !== NONE;

export interface LogInHand {
  readonly log: PackedLog;
  /** of this log; grows */
  readonly replaced: Replacements;
  /** an event was taken out of the log */
  readonly onReplaced: (id: number) => void;
}

/** Comes before the event's own visit, and is the same whatever is repeated. */
export function correctLog(
  { log, replaced, onReplaced }: LogInHand,
  event: LogEvent,
  operation: Operation,
  { originals, amount }: PlannedCorrection,
): Answer {
  const { id, timeMs } = event;
  const { layout } = log;
  if (timeMs < newestMs(layout, log) - layout.latenessMs) return ANSWER.done;
  const end = upperBound(layout, log, timeMs, 0, log.count);
  if (findRecord(layout, log, event, end) !== NONE || isReplaced(replaced, id)) return ANSWER.done;
  for (const original of originals) {
    if (original === 0 || original === id) continue;
    const isKnown = isReplaced(replaced, original);
    const target = operation === OPERATION.replace ? standingFor(replaced, original, id) : original;
    const place = target === id ? NONE : findById(layout, log, target);
    if (place !== NONE && operation !== OPERATION.look) {
      if (layout.currencyAt === NONE) {
        takeOut(layout, log, place);
        onReplaced(target);
      } else {
        const { currency } = event;
        lowerEntry(layout, log, place, operation === OPERATION.lower ? { amount, currency } : { currency });
      }
    }
    if (place === NONE && !isKnown) continue;
    if (operation === OPERATION.replace && target !== id) keepReplacement(replaced, target, id);
    return ANSWER.known;
  }
  // a full log has forgotten what a window may ask for, perhaps the original: another version of it would count beside this
  // one, so that what looks back beyond here is an estimate
  if (operation !== OPERATION.look && log.droppedMs > newestMs(layout, log) - layout.retentionMs)
    log.droppedMs = Math.max(log.droppedMs, timeMs);
  return log.count > SEARCHED_RECORDS && operation !== OPERATION.look ? ANSWER.beyond : ANSWER.unknown;
}

/** The version that stands in an event's place now; `id` itself when it is the last one. */
function standingFor(replaced: Replacements, original: number, id: number): number {
  let target = original;
  for (let steps = 0; steps < REPLACED_KEPT; steps++) {
    const by = lastOf(replaced, target);
    if (by === NONE) return target;
    target = by;
    if (by === id) return id;
  }
  return target;
}

function keepReplacement(replaced: Replacements, target: number, id: number): void {
  replaced.push(target, id);
  if (replaced.length > 2 * REPLACED_KEPT) replaced.splice(0, replaced.length - 2 * REPLACED_KEPT);
}

// ── the rails' references ────────────────────────────────────────────────────────────────────────────────────────────

export interface MemoryReferences {
  /** of the customer of this item of the ids */
  remember(item: number, references: number, id: number, timeMs: number, watermarkMs: number): void;
  /** 0 when they lead to nothing that is remembered */
  resolve(item: number, references: number): number;
}

interface OwnReferences {
  newestMs: number;
  pairs: number[];
}

export function createMemoryReferences(ids: PackedIds, maxEntities: number, idleMs: number): MemoryReferences {
  const kept: (OwnReferences | undefined)[] = [];
  const customers = createEntityTable({
    ids,
    kinds: [ids.kinds.indexOf('customer')],
    cells: 0,
    maxEntities,
    idleMs,
    newestMs: (customer) => kept[customer]?.newestMs ?? Number.NEGATIVE_INFINITY,
    onForget: (customer) => {
      kept[customer] = undefined;
    },
  });
  const ownOf = (item: number): OwnReferences | undefined => {
    const customer = customers.find(item);
    return customer === NO_ENTITY ? undefined : kept[customer];
  };
  return {
    remember(item, references, id, timeMs, watermarkMs) {
      let own = ownOf(item);
      if (own === undefined) {
        own = { newestMs: timeMs, pairs: [] };
        kept[customers.add(item, watermarkMs)] = own;
      }
      own.newestMs = Math.max(own.newestMs, timeMs);
      own.pairs.push(references, id);
      if (own.pairs.length >= 4 * REFERENCES_SEARCHED) own.pairs = own.pairs.slice(-2 * REFERENCES_SEARCHED);
    },
    resolve(item, references) {
      const pairs = ownOf(item)?.pairs ?? [];
      return Math.max(0, lastOf(pairs.slice(-2 * REFERENCES_SEARCHED), references));
    },
  };
}
