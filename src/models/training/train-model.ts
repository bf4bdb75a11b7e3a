/**
 * From a data set to an artefact: split by time, standardise, train, calibrate on held-out rows, measure on the untouched end,
 * choose canaries, write. Deterministic: same data, recipe and seed give the same files.
 */
import { calibrate } from '../calibration.ts';
import { type DenseNetwork, networkLogit } from '../dense-network.ts';
import type { Canary, ManifestFeature, ModelManifest } from '../manifest.ts';
import { MODEL_INPUT_NAMES, MODEL_INPUTS } from '../model-inputs.ts';
import { type Dataset, fitScaler, type Scaler, type Split, splitByTime, typicalInputs } from './dataset.ts';
import { type Evaluation, evaluateScores, type ScoredRow } from './evaluate-scores.ts';
import type { UnsealedManifest } from './export-model.ts';
import { fitCalibration } from './fit-calibration.ts';
import { type EpochReport, type Recipe, trainNetwork } from './train-network.ts';

export interface TrainOptions {
  readonly version: string;
  readonly features: readonly ManifestFeature[];
  readonly recipe: Recipe;
  /** start of the training window: after the warm-up */
  readonly trainFromMs: number;
  readonly labelDelayMs: number;
  readonly source: Pick<ModelManifest['training'], 'data' | 'seed' | 'transactions'>;
  readonly onEpoch?: (report: EpochReport) => void;
}

export interface TrainedModel {
  readonly manifest: UnsealedManifest;
  readonly network: DenseNetwork;
  readonly evaluation: Evaluation;
}

/** The score at which a decision counts as flagged in the metrics, and from which reasons are given. */
const THRESHOLD = 0.5;
const EXPLAIN_FROM = 0.2;
const CANARIES = 16;

export function trainModel(dataset: Dataset, options: TrainOptions): TrainedModel {
  const split = splitByTime(dataset, options.trainFromMs, options.labelDelayMs);
  const frauds = split.trainLabels.reduce((sum, label) => sum + label, 0);
  if (frauds < 20 || split.calibration.length === 0 || split.test.length === 0) {
    throw new RangeError(
      `too little to learn from: ${frauds} known frauds in ${split.train.length} training rows, ${split.calibration.length} calibration and ${split.test.length} test rows`,
    );
  }
  const scaler = fitScaler(
    dataset,
    split.train,
    MODEL_INPUTS.map((input) => input.isIndicator),
  );
  const set = {
    inputs: standardiseRows(dataset, split.train, scaler),
    labels: split.trainLabels,
    width: dataset.width,
  };
  const network = trainNetwork(set, options.recipe, options.onEpoch);
  const logitsOf = (rows: Int32Array): number[] =>
    networkLogits(network, standardiseRows(dataset, rows, scaler), rows.length);
  const calibration = fitCalibration(logitsOf(split.calibration), [...split.calibrationLabels]);
  const scores = logitsOf(split.test).map((logit) => calibrate(calibration, logit));
  const evaluation = evaluateScores(scoredRows(dataset, split.test, scores), THRESHOLD);
  const iso = (ms: number): string => new Date(ms).toISOString();
  const manifest: UnsealedManifest = {
    schemaVersion: 1,
    version: options.version,
    inputs: MODEL_INPUT_NAMES,
    features: options.features,
    scaler,
    typical: typicalInputs(dataset, split.train, split.trainLabels),
    calibration,
    explainFrom: EXPLAIN_FROM,
    canaries: chooseCanaries(dataset, split, scores),
    training: {
      ...options.source,
      trainFrom: iso(split.trainFromMs),
      trainTo: iso(split.trainedAtMs - options.labelDelayMs),
      calibrationTo: iso(split.calibratedAtMs - options.labelDelayMs),
      testTo: iso(split.testToMs),
      labelDelayDays: options.labelDelayMs / 86_400_000,
      rows: split.train.length,
      frauds,
      recipe: { ...options.recipe },
    },
    metrics: { ...evaluation },
  };
  return { manifest, network, evaluation };
}

/** In single precision, as inference gets them; bounded as in fraud-model.ts. */
function standardiseRows(dataset: Dataset, rows: Int32Array, scaler: Scaler): Float32Array {
  const { width } = dataset;
  const out = new Float32Array(rows.length * width);
  for (const [position, row] of rows.entries()) {
    for (let i = 0; i < width; i++) {
      const value = dataset.inputs[row * width + i] ?? 0;
      out[position * width + i] = Math.min(
        Math.max((value - (scaler.mean[i] ?? 0)) / (scaler.deviation[i] ?? 1), -10),
        10,
      );
    }
  }
  return out;
}

const networkLogits = (network: DenseNetwork, inputs: Float32Array, rows: number): number[] =>
  Array.from({ length: rows }, (_, row) => {
    const width = inputs.length / rows;
    return networkLogit(network, inputs.subarray(row * width, (row + 1) * width));
  });

const scoredRows = (dataset: Dataset, rows: Int32Array, scores: readonly number[]): ScoredRow[] =>
  Array.from(rows, (row, i) => ({
    score: scores[i] ?? Number.NaN,
    isFraud: dataset.isFraud[row] === 1,
    scenario: dataset.scenarios[row] ?? '',
  }));

/** Test rows spread evenly over the scores, so that every part of the network takes part; by plain arithmetic. */
function chooseCanaries(dataset: Dataset, split: Split, scores: readonly number[]): Canary[] {
  const order = scores.map((_, i) => i).sort((a, b) => (scores[a] ?? 0) - (scores[b] ?? 0) || a - b);
  return Array.from({ length: CANARIES }, (_, i) => {
    const position = order[Math.round((i * (order.length - 1)) / (CANARIES - 1))] ?? 0;
    const row = split.test[position] ?? 0;
    const inputs = Array.from(dataset.inputs.subarray(row * dataset.width, (row + 1) * dataset.width));
    return { inputs, score: scores[position] ?? Number.NaN };
  });
}
