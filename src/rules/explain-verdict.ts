/**
 * How a decision came about: what gave points, what asked for which outcome, which entries of lists took part. Told from the
 * kept decision and the configuration that made it; `decide` is what decides, and a test holds the two together: the points
 * add up to the risk score, and the strictest of what was asked for is the outcome. Pure.
 */
import type { ChannelDefinition } from '../domain/channel-catalogue.ts';
import type { Decision, Outcome } from '../domain/decision.ts';
import type { EntityKind } from '../domain/feature.ts';
import { formatRfc3339 } from '../domain/time.ts';
import type { Transaction } from '../domain/transaction.ts';
import { isUnread, probability, staticOutcomeOf } from './decide.ts';
import type { ListKind } from './lists/list-definition.ts';
import type { ListEffects } from './lists/list-effects.ts';
import { bandOf, type DecisionPolicy, outcomeOfScore } from './policy.ts';

export interface ScorePart {
  readonly from: 'level' | 'rule' | 'limit' | 'unread-limits' | 'model';
  /** the rule, the limit, the version of the model, the level */
  readonly id: string;
  readonly points: number;
}

export interface OutcomeRequest {
  readonly from: 'score' | 'rule' | 'limit' | 'unread-limits' | 'list' | 'static-limit' | 'no-usable-challenge';
  readonly id: string;
  readonly outcome: Outcome;
  /** an allow list has taken it back */
  readonly takenBack?: true;
}

export interface ListPart {
  readonly list: string;
  readonly kind: ListKind;
  readonly entity: EntityKind;
  readonly id: string;
  readonly source: string;
  readonly reason: string;
  readonly person: string;
  /** RFC 3339; null = for ever */
  readonly expires: string | null;
}

export interface VerdictExplanation {
  /** together the risk score, which ends at 1000 */
  readonly score: readonly ScorePart[];
  /** everything that asked for more than ALLOW; the strictest is the outcome */
  readonly asked: readonly OutcomeRequest[];
  readonly lists: readonly ListPart[];
}

export interface VerdictInput {
  readonly decision: Pick<Decision, 'outcome' | 'riskScore' | 'hits' | 'limits' | 'model' | 'level' | 'reasons'>;
  readonly transaction: Transaction;
  readonly listEffects: ListEffects;
  readonly channel: ChannelDefinition;
  readonly policy: DecisionPolicy;
}

export function explainVerdict(input: VerdictInput): VerdictExplanation {
  return {
    score: [...scoreParts(input)].filter(({ points }) => points > 0),
    asked: [...requests(input)].filter(({ outcome }) => outcome !== 'ALLOW'),
    lists: Object.values(input.listEffects).flatMap((matches) =>
      matches.map(({ list, kind, entity, entry }): ListPart => {
        const { id, source, reason, person, expiresMs } = entry;
        const expires = expiresMs === null ? null : formatRfc3339(expiresMs);
        return { list, kind, entity, id, source, reason, person, expires };
      }),
    ),
  };
}

const liveHits = ({ decision }: VerdictInput) => decision.hits.filter(({ mode }) => mode === 'live');
const exceededLimits = ({ decision }: VerdictInput) =>
  decision.limits.filter(({ exceeded, outcome }) => exceeded && outcome !== 'ALLOW');

function* scoreParts(input: VerdictInput): Generator<ScorePart> {
  const { decision, policy } = input;
  yield { from: 'level', id: decision.level, points: policy.levelScore[decision.level] };
  for (const { ruleId, status, score } of liveHits(input))
    yield { from: 'rule', id: ruleId, points: status === 'errored' ? policy.errored.score : score };
  for (const { limitId } of exceededLimits(input))
    yield { from: 'limit', id: limitId, points: policy.limits.exceededScore };
  const unread = decision.limits.filter(isUnread).map(({ limitId }) => limitId);
  if (unread.length > 0) yield { from: 'unread-limits', id: unread.join(', '), points: policy.limits.unreadScore };
  if (decision.model !== undefined) {
    const { version, score } = decision.model;
    yield { from: 'model', id: version, points: Math.round(probability(score) * policy.model.weight) };
  }
}

function* requests(input: VerdictInput): Generator<OutcomeRequest> {
  const { decision, transaction, policy, channel, listEffects } = input;
  const { allow, deny, mule, force } = listEffects;
  const mayBeTaken = allow.length > 0 ? ({ takenBack: true } as const) : {};
  const band = bandOf(policy.bandsOf(channel.code), transaction.amountMinor, transaction.currency);
  const ofScore = outcomeOfScore(band, decision.riskScore);
  yield { from: 'score', id: String(decision.riskScore), outcome: ofScore, ...mayBeTaken };
  for (const { ruleId, status, outcome } of liveHits(input)) {
    const asked = status === 'errored' ? policy.errored.outcome : outcome;
    yield { from: 'rule', id: ruleId, outcome: asked, ...mayBeTaken };
  }
  const unread = decision.limits.filter(isUnread).map(({ limitId }) => limitId);
  if (unread.length > 0)
    yield { from: 'unread-limits', id: unread.join(', '), outcome: policy.limits.unreadOutcome, ...mayBeTaken };
  const ofChannel = staticOutcomeOf(decision.level, transaction, channel);
  yield { from: 'static-limit', id: channel.code, outcome: ofChannel, ...mayBeTaken };
  for (const { limitId, outcome } of exceededLimits(input)) yield { from: 'limit', id: limitId, outcome };
  for (const { list, outcome } of [...deny, ...mule, ...force]) {
    if (outcome !== null) yield { from: 'list', id: list, outcome };
  }
  if (decision.reasons.some(({ code }) => code === 'NO_USABLE_CHALLENGE'))
    yield { from: 'no-usable-challenge', id: channel.code, outcome: decision.outcome };
}
