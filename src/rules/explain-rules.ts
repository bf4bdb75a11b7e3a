/** Each rule step by step over one transaction: whether it applied, what it saw, and how each single condition came out. */
import type { RuleHit } from '../domain/decision.ts';
import type { Facts } from '../domain/facts.ts';
import { type ConditionProbe, conditionProbes } from './condition-probes.ts';
import { createFactLayout, loadFacts, planLoad } from './expression/frame.ts';
import type { Ruleset, RuleTrace } from './ruleset.ts';

export interface ConditionStep {
  readonly condition: string;
  readonly result: boolean | 'error';
  /** why it could not be evaluated */
  readonly error?: string;
}

export interface RuleExplanation {
  readonly ruleId: string;
  readonly title: { readonly en: string; readonly 'zh-CN': string };
  readonly mode: 'live' | 'shadow' | 'off';
  readonly when: string;
  readonly status: RuleTrace['status'];
  readonly score: number;
  readonly outcome: RuleHit['outcome'];
  readonly reason: string;
  readonly values: RuleHit['values'];
  /** empty for a rule that did not apply */
  readonly steps: readonly ConditionStep[];
  readonly error?: string;
}

export type ExplainRules = (facts: Facts) => readonly RuleExplanation[];

const explainers = new WeakMap<Ruleset, ExplainRules>();

/** Compiling every condition costs half a millisecond a rule: the function is made once for each ruleset. */
export function explainerOf(ruleset: Ruleset): ExplainRules {
  const known = explainers.get(ruleset) ?? createRuleExplainer(ruleset);
  explainers.set(ruleset, known);
  return known;
}

function createRuleExplainer(ruleset: Ruleset): ExplainRules {
  const layout = createFactLayout();
  const probes = new Map<string, readonly ConditionProbe[]>(
    ruleset.rules.map((rule) => [rule.id, conditionProbes(rule, ruleset.vocabulary, layout)]),
  );
  const frame = layout.newFrame();
  const load = planLoad(layout.terms);

  const stepOf = ({ text, expression }: ConditionProbe): ConditionStep => {
    const result = expression.evaluate(frame);
    return result === undefined
      ? { condition: text, result: 'error', error: frame.fault }
      : { condition: text, result };
  };

  return (facts) => {
    const traces = ruleset.trace(facts);
    loadFacts(frame, load, facts);
    return traces.map(({ rule, status, values, error }): RuleExplanation => {
      const applied = status === 'hit' || status === 'miss' || status === 'errored';
      return {
        ruleId: rule.id,
        title: rule.title,
        mode: rule.mode,
        when: rule.when,
        status,
        score: rule.score,
        outcome: rule.outcome,
        reason: rule.reason,
        values,
        steps: applied ? (probes.get(rule.id) ?? []).map(stepOf) : [],
        ...(error === undefined ? {} : { error }),
      };
    });
  };
}
