/**
 * The inputs of the model: a fixed, named, ordered list of numbers made from a transaction, its features and its customer's
 * profile. Explicit log, ratio and decay transforms (worth .02 of average precision on public data against raw values).
 *
 * Absent values. An entity that the transaction does not name has the counts of nobody, 0, and its `has_…` indicator says so. A
 * time since something that never happened decays to 0. A comparison without a past (ratio, z) is 0: neither more nor less than
 * usual; `has_amount_history` says so.
 *
 * `usual` is the same input of this customer's own usual transaction on the same channel and of the same type: the baseline
 * of the reasons. `typical` takes the training data's typical genuine transaction, `held` keeps the transaction's own value,
 * so that the input is never a reason.
 */
import { TRANSACTION_TYPES } from '../domain/transaction.ts';
import {
  amountOf,
  bounded,
  DAY,
  decay,
  decayed,
  HOUR,
  type InputFacts,
  indicator,
  lg,
  logged,
  logRatio,
  type ModelInputDefinition,
  numeric,
  ownPace,
  rate,
  yes,
} from './input-definition.ts';

const AMOUNT: readonly ModelInputDefinition[] = [
  numeric(
    'amount',
    'lg_amount',
    (f) => lg(amountOf(f)),
    (f) =>
      f.transaction.amountMinor === undefined || f.profile.typicalAmountMinor === null
        ? 'typical'
        : lg(f.profile.typicalAmountMinor),
  ),
  // mandated persons like round sums, and splitting stays below the 50,000 yuan at which transfers are looked at
  indicator('amount', 'is_round_thousand', (f) => yes(amountOf(f) > 0 && amountOf(f) % 100_000 === 0), 'held'),
  indicator('amount', 'is_just_below_50k', (f) => yes(amountOf(f) >= 4_000_000 && amountOf(f) < 5_000_000)),
];

const AMOUNT_HISTORY: readonly ModelInputDefinition[] = [
  indicator('amount_against_history', 'has_amount_history', (f) => yes(f.profile.typicalAmountMinor !== null), 'held'),
  numeric(
    'amount_against_history',
    'lg_amount_ratio',
    (f) => (f.profile.amountRatio === null ? 0 : bounded(Math.log(Math.max(f.profile.amountRatio, 1e-6)))),
    () => 0,
  ),
  numeric(
    'amount_against_history',
    'amount_z',
    (f) => bounded(f.profile.amountZ ?? 0),
    () => 0,
  ),
  numeric(
    'amount_against_history',
    'lg_amount_over_max',
    (f) =>
      f.profile.maxAmountMinor === null || f.transaction.amountMinor === undefined
        ? 0
        : logRatio(amountOf(f), f.profile.maxAmountMinor),
    (f) =>
      f.transaction.amountMinor === undefined ||
      f.profile.maxAmountMinor === null ||
      f.profile.typicalAmountMinor === null
        ? 0
        : logRatio(f.profile.typicalAmountMinor, f.profile.maxAmountMinor),
  ),
  numeric('amount_against_history', 'amount_deviations_30d', deviations30d, () => 0, [
    'customer_out_avg_30d',
    'customer_out_stddev_30d',
  ]),
  numeric(
    'amount_against_history',
    'lg_out_24h_over_max_30d',
    (f) => {
      const [sum, max] = [f.feature('customer_out_sum_24h'), f.feature('customer_out_max_30d')];
      return sum === null || max === null ? 0 : logRatio(sum, max);
    },
    () => 0,
    ['customer_out_sum_24h', 'customer_out_max_30d'],
  ),
];

/** A deviation of nearly nothing would make every cent remarkable: a fifth of the mean is the floor. */
function deviations30d(facts: InputFacts): number {
  const mean = facts.feature('customer_out_avg_30d');
  if (mean === null || facts.transaction.amountMinor === undefined) return 0;
  const deviation = Math.max(facts.feature('customer_out_stddev_30d') ?? 0, mean / 5, 100);
  return bounded((amountOf(facts) - mean) / deviation);
}

