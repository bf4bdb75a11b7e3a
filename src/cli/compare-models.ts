/** Several models on one pass over a history, each row scored by the very adapter that serves. */
import type { LoadedConfiguration } from '../composition/load-generation.ts';
import { resolveModelFolder } from '../models/model-registry.ts';
import { loadTfjsModel, type TfjsModel } from '../models/tfjs-model.ts';
import { type Evaluation, evaluateScores, type ScoredRow } from '../models/training/evaluate-scores.ts';
import { type ModelHistory, runModelHistory, truthOf } from './model-history.ts';

export interface ComparedModels {
  readonly counts: Awaited<ReturnType<typeof runModelHistory>>;
  /** in the order of the models */
  readonly evaluations: readonly Evaluation[];
}

export interface CompareOptions {
  readonly configuration: LoadedConfiguration;
  readonly history: ModelHistory;
  readonly models: readonly TfjsModel[];
  /** earlier transactions fill the windows and are not judged */
  readonly fromMs: number;
  /** probability from which a transaction counts as caught */
  readonly threshold: number;
  readonly onProgress: (done: number) => void;
}

export async function compareModels(options: CompareOptions): Promise<ComparedModels> {
  const { configuration, history, models, fromMs, threshold, onProgress } = options;
  const rows = models.map((): ScoredRow[] => []);
  const counts = await runModelHistory({
    configuration,
    history,
    onProgress,
    onChunk: async (inputs) => {
      for (const [place, model] of models.entries()) {
        const scores = await model.score(inputs);
        for (const [i, input] of inputs.entries()) {
          if (input.transaction.occurredAtMs < fromMs) continue;
          const fraud = truthOf(history, input);
          const score = scores[i]?.score ?? Number.NaN;
          rows[place]?.push({ score, isFraud: fraud !== null, scenario: fraud?.scenario ?? '' });
        }
      }
    },
  });
  return { counts, evaluations: rows.map((own) => evaluateScores(own, threshold)) };
}

/** `version` undefined: the configured one, or the only one there. */
export async function openModel(configuration: LoadedConfiguration, version: string | undefined): Promise<TfjsModel> {
  const { settings, sources, features } = configuration;
  return loadTfjsModel({
    folder: await resolveModelFolder(sources.modelsDir, version ?? settings.model.version),
    catalogue: features.features,
    backend: settings.model.backend,
    zone: settings.bank.zone,
  });
}
