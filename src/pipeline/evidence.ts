/** The evidence of a decision: what is needed to compute it again. Made at once, or when somebody looks at it. */
import type { DecisionEvidence } from '../domain/decision.ts';
import { toWire } from '../domain/parse-transaction.ts';
import type { DecisionParts } from './build-decision.ts';
import { isSure, unsureFeatures } from './unsure-features.ts';

export type EvidenceParts = Pick<DecisionParts, 'parsed' | 'reading' | 'generation' | 'usage'>;

export function evidenceOf(parts: EvidenceParts): DecisionEvidence {
  const { parsed, reading, usage } = parts;
  const evidence: DecisionEvidence = {
    transaction: toWire(parsed.transaction),
    features: presentValues(parts),
    profile: reading?.profile ?? null,
    limitUsage: limitUsageOf(usage),
  };
  return isSure(reading) ? evidence : { ...evidence, ...unsureFeatures(reading) };
}

const limitUsageOf = (usage: EvidenceParts['usage']): NonNullable<DecisionEvidence['limitUsage']> | null =>
  usage === null ? null : Object.fromEntries(usage);

/** Without the absent ones (a seventh of a decision's bytes): whoever computes again takes what is not there as null. */
function presentValues({ generation, reading }: EvidenceParts): Record<string, number> {
  const present: Record<string, number> = {};
  if (reading === null) return present;
  const { values } = reading;
  const names = generation.featureNames;
  for (let index = 0; index < names.length; index++) {
    const value = values[index];
    if (value !== null && value !== undefined) present[names[index] as string] = value;
  }
  return present;
}

/** For a run whose decisions' texts are written from the parts: their evidence is hardly ever looked at. Its JSON is the same. */
export const lazyEvidence = (parts: EvidenceParts): DecisionEvidence => new LazyEvidence(parts) as DecisionEvidence;

/** A class, because getters of an object literal are defined anew for each (2 µs of a decision). */
class LazyEvidence {
  readonly #parts: EvidenceParts;
  #made: DecisionEvidence | undefined;

  constructor(parts: EvidenceParts) {
    this.#parts = parts;
  }

  toJSON(): DecisionEvidence {
    this.#made ??= evidenceOf(this.#parts);
    return this.#made;
  }

  get transaction() {
    return this.toJSON().transaction;
  }

  get features() {
    return this.toJSON().features;
  }

  get profile() {
    return this.#parts.reading?.profile ?? null;
  }

  get limitUsage() {
    return this.toJSON().limitUsage ?? null;
  }

  get estimated() {
    return unsureFeatures(this.#parts.reading).estimated;
  }

  get warmingUp() {
    return unsureFeatures(this.#parts.reading).warmingUp;
  }
}