const PACE: readonly ModelInputDefinition[] = [
  logged('pace', 'customer_count_10m'),
  logged('pace', 'customer_count_1h'),
  logged('pace', 'customer_count_24h', ownPace(1)),
  logged('pace', 'customer_count_7d', ownPace(7)),
  logged('pace', 'customer_count_30d', 'held'),
  decayed('pace', 'customer_since_last_seconds', 600),
  logged('pace', 'customer_channels_1h'),
  logged('pace', 'customer_out_count_10m'),
  logged('pace', 'customer_out_count_1h'),
  logged('pace', 'customer_out_count_24h'),
  logged('pace', 'customer_out_count_7d'),
  logged('pace', 'customer_out_channels_24h'),
  logged('pace', 'customer_transfer_count_1h'),
  logged('pace', 'customer_transfer_count_24h'),
  logged('pace', 'customer_cash_count_24h'),
  logged('pace', 'account_out_count_1h'),
];

const MONEY_FLOW: readonly ModelInputDefinition[] = [
  logged('money_flow', 'customer_out_sum_10m'),
  logged('money_flow', 'customer_out_sum_1h'),
  logged('money_flow', 'customer_out_sum_24h'),
  logged('money_flow', 'customer_out_sum_7d'),
  logged('money_flow', 'customer_transfer_sum_24h'),
  logged('money_flow', 'customer_cash_sum_24h'),
  logged('money_flow', 'customer_deposit_sum_24h'),
  decayed('money_flow', 'customer_since_deposit_seconds', 6 * HOUR),
  // a mule passes on what came in: near 0 when out = in, 0 as well when nothing came in (then lg_customer_deposit_sum_24h is 0)
  numeric(
    'money_flow',
    'lg_out_over_deposit_24h',
    (f) => {
      const deposits = f.feature('customer_deposit_sum_24h') ?? 0;
      return deposits === 0 ? 0 : logRatio(f.feature('customer_out_sum_24h') ?? 0, deposits);
    },
    'typical',
    ['customer_out_sum_24h', 'customer_deposit_sum_24h'],
  ),
];

const DEVICE: readonly ModelInputDefinition[] = [
  indicator('device_and_address', 'has_device', (f) => yes(f.transaction.device?.id !== undefined), 'held'),
  indicator('device_and_address', 'is_new_device', (f) => yes(f.profile.deviceKnown === false)),
  indicator('device_and_address', 'is_untrusted_device', (f) => yes(f.transaction.device?.trusted === false)),
  indicator('device_and_address', 'is_new_ip', (f) => yes(f.profile.ipKnown === false)),
  numeric('device_and_address', 'lg_device_age_days', (f) => lg((f.profile.deviceAgeSeconds ?? 0) / DAY)),
  logged('device_and_address', 'customer_devices_24h'),
  logged('device_and_address', 'customer_devices_30d'),
  logged('device_and_address', 'customer_ips_24h'),
  logged('device_and_address', 'device_count_1h'),
  logged('device_and_address', 'device_customers_24h'),
  logged('device_and_address', 'device_customers_7d'),
  numeric(
    'device_and_address',
    'lg_device_first_seen_days',
    (f) => lg((f.feature('device_since_first_seconds') ?? 0) / DAY),
    'typical',
    ['device_since_first_seconds'],
  ),
  logged('device_and_address', 'ip_count_10m'),
  logged('device_and_address', 'ip_customers_1h'),
  logged('device_and_address', 'ip_customers_24h'),
];

const PAYEE: readonly ModelInputDefinition[] = [
  indicator('payee', 'has_counterparty', (f) => yes(f.transaction.counterparty?.accountId !== undefined), 'held'),
  indicator('payee', 'is_new_payee', (f) => yes(f.profile.payeeKnown === false)),
  numeric('payee', 'lg_payee_age_days', (f) => lg((f.profile.payeeAgeSeconds ?? 0) / DAY)),
  numeric('payee', 'lg_known_payees', (f) => lg(f.profile.knownPayees), 'held'),
  logged('payee', 'customer_counterparty_count_30d'),
  logged('payee', 'customer_payees_1h'),
  logged('payee', 'customer_payees_24h'),
  logged('payee', 'customer_payees_30d'),
];

