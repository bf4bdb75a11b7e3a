/**
 * What the tests of rules have exercised: which rules were seen to hit and to stay silent, which of the single conditions
 * inside their `when` were seen to come out true and false, and which limits were seen exceeded.
 */
import type { LimitHit } from '../../domain/decision.ts';
import type { Facts } from '../../domain/facts.ts';
import { type ConditionProbe, conditionProbes } from '../condition-probes.ts';
import { createFactLayout, type FactLayout, loadFacts, planLoad } from '../expression/frame.ts';
import type { Vocabulary } from '../expression/vocabulary.ts';
import type { Rule } from '../rule.ts';
import type { Ruleset } from '../ruleset.ts';

interface Probe extends ConditionProbe {
  seenTrue: boolean;
  seenFalse: boolean;
}

interface CoveredRule {
  readonly rule: Rule;
  readonly probes: readonly Probe[];
  hit: boolean;
  silent: boolean;
}

export interface CoverageReport {
  readonly rules: number;
  readonly hit: number;
  readonly silent: number;
  readonly branches: number;
  readonly branchesSeen: number;
  readonly limits: number;
  readonly limitsExceeded: number;
  /** "transfer-burst-10m: never hit", "…: never false: tx.type == "TRANSFER"" */
  readonly missing: readonly string[];
}

export interface Coverage {
  record(facts: Facts, limits: readonly LimitHit[]): void;
  report(): CoverageReport;
}

const probesOf = (rule: Rule, vocabulary: Vocabulary, layout: FactLayout): readonly Probe[] =>
  conditionProbes(rule, vocabulary, layout).map((probe) => ({ ...probe, seenTrue: false, seenFalse: false }));

function* missingOf({ rule, probes, hit, silent }: CoveredRule): Generator<string> {
  if (!hit) yield `${rule.id}: never hit`;
  if (!silent) yield `${rule.id}: never silent`;
  for (const probe of probes) {
    if (!probe.seenTrue) yield `${rule.id}: never true: ${probe.text}`;
    if (!probe.seenFalse) yield `${rule.id}: never false: ${probe.text}`;
  }
}

export function createCoverage(ruleset: Ruleset, limitIds: readonly string[]): Coverage {
  const unexceeded = new Set(limitIds);
  const layout = createFactLayout();
  const rules = new Map(
    ruleset.rules
      .filter((rule) => rule.mode !== 'off')
      .map((rule): [string, CoveredRule] => {
        const probes = probesOf(rule, ruleset.vocabulary, layout);
        return [rule.id, { rule, probes, hit: false, silent: false }];
      }),
  );
  const frame = layout.newFrame();
  const load = planLoad(layout.terms);
  const all = (): readonly CoveredRule[] => [...rules.values()];
  return {
    record(facts, limits) {
      for (const { limitId, exceeded } of limits) if (exceeded) unexceeded.delete(limitId);
      loadFacts(frame, load, facts);
      for (const { rule, status } of ruleset.trace(facts)) {
        const covered = rules.get(rule.id);
        if (covered === undefined || (status !== 'hit' && status !== 'miss')) continue;
        if (status === 'hit') covered.hit = true;
        else covered.silent = true;
        for (const probe of covered.probes) {
          const verdict = probe.expression.evaluate(frame);
          if (verdict === true) probe.seenTrue = true;
          if (verdict === false) probe.seenFalse = true;
        }
      }
    },
    report() {
      const probes = all().flatMap((covered) => covered.probes);
      return {
        rules: rules.size,
        hit: all().filter((covered) => covered.hit).length,
        silent: all().filter((covered) => covered.silent).length,
        branches: probes.length * 2,
        branchesSeen: probes.reduce((sum, probe) => sum + Number(probe.seenTrue) + Number(probe.seenFalse), 0),
        limits: limitIds.length,
        limitsExceeded: limitIds.length - unexceeded.size,
        missing: [
          ...all().flatMap((covered) => [...missingOf(covered)]),
          ...[...unexceeded].map((id) => `limit ${id}: never exceeded`),
        ],
      };
    },
  };
}
