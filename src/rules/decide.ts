/**
 * The decision: rule hits, limits, lists and the model's probability become one outcome, one score, reasons and the way to
 * step up. Pure. Priority BLOCK > HOLD > CHALLENGE > ALLOW: the strictest of what is asked for, never an average.
 *
 *   score    = rules that hit + errored rules + exceeded limits + model share + level, at most 1000
 *   outcome  = strictest of: band of the score, live hits' own outcomes, the errored floor, exceeded limits; then lists
 *
 * Shadow hits take no part in anything. A challenge that this customer cannot pass is no challenge: methods that a need
 * for accessibility rules out, or that were used already, are left out; when none is left, the money waits (HOLD).
 */
import type { ChallengeMethod, ChannelDefinition } from '../domain/channel-catalogue.ts';
import {
  type Level,
  type LimitHit,
  type Outcome,
  type Reason,
  type RuleHit,
  worseOutcome,
} from '../domain/decision.ts';
import type { Transaction } from '../domain/transaction.ts';
import { applyListEffects, type ListEffects, NO_LIST_EFFECTS } from './lists/list-effects.ts';
import { bandOf, type DecisionPolicy, outcomeOfScore } from './policy.ts';
import { type ReasonDictionary, reasonOf } from './reasons.ts';

export interface DecideInput {
  readonly transaction: Transaction;
  readonly hits: readonly RuleHit[];
  readonly limitHits: readonly LimitHit[];
  readonly listEffects?: ListEffects;
  /** calibrated probability of fraud, null without a model */
  readonly modelScore: number | null;
  readonly level: Level;
  readonly channel: ChannelDefinition;
  readonly methods: ReadonlyMap<string, ChallengeMethod>;
  readonly policy: DecisionPolicy;
  readonly reasons: ReasonDictionary;
}

export interface Decided {
  readonly outcome: Outcome;
  /** integer 0…1000 */
  readonly riskScore: number;
  readonly alert: boolean;
  readonly reasons: readonly Reason[];
  readonly reminders: readonly Reason[];
  readonly challenge?: { readonly methods: readonly string[] };
  readonly hold?: { readonly untilMs: number };
}

const MAX_SCORE = 1000;
const HOUR_MS = 3_600_000;

/** A probability that is no number is a broken model: it counts as certain fraud, never as none. */
export const probability = (score: number): number => (Number.isFinite(score) ? Math.min(1, Math.max(0, score)) : 1);

function scoreOf(input: DecideInput, live: readonly RuleHit[], exceeded: readonly LimitHit[]): number {
  const { policy, modelScore } = input;
  let score = policy.levelScore[input.level];
  for (const hit of live) score += hit.status === 'errored' ? policy.errored.score : hit.score;
  score += exceeded.length * policy.limits.exceededScore;
  if (input.limitHits.some(isUnread)) score += policy.limits.unreadScore;
  if (modelScore !== null) score += Math.round(probability(modelScore) * policy.model.weight);
  return Math.min(MAX_SCORE, score);
}

function askedFor(input: DecideInput, score: number, live: readonly RuleHit[]): Outcome {
  const { policy, transaction, channel } = input;
  const band = bandOf(policy.bandsOf(channel.code), transaction.amountMinor, transaction.currency);
  let outcome = outcomeOfScore(band, score);
  for (const hit of live)
    outcome = worseOutcome(outcome, hit.status === 'errored' ? policy.errored.outcome : hit.outcome);
  if (input.limitHits.some(isUnread)) outcome = worseOutcome(outcome, policy.limits.unreadOutcome);
  return worseOutcome(outcome, staticOutcome(input));
}

export const isUnread = (limit: Pick<LimitHit, 'unread' | 'reminder'>): boolean =>
  limit.unread === true && limit.reminder !== true;

/** Level L3: nothing could be looked at, the channel's own static limit decides. */
export function staticOutcomeOf(
  level: Level,
  transaction: Pick<Transaction, 'amountMinor' | 'currency'>,
  channel: ChannelDefinition,
): Outcome {
  if (level !== 'L3' || transaction.amountMinor === undefined) return 'ALLOW';
  const limit = channel.staticLimitMinor[transaction.currency ?? '*'] ?? channel.staticLimitMinor['*'] ?? 0;
  return transaction.amountMinor <= limit ? 'ALLOW' : channel.fallbackOutcome;
}

const staticOutcome = ({ level, transaction, channel }: DecideInput): Outcome =>
  staticOutcomeOf(level, transaction, channel);

// ── challenge ────────────────────────────────────────────────────────────────────────────────────────────────────────

