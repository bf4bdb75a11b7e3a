/**
 * `vigil model evaluate`: how good a model is on history that it was not trained on, scored by the very adapter that serves. A
 * simulated bank of another seed, or a file with labels.
 */
import { writeFile } from 'node:fs/promises';
import type { LoadedConfiguration } from '../composition/load-generation.ts';
import { VigilError } from '../domain/errors.ts';
import type { TfjsModel } from '../models/tfjs-model.ts';
import { type ComparedModels, compareModels, openModel } from './compare-models.ts';
import { type CommandIo, EXIT, type ExitCode } from './io.ts';
import { fileHistory, type ModelHistory, simulatedHistory } from './model-history.ts';
import { evaluationLines } from './model-report.ts';
import { customersOf, DAY_MS, HISTORY_START_MS, WARM_UP_DAYS } from './model-train.ts';
import { createProgress } from './progress.ts';

export interface ModelEvaluateOptions {
  readonly configuration: LoadedConfiguration;
  /** empty: the configured one, or the only one there */
  readonly version?: string | undefined;
  /** NDJSON; a simulated bank where it is not given */
  readonly in?: string | undefined;
  readonly labels?: string | undefined;
  readonly seed: number;
  readonly transactions: number;
  readonly threshold: number;
  /** write the figures as JSON */
  readonly report?: string | undefined;
  readonly now: () => number;
}

export async function runModelEvaluate(options: ModelEvaluateOptions, io: CommandIo): Promise<ExitCode> {
  const { configuration } = options;
  const model = await openModel(configuration, options.version);
  const { counts, evaluations } = await measureModels(options, [model], io);
  await model.close();
  const report = { model: model.version, ...counts, ...evaluations[0] };
  if (options.report !== undefined) await writeFile(options.report, `${JSON.stringify(report, null, 2)}\n`);
  io.out(`model ${model.version} on ${options.in ?? `a simulated bank, seed ${options.seed}`}`);
  for (const evaluation of evaluations) for (const line of evaluationLines(evaluation)) io.out(line);
  return EXIT.done;
}

/** What models are judged on: a file with labels, or a simulated bank. */
export type JudgedOn = Pick<
  ModelEvaluateOptions,
  'configuration' | 'in' | 'labels' | 'seed' | 'transactions' | 'threshold' | 'now'
>;

/** USAGE when one of them was trained on the seed. */
export async function measureModels(
  options: JudgedOn,
  models: readonly TfjsModel[],
  io: CommandIo,
): Promise<ComparedModels> {
  for (const model of models) refuseTrainingSeed(options, model);
  const { configuration, threshold, now } = options;
  const history = await historyOf(options);
  const progress = createProgress(io, 'scoring', options.in === undefined ? options.transactions : undefined, now);
  const compared = await compareModels({
    configuration,
    history,
    models,
    fromMs: judgedFromMs(options),
    threshold,
    onProgress: progress.update,
  });
  progress.end();
  return compared;
}

/** A model knows its own training data by heart. */
function refuseTrainingSeed(options: Pick<JudgedOn, 'in' | 'seed'>, model: TfjsModel): void {
  const { seed } = model.artefact.manifest.training;
  if (options.in !== undefined || options.seed !== seed) return;
  throw new VigilError(
    'USAGE',
    `seed ${seed} made the training data of model ${model.version}: evaluate on another one`,
  );
}

/** A bank that starts from nothing has no past to judge by; a file is evaluated whole. */
const judgedFromMs = (options: Pick<JudgedOn, 'in'>): number =>
  options.in === undefined ? HISTORY_START_MS + WARM_UP_DAYS * DAY_MS : Number.NEGATIVE_INFINITY;

function historyOf(options: JudgedOn): Promise<ModelHistory> | ModelHistory {
  const { seed, transactions, configuration, now } = options;
  if (options.in !== undefined) return fileHistory({ in: options.in, labels: options.labels }, configuration, now());
  return simulatedHistory({ seed, transactions, customers: customersOf(transactions), startMs: HISTORY_START_MS });
}
