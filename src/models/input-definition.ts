/**
 * What an input of the model is, and the few ways to make one. Absent values: an entity that the transaction does not name has
 * the counts of nobody, 0; a time since something that never happened decays to 0; a comparison without a past is 0.
 */
import type { Profile } from '../domain/feature.ts';
import type { Transaction } from '../domain/transaction.ts';

/** Groups of inputs in which reasons are given; documented in each model's card. */
export const INPUT_FAMILIES = [
  'amount',
  'amount_against_history',
  'pace',
  'money_flow',
  'device_and_address',
  'payee',
  'counterparty',
  'place',
  'time_and_channel',
  'security_events',
  'customer_age',
  'card',
  'merchant_and_terminal',
  'authentication',
  'context',
] as const;
export type InputFamily = (typeof INPUT_FAMILIES)[number];

export interface InputFacts {
  readonly transaction: Transaction;
  readonly profile: Profile;
  /** in the bank's zone, 0 … 24 */
  readonly localHour: number;
  feature(name: string): number | null;
}

export type UsualValue = 'typical' | 'held' | ((facts: InputFacts) => number | 'typical');

export interface ModelInputDefinition {
  readonly name: string;
  readonly family: InputFamily;
  /** 0 or 1: not standardised, a rare indicator would be blown up */
  readonly isIndicator: boolean;
  readonly features: readonly string[];
  readonly usual: UsualValue;
  readonly encode: (facts: InputFacts) => number;
}

export const DAY = 86_400;
export const HOUR = 3_600;
/** Ratios beyond e^8 and deviations beyond 8 are all "extreme". */
const BOUND = 8;

export const lg = (value: number): number => Math.log1p(Math.max(value, 0));
export const bounded = (value: number): number => Math.min(Math.max(value, -BOUND), BOUND);
export const logRatio = (a: number, b: number): number => bounded(Math.log((a + 1) / (b + 1)));
export const decay = (seconds: number | null, timeConstant: number): number =>
  seconds === null ? 0 : Math.exp(-Math.max(seconds, 0) / timeConstant);
export const yes = (isTrue: boolean): number => (isTrue ? 1 : 0);
export const amountOf = (facts: InputFacts): number => facts.transaction.amountMinor ?? 0;

type Encode = (facts: InputFacts) => number;

export const numeric = (
  family: InputFamily,
  name: string,
  encode: Encode,
  usual: UsualValue = 'typical',
  features: readonly string[] = [],
): ModelInputDefinition => ({ name, family, isIndicator: false, features, usual, encode });

export const indicator = (
  family: InputFamily,
  name: string,
  encode: Encode,
  usual: UsualValue = () => 0,
): ModelInputDefinition => ({
  name,
  family,
  isIndicator: true,
  features: [],
  usual,
  encode,
});

/** log(1 + feature); absent = 0. */
export const logged = (family: InputFamily, feature: string, usual: UsualValue = 'typical'): ModelInputDefinition =>
  numeric(family, `lg_${feature}`, (facts) => lg(facts.feature(feature) ?? 0), usual, [feature]);

export const rate = (family: InputFamily, feature: string): ModelInputDefinition =>
  numeric(
    family,
    feature,
    (facts) => facts.feature(feature) ?? 0,
    () => 0,
    [feature],
  );

/** exp(−seconds/τ) of a feature that is a time since something. */
export const decayed = (family: InputFamily, feature: string, timeConstant: number): ModelInputDefinition =>
  numeric(family, `decay_${feature}`, (facts) => decay(facts.feature(feature), timeConstant), 'typical', [feature]);

/** The customer's own pace of the last 30 days, for a window of so many days; at least the transaction itself. */
export const ownPace =
  (days: number): UsualValue =>
  (facts) =>
    lg(Math.max(((facts.feature('customer_count_30d') ?? 1) * days) / 30, 1));
