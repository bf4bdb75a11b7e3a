/**
 * Holds a transaction against every limit that applies. Pure: the usage was read before. Exactly the maximum is allowed, one
 * minor unit above it is not; a maximum of 0 allows nothing. The hits are the limits that are exceeded (the strictest outcome
 * first), those that could not be read, the reminders that are due, and always the binding one: the limit that leaves the
 * least, so that a decision shows its head-room.
 *
 * A counter that could not be read counts as nothing used, which can only find what the transaction exceeds by itself; the
 * hit is marked `unread`, so that the decision is marked as degraded and lifted by its policy, never passed silently.
 */
import { type LimitHit, outcomeRank } from '../../domain/decision.ts';
import type { LimitUsage } from '../../domain/facts.ts';
import type { Transaction } from '../../domain/transaction.ts';
import { counterOf, ownerId } from './limit-counters.ts';
import { limitValue } from './limit-parameters.ts';
import type { LimitDefinition, LimitSet } from './limit-set.ts';
import { isInScope, type LimitSubject, limitSubject } from './limit-subject.ts';

export interface LimitAssessment {
  readonly hits: readonly LimitHit[];
  /** per id of each limit that applies and could be read: what is left before this transaction */
  readonly headroom: ReadonlyMap<string, number>;
}

const NOTHING: LimitAssessment = { hits: [], headroom: new Map() };

export function evaluateLimits(set: LimitSet, transaction: Transaction, usage: LimitUsage): readonly LimitHit[] {
  return assessLimits(set, transaction, usage).hits;
}

export function assessLimits(set: LimitSet, transaction: Transaction, usage: LimitUsage): LimitAssessment {
  const candidates = set.candidates(transaction.channel, transaction.type);
  if (candidates.length === 0) return NOTHING;
  const subject = limitSubject(set, transaction);
  const applying = candidates.filter((limit) => isInScope(set, limit.scope, subject) && hasOwner(limit, transaction));
  const hits = applying.map((limit) => holdAgainst(set, limit, subject, usage));
  const headroom = new Map(hits.filter((hit) => hit.unread !== true).map((hit) => [hit.limitId, hit.headroom]));
  return { hits: selectHits(hits), headroom };
}

/** A limit per card says nothing about a transfer without a card. */
const hasOwner = (limit: LimitDefinition, transaction: Transaction): boolean =>
  limit.period === 'transaction' || ownerId(transaction, limit.per) !== undefined;

function holdAgainst(set: LimitSet, limit: LimitDefinition, subject: LimitSubject, usage: LimitUsage): LimitHit {
  const max = limitValue(limit, subject.parties, subject.transaction.occurredAtMs);
  const counter = counterOf(set, limit, subject);
  const used = counter === undefined ? undefined : usage.get(counter.key);
  const isAmount = limit.measure === 'amount';
  const requested = isAmount ? (subject.amountMinor ?? 0) : 1;
  const usedBefore = (isAmount ? used?.amountMinor : used?.count) ?? 0;
  const isUnread =
    (limit.period !== 'transaction' && used === undefined) || (isAmount && subject.amountMinor === undefined);
  return {
    limitId: limit.id,
    period: limit.period,
    measure: limit.measure,
    usedBefore,
    requested,
    max,
    headroom: Math.max(0, max - usedBefore),
    // as a difference: the sum of two amounts can pass 2^53
    exceeded: requested > max - usedBefore,
    outcome: limit.outcome,
    reason: limit.reason,
    ...(limit.byLaw ? { byLaw: true } : {}),
    ...(limit.kind === 'reminder' ? { reminder: true } : {}),
    ...(isUnread ? { unread: true } : {}),
    ...(limit.holdMs === null ? {} : { holdMs: limit.holdMs }),
  };
}

function selectHits(hits: readonly LimitHit[]): readonly LimitHit[] {
  const binding = bindingOf(hits.filter((hit) => hit.reminder !== true));
  return hits
    .filter((hit) => hit === binding || hit.exceeded || hit.unread === true)
    .map((hit): LimitHit => (hit === binding ? { ...hit, binding: true } : hit))
    .toSorted(byStrictness);
}

/** Exceeded before not exceeded, then the stricter outcome, then the smaller head-room. */
function byStrictness(a: LimitHit, b: LimitHit): number {
  return (
    Number(b.exceeded) - Number(a.exceeded) ||
    (a.exceeded ? outcomeRank(b.outcome) - outcomeRank(a.outcome) : 0) ||
    a.headroom - a.requested - (b.headroom - b.requested)
  );
}

/** Amounts bind before counts, which cannot be compared with them, unless only a count is exceeded. */
function bindingOf(hits: readonly LimitHit[]): LimitHit | undefined {
  const sorted = hits.toSorted(byStrictness);
  const [first] = sorted;
  if (first?.exceeded) return first;
  return sorted.find((hit) => hit.measure === 'amount') ?? first;
}
