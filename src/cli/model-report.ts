/** The figures of a model as lines for a person. */
import type { Evaluation } from '../models/training/evaluate-scores.ts';

const share = (value: number | null): string => (value === null ? '–' : `${(value * 100).toFixed(1)} %`);

export function evaluationLines(evaluation: Evaluation): readonly string[] {
  return [
    `rows ${evaluation.rows}, frauds ${evaluation.frauds}`,
    `AUC ROC ${evaluation.aucRoc}, average precision ${evaluation.averagePrecision}, calibration error ${evaluation.expectedCalibrationError}`,
    `at ${evaluation.threshold}: precision ${share(evaluation.precision)}, recall ${share(evaluation.recall)}; recall at 90 % precision ${share(evaluation.recallAtPrecision90)}, at 50 % ${share(evaluation.recallAtPrecision50)}`,
    ...Object.entries(evaluation.scenarios).map(
      ([name, { frauds, caught, recall }]) => `  ${name}: ${caught} of ${frauds} (${share(recall)})`,
    ),
  ];
}
