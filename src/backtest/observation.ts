/** One first decision of a run over history, with what is known of the transaction. */
import type { Decision, RuleHit } from '../domain/decision.ts';
import type { Transaction } from '../domain/transaction.ts';
import type { Truth } from './truth.ts';

export interface Observation {
  readonly decision: Decision;
  readonly transaction: Transaction;
  readonly truth: Truth;
  /** calendar day in the bank's zone, as 2026-11-23 */
  readonly day: string;
}

export const isLiveHit = ({ mode, status }: RuleHit): boolean => mode === 'live' && status === 'hit';

const DAY_MS = 86_400_000;

/** The name of a bank's calendar day; remembers the last one, because history comes nearly in order. */
export function createDayNames(zoneMinutes: (timeMs: number) => number): (timeMs: number) => string {
  let [known, name] = [Number.NaN, ''];
  return (timeMs) => {
    const day = Math.floor((timeMs + zoneMinutes(timeMs) * 60_000) / DAY_MS);
    if (day !== known) [known, name] = [day, new Date(day * DAY_MS).toISOString().slice(0, 10)];
    return name;
  };
}
