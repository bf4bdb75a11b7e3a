/**
 * What rules in shadow would have done: for each of them alone, as if it had been live. Shadow rules change nothing, so
 * each decision is decided again with that one hit promoted, and compared with what the same policy and lists say without
 * it: a policy that was changed since the decision is no merit of the rule.
 */
import { type Decision, type Outcome, outcomeRank, type RuleHit } from '../domain/decision.ts';

export interface ShadowObservation {
  readonly decision: Decision;
  /** one policy and one state of the lists, with other hits */
  readonly decideWith: (hits: readonly RuleHit[]) => { readonly outcome: Outcome; readonly alert: boolean };
  /** undefined = no label yet */
  readonly isFraud?: boolean | undefined;
}

export interface ShadowRuleReport {
  readonly ruleId: string;
  readonly hits: number;
  readonly errored: number;
  /** alerts that exist only because of this rule */
  readonly newAlerts: number;
  readonly newAlertsPerDay: number;
  readonly analystHoursPerDay: number;
  /** decisions that would have become stricter, by what they would have become */
  readonly stricter: Readonly<Record<Outcome, number>>;
  /** money of decisions that would newly have been held or blocked, in minor units by currency */
  readonly heldMinor: Readonly<Record<string, number>>;
  /** hits on which no live rule hit */
  readonly alone: number;
  /** live rules that hit the same transactions, the most frequent first */
  readonly overlap: readonly { readonly ruleId: string; readonly hits: number }[];
  readonly labelled: number;
  /** share of frauds among its labelled hits; null before the first label */
  readonly precision: number | null;
  /** labelled frauds that had passed without an alert */
  readonly newFrauds: number;
}

export interface ShadowReport {
  readonly days: number;
  readonly rules: readonly ShadowRuleReport[];
}

export interface ShadowRecorder {
  record(observation: ShadowObservation): void;
  /** `days`: working days of the decisions, by which what counts "a day" is divided */
  report(days: number): ShadowReport;
}

interface Tally {
  hits: number;
  errored: number;
  newAlerts: number;
  alone: number;
  labelled: number;
  frauds: number;
  newFrauds: number;
  readonly stricter: Record<Outcome, number>;
  readonly held: Map<string, number>;
  readonly overlap: Map<string, number>;
}

/** A first look at an alert; the figure that fraud desks plan with lies between 10 and 20 minutes. */
const DEFAULT_MINUTES_PER_ALERT = 15;

const newTally = (): Tally => ({
  hits: 0,
  errored: 0,
  newAlerts: 0,
  alone: 0,
  labelled: 0,
  frauds: 0,
  newFrauds: 0,
  stricter: { ALLOW: 0, CHALLENGE: 0, HOLD: 0, BLOCK: 0 },
  held: new Map(),
  overlap: new Map(),
});

const raise = (counts: Map<string, number>, key: string, by: number): void => {
  counts.set(key, (counts.get(key) ?? 0) + by);
};

const keepsMoney = (outcome: Outcome): boolean => outcome === 'HOLD' || outcome === 'BLOCK';

function countMoney(tally: Tally, { evidence }: Decision): void {
  const amount = Number(evidence?.transaction.amountMinor ?? 0);
  const currency = evidence?.transaction.currency;
  if (Number.isFinite(amount) && typeof currency === 'string') raise(tally.held, currency, amount);
}

function countHit(tally: Tally, ruleId: string, { decision, decideWith, isFraud }: ShadowObservation): void {
  const promoted = decision.hits.map((hit): RuleHit => (hit.ruleId === ruleId ? { ...hit, mode: 'live' } : hit));
  const [is, wouldBe] = [decideWith(decision.hits), decideWith(promoted)];
  const isNewAlert = wouldBe.alert && !is.alert;
  tally.hits++;
  if (isNewAlert) tally.newAlerts++;
  if (outcomeRank(wouldBe.outcome) > outcomeRank(is.outcome)) tally.stricter[wouldBe.outcome]++;
  if (keepsMoney(wouldBe.outcome) && !keepsMoney(is.outcome)) countMoney(tally, decision);
  const live = decision.hits.filter((hit) => hit.mode === 'live' && hit.status === 'hit');
  if (live.length === 0) tally.alone++;
  for (const hit of live) raise(tally.overlap, hit.ruleId, 1);
  if (isFraud === undefined) return;
  tally.labelled++;
  if (!isFraud) return;
  tally.frauds++;
  if (isNewAlert) tally.newFrauds++;
}

function ruleReport(ruleId: string, tally: Tally, days: number, minutesPerAlert: number): ShadowRuleReport {
  const { hits, errored, newAlerts, alone, labelled, newFrauds } = tally;
  const newAlertsPerDay = newAlerts / days;
  const overlap = [...tally.overlap].map(([id, count]) => ({ ruleId: id, hits: count }));
  return {
    ruleId,
    hits,
    errored,
    newAlerts,
    newAlertsPerDay,
    analystHoursPerDay: (newAlertsPerDay * minutesPerAlert) / 60,
    stricter: { ...tally.stricter },
    heldMinor: Object.fromEntries(tally.held),
    alone,
    overlap: overlap.toSorted((a, b) => b.hits - a.hits || (a.ruleId < b.ruleId ? -1 : 1)),
    labelled,
    precision: labelled === 0 ? null : tally.frauds / labelled,
    newFrauds,
  };
}

export function createShadowRecorder(options: { readonly minutesPerAlert?: number } = {}): ShadowRecorder {
  const minutesPerAlert = options.minutesPerAlert ?? DEFAULT_MINUTES_PER_ALERT;
  const tallies = new Map<string, Tally>();

  const tallyOf = (ruleId: string): Tally => {
    const tally = tallies.get(ruleId) ?? newTally();
    tallies.set(ruleId, tally);
    return tally;
  };

  return {
    record(observation) {
      for (const hit of observation.decision.hits) {
        if (hit.mode !== 'shadow') continue;
        if (hit.status === 'errored') tallyOf(hit.ruleId).errored++;
        else countHit(tallyOf(hit.ruleId), hit.ruleId, observation);
      }
    },
    report(days) {
      const rules = [...tallies].map(([ruleId, tally]) => ruleReport(ruleId, tally, days, minutesPerAlert));
      return { days, rules: rules.toSorted((a, b) => b.hits - a.hits || (a.ruleId < b.ruleId ? -1 : 1)) };
    },
  };
}
