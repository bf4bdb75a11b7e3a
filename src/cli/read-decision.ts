/** A line of `vigil backtest --out` or of the decisions topic. */
import type { Decision } from '../domain/decision.ts';
import { VigilError } from '../domain/errors.ts';

export const MAX_DECISION_BYTES = 1 << 20;

/** Throws USAGE with the place. */
export function readDecision(text: string, line: number, file: string): Decision {
  try {
    const decision: unknown = JSON.parse(text);
    if (isDecision(decision)) return decision;
  } catch {
    // said below, with the line
  }
  throw new VigilError('USAGE', `${file}:${line} is no decision: write them with vigil backtest --out.`);
}

function isDecision(value: unknown): value is Decision {
  if (typeof value !== 'object' || value === null) return false;
  const { hits, outcome, versions, evidence } = value as Partial<Record<keyof Decision, unknown>>;
  return Array.isArray(hits) && typeof outcome === 'string' && typeof versions === 'object' && evidence !== undefined;
}
