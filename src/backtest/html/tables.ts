/** The tables of the report. */

import { OUTCOMES, type Outcome, outcomeRank } from '../../domain/decision.ts';
import type { Comparison, Sample, Transitions } from '../comparison.ts';
import { money, NOTHING, percent, signed, whole, wholeMoney } from '../format.ts';
import type { GroupScore } from '../group-scores.ts';
import type { BacktestReport, StackReport } from '../run-backtest.ts';
import { type Cell, type Column, html, type Markup, table } from './markup.ts';

const text = (title: string): Column => ({ title });
const number = (title: string): Column => ({ title, isNumber: true });

function transitionTable(title: string, transitions: Transitions): Markup {
  const cell = (before: Outcome, now: Outcome): Markup => {
    const count = transitions[before][now];
    const change = outcomeRank(now) - outcomeRank(before);
    const name = count === 0 || change === 0 ? 'same' : change > 0 ? 'stricter' : 'milder';
    return html`<span class="${name}">${count === 0 ? '·' : whole(count)}</span>`;
  };
  const rows = OUTCOMES.map((before): Cell[] => [before, ...OUTCOMES.map((now) => cell(before, now))]);
  return html`<div><h3>${title}</h3>${table([text('was'), ...OUTCOMES.map((now) => number(now))], rows)}</div>`;
}

export function transitionTables({ transitions }: Comparison, isLabelled: boolean): Markup {
  return html`<div class="columns">${transitionTable('All transactions', transitions.all)}${
    isLabelled &&
    html`${transitionTable('Labelled as fraud', transitions.fraud)}${transitionTable('All others', transitions.genuine)}`
  }</div>`;
}

const SAMPLE_COLUMNS = [
  text('transaction'),
  text('channel, type'),
  text('when'),
  number('amount'),
  text('truth'),
  text('was → is'),
  text('values that were read'),
];

function sampleRow(sample: Sample, isLabelled: boolean): Cell[] {
  const { amountMinor, currency, values } = sample;
  return [
    html`<code>${sample.transactionId}</code>`,
    html`${sample.channel}<small>${sample.type}</small>`,
    sample.occurredAt ?? NOTHING,
    amountMinor === undefined || currency === undefined ? NOTHING : money(amountMinor, currency),
    isLabelled ? (sample.isFraud ? 'fraud' : 'genuine') : NOTHING,
    `${sample.outcomeAgainst} → ${sample.outcome}`,
    values === undefined
      ? NOTHING
      : html`${Object.entries(values).map(([name, value]) => html`<code>${name} = ${String(value)}</code><br>`)}`,
  ];
}

function samplesOf(title: string, samples: readonly Sample[], isLabelled: boolean): Markup | null {
  if (samples.length === 0) return null;
  return html`<h3>${title}</h3>${table(
    SAMPLE_COLUMNS,
    samples.map((sample) => sampleRow(sample, isLabelled)),
  )}`;
}

export function changedOutcomes({ samples }: Comparison, isLabelled: boolean): Markup {
  return html`${Object.entries(samples).map(
    ([pair, list]) =>
      html`<details><summary>${pair.replace('>', ' → ')}: the first ${list.length}</summary>${samplesOf('', list, isLabelled)}</details>`,
  )}`;
}

export function changedRules({ rules }: Comparison, isLabelled: boolean): Markup {
  const changed = rules.filter(({ newHits, lostHits }) => newHits + lostHits > 0);
  if (changed.length === 0) return html`<p>Every rule hits exactly the same transactions.</p>`;
  return html`${changed.map(
    (rule) =>
      html`<details><summary><code>${rule.ruleId}</code>: ${signed(rule.newHits)} new, ${signed(-rule.lostHits)} lost ${
        isLabelled && `(frauds ${signed(rule.newFrauds)} and ${signed(-rule.lostFrauds)})`
      }</summary>${samplesOf('New hits', rule.newSamples, isLabelled)}${samplesOf('Lost hits', rule.lostSamples, isLabelled)}</details>`,
  )}`;
}

