/**
 * What a chunk's corrections ask of Redis before it is recorded: the identity behind the rails' references that they name,
 * and whether an id was decided before with other values (then it corrects nothing). One more round trip, and only for a
 * chunk that has a correction.
 */
import type { Correction } from '../domain/correction.ts';
import { type ParsedTransaction, type Transaction, transactionKey } from '../domain/transaction.ts';
import {
  actingCorrection,
  namedReferences,
  OPERATION,
  operationOn,
  ownReferences,
  type PlannedCorrection,
  planCorrection,
  REFERENCES_SEARCHED,
} from './corrections.ts';
import { entityKey } from './entities.ts';
import type { FeaturePlan, StreamPlan } from './feature-plan.ts';
import { hash53, shardOf } from './hash.ts';
import type { Call } from './redis-calls.ts';
import { shardTag } from './redis-keys.ts';
import { decodeSlot } from './redis-slots.ts';

/** They stand in the place of a stream: a correction, and the rails' references of a transaction. */
export const CORRECT = -3;
export const REMEMBER = -4;

/** bytes of a hash of references and an id */
const PAIR = 16;

/** By place in the chunk; undefined for what corrects nothing. */
export type PlannedCorrections = readonly (PlannedCorrection | undefined)[];

export interface CorrectionLookup {
  /** none: the corrections are known without */
  readonly calls: readonly Call[];
  read(replies: readonly unknown[]): PlannedCorrections;
}

const NO_CORRECTIONS: PlannedCorrections = [];
const NO_LOOKUP: CorrectionLookup = { calls: [], read: () => NO_CORRECTIONS };

interface Asked {
  readonly place: number;
  readonly parsed: ParsedTransaction;
  readonly correction: Correction;
  readonly references: number | undefined;
}

/** `ofCustomer`: what the keys of a customer begin with. */
export const referencesKey = (ofCustomer: string): string => `${ofCustomer}:refs`;

export function lookUpCorrections(
  plan: FeaturePlan,
  prefix: string,
  chunk: readonly ParsedTransaction[],
  slotKey: (transaction: string) => string,
): CorrectionLookup {
  const asked: Asked[] = [];
  chunk.forEach((parsed, place) => {
    const correction = actingCorrection(plan, parsed.transaction);
    if (correction === undefined) return;
    asked.push({ place, parsed, correction, references: namedReferences(correction, parsed.transaction) });
  });
  if (asked.length === 0) return NO_LOOKUP;
  const calls = asked.flatMap(({ parsed: { transaction }, references }): Call[] => {
    const slot: Call = ['get', slotKey(transactionKey(transaction.channel, transaction.transactionId))];
    return references === undefined
      ? [slot]
      : [slot, ['getrange', referencesKey(customerBase(prefix, transaction)), 0, -1]];
  });
  return {
    calls,
    read(replies) {
      const planned: (PlannedCorrection | undefined)[] = chunk.map(() => undefined);
      let next = 0;
      for (const { place, parsed, correction, references } of asked) {
        const slot = replies[next++];
        const kept = references === undefined ? undefined : replies[next++];
        const earlier = Buffer.isBuffer(slot) ? decodeSlot(slot) : undefined;
        if (earlier !== undefined && earlier.decided.fingerprint !== parsed.fingerprint) continue;
        const byReferences = references === undefined ? 0 : resolve(chunk, place, references, kept);
        planned[place] = planCorrection(correction, parsed.transaction, byReferences);
      }
      return planned;
    },
  };
}

function customerBase(prefix: string, transaction: Transaction): string {
  const id = entityKey(transaction, ['customer']) ?? '';
  return `${prefix}:${shardTag(shardOf(id))}:customer:${id}`;
}

/** Of the same customer: the newest one before it in the chunk, otherwise the newest that Redis keeps; 0 = none. */
function resolve(chunk: readonly ParsedTransaction[], place: number, references: number, kept: unknown): number {
  const { customerId } = (chunk[place] as ParsedTransaction).transaction;
  let searched = 0;
  for (let before = place - 1; before >= 0; before--) {
    const { transaction } = chunk[before] as ParsedTransaction;
    const own = transaction.customerId === customerId ? ownReferences(transaction) : undefined;
    if (own === references) return hash53(transactionKey(transaction.channel, transaction.transactionId));
    if (own !== undefined) searched++;
  }
  if (!Buffer.isBuffer(kept)) return 0;
  for (let at = kept.length - PAIR; at >= 0 && searched < REFERENCES_SEARCHED; at -= PAIR, searched++)
    if (kept.readDoubleLE(at) === references) return kept.readDoubleLE(at + 8);
  return 0;
}

/** The numbers that come before a log's update; undefined where the correction leaves the log alone. */
export function correctionNumbers(
  plan: FeaturePlan,
  stream: StreamPlan,
  correction: PlannedCorrection,
  event: { readonly timeMs: number; readonly id: number; readonly currency: number },
): readonly number[] | undefined {
  const operation = operationOn(plan, stream, correction.kind);
  if (operation === undefined) return undefined;
  const { originals, amount } = correction;
  const by = operation === OPERATION.lower ? amount : 0;
  return [CORRECT, stream.index, event.timeMs, event.id, by, operation, ...originals, event.currency];
}
