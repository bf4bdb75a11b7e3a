/** What labels say of a transaction in the end: one definition for backtests and for the report of rules in shadow. Pure. */
import type { Label } from '../domain/label.ts';
import { transactionKey } from '../domain/transaction.ts';

export interface Truth {
  readonly isFraud: boolean;
  readonly scenario?: string | undefined;
}

/** The last label of a transaction is the truth about it, whenever it became known; the later line between equals. */
export function truthOf(labels: readonly Label[]): ReadonlyMap<string, Truth> {
  const truth = new Map<string, Truth & { readonly atMs: number }>();
  for (const { channel, transactionId, label, labelledAtMs, scenario } of labels) {
    const key = transactionKey(channel, transactionId);
    const atMs = labelledAtMs ?? Number.NEGATIVE_INFINITY;
    const known = truth.get(key);
    if (known === undefined || atMs >= known.atMs) truth.set(key, { isFraud: label === 'FRAUD', scenario, atMs });
  }
  return truth;
}
