/** A whole training on synthetic rows: one input tells everything, and what comes out passes the checks of a start. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { featureFingerprint } from '../../../src/models/manifest.ts';
import { MODEL_INPUT_NAMES, MODEL_INPUTS } from '../../../src/models/model-inputs.ts';
import { loadTfjsModel } from '../../../src/models/tfjs-model.ts';
import { startBackend } from '../../../src/models/tfjs-runtime.ts';
import { createDatasetBuilder, type Dataset } from '../../../src/models/training/dataset.ts';
import { writeArtefact } from '../../../src/models/training/export-model.ts';
import { modelCard } from '../../../src/models/training/model-card.ts';
import { createRandom } from '../../../src/models/training/random.ts';
import { type TrainOptions, trainModel } from '../../../src/models/training/train-model.ts';
import { DEFAULT_RECIPE } from '../../../src/models/training/train-network.ts';
import { aCatalogue, ZONE } from './model-builders.ts';

const DAY = 86_400_000;
const TELLING = MODEL_INPUT_NAMES.indexOf('amount_z');

/** 5 % frauds, whose amount_z is 4 higher; known one day later; 100 days. */
function syntheticRows(seed: number, rows: number): Dataset {
  const random = createRandom(seed);
  const builder = createDatasetBuilder(MODEL_INPUTS.length, rows);
  for (let i = 0; i < rows; i++) {
    const isFraud = random.uniform() < 0.05;
    const inputs = MODEL_INPUTS.map((input) => (input.isIndicator ? random.below(2) : random.normal()));
    inputs[TELLING] = (inputs[TELLING] ?? 0) + (isFraud ? 4 : 0);
    const occurredAtMs = (i / rows) * 100 * DAY;
    builder.add({ inputs, occurredAtMs, fraud: isFraud ? { knownAtMs: occurredAtMs + DAY, scenario: 'loud' } : null });
  }
  return builder.build();
}

const options: TrainOptions = {
  version: 'synthetic-1',
  features: aCatalogue().map((feature) => ({ name: feature.name, definition: featureFingerprint(feature) })),
  recipe: { ...DEFAULT_RECIPE, seed: 3, hidden: [16, 8], epochs: 10, batch: 128, learningRate: 1e-2 },
  trainFromMs: 10 * DAY,
  labelDelayMs: 7 * DAY,
  source: { data: 'synthetic rows', seed: 1, transactions: 6_000 },
};

const folder = path.join(await mkdtemp(path.join(tmpdir(), 'vigil-train-')), 'synthetic-1');
afterAll(() => rm(path.dirname(folder), { recursive: true }));

describe('training a model', () => {
  beforeAll(async () => {
    await startBackend('wasm');
  });

  it('finds what tells, says how well, and writes what a start accepts', async () => {
    const { manifest, network, evaluation } = trainModel(syntheticRows(1, 6_000), options);
    expect(evaluation.aucRoc).toBeGreaterThan(0.97);
    expect(evaluation.scenarios.loud?.frauds).toBe(evaluation.frauds);
    expect(evaluation.expectedCalibrationError).toBeLessThan(0.02);
    await writeArtefact(folder, manifest, network, modelCard(manifest, evaluation));
    const model = await loadTfjsModel({ folder, catalogue: aCatalogue(), backend: 'wasm', zone: ZONE });
    expect(model.version).toBe('synthetic-1');
    await model.close();
    const card = await readFile(path.join(folder, 'card.md'), 'utf8');
    expect(card).toContain('Trained on simulated data');
    expect(card).toContain(`| average precision | ${evaluation.averagePrecision} |`);
  });

  it('gives the same artefact for the same data and seed', () => {
    const [a, b] = [trainModel(syntheticRows(1, 3_000), options), trainModel(syntheticRows(1, 3_000), options)];
    expect(a).toEqual(b);
  });

  it('refuses to learn from next to nothing, and says what there was', () => {
    expect(() => trainModel(syntheticRows(1, 200), options)).toThrow(/too little to learn from: \d+ known frauds/);
  });
});
