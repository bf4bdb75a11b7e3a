/**
 * The table behind the sentence: which value of a hit becomes which clause, in the order in which a person tells it (the
 * money, to whom, from where, what happened before, where, when). A clause is only made of a value that a rule has read.
 */
import { formatMoneyInText } from '../format/money.ts';
import { isTermKey, type TermKey } from './terms.ts';
import { splitFeatureName, unitOfStem } from './value-names.ts';
import type { HitValue, ValueContext } from './value-text.ts';

const DAY = 86_400;
const FEATURES = 'features.';

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
    typeof value === 'number' && value < maxSeconds ? terms(key, { span: formats.spanInText(value) }) : null;

const spanAbove =
  (key: TermKey, minSeconds: number): Say =>
  (value, { terms, formats }) =>
    typeof value === 'number' && value >= minSeconds ? terms(key, { span: formats.spanInText(value) }) : null;

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
      window: formats.spanInText(windowSeconds),
    });
  };
}

/**
 * Topics in the order of telling; of each topic only the first thing that can be said is said. A key that ends in "*" is a
 * feature's stem, with any window.
 */
const TOPICS: readonly (readonly (readonly [string, Say | 'windowed'])[])[] = [
  // how much
  [
    ['profile.amountRatio', ratio],
    ['profile.maxAmountMinor', aboveMax],
    ['features.customer_out_sum*', 'windowed'],
    ['features.customer_transfer_sum*', 'windowed'],
    ['features.customer_cash_sum*', 'windowed'],
    ['features.account_out_sum*', 'windowed'],
    ['features.card_sum*', 'windowed'],
  ],
  // where the money came from
  [
    ['features.customer_deposit_payers*', 'windowed'],
    ['features.customer_deposit_sum*', 'windowed'],
  ],
  // to whom
  [
    ['features.counterparty_fraud_rate*', 'windowed'],
    ['features.counterparty_customers*', 'windowed'],
    ['features.customer_payees*', 'windowed'],
    ['profile.payeeKnown', whenFalse('clause.payeeNew')],
    ['features.customer_counterparty_count*', never],
    ['profile.payeeAgeSeconds', spanBelow('clause.payeeAge', 7 * DAY)],
    ['features.counterparty_sum*', 'windowed'],
  ],
  // from which device
  [
    ['features.device_customers*', 'windowed'],
    ['profile.deviceKnown', whenFalse('clause.deviceNew')],
    ['profile.deviceAgeSeconds', spanBelow('clause.deviceAge', 7 * DAY)],
    ['features.ip_customers*', 'windowed'],
    ['features.customer_devices*', 'windowed'],
  ],
  // what happened before
  [
    ['profile.secondsSinceContactChange', spanBelow('clause.contactChange', 7 * DAY)],
    ['profile.secondsSincePasswordChange', spanBelow('clause.passwordChange', 7 * DAY)],
    ['profile.secondsSinceDeviceBind', spanBelow('clause.deviceBound', 7 * DAY)],
    ['profile.secondsSinceLimitChange', spanBelow('clause.limitChange', 7 * DAY)],
    ['profile.secondsSincePayeeAdd', spanBelow('clause.payeeAdd', 7 * DAY)],
    ['features.customer_credential_change_count*', 'windowed'],
    ['features.customer_payee_add_count*', 'windowed'],
    ['features.customer_login_count*', 'windowed'],
  ],
  // where
  [
    ['profile.speedKmh', speed],
    ['features.customer_countries*', 'windowed'],
    ['features.card_countries*', 'windowed'],
    ['profile.countryKnown', whenFalse('clause.countryNew')],
    ['profile.placeKnown', whenFalse('clause.placeNew')],
    ['profile.distanceKm', distance],
  ],
  // at which merchant or terminal
  [
    ['features.merchant_small_cards*', 'windowed'],
    ['features.merchant_fraud_rate*', 'windowed'],
    ['features.terminal_fraud_rate*', 'windowed'],
    ['features.merchant_cards*', 'windowed'],
    ['features.terminal_cards*', 'windowed'],
    ['features.card_merchants*', 'windowed'],
  ],
  // when
  [
    ['profile.secondsSinceLast', spanAbove('clause.dormant', 30 * DAY)],
    ['profile.secondsSinceLastMonetary', spanAbove('clause.dormantMoney', 30 * DAY)],
    ['profile.hourShare', rareHour],
  ],
];

function matches(pattern: string, path: string): boolean {
  if (!pattern.endsWith('*')) return pattern === path;
  return path.startsWith(FEATURES) && `${FEATURES}${splitFeatureName(path.slice(FEATURES.length)).stem}*` === pattern;
}

/** At most one clause of each topic, from values that have not been told. */
export function clausesOf(
  values: ReadonlyMap<string, HitValue>,
  told: ReadonlySet<string>,
  context: ValueContext,
): readonly Clause[] {
  return TOPICS.flatMap((topic): readonly Clause[] => {
    for (const [pattern, say] of topic) {
      for (const [path, value] of values) {
        if (told.has(path) || !matches(pattern, path)) continue;
        const speak = say === 'windowed' ? windowed(path.slice(FEATURES.length)) : say;
        const text = speak(value, context, values);
        if (text !== null) return [{ path, text }];
      }
    }
    return [];
  });
}
