/** What a decision should have been against what it was: one line per difference. Pure. */
import type { Decision, RuleHit } from '../../domain/decision.ts';
import { parseRfc3339 } from '../../domain/time.ts';
import type { Expectation } from './test-case.ts';

export interface Difference {
  readonly what: string;
  readonly expected: string;
  readonly actual: string;
}

const listed = (words: readonly string[]): string => (words.length === 0 ? '(none)' : words.join(', '));

const HOUR_MS = 3_600_000;

type Chosen = (hit: RuleHit) => boolean;
const isHit: Chosen = (hit) => hit.mode === 'live' && hit.status === 'hit';
const isErrored: Chosen = (hit) => hit.mode === 'live' && hit.status === 'errored';
const isShadow: Chosen = (hit) => hit.mode === 'shadow';

function contains(
  what: string,
  wanted: readonly string[] | undefined,
  actual: readonly string[],
): readonly Difference[] {
  const missing = wanted?.filter((word) => !actual.includes(word)) ?? [];
  return missing.length === 0 ? [] : [{ what, expected: listed(missing), actual: listed(actual) }];
}

function excludes(
  what: string,
  barred: readonly string[] | undefined,
  actual: readonly string[],
): readonly Difference[] {
  const found = barred?.filter((word) => actual.includes(word)) ?? [];
  return found.length === 0 ? [] : [{ what, expected: `not ${listed(found)}`, actual: listed(actual) }];
}

function equals(what: string, wanted: readonly string[] | undefined, actual: readonly string[]): readonly Difference[] {
  if (wanted === undefined || listed(wanted) === listed(actual)) return [];
  return [{ what, expected: listed(wanted), actual: listed(actual) }];
}

const same = (what: string, wanted: unknown, actual: unknown): readonly Difference[] =>
  wanted === undefined || wanted === actual ? [] : [{ what, expected: String(wanted), actual: String(actual) }];

function scoreDifference(expect: Expectation, score: number): readonly Difference[] {
  const { minScore = 0, maxScore = 1000 } = expect;
  if (score >= minScore && score <= maxScore) return [];
  const expected = minScore === maxScore ? String(minScore) : `${minScore} to ${maxScore}`;
  return [{ what: 'score', expected, actual: String(score) }];
}

function holdHours({ hold, occurredAt }: Decision): number {
  const occurredAtMs = occurredAt === null ? undefined : parseRfc3339(occurredAt);
  return hold === undefined || occurredAtMs === undefined ? 0 : (hold.untilMs - occurredAtMs) / HOUR_MS;
}

export function compareDecision(expect: Expectation, decision: Decision): readonly Difference[] {
  const ids = (chosen: Chosen) => decision.hits.filter(chosen).map((hit) => hit.ruleId);
  const reasons = decision.reasons.map((reason) => reason.code);
  const exceeded = decision.limits.filter((limit) => limit.exceeded).map(({ limitId }) => limitId);
  const sorted = (words: readonly string[] | undefined) => words?.toSorted();
  return [
    ...contains('hits', expect.hits, ids(isHit)),
    ...excludes('noHits', expect.noHits, ids(isHit)),
    ...equals('onlyHits', sorted(expect.onlyHits), ids(isHit).toSorted()),
    ...equals('errored', sorted(expect.errored ?? []), ids(isErrored).toSorted()),
    ...contains('shadow', expect.shadow, ids(isShadow)),
    ...contains('limits', expect.limits, exceeded),
    ...excludes('noLimits', expect.noLimits, exceeded),
    ...same('outcome', expect.outcome, decision.outcome),
    ...contains('reasons', expect.reasons, reasons),
    ...excludes('noReasons', expect.noReasons, reasons),
    ...same('alert', expect.alert, decision.alert),
    ...scoreDifference(expect, decision.riskScore),
    ...equals('methods', expect.methods, decision.challenge?.methods ?? []),
    ...same('holdHours', expect.holdHours, holdHours(decision)),
  ];
}
