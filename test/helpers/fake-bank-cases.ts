/**
 * What can stand in an alert queue, one case per kind: bursts, new devices, cards, mules, degraded and refused messages, ids of
 * forty characters, amounts of ten digits, other currencies, no amount at all. Values are written by hand; the number of the
 * alert varies them a little.
 */
import type { Decision, DecisionEvidence, DecisionModel, LimitHit, RuleHit } from '../../src/domain/decision.ts';
import type { Profile } from '../../src/domain/feature.ts';

export interface FakeCase {
  readonly channel: string;
  readonly transaction: Readonly<Record<string, unknown>>;
  readonly outcome: Decision['outcome'];
  readonly riskScore: number;
  readonly severity: RuleHit['severity'];
  readonly reasons: Decision['reasons'];
  readonly hits: Decision['hits'];
  readonly limits?: readonly LimitHit[];
  readonly profile: Profile | null;
  readonly features: DecisionEvidence['features'];
  readonly extra?: Partial<Decision>;
}

export const aProfile = (overrides: Partial<Profile> = {}): Profile => ({
  eventCount: 412,
  monetaryCount: 268,
  secondsSinceFirst: 212 * 86_400,
  secondsSinceLast: 95,
  secondsSinceLastMonetary: 160,
  typicalAmountMinor: 18_600,
  amountZ: 4.6,
  amountRatio: 268.3,
  maxAmountMinor: 860_000,
  hourShare: 0.004,
  channelShare: 0.61,
  deviceKnown: false,
  deviceAgeSeconds: null,
  payeeKnown: false,
  payeeAgeSeconds: null,
  ipKnown: false,
  placeKnown: true,
  countryKnown: true,
  distanceKm: 3.1,
  speedKmh: 40,
  secondsSinceLogin: 240,
  secondsSincePasswordChange: 1_380,
  secondsSincePayeeAdd: 540,
  secondsSinceDeviceBind: 660,
  secondsSinceLimitChange: null,
  secondsSinceContactChange: null,
  knownDevices: 2,
  knownPayees: 14,
  ...overrides,
});

export const aHit = (overrides: Partial<RuleHit> = {}): RuleHit => ({
  ruleId: 'transfer-burst-10m',
  status: 'hit',
  score: 250,
  mode: 'live',
  outcome: 'CHALLENGE',
  reason: 'VEL_COUNT_10M',
  severity: 'high',
  title: { en: 'Burst of transfers', 'zh-CN': '短时间多笔转账' },
  values: { 'tx.type': 'TRANSFER', 'features.customer_transfer_count_10m': 3 },
  ...overrides,
});

/** What the explanation says of the rules: the conditions from which thresholds are read. */
export const FAKE_CONDITIONS: Readonly<Record<string, string>> = {
  'transfer-burst-10m':
    'tx.type == "TRANSFER" && features.customer_transfer_count_10m >= 3 && features.customer_transfer_sum_10m >= 10000000',
  'new-device-new-payee': '!profile.payeeKnown && !profile.deviceKnown && profile.secondsSinceDeviceBind < 86400.0',
  'amount-far-above-own':
    'tx.amountMinor >= 500000 && has(profile.amountRatio) && profile.amountRatio >= 10.0 && profile.typicalAmountMinor > 0',
  'impossible-travel': 'tx.type == "WITHDRAWAL" && profile.distanceKm >= 100.0 && profile.speedKmh > 900.0',
  'card-testing-card-1h': 'features.card_small_count_1h >= 3',
  'card-testing-merchant-1h': 'tx.amountMinor <= 1000 && features.merchant_small_cards_1h >= 4',
  'amount-above-own-max':
    'tx.amountMinor >= 1000000 && tx.amountMinor >= 3 * profile.maxAmountMinor && profile.monetaryCount >= 10',
  'dormant-woken': 'profile.secondsSinceLast >= 15552000.0',
  'login-burst-1h': 'features.customer_login_count_1h >= 10',
};

