/** The explanation holds at least the decision; what else it holds grows with the server. Pure. */
import type { Decision, Explanation } from '../../../http/api-types.ts';

function isDecision(value: unknown): value is Decision {
  if (typeof value !== 'object' || value === null) return false;
  const candidate = value as Record<string, unknown>;
  return (
    typeof candidate.decisionId === 'string' &&
    typeof candidate.outcome === 'string' &&
    Array.isArray(candidate.hits) &&
    Array.isArray(candidate.reasons)
  );
}

export function decisionOf(explanation: Explanation): Decision | null {
  const inner = explanation.decision;
  if (isDecision(inner)) return inner;
  const outer: unknown = explanation;
  return isDecision(outer) ? outer : null;
}

export interface RulesetChange {
  readonly decided: string;
  readonly inForce: string;
}

/** null while the ruleset that decided is in force, or nothing is known about it */
export function rulesetChangeOf(explanation: Explanation | undefined): RulesetChange | null {
  const decided = explanation === undefined ? undefined : decisionOf(explanation)?.versions?.ruleset;
  const inForce = explanation?.rulesetInForce;
  return typeof inForce !== 'string' || decided === undefined || decided === inForce ? null : { decided, inForce };
}