/** In the channel's order of preference. */
export function usableMethods(input: Pick<DecideInput, 'transaction' | 'channel' | 'methods'>): readonly string[] {
  const { accessibility, authentication } = input.transaction;
  return input.channel.challengeMethods.filter((code) => {
    const method = input.methods.get(code);
    if (method === undefined || authentication.includes(code)) return false;
    return !method.unusableFor.some((need) => accessibility.includes(need));
  });
}

/** Settle later, confirm at a counter. Never BLOCK: a higher score, which holds, would then be milder than a lower one. */
const WITHOUT_METHOD: Outcome = 'HOLD';

interface Passable {
  readonly outcome: Outcome;
  readonly methods: readonly string[];
  readonly withoutMethod: boolean;
}

function passable(outcome: Outcome, input: DecideInput): Passable {
  if (outcome !== 'CHALLENGE') return { outcome, methods: [], withoutMethod: false };
  const methods = usableMethods(input).slice(0, input.policy.challenge.maxMethods);
  if (methods.length > 0) return { outcome, methods, withoutMethod: false };
  return { outcome: WITHOUT_METHOD, methods, withoutMethod: true };
}

// ── reasons ──────────────────────────────────────────────────────────────────────────────────────────────────────────

const SEVERITY_RANK = { low: 0, medium: 1, high: 2, critical: 3 } as const;

/** The gravest first, then the higher score; equals keep the order of the rules. */
const byWeight = (a: RuleHit, b: RuleHit): number =>
  SEVERITY_RANK[b.severity] - SEVERITY_RANK[a.severity] || b.score - a.score;

function* reasonCodes(input: DecideInput, live: readonly RuleHit[], listReasons: readonly string[]): Generator<string> {
  yield* listReasons;
  for (const limit of input.limitHits) if (limit.exceeded && limit.outcome !== 'ALLOW') yield limit.reason;
  for (const hit of live.filter(({ status }) => status === 'hit').toSorted(byWeight)) yield hit.reason;
  if (live.some((hit) => hit.status === 'errored')) yield 'RULE_NOT_EVALUATED';
  const { modelScore, policy } = input;
  if (modelScore !== null && probability(modelScore) * 1000 >= policy.model.reasonFrom) yield 'MODEL_SCORE';
  if (staticOutcome(input) !== 'ALLOW') yield 'STATIC_LIMIT';
}

const toReasons = (codes: Iterable<string>, dictionary: ReasonDictionary): readonly Reason[] =>
  [...new Set(codes)].map((code) => reasonOf(dictionary, code));

const reminderCodes = (limits: readonly LimitHit[]): readonly string[] =>
  limits.filter((limit) => limit.exceeded && limit.reminder === true).map((limit) => limit.reason);

// ── decide ───────────────────────────────────────────────────────────────────────────────────────────────────────────

const strictest = (limits: readonly LimitHit[]): Outcome =>
  limits.reduce<Outcome>((worst, limit) => worseOutcome(worst, limit.outcome), 'ALLOW');

/** A limit may name its own delay (24 hours by law at an ATM); the longest holds. */
function holdMs(policy: DecisionPolicy, exceeded: readonly LimitHit[]): number {
  const delays = exceeded.flatMap((limit) =>
    limit.outcome === 'HOLD' && limit.holdMs !== undefined ? [limit.holdMs] : [],
  );
  return delays.length > 0 ? Math.max(...delays) : policy.hold.hours * HOUR_MS;
}

export function decide(input: DecideInput): Decided {
  const { policy, reasons: dictionary } = input;
  const live = input.hits.filter((hit) => hit.mode === 'live');
  const exceeded = input.limitHits.filter((limit) => limit.exceeded && limit.outcome !== 'ALLOW');
  const riskScore = scoreOf(input, live, exceeded);
  const asked = askedFor(input, riskScore, live);
  const limitOutcome = strictest(exceeded);
  const draft = {
    outcome: asked,
    limitOutcome,
    lawOutcome: strictest(exceeded.filter((limit) => limit.byLaw === true)),
    // a limit alone is no suspicion: the 24-hour delay by law would fill the queue with every transfer at a machine
    alert: riskScore >= policy.alert.fromScore || policy.alert.outcomes.has(asked),
  };
  const listed = applyListEffects(input.listEffects ?? NO_LIST_EFFECTS, draft);
  const { outcome, methods, withoutMethod } = passable(listed.outcome, input);
  const codes = [...reasonCodes(input, live, listed.reasons), ...(withoutMethod ? ['NO_USABLE_CHALLENGE'] : [])];
  return {
    outcome,
    riskScore,
    alert: listed.alert,
    reasons: toReasons(codes, dictionary),
    reminders: toReasons(reminderCodes(input.limitHits), dictionary),
    ...(outcome === 'CHALLENGE' ? { challenge: { methods } } : {}),
    ...(outcome === 'HOLD' ? { hold: { untilMs: input.transaction.occurredAtMs + holdMs(policy, exceeded) } } : {}),
  };
}
