/**
 * Computes a decision again from what it kept, and compares the bytes. The versions it was made with must be in force:
 * a decision is never "explained" with rules that did not make it.
 */
import type { Decision, DecisionVersions } from '../domain/decision.ts';
import type { LimitUsage } from '../domain/facts.ts';
import type { CounterFlag, FeatureReading } from '../domain/feature.ts';
import type { ParseTransaction } from '../domain/parse-transaction.ts';
import { parseRfc3339 } from '../domain/time.ts';
import type { InputFlag, ParsedTransaction } from '../domain/transaction.ts';
import { buildDecision, buildStaticDecision, type DecisionParts } from './build-decision.ts';
import type { Generation } from './generation.ts';

export interface KeptFacts {
  readonly parsed: ParsedTransaction;
  readonly reading: FeatureReading | null;
  readonly usage: LimitUsage | null;
  readonly originalFound: boolean | null;
}

export type Redecided =
  | { readonly status: 'same' }
  | { readonly status: 'different'; readonly bytes: string }
  /** a version that the decision names and that is not in force here */
  | {
      readonly status: 'version-missing';
      readonly part: keyof DecisionVersions;
      readonly wanted: string;
      readonly inForce: string;
    }
  /** a provisional fallback keeps no evidence */
  | { readonly status: 'nothing-kept' };

const INPUT_FLAGS: ReadonlySet<string> = new Set<InputFlag>(['UNKNOWN_FIELDS', 'FUTURE_TIME']);
const MISSING = 'ORIGINAL_NOT_FOUND';

export function redecide(bytes: string, generation: Generation, parse: ParseTransaction): Redecided {
  const decision = JSON.parse(bytes) as Decision;
  const facts = keptFacts(decision, generation, parse);
  if (facts === null) return { status: 'nothing-kept' };
  for (const part of Object.keys(decision.versions) as (keyof DecisionVersions)[]) {
    const [wanted, inForce] = [decision.versions[part], generation.versions[part]];
    if (wanted !== inForce) return { status: 'version-missing', part, wanted, inForce };
  }
  const again = JSON.stringify(computeAgain(decision, facts, generation));
  return again === bytes ? { status: 'same' } : { status: 'different', bytes: again };
}

/** null for a provisional fallback, which was not computed from anything. */
export function keptFacts(decision: Decision, generation: Generation, parse: ParseTransaction): KeptFacts | null {
  const { evidence } = decision;
  if (evidence === null) return null;
  const parsed = parse(new TextEncoder().encode(JSON.stringify(evidence.transaction)), Number.MAX_SAFE_INTEGER);
  if (!parsed.ok) return null;
  const inputFlags = decision.flags.filter((flag): flag is InputFlag => INPUT_FLAGS.has(flag));
  const counterFlags = decision.flags.filter(
    (flag) => !INPUT_FLAGS.has(flag) && flag !== MISSING,
  ) as readonly CounterFlag[];
  const { profile } = evidence;
  return {
    parsed: { ...parsed.value, flags: inputFlags },
    reading:
      profile === null
        ? null
        : {
            values: generation.featureNames.map((name) => evidence.features[name] ?? null),
            profile,
            flags: counterFlags,
            estimated: evidence.estimated ?? [],
            warmingUp: evidence.warmingUp ?? [],
          },
    usage: evidence.limitUsage == null ? null : new Map(Object.entries(evidence.limitUsage)),
    originalFound: decision.flags.includes(MISSING) ? false : null,
  };
}

function computeAgain(decision: Decision, facts: KeptFacts, generation: Generation): Decision {
  const parts: DecisionParts = {
    ...facts,
    receivedAtMs: parseRfc3339(decision.receivedAt) ?? 0,
    decidedAtMs: parseRfc3339(decision.decidedAt) ?? 0,
    generation,
    degraded: decision.degraded,
  };
  if (decision.level === 'L3') return buildStaticDecision(parts);
  const evaluation = generation.evaluate(facts.parsed.transaction, facts.reading, facts.usage);
  return buildDecision(parts, evaluation, decision.level, decision.model ?? null);
}
