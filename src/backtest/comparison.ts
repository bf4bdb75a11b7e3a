/**
 * Two configurations on the same history, decision by decision. "Here" is the configuration of the run, "against" the one
 * it is compared with: a new hit is one that only this configuration has, a lost hit one that only the other has.
 */
import { OUTCOMES, type Outcome, outcomeRank, type RuleHit } from '../domain/decision.ts';
import { noOutcomes } from './group-scores.ts';
import type { Observation } from './observation.ts';
import { createTally } from './tally.ts';

/** from the other configuration's outcome to this one's */
export type Transitions = Readonly<Record<Outcome, Readonly<Record<Outcome, number>>>>;

export interface Sample {
  readonly transactionId: string;
  readonly channel: string;
  readonly occurredAt: string | null;
  readonly type: string;
  readonly amountMinor?: number;
  readonly currency?: string;
  readonly isFraud: boolean;
  readonly outcome: Outcome;
  readonly outcomeAgainst: Outcome;
  /** what the rule read, where the sample is of a rule's hit */
  readonly values?: RuleHit['values'];
}

export interface RuleComparison {
  readonly ruleId: string;
  readonly hits: number;
  readonly hitsAgainst: number;
  readonly newHits: number;
  readonly newFrauds: number;
  readonly lostHits: number;
  readonly lostFrauds: number;
  /** the first ones of the history */
  readonly newSamples: readonly Sample[];
  readonly lostSamples: readonly Sample[];
}

export interface Comparison {
  /** transactions that both have decided */
  readonly compared: number;
  /** decided by one only: another list of channels, or another horizon of repeats */
  readonly onlyHere: number;
  readonly onlyAgainst: number;
  readonly changed: { readonly outcome: number; readonly alert: number; readonly riskScore: number };
  readonly transitions: { readonly all: Transitions; readonly fraud: Transitions; readonly genuine: Transitions };
  /** changed outcomes, the first ones of the history for each pair, as "ALLOW>HOLD" */
  readonly samples: Readonly<Record<string, readonly Sample[]>>;
  readonly alerts: { readonly new: number; readonly lost: number };
  /** minor units by currency; stopped = any outcome but ALLOW */
  readonly money: {
    readonly fraudNewlyStoppedMinor: Readonly<Record<string, number>>;
    readonly fraudNewlyMissedMinor: Readonly<Record<string, number>>;
    readonly genuineNewlyStoppedMinor: Readonly<Record<string, number>>;
    readonly genuineReleasedMinor: Readonly<Record<string, number>>;
  };
  /** genuine customers that only one of the two disturbs */
  readonly customers: { readonly newlyDisturbed: number; readonly noLongerDisturbed: number };
  readonly rules: readonly RuleComparison[];
}

export interface Comparer {
  both(here: Observation, against: Observation): void;
  one(side: 'here' | 'against'): void;
  report(disturbedHere: ReadonlySet<string>, disturbedAgainst: ReadonlySet<string>): Comparison;
}

const DEFAULT_SAMPLES = 5;

type Matrix = Record<Outcome, Record<Outcome, number>>;
const newMatrix = (): Matrix => Object.fromEntries(OUTCOMES.map((outcome) => [outcome, noOutcomes()])) as Matrix;

/** `maxSamples` bounds each list of samples. */
export function createComparer(maxSamples = DEFAULT_SAMPLES): Comparer {
  const transitions = { all: newMatrix(), fraud: newMatrix(), genuine: newMatrix() };
  const samples = new Map<string, Sample[]>();
  const changed = { outcome: 0, alert: 0, riskScore: 0 };
  const alerts = { new: 0, lost: 0 };
  const money = createMoneyChange();
  const rules = createRuleComparer(maxSamples);
  let [compared, onlyHere, onlyAgainst] = [0, 0, 0];
  return {
    both(here, against) {
      const [now, before] = [here.decision, against.decision];
      compared++;
      transitions.all[before.outcome][now.outcome]++;
      transitions[here.truth.isFraud ? 'fraud' : 'genuine'][before.outcome][now.outcome]++;
      if (now.riskScore !== before.riskScore) changed.riskScore++;
      if (now.alert !== before.alert) {
        changed.alert++;
        alerts[now.alert ? 'new' : 'lost']++;
      }
      if (now.outcome !== before.outcome) {
        changed.outcome++;
        money.add(here, before.outcome);
        keep(samples, `${before.outcome}>${now.outcome}`, () => sampleOf(here, against), maxSamples);
      }
      rules.add(here, against);
    },
    one(side) {
      if (side === 'here') onlyHere++;
      else onlyAgainst++;
    },
    report: (disturbedHere, disturbedAgainst) => ({
      compared,
      onlyHere,
      onlyAgainst,
      changed,
      transitions,
      samples: Object.fromEntries([...samples].sort(([a], [b]) => order(a) - order(b))),
      alerts,
      money: money.report(),
      customers: {
        newlyDisturbed: countMissing(disturbedHere, disturbedAgainst),
        noLongerDisturbed: countMissing(disturbedAgainst, disturbedHere),
      },
      rules: rules.report(),
    }),
  };
}

