/**
 * The thresholds of a rule, read from its condition as the explanation gives it: plain comparisons of a value with a number
 * ("features.customer_transfer_count_10m >= 5"). What is compared with something calculated is no threshold that can be
 * drawn, and a rule of another version than the one that decided says nothing about this decision. Pure.
 */
import type { Explanation } from '../../../http/api-types.ts';

export type Comparison = '>=' | '>' | '<=' | '<';

export interface Threshold {
  readonly comparison: Comparison;
  readonly value: number;
}

/** by the path of the value */
export type RuleThresholds = ReadonlyMap<string, readonly Threshold[]>;
/** by the rule's id */
export type Thresholds = ReadonlyMap<string, RuleThresholds>;

export const NO_THRESHOLDS: Thresholds = new Map();

const STRINGS = /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/g;
const COMPARED =
  /(?<![\w.)*/+-]\s*)\b((?:tx|features|profile)(?:\.\w+)+)\s*(>=|<=|>|<)\s*(-?\d+(?:\.\d+)?)\b(?!\s*[*/+%-]|\.\w)/g;

export function readThresholds(condition: string): RuleThresholds {
  const found = new Map<string, Threshold[]>();
  for (const [, path = '', comparison, value] of condition.replace(STRINGS, '""').matchAll(COMPARED)) {
    const known = found.get(path) ?? [];
    found.set(path, [...known, { comparison: comparison as Comparison, value: Number(value) }]);
  }
  return found;
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

/** Only when the versions that decided are still in force. */
export function thresholdsOf(explanation: Explanation | undefined): Thresholds {
  const { redecided, rules } = explanation ?? {};
  const isOfThisDecision = isRecord(redecided) && (redecided.status === 'same' || redecided.status === 'different');
  if (!isOfThisDecision || !Array.isArray(rules)) return NO_THRESHOLDS;
  return new Map(
    rules.flatMap((rule: unknown): readonly (readonly [string, RuleThresholds])[] =>
      isRecord(rule) && typeof rule.ruleId === 'string' && typeof rule.when === 'string'
        ? [[rule.ruleId, readThresholds(rule.when)]]
        : [],
    ),
  );
}
