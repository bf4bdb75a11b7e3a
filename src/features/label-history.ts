/**
 * What the labels of one transaction say at a time: the newest labelledAt ≤ t holds, the later arrival between equals;
 * GENUINE takes a FRAUD back. Kept as the spans of time in which it counts as fraud. Pure.
 */
import type { LabelValue } from '../domain/label.ts';

export interface LabelEntry {
  readonly atMs: number;
  readonly value: LabelValue;
}

export interface FraudSpan {
  readonly fromMs: number;
  /** exclusive; Infinity = to this day */
  readonly toMs: number;
}

/** Labels kept of one transaction. The oldest gives way: what it said holds only before all the others were given. */
export const MOST_LABELS = 64;

/** In order of labelledAt; an arrival goes behind its equals. The same statement again changes nothing. */
export function addLabel(history: readonly LabelEntry[], entry: LabelEntry): readonly LabelEntry[] {
  const place = history.findLastIndex((known) => known.atMs <= entry.atMs);
  const standing = history[place];
  if (standing !== undefined && standing.atMs === entry.atMs && standing.value === entry.value) return history;
  return history.toSpliced(place + 1, 0, entry).slice(-MOST_LABELS);
}

export function fraudSpans(history: readonly LabelEntry[]): readonly FraudSpan[] {
  const spans: FraudSpan[] = [];
  history.forEach((entry, index) => {
    if (entry.value !== 'FRAUD') return;
    const toMs = history[index + 1]?.atMs ?? Number.POSITIVE_INFINITY;
    const previous = spans.at(-1);
    if (previous !== undefined && previous.toMs === entry.atMs) spans[spans.length - 1] = { ...previous, toMs };
    else if (toMs > entry.atMs) spans.push({ fromMs: entry.atMs, toMs });
  });
  return spans;
}