/** Milder to stricter, by the outcome before. */
const order = (pair: string): number => {
  const [before, now] = pair.split('>') as [Outcome, Outcome];
  return outcomeRank(before) * OUTCOMES.length + outcomeRank(now);
};

const countMissing = (from: ReadonlySet<string>, to: ReadonlySet<string>): number => {
  let count = 0;
  for (const id of from) if (!to.has(id)) count++;
  return count;
};

function keep(samples: Map<string, Sample[]>, name: string, make: () => Sample, maxSamples: number): void {
  const list = samples.get(name) ?? [];
  samples.set(name, list);
  if (list.length < maxSamples) list.push(make());
}

function sampleOf(here: Observation, against: Observation, values?: RuleHit['values']): Sample {
  const { transaction, decision, truth } = here;
  const { amountMinor, currency } = transaction;
  return {
    transactionId: transaction.transactionId,
    channel: transaction.channel,
    occurredAt: decision.occurredAt,
    type: transaction.type,
    ...(amountMinor === undefined || currency === undefined ? {} : { amountMinor, currency }),
    isFraud: truth.isFraud,
    outcome: decision.outcome,
    outcomeAgainst: against.decision.outcome,
    ...(values === undefined ? {} : { values }),
  };
}

function createMoneyChange() {
  const [stopped, missed, genuineStopped, released] = [createTally(), createTally(), createTally(), createTally()];
  return {
    /** for a transaction whose outcome has changed */
    add({ transaction, decision, truth }: Observation, before: Outcome): void {
      const { amountMinor, currency } = transaction;
      if (amountMinor === undefined || currency === undefined) return;
      if (before === 'ALLOW') (truth.isFraud ? stopped : genuineStopped).add(currency, amountMinor);
      else if (decision.outcome === 'ALLOW') (truth.isFraud ? missed : released).add(currency, amountMinor);
    },
    report: (): Comparison['money'] => ({
      fraudNewlyStoppedMinor: stopped.toObject(),
      fraudNewlyMissedMinor: missed.toObject(),
      genuineNewlyStoppedMinor: genuineStopped.toObject(),
      genuineReleasedMinor: released.toObject(),
    }),
  };
}

interface RuleChange {
  hits: number;
  hitsAgainst: number;
  newHits: number;
  newFrauds: number;
  lostHits: number;
  lostFrauds: number;
  readonly newSamples: Sample[];
  readonly lostSamples: Sample[];
}

const newRuleChange = (): RuleChange => ({
  hits: 0,
  hitsAgainst: 0,
  newHits: 0,
  newFrauds: 0,
  lostHits: 0,
  lostFrauds: 0,
  newSamples: [],
  lostSamples: [],
});

/** Live and shadow hits alike: what a condition says does not depend on the rule's mode. */
function createRuleComparer(maxSamples: number) {
  const changes = new Map<string, RuleChange>();
  const changeOf = (ruleId: string): RuleChange => {
    const change = changes.get(ruleId) ?? newRuleChange();
    changes.set(ruleId, change);
    return change;
  };
  const isHitOf = (hits: readonly RuleHit[], ruleId: string): boolean =>
    hits.some((hit) => hit.ruleId === ruleId && hit.status === 'hit');
  return {
    add(here: Observation, against: Observation): void {
      const { isFraud } = here.truth;
      for (const { ruleId, status, values } of here.decision.hits) {
        if (status !== 'hit') continue;
        const change = changeOf(ruleId);
        change.hits++;
        if (isHitOf(against.decision.hits, ruleId)) continue;
        change.newHits++;
        if (isFraud) change.newFrauds++;
        if (change.newSamples.length < maxSamples) change.newSamples.push(sampleOf(here, against, values));
      }
      for (const { ruleId, status, values } of against.decision.hits) {
        if (status !== 'hit') continue;
        const change = changeOf(ruleId);
        change.hitsAgainst++;
        if (isHitOf(here.decision.hits, ruleId)) continue;
        change.lostHits++;
        if (isFraud) change.lostFrauds++;
        if (change.lostSamples.length < maxSamples) change.lostSamples.push(sampleOf(here, against, values));
      }
    },
    report: (): readonly RuleComparison[] =>
      [...changes]
        .map(([ruleId, change]) => ({ ruleId, ...change }))
        .sort((a, b) => b.newHits + b.lostHits - (a.newHits + a.lostHits) || (a.ruleId < b.ruleId ? -1 : 1)),
  };
}
