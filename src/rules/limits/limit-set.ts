/** The limits of one generation, as data: what is limited, for whom, over which period, and what happens beyond. */
import type { BilingualText, Outcome } from '../../domain/decision.ts';
import type { LimitCalendarPeriod, LimitOwnerKind } from '../../domain/limit.ts';
import type { Channel, TransactionType } from '../../domain/transaction.ts';
import type { Calendar } from './calendar.ts';
import type { LimitSettings } from './limit-settings.ts';

export const LIMIT_PERIODS = ['transaction', 'day', 'month', 'year'] as const;
export type LimitPeriod = 'transaction' | LimitCalendarPeriod;
export const LIMIT_MEASURES = ['amount', 'count'] as const;
export type LimitMeasure = (typeof LIMIT_MEASURES)[number];

/**
 * Whom the money goes to. `own_*` needs the channel's word (attributes.ownAccount) or the very same account; `unknown` is a
 * counterparty whose bank is not said; `none` is cash.
 */
export const COUNTERPARTY_KINDS = [
  'own_same_bank',
  'own_other_bank',
  'same_bank',
  'other_bank',
  'foreign',
  'merchant',
  'unknown',
  'none',
] as const;
export type CounterpartyKind = (typeof COUNTERPARTY_KINDS)[number];

/** null in a field = any value. `absent` stands for a transaction that does not say. */
export interface LimitScope {
  readonly types: ReadonlySet<TransactionType>;
  readonly channels: ReadonlySet<Channel> | null;
  readonly segments: ScopeValues | null;
  readonly products: ScopeValues | null;
  readonly authentication: ReadonlySet<string> | null;
  readonly counterparty: ReadonlySet<CounterpartyKind> | null;
  /** months since the opening of an account that has never been used (attributes accountOpenedOn, accountUsed) */
  readonly unusedMonths: number | null;
}

export interface ScopeValues {
  readonly values: ReadonlySet<string>;
  readonly absent: boolean;
}

/** A value for some only: every field that is there must match. See limit-parameters.ts for which one wins. */
export interface LimitOverride {
  readonly channel?: Channel;
  readonly branch?: string;
  readonly product?: string;
  readonly customer?: string;
  readonly max: number;
  /** in force before this time; null = for ever */
  readonly expiresMs: number | null;
  readonly reason: string | null;
  readonly person: string | null;
}

export interface LimitDefinition {
  readonly id: string;
  readonly title: BilingualText;
  /** a reminder never changes the outcome */
  readonly kind: 'limit' | 'reminder';
  readonly period: LimitPeriod;
  readonly measure: LimitMeasure;
  readonly per: LimitOwnerKind;
  /** what the limit is held against */
  readonly scope: LimitScope;
  /** what is counted: the scope, or a wider one (the day's total over all authentication, held against weak ones only) */
  readonly countScope: LimitScope;
  /** minor units of the limits' currency, or a number of transactions; 0 allows nothing */
  readonly max: number;
  readonly overrides: readonly LimitOverride[];
  readonly outcome: Outcome;
  readonly reason: string;
  readonly byLaw: boolean;
  readonly holdMs: number | null;
  /** of the usage counter: a hash of whose and what is counted, not of the value */
  readonly counterId: string;
  readonly file: string;
}

/** A limit in its set: limits with the same slot read the same counter. */
export interface LoadedLimit extends LimitDefinition {
  readonly slot: number;
}

export const CLAUSE_ID = { pattern: /^[A-Z0-9-]{1,40}$/, wanted: 'capital letters, digits and -' } as const;

/** A clause of a regulation and what answers it, for the coverage report. */
export interface LimitClause {
  readonly id: string;
  readonly source: string;
  readonly text: BilingualText;
  /** "limit:<id>" or "list:<name>" */
  readonly objects: readonly string[];
}

export interface LimitSet {
  readonly version: string;
  readonly settings: LimitSettings;
  readonly calendar: Calendar;
  readonly limits: readonly LoadedLimit[];
  readonly clauses: readonly LimitClause[];
  /** kinds of owners that any limit counts for */
  readonly owners: readonly LimitOwnerKind[];
  limit(id: string): LoadedLimit | undefined;
  /** the limits that count this channel and type: their scopes are still to be checked */
  candidates(channel: Channel, type: TransactionType): readonly LoadedLimit[];
}

export interface LimitSetParts {
  readonly version: string;
  readonly settings: LimitSettings;
  readonly calendar: Calendar;
  readonly limits: readonly LimitDefinition[];
  readonly clauses: readonly LimitClause[];
}

export function createLimitSet(parts: LimitSetParts): LimitSet {
  const slots = new Map<string, number>();
  const limits = parts.limits.map((limit): LoadedLimit => {
    const counter = `${limit.counterId}/${limit.period}`;
    const slot = slots.get(counter) ?? slots.size;
    slots.set(counter, slot);
    return { ...limit, slot };
  });
  const byId = new Map(limits.map((limit) => [limit.id, limit]));
  const byChannel = new Map<Channel, Map<TransactionType, readonly LoadedLimit[]>>();
  const select = (channel: Channel, type: TransactionType) =>
    limits.filter(({ countScope: { types, channels } }) => types.has(type) && (channels?.has(channel) ?? true));
  const owners = new Set(parts.limits.filter((limit) => limit.period !== 'transaction').map((limit) => limit.per));
  return {
    ...parts,
    limits,
    owners: [...owners],
    limit: (id) => byId.get(id),
    candidates(channel, type) {
      // filled as asked: channels are a closed list, so this stays small
      const types = byChannel.get(channel) ?? new Map<TransactionType, readonly LoadedLimit[]>();
      byChannel.set(channel, types);
      const found = types.get(type) ?? select(channel, type);
      types.set(type, found);
      return found;
    },
  };
}
