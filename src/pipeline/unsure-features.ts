/**
 * Which values of a decision are estimates or come from a window that is not full yet: by name in the evidence, and with
 * each hit whose condition read them. Almost always nothing, and then nothing is written. Pure.
 */
import type { DecisionEvidence, RuleHit } from '../domain/decision.ts';
import type { FeatureReading } from '../domain/feature.ts';

export type UnsureFeatures = Pick<DecisionEvidence, 'estimated' | 'warmingUp'>;

const FEATURES = 'features.';

export function unsureFeatures(reading: FeatureReading | null): UnsureFeatures {
  return pick(reading?.estimated ?? [], reading?.warmingUp ?? []);
}

export const isSure = (reading: FeatureReading | null): boolean =>
  reading === null || reading.estimated.length + reading.warmingUp.length === 0;

/** The same hits, those that read such a value with its name. */
export function noteUnsure<T extends Pick<RuleHit, 'values'>>(
  hits: readonly T[],
  reading: FeatureReading | null,
): readonly (T & UnsureFeatures)[] {
  if (reading === null || isSure(reading)) return hits;
  return hits.map((hit) => {
    const isRead = (name: string): boolean => Object.hasOwn(hit.values, FEATURES + name);
    return { ...hit, ...pick(reading.estimated.filter(isRead), reading.warmingUp.filter(isRead)) };
  });
}

const pick = (estimated: readonly string[], warmingUp: readonly string[]): UnsureFeatures => ({
  ...(estimated.length === 0 ? {} : { estimated }),
  ...(warmingUp.length === 0 ? {} : { warmingUp }),
});