const COUNTERPARTY: readonly ModelInputDefinition[] = [
  logged('counterparty', 'counterparty_count_1h'),
  logged('counterparty', 'counterparty_count_24h'),
  logged('counterparty', 'counterparty_sum_24h'),
  logged('counterparty', 'counterparty_customers_24h'),
  logged('counterparty', 'counterparty_customers_7d'),
  numeric(
    'counterparty',
    'lg_counterparty_first_seen_days',
    (f) => lg((f.feature('counterparty_since_first_seconds') ?? 0) / DAY),
    'typical',
    ['counterparty_since_first_seconds'],
  ),
  rate('counterparty', 'counterparty_fraud_rate_30d'),
];

const PLACE: readonly ModelInputDefinition[] = [
  indicator('place', 'is_new_place', (f) => yes(f.profile.placeKnown === false)),
  indicator('place', 'is_new_country', (f) => yes(f.profile.countryKnown === false)),
  numeric('place', 'lg_distance_km', (f) => lg(f.profile.distanceKm ?? 0)),
  // faster than an airliner is impossible, how much faster says nothing
  numeric('place', 'lg_speed_kmh', (f) => lg(Math.min(f.profile.speedKmh ?? 0, 3_000))),
  logged('place', 'customer_countries_24h'),
];

const TIME: readonly ModelInputDefinition[] = [
  numeric('time_and_channel', 'hour_sin', (f) => Math.sin((f.localHour / 12) * Math.PI), 'held'),
  numeric('time_and_channel', 'hour_cos', (f) => Math.cos((f.localHour / 12) * Math.PI), 'held'),
  indicator('time_and_channel', 'is_night', (f) => yes(f.localHour < 6)),
  // 3 of 168 hours of the week, evenly: .018; absent before 20 events
  numeric('time_and_channel', 'hour_share', (f) => f.profile.hourShare ?? 0.018),
  numeric('time_and_channel', 'channel_share', (f) => f.profile.channelShare ?? 0),
];

const SECURITY: readonly ModelInputDefinition[] = [
  numeric('security_events', 'decay_login', (f) => decay(f.profile.secondsSinceLogin, HOUR)),
  numeric(
    'security_events',
    'decay_password_change',
    (f) => decay(f.profile.secondsSincePasswordChange, DAY),
    () => 0,
  ),
  numeric(
    'security_events',
    'decay_payee_add',
    (f) => decay(f.profile.secondsSincePayeeAdd, 6 * HOUR),
    () => 0,
  ),
  numeric(
    'security_events',
    'decay_device_bind',
    (f) => decay(f.profile.secondsSinceDeviceBind, DAY),
    () => 0,
  ),
  numeric(
    'security_events',
    'decay_limit_change',
    (f) => decay(f.profile.secondsSinceLimitChange, DAY),
    () => 0,
  ),
  numeric(
    'security_events',
    'decay_contact_change',
    (f) => decay(f.profile.secondsSinceContactChange, DAY),
    () => 0,
  ),
  logged('security_events', 'customer_login_count_1h'),
  logged('security_events', 'customer_login_devices_24h'),
  logged('security_events', 'customer_credential_change_count_24h'),
  logged('security_events', 'customer_payee_add_count_24h'),
];

const CUSTOMER_AGE: readonly ModelInputDefinition[] = [
  numeric('customer_age', 'lg_events_seen', (f) => lg(f.profile.eventCount), 'held'),
  numeric('customer_age', 'lg_days_known', (f) => lg((f.profile.secondsSinceFirst ?? 0) / DAY), 'held'),
  numeric('customer_age', 'lg_days_since_last', (f) => lg((f.profile.secondsSinceLast ?? 0) / DAY)),
  numeric('customer_age', 'lg_days_since_money', (f) => lg((f.profile.secondsSinceLastMonetary ?? 0) / DAY)),
];

