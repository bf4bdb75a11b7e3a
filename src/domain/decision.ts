/** The decision, version 1: what a channel is answered. Field names and units are fixed by contract. */
import type { FeatureVector, Profile } from './feature.ts';
import type { Channel } from './transaction.ts';

/** In order of severity: a higher one wins over a lower one. */
export const OUTCOMES = ['ALLOW', 'CHALLENGE', 'HOLD', 'BLOCK'] as const;
export type Outcome = (typeof OUTCOMES)[number];

export const outcomeRank = (outcome: Outcome): number => OUTCOMES.indexOf(outcome);
export const worseOutcome = (a: Outcome, b: Outcome): Outcome => (outcomeRank(a) >= outcomeRank(b) ? a : b);

/** L0 everything, L1 no model, L2 no feature store, L3 the channel's own static limits. */
export const LEVELS = ['L0', 'L1', 'L2', 'L3'] as const;
export type Level = (typeof LEVELS)[number];

export type Degradation = 'model' | 'counters' | 'feature-store' | 'rules' | 'input';

export interface BilingualText {
  readonly en: string;
  readonly 'zh-CN': string;
}

export interface Reason {
  readonly code: string;
  readonly text: BilingualText;
}

export type RuleMode = 'live' | 'shadow';
export type Severity = 'low' | 'medium' | 'high' | 'critical';

export interface RuleHit {
  readonly ruleId: string;
  readonly status: 'hit' | 'errored';
  readonly score: number;
  readonly mode: RuleMode;
  readonly outcome: Outcome;
  readonly reason: string;
  readonly severity: Severity;
  readonly title?: BilingualText;
  readonly typology?: string;
  /** the values that the condition read, by path ("features.x", "tx.amountMinor"); null = absent */
  readonly values: Readonly<Record<string, string | number | boolean | null>>;
  /** for an errored hit: what could not be evaluated */
  readonly error?: string;
  /** features that its condition read and that are estimates, or whose windows are not full yet */
  readonly estimated?: readonly string[];
  readonly warmingUp?: readonly string[];
}

export interface LimitHit {
  readonly limitId: string;
  readonly period: 'transaction' | 'day' | 'month' | 'year';
  readonly measure: 'amount' | 'count';
  readonly usedBefore: number;
  readonly requested: number;
  readonly max: number;
  /** what is left before this transaction, never below 0 */
  readonly headroom: number;
  readonly exceeded: boolean;
  readonly outcome: Outcome;
  readonly reason: string;
  /** of all limits that apply, the one that leaves the least */
  readonly binding?: true;
  /** asked for by law: no list and no rule takes it back */
  readonly byLaw?: true;
  /** a threshold that only reminds: the outcome is ALLOW, the reason goes to `reminders` */
  readonly reminder?: true;
  /** the usage counter (or a rate of exchange) could not be read: only what is sure is said, decide marks `counters` */
  readonly unread?: true;
  /** for HOLD: how long settlement waits */
  readonly holdMs?: number;
}

export interface ModelContribution {
  readonly feature: string;
  readonly value: number;
}

export interface DecisionModel {
  readonly version: string;
  /** calibrated probability of fraud, 0…1 */
  readonly score: number;
  readonly contributions: readonly ModelContribution[];
}

export interface DecisionVersions {
  readonly ruleset: string;
  readonly features: string;
  readonly limits: string;
  readonly lists: string;
  readonly policy: string;
}

/**
 * What is needed to compute the decision again (explain, redecide), and what the alert queue shows.
 * `transaction` is in the wire format of the input; values are in the catalogue order of versions.features.
 */
export interface DecisionEvidence {
  readonly transaction: Readonly<Record<string, unknown>>;
  /** by name; a feature that is not here was null */
  readonly features: Readonly<Record<string, number | null>>;
  readonly profile: Profile | null;
  /** features that are estimates, or whose windows are not full yet; absent = none */
  readonly estimated?: readonly string[];
  readonly warmingUp?: readonly string[];
  /** what the limits' counters held before this transaction; null = could not be read */
  readonly limitUsage?: Readonly<Record<string, { readonly amountMinor: number; readonly count: number }>> | null;
}

export type DecisionFlag =
  | 'UNKNOWN_FIELDS'
  | 'FUTURE_TIME'
  | 'LATE'
  | 'TOO_LATE'
  /** counted by an earlier delivery that ended before it was decided: read again, from what was counted then */
  | 'READ_AGAIN'
  | 'ESTIMATED'
  | 'WARMING_UP'
  /**
   * a reversal, refund or correction whose original neither the limits nor, where they do not look, the features' logs know:
   * it gave nothing back
   */
  | 'ORIGINAL_NOT_FOUND'
  /** what was kept of one of its entities could not be read and was moved aside: the counters of that entity are low */
  | 'COUNTERS_LOST'
  /** another delivery had the same id and other values; the first decision stands */
  | 'CONFLICT';

export interface Decision {
  readonly schemaVersion: 1;
  readonly decisionId: string;
  readonly transactionId: string;
  readonly channel: Channel;
  readonly customerId: string;
  readonly outcome: Outcome;
  /** integer 0…1000 */
  readonly riskScore: number;
  readonly alert: boolean;
  readonly reasons: readonly Reason[];
  readonly hits: readonly RuleHit[];
  readonly limits: readonly LimitHit[];
  readonly reminders: readonly Reason[];
  readonly challenge?: { readonly methods: readonly string[] };
  readonly hold?: { readonly untilMs: number };
  readonly model?: DecisionModel;
  readonly versions: DecisionVersions;
  readonly level: Level;
  readonly degraded: readonly Degradation[];
  readonly flags: readonly DecisionFlag[];
  readonly late: boolean;
  /** a fallback for a message that was refused: the mended message is decided as new */
  readonly provisional?: true;
  readonly occurredAt: string | null;
  readonly receivedAt: string;
  readonly decidedAt: string;
  readonly evidence: DecisionEvidence | null;
}

export type { FeatureVector };
