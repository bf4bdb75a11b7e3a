/**
 * How long the usage stores keep things, the same in both. A lifetime counts from the first write, not from the event, so
 * that history of other years can be replayed: a counter outlives the longest period of its kind by four days of lateness.
 */
import type { LimitCalendarPeriod } from '../../../domain/limit.ts';

const DAY_MS = 86_400_000;

export const COUNTER_LIFETIME_MS: Readonly<Record<LimitCalendarPeriod, number>> = {
  day: 5 * DAY_MS,
  month: 35 * DAY_MS,
  year: 370 * DAY_MS,
};

/** A transaction can be repeated, released or reversed for so long; later reversals find no original and give nothing back. */
export const RECORD_LIFETIME_MS = 7 * DAY_MS;

/** Amounts are exact up to here (int64, Redis's HINCRBY); an addition beyond is not made. */
export const MAX_COUNTER = 2n ** 63n - 1n;

export const toSafeNumber = (amount: bigint): number =>
  amount > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(amount);
