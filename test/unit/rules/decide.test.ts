import { describe, expect, it } from 'vitest';
import type { ChallengeMethod, ChannelDefinition } from '../../../src/domain/channel-catalogue.ts';
import type { LimitHit, RuleHit } from '../../../src/domain/decision.ts';
import { type DecideInput, decide } from '../../../src/rules/decide.ts';
import { type ListEffects, type ListMatch, NO_LIST_EFFECTS } from '../../../src/rules/lists/list-effects.ts';
import type { DecisionPolicy } from '../../../src/rules/policy.ts';
import { aTransaction } from './rule-builders.ts';
import { REASONS } from './ruleset-builders.ts';

const POLICY: DecisionPolicy = {
  version: 'p1',
  model: { weight: 600, reasonFrom: 500 },
  errored: { outcome: 'CHALLENGE', score: 0 },
  limits: { exceededScore: 100, unreadScore: 150, unreadOutcome: 'ALLOW' },
  alert: { fromScore: 500, outcomes: new Set(['HOLD', 'BLOCK']) },
  hold: { hours: 24 },
  challenge: { maxMethods: 2 },
  levelScore: { L0: 0, L1: 50, L2: 150, L3: 0 },
  bandsOf: () => [
    {
      steps: [
        { from: 300, outcome: 'CHALLENGE' },
        { from: 600, outcome: 'HOLD' },
        { from: 900, outcome: 'BLOCK' },
      ],
    },
  ],
};

const CHANNEL: ChannelDefinition = {
  code: 'MOBILE_BANKING',
  name: { en: 'Mobile', 'zh-CN': '手机' },
  deadlineMs: 250,
  fallbackOutcome: 'CHALLENGE',
  staticLimitMinor: { CNY: 1_000, '*': 0 },
  challengeMethods: ['APP_PUSH', 'FACE', 'SMS_OTP', 'VOICE_CALL'],
  group: 'remote',
};

const method = (code: string, unusableFor: readonly string[] = []): [string, ChallengeMethod] => [
  code,
  { code, name: { en: code, 'zh-CN': code }, unusableFor },
];
const METHODS = new Map([
  method('APP_PUSH'),
  method('FACE', ['SIGHT']),
  method('SMS_OTP', ['SIGHT']),
  method('VOICE_CALL', ['HEARING']),
]);

const aHit = (changes: Partial<RuleHit> = {}): RuleHit => ({
  ruleId: 'r1',
  status: 'hit',
  score: 100,
  mode: 'live',
  outcome: 'ALLOW',
  reason: 'VEL_COUNT_10M',
  severity: 'medium',
  values: {},
  ...changes,
});

const aLimitHit = (changes: Partial<LimitHit> = {}): LimitHit => ({
  limitId: 'day',
  period: 'day',
  measure: 'amount',
  usedBefore: 0,
  requested: 500,
  max: 400,
  headroom: 400,
  exceeded: true,
  outcome: 'CHALLENGE',
  reason: 'LIMIT_DAY',
  ...changes,
});

const decideWith = (changes: Partial<DecideInput> = {}) =>
  decide({
    transaction: aTransaction({ authentication: ['PASSWORD'] }),
    hits: [],
    limitHits: [],
    modelScore: null,
    level: 'L0',
    channel: CHANNEL,
    methods: METHODS,
    policy: POLICY,
    reasons: REASONS,
    ...changes,
  });

const codes = (decided: { readonly reasons: readonly { readonly code: string }[] }) =>
  decided.reasons.map((reason) => reason.code);

