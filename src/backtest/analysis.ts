/**
 * What a risk owner asks of a run beyond the scorecard: work a day, customers disturbed, each channel, segment, scenario,
 * rule and limit, rules in shadow, and how the score ranks.
 */
import type { LoadedConfiguration } from '../composition/load-generation.ts';
import { listEffects } from '../rules/lists/list-effects.ts';
import { createShadowRecorder, type ShadowRuleReport } from '../rules/shadow-report.ts';
import { createDailySeries, type DayScore } from './daily-series.ts';
import { type CustomerScore, createDisturbedCustomers } from './disturbed-customers.ts';
import { createGroupScores, type GroupScore } from './group-scores.ts';
import type { Observation } from './observation.ts';
import { createRuleScores, type LimitScore, type RuleScore } from './rule-scores.ts';
import { type CurvePoint, createScoreCurve } from './score-curve.ts';

/** A first look at an alert; the figure that fraud desks plan with lies between 10 and 20 minutes. */
export const DEFAULT_MINUTES_PER_ALERT = 15;

export interface CurvePointPerDay extends CurvePoint {
  readonly flaggedPerDay: number;
}

export interface Analysis {
  /** working days of the history, see daily-series.ts */
  readonly days: number;
  readonly alertsPerDay: number;
  readonly minutesPerAlert: number;
  readonly analystHoursPerDay: number;
  readonly customers: CustomerScore;
  readonly channels: Readonly<Record<string, GroupScore>>;
  readonly segments: Readonly<Record<string, GroupScore>>;
  /** frauds whose label names a scenario */
  readonly scenarios: Readonly<Record<string, GroupScore>>;
  readonly rules: readonly RuleScore[];
  readonly limits: Readonly<Record<string, LimitScore>>;
  /** per rule in shadow that hit: what it alone would have done */
  readonly shadow: readonly ShadowRuleReport[];
  readonly curve: readonly CurvePointPerDay[];
  readonly daily: readonly DayScore[];
}

export interface Analyst {
  add(observation: Observation): void;
  readonly disturbed: ReadonlySet<string>;
  report(): Analysis;
}

export interface AnalystOptions {
  readonly configuration: Pick<LoadedConfiguration, 'ruleset' | 'limits' | 'lists' | 'generation'>;
  readonly isLabelled: boolean;
  readonly minutesPerAlert: number;
}

const NO_SEGMENT = '(none)';

export function createAnalyst({ configuration, isLabelled, minutesPerAlert }: AnalystOptions): Analyst {
  const daily = createDailySeries();
  const customers = createDisturbedCustomers();
  const [channels, segments, scenarios] = [createGroupScores(), createGroupScores(), createGroupScores()];
  const rules = createRuleScores(configuration.ruleset, configuration.limits);
  const curve = createScoreCurve();
  const shadow = createShadowRecorder({ minutesPerAlert });
  return {
    disturbed: customers.disturbed,
    add(observation) {
      const { decision, transaction, truth } = observation;
      daily.add(observation);
      customers.add(observation);
      channels.add(transaction.channel, observation);
      segments.add(transaction.customerSegment ?? NO_SEGMENT, observation);
      if (truth.isFraud && truth.scenario !== undefined) scenarios.add(truth.scenario, observation);
      rules.add(observation);
      curve.add(decision.riskScore, truth.isFraud);
      if (decision.hits.some(({ mode }) => mode === 'shadow')) {
        shadow.record({
          decision,
          isFraud: isLabelled ? truth.isFraud : undefined,
          decideWith: (hits) => decideAgain(configuration, observation, hits),
        });
      }
    },
    report() {
      const days = daily.workingDays();
      const hours = (alertsPerDay: number): number => (alertsPerDay * minutesPerAlert) / 60;
      const series = daily.days();
      const alertsPerDay = series.reduce((sum, { alerts }) => sum + alerts, 0) / days;
      return {
        days,
        alertsPerDay,
        minutesPerAlert,
        analystHoursPerDay: hours(alertsPerDay),
        customers: customers.report(),
        channels: channels.report(),
        segments: segments.report(),
        scenarios: scenarios.report(),
        rules: rules.rules(isLabelled),
        limits: rules.limits(),
        shadow: shadow.report(days).rules,
        curve: curve.points().map((point) => ({
          ...point,
          precision: isLabelled ? point.precision : null,
          flaggedPerDay: point.flagged / days,
        })),
        daily: series,
      };
    },
  };
}

function decideAgain(
  { generation, lists }: AnalystOptions['configuration'],
  { decision, transaction }: Observation,
  hits: Observation['decision']['hits'],
): { readonly outcome: Observation['decision']['outcome']; readonly alert: boolean } {
  return generation.decide({
    transaction,
    evaluation: { hits, limitHits: decision.limits, listEffects: listEffects(lists, transaction) },
    modelScore: decision.model?.score ?? null,
    level: decision.level,
  });
}
