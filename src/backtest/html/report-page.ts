/**
 * The report of a backtest as one page that needs nothing else: no script, no font, no picture from elsewhere, and a policy
 * in its head that forbids them. Made for the people who decide whether a change goes live.
 */
import { NOTHING, oneDigit, percent, signed, threeDigits, whole, wholeMoney } from '../format.ts';
import type { BacktestReport, StackReport } from '../run-backtest.ts';
import { changedOutcomes, changedRules, transitionTables } from './changes.ts';
import { charts, outcomesOverTime, precisionRecall, workAgainstRecall } from './curves.ts';
import { html, type Markup } from './markup.ts';
import { STYLE } from './style.ts';
import { deadLetterTable, groupTable, limitTable, ruleTable, shadowTable } from './tables.ts';

export interface ReportPageFacts {
  /** the history file, without its folders */
  readonly history: string;
  readonly generatedAt: string;
}

export function reportPage(report: BacktestReport, facts: ReportPageFacts): string {
  const isLabelled = report.labels !== null;
  const title = `Backtest of ${report.configuration}`;
  const page = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>${title}</title>
<style>${{ html: STYLE }}</style></head><body><main>
${heading(title, report, facts)}
<div class="tiles">${tiles(report, isLabelled)}</div>
${change(report, isLabelled)}
<h2>How well the score ranks, and what was done each day</h2>
${isLabelled ? null : html`<p>Without labels nothing is known of what was fraud: run again with <code>--labels FILE</code> for precision and recall.</p>`}
${charts([...(isLabelled ? [precisionRecall(report), workAgainstRecall(report)] : []), ...outcomesOverTime(report)])}
<h2>Rules</h2>
<p class="lead">“No other live rule” counts the hits that are lost without this rule${isLabelled && ', and the frauds among them'}.</p>
${ruleTable(report, isLabelled)}
<h3>Limits</h3>${limitTable(report, report.against)}
${shadow(report)}
${groups(report, isLabelled)}
${definitions(report, isLabelled)}
</main></body></html>
`;
  return page.html;
}

function heading(title: string, report: BacktestReport, { history, generatedAt }: ReportPageFacts): Markup {
  const [first, last] = [report.daily[0]?.day ?? NOTHING, report.daily.at(-1)?.day ?? NOTHING];
  const { against } = report;
  return html`<h1>${title}</h1>
<p class="lead">${whole(report.transactions)} lines of ${history}, ${first} to ${last}${
    against !== undefined && html`; compared with <strong>${against.configuration}</strong>`
  }. Made ${generatedAt}.</p>`;
}

// ── the figures that matter first ────────────────────────────────────────────────────────────────────────────────────

interface Figure {
  readonly name: string;
  readonly of: (report: StackReport) => number | null;
  readonly show: (value: number) => string;
  readonly showChange?: (value: number) => string;
  /** null: neither more nor less is better in itself */
  readonly better: 'more' | 'less' | null;
}

const points = (value: number): string => `${(value * 100).toFixed(1)} pts`;

function figuresOf(report: BacktestReport, isLabelled: boolean): readonly Figure[] {
  const currency = mainCurrency(report);
  const inMoney = (value: number): string => (currency === undefined ? NOTHING : wholeMoney({ [currency]: value }));
  const sum = (amounts: Readonly<Record<string, number>>): number =>
    currency === undefined ? 0 : (amounts[currency] ?? 0);
  const detected: readonly Figure[] = [
    {
      name: 'frauds caught (recall)',
      of: ({ detection }) => detection.recall,
      show: percent,
      showChange: points,
      better: 'more',
    },
    {
      name: 'flagged that are fraud (precision)',
      of: ({ detection }) => detection.precision,
      show: percent,
      showChange: points,
      better: 'more',
    },
    {
      name: 'average precision of the score',
      of: ({ detection }) => detection.averagePrecision,
      show: threeDigits,
      better: 'more',
    },
    {
      name: 'fraud held back',
      of: (side) => sum(side.money.fraudStoppedMinor),
      show: inMoney,
      better: 'more',
    },
    {
      name: 'fraud let through',
      of: (side) => sum(side.money.fraudMissedMinor),
      show: inMoney,
      better: 'less',
    },
  ];
  return [
    ...(isLabelled ? detected : []),
    {
      name: isLabelled ? 'genuine customers disturbed' : 'customers challenged, held or blocked',
      of: ({ customers }) => customers.disturbed,
      show: whole,
      better: 'less',
    },
    { name: 'alerts a day', of: ({ alertsPerDay }) => alertsPerDay, show: oneDigit, better: null },
    {
      name: `analyst hours a day, at ${report.minutesPerAlert} minutes an alert`,
      of: ({ analystHoursPerDay }) => analystHoursPerDay,
      show: oneDigit,
      better: 'less',
    },
  ];
}

function tiles(report: BacktestReport, isLabelled: boolean): readonly Markup[] {
  const { against } = report;
  return figuresOf(report, isLabelled).map(({ name, of, show, showChange, better }) => {
    const value = of(report);
    const before = against === undefined ? null : of(against);
    const difference = value === null || before === null ? null : value - before;
    const isGood = difference !== null && difference !== 0 && better !== null && difference > 0 === (better === 'more');
    const tone = difference === null || difference === 0 || better === null ? '' : isGood ? 'better' : 'worse';
    return html`<div class="tile"><span class="name">${name}</span><b>${value === null ? NOTHING : show(value)}</b>${
      difference !== null &&
      before !== null &&
      html`<span class="change"><span class="${tone}">${signed(difference, showChange ?? show)}</span> from ${show(before)}</span>`
    }</div>`;
  });
}

/** The one in which most fraud was seen; every currency stands in the tables. */
function mainCurrency({ money: amounts }: StackReport): string | undefined {
  const totals = new Map<string, number>();
  for (const part of [amounts.fraudStoppedMinor, amounts.fraudMissedMinor])
    for (const [currency, minor] of Object.entries(part)) totals.set(currency, (totals.get(currency) ?? 0) + minor);
  return [...totals].sort(([, a], [, b]) => b - a)[0]?.[0];
}

// ── sections that are not always there ───────────────────────────────────────────────────────────────────────────────

function change(report: BacktestReport, isLabelled: boolean): Markup | null {
  const { comparison, against } = report;
  if (comparison === undefined || against === undefined) return null;
  const { changed, compared, alerts, customers } = comparison;
  return html`<h2>What changes</h2>
<p class="lead">Of ${whole(compared)} transactions that both decided, ${whole(changed.outcome)} have another outcome, ${whole(changed.riskScore)} another
risk score; ${whole(alerts.new)} alerts are new and ${whole(alerts.lost)} are gone. ${whole(customers.newlyDisturbed)} customers are newly
disturbed, ${whole(customers.noLongerDisturbed)} no longer. Rows: ${against.configuration}. Columns: ${report.configuration}.</p>
${transitionTables(comparison, isLabelled)}
<h3>Changed outcomes</h3>${changed.outcome === 0 ? html`<p>None.</p>` : changedOutcomes(comparison, isLabelled)}
<h3>New and lost hits of rules</h3>${changedRules(comparison, isLabelled)}`;
}

function shadow(report: BacktestReport): Markup | null {
  const sides = [report, ...(report.against === undefined ? [] : [report.against])].filter(
    (side) => side.shadow.length > 0,
  );
  if (sides.length === 0) return null;
  return html`<h2>Rules in shadow</h2>
<p class="lead">What each of them alone would have done, had it been live; in fact they changed nothing.</p>
${sides.map((side) => html`<h3>${side.configuration}</h3>${shadowTable(side)}`)}`;
}

function groups(report: BacktestReport, isLabelled: boolean): Markup {
  const { scenarios, channels, segments, against } = report;
  return html`${
    Object.keys(scenarios).length > 0 &&
    html`<h2>Fraud scenarios</h2>${groupTable('scenario', scenarios, against?.scenarios, isLabelled)}`
  }<h2>Channels</h2>${groupTable('channel', channels, against?.channels, isLabelled)}
<h2>Customer segments</h2>${groupTable('segment', segments, against?.segments, isLabelled)}${
    report.deadLetters > 0 && html`<h2>Refused lines</h2>${deadLetterTable(report)}`
  }`;
}

function definitions(report: BacktestReport, isLabelled: boolean): Markup {
  const { against, labels } = report;
  return html`<h2>How to read this</h2>
<p class="note">All state (windows, profiles, usage of limits, labels as they became known) was computed anew from the history, in its order of
arrival, by the code that decides live. A transaction is flagged when it raised an alert or was not allowed. ${
    isLabelled &&
    'Transactions without a label count as genuine: a bank’s labels name its frauds. Money held back is the amount of frauds that were challenged, held or blocked; a challenge may still be passed by a coached victim. '
  }A customer is disturbed when at least one of the transactions that no label calls a fraud was challenged, held or blocked. “A day” is a calendar
day of the bank with at least a tenth of the busiest day’s transactions; there are ${report.days}.${
    labels !== null &&
    labels.withoutTransaction > 0 &&
    ` ${whole(labels.withoutTransaction)} labels found no transaction.`
  }</p>
<p class="note">Decisions of ${report.configuration}: SHA-256 <code>${report.decisionsSha256}</code>${versionsOf(report)}${
    against !== undefined &&
    html`<br>Decisions of ${against.configuration}: SHA-256 <code>${against.decisionsSha256}</code>${versionsOf(against)}`
  }</p>`;
}

const versionsOf = ({ versions }: StackReport): Markup =>
  html` · ${Object.entries(versions).map(([part, version]) => html`${part} <code>${version}</code> `)}`;