const CARD: readonly ModelInputDefinition[] = [
  indicator('card', 'has_card', (f) => yes(f.transaction.cardToken !== undefined), 'held'),
  logged('card', 'card_count_10m'),
  logged('card', 'card_count_24h'),
  logged('card', 'card_sum_24h'),
  logged('card', 'card_merchants_1h'),
  logged('card', 'card_countries_24h'),
  logged('card', 'card_small_count_1h'),
];

const MERCHANT: readonly ModelInputDefinition[] = [
  indicator('merchant_and_terminal', 'has_merchant', (f) => yes(f.transaction.merchant?.id !== undefined), 'held'),
  indicator('merchant_and_terminal', 'has_terminal', (f) => yes(f.transaction.terminalId !== undefined), 'held'),
  logged('merchant_and_terminal', 'merchant_count_1h'),
  logged('merchant_and_terminal', 'merchant_cards_1h'),
  logged('merchant_and_terminal', 'merchant_small_cards_1h'),
  rate('merchant_and_terminal', 'merchant_fraud_rate_30d'),
  logged('merchant_and_terminal', 'terminal_count_1h'),
  logged('merchant_and_terminal', 'terminal_cards_1h'),
  logged('merchant_and_terminal', 'terminal_count_7d'),
  rate('merchant_and_terminal', 'terminal_fraud_rate_7d'),
  rate('merchant_and_terminal', 'terminal_fraud_rate_30d'),
];

const CHANNELS = [
  'ONLINE_BANKING',
  'CORPORATE_ONLINE_BANKING',
  'MOBILE_BANKING',
  'WECHAT_BANKING',
  'SMS_BANKING',
  'PHONE_BANKING',
  'TV_BANKING',
  'ATM',
  'POS',
  'SELF_SERVICE',
  'COUNTER',
  'CREDIT_CARD',
  'QR_CODE',
  'THIRD_PARTY_PAYMENT',
  'DIRECT_LINK',
];
/** Usual segments; another one, or none, is all zeros. */
const SEGMENTS = ['RETAIL', 'STUDENT', 'SENIOR', 'PRIVATE', 'SMALL_BUSINESS', 'CORPORATE'];

const CONTEXT: readonly ModelInputDefinition[] = [
  numeric('authentication', 'authentication_factors', (f) => Math.min(f.transaction.authentication.length, 4)),
  ...CHANNELS.map((code) =>
    indicator('context', `channel_${code}`, (f) => yes(f.transaction.channel === code), 'held'),
  ),
  ...TRANSACTION_TYPES.map((type) =>
    indicator('context', `type_${type}`, (f) => yes(f.transaction.type === type), 'held'),
  ),
  ...SEGMENTS.map((code) =>
    indicator('context', `segment_${code}`, (f) => yes(f.transaction.customerSegment === code), 'held'),
  ),
];

/** In the order of the vector. Changing anything here makes every trained artefact refuse to load: train anew. */
export const MODEL_INPUTS: readonly ModelInputDefinition[] = [
  ...AMOUNT,
  ...AMOUNT_HISTORY,
  ...PACE,
  ...MONEY_FLOW,
  ...DEVICE,
  ...PAYEE,
  ...COUNTERPARTY,
  ...PLACE,
  ...TIME,
  ...SECURITY,
  ...CUSTOMER_AGE,
  ...CARD,
  ...MERCHANT,
  ...CONTEXT,
];

export const MODEL_INPUT_NAMES: readonly string[] = MODEL_INPUTS.map((input) => input.name);

/** Names of the features that the inputs read, in order of first use. */
export const MODEL_FEATURES: readonly string[] = [...new Set(MODEL_INPUTS.flatMap((input) => input.features))];
