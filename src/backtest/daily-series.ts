/** Counts by calendar day of the bank, and how many days of work they are. */
import type { Outcome } from '../domain/decision.ts';
import { noOutcomes } from './group-scores.ts';
import type { Observation } from './observation.ts';

export interface DayScore {
  readonly day: string;
  readonly transactions: number;
  readonly outcomes: Readonly<Record<Outcome, number>>;
  readonly alerts: number;
  readonly frauds: number;
}

const BUSY_SHARE = 0.1;

/**
 * Days with at least a tenth of the busiest day's transactions. The first and last hours of a history, and the single
 * transactions of years before that a dormant account needs, are no days of work.
 */
export function busyDays<T extends { readonly transactions: number }>(days: readonly T[]): readonly T[] {
  let busiest = 0;
  for (const { transactions } of days) busiest = Math.max(busiest, transactions);
  return days.filter(({ transactions }) => transactions >= busiest * BUSY_SHARE);
}

export interface DailySeries {
  add(observation: Observation): void;
  /** in order of time */
  days(): readonly DayScore[];
  /** the number of busy days, at least 1: what counts "a day" are divided by */
  workingDays(): number;
}

export function createDailySeries(): DailySeries {
  const byDay = new Map<
    string,
    { transactions: number; outcomes: Record<Outcome, number>; alerts: number; frauds: number }
  >();
  return {
    add({ decision, truth, day }) {
      const counts = byDay.get(day) ?? { transactions: 0, outcomes: noOutcomes(), alerts: 0, frauds: 0 };
      byDay.set(day, counts);
      counts.transactions++;
      counts.outcomes[decision.outcome]++;
      if (decision.alert) counts.alerts++;
      if (truth.isFraud) counts.frauds++;
    },
    days: () => [...byDay].sort(([a], [b]) => (a < b ? -1 : 1)).map(([day, counts]) => ({ day, ...counts })),
    workingDays: () => Math.max(1, busyDays([...byDay.values()]).length),
  };
}