const reason = (code: string, en: string, zh: string): Decision['reasons'][number] => ({
  code,
  text: { en, 'zh-CN': zh },
});

const MODEL: DecisionModel = {
  version: '2026.11.1-sim',
  score: 0.93,
  contributions: [
    { feature: 'amount_against_history', value: 2.41 },
    { feature: 'device_and_address', value: 1.62 },
    { feature: 'security_events', value: 1.18 },
    { feature: 'payee', value: 0.87 },
    { feature: 'customer_age', value: -0.74 },
    { feature: 'pace', value: 0.52 },
    { feature: 'place', value: -0.31 },
  ],
};

function takeOver(): FakeCase {
  return {
    channel: 'MOBILE_BANKING',
    transaction: {
      type: 'TRANSFER',
      amountMinor: 4_990_000,
      currency: 'CNY',
      accountId: 'A1001-1',
      counterparty: { accountId: '6217990000004711', bankCode: 'ICBC', country: 'CN' },
      device: { id: 'D-7f3a91', ip: '203.0.113.77', trusted: false },
      location: { lat: 28.68, lon: 115.86, country: 'CN' },
      customerSegment: 'RETAIL',
      authentication: ['PASSWORD', 'SMS_OTP'],
    },
    outcome: 'HOLD',
    riskScore: 860,
    severity: 'critical',
    reasons: [
      reason('VEL_COUNT_10M', 'Many transfers in ten minutes', '十分钟内多笔转账'),
      reason('NEW_DEVICE_NEW_PAYEE', 'New device and new payee', '新设备且新收款方'),
      reason('AMOUNT_UNUSUAL', "Far above this customer's usual amounts", '远高于客户平时金额'),
      reason('MODEL_SCORE', 'The behavioural model sees a high risk', '行为模型判定风险较高'),
    ],
    hits: [
      aHit({
        values: {
          'tx.type': 'TRANSFER',
          'features.customer_transfer_count_10m': 3,
          'features.customer_transfer_sum_10m': 14_970_000,
        },
      }),
      aHit({
        ruleId: 'new-device-new-payee',
        score: 350,
        reason: 'NEW_DEVICE_NEW_PAYEE',
        title: { en: 'New device, new payee', 'zh-CN': '新设备且新收款方' },
        values: { 'profile.payeeKnown': false, 'profile.deviceKnown': false, 'profile.secondsSinceDeviceBind': 660 },
      }),
      aHit({
        ruleId: 'amount-far-above-own',
        score: 200,
        outcome: 'ALLOW',
        severity: 'medium',
        reason: 'AMOUNT_UNUSUAL',
        title: { en: 'Far above the usual amount', 'zh-CN': '金额远高于平时' },
        values: {
          'tx.amountMinor': 4_990_000,
          'profile.amountRatio': 268.3,
          'profile.typicalAmountMinor': 18_600,
          'profile.maxAmountMinor': 860_000,
        },
      }),
      aHit({
        ruleId: 'night-transfer-challenger',
        mode: 'shadow',
        score: 120,
        severity: 'low',
        reason: 'NIGHT_TRANSFER',
        title: { en: 'Transfer at an unusual hour', 'zh-CN': '非常用时段转账' },
        values: { 'profile.hourShare': 0.004 },
      }),
    ],
    limits: [
      {
        limitId: 'mobile-day',
        period: 'day',
        measure: 'amount',
        usedBefore: 9_980_000,
        requested: 4_990_000,
        max: 12_000_000,
        headroom: 2_020_000,
        exceeded: true,
        binding: true,
        outcome: 'HOLD',
        reason: 'LIMIT_DAY',
      },
      {
        limitId: 'mobile-transaction',
        period: 'transaction',
        measure: 'amount',
        usedBefore: 0,
        requested: 4_990_000,
        max: 50_000_000,
        headroom: 50_000_000,
        exceeded: false,
        outcome: 'BLOCK',
        reason: 'LIMIT_TRANSACTION',
      },
      {
        limitId: 'mobile-day-reminder',
        period: 'day',
        measure: 'count',
        usedBefore: 2,
        requested: 1,
        max: 2,
        headroom: 0,
        exceeded: true,
        outcome: 'ALLOW',
        reason: 'MANY_TRANSFERS',
        reminder: true,
      },
    ],
    profile: aProfile(),
    features: {
      customer_transfer_count_10m: 3,
      customer_transfer_count_24h: 3,
      customer_transfer_sum_10m: 14_970_000,
      customer_transfer_sum_24h: 14_970_000,
      customer_out_count_7d: 9,
    },
    extra: {
      model: MODEL,
      hold: { untilMs: Date.parse('2026-11-24T02:15:00Z') },
      reminders: [
        reason(
          'REMIND_SCAM',
          'Nobody from a bank or the police asks you to move your money',
          '银行和公安机关不会要求您转移资金',
        ),
      ],
    },
  };
}