describe('a decision', () => {
  it('allows what nothing speaks against', () => {
    expect(decideWith()).toEqual({ outcome: 'ALLOW', riskScore: 0, alert: false, reasons: [], reminders: [] });
  });

  it('adds rules, limits, model and level, and stops at 1000', () => {
    const hits = [aHit({ score: 120 }), aHit({ ruleId: 'r2', score: 30 })];
    expect(decideWith({ hits, modelScore: 0.5 }).riskScore).toBe(120 + 30 + 300);
    expect(decideWith({ hits, level: 'L1' }).riskScore).toBe(120 + 30 + 50);
    expect(decideWith({ hits, limitHits: [aLimitHit()] }).riskScore).toBe(120 + 30 + 100);
    expect(decideWith({ hits: [aHit({ score: 1000 }), aHit({ score: 1000 })], modelScore: 1 }).riskScore).toBe(1000);
  });

  it('takes the strictest of what is asked for: BLOCK > HOLD > CHALLENGE > ALLOW', () => {
    const outcome = (...outcomes: RuleHit['outcome'][]) =>
      decideWith({ hits: outcomes.map((wanted) => aHit({ outcome: wanted, score: 0 })) }).outcome;
    expect(outcome('ALLOW')).toBe('ALLOW');
    expect(outcome('ALLOW', 'CHALLENGE')).toBe('CHALLENGE');
    expect(outcome('HOLD', 'CHALLENGE')).toBe('HOLD');
    expect(outcome('CHALLENGE', 'BLOCK', 'HOLD')).toBe('BLOCK');
    expect(decideWith({ hits: [aHit({ score: 950, outcome: 'ALLOW' })] }).outcome).toBe('BLOCK');
    expect(decideWith({ limitHits: [aLimitHit({ outcome: 'BLOCK' })] }).outcome).toBe('BLOCK');
  });

  it('is lifted to at least CHALLENGE by a rule that could not be evaluated, and never lowered by one', () => {
    const errored = aHit({ status: 'errored', score: 0, outcome: 'BLOCK' });
    const alone = decideWith({ hits: [errored] });
    expect(alone.outcome).toBe('CHALLENGE');
    expect(codes(alone)).toEqual(['RULE_NOT_EVALUATED']);
    expect(decideWith({ hits: [errored, aHit({ outcome: 'HOLD' })] }).outcome).toBe('HOLD');
  });

  it('is the same with and without any number of shadow hits', () => {
    const live = [aHit({ score: 350 })];
    const shadow = aHit({ mode: 'shadow', score: 1000, outcome: 'BLOCK', severity: 'critical', reason: 'OTHER' });
    const shadowError = { ...shadow, status: 'errored' as const };
    expect(decideWith({ hits: [shadow, ...live, shadowError] })).toEqual(decideWith({ hits: live }));
    expect(decideWith({ hits: [shadow] })).toEqual(decideWith());
  });

  it('takes a probability that is no number for certain fraud, never for none', () => {
    const broken = decideWith({ modelScore: Number.NaN });
    expect(broken.riskScore).toBe(600);
    expect(codes(broken)).toEqual(['MODEL_SCORE']);
  });

  it('names the gravest reason first, each once, in both languages', () => {
    const hits = [
      aHit({ severity: 'low', reason: 'OTHER' }),
      aHit({ severity: 'critical', reason: 'VEL_COUNT_10M' }),
      aHit({ severity: 'high', reason: 'OTHER' }),
    ];
    const decided = decideWith({ hits, limitHits: [aLimitHit()], modelScore: 0.9 });
    expect(codes(decided)).toEqual(['LIMIT_DAY', 'VEL_COUNT_10M', 'OTHER', 'MODEL_SCORE']);
    expect(decided.reasons[1]?.text).toEqual({ en: 'VEL_COUNT_10M in English', 'zh-CN': 'VEL_COUNT_10M（中文）' });
  });

  it('alerts from the threshold on, and at whatever holds money back', () => {
    expect(decideWith({ hits: [aHit({ score: 499 })] }).alert).toBe(false);
    expect(decideWith({ hits: [aHit({ score: 500 })] }).alert).toBe(true);
    expect(decideWith({ hits: [aHit({ score: 0, outcome: 'HOLD' })] }).alert).toBe(true);
    expect(decideWith({ hits: [aHit({ score: 0, outcome: 'CHALLENGE' })] }).alert).toBe(false);
  });

  it('does not alert because of a limit alone, which is no suspicion, except for a BLOCK by law', () => {
    const decided = decideWith({ limitHits: [aLimitHit({ outcome: 'HOLD', byLaw: true })] });
    expect([decided.outcome, decided.alert]).toEqual(['HOLD', false]);
    expect(decideWith({ limitHits: [aLimitHit({ outcome: 'BLOCK', byLaw: true })] }).alert).toBe(true);
  });

  it('holds for the hours of the policy, or for the delay that a limit names', () => {
    const { occurredAtMs } = aTransaction();
    expect(decideWith({ hits: [aHit({ outcome: 'HOLD' })] }).hold).toEqual({ untilMs: occurredAtMs + 86_400_000 });
    const limitHits = [aLimitHit({ outcome: 'HOLD', holdMs: 3_600_000 })];
    expect(decideWith({ limitHits }).hold).toEqual({ untilMs: occurredAtMs + 3_600_000 });
  });

  it('reminds where a limit only reminds, without score and reasons', () => {
    const decided = decideWith({ limitHits: [aLimitHit({ outcome: 'ALLOW', reminder: true })] });
    expect(decided).toMatchObject({ outcome: 'ALLOW', riskScore: 0, reasons: [] });
    expect(decided.reminders.map((reason) => reason.code)).toEqual(['LIMIT_DAY']);
  });

  it('counts a limit whose counter could not be read, once', () => {
    const unread = aLimitHit({ exceeded: false, unread: true });
    expect(decideWith({ limitHits: [unread, unread] }).riskScore).toBe(150);
    const strict = { ...POLICY, limits: { ...POLICY.limits, unreadOutcome: 'CHALLENGE' as const } };
    expect(decideWith({ limitHits: [unread], policy: strict }).outcome).toBe('CHALLENGE');
  });

  it("falls to the channel's own static limit at level L3", () => {
    const of = (amountMinor: number, currency = 'CNY') =>
      decideWith({ level: 'L3', transaction: aTransaction({ amountMinor, currency, authentication: [] }) });
    expect(of(1_000).outcome).toBe('ALLOW');
    expect(of(1_001).outcome).toBe('CHALLENGE');
    expect(codes(of(1_001))).toEqual(['STATIC_LIMIT']);
    expect(of(1, 'USD').outcome).toBe('CHALLENGE');
  });
});

