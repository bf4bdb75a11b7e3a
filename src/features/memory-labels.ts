/**
 * Labels of the in-process store: which logs a transaction is in, and the frauds of each log by time. A log's frauds are
 * few, so a window counts them by looking at those inside.
 */
import type { Label } from '../domain/label.ts';
import { transactionKey } from '../domain/transaction.ts';
import { hash53 } from './hash.ts';
import { addLabel, type FraudSpan, fraudSpans, type LabelEntry } from './label-history.ts';

export interface Fraud extends FraudSpan {
  readonly timeMs: number;
  readonly transaction: string;
}

/** In order of time. */
export interface FraudList {
  frauds: readonly Fraud[];
  /** hashes of the transactions that another version has replaced in this log: their labels say nothing here */
  replaced?: Set<number>;
}

interface Labelled {
  readonly timeMs: number;
  readonly lists: readonly FraudList[];
  history: readonly LabelEntry[];
}

export interface MemoryLabels {
  /** the transaction was added to these logs */
  remember(transaction: string, timeMs: number, lists: readonly FraudList[]): void;
  apply(labels: readonly Label[]): { readonly applied: number; readonly unmatched: number };
}

export function createMemoryLabels(retentionMs: number): MemoryLabels {
  const known = new Map<string, Labelled>();
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
        const lists = entry.lists.filter((list) => list.replaced?.has(hash53(transaction)) !== true);
        if (lists.length > 0) applied++;
        entry.history = addLabel(entry.history, { atMs: label.labelledAtMs ?? entry.timeMs, value: label.label });
        const spans = fraudSpans(entry.history);
        for (const list of lists) replaceFrauds(list, transaction, entry.timeMs, spans);
      }
      return { applied, unmatched: labels.length - applied };
    },
  };
}

function replaceFrauds(list: FraudList, transaction: string, timeMs: number, spans: readonly FraudSpan[]): void {
  const others = list.frauds.filter((fraud) => fraud.transaction !== transaction);
  if (spans.length === 0 && others.length === list.frauds.length) return;
  const place = others.findLastIndex((fraud) => fraud.timeMs <= timeMs) + 1;
  list.frauds = others.toSpliced(place, 0, ...spans.map((span) => ({ ...span, timeMs, transaction })));
}

/** Another version stands in the log for this one. */
export function forgetReplaced(list: FraudList, id: number): void {
  list.replaced ??= new Set();
  list.replaced.add(id);
  list.frauds = list.frauds.filter((fraud) => hash53(fraud.transaction) !== id);
}

/** Transactions in (fromMs, toMs] that count as fraud at `nowMs`. */
export function countFrauds(list: FraudList | undefined, fromMs: number, toMs: number, nowMs: number): number {
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