function impossibleTravel(): FakeCase {
  return {
    channel: 'ATM',
    transaction: {
      type: 'WITHDRAWAL',
      amountMinor: 300_000,
      currency: 'CNY',
      cardToken: 'tok_5f0c77b1',
      terminalId: 'T-HLJ-0921',
      location: { lat: 45.8, lon: 126.53, country: 'CN' },
      authentication: ['PIN'],
    },
    outcome: 'BLOCK',
    riskScore: 910,
    severity: 'critical',
    reasons: [
      reason(
        'IMPOSSIBLE_TRAVEL',
        'Too far from the last place for the time between',
        '与上一笔交易地点距离过远，时间上不可能',
      ),
    ],
    hits: [
      aHit({
        ruleId: 'impossible-travel',
        score: 500,
        outcome: 'BLOCK',
        severity: 'critical',
        reason: 'IMPOSSIBLE_TRAVEL',
        title: { en: 'Impossible travel', 'zh-CN': '不可能的位移' },
        values: { 'tx.type': 'WITHDRAWAL', 'profile.distanceKm': 2_140.4, 'profile.speedKmh': 4_912.5 },
      }),
    ],
    profile: aProfile({
      deviceKnown: null,
      payeeKnown: null,
      ipKnown: null,
      placeKnown: false,
      distanceKm: 2_140.4,
      speedKmh: 4_912.5,
      amountRatio: 1.5,
      amountZ: 0.3,
      typicalAmountMinor: 200_000,
      secondsSincePasswordChange: null,
      secondsSinceDeviceBind: null,
      secondsSincePayeeAdd: null,
    }),
    features: {},
    extra: { model: { ...MODEL, score: 0.81, contributions: [{ feature: 'place', value: 3.1 }] } },
  };
}

function cardTesting(): FakeCase {
  return {
    channel: 'CREDIT_CARD',
    transaction: {
      type: 'PURCHASE',
      amountMinor: 100,
      currency: 'CNY',
      cardToken: 'tok_91aa02',
      merchant: { id: 'M-88120-ONLINE-GAMES', mcc: '7995', country: 'CN' },
    },
    outcome: 'BLOCK',
    riskScore: 700,
    severity: 'high',
    reasons: [
      reason('CARD_TESTING_CARD', 'Card tried several times with tiny amounts', '同一张卡多次小额试探'),
      reason('CARD_TESTING_MERCHANT', 'Many cards tried with tiny amounts at one merchant', '同一商户多张卡小额试探'),
    ],
    hits: [
      aHit({
        ruleId: 'card-testing-card-1h',
        score: 300,
        reason: 'CARD_TESTING_CARD',
        title: { en: 'One card tried several times', 'zh-CN': '单卡多次试探' },
        values: { 'tx.type': 'PURCHASE', 'features.card_small_count_1h': 6 },
      }),
      aHit({
        ruleId: 'card-testing-merchant-1h',
        score: 400,
        outcome: 'BLOCK',
        severity: 'critical',
        reason: 'CARD_TESTING_MERCHANT',
        title: { en: 'Many cards tried at one merchant', 'zh-CN': '商户多卡试探' },
        values: { 'tx.amountMinor': 100, 'features.merchant_small_cards_1h': 23 },
      }),
    ],
    profile: aProfile({ deviceKnown: null, payeeKnown: null, ipKnown: null, amountRatio: 0.1, amountZ: -2.4 }),
    features: { card_small_count_1h: 6, merchant_small_cards_1h: 23 },
    extra: { model: { ...MODEL, score: 0.66 } },
  };
}

