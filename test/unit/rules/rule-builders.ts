/** Facts, profiles and expressions for the tests of rules. */
import type { Facts, ListSnapshot } from '../../../src/domain/facts.ts';
import type { FeatureDefinition, Profile } from '../../../src/domain/feature.ts';
import type { Transaction } from '../../../src/domain/transaction.ts';
import { type CompiledExpression, compileExpression } from '../../../src/rules/expression/expression.ts';
import { createFactLayout, loadFacts, planLoad } from '../../../src/rules/expression/frame.ts';
import { ruleVocabulary, type Vocabulary } from '../../../src/rules/expression/vocabulary.ts';

export const aTransaction = (changes: Partial<Transaction> = {}): Transaction => ({
  transactionId: 'T1',
  occurredAtMs: Date.UTC(2026, 10, 23, 2, 15),
  channel: 'MOBILE_BANKING',
  type: 'TRANSFER',
  customerId: 'C1',
  amountMinor: 500,
  currency: 'CNY',
  authentication: ['PASSWORD', 'SMS_OTP'],
  accessibility: [],
  attributes: {},
  ...changes,
});

export const aProfile = (changes: Partial<Profile> = {}): Profile => ({
  eventCount: 20,
  monetaryCount: 15,
  secondsSinceFirst: 1_000_000,
  secondsSinceLast: 100,
  secondsSinceLastMonetary: 10_000,
  typicalAmountMinor: 20_000,
  amountZ: 0.5,
  amountRatio: 1.2,
  maxAmountMinor: 100_000,
  hourShare: 0.2,
  channelShare: 0.5,
  deviceKnown: true,
  deviceAgeSeconds: 1_000_000,
  payeeKnown: true,
  payeeAgeSeconds: 1_000_000,
  ipKnown: true,
  placeKnown: null,
  countryKnown: null,
  distanceKm: null,
  speedKmh: null,
  secondsSinceLogin: 60,
  secondsSincePasswordChange: null,
  secondsSincePayeeAdd: null,
  secondsSinceDeviceBind: null,
  secondsSinceLimitChange: null,
  secondsSinceContactChange: null,
  knownDevices: 1,
  knownPayees: 3,
  ...changes,
});

export const aFeature = (name: string, changes: Partial<FeatureDefinition> = {}): FeatureDefinition => ({
  name,
  entity: ['customer'],
  aggregate: 'count',
  windowMs: 3_600_000,
  delayMs: 0,
  excludeCurrent: false,
  ...changes,
});

export const FEATURES: readonly FeatureDefinition[] = [
  aFeature('customer_count_1h'),
  aFeature('customer_out_sum_1h', { aggregate: 'sum', of: 'amountMinor' }),
  aFeature('customer_out_avg_1h', { aggregate: 'avg', of: 'amountMinor' }),
  aFeature('card_count_1h', { entity: ['card'] }),
];

export const listsWith = (entries: Readonly<Record<string, readonly string[]>>): ListSnapshot => ({
  version: 'test',
  names: Object.keys(entries),
  contains: (list, id) => entries[list]?.includes(id) ?? false,
});

export const someFacts = (changes: Partial<Facts> = {}): Facts => ({
  transaction: aTransaction(),
  values: [3, 40_000, 1_500.5, null],
  profile: aProfile(),
  lists: listsWith({ mule_accounts: ['M1'] }),
  limitHeadroom: new Map([['atm_day', 20_000]]),
  ...changes,
});

export const vocabulary = (): Vocabulary =>
  ruleVocabulary({ features: FEATURES, listNames: ['mule_accounts'], limitIds: ['atm_day'] });

const PLACE = { file: 'rules/test.yaml', path: 'rules[0].when' };

export function compile(text: string, words: Vocabulary = vocabulary()) {
  const layout = createFactLayout();
  return { layout, result: compileExpression(text, { vocabulary: words, layout, place: PLACE }) };
}

/** true, false, or `error: why` */
export function evaluate(text: string, facts: Facts = someFacts()): boolean | string {
  const { layout, result } = compile(text);
  if (!result.ok) throw new Error(result.error.map((fault) => fault.message).join('; '));
  return run(result.value, layout, facts);
}

export function run(expression: CompiledExpression, layout: ReturnType<typeof createFactLayout>, facts: Facts) {
  const frame = layout.newFrame();
  const load = planLoad(layout.terms);
  loadFacts(frame, load, facts);
  return expression.evaluate(frame) ?? `error: ${frame.fault}`;
}

/** The messages with which an expression is refused; empty when it is accepted. */
export function faultsOf(text: string, words: Vocabulary = vocabulary()): readonly string[] {
  const { result } = compile(text, words);
  if (result.ok) return [];
  return result.error.map(({ column, message, suggestion }) =>
    suggestion === undefined ? `${column}: ${message}` : `${column}: ${message} (${suggestion})`,
  );
}
