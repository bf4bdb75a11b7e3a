/**
 * Who was troubled for nothing: distinct customers with at least one transaction that no label calls a fraud and that was
 * challenged, held or blocked.
 */
import { OUTCOMES, type Outcome } from '../domain/decision.ts';
import type { Observation } from './observation.ts';

export interface CustomerScore {
  readonly seen: number;
  readonly disturbed: number;
  readonly challenged: number;
  readonly held: number;
  readonly blocked: number;
}

export interface DisturbedCustomers {
  add(observation: Observation): void;
  readonly disturbed: ReadonlySet<string>;
  report(): CustomerScore;
}

export function createDisturbedCustomers(): DisturbedCustomers {
  const seen = new Set<string>();
  const disturbed = new Set<string>();
  const byOutcome = new Map<Outcome, Set<string>>(OUTCOMES.map((outcome) => [outcome, new Set()]));
  const size = (outcome: Outcome): number => byOutcome.get(outcome)?.size ?? 0;
  return {
    disturbed,
    add({ decision, truth }) {
      seen.add(decision.customerId);
      if (truth.isFraud || decision.outcome === 'ALLOW') return;
      disturbed.add(decision.customerId);
      byOutcome.get(decision.outcome)?.add(decision.customerId);
    },
    report: () => ({
      seen: seen.size,
      disturbed: disturbed.size,
      challenged: size('CHALLENGE'),
      held: size('HOLD'),
      blocked: size('BLOCK'),
    }),
  };
}
