/**
 * `vigil model evaluate`: how good a model is on history that it was not trained on, scored by the very adapter that serves. A
 * simulated bank of another seed, or a file with labels.
 */
import { writeFile } from 'node:fs/promises';
import type { LoadedConfiguration } from '../composition/load-generation.ts';
import { VigilError } from '../domain/errors.ts';
import { resolveModelFolder } from '../models/model-registry.ts';
import { loadTfjsModel } from '../models/tfjs-model.ts';
import { evaluateScores, type ScoredRow } from '../models/training/evaluate-scores.ts';
import { type CommandIo, EXIT, type ExitCode } from './io.ts';
import { fileHistory, type ModelHistory, runModelHistory, simulatedHistory, truthOf } from './model-history.ts';
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
  const { configuration, now } = options;
  const model = await openModel(configuration, options.version);
  const { seed: trainedOn } = model.artefact.manifest.training;
  if (options.in === undefined && options.seed === trainedOn) {
    throw new VigilError(
      'USAGE',
      `seed ${trainedOn} made the training data of model ${model.version}: evaluate on another one`,
    );
  }
  const history = await historyOf(options);
  const progress = createProgress(io, 'scoring', options.in === undefined ? options.transactions : undefined, now);
  // a bank that starts from nothing has no past to judge by; a file is evaluated whole
  const fromMs = options.in === undefined ? HISTORY_START_MS + WARM_UP_DAYS * DAY_MS : Number.NEGATIVE_INFINITY;
  const rows: ScoredRow[] = [];
  const counts = await runModelHistory({
    configuration,
    history,
    onProgress: progress.update,
    onChunk: async (inputs) => {
      const scores = await model.score(inputs);
      for (const [i, input] of inputs.entries()) {
        if (input.transaction.occurredAtMs < fromMs) continue;
        const fraud = truthOf(history, input);
        rows.push({ score: scores[i]?.score ?? Number.NaN, isFraud: fraud !== null, scenario: fraud?.scenario ?? '' });
      }
    },
  });
  progress.end();
  await model.close();
  const evaluation = evaluateScores(rows, options.threshold);
  const report = { model: model.version, ...counts, ...evaluation };
  if (options.report !== undefined) await writeFile(options.report, `${JSON.stringify(report, null, 2)}\n`);
  io.out(`model ${model.version} on ${options.in ?? `a simulated bank, seed ${options.seed}`}`);
  for (const line of evaluationLines(evaluation)) io.out(line);
  return EXIT.done;
}

function historyOf(options: ModelEvaluateOptions): Promise<ModelHistory> | ModelHistory {
  const { seed, transactions, configuration, now } = options;
  if (options.in !== undefined) return fileHistory({ in: options.in, labels: options.labels }, configuration, now());
  return simulatedHistory({ seed, transactions, customers: customersOf(transactions), startMs: HISTORY_START_MS });
}

export async function openModel(configuration: LoadedConfiguration, version: string | undefined) {
  const { settings, sources, features } = configuration;
  return loadTfjsModel({
    folder: await resolveModelFolder(sources.modelsDir, version ?? settings.model.version),
    catalogue: features.features,
    backend: settings.model.backend,
    zone: settings.bank.zone,
  });
}
