/** The tables of the report. */

import type { RuleComparison } from '../comparison.ts';
import { NOTHING, percent, signed, whole, wholeMoneyParts } from '../format.ts';
import type { GroupScore } from '../group-scores.ts';
import type { RuleScore } from '../rule-scores.ts';
import type { BacktestReport, StackReport } from '../run-backtest.ts';
import { type Cell, html, type Markup, number, table, text } from './markup.ts';

/** The busiest first; those that did nothing, here or in the other configuration, in one sentence at the end. */
export function ruleTable(report: BacktestReport, isLabelled: boolean): Markup {
  const { against, comparison } = report;
  const changes = new Map(comparison?.rules.map((rule) => [rule.ruleId, rule]));
  const known = new Set(report.rules.map(({ ruleId }) => ruleId));
  const gone = (against?.rules ?? []).filter(({ ruleId }) => !known.has(ruleId));
  const isIdle = ({ ruleId, hits, errored }: RuleScore): boolean =>
    hits + errored + (changes.get(ruleId)?.hitsAgainst ?? 0) === 0;
  const busy = report.rules.filter((rule) => !isIdle(rule)).sort((a, b) => b.hits - a.hits || b.errored - a.errored);
  const idle = report.rules.filter(isIdle);
  const rows = [
    ...busy.map((rule) => ruleRow(rule, changes.get(rule.ruleId), comparison !== undefined, isLabelled)),
    ...gone.map((rule) => goneRow(rule, against?.configuration ?? '', isLabelled)),
  ];
  const columns = [
    text('rule'),
    text('mode, outcome'),
    number('hits'),
    number('errored'),
    ...(isLabelled ? [number('frauds'), number('precision')] : []),
    number('no other live rule'),
    ...(comparison === undefined ? [] : [number('new hits'), number('lost hits')]),
  ];
  return html`${table(columns, rows)}${
    idle.length > 0 &&
    html`<p class="note">Without a hit: ${idle.map(({ ruleId }, index) => html`${index > 0 && ', '}<code>${ruleId}</code>`)}.</p>`
  }`;
}

function ruleRow(
  rule: RuleScore,
  change: RuleComparison | undefined,
  isCompared: boolean,
  isLabelled: boolean,
): readonly Cell[] {
  const { ruleId, title, mode, outcome, hits, errored, frauds, precision, onlyHits, onlyFrauds } = rule;
  return [
    html`<code>${ruleId}</code><small>${title.en}</small>`,
    html`${mode}<small>${outcome}</small>`,
    whole(hits),
    whole(errored),
    ...(isLabelled ? [whole(frauds), percent(precision)] : []),
    html`${whole(onlyHits)}${isLabelled && html`<small>${whole(onlyFrauds)} frauds</small>`}`,
    ...(isCompared ? [whole(change?.newHits ?? 0), whole(change?.lostHits ?? 0)] : []),
  ];
}

/** A rule that only the other configuration has: all its hits are lost. */
function goneRow({ ruleId, title, hits }: RuleScore, against: string, isLabelled: boolean): readonly Cell[] {
  return [
    html`<code>${ruleId}</code><small>${title.en} · only in ${against}</small>`,
    NOTHING,
    NOTHING,
    NOTHING,
    ...(isLabelled ? [NOTHING, NOTHING] : []),
    NOTHING,
    0,
    whole(hits),
  ];
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
      moneyCell(rule.heldMinor),
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
            moneyCell(score.fraudStoppedMinor),
            moneyCell(score.fraudMissedMinor),
          ]
        : []),
    ];
  });
  return table(columns, rows);
}

/** A line for each currency: beside each other they push the last columns out of the page. */
function moneyCell(amountsMinor: Readonly<Record<string, number>>): Cell {
  const [first = NOTHING, ...others] = wholeMoneyParts(amountsMinor);
  return html`${first}${others.map((part) => html`<small>${part}</small>`)}`;
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
