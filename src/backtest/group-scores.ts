/** The figures of a run by channel, by segment, by scenario: the same columns for each. */
import { OUTCOMES, type Outcome } from '../domain/decision.ts';
import type { Observation } from './observation.ts';
import { isFlaggedBy } from './scorecard.ts';
import { createTally, ratio, sorted, type Tally } from './tally.ts';

export interface GroupScore {
  readonly transactions: number;
  readonly outcomes: Readonly<Record<Outcome, number>>;
  readonly alerts: number;
  readonly frauds: number;
  readonly caught: number;
  readonly falsePositives: number;
  readonly precision: number | null;
  readonly recall: number | null;
  /** minor units by currency */
  readonly fraudStoppedMinor: Readonly<Record<string, number>>;
  readonly fraudMissedMinor: Readonly<Record<string, number>>;
}

export interface GroupScores {
  add(name: string, observation: Observation): void;
  report(): Record<string, GroupScore>;
}

interface Counts {
  transactions: number;
  readonly outcomes: Record<Outcome, number>;
  alerts: number;
  frauds: number;
  caught: number;
  falsePositives: number;
  readonly stopped: Tally;
  readonly missed: Tally;
}

export const noOutcomes = (): Record<Outcome, number> =>
  Object.fromEntries(OUTCOMES.map((outcome) => [outcome, 0])) as Record<Outcome, number>;

const newCounts = (): Counts => ({
  transactions: 0,
  outcomes: noOutcomes(),
  alerts: 0,
  frauds: 0,
  caught: 0,
  falsePositives: 0,
  stopped: createTally(),
  missed: createTally(),
});

function count(counts: Counts, { decision, transaction, truth }: Observation): void {
  const isFlagged = isFlaggedBy(decision);
  counts.transactions++;
  counts.outcomes[decision.outcome]++;
  if (decision.alert) counts.alerts++;
  if (isFlagged && !truth.isFraud) counts.falsePositives++;
  if (!truth.isFraud) return;
  counts.frauds++;
  if (isFlagged) counts.caught++;
  const { amountMinor, currency } = transaction;
  if (amountMinor === undefined || currency === undefined) return;
  (decision.outcome === 'ALLOW' ? counts.missed : counts.stopped).add(currency, amountMinor);
}

/** At most `maxNames` groups; the rest goes into "(others)", so that a free-text field cannot fill the memory. */
export function createGroupScores(maxNames = 200): GroupScores {
  const groups = new Map<string, Counts>();
  return {
    add(name, observation) {
      const own = groups.has(name) || groups.size < maxNames ? name : '(others)';
      const counts = groups.get(own) ?? newCounts();
      groups.set(own, counts);
      count(counts, observation);
    },
    report: () => sorted(new Map([...groups].map(([name, counts]) => [name, scoreOf(counts)]))),
  };
}

function scoreOf({ stopped, missed, ...counts }: Counts): GroupScore {
  const { caught, falsePositives, frauds } = counts;
  return {
    ...counts,
    precision: ratio(caught, caught + falsePositives),
    recall: ratio(caught, frauds),
    fraudStoppedMinor: stopped.toObject(),
    fraudMissedMinor: missed.toObject(),
  };
}