export function ruleTable(report: BacktestReport, isLabelled: boolean): Markup {
  const comparisons = new Map(report.comparison?.rules.map((rule) => [rule.ruleId, rule]));
  const gone = (report.against?.rules ?? []).filter(
    ({ ruleId }) => !report.rules.some((rule) => rule.ruleId === ruleId),
  );
  const isCompared = report.comparison !== undefined;
  const rows = [
    ...report.rules.map((rule) => ({ rule, isHere: true })),
    ...gone.map((rule) => ({ rule, isHere: false })),
  ].map(({ rule, isHere }): Cell[] => {
    const { ruleId, title, mode, outcome, hits, errored, frauds, precision, onlyHits, onlyFrauds } = rule;
    const change = comparisons.get(ruleId);
    return [
      html`<code>${ruleId}</code><small>${title.en}${!isHere && ` · only in ${report.against?.configuration ?? ''}`}</small>`,
      html`${mode}<small>${outcome}</small>`,
      isHere ? whole(hits) : NOTHING,
      isHere ? whole(errored) : NOTHING,
      ...(isLabelled ? [isHere ? whole(frauds) : NOTHING, isHere ? percent(precision) : NOTHING] : []),
      isHere ? html`${whole(onlyHits)}${isLabelled && html`<small>${whole(onlyFrauds)} frauds</small>`}` : NOTHING,
      ...(isCompared ? [whole(change?.newHits ?? 0), whole(change?.lostHits ?? 0)] : []),
    ];
  });
  const columns = [
    text('rule'),
    text('mode, outcome'),
    number('hits'),
    number('errored'),
    ...(isLabelled ? [number('frauds'), number('precision')] : []),
    number('no other live rule'),
    ...(isCompared ? [number('new hits'), number('lost hits')] : []),
  ];
  return table(columns, rows);
}

export function shadowTable({ shadow }: StackReport): Markup {
  const columns = [
    text('rule in shadow'),
    number('hits'),
    number('new alerts a day'),
    number('analyst hours a day'),
    number('money newly held'),
    text('hits together with'),
    number('alone'),
    number('precision'),
  ];
  return table(
    columns,
    shadow.map((rule) => [
      html`<code>${rule.ruleId}</code>`,
      whole(rule.hits),
      rule.newAlertsPerDay.toFixed(2),
      rule.analystHoursPerDay.toFixed(2),
      wholeMoney(rule.heldMinor),
      rule.overlap
        .slice(0, 3)
        .map(({ ruleId, hits }) => `${ruleId} (${hits})`)
        .join(', ') || 'none',
      whole(rule.alone),
      percent(rule.precision),
    ]),
  );
}

export function groupTable(
  title: string,
  groups: Readonly<Record<string, GroupScore>>,
  against: Readonly<Record<string, GroupScore>> | undefined,
  isLabelled: boolean,
): Markup {
  const columns = [
    text(title),
    number('transactions'),
    number('challenged'),
    number('held'),
    number('blocked'),
    number('alerts'),
    ...(isLabelled
      ? [
          number('frauds'),
          number('caught'),
          number('recall'),
          number('precision'),
          number('fraud held back'),
          number('fraud let through'),
        ]
      : []),
  ];
  const rows = Object.entries(groups).map(([name, score]): Cell[] => {
    const other = against?.[name];
    return [
      name,
      whole(score.transactions),
      ...(['CHALLENGE', 'HOLD', 'BLOCK'] as const).map((outcome) =>
        withChange(score.outcomes[outcome], other?.outcomes[outcome]),
      ),
      withChange(score.alerts, other?.alerts),
      ...(isLabelled
        ? [
            whole(score.frauds),
            withChange(score.caught, other?.caught),
            percent(score.recall),
            percent(score.precision),
            wholeMoney(score.fraudStoppedMinor),
            wholeMoney(score.fraudMissedMinor),
          ]
        : []),
    ];
  });
  return table(columns, rows);
}

const withChange = (value: number, before: number | undefined): Cell =>
  before === undefined || before === value
    ? whole(value)
    : html`${whole(value)}<small>${signed(value - before)}</small>`;

export function limitTable({ limits }: StackReport, against: StackReport | undefined): Markup {
  const rows = Object.entries(limits)
    .filter(([id, { exceeded }]) => exceeded > 0 || (against?.limits[id]?.exceeded ?? 0) > 0)
    .map(([id, score]): Cell[] => [
      html`<code>${id}</code>`,
      withChange(score.exceeded, against?.limits[id]?.exceeded),
      whole(score.frauds),
    ]);
  if (rows.length === 0) return html`<p>No limit was exceeded.</p>`;
  return table([text('limit'), number('exceeded'), number('frauds among them')], rows);
}

export const deadLetterTable = ({ deadLetterCodes }: StackReport): Markup =>
  table(
    [text('code'), number('lines')],
    Object.entries(deadLetterCodes).map(([code, count]) => [code, whole(count)]),
  );
