/**
 * The decisions that this process has settled lately, for the repeats that come during an outage of the feature store: a
 * chunk that is delivered again after a rebalance must get the decisions that were published for it.
 */
import type { EarlierDecision } from '../domain/feature.ts';
import type { Settlement } from '../domain/ports.ts';
import { transactionKey } from '../domain/transaction.ts';

export interface RecentDecisions {
  keep(chunk: readonly Settlement[], standing: readonly EarlierDecision[]): void;
  find(channel: string, transactionId: string): EarlierDecision | undefined;
}

/** what can be uncommitted in one process, several times over; about 15 MB */
const MAX_RECENT = 5_000;

export function createRecentDecisions(maxRecent = MAX_RECENT): RecentDecisions {
  const recent = new Map<string, EarlierDecision>();
  return {
    keep(chunk, standing) {
      if (maxRecent === 0) return;
      for (const [index, { channel, transactionId }] of chunk.entries()) {
        const decision = standing[index];
        if (decision !== undefined) recent.set(transactionKey(channel, transactionId), decision);
      }
      for (const key of recent.keys()) {
        if (recent.size <= maxRecent) break;
        recent.delete(key);
      }
    },
    find: (channel, transactionId) => recent.get(transactionKey(channel, transactionId)),
  };
}
