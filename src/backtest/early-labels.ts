/**
 * Labels in as few portions as possible. A store counts a label only from its labelledAt on, so it may be told earlier; and
 * of a transaction at t, features see the label from t + delay on, where delay is the shortest of their delays. So all
 * labels whose transaction has arrived are given together, when the first of them can be seen: with the shipped delays of
 * seven days that is once in days of history, where label-feed.ts would end the chunk at every label.
 */
import type { FeatureCatalogue } from '../domain/feature.ts';
import type { Label } from '../domain/label.ts';
import { type Transaction, transactionKey } from '../domain/transaction.ts';
import type { LabelFeed } from './label-feed.ts';

/** Infinity when no feature reads labels. */
export function labelDelayMs(catalogues: readonly Pick<FeatureCatalogue, 'features'>[]): number {
  const delays = catalogues.flatMap(({ features }) =>
    features.filter(({ aggregate }) => aggregate === 'labelRate').map(({ delayMs }) => delayMs),
  );
  return Math.min(Number.POSITIVE_INFINITY, ...delays);
}

export function createEarlyLabelFeed(labels: readonly Label[], delayMs: number): LabelFeed {
  const unclaimed = groupByTransaction(labels);
  let waiting: Label[] = [];
  let seenFromMs = Number.POSITIVE_INFINITY;
  return {
    dueBefore(occurredAtMs) {
      if (occurredAtMs < seenFromMs) return [];
      const due = waiting;
      waiting = [];
      seenFromMs = Number.POSITIVE_INFINITY;
      return due;
    },
    arrived({ channel, transactionId, occurredAtMs }: Transaction) {
      const key = transactionKey(channel, transactionId);
      const own = unclaimed.get(key);
      if (own === undefined) return [];
      unclaimed.delete(key);
      for (const label of own) {
        waiting.push(label);
        seenFromMs = Math.min(seenFromMs, Math.max(occurredAtMs + delayMs, label.labelledAtMs ?? occurredAtMs));
      }
      return [];
    },
    get unclaimed() {
      let count = 0;
      for (const list of unclaimed.values()) count += list.length;
      return count;
    },
  };
}

/** In the order of the file: between labels of one time the later one holds. */
export function groupByTransaction(labels: readonly Label[]): Map<string, Label[]> {
  const groups = new Map<string, Label[]>();
  for (const label of labels) {
    const key = transactionKey(label.channel, label.transactionId);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [label]);
    else group.push(label);
  }
  return groups;
}
