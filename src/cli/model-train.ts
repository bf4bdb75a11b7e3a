/**
 * `vigil model train`: a model from simulated history of another seed than the demo's, through the live code path, written as
 * an artefact that `vigil run` can load. Deterministic: same options, same files.
 */
import path from 'node:path';
import type { LoadedConfiguration } from '../composition/load-generation.ts';
import { VigilError } from '../domain/errors.ts';
import { createInputEncoder } from '../models/fraud-model.ts';
import { featureFingerprint, type ManifestFeature } from '../models/manifest.ts';
import { MODEL_FEATURES, MODEL_INPUT_NAMES } from '../models/model-inputs.ts';
import { loadTfjsModel } from '../models/tfjs-model.ts';
import { startBackend } from '../models/tfjs-runtime.ts';
import { createDatasetBuilder, type Dataset } from '../models/training/dataset.ts';
import { writeArtefact } from '../models/training/export-model.ts';
import { modelCard } from '../models/training/model-card.ts';
import { trainModel } from '../models/training/train-model.ts';
import { DEFAULT_RECIPE, type Recipe } from '../models/training/train-network.ts';
import { type CommandIo, EXIT, type ExitCode } from './io.ts';
import { type ModelHistory, runModelHistory, simulatedHistory, truthOf } from './model-history.ts';
import { evaluationLines } from './model-report.ts';
import { createProgress } from './progress.ts';

export interface ModelTrainOptions {
  readonly configuration: LoadedConfiguration;
  readonly seed: number;
  readonly transactions: number;
  /** config/models/<version> */
  readonly out: string;
  readonly hidden?: readonly number[] | undefined;
  readonly epochs?: number | undefined;
  readonly now: () => number;
}

export const DAY_MS = 86_400_000;
/** The simulated history ends before the demo's begins (2025-10-27). */
export const HISTORY_START_MS = Date.parse('2025-07-01T00:00:00+08:00');
/** Fifty transactions a customer at half a one a day: a hundred days, so that labels have time to become known. */
const TRANSACTIONS_PER_CUSTOMER = 50;
/** No fraud before the 21st day: profiles and windows fill. */
export const WARM_UP_DAYS = 21;
export const LABEL_DELAY_DAYS = 7;
const SMALLEST = 20_000;

export const customersOf = (transactions: number): number => Math.ceil(transactions / TRANSACTIONS_PER_CUSTOMER);

export async function runModelTrain(options: ModelTrainOptions, io: CommandIo): Promise<ExitCode> {
  const { configuration, seed, transactions, out, now } = options;
  if (transactions < SMALLEST) {
    throw new VigilError(
      'USAGE',
      `--transactions must be at least ${SMALLEST}: fewer hold too few frauds to learn from`,
    );
  }
  const features = trainedFeatures(configuration);
  const backend = await startBackend('auto');
  const progress = createProgress(io, 'history', transactions, now);
  const customers = customersOf(transactions);
  const history = simulatedHistory({ seed, transactions, customers, startMs: HISTORY_START_MS });
  const dataset = await collectDataset(configuration, history, transactions, progress.update);
  progress.end();
  const recipe: Recipe = {
    ...DEFAULT_RECIPE,
    seed,
    ...(options.hidden === undefined ? {} : { hidden: options.hidden }),
    ...(options.epochs === undefined ? {} : { epochs: options.epochs }),
  };
  io.note(`training ${dataset.width}-${recipe.hidden.join('-')}-1 on ${dataset.rows} rows, back end ${backend.name}`);
  const trained = trainModel(dataset, {
    version: path.basename(out),
    features,
    recipe,
    trainFromMs: HISTORY_START_MS + WARM_UP_DAYS * DAY_MS,
    labelDelayMs: LABEL_DELAY_DAYS * DAY_MS,
    source: { data: `simulated bank of ${customers} customers`, seed, transactions },
    onEpoch: ({ epoch, epochs, meanLoss }) => io.note(`epoch ${epoch} of ${epochs}, mean loss ${meanLoss.toFixed(5)}`),
  });
  await writeArtefact(out, trained.manifest, trained.network, modelCard(trained.manifest, trained.evaluation));
  // what was written must serve: read back through the checks of every start
  const { zone } = configuration.settings.bank;
  const model = await loadTfjsModel({ folder: out, catalogue: configuration.features.features, backend: 'auto', zone });
  await model.close();
  for (const line of evaluationLines(trained.evaluation)) io.out(line);
  io.out(`written to ${out}`);
  return EXIT.done;
}

/** Inputs of every transaction as the live path encodes them. */
async function collectDataset(
  configuration: LoadedConfiguration,
  history: ModelHistory,
  capacity: number,
  onProgress: (done: number) => void,
): Promise<Dataset> {
  const encoder = createInputEncoder(configuration.settings.bank.zone);
  const builder = createDatasetBuilder(MODEL_INPUT_NAMES.length, capacity);
  await runModelHistory({
    configuration,
    history,
    onProgress,
    onChunk: async (inputs) => {
      for (const input of inputs) {
        const { occurredAtMs } = input.transaction;
        builder.add({ inputs: encoder.encode(input), occurredAtMs, fraud: truthOf(history, input) });
      }
    },
  });
  return builder.build();
}

/** CONFIG_INVALID when the catalogue lacks a feature that the model's inputs read. */
function trainedFeatures(configuration: LoadedConfiguration): ManifestFeature[] {
  const known = new Map(configuration.features.features.map((feature) => [feature.name, feature]));
  const missing = MODEL_FEATURES.filter((name) => !known.has(name));
  if (missing.length > 0) {
    throw new VigilError('CONFIG_INVALID', `features.yaml lacks what the model reads: ${missing.join(', ')}`, {
      context: { missing },
    });
  }
  return MODEL_FEATURES.flatMap((name) => {
    const feature = known.get(name);
    return feature === undefined ? [] : [{ name, definition: featureFingerprint(feature) }];
  });
}
