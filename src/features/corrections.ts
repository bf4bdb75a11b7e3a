/**
 * What a correction does to which logs, and under which ids its original is looked for. Shared by both stores. Pure.
 *
 * - A corrected version takes its original out of every log and stands in it alone: gross and net windows count it once.
 * - A reversal takes what is left of its original out of net logs, a refund lowers it by its own amount, as far as that is
 *   of the same currency. Gross logs keep the original and count the message as what it is.
 */
import { type Correction, type CorrectionKind, correctionOf } from '../domain/correction.ts';
import { type Channel, type Transaction, transactionKey } from '../domain/transaction.ts';
import type { FeaturePlan, StreamPlan } from './feature-plan.ts';
import { hash53 } from './hash.ts';
import { logTtlMs } from './redis-layout.ts';

/** The numbers are those of lua/record-and-read/correcting.lua. */
export const OPERATION = { look: 0, take: 1, lower: 2, replace: 3 } as const;
export type Operation = (typeof OPERATION)[keyof typeof OPERATION];

/**
 * What one log said: unknown there, known, that the correction has been here before (or is too late), or unknown among its
 * newest records while there are more
 */
export const ANSWER = { unknown: 0, known: 1, done: 2, beyond: 3 } as const;
export type Answer = (typeof ANSWER)[keyof typeof ANSWER];

export interface PlannedCorrection {
  readonly kind: CorrectionKind;
  /** hashes of the original's identity: by its own id, by the rails' references; 0 = none */
  readonly originals: readonly [number, number];
  readonly amount: number;
}

/** Undefined for a transaction that corrects nothing that these logs keep. */
export function actingCorrection(plan: FeaturePlan, transaction: Transaction): Correction | undefined {
  if (transaction.original === undefined) return undefined;
  const correction = correctionOf(transaction);
  return plan.hasNet || correction?.kind === 'correction' ? correction : undefined;
}

/** `byReferences`: hash of the identity that the customer's references lead to; 0 = none. */
export function planCorrection(
  { kind, original }: Correction,
  { channel, amountMinor }: Transaction,
  byReferences: number,
): PlannedCorrection {
  const { transactionId } = original;
  const byId = transactionId === undefined ? 0 : hash53(transactionKey(original.channel ?? channel, transactionId));
  return { kind, originals: [byId, byReferences === byId ? 0 : byReferences], amount: amountMinor ?? 0 };
}

/** Undefined where the correction leaves a log alone. */
export function operationOn(plan: FeaturePlan, stream: StreamPlan, kind: CorrectionKind): Operation | undefined {
  if (kind === 'correction') return OPERATION.replace;
  if (stream.net) return kind === 'reversal' ? OPERATION.take : OPERATION.lower;
  // whether the original is known at all is asked of the log of everything: it may be none that a net feature counts
  return stream.index === plan.identityStream ? OPERATION.look : undefined;
}

const hashReferences = (channel: Channel, stan: string, rrn: string): number =>
  hash53(JSON.stringify([channel, stan, rrn]));

/** The rails' references (ISO 8583 DE11 and DE37) under which a later message may name this transaction. */
export function ownReferences({ channel, attributes }: Transaction): number | undefined {
  const { stan, rrn } = attributes;
  return typeof stan === 'string' && typeof rrn === 'string' ? hashReferences(channel, stan, rrn) : undefined;
}

export function namedReferences({ original }: Correction, { channel }: Transaction): number | undefined {
  const { stan, rrn } = original;
  return stan === undefined || rrn === undefined ? undefined : hashReferences(original.channel ?? channel, stan, rrn);
}

/** Newest references of a customer that are looked through; a store keeps between so many and twice as many. */
export const REFERENCES_SEARCHED = 512;

/** As long as any log can hold the transaction that they name. */
export const referencesTtlMs = (plan: FeaturePlan): number => Math.max(1, ...plan.streams.map(logTtlMs));

/** `answers`: one bit per answer of a log. */
export function isOriginalMissing(answers: number): boolean {
  const found = (1 << ANSWER.known) | (1 << ANSWER.done);
  return answers !== 0 && (answers & found) === 0;
}

/** The features of logs that said `beyond` are estimates too: they may hold what should have gone. */
export function withUnsearched(
  plan: FeaturePlan,
  unsearched: ReadonlySet<number>,
  estimated: readonly string[] | undefined,
): readonly string[] | undefined {
  if (unsearched.size === 0) return estimated;
  return plan.sources
    .filter(({ name, stream }) => unsearched.has(stream) || estimated?.includes(name) === true)
    .map(({ name }) => name);
}