describe('a challenge', () => {
  const challenged = (changes: Parameters<typeof aTransaction>[0], more: Partial<DecideInput> = {}) =>
    decideWith({ hits: [aHit({ outcome: 'CHALLENGE' })], transaction: aTransaction(changes), ...more });

  it("offers the channel's methods in its order, as many as the policy says", () => {
    expect(challenged({ authentication: [] }).challenge).toEqual({ methods: ['APP_PUSH', 'FACE'] });
  });

  it('leaves out what this customer has already used', () => {
    expect(challenged({ authentication: ['APP_PUSH'] }).challenge).toEqual({ methods: ['FACE', 'SMS_OTP'] });
  });

  it('never offers a phone call to a customer who cannot hear, or a text to one who cannot see', () => {
    const deaf = challenged({ authentication: ['APP_PUSH', 'FACE'], accessibility: ['HEARING'] });
    expect(deaf.challenge).toEqual({ methods: ['SMS_OTP'] });
    const blind = challenged({ authentication: ['APP_PUSH'], accessibility: ['SIGHT'] });
    expect(blind.challenge).toEqual({ methods: ['VOICE_CALL'] });
  });

  it('becomes a HOLD when no method is left, and says so', () => {
    const none = challenged({ authentication: ['APP_PUSH'], accessibility: ['SIGHT', 'HEARING'] });
    expect(none.outcome).toBe('HOLD');
    expect(none.challenge).toBeUndefined();
    expect(none.hold).toBeDefined();
    expect(codes(none)).toContain('NO_USABLE_CHALLENGE');
    const noMethods = { channel: { ...CHANNEL, challengeMethods: [] } };
    expect(challenged({ authentication: [] }, noMethods).outcome).toBe('HOLD');
  });
});

describe('lists in a decision', () => {
  const match = (changes: Partial<ListMatch>): ListMatch => ({
    list: 'some_list',
    kind: 'deny',
    entity: 'customer',
    entry: {
      id: 'C1',
      entity: 'customer',
      expiresAtMs: null,
      source: 's',
      reason: 'r',
      person: 'p',
    } as unknown as ListMatch['entry'],
    outcome: null,
    reason: null,
    byLaw: false,
    ...changes,
  });
  const effects = (some: Partial<ListEffects>): ListEffects => ({ ...NO_LIST_EFFECTS, ...some });

  it('allow opens what rules ask for, and nothing that a limit or the law asks for', () => {
    const allow = effects({ allow: [match({ kind: 'allow' })] });
    const hits = [aHit({ score: 800, outcome: 'HOLD' })];
    expect(decideWith({ hits, listEffects: allow }).outcome).toBe('ALLOW');
    const limitHits = [aLimitHit({ outcome: 'BLOCK', byLaw: true })];
    expect(decideWith({ hits, limitHits, listEffects: allow }).outcome).toBe('BLOCK');
  });

  it('suppress silences the alert and never the outcome, and never a BLOCK by law', () => {
    const suppress = effects({ suppress: [match({ kind: 'suppress' })] });
    const quiet = decideWith({ hits: [aHit({ score: 700 })], listEffects: suppress });
    expect([quiet.outcome, quiet.alert]).toEqual(['HOLD', false]);
    const limitHits = [aLimitHit({ outcome: 'BLOCK', byLaw: true })];
    expect(decideWith({ limitHits, listEffects: suppress }).alert).toBe(true);
  });

  it('deny blocks with its reason before all others', () => {
    const deny = effects({ deny: [match({ outcome: 'BLOCK', reason: 'OTHER' })] });
    const decided = decideWith({ hits: [aHit()], listEffects: deny });
    expect(decided.outcome).toBe('BLOCK');
    expect(codes(decided)).toEqual(['OTHER', 'VEL_COUNT_10M']);
  });
});
