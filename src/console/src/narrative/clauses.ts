/**
 * The table behind the sentence: which value of a hit becomes which clause, in the order in which a person tells it (the
 * money, to whom, from where, what happened before, where, when). A clause is only made of a value that a rule has read.
 */
import { formatMoneyInText } from '../format/money.ts';
import { isTermKey, type TermKey } from './terms.ts';
import { splitFeatureName, unitOfStem } from './value-names.ts';
import type { HitValue, ValueContext } from './value-text.ts';

const DAY = 86_400;

export interface Clause {
  readonly path: string;
  readonly text: string;
}

type Say = (value: HitValue, context: ValueContext, all: ReadonlyMap<string, HitValue>) => string | null;

const whenFalse =
  (key: TermKey): Say =>
  (value, { terms }) =>
    value === false ? terms(key) : null;

const spanBelow =
  (key: TermKey, maxSeconds: number): Say =>
  (value, { terms, formats }) =>
    typeof value === 'number' && value < maxSeconds ? terms(key, { span: formats.span(value) }) : null;

const spanAbove =
  (key: TermKey, minSeconds: number): Say =>
  (value, { terms, formats }) =>
    typeof value === 'number' && value >= minSeconds ? terms(key, { span: formats.span(value) }) : null;

const ratio: Say = (value, { terms, formats }) =>
  typeof value === 'number' && value >= 1.5 ? terms('clause.amountRatio', { ratio: formats.decimal(value) }) : null;

const aboveMax: Say = (value, { terms, currency }, all) => {
  const amount = all.get('tx.amountMinor');
  if (typeof value !== 'number' || typeof amount !== 'number' || amount <= value) return null;
  return terms('clause.amountAboveMax', { max: formatMoneyInText(value, currency) });
};

const speed: Say = (value, { terms, formats }, all) => {
  const km = all.get('profile.distanceKm');
  if (typeof value !== 'number' || typeof km !== 'number') return null;
  return terms('clause.speed', { km: formats.integer(km), speed: formats.integer(value) });
};

const distance: Say = (value, { terms, formats }, all) => {
  if (typeof value !== 'number' || value < 10 || typeof all.get('profile.speedKmh') === 'number') return null;
  return terms('clause.distance', { km: formats.integer(value) });
};

const rareHour: Say = (value, { terms }) =>
  typeof value === 'number' && value <= 0.02 ? terms('clause.hourRare') : null;

const never: Say = (value, { terms }) => (value === 0 ? terms('clause.payeeNew') : null);

/** A feature whose stem has a clause of its own: counts from two on, sums above nothing, shares above nothing. */
function windowed(name: string): Say {
  const { stem, windowSeconds = 0 } = splitFeatureName(name);
  const key = `clause.${stem}`;
  const unit = unitOfStem(stem);
  return (value, { terms, formats, currency }) => {
    if (typeof value !== 'number' || !isTermKey(key) || value < (unit === 'number' ? 2 : Number.MIN_VALUE)) return null;
    return terms(key, {
      n: formats.integer(value),
      money: formatMoneyInText(value, currency),
      percent: formats.percent(value),
      window: formats.span(windowSeconds),
    });
  };
}

/** Order is the order of telling. A key that ends in "*" is a feature's stem, with any window. */
const TABLE: readonly (readonly [string, Say | 'windowed'])[] = [
  ['profile.amountRatio', ratio],
  ['profile.maxAmountMinor', aboveMax],
  ['features.customer_out_sum*', 'windowed'],
  ['features.customer_transfer_sum*', 'windowed'],
  ['features.customer_cash_sum*', 'windowed'],
  ['features.account_out_sum*', 'windowed'],
  ['features.card_sum*', 'windowed'],
  ['features.customer_deposit_sum*', 'windowed'],
  ['features.customer_payees*', 'windowed'],
  ['profile.payeeKnown', whenFalse('clause.payeeNew')],
  ['features.customer_counterparty_count*', never],
  ['profile.payeeAgeSeconds', spanBelow('clause.payeeAge', 7 * DAY)],
  ['features.counterparty_customers*', 'windowed'],
  ['features.counterparty_sum*', 'windowed'],
  ['features.counterparty_fraud_rate*', 'windowed'],
  ['profile.deviceKnown', whenFalse('clause.deviceNew')],
  ['profile.deviceAgeSeconds', spanBelow('clause.deviceAge', 7 * DAY)],
  ['features.device_customers*', 'windowed'],
  ['features.ip_customers*', 'windowed'],
  ['features.customer_devices*', 'windowed'],
  ['profile.secondsSinceDeviceBind', spanBelow('clause.deviceBound', 7 * DAY)],
  ['profile.secondsSincePasswordChange', spanBelow('clause.passwordChange', 7 * DAY)],
  ['profile.secondsSinceContactChange', spanBelow('clause.contactChange', 7 * DAY)],
  ['profile.secondsSinceLimitChange', spanBelow('clause.limitChange', 7 * DAY)],
  ['profile.secondsSincePayeeAdd', spanBelow('clause.payeeAdd', 7 * DAY)],
  ['profile.speedKmh', speed],
  ['profile.distanceKm', distance],
  ['profile.countryKnown', whenFalse('clause.countryNew')],
  ['profile.placeKnown', whenFalse('clause.placeNew')],
  ['features.customer_countries*', 'windowed'],
  ['features.card_countries*', 'windowed'],
  ['features.card_merchants*', 'windowed'],
  ['features.merchant_small_cards*', 'windowed'],
  ['features.merchant_cards*', 'windowed'],
  ['features.terminal_cards*', 'windowed'],
  ['features.terminal_fraud_rate*', 'windowed'],
  ['features.merchant_fraud_rate*', 'windowed'],
  ['profile.hourShare', rareHour],
  ['profile.secondsSinceLast', spanAbove('clause.dormant', 30 * DAY)],
  ['profile.secondsSinceLastMonetary', spanAbove('clause.dormantMoney', 30 * DAY)],
];

/** A sum says nothing new when the lead has told it; "payee never used" is told once, whichever value says it. */
export function clausesOf(
  values: ReadonlyMap<string, HitValue>,
  told: ReadonlySet<string>,
  context: ValueContext,
): readonly Clause[] {
  const clauses: Clause[] = [];
  for (const [pattern, say] of TABLE) {
    for (const [path, value] of values) {
      if (told.has(path) || !matches(pattern, path)) continue;
      const speak = say === 'windowed' ? windowed(path.slice('features.'.length)) : say;
      const text = speak(value, context, values);
      if (text !== null) clauses.push({ path, text });
    }
  }
  return clauses;
}

function matches(pattern: string, path: string): boolean {
  if (!pattern.endsWith('*')) return pattern === path;
  return path.startsWith('features.') && `features.${splitFeatureName(path.slice(9)).stem}*` === pattern;
}
