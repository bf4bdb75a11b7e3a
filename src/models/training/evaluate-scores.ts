/** The figures of a scored test period, as they stand in manifests, cards and reports. */
import { atThreshold, aucRoc, averagePrecision, expectedCalibrationError, type Scored } from './metrics.ts';

export interface ScoredRow extends Scored {
  /** '' for genuine rows */
  readonly scenario: string;
}

export interface ScenarioResult {
  readonly frauds: number;
  readonly caught: number;
  readonly recall: number | null;
}

export interface Evaluation {
  readonly rows: number;
  readonly frauds: number;
  readonly aucRoc: number;
  readonly averagePrecision: number;
  readonly threshold: number;
  readonly precision: number | null;
  readonly recall: number | null;
  /** the largest share of frauds that can be caught with nine in ten, and with half of the flagged being fraud */
  readonly recallAtPrecision90: number;
  readonly recallAtPrecision50: number;
  readonly expectedCalibrationError: number;
  readonly scenarios: Readonly<Record<string, ScenarioResult>>;
}

const round = (value: number): number => Math.round(value * 1e4) / 1e4;
const roundOrNull = (value: number | null): number | null => (value === null ? null : round(value));

export function evaluateScores(rows: readonly ScoredRow[], threshold: number): Evaluation {
  const { precision, recall, frauds } = atThreshold(rows, threshold);
  return {
    rows: rows.length,
    frauds,
    aucRoc: round(aucRoc(rows)),
    averagePrecision: round(averagePrecision(rows)),
    threshold,
    precision: roundOrNull(precision),
    recall: roundOrNull(recall),
    recallAtPrecision90: round(recallAtPrecision(rows, 0.9)),
    recallAtPrecision50: round(recallAtPrecision(rows, 0.5)),
    expectedCalibrationError: Math.round(expectedCalibrationError(rows) * 1e6) / 1e6,
    scenarios: byScenario(rows, threshold),
  };
}

/** Over all thresholds that do not split equal scores; 0 when none reaches the precision. */
export function recallAtPrecision(rows: readonly Scored[], precision: number): number {
  const sorted = [...rows].sort((a, b) => b.score - a.score);
  const total = sorted.reduce((sum, row) => sum + (row.isFraud ? 1 : 0), 0);
  let caught = 0;
  let best = 0;
  for (const [i, row] of sorted.entries()) {
    if (row.isFraud) caught++;
    const isWholeGroup = sorted[i + 1]?.score !== row.score;
    if (isWholeGroup && caught / (i + 1) >= precision) best = caught / total;
  }
  return best;
}

function byScenario(rows: readonly ScoredRow[], threshold: number): Record<string, ScenarioResult> {
  const names = [...new Set(rows.filter((row) => row.isFraud).map((row) => row.scenario))].sort();
  return Object.fromEntries(
    names.map((name) => {
      const own = rows.filter((row) => row.scenario === name);
      const { frauds, caught, recall } = atThreshold(own, threshold);
      return [name, { frauds, caught, recall: roundOrNull(recall) }];
    }),
  );
}
