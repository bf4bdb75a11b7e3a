/**
 * What a transaction reads of the usage counters and feeds into them. Limits that count the same things share a counter, so
 * an amount limit and a count limit of one scope cost one. Money that comes back (REVERSAL, REFUND) and a corrected version
 * (any other transaction that names an original) give head-room back to the counters that the original has fed.
 */
import { correctionOf } from '../../domain/correction.ts';
import type { LimitCounter, LimitGiveBack, LimitOwner, LimitOwnerKind, LimitRecord } from '../../domain/limit.ts';
import type { Transaction } from '../../domain/transaction.ts';
import type { LimitDefinition, LimitSet } from './limit-set.ts';
import { isInScope, type LimitSubject, limitSubject } from './limit-subject.ts';

export function ownerId(transaction: Transaction, kind: LimitOwnerKind): string | undefined {
  if (kind === 'customer') return transaction.customerId;
  return kind === 'account' ? transaction.accountId : transaction.cardToken;
}

/** undefined for a limit per transaction, and for an owner that the transaction does not name. */
export function counterKeyOf(set: LimitSet, limit: LimitDefinition, transaction: Transaction): string | undefined {
  const id = ownerId(transaction, limit.per);
  if (limit.period === 'transaction' || id === undefined) return undefined;
  const { startMs } = set.calendar.bounds(limit.period, transaction.occurredAtMs);
  return `${limit.counterId}/${limit.period}/${startMs}/${limit.per}/${id}`;
}

/** Each counter once. */
export function limitCounters(set: LimitSet, transaction: Transaction): readonly LimitCounter[] {
  return countersOf(set, limitSubject(set, transaction));
}

function countersOf(set: LimitSet, subject: LimitSubject): readonly LimitCounter[] {
  const { transaction } = subject;
  const counters: LimitCounter[] = [];
  const seen = new Set<number>();
  for (const limit of set.candidates(transaction.channel, transaction.type)) {
    const { per, period, counterId, slot } = limit;
    const id = ownerId(transaction, per);
    if (period === 'transaction' || id === undefined || seen.has(slot)) continue;
    if (!isInScope(set, limit.countScope, subject)) continue;
    seen.add(slot);
    const { startMs, endMs } = set.calendar.bounds(period, transaction.occurredAtMs);
    counters.push({
      key: `${counterId}/${period}/${startMs}/${per}/${id}`,
      owner: { kind: per, id },
      counterId,
      period,
      periodStartMs: startMs,
      periodEndMs: endMs,
      amountMinor: subject.amountMinor ?? 0,
      count: 1,
    });
  }
  return counters;
}

/** What the usage store is told of a transaction; undefined when it has nothing to do with any counter. */
export function limitRecord(set: LimitSet, transaction: Transaction): LimitRecord | undefined {
  const subject = limitSubject(set, transaction);
  const counters = countersOf(set, subject);
  const givesBack = giveBackOf(set, subject);
  if (counters.length === 0 && givesBack === undefined) return undefined;
  const { stan, rrn } = transaction.attributes;
  const hasReferences = typeof stan === 'string' && typeof rrn === 'string';
  return {
    channel: transaction.channel,
    transactionId: transaction.transactionId,
    occurredAtMs: transaction.occurredAtMs,
    owners: ownersOf(set, transaction, counters, givesBack !== undefined),
    counters,
    ...(givesBack === undefined ? {} : { givesBack }),
    ...(hasReferences ? { references: { stan, rrn } } : {}),
  };
}

function ownersOf(
  set: LimitSet,
  transaction: Transaction,
  counters: readonly LimitCounter[],
  givesBack: boolean,
): readonly LimitOwner[] {
  return set.owners.flatMap((kind) => {
    const id = ownerId(transaction, kind);
    const isTouched = givesBack || counters.some((counter) => counter.owner.kind === kind);
    return id === undefined || !isTouched ? [] : [{ kind, id }];
  });
}

function giveBackOf(set: LimitSet, { transaction, amountMinor }: LimitSubject): LimitGiveBack | undefined {
  const correction = correctionOf(transaction);
  if (correction === undefined || set.owners.length === 0) return undefined;
  const { kind, original } = correction;
  const { transactionId, stan, rrn } = original;
  return {
    kind,
    amountMinor: amountMinor ?? 0,
    channel: original.channel ?? transaction.channel,
    ...(transactionId === undefined ? {} : { transactionId }),
    ...(stan === undefined ? {} : { stan }),
    ...(rrn === undefined ? {} : { rrn }),
  };
}
