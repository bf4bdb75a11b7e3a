/** The feature catalogue (config/features.yaml) and what a feature store answers. */
import type { Transaction } from './transaction.ts';

export const ENTITY_KINDS = [
  'customer',
  'account',
  'card',
  'device',
  'ip',
  'counterparty',
  'merchant',
  'terminal',
] as const;
export type EntityKind = (typeof ENTITY_KINDS)[number];

export const AGGREGATES = [
  'count',
  'sum',
  'avg',
  'stddev',
  'min',
  'max',
  'distinct',
  'timeSinceLast',
  'timeSinceFirst',
  'labelRate',
] as const;
export type Aggregate = (typeof AGGREGATES)[number];

export interface FeatureDefinition {
  readonly name: string;
  readonly entity: readonly EntityKind[];
  readonly aggregate: Aggregate;
  /** field path; there for sum, avg, stddev, min, max and distinct */
  readonly of?: string;
  readonly windowMs: number;
  /** window is (t − delay − W, t − delay]; 0 = none */
  readonly delayMs: number;
  readonly excludeCurrent: boolean;
  /**
   * sum and count of what is left: a reversal or a corrected version takes its original out, a refund lowers it, at the time
   * of the original; the message itself is no entry
   */
  readonly net?: boolean;
  /** CEL over `tx` as it was written; the compiled form travels beside it */
  readonly where?: string;
}

/** A feature with its compiled `where`. `matches` is pure; an expression that fails on a transaction does not match. */
export interface CompiledFeature extends FeatureDefinition {
  readonly matches?: (transaction: Transaction) => boolean;
}

export interface FeatureCatalogue {
  readonly features: readonly CompiledFeature[];
  /** content hash of the file, as it appears in a decision's versions */
  readonly version: string;
  readonly allowedLatenessMs: number;
  readonly repeatHorizonMs: number;
}

/** What the rule checker needs to know of one feature. */
export interface FeatureDescription {
  readonly name: string;
  readonly type: 'int' | 'double';
  /** can be null: an entity that can be absent, or an aggregate that is null over an empty window */
  readonly nullable: boolean;
}

const INTEGER_AGGREGATES: ReadonlySet<Aggregate> = new Set(['count', 'sum', 'distinct', 'min', 'max']);
const NULL_WHEN_EMPTY: ReadonlySet<Aggregate> = new Set([
  'avg',
  'stddev',
  'min',
  'max',
  'timeSinceLast',
  'timeSinceFirst',
]);

/** Name, type and nullability of each feature, in catalogue order. Only the customer is named by every transaction. */
export function describeFeatures(catalogue: Pick<FeatureCatalogue, 'features'>): readonly FeatureDescription[] {
  return catalogue.features.map((feature) => ({
    name: feature.name,
    type: INTEGER_AGGREGATES.has(feature.aggregate) ? 'int' : 'double',
    nullable: NULL_WHEN_EMPTY.has(feature.aggregate) || feature.entity.some((kind) => kind !== 'customer'),
  }));
}

/** count, sum, distinct, min, max are integers; the others doubles; null as contracts.md says. */
export type FeatureValue = number | null;

/** Values in catalogue order. */
export type FeatureVector = readonly FeatureValue[];

/**
 * What is known of the customer from transactions that arrived before this one (derived; pure numbers, so that both
 * stores give the same bits). Durations are seconds of event time and never negative.
 */
export interface Profile {
  /** transactions of this customer seen before this one; 0 = unknown customer */
  readonly eventCount: number;
  readonly monetaryCount: number;
  readonly secondsSinceFirst: number | null;
  /** since the last earlier transaction of any kind on any channel */
  readonly secondsSinceLast: number | null;
  /** since the last earlier monetary transaction */
  readonly secondsSinceLastMonetary: number | null;
  /** exp(robust location of log(1 + amountMinor)); null before the first amount */
  readonly typicalAmountMinor: number | null;
  /** (log(1 + amount) − location) / max(scale, floor); null for non-monetary or before 5 amounts */
  readonly amountZ: number | null;
  /** amountMinor / typicalAmountMinor */
  readonly amountRatio: number | null;
  /** largest single amount seen so far */
  readonly maxAmountMinor: number | null;
  /** share of earlier events in this hour of the week ± 1 h, in the bank's zone, 0…1; null before 20 events */
  readonly hourShare: number | null;
  readonly channelShare: number | null;
  /** among the last 16 devices, 64 payees, 32 addresses, 16 places, 16 countries; null when this transaction names none */
  readonly deviceKnown: boolean | null;
  readonly deviceAgeSeconds: number | null;
  readonly payeeKnown: boolean | null;
  readonly payeeAgeSeconds: number | null;
  readonly ipKnown: boolean | null;
  readonly placeKnown: boolean | null;
  readonly countryKnown: boolean | null;
  /** great-circle distance and implied speed from the last located transaction; null without both places */
  readonly distanceKm: number | null;
  readonly speedKmh: number | null;
  readonly secondsSinceLogin: number | null;
  readonly secondsSincePasswordChange: number | null;
  readonly secondsSincePayeeAdd: number | null;
  readonly secondsSinceDeviceBind: number | null;
  readonly secondsSinceLimitChange: number | null;
  readonly secondsSinceContactChange: number | null;
  /** how many are remembered: at most 16 and 64 */
  readonly knownDevices: number;
  readonly knownPayees: number;
}

export type CounterFlag =
  /** older than the allowed lateness: evaluated, but changes no window */
  | 'TOO_LATE'
  /** earlier than the newest event of one of its logs: inserted at its own time */
  | 'LATE'
  /**
   * counted by an earlier delivery whose reading is gone (a worker ended in between, or its slot): windows as of its own
   * place in the logs, the profile without it as well as can be told
   */
  | 'READ_AGAIN'
  /** a cap or a sum beyond 2^53: the named features are estimates */
  | 'ESTIMATED'
  /** a feature's window is not yet full since it was introduced */
  | 'WARMING_UP'
  /** the logs do not know the original that it corrects (any more): nothing was given back or replaced */
  | 'ORIGINAL_NOT_FOUND'
  /** what was kept of one of its entities could not be read and was moved aside: its counters are low */
  | 'COUNTERS_LOST';

export interface FeatureReading {
  readonly values: FeatureVector;
  readonly profile: Profile;
  readonly flags: readonly CounterFlag[];
  /** names of the features that are estimated or warming up; empty almost always */
  readonly estimated: readonly string[];
  readonly warmingUp: readonly string[];
  /** the slot of an earlier delivery of the same (channel, transactionId), when there is one */
  readonly earlier?: EarlierDecision;
}

/** The first decision for a transaction, exactly as it was published. */
export interface EarlierDecision {
  readonly fingerprint: string;
  /** UTF-8 JSON of the decision */
  readonly decision: string;
}
