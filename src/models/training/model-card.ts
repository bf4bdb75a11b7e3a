/** card.md of a trained model: what it is, what it was trained on, how good it is and where it must not be trusted. */
import { INPUT_FAMILIES } from '../input-definition.ts';
import { MODEL_INPUTS } from '../model-inputs.ts';
import type { Evaluation } from './evaluate-scores.ts';
import type { UnsealedManifest } from './export-model.ts';

const share = (value: number | null): string => (value === null ? '–' : `${(value * 100).toFixed(1)} %`);

export function modelCard(manifest: UnsealedManifest, evaluation: Evaluation): string {
  const { training, calibration } = manifest;
  const hidden = Array.isArray(training.recipe.hidden) ? training.recipe.hidden.join('-') : '';
  const lines = [
    `# Fraud model ${manifest.version}`,
    '',
    `**Trained on simulated data.** ${training.data}, seed ${training.seed}, ${training.transactions} transactions. Its figures say how well`,
    "it knows that simulator, not how well it will know a bank's customers: before it decides about real money, train and judge it on",
    "the bank's own labelled history, run it in shadow, and have a second person approve it.",
    '',
    '## What it is',
    '',
    `A dense network ${manifest.inputs.length}-${hidden}-1 on ${manifest.inputs.length} inputs made from the transaction, ${manifest.features.length} velocity features and the customer's`,
    `profile; ${calibration.method} calibration. Its score is the probability that the transaction is fraud. Reasons (from ${manifest.explainFrom} on) are`,
    "integrated gradients of the logit against the customer's own usual transaction, summed by family:",
    '',
    '| family | inputs |',
    '| --- | --- |',
    ...INPUT_FAMILIES.map((family) => {
      const names = MODEL_INPUTS.filter((input) => input.family === family).map((input) => input.name);
      return `| ${family} | ${names.length > 12 ? `${names.slice(0, 3).join(', ')} and ${names.length - 3} more` : names.join(', ')} |`;
    }),
    '',
    '## How it was trained',
    '',
    `- training rows ${training.trainFrom} to ${training.trainTo}: ${training.rows}, of which ${training.frauds} frauds were known at the time;`,
    `- labels count only when they were known at the moment of training, and the last ${training.labelDelayDays} days before it are left out;`,
    `- calibrated on later rows (to ${training.calibrationTo}) with the labels known at the end, measured on the untouched rest (to ${training.testTo});`,
    `- recipe: ${JSON.stringify(training.recipe)}.`,
    '',
    '## How good it is (test period, simulated)',
    '',
    '| measure | value |',
    '| --- | --- |',
    `| rows / frauds | ${evaluation.rows} / ${evaluation.frauds} |`,
    `| AUC ROC | ${evaluation.aucRoc} |`,
    `| average precision | ${evaluation.averagePrecision} |`,
    `| precision / recall at ${evaluation.threshold} | ${share(evaluation.precision)} / ${share(evaluation.recall)} |`,
    `| recall at 90 % / 50 % precision | ${share(evaluation.recallAtPrecision90)} / ${share(evaluation.recallAtPrecision50)} |`,
    `| expected calibration error, 20 bins | ${evaluation.expectedCalibrationError} |`,
    '',
    '| scenario | frauds | caught | recall |',
    '| --- | --- | --- | --- |',
    ...Object.entries(evaluation.scenarios).map(
      ([name, { frauds, caught, recall }]) => `| ${name} | ${frauds} | ${caught} | ${share(recall)} |`,
    ),
    '',
    '## Limits',
    '',
    '- Amount features are sums of CNY; payments in other currencies are judged by their counts, places and devices only.',
    '- A customer without history has no baseline of his own: the rules carry the cold start.',
    '- It was made to be explained and to be fast; it does not see the order of events beyond what the features hold.',
    '',
  ];
  return lines.join('\n');
}
