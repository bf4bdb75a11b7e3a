/**
 * Labels of the in-process store: which logs a transaction is in, and the frauds of each log by time. A log's frauds are
 * few, so a window counts them by looking at those inside. Only what a log holds can be a fraud in it, so that a hot entity
 * has no more of them than its log has records; lua/apply-frauds.lua does the same.
 */
import type { Label } from '../domain/label.ts';
import { transactionKey } from '../domain/transaction.ts';
import { hash53 } from './hash.ts';
import { addLabel, type FraudSpan, fraudSpans, type LabelEntry } from './label-history.ts';

export interface Fraud extends FraudSpan {
  readonly timeMs: number;
  readonly transaction: string;
}

/** Of one log. */
export interface FraudList<Owner> {
  /** in order of time */
  frauds: readonly Fraud[];
  /** whose log it is, and which of its logs */
  readonly owner: Owner;
  readonly place: number;
  readonly stream: number;
}

interface Labelled<Owner> {
  readonly timeMs: number;
  readonly lists: readonly FraudList<Owner>[];
  history: readonly LabelEntry[];
}

export interface MemoryLabels<Owner> {
  /** the transaction was added to these logs */
  remember(transaction: string, timeMs: number, lists: readonly FraudList<Owner>[]): void;
  apply(labels: readonly Label[]): { readonly applied: number; readonly unmatched: number };
}

/** `firstOf`: the time of a log's first record, undefined when it does not hold the transaction (any more). */
export function createMemoryLabels<Owner>(
  retentionMs: number,
  firstOf: (list: FraudList<Owner>, timeMs: number, id: number) => number | undefined,
): MemoryLabels<Owner> {
  const known = new Map<string, Labelled<Owner>>();
  let newestMs = Number.NEGATIVE_INFINITY;

  const forgetOld = (): void => {
    let steps = 0;
    for (const [key, entry] of known) {
      if (entry.timeMs >= newestMs - retentionMs || steps++ === 4) return;
      known.delete(key);
    }
  };

  return {
    remember(transaction, timeMs, lists) {
      newestMs = Math.max(newestMs, timeMs);
      forgetOld();
      // a repeat that a full log had forgotten is added to that log again: its labels hold, and it is in its other logs too
      const earlier = known.get(transaction);
      if (earlier === undefined) known.set(transaction, { timeMs, lists, history: [] });
      else known.set(transaction, { ...earlier, lists: [...new Set([...earlier.lists, ...lists])] });
    },
    apply(labels) {
      let applied = 0;
      for (const label of labels) {
        const transaction = transactionKey(label.channel, label.transactionId);
        const entry = known.get(transaction);
        if (entry === undefined) continue;
        entry.history = addLabel(entry.history, { atMs: label.labelledAtMs ?? entry.timeMs, value: label.label });
        const spans = fraudSpans(entry.history);
        const id = hash53(transaction);
        let isHeld = false;
        for (const list of entry.lists) {
          const firstMs = firstOf(list, entry.timeMs, id);
          if (firstMs === undefined) continue;
          isHeld = true;
          replaceFrauds(list, transaction, entry.timeMs, spans, firstMs);
        }
        if (isHeld) applied++;
      }
      return { applied, unmatched: labels.length - applied };
    },
  };
}

/** What is older than the log's first record goes: no window asks for it. */
function replaceFrauds(
  list: FraudList<unknown>,
  transaction: string,
  timeMs: number,
  spans: readonly FraudSpan[],
  firstMs: number,
): void {
  const others = list.frauds.filter((fraud) => fraud.transaction !== transaction && fraud.timeMs >= firstMs);
  if (spans.length === 0 && others.length === list.frauds.length) return;
  const place = others.findLastIndex((fraud) => fraud.timeMs <= timeMs) + 1;
  list.frauds = others.toSpliced(place, 0, ...spans.map((span) => ({ ...span, timeMs, transaction })));
}

/** Another version stands in the log for this one. */
export function forgetReplaced(list: FraudList<unknown>, id: number): void {
  list.frauds = list.frauds.filter((fraud) => hash53(fraud.transaction) !== id);
}

/** Transactions in (fromMs, toMs] that count as fraud at `nowMs`. */
export function countFrauds(list: FraudList<unknown> | undefined, fromMs: number, toMs: number, nowMs: number): number {
  if (list === undefined) return 0;
  const { frauds } = list;
  let count = 0;
  for (let index = frauds.length - 1; index >= 0; index--) {
    const fraud = frauds[index] as Fraud;
    if (fraud.timeMs <= fromMs) break;
    if (fraud.timeMs <= toMs && fraud.fromMs <= nowMs && nowMs < fraud.toMs) count++;
  }
  return count;
}
