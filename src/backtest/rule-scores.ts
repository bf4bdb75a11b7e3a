/** What each rule and each limit of one configuration did, also those that never hit. */
import type { BilingualText, Outcome } from '../domain/decision.ts';
import type { LimitSet } from '../rules/limits/limit-set.ts';
import type { RuleLifecycle } from '../rules/rule.ts';
import type { Ruleset } from '../rules/ruleset.ts';
import { isLiveHit, type Observation } from './observation.ts';
import { ratio, sorted } from './tally.ts';

export interface RuleScore {
  readonly ruleId: string;
  readonly title: BilingualText;
  readonly mode: RuleLifecycle;
  readonly outcome: Outcome;
  readonly hits: number;
  readonly errored: number;
  /** hits on transactions labelled FRAUD */
  readonly frauds: number;
  /** frauds among the hits; null without labels or hits */
  readonly precision: number | null;
  /** hits of a live rule on which no other live rule hit, and the frauds among them: what is lost without it */
  readonly onlyHits: number;
  readonly onlyFrauds: number;
}

export interface LimitScore {
  readonly exceeded: number;
  readonly frauds: number;
}

export interface RuleScores {
  add(observation: Observation): void;
  rules(isLabelled: boolean): readonly RuleScore[];
  limits(): Record<string, LimitScore>;
}

interface RuleCounts {
  hits: number;
  errored: number;
  frauds: number;
  onlyHits: number;
  onlyFrauds: number;
}

const newCounts = (): RuleCounts => ({ hits: 0, errored: 0, frauds: 0, onlyHits: 0, onlyFrauds: 0 });

export function createRuleScores(ruleset: Pick<Ruleset, 'rules'>, limits: Pick<LimitSet, 'limits'>): RuleScores {
  const counts = new Map(ruleset.rules.map((rule) => [rule.id, newCounts()]));
  const exceeded = new Map(limits.limits.map((limit) => [limit.id, { exceeded: 0, frauds: 0 }]));
  return {
    add({ decision, truth }) {
      const live = decision.hits.filter(isLiveHit).length;
      for (const hit of decision.hits) {
        const rule = counts.get(hit.ruleId);
        if (rule === undefined) continue;
        if (hit.status === 'errored') rule.errored++;
        else countHit(rule, truth.isFraud, hit.mode === 'live' && live === 1);
      }
      for (const hit of decision.limits) {
        const limit = exceeded.get(hit.limitId);
        if (limit === undefined || !hit.exceeded) continue;
        limit.exceeded++;
        if (truth.isFraud) limit.frauds++;
      }
    },
    rules: (isLabelled) =>
      ruleset.rules.map(({ id, title, mode, outcome }) => {
        const own = counts.get(id) ?? newCounts();
        const precision = isLabelled ? ratio(own.frauds, own.hits) : null;
        return { ruleId: id, title, mode, outcome, ...own, precision };
      }),
    limits: () => sorted(exceeded),
  };
}

function countHit(rule: RuleCounts, isFraud: boolean, isOnly: boolean): void {
  rule.hits++;
  if (isFraud) rule.frauds++;
  if (!isOnly) return;
  rule.onlyHits++;
  if (isFraud) rule.onlyFrauds++;
}
