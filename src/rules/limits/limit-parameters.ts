/**
 * Which value of a limit is in force for a transaction: the base value, unless an override names its channel, institution
 * (branch), product or customer. The most specific one wins: 客户 over 产品 over 机构 over 渠道, so
 *
 *   weight = 8 · customer + 4 · product + 2 · branch + 1 · channel
 *
 * and a customer's own value beats any combination of the others. Two overrides of one weight cannot both match, since an
 * override for the same parties is refused when the limits are loaded. An override counts while it has not expired.
 */
import type { Transaction } from '../../domain/transaction.ts';
import type { LimitDefinition, LimitOverride } from './limit-set.ts';

/** The parties of a transaction that a value can be set for. */
export interface LimitParties {
  readonly channel: string;
  readonly branch?: string;
  readonly product?: string;
  readonly customer: string;
}

export interface LimitCandidate {
  /** "bank" for the base value, else the parties that it is set for: "channel+product" */
  readonly level: string;
  readonly max: number;
  readonly override: LimitOverride | null;
  readonly verdict: 'chosen' | 'less specific' | 'other parties' | 'expired';
}

export interface LimitExplanation {
  readonly limitId: string;
  readonly max: number;
  readonly level: string;
  /** every value of the limit, the most specific first */
  readonly candidates: readonly LimitCandidate[];
}

const PARTIES = [
  ['customer', 8],
  ['product', 4],
  ['branch', 2],
  ['channel', 1],
] as const;

export const partiesOf = (transaction: Transaction): LimitParties => ({
  channel: transaction.channel,
  customer: transaction.customerId,
  ...(transaction.branchId === undefined ? {} : { branch: transaction.branchId }),
  ...(transaction.productCode === undefined ? {} : { product: transaction.productCode }),
});

const weightOf = (override: LimitOverride): number =>
  PARTIES.reduce((sum, [party, weight]) => (override[party] === undefined ? sum : sum + weight), 0);

const keyOf = (weight: number, parties: Partial<LimitParties>): string =>
  JSON.stringify(PARTIES.map(([party, bit]) => ((weight & bit) === 0 ? null : (parties[party] ?? null))));

interface OverrideIndex {
  /** weights that occur, the most specific first: at most fifteen look-ups, whatever the number of overrides */
  readonly weights: readonly number[];
  readonly byKey: ReadonlyMap<string, LimitOverride>;
}

const indexes = new WeakMap<LimitDefinition, OverrideIndex>();

function indexOf(limit: LimitDefinition): OverrideIndex {
  const known = indexes.get(limit);
  if (known !== undefined) return known;
  const weights = [...new Set(limit.overrides.map(weightOf))].sort((a, b) => b - a);
  const byKey = new Map(limit.overrides.map((override) => [keyOf(weightOf(override), override), override]));
  const index = { weights, byKey };
  indexes.set(limit, index);
  return index;
}

const isInForce = (override: LimitOverride, atMs: number): boolean =>
  override.expiresMs === null || atMs < override.expiresMs;

export function limitValue(limit: LimitDefinition, parties: LimitParties, atMs: number): number {
  return winner(limit, parties, atMs)?.max ?? limit.max;
}

function winner(limit: LimitDefinition, parties: LimitParties, atMs: number): LimitOverride | undefined {
  if (limit.overrides.length === 0) return undefined;
  const { weights, byKey } = indexOf(limit);
  for (const weight of weights) {
    const override = byKey.get(keyOf(weight, parties));
    if (override !== undefined && isInForce(override, atMs)) return override;
  }
  return undefined;
}

/** Why this value: every value that the limit has, with what became of it. */
export function explainLimit(limit: LimitDefinition, parties: LimitParties, atMs: number): LimitExplanation {
  const chosen = winner(limit, parties, atMs);
  const overrides = limit.overrides
    .toSorted((a, b) => weightOf(b) - weightOf(a))
    .map((override): LimitCandidate => {
      const weight = weightOf(override);
      const isMatch = keyOf(weight, override) === keyOf(weight, parties);
      const unchosen = !isMatch ? 'other parties' : isInForce(override, atMs) ? 'less specific' : 'expired';
      return {
        level: levelOf(override),
        max: override.max,
        override,
        verdict: override === chosen ? 'chosen' : unchosen,
      };
    });
  const base: LimitCandidate = {
    level: 'bank',
    max: limit.max,
    override: null,
    verdict: chosen === undefined ? 'chosen' : 'less specific',
  };
  return {
    limitId: limit.id,
    max: chosen?.max ?? limit.max,
    level: chosen === undefined ? 'bank' : levelOf(chosen),
    candidates: [...overrides, base],
  };
}

const levelOf = (override: LimitOverride): string =>
  PARTIES.filter(([party]) => override[party] !== undefined)
    .map(([party]) => (party === 'branch' ? 'institution' : party))
    .join('+');
