/**
 * How well the risk score ranks: counts of frauds and of the others by score (an integer from 0 to 1000), so that memory
 * does not grow with the history. A transaction counts as flagged at a threshold when its score is at least that.
 */
import { ratio } from './tally.ts';

export interface CurvePoint {
  readonly threshold: number;
  readonly flagged: number;
  readonly caught: number;
  /** null where nothing is flagged */
  readonly precision: number | null;
  /** null without a fraud */
  readonly recall: number | null;
}

export interface ScoreCurve {
  add(score: number, isFraud: boolean): void;
  /** null without a fraud */
  averagePrecision(): number | null;
  /** by rising threshold: 0, and each score at which something changes */
  points(): readonly CurvePoint[];
}

const HIGHEST = 1000;

export function createScoreCurve(): ScoreCurve {
  const frauds = new Float64Array(HIGHEST + 1);
  const others = new Float64Array(HIGHEST + 1);
  /** from the highest score down: what is flagged at each score that occurs */
  const steps = (): { readonly threshold: number; readonly flagged: number; readonly caught: number }[] => {
    let [flagged, caught] = [0, 0];
    const found: { threshold: number; flagged: number; caught: number }[] = [];
    for (let threshold = HIGHEST; threshold >= 0; threshold--) {
      const here = (frauds[threshold] ?? 0) + (others[threshold] ?? 0);
      if (here === 0 && threshold > 0) continue;
      flagged += here;
      caught += frauds[threshold] ?? 0;
      found.push({ threshold, flagged, caught });
    }
    return found;
  };
  return {
    add(score, isFraud) {
      const counts = isFraud ? frauds : others;
      const place = Math.min(HIGHEST, Math.max(0, Math.round(score)));
      counts[place] = (counts[place] ?? 0) + 1;
    },
    /**
     * Step-wise average precision without interpolation: Σ (recall_k − recall_{k−1}) · precision_k over the distinct
     * scores in falling order (the definition of scikit-learn's average_precision_score).
     */
    averagePrecision() {
      const all = steps();
      const total = all.at(-1)?.caught ?? 0;
      if (total === 0) return null;
      let [area, last] = [0, 0];
      for (const { flagged, caught } of all) {
        if (flagged > 0) area += ((caught - last) / total) * (caught / flagged);
        last = caught;
      }
      return area;
    },
    points() {
      const all = steps().reverse();
      const total = all[0]?.caught ?? 0;
      return all.map((step) => ({
        ...step,
        precision: ratio(step.caught, step.flagged),
        recall: ratio(step.caught, total),
      }));
    },
  };
}
