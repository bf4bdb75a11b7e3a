/** One batched inference for a chunk, inside a time budget; without it the decisions say level L1. */
import { VigilError } from '../domain/errors.ts';
import type { FeatureReading } from '../domain/feature.ts';
import type { FraudModel } from '../domain/ports.ts';
import type { Candidate } from './candidate.ts';

export interface ModelOptions {
  /** null = configured to run without */
  readonly model: FraudModel | null;
  readonly modelBudgetMs: number;
  readonly monotonicMs: () => number;
  readonly onDegraded: (cause: unknown) => void;
}

export async function scoreWithModel(
  candidates: readonly Candidate[],
  featureNames: readonly string[],
  { model, modelBudgetMs, monotonicMs, onDegraded }: ModelOptions,
): Promise<void> {
  const inputs = candidates.filter(hasReading);
  if (model === null || inputs.length === 0) return;
  try {
    const startMs = monotonicMs();
    const scores = await withTimeout(
      model.score(
        inputs.map(({ parsed, reading }) => ({
          transaction: parsed.transaction,
          names: featureNames,
          values: reading.values,
          profile: reading.profile,
        })),
      ),
      modelBudgetMs,
    );
    // an inference that blocks the thread cannot be interrupted, only be found late
    if (monotonicMs() - startMs > modelBudgetMs) throw new VigilError('MODEL_UNAVAILABLE', 'the model was late');
    for (const [position, candidate] of inputs.entries()) candidate.modelScore = scores[position] ?? null;
  } catch (error) {
    if (!(error instanceof VigilError && error.code === 'MODEL_UNAVAILABLE')) throw error;
    onDegraded(error);
    for (const candidate of candidates) {
      if (candidate.level === 'L0') candidate.level = 'L1';
      candidate.degraded.add('model');
    }
  }
}

const hasReading = (candidate: Candidate): candidate is Candidate & { readonly reading: FeatureReading } =>
  candidate.reading !== null && candidate.level !== 'L3';

function withTimeout<T>(work: Promise<T>, budgetMs: number): Promise<T> {
  if (!Number.isFinite(budgetMs)) return work; // a timer of "for ever" would fire at once
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new VigilError('MODEL_UNAVAILABLE', 'the model was late')), budgetMs);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
