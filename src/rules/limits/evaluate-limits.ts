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
import { counterKeyOf, ownerId } from './limit-counters.ts';
import { limitValue } from './limit-parameters.ts';
import type { LimitDefinition, LimitSet, LoadedLimit } from './limit-set.ts';
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
  const read = createUsageReader(set, transaction, usage);
  const headroom = new Map<string, number>();
  const measures: Measured[] = [];
  for (const limit of candidates) {
    if (!isInScope(set, limit.scope, subject) || !hasOwner(limit, transaction)) continue;
    const measured = measure(limit, subject, read);
    measures.push(measured);
    if (!measured.isUnread) headroom.set(limit.id, measured.headroom);
  }
  return { hits: selectHits(measures), headroom };
}

/** A limit per card says nothing about a transfer without a card. */
const hasOwner = (limit: LimitDefinition, transaction: Transaction): boolean =>
  limit.period === 'transaction' || ownerId(transaction, limit.per) !== undefined;

/** The hit is made only for the few that are told. */
interface Measured {
  readonly limit: LimitDefinition;
  readonly usedBefore: number;
  readonly requested: number;
  readonly max: number;
  readonly headroom: number;
  readonly exceeded: boolean;
  readonly isUnread: boolean;
}

type Used = { readonly amountMinor: number; readonly count: number } | undefined;

/** Limits of one slot share their counter: its key is made once. */
function createUsageReader(set: LimitSet, transaction: Transaction, usage: LimitUsage): (limit: LoadedLimit) => Used {
  const bySlot: (Used | null)[] = [];
  return (limit) => {
    const known = bySlot[limit.slot];
    if (known !== undefined) return known ?? undefined;
    const key = counterKeyOf(set, limit, transaction);
    const used = key === undefined ? undefined : usage.get(key);
    bySlot[limit.slot] = used ?? null;
    return used;
  };
}

function measure(limit: LoadedLimit, subject: LimitSubject, read: (limit: LoadedLimit) => Used): Measured {
  const max = limitValue(limit, subject.parties, subject.transaction.occurredAtMs);
  const isStateless = limit.period === 'transaction';
  const used = isStateless ? undefined : read(limit);
  const isAmount = limit.measure === 'amount';
  const requested = isAmount ? (subject.amountMinor ?? 0) : 1;
  const usedBefore = (isAmount ? used?.amountMinor : used?.count) ?? 0;
  return {
    limit,
    usedBefore,
    requested,
    max,
    headroom: Math.max(0, max - usedBefore),
    // as a difference: the sum of two amounts can pass 2^53
    exceeded: requested > max - usedBefore,
    isUnread: (!isStateless && used === undefined) || (isAmount && subject.amountMinor === undefined),
  };
}

function selectHits(measures: readonly Measured[]): readonly LimitHit[] {
  const binding = bindingOf(measures);
  const told = measures.filter((measured) => measured === binding || measured.exceeded || measured.isUnread);
  if (told.length > 1) told.sort(byStrictness);
  return told.map((measured) => toHit(measured, measured === binding));
}

/** Name by name, in the order of the bytes: of spreads the engine makes tables, and compiles anew whatever reads them. */
function toHit(
  { limit, isUnread, usedBefore, requested, max, headroom, exceeded }: Measured,
  isBinding: boolean,
): LimitHit {
  const hit: { -readonly [K in keyof LimitHit]: LimitHit[K] } = {
    limitId: limit.id,
    period: limit.period,
    measure: limit.measure,
    usedBefore,
    requested,
    max,
    headroom,
    exceeded,
    outcome: limit.outcome,
    reason: limit.reason,
  };
  if (isBinding) hit.binding = true;
  if (limit.byLaw) hit.byLaw = true;
  if (limit.kind === 'reminder') hit.reminder = true;
  if (isUnread) hit.unread = true;
  if (limit.holdMs !== null) hit.holdMs = limit.holdMs;
  return hit;
}

/** Exceeded before not exceeded, then the stricter outcome, then the smaller head-room. */
function byStrictness(a: Measured, b: Measured): number {
  return (
    Number(b.exceeded) - Number(a.exceeded) ||
    (a.exceeded ? outcomeRank(b.limit.outcome) - outcomeRank(a.limit.outcome) : 0) ||
    a.headroom - a.requested - (b.headroom - b.requested)
  );
}

/** Amounts bind before counts, which cannot be compared with them, unless only a count is exceeded. */
function bindingOf(measures: readonly Measured[]): Measured | undefined {
  let strictest: Measured | undefined;
  let amount: Measured | undefined;
  for (const measured of measures) {
    if (measured.limit.kind === 'reminder') continue;
    if (strictest === undefined || byStrictness(measured, strictest) < 0) strictest = measured;
    if (measured.limit.measure !== 'amount') continue;
    if (amount === undefined || byStrictness(measured, amount) < 0) amount = measured;
  }
  return strictest?.exceeded ? strictest : (amount ?? strictest);
}
