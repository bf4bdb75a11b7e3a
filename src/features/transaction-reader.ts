/** What both stores read of a transaction for its logs: conditions, quantities, hashes. Reused scratch, one call at a time. */
import { correctionOf } from '../domain/correction.ts';
import type { Transaction } from '../domain/transaction.ts';
import type { FeaturePlan, StreamPlan } from './feature-plan.ts';
import { hash53 } from './hash.ts';
import type { LogEvent } from './raw-numbers.ts';
import { squareHigh, squareLow } from './wide-sum.ts';

export interface TransactionReader {
  /** of the transaction and stream in hand; its members are valid until the next stream */
  readonly event: LogEvent;
  /** `hash`: hash53 of its identity */
  start(transaction: Transaction, hash: number): void;
  belongs(stream: StreamPlan): boolean;
  readStream(stream: StreamPlan): void;
}

export function createTransactionReader(plan: FeaturePlan): TransactionReader {
  const matched = new Uint8Array(plan.conditions.length);
  const hashes = new Float64Array(plan.memberFields.length);
  const members = plan.streams.map((stream) => new Float64Array(stream.members.length));
  const event: LogEvent = { timeMs: 0, id: 0, value: -1, squareLow: 0, squareHigh: 0, currency: 0, members: hashes };
  let current: Transaction | undefined;
  /** of the transaction in hand: money that comes back is no entry of a net log, only a note there when it names an original */
  let isBack = false;
  let isNote = false;

  return {
    event,
    start(transaction, hash) {
      current = transaction;
      event.timeMs = transaction.occurredAtMs;
      event.id = hash;
      isBack = transaction.type === 'REVERSAL' || transaction.type === 'REFUND';
      isNote = isBack && correctionOf(transaction) !== undefined;
      event.currency = currencyCode(transaction.currency);
      for (let index = 0; index < matched.length; index++) matched[index] = matches(plan, index, transaction);
      for (let index = 0; index < hashes.length; index++) {
        const value = plan.memberFields[index]?.read(transaction);
        hashes[index] = value === undefined ? 0 : hash53(String(value));
      }
    },
    belongs: (stream) => (stream.net && isBack ? isNote : stream.where === -1 || matched[stream.where] === 1),
    readStream(stream) {
      const value = current === undefined ? undefined : stream.value?.read(current);
      event.value = typeof value === 'number' ? value : -1;
      // every entry of a net log is counted, one without an amount too; a note is none
      if (stream.net) event.value = isBack ? -1 : Math.max(0, event.value);
      if (stream.needsSquares) {
        event.squareLow = squareLow(Math.max(0, event.value));
        event.squareHigh = squareHigh(Math.max(0, event.value));
      }
      // both arrays were sized from the plan
      const own = members[stream.index] as Float64Array;
      for (let column = 0; column < own.length; column++)
        own[column] = hashes[stream.members[column] as number] as number;
      event.members = own;
    },
  };
}

/** An expression that fails on a transaction does not match. */
function matches(plan: FeaturePlan, index: number, transaction: Transaction): 0 | 1 {
  try {
    return plan.conditions[index]?.(transaction) === true ? 1 : 0;
  } catch {
    return 0;
  }
}

/** A number for the three letters; 0 when there are none. */
function currencyCode(currency: string | undefined): number {
  if (currency === undefined) return 0;
  let code = 0;
  for (let index = 0; index < 3; index++) code = code * 32 + (currency.charCodeAt(index) & 31);
  return code;
}
