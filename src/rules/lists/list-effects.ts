/**
 * What the lists say about one transaction, and how that changes a decision. Entries count as of the transaction's own time,
 * so the same event gives the same answer whenever it is computed. Priority, from the strongest:
 *
 *   law (a list or a limit "byLaw"), deny, mule, force, limits > allow > rules and model;  watch > suppress > rules' alerts
 *
 * so an allow list never opens what a deny list or the law closes, and suppress never hides a BLOCK by law.
 */
import { type Outcome, worseOutcome } from '../../domain/decision.ts';
import { entityId } from '../../domain/entity-id.ts';
import type { EntityKind } from '../../domain/feature.ts';
import type { Transaction } from '../../domain/transaction.ts';
import type { ListDefinition, ListKind } from './list-definition.ts';
import type { ListEntry } from './list-entry.ts';
import type { ListGeneration } from './load-lists.ts';

export interface ListMatch {
  readonly list: string;
  readonly kind: ListKind;
  readonly entity: EntityKind;
  readonly entry: ListEntry;
  readonly outcome: Outcome | null;
  readonly reason: string | null;
  readonly byLaw: boolean;
}

export type ListEffects = Readonly<Record<ListKind, readonly ListMatch[]>>;

export const NO_LIST_EFFECTS: ListEffects = { allow: [], deny: [], watch: [], mule: [], force: [], suppress: [] };

export function listEffects(lists: ListGeneration, transaction: Transaction): ListEffects {
  let effects: Record<ListKind, ListMatch[]> | undefined;
  for (const definition of lists.definitions) {
    const match = matchList(lists, definition, transaction);
    if (match === undefined) continue;
    effects ??= { allow: [], deny: [], watch: [], mule: [], force: [], suppress: [] };
    effects[definition.kind].push(match);
  }
  return effects ?? NO_LIST_EFFECTS;
}

function matchList(lists: ListGeneration, definition: ListDefinition, transaction: Transaction): ListMatch | undefined {
  for (const entity of definition.entities) {
    const id = entityId(transaction, entity);
    const entry = id === undefined ? undefined : lists.find(definition.name, entity, id, transaction.occurredAtMs);
    if (entry !== undefined) {
      const { name, kind, outcome, reason, byLaw } = definition;
      return { list: name, kind, entity, entry, outcome, reason, byLaw };
    }
  }
  return undefined;
}

export interface OutcomeDraft {
  /** what rules and model ask for */
  readonly outcome: Outcome;
  /** what the bank's limits ask for; no list takes it back */
  readonly limitOutcome: Outcome;
  /** what the limits "byLaw" ask for */
  readonly lawOutcome: Outcome;
  readonly alert: boolean;
}

export interface ListedOutcome {
  readonly outcome: Outcome;
  readonly alert: boolean;
  /** the part of the outcome that the law asks for, lists included */
  readonly lawOutcome: Outcome;
  /** reason codes of the lists that asked for an outcome or an alert, without repeats */
  readonly reasons: readonly string[];
}

export function applyListEffects(effects: ListEffects, draft: OutcomeDraft): ListedOutcome {
  const raising = [...effects.deny, ...effects.mule, ...effects.force];
  const lawOutcome = worstOf(
    raising.filter((match) => match.byLaw),
    draft.lawOutcome,
  );
  const isAllowed = effects.allow.length > 0;
  const limited = worseOutcome(draft.limitOutcome, lawOutcome);
  const outcome = worstOf(raising, isAllowed ? limited : worseOutcome(draft.outcome, limited));
  const alerting = [...effects.deny, ...effects.mule, ...effects.watch];
  const isQuiet = effects.suppress.length > 0 || (isAllowed && outcome === 'ALLOW');
  const mustShow = alerting.length > 0 || lawOutcome === 'BLOCK';
  return {
    outcome,
    lawOutcome,
    alert: mustShow || (draft.alert && !isQuiet),
    reasons: [
      ...new Set([...raising, ...effects.watch].map((match) => match.reason).filter((reason) => reason !== null)),
    ],
  };
}

const worstOf = (matches: readonly ListMatch[], atLeast: Outcome): Outcome =>
  matches.reduce<Outcome>(
    (worst, match) => (match.outcome === null ? worst : worseOutcome(worst, match.outcome)),
    atLeast,
  );
