/** A rule as config/rules/*.yaml describes it, and where it applies. */
import type { BilingualText, Outcome, Severity } from '../domain/decision.ts';
import type { Channel, Transaction } from '../domain/transaction.ts';
import type { CompiledExpression } from './expression/expression.ts';
import type { ExpressionPlace } from './expression/place.ts';
import { isRolledOut, type Rollout } from './rollout.ts';

export const RULE_MODES = ['live', 'shadow', 'off'] as const;
export type RuleLifecycle = (typeof RULE_MODES)[number];
export const SEVERITIES = ['low', 'medium', 'high', 'critical'] as const satisfies readonly Severity[];

/** Empty = everywhere. A transaction that does not name its branch, product or segment is outside a scope that does. */
export interface RuleScope {
  readonly channels: ReadonlySet<Channel>;
  readonly branches: ReadonlySet<string>;
  readonly products: ReadonlySet<string>;
  readonly segments: ReadonlySet<string>;
}

export interface Rule {
  readonly id: string;
  readonly ruleset: string;
  readonly rulesetVersion: string;
  readonly file: string;
  readonly title: BilingualText;
  readonly description?: string;
  readonly reason: string;
  readonly typology: string;
  readonly owner: string;
  readonly when: string;
  readonly scope: RuleScope;
  readonly outcome: Outcome;
  readonly score: number;
  readonly severity: Severity;
  readonly mode: RuleLifecycle;
  readonly rollout: Rollout;
  /** in force from ≤ occurredAt < to */
  readonly activeFromMs: number;
  readonly activeToMs: number;
  /** a second person, not the owner, who let a condition pass that is always true */
  readonly alwaysTrueApprovedBy?: string;
  readonly expression: CompiledExpression;
  /** where its condition stands */
  readonly place: ExpressionPlace;
}

/** Nothing but the channel bounds it: most rules, which are then spared the questions of `appliesTo`. */
export const appliesEverywhere = ({ scope, rollout, activeFromMs, activeToMs }: Rule): boolean =>
  scope.branches.size + scope.products.size + scope.segments.size === 0 &&
  rollout.percent >= 100 &&
  activeFromMs === Number.NEGATIVE_INFINITY &&
  activeToMs === Number.POSITIVE_INFINITY;

const admits = (allowed: ReadonlySet<string>, value: string | undefined): boolean =>
  allowed.size === 0 || (value !== undefined && allowed.has(value));

/** Everything but the channel, which the ruleset's index has already looked at. */
export function appliesTo(rule: Rule, transaction: Transaction): boolean {
  const { scope } = rule;
  return (
    transaction.occurredAtMs >= rule.activeFromMs &&
    transaction.occurredAtMs < rule.activeToMs &&
    admits(scope.branches, transaction.branchId) &&
    admits(scope.products, transaction.productCode) &&
    admits(scope.segments, transaction.customerSegment) &&
    isRolledOut(rule.id, rule.rollout, transaction)
  );
}
