/**
 * What a run achieved, against the labels: counts by outcome and level, detection, money, latency. A transaction counts as
 * flagged when its decision raised an alert or was anything but ALLOW; frauds are the transactions labelled FRAUD.
 */
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import { type Decision, LEVELS, OUTCOMES } from '../domain/decision.ts';
import { createScoreCurve } from './score-curve.ts';
import { createTally, ratio, sorted, type Tally } from './tally.ts';
import type { Truth } from './truth.ts';

export interface ScenarioScore {
  readonly frauds: number;
  readonly caught: number;
}

export interface Report {
  readonly transactions: number;
  readonly decisions: number;
  readonly deadLetters: number;
  readonly alerts: number;
  readonly repeats: number;
  readonly conflicts: number;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly level: Readonly<Record<string, number>>;
  readonly detection: {
    readonly frauds: number;
    readonly caught: number;
    readonly falsePositives: number;
    readonly precision: number | null;
    readonly recall: number | null;
    readonly averagePrecision: number | null;
    readonly scenarios: Readonly<Record<string, ScenarioScore>>;
  };
  /** minor units by currency: amounts of frauds that were held back (any outcome but ALLOW), and let through */
  readonly money: {
    readonly fraudStoppedMinor: Readonly<Record<string, number>>;
    readonly fraudMissedMinor: Readonly<Record<string, number>>;
    readonly genuineStoppedMinor: Readonly<Record<string, number>>;
  };
  readonly deadLetterCodes: Readonly<Record<string, number>>;
  readonly latencyMs: { readonly p50: number | null; readonly p99: number | null; readonly p999: number | null };
  readonly throughputPerSecond: number;
}

/** Somebody was asked, stopped or sent to look. */
export const isFlaggedBy = ({ alert, outcome }: Pick<Decision, 'alert' | 'outcome'>): boolean =>
  alert || outcome !== 'ALLOW';

export interface Scorecard {
  decided(decision: Decision, truth: Truth): void;
  repeated(isConflict: boolean): void;
  rejected(code: string): void;
  /** time from receiving to deciding of `count` transactions */
  latency(ms: number, count: number): void;
  report(seconds: number): Report;
}

export function createScorecard(): Scorecard {
  const outcomes: Record<string, number> = Object.fromEntries(OUTCOMES.map((outcome) => [outcome, 0]));
  const level: Record<string, number> = Object.fromEntries(LEVELS.map((name) => [name, 0]));
  const scenarios = new Map<string, { frauds: number; caught: number }>();
  const money = {
    fraudStoppedMinor: createTally(),
    fraudMissedMinor: createTally(),
    genuineStoppedMinor: createTally(),
  };
  const codes = createTally();
  const histogram = createHistogram();
  const curve = createScoreCurve();
  let [decisions, deadLetters, alerts, repeats, conflicts, frauds, caught, falsePositives] = [0, 0, 0, 0, 0, 0, 0, 0];
  return {
    decided(decision, { isFraud, scenario }) {
      const isFlagged = isFlaggedBy(decision);
      decisions += 1;
      outcomes[decision.outcome] = (outcomes[decision.outcome] ?? 0) + 1;
      level[decision.level] = (level[decision.level] ?? 0) + 1;
      if (decision.alert) alerts += 1;
      if (isFraud) frauds += 1;
      if (isFraud && isFlagged) caught += 1;
      if (!isFraud && isFlagged) falsePositives += 1;
      curve.add(decision.riskScore, isFraud);
      if (isFraud && scenario !== undefined) {
        const score = scenarios.get(scenario) ?? { frauds: 0, caught: 0 };
        score.frauds += 1;
        if (isFlagged) score.caught += 1;
        scenarios.set(scenario, score);
      }
      countMoney(decision, isFraud, money);
    },
    repeated(isConflict) {
      decisions += 1;
      repeats += 1;
      if (isConflict) conflicts += 1;
    },
    rejected(code) {
      deadLetters += 1;
      codes.add(code, 1);
    },
    latency(ms, count) {
      const nanoseconds = Math.max(1, Math.round(ms * 1e6));
      for (let i = 0; i < count; i++) histogram.record(nanoseconds);
    },
    report: (seconds) => ({
      transactions: decisions + deadLetters,
      decisions,
      deadLetters,
      alerts,
      repeats,
      conflicts,
      outcomes,
      level,
      detection: {
        frauds,
        caught,
        falsePositives,
        precision: ratio(caught, caught + falsePositives),
        recall: ratio(caught, frauds),
        averagePrecision: curve.averagePrecision(),
        scenarios: sorted(scenarios),
      },
      money: {
        fraudStoppedMinor: money.fraudStoppedMinor.toObject(),
        fraudMissedMinor: money.fraudMissedMinor.toObject(),
        genuineStoppedMinor: money.genuineStoppedMinor.toObject(),
      },
      deadLetterCodes: codes.toObject(),
      latencyMs: percentiles(histogram),
      throughputPerSecond: seconds > 0 ? Math.round((decisions + deadLetters) / seconds) : 0,
    }),
  };
}

function countMoney(
  { evidence, outcome }: Decision,
  isFraud: boolean,
  money: { fraudStoppedMinor: Tally; fraudMissedMinor: Tally; genuineStoppedMinor: Tally },
): void {
  const isStopped = outcome !== 'ALLOW';
  if (!isFraud && !isStopped) return;
  const { amountMinor, currency } = evidence?.transaction ?? {};
  if (typeof amountMinor !== 'number' || typeof currency !== 'string') return;
  if (isFraud) (isStopped ? money.fraudStoppedMinor : money.fraudMissedMinor).add(currency, amountMinor);
  else money.genuineStoppedMinor.add(currency, amountMinor);
}

function percentiles(histogram: RecordableHistogram): Report['latencyMs'] {
  if (histogram.count === 0) return { p50: null, p99: null, p999: null };
  const ms = (percentile: number): number => Math.round(histogram.percentile(percentile) / 1e3) / 1e3;
  return { p50: ms(50), p99: ms(99), p999: ms(99.9) };
}
