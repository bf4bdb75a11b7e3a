/** What a transaction reads of the limits' usage counters and feeds into them. Keys are opaque to the store. */
import type { CorrectionKind } from './correction.ts';
import type { Channel } from './transaction.ts';

export const LIMIT_OWNERS = ['customer', 'account', 'card'] as const;
export type LimitOwnerKind = (typeof LIMIT_OWNERS)[number];
export type LimitCalendarPeriod = 'day' | 'month' | 'year';

export interface LimitOwner {
  readonly kind: LimitOwnerKind;
  readonly id: string;
}

/** One usage counter: what one owner has used of one scope in one calendar period. */
export interface LimitCounter {
  /** unique over owners, scopes and periods */
  readonly key: string;
  readonly owner: LimitOwner;
  /** stands for scope and measure: limits that count the same things share it, a changed scope gets another one */
  readonly counterId: string;
  readonly period: LimitCalendarPeriod;
  readonly periodStartMs: number;
  readonly periodEndMs: number;
  /** in minor units of the limits' currency; 0 when only the count is fed */
  readonly amountMinor: number;
  readonly count: number;
}

/** Head-room that goes back to the counters of an earlier transaction of the same owner. */
export interface LimitGiveBack {
  /** reversal and correction give back all that is left; a refund its own amount, and the count when nothing is left */
  readonly kind: CorrectionKind;
  readonly amountMinor: number;
  readonly channel: Channel;
  readonly transactionId?: string;
  /** ISO 8583 DE11 and DE37 of the original, used when its id is not known */
  readonly stan?: string;
  readonly rrn?: string;
}

export interface LimitRecord {
  readonly channel: Channel;
  readonly transactionId: string;
  /** of the transaction, in milliseconds */
  readonly occurredAtMs: number;
  /** whose counters can be touched, also when `counters` is empty (a reversal) */
  readonly owners: readonly LimitOwner[];
  readonly counters: readonly LimitCounter[];
  readonly givesBack?: LimitGiveBack;
  /** the rails' references under which a later reversal may name this transaction */
  readonly references?: { readonly stan: string; readonly rrn: string };
}
