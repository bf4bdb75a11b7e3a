/**
 * How good a score is. Definitions are those of the Fraud Detection Handbook (Le Borgne et al. 2022) and of scikit-learn,
 * and are held against its published figures by a test where the public data set is present.
 */
export interface Scored {
  readonly score: number;
  readonly isFraud: boolean;
}

const byScoreDescending = (rows: readonly Scored[]): Scored[] => [...rows].sort((a, b) => b.score - a.score);

/** Runs of equal score, highest first: a threshold cannot split them. */
function* tieGroups(rows: readonly Scored[]): Generator<{ frauds: number; genuine: number }> {
  const sorted = byScoreDescending(rows);
  for (let start = 0; start < sorted.length; ) {
    let end = start;
    let frauds = 0;
    while (end < sorted.length && sorted[end]?.score === sorted[start]?.score) {
      if (sorted[end]?.isFraud === true) frauds++;
      end++;
    }
    yield { frauds, genuine: end - start - frauds };
    start = end;
  }
}

/** Area under the ROC curve = P(fraud scores above genuine) + ½ P(equal); NaN when one of the classes is empty. */
export function aucRoc(rows: readonly Scored[]): number {
  let fraudsAbove = 0;
  let genuineSeen = 0;
  let area = 0;
  for (const { frauds, genuine } of tieGroups(rows)) {
    area += genuine * (fraudsAbove + frauds / 2);
    fraudsAbove += frauds;
    genuineSeen += genuine;
  }
  return area / (fraudsAbove * genuineSeen);
}

/** Σ (recallₙ − recallₙ₋₁) · precisionₙ over the thresholds, without interpolation; NaN without a fraud. */
export function averagePrecision(rows: readonly Scored[]): number {
  const total = rows.reduce((sum, row) => sum + (row.isFraud ? 1 : 0), 0);
  let caught = 0;
  let flagged = 0;
  let area = 0;
  for (const { frauds, genuine } of tieGroups(rows)) {
    caught += frauds;
    flagged += frauds + genuine;
    area += (frauds / total) * (caught / flagged);
  }
  return area;
}

export interface ThresholdMetrics {
  readonly threshold: number;
  readonly flagged: number;
  readonly caught: number;
  readonly frauds: number;
  /** null when nothing is flagged */
  readonly precision: number | null;
  /** null when there is no fraud */
  readonly recall: number | null;
}

export function atThreshold(rows: readonly Scored[], threshold: number): ThresholdMetrics {
  let [flagged, caught, frauds] = [0, 0, 0];
  for (const row of rows) {
    if (row.isFraud) frauds++;
    if (row.score >= threshold) flagged++;
    if (row.score >= threshold && row.isFraud) caught++;
  }
  const ratio = (part: number, whole: number): number | null => (whole === 0 ? null : part / whole);
  return { threshold, flagged, caught, frauds, precision: ratio(caught, flagged), recall: ratio(caught, frauds) };
}

/** Mean |share of fraud − mean score| over quantile bins, weighted by their size (Naeini et al. 2015, equal mass). */
export function expectedCalibrationError(rows: readonly Scored[], bins = 20): number {
  const sorted = byScoreDescending(rows).reverse();
  let error = 0;
  for (let bin = 0; bin < bins; bin++) {
    const part = sorted.slice(Math.floor((bin * sorted.length) / bins), Math.floor(((bin + 1) * sorted.length) / bins));
    const frauds = part.reduce((sum, row) => sum + (row.isFraud ? 1 : 0), 0);
    const expected = part.reduce((sum, row) => sum + row.score, 0);
    error += Math.abs(frauds - expected) / Math.max(sorted.length, 1);
  }
  return error;
}

export interface ScoredPayment extends Scored {
  readonly customerId: string;
  readonly day: number;
}

/**
 * Card precision at k: each day the k customers with the highest score are looked at; those found with a fraud leave the
 * later days; the mean of the days' shares of customers with a fraud on that day.
 */
export function cardPrecisionAt(rows: readonly ScoredPayment[], k: number): number {
  const days = [...new Set(rows.map((row) => row.day))].sort((a, b) => a - b);
  const found = new Set<string>();
  let sum = 0;
  for (const day of days) {
    const customers = new Map<string, { score: number; isFraud: boolean }>();
    for (const row of rows) {
      if (row.day !== day || found.has(row.customerId)) continue;
      const seen = customers.get(row.customerId);
      customers.set(row.customerId, {
        score: Math.max(seen?.score ?? row.score, row.score),
        isFraud: row.isFraud || (seen?.isFraud ?? false),
      });
    }
    const top = [...customers].sort(([, a], [, b]) => b.score - a.score).slice(0, k);
    const caught = top.filter(([, customer]) => customer.isFraud);
    for (const [customerId] of caught) found.add(customerId);
    sum += caught.length / k;
  }
  return sum / days.length;
}
