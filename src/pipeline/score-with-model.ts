/** One batched inference for a chunk, inside a time budget; without it the decisions say level L1. */
import { VigilError } from '../domain/errors.ts';
import type { FeatureReading } from '../domain/feature.ts';
import type { FraudModel } from '../domain/ports.ts';
import { type Candidate, degrade } from './candidate.ts';
import { type Budget, budgetFor, withinBudget } from './fair-budget.ts';

export interface ModelOptions {
  /** null = configured to run without */
  readonly model: FraudModel | null;
  readonly budget: Budget;
  readonly onDegraded: (cause: unknown) => void;
}

export async function scoreWithModel(
  candidates: readonly Candidate[],
  featureNames: readonly string[],
  { model, budget: base, onDegraded }: ModelOptions,
): Promise<void> {
  const inputs = candidates.filter(hasReading);
  if (model === null || inputs.length === 0) return;
  try {
    const budget = budgetFor(base, inputs.length);
    const startMs = budget.monotonicMs();
    const scoring = model.score(
      inputs.map(({ parsed, reading }) => ({
        transaction: parsed.transaction,
        names: featureNames,
        values: reading.values,
        profile: reading.profile,
      })),
    );
    // an inference that blocks the thread cannot be interrupted, only be found late
    const blockedMs = budget.monotonicMs() - startMs;
    const scores = await withinBudget(scoring, { ...budget, ms: Math.max(0, budget.ms - blockedMs) }, late);
    if (blockedMs > budget.ms) throw late();
    for (const [position, candidate] of inputs.entries()) candidate.modelScore = scores[position] ?? null;
  } catch (error) {
    if (!(error instanceof VigilError && error.code === 'MODEL_UNAVAILABLE')) throw error;
    onDegraded(error);
    for (const candidate of candidates) {
      if (candidate.level === 'L0') candidate.level = 'L1';
      degrade(candidate, 'model');
    }
  }
}

const late = (): VigilError => new VigilError('MODEL_UNAVAILABLE', 'the model was late');

const hasReading = (candidate: Candidate): candidate is Candidate & { readonly reading: FeatureReading } =>
  candidate.reading !== null && candidate.level !== 'L3';
