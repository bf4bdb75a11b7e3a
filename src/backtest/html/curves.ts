/** The charts of the report: how the risk score ranks, and what was done each day. */

import { busyDays } from '../daily-series.ts';
import { percent, whole } from '../format.ts';
import type { BacktestReport, StackReport } from '../run-backtest.ts';
import { type Bar, lineChart, type Point, type Series, stackedBars } from './chart.ts';
import { html, type Markup } from './markup.ts';

interface Named {
  readonly report: StackReport;
  readonly className: 'here' | 'against';
  readonly name: string;
}

export function sidesOf(report: BacktestReport): readonly Named[] {
  const { against } = report;
  const here: Named = { report, className: 'here', name: report.configuration };
  return against === undefined
    ? [here]
    : [here, { report: against, className: 'against', name: against.configuration }];
}

const share = (value: number): string => `${Math.round(value * 100)} %`;

export function precisionRecall(report: BacktestReport): Markup {
  const series = sidesOf(report).map(({ report: { curve, detection }, className, name }): Series => {
    const points = curve.flatMap(({ threshold, precision, recall }): Point[] =>
      precision === null || recall === null
        ? []
        : [
            {
              x: recall,
              y: precision,
              hint: `score ≥ ${threshold}: recall ${percent(recall)}, precision ${percent(precision)}`,
            },
          ],
    );
    const { precision, recall } = detection;
    const mark =
      precision === null || recall === null
        ? undefined
        : { x: recall, y: precision, hint: `as decided: recall ${percent(recall)}, precision ${percent(precision)}` };
    return { name, className, points, mark };
  });
  return lineChart(
    'Precision against recall of the risk score',
    { title: 'recall: frauds flagged', max: 1, format: share },
    { title: 'precision: flagged that are fraud', max: 1, format: share },
    series,
    'Each point is a threshold of the risk score. The ring is what the rules, limits, lists and the policy decided together.',
  );
}

/** The axis ends at a few times today's work: beyond it a curve would only show that flagging everybody finds everybody. */
const WORK_SHOWN = 4;

export function workAgainstRecall(report: BacktestReport): Markup {
  const sides = sidesOf(report);
  const flaggedPerDay = ({ detection, days }: StackReport): number =>
    (detection.caught + detection.falsePositives) / days;
  const most = Math.max(...sides.map((side) => flaggedPerDay(side.report)));
  const all = Math.max(...sides.map((side) => side.report.curve[0]?.flaggedPerDay ?? 0));
  const series = sides.map(({ report: own, className, name }): Series => {
    const points = own.curve.flatMap(({ threshold, flaggedPerDay: x, recall }): Point[] =>
      recall === null
        ? []
        : [{ x, y: recall, hint: `score ≥ ${threshold}: ${x.toFixed(1)} a day, recall ${percent(recall)}` }],
    );
    const { recall } = own.detection;
    const x = flaggedPerDay(own);
    const mark =
      recall === null
        ? undefined
        : { x, y: recall, hint: `as decided: ${x.toFixed(1)} a day, recall ${percent(recall)}` };
    return { name, className, points, mark };
  });
  return lineChart(
    'Work a day against recall',
    {
      title: 'transactions flagged a day',
      max: most > 0 ? Math.min(all, most * WORK_SHOWN) : all,
      format: (value) => (value >= 10 || value === 0 ? whole(value) : value.toFixed(1)),
    },
    { title: 'recall: frauds flagged', max: 1, format: share },
    series,
    'How many transactions a day would be flagged if the risk score alone decided, for each threshold. The ring is what was decided.',
  );
}

const SHOWN = [
  { outcome: 'CHALLENGE', className: 'challenge', name: 'challenged' },
  { outcome: 'HOLD', className: 'hold', name: 'held' },
  { outcome: 'BLOCK', className: 'block', name: 'blocked' },
] as const;

export function outcomesOverTime(report: BacktestReport): readonly Markup[] {
  const sides = sidesOf(report).map((side) => ({ ...side, bars: barsOf(side.report) }));
  const max = Math.max(1e-9, ...sides.flatMap(({ bars }) => bars.map(({ total }) => total)));
  const format = (value: number): string => `${Number((value * 100).toFixed(2))} %`;
  return sides.map(({ name, bars }) =>
    stackedBars(
      sides.length === 1 ? 'Outcomes over time' : `Outcomes over time: ${name}`,
      { title: 'share of transactions', max, format },
      bars,
      SHOWN,
      'Shares of each calendar day of the bank; the rest was allowed. Days with less than a tenth of the busiest day are left out.',
    ),
  );
}

function barsOf({ daily }: StackReport): readonly (Bar & { readonly total: number })[] {
  return busyDays(daily).map(({ day, transactions, outcomes }) => ({
    label: day.slice(5),
    total: (transactions - outcomes.ALLOW) / transactions,
    parts: SHOWN.map(({ outcome, className, name }) => ({
      value: outcomes[outcome] / transactions,
      className,
      hint: `${day}: ${outcomes[outcome]} of ${transactions} ${name}`,
    })),
  }));
}

export const charts = (drawings: readonly Markup[]): Markup => html`<div class="charts">${drawings}</div>`;
