/**
 * Gives labels to a run over history as a bank would have learned them: a label is due once its transaction has arrived
 * and the newest event time has reached its labelledAt. A label without labelledAt is due at once.
 */
import type { Label } from '../domain/label.ts';
import { type Transaction, transactionKey } from '../domain/transaction.ts';
import { groupByTransaction } from './early-labels.ts';

export interface LabelFeed {
  /** the labels that are due before a transaction of this time is evaluated */
  dueBefore(occurredAtMs: number): readonly Label[];
  /** to be called after a transaction was evaluated; the labels that are due at once */
  arrived(transaction: Transaction): readonly Label[];
  /** labels whose transaction never came */
  readonly unclaimed: number;
}

interface Waiting {
  readonly atMs: number;
  readonly order: number;
  readonly label: Label;
}

export function createLabelFeed(labels: readonly Label[]): LabelFeed {
  const byTransaction = groupByTransaction(labels);
  const waiting: Waiting[] = [];
  let newestMs = Number.NEGATIVE_INFINITY;
  let order = 0;
  return {
    dueBefore(occurredAtMs) {
      newestMs = Math.max(newestMs, occurredAtMs);
      const due: Label[] = [];
      for (let top = waiting[0]; top !== undefined && top.atMs <= newestMs; top = waiting[0]) {
        due.push(top.label);
        popHeap(waiting);
      }
      return due;
    },
    arrived({ channel, transactionId }) {
      const key = transactionKey(channel, transactionId);
      const own = byTransaction.get(key);
      if (own === undefined) return [];
      byTransaction.delete(key);
      const isDue = (label: Label): boolean => label.labelledAtMs === null || label.labelledAtMs <= newestMs;
      for (const label of own) {
        if (!isDue(label)) pushHeap(waiting, { atMs: label.labelledAtMs ?? 0, order: order++, label });
      }
      return own.filter(isDue);
    },
    get unclaimed() {
      let count = 0;
      for (const list of byTransaction.values()) count += list.length;
      return count;
    },
  };
}

const isBefore = (a: Waiting, b: Waiting): boolean => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);

function pushHeap(heap: Waiting[], item: Waiting): void {
  heap.push(item);
  let at = heap.length - 1;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    const above = heap[parent];
    if (above === undefined || !isBefore(item, above)) break;
    heap[at] = above;
    at = parent;
  }
  heap[at] = item;
}

function popHeap(heap: Waiting[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let at = 0;
  for (;;) {
    const left = 2 * at + 1;
    const right = left + 1;
    const [l, r] = [heap[left], heap[right]];
    if (l === undefined) break;
    const child = r !== undefined && isBefore(r, l) ? right : left;
    const smaller = child === right && r !== undefined ? r : l;
    if (!isBefore(smaller, last)) break;
    heap[at] = smaller;
    at = child;
  }
  heap[at] = last;
}