function corporateTenDigits(): FakeCase {
  return {
    channel: 'CORPORATE_ONLINE_BANKING',
    transaction: {
      type: 'PAYMENT',
      amountMinor: 987_654_321_000,
      currency: 'CNY',
      accountId: 'CORP-ACCOUNT-0000-1111-2222-3333-4444-55',
      counterparty: { accountId: 'PAYEE-0123456789-0123456789-0123456789-X', bankCode: 'BKCHCNBJ', country: 'HK' },
      customerSegment: 'CORPORATE',
      authentication: ['USB_KEY'],
    },
    outcome: 'HOLD',
    riskScore: 540,
    severity: 'high',
    reasons: [reason('AMOUNT_ABOVE_MAX', 'Several times the largest amount so far', '数倍于客户历史最大金额')],
    hits: [
      aHit({
        ruleId: 'amount-above-own-max',
        score: 300,
        outcome: 'HOLD',
        reason: 'AMOUNT_ABOVE_MAX',
        title: { en: 'Above everything before', 'zh-CN': '超过历史最大金额' },
        values: {
          'tx.type': 'PAYMENT',
          'tx.amountMinor': 987_654_321_000,
          'profile.maxAmountMinor': 120_000_000_000,
          'profile.monetaryCount': 268,
        },
      }),
    ],
    profile: aProfile({
      typicalAmountMinor: 4_200_000_000,
      maxAmountMinor: 120_000_000_000,
      amountRatio: 235.2,
      amountZ: 3.4,
      deviceKnown: true,
      deviceAgeSeconds: 400 * 86_400,
      payeeKnown: true,
      payeeAgeSeconds: 90 * 86_400,
      ipKnown: true,
      secondsSincePasswordChange: null,
      secondsSinceDeviceBind: null,
      secondsSincePayeeAdd: null,
      hourShare: 0.11,
    }),
    features: {},
    extra: { model: { ...MODEL, score: 0.41 } },
  };
}

function dormantWithoutModel(): FakeCase {
  return {
    channel: 'PHONE_BANKING',
    transaction: {
      type: 'TRANSFER',
      amountMinor: 1_800_000,
      currency: 'CNY',
      counterparty: { accountId: '6228480000', country: 'CN' },
      accessibility: ['SIGHT'],
    },
    outcome: 'CHALLENGE',
    riskScore: 480,
    severity: 'medium',
    reasons: [
      reason('DORMANT_WOKEN', 'Account unused for half a year becomes active', '半年未用账户突然启用'),
      reason(
        'RULE_NOT_EVALUATED',
        'A rule could not be evaluated; the transaction is confirmed to be safe',
        '有规则无法计算，为安全起见需核实',
      ),
    ],
    hits: [
      aHit({
        ruleId: 'dormant-woken',
        score: 250,
        severity: 'medium',
        reason: 'DORMANT_WOKEN',
        title: { en: 'Dormant account woken', 'zh-CN': '睡眠账户启用' },
        values: { 'tx.type': 'TRANSFER', 'profile.secondsSinceLast': 244 * 86_400 },
      }),
      aHit({
        ruleId: 'foreign-night',
        status: 'errored',
        score: 0,
        severity: 'medium',
        reason: 'RULE_NOT_EVALUATED',
        title: { en: 'Foreign use at night', 'zh-CN': '夜间境外使用' },
        values: { 'tx.location.country': null },
        error: 'tx.location.country is absent',
      }),
    ],
    profile: aProfile({
      eventCount: 31,
      secondsSinceLast: 244 * 86_400,
      secondsSinceLastMonetary: 244 * 86_400,
      deviceKnown: null,
      ipKnown: null,
      secondsSincePasswordChange: null,
      secondsSinceDeviceBind: null,
      secondsSincePayeeAdd: null,
    }),
    features: {},
    extra: { level: 'L1', degraded: ['model'], challenge: { methods: ['VOICE_CALL', 'APP_PUSH'] } },
  };
}

