/**
 * Everything of the configuration that a decision depends on, as one immutable object. A chunk is scored with the
 * generation that was active when it began: a decision never mixes two.
 */
import type { ChannelCatalogue } from '../domain/channel-catalogue.ts';
import type { Decision, DecisionVersions, Level, LimitHit, Outcome, Reason, RuleHit } from '../domain/decision.ts';
import type { LimitUsage } from '../domain/facts.ts';
import type { FeatureReading } from '../domain/feature.ts';
import type { LimitRecord } from '../domain/limit.ts';
import type { Transaction } from '../domain/transaction.ts';
import type { RuleExplanation } from '../rules/explain-rules.ts';
import type { VerdictExplanation } from '../rules/explain-verdict.ts';

/** What rules, limits and lists say of one transaction, before the model and the policy. */
export interface Evaluation {
  readonly hits: readonly RuleHit[];
  readonly limitHits: readonly LimitHit[];
  /** which list entries take part, in the form that `decide` of the same generation reads */
  readonly listEffects: unknown;
}

export interface DecideInput {
  readonly transaction: Transaction;
  readonly evaluation: Evaluation;
  /** null at level L1 and beyond, or without a model */
  readonly modelScore: number | null;
  readonly level: Level;
}

export interface Verdict {
  readonly outcome: Outcome;
  readonly riskScore: number;
  readonly alert: boolean;
  readonly reasons: readonly Reason[];
  readonly reminders: readonly Reason[];
  readonly challenge?: { readonly methods: readonly string[] };
  readonly hold?: { readonly untilMs: number };
}

/** One rule, step by step: did it apply, what did it see, what came of each of its conditions. */
export interface ExplainedRule extends RuleExplanation {
  /** as in a hit */
  readonly estimated?: readonly string[];
  readonly warmingUp?: readonly string[];
}

export interface Generation {
  readonly channels: ChannelCatalogue;
  /** in catalogue order, as readings hold the values */
  readonly featureNames: readonly string[];
  readonly versions: DecisionVersions;
  /** what the limits read and feed for this transaction */
  limitRecord(transaction: Transaction): LimitRecord;
  /** pure; `reading` null = level L3, `usage` null = the limits' counters could not be read */
  evaluate(transaction: Transaction, reading: FeatureReading | null, usage: LimitUsage | null): Evaluation;
  decide(input: DecideInput): Verdict;
  /** every rule of the set, also those that did not hit or did not apply */
  explainRules(
    transaction: Transaction,
    reading: FeatureReading | null,
    usage: LimitUsage | null,
  ): readonly ExplainedRule[];
  /** what gave points, what asked for which outcome, and which entries of lists took part */
  explainVerdict(transaction: Transaction, decision: Decision): VerdictExplanation;
  /** the reasons that are given when nothing could be evaluated */
  reason(code: 'INPUT_REFUSED' | 'STATIC_LIMIT'): Reason;
}
