/**
 * What a rule hit shows of itself: each value that its condition read, and, where something to hold it against can be read
 * from the hit or from the evidence, the marks of a bar. Nothing is guessed: a value without a reference has no bar.
 */
import type { Decision } from '../../../http/api-types.ts';
import { nameOfValue, splitFeatureName, type ValueName } from './value-names.ts';
import { type HitValue, numberText, type ValueContext, valueText } from './value-text.ts';

type Hit = Decision['hits'][number];

export interface Mark {
  readonly label: string;
  readonly value: number;
  readonly text: string;
}

export interface EvidenceRow {
  readonly path: string;
  readonly name: ValueName;
  readonly text: string;
  /** the number behind the text, when there is one and it can be drawn */
  readonly value: number | null;
  readonly marks: readonly Mark[];
  /** what is usual, in words, when it is known and is no mark */
  readonly usual: string | null;
}

/** Values that say what the others are held against: they become marks of the bars, not rows of their own. */
const REFERENCES: ReadonlySet<string> = new Set(['profile.typicalAmountMinor', 'profile.maxAmountMinor']);

function isReference(path: string): boolean {
  if (REFERENCES.has(path) || path.startsWith('limits.')) return true;
  if (!path.startsWith('features.')) return false;
  return /_(avg|max)$/.test(splitFeatureName(path.slice('features.'.length)).stem);
}

const isMoney = (path: string, name: ValueName): boolean => name.unit === 'money' && !isReference(path);

/**
 * What would be usual for a count or a sum in this window, from the longest window of the same thing in the evidence: the
 * rest of the long window, spread evenly. undefined when no longer window was read.
 */
export function usualInWindow(feature: string, features: Readonly<Record<string, number | null>>): number | undefined {
  const { stem, windowSeconds } = splitFeatureName(feature);
  const now = features[feature];
  if (windowSeconds === undefined || typeof now !== 'number' || !/_(count|sum)$/.test(stem)) return undefined;
  let longest: { readonly value: number; readonly seconds: number } | undefined;
  for (const [name, value] of Object.entries(features)) {
    const other = splitFeatureName(name);
    if (other.stem !== stem || other.windowSeconds === undefined || value === null) continue;
    if (other.windowSeconds > (longest?.seconds ?? windowSeconds)) longest = { value, seconds: other.windowSeconds };
  }
  if (longest === undefined) return undefined;
  return (Math.max(longest.value - now, 0) * windowSeconds) / (longest.seconds - windowSeconds);
}

function usualText(value: number, name: ValueName, context: ValueContext): string {
  const { terms } = context;
  if (value < AS_GOOD_AS_NONE) return terms('rules.usualNone');
  const rounded = name.unit === 'money' ? Math.round(value / 100) * 100 : value;
  return terms('rules.usualAbout', { value: numberText(rounded, name.unit, context) });
}

function marksFor(path: string, name: ValueName, hit: Hit, context: ValueContext): readonly Mark[] {
  if (!isMoney(path, name)) return [];
  return Object.entries(hit.values).flatMap(([other, value]): readonly Mark[] => {
    if (!isReference(other) || typeof value !== 'number') return [];
    return [{ label: nameOfValue(other, context.terms).label, value, text: numberText(value, 'money', context) }];
  });
}

/** Below this a thing is as good as never done: it is said in words, a mark at the foot of a bar says nothing. */
const AS_GOOD_AS_NONE = 0.05;

/** Where the usual lies on the bar: of a ratio at 1, of a count or a sum where the longer window puts it. */
function usualMark(
  path: string,
  name: ValueName,
  expected: number | undefined,
  context: ValueContext,
): readonly Mark[] {
  const value = path === 'profile.amountRatio' ? 1 : expected;
  if (value === undefined || value < AS_GOOD_AS_NONE) return [];
  const text = numberText(value, name.unit, context);
  return [{ label: context.terms('rules.usualMark'), value, text }];
}

function rowOf(path: string, value: HitValue, hit: Hit, decision: Decision, context: ValueContext): EvidenceRow {
  const name = nameOfValue(path, context.terms);
  const features = decision.evidence?.features ?? {};
  const expected = path.startsWith('features.') ? usualInWindow(path.slice('features.'.length), features) : undefined;
  return {
    path,
    name,
    text: valueText(path, value, name.unit, context),
    value: typeof value === 'number' ? value : null,
    marks: [...marksFor(path, name, hit, context), ...usualMark(path, name, expected, context)],
    usual: expected === undefined ? null : usualText(expected, name, context),
  };
}

/** They only say which rule it is. */
const SELF_EVIDENT: ReadonlySet<string> = new Set(['tx.type', 'tx.currency']);

/** The rows of one hit, numbers with something to compare first. */
export function evidenceOfHit(hit: Hit, decision: Decision, context: ValueContext): readonly EvidenceRow[] {
  const entries = Object.entries(hit.values);
  const hasNow = entries.some(([path]) => isMoney(path, nameOfValue(path, context.terms)));
  return entries
    .filter(([path]) => !SELF_EVIDENT.has(path) && !(hasNow && isReference(path)))
    .map(([path, value]) => rowOf(path, value, hit, decision, context))
    .sort((a, b) => Number(b.marks.length > 0) - Number(a.marks.length > 0));
}
