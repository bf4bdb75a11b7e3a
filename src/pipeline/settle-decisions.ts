/**
 * Keeps the first decision of each transaction. What was reserved of the limits for a transaction that ends in BLOCK is
 * given back before: a crash in between leads to the same decision again, and the release is harmless twice.
 */
import type { Decision } from '../domain/decision.ts';
import type { LimitRecord } from '../domain/limit.ts';
import type { Settlement } from '../domain/ports.ts';
import type { ParsedTransaction, Rejection } from '../domain/transaction.ts';
import { buildFallback, provisionalSlotId } from './build-decision.ts';
import type { DecisionTexts } from './decision-texts.ts';
import type { Generation } from './generation.ts';
import type { ChunkStores } from './record-chunk.ts';
import type { ScoredInput } from './score-transactions.ts';

/** A decision that waits for its slot, and how its result is made from the decision that stands. */
export interface PendingSettlement {
  readonly index: number;
  /** null when nobody can be answered: a refused message without a readable identity */
  readonly settlement: Settlement | null;
  /** to be given back: the transaction is blocked */
  readonly released: LimitRecord | undefined;
  readonly toResult: (standing: { fingerprint: string; decision: string }) => ScoredInput;
}

/** `bytes`: the decision's text, or what stands for it */
export function pendingDecision(
  index: number,
  parsed: ParsedTransaction,
  decision: Decision,
  bytes: string,
  limitRecord: LimitRecord,
): PendingSettlement {
  const { transaction, fingerprint } = parsed;
  const { channel, transactionId, customerId } = transaction;
  return {
    index,
    settlement: { channel, transactionId, fingerprint, decision: bytes },
    released: decision.outcome === 'BLOCK' ? limitRecord : undefined,
    toResult(standing) {
      const { decision: standingBytes, fingerprint: standingPrint } = standing;
      const isConflict = standingPrint !== fingerprint;
      const common = {
        kind: 'decided',
        bytes: standingBytes,
        fingerprint: standingPrint,
        customerId,
        isConflict,
      } as const;
      return standingBytes === bytes ? { ...common, isRepeat: false, decision } : { ...common, isRepeat: true };
    },
  };
}

/**
 * A refused message occupies no id. Its fallback decision is kept in a slot of its own (identity and content), so that the
 * same refused bytes always get the same answer, and the mended message is decided as new.
 */
export function pendingFallback(
  index: number,
  rejection: Rejection,
  input: { readonly bytes: Uint8Array | null; readonly receivedAtMs: number },
  decidedAtMs: number,
  generation: Generation,
  texts: DecisionTexts,
): PendingSettlement {
  const decision = buildFallback({ rejection, ...input, decidedAtMs, generation });
  if (decision === null)
    return { index, settlement: null, released: undefined, toResult: () => ({ kind: 'rejected', rejection }) };
  const { transactionId, fingerprint } = provisionalSlotId(rejection, input.bytes);
  const { channel, customerId } = decision;
  return {
    index,
    settlement: { channel, transactionId, fingerprint, decision: texts.keep(decision, null) },
    released: undefined,
    toResult: (standing) => ({
      kind: 'rejected',
      rejection,
      fallback: { bytes: standing.decision, customerId, decision },
    }),
  };
}

export async function settleDecisions(
  pending: readonly PendingSettlement[],
  results: (ScoredInput | undefined)[],
  { store, limits, position }: ChunkStores,
): Promise<void> {
  const released = pending.flatMap((entry) => entry.released ?? []);
  if (released.length > 0) await limits.release(released);
  const settlements = pending.flatMap((entry) => entry.settlement ?? []);
  // a chunk of nothing but repeats has nothing to settle, and says how far the partition is counted all the same
  const isNothing = settlements.length === 0 && position === undefined;
  const standing = isNothing ? [] : await store.settle(settlements, position);
  let next = 0;
  for (const { index, settlement, toResult } of pending) {
    const own = settlement ?? { fingerprint: '', decision: '' };
    results[index] = toResult(settlement === null ? own : (standing[next++] ?? own));
  }
}
