/**
 * The flat fact vector that compiled expressions read: one slot per term and loop variable of all expressions compiled
 * against one layout. One frame is reused for every transaction: evaluation is synchronous, allocates nothing, and each
 * evaluation writes what it reads.
 */
import type { Facts, ListSnapshot } from '../../domain/facts.ts';
import type { Profile } from '../../domain/feature.ts';
import type { Transaction } from '../../domain/transaction.ts';
import type { Term, Value } from './vocabulary.ts';

export interface Frame {
  readonly slots: Value[];
  lists: ListSnapshot;
  /** the transaction's own time: list entries are in force by it */
  atMs: number;
  /** why the last calculation failed */
  fault: string;
  /** what is left of the budget of this evaluation */
  steps: number;
}

/** `undefined` = absent, or failed with the reason in the frame. */
export type Run = (frame: Frame) => Value;

/** Iterations and scanned characters that one evaluation may use; the static estimate is held to the same figure. */
export const MAX_STEPS = 100_000;
export const BUDGET_SPENT = `the expression used more than ${MAX_STEPS} steps`;

export function fail(frame: Frame, reason: string): undefined {
  frame.fault = reason;
  return undefined;
}

/** Takes steps from the budget; false when it is used up. */
export function spend(frame: Frame, steps: number): boolean {
  frame.steps -= steps;
  return frame.steps >= 0;
}

const NO_LISTS: ListSnapshot = { version: 'none', names: [], contains: () => false };

export interface SlottedTerm extends Term {
  readonly slot: number;
}

export interface FactLayout {
  /** the slot of a term; the same term has one slot in all expressions of the layout */
  slotOf(term: Term): number;
  /** a slot of its own for a loop variable */
  scratch(): number;
  readonly terms: readonly SlottedTerm[];
  newFrame(): Frame;
}

export function createFactLayout(): FactLayout {
  const byName = new Map<string, SlottedTerm>();
  const terms: SlottedTerm[] = [];
  let next = 0;
  return {
    terms,
    slotOf(term) {
      const known = byName.get(term.name);
      if (known !== undefined) return known.slot;
      const slotted = { ...term, slot: next++ };
      byName.set(term.name, slotted);
      terms.push(slotted);
      return slotted.slot;
    },
    scratch: () => next++,
    newFrame: () => ({
      slots: new Array<Value>(next).fill(undefined),
      lists: NO_LISTS,
      atMs: 0,
      fault: '',
      steps: MAX_STEPS,
    }),
  };
}

/** How a set of terms gets into the frame: features and fields of the transaction, most of all terms, the short way. */
export interface LoadPlan {
  readonly features: readonly { readonly slot: number; readonly index: number }[];
  readonly fields: readonly { readonly slot: number; readonly read: (transaction: Transaction) => Value }[];
  readonly habits: readonly { readonly slot: number; readonly read: (profile: Profile) => number | boolean | null }[];
  readonly others: readonly SlottedTerm[];
}

export function planLoad(terms: readonly SlottedTerm[]): LoadPlan {
  const features: { slot: number; index: number }[] = [];
  const fields: { slot: number; read: (transaction: Transaction) => Value }[] = [];
  const habits: { slot: number; read: (profile: Profile) => number | boolean | null }[] = [];
  const others: SlottedTerm[] = [];
  for (const term of terms) {
    if (term.featureIndex !== undefined) features.push({ slot: term.slot, index: term.featureIndex });
    else if (term.readTransaction !== undefined) fields.push({ slot: term.slot, read: term.readTransaction });
    else if (term.readProfile !== undefined) habits.push({ slot: term.slot, read: term.readProfile });
    else others.push(term);
  }
  return { features, fields, habits, others };
}

/** Reads the terms of a transaction into the frame. */
export function loadFacts(frame: Frame, plan: LoadPlan, facts: Facts): void {
  const { slots } = frame;
  const { transaction, values, profile } = facts;
  frame.lists = facts.lists;
  frame.atMs = transaction.occurredAtMs;
  for (const { slot, index } of plan.features) {
    const value = values === null ? null : values[index];
    // NaN would make every comparison false, which reads as "no risk": it counts as absent, as in Term.read
    slots[slot] = value === null || value === undefined || Number.isNaN(value) ? undefined : value;
  }
  for (const { slot, read } of plan.fields) slots[slot] = read(transaction);
  for (const { slot, read } of plan.habits) slots[slot] = profile === null ? undefined : (read(profile) ?? undefined);
  for (const term of plan.others) slots[term.slot] = term.read(facts);
}
