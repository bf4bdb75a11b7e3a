/**
 * What a rule hit shows of itself: each value that its condition read, and what it is held against: the threshold of the
 * condition, what is usual, a limit, the largest so far. Nothing is guessed: a value without a reference has no bar. Pure.
 */
import type { Decision } from '../../../http/api-types.ts';
import type { Comparison, RuleThresholds } from './thresholds.ts';
import { nameOfValue, splitFeatureName, type ValueName } from './value-names.ts';
import { type HitValue, numberText, type ValueContext, valueText } from './value-text.ts';

type Hit = Decision['hits'][number];

export interface Mark {
  readonly kind: 'threshold' | 'reference' | 'usual';
  readonly value: number;
  /** the mark in words, with its value */
  readonly text: string;
}

export interface EvidenceRow {
  readonly path: string;
  readonly name: ValueName;
  readonly text: string;
  /** the number behind the text, when there is one and it can be drawn */
  readonly value: number | null;
  readonly marks: readonly Mark[];
  /** what is usual, when it is as good as nothing: no mark, but worth a word */
  readonly usual: string | null;
}

interface Reading {
  readonly hit: Hit;
  readonly decision: Decision;
  readonly thresholds: RuleThresholds;
  readonly context: ValueContext;
}

/** Values that say what the others are held against: they become marks of the bars, not rows of their own. */
const REFERENCES: ReadonlySet<string> = new Set(['profile.typicalAmountMinor', 'profile.maxAmountMinor']);
const FEATURES = 'features.';

function isReference(path: string): boolean {
  if (REFERENCES.has(path) || path.startsWith('limits.')) return true;
  return path.startsWith(FEATURES) && /_(avg|max)$/.test(splitFeatureName(path.slice(FEATURES.length)).stem);
}

const isMoneyNow = (path: string, name: ValueName): boolean => name.unit === 'money' && !isReference(path);

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

const SIGNS: Readonly<Record<Comparison, string>> = { '>=': '≥', '>': '>', '<=': '≤', '<': '<' };

const IS_MET: Readonly<Record<Comparison, (value: number, threshold: number) => boolean>> = {
  '>=': (value, threshold) => value >= threshold,
  '>': (value, threshold) => value > threshold,
  '<=': (value, threshold) => value <= threshold,
  '<': (value, threshold) => value < threshold,
};

/** Only thresholds that were met: the others belong to an alternative that did not fire. */
function thresholdMarks(
  path: string,
  current: HitValue,
  name: ValueName,
  { thresholds, context }: Pick<Reading, 'thresholds' | 'context'>,
): readonly Mark[] {
  return (thresholds.get(path) ?? [])
    .filter(({ comparison, value }) => typeof current === 'number' && IS_MET[comparison](current, value))
    .map(({ comparison, value }) => ({
      kind: 'threshold',
      value,
      text: context.terms('rules.threshold', {
        comparison: SIGNS[comparison],
        value: numberText(value, name.unit, context),
      }),
    }));
}

function referenceMarks(path: string, name: ValueName, hit: Hit, context: ValueContext): readonly Mark[] {
  if (!isMoneyNow(path, name)) return [];
  return Object.entries(hit.values).flatMap(([other, value]): readonly Mark[] => {
    if (!isReference(other) || typeof value !== 'number') return [];
    const { label } = nameOfValue(other, context.terms);
    return [{ kind: 'reference', value, text: `${label} ${numberText(value, 'money', context)}` }];
  });
}

/** Below this a thing is as good as never done: it is said in words, a mark at the foot of a bar says nothing. */
const AS_GOOD_AS_NONE = 0.05;

/** Where the usual lies on the bar: of a ratio at 1, of a count or a sum where the longer window puts it. */
function usualMarks(path: string, name: ValueName, expected: number | undefined, context: ValueContext) {
  const value = path === 'profile.amountRatio' ? 1 : expected;
  if (value === undefined || value < AS_GOOD_AS_NONE) return [];
  const rounded = name.unit === 'money' ? Math.round(value / 100) * 100 : value;
  const text = context.terms('rules.usualAbout', { value: numberText(rounded, name.unit, context) });
  return [{ kind: 'usual', value, text } as const satisfies Mark];
}

function rowOf(path: string, value: HitValue, { hit, decision, thresholds, context }: Reading): EvidenceRow {
  const name = nameOfValue(path, context.terms);
  const features = decision.evidence?.features ?? {};
  const expected = path.startsWith(FEATURES) ? usualInWindow(path.slice(FEATURES.length), features) : undefined;
  return {
    path,
    name,
    text: valueText(path, value, name.unit, context),
    value: typeof value === 'number' ? value : null,
    marks: [
      ...thresholdMarks(path, value, name, { thresholds, context }),
      ...referenceMarks(path, name, hit, context),
      ...usualMarks(path, name, expected, context),
    ],
    usual: expected !== undefined && expected < AS_GOOD_AS_NONE ? context.terms('rules.usualNone') : null,
  };
}

/** They only say which rule it is. */
const SELF_EVIDENT: ReadonlySet<string> = new Set(['tx.type', 'tx.currency']);

/** Whether a thing is known and for how long say one thing in two rows; "known: yes" alone reads like an old acquaintance. */
function isSaidBeside(path: string, value: HitValue, values: Hit['values']): boolean {
  if (path.endsWith('Known')) return value === true && values[path.replace(/Known$/, 'AgeSeconds')] != null;
  return path.endsWith('AgeSeconds') && value === null && values[path.replace(/AgeSeconds$/, 'Known')] === false;
}

/** The rows of one hit, numbers with something to compare first. */
export function evidenceOfHit(reading: Reading): readonly EvidenceRow[] {
  const { hit, context } = reading;
  const entries = Object.entries(hit.values).filter(([path]) => !SELF_EVIDENT.has(path));
  const hasNow = entries.some(([path]) => isMoneyNow(path, nameOfValue(path, context.terms)));
  return entries
    .filter(([path, value]) => !(hasNow && isReference(path)) && !isSaidBeside(path, value, hit.values))
    .map(([path, value]) => rowOf(path, value, reading))
    .sort((a, b) => Number(b.marks.length > 0) - Number(a.marks.length > 0));
}