function loginBurst(): FakeCase {
  return {
    channel: 'ONLINE_BANKING',
    transaction: { type: 'LOGIN', device: { id: 'D-111', ip: '2001:db8::77' } },
    outcome: 'CHALLENGE',
    riskScore: 320,
    severity: 'low',
    reasons: [reason('LOGIN_BURST', 'Many logins within an hour', '一小时内多次登录')],
    hits: [
      aHit({
        ruleId: 'login-burst-1h',
        score: 150,
        severity: 'low',
        reason: 'LOGIN_BURST',
        title: { en: 'Burst of logins', 'zh-CN': '短时间多次登录' },
        values: { 'features.customer_login_count_1h': 12, 'features.ip_customers_1h': 9 },
      }),
    ],
    profile: aProfile({ amountRatio: null, amountZ: null, payeeKnown: null, placeKnown: null, distanceKm: null }),
    features: { customer_login_count_1h: 12, ip_customers_1h: 9 },
    extra: { model: { ...MODEL, score: 0.22, contributions: [] } },
  };
}

function foreignYen(): FakeCase {
  return {
    channel: 'POS',
    transaction: {
      type: 'PURCHASE',
      amountMinor: 128_000,
      currency: 'JPY',
      cardToken: 'tok_77',
      merchant: { id: 'M-TOKYO-1', mcc: '5732', country: 'JP' },
      location: { lat: 35.68, lon: 139.76, country: 'JP' },
    },
    outcome: 'CHALLENGE',
    riskScore: 410,
    severity: 'medium',
    reasons: [reason('FIRST_FOREIGN_USE', 'First use in this country', '首次在该国家或地区使用')],
    hits: [
      aHit({
        ruleId: 'first-foreign-use',
        score: 200,
        severity: 'medium',
        reason: 'FIRST_FOREIGN_USE',
        title: { en: 'First use in this country', 'zh-CN': '首次境外使用' },
        values: { 'tx.location.country': 'JP', 'profile.countryKnown': false },
      }),
    ],
    profile: aProfile({ countryKnown: false, placeKnown: false, distanceKm: 1_760, speedKmh: 380, payeeKnown: null }),
    features: {},
    extra: { model: { ...MODEL, score: 0.35 } },
  };
}

function staticLimits(): FakeCase {
  return {
    channel: 'TV_BANKING',
    transaction: { type: 'PAYMENT', amountMinor: 260_000, currency: 'CNY' },
    outcome: 'HOLD',
    riskScore: 0,
    severity: 'medium',
    reasons: [
      reason('STATIC_LIMIT', 'Above the amount that this channel passes without a check', '超过该渠道免核查金额'),
    ],
    hits: [],
    profile: null,
    features: {},
    extra: { level: 'L3', degraded: ['feature-store', 'rules'], late: true },
  };
}

function refusedMessage(): FakeCase {
  return {
    channel: 'DIRECT_LINK',
    transaction: {},
    outcome: 'HOLD',
    riskScore: 0,
    severity: 'medium',
    reasons: [reason('INPUT_REFUSED', 'The message of the channel could not be read', '渠道报文无法识别')],
    hits: [],
    profile: null,
    features: {},
    extra: { provisional: true, evidence: null, occurredAt: null, degraded: ['input'] },
  };
}

export const FAKE_CASES: readonly (() => FakeCase)[] = [
  takeOver,
  impossibleTravel,
  cardTesting,
  corporateTenDigits,
  dormantWithoutModel,
  loginBurst,
  foreignYen,
  staticLimits,
  refusedMessage,
];
