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

export interface DailySeries {
  add(observation: Observation): void;
  /** in order of time */
  days(): readonly DayScore[];
  /**
   * Days with at least a tenth of the busiest day's transactions, at least 1: what counts "a day" are divided by. The first
   * and last hours of a history, and the single transactions of years before that a dormant account needs, are no days of work.
   */
  workingDays(): number;
}

const BUSY_SHARE = 0.1;

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
    workingDays() {
      let busiest = 0;
      for (const { transactions } of byDay.values()) busiest = Math.max(busiest, transactions);
      let days = 0;
      for (const { transactions } of byDay.values()) if (transactions >= busiest * BUSY_SHARE) days++;
      return Math.max(1, days);
    },
  };
}
