/** The report of a backtest as lines for a terminal; with two configurations, what the one changes in the other. */
import type { Comparison, Sample } from '../backtest/comparison.ts';
import { NOTHING, oneDigit, percent, threeDigits, whole, wholeMoney } from '../backtest/format.ts';
import type { BacktestReport, StackReport } from '../backtest/run-backtest.ts';
import { OUTCOMES } from '../domain/decision.ts';

type Row = readonly string[];

/** Columns as wide as their widest cell; the first one to the left, the others to the right. */
export function alignRows(rows: readonly Row[], indent = '  '): string[] {
  const widths: number[] = [];
  for (const row of rows)
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, cell.length);
  return rows.map(
    (row) =>
      indent +
      row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
        .join('  ')
        .trimEnd(),
  );
}

export function* reportLines(report: BacktestReport): Generator<string> {
  yield `transactions ${report.transactions}, decisions ${report.decisions}, dead letters ${report.deadLetters}, repeats ${report.repeats}`;
  for (const [code, count] of Object.entries(report.deadLetterCodes)) yield `  ${code} ${count}`;
  yield* figureLines(report);
  yield* groupLines('scenario', report);
  if (report.against !== undefined && report.comparison !== undefined)
    yield* comparisonLines(report.comparison, report, report.against);
  yield* shadowLines(report);
  const { latencyMs } = report;
  yield `latency of a chunk p50 ${latencyMs.p50} ms, p99 ${latencyMs.p99} ms, p99.9 ${latencyMs.p999} ms; ${report.throughputPerSecond} transactions/s`;
  yield `decisions sha256 ${report.decisionsSha256}`;
}

function* figureLines(report: BacktestReport): Generator<string> {
  const sides = [report, ...(report.against === undefined ? [] : [report.against])];
  const isLabelled = report.labels !== null;
  const row = (name: string, of: (side: StackReport) => string): Row => [name, ...sides.map(of)];
  const rows: Row[] = [
    ...(sides.length > 1 ? [row('', ({ configuration }) => configuration)] : []),
    ...OUTCOMES.map((outcome) => row(outcome, ({ outcomes }) => whole(outcomes[outcome] ?? 0))),
    row('alerts', ({ alerts }) => whole(alerts)),
    row('alerts a day', ({ alertsPerDay }) => oneDigit(alertsPerDay)),
    row(`analyst hours a day (${report.minutesPerAlert} min an alert)`, (side) => oneDigit(side.analystHoursPerDay)),
    ...(isLabelled
      ? [
          row('frauds', ({ detection }) => whole(detection.frauds)),
          row('frauds caught', ({ detection }) => whole(detection.caught)),
          row('recall', ({ detection }) => percent(detection.recall)),
          row('precision', ({ detection }) => percent(detection.precision)),
          row('average precision', ({ detection }) => threeDigits(detection.averagePrecision)),
          row('fraud held back', ({ money }) => wholeMoney(money.fraudStoppedMinor)),
          row('fraud let through', ({ money }) => wholeMoney(money.fraudMissedMinor)),
          row('genuine money held back', ({ money }) => wholeMoney(money.genuineStoppedMinor)),
        ]
      : []),
    row(isLabelled ? 'genuine customers disturbed' : 'customers disturbed', (side) => whole(side.customers.disturbed)),
  ];
  yield* alignRows(rows);
  if (!isLabelled) yield '  no labels given: precision, recall and money held back are not known';
}

function* groupLines(title: string, { scenarios }: StackReport): Generator<string> {
  const entries = Object.entries(scenarios);
  if (entries.length === 0) return;
  const rows = entries.map(
    ([name, { frauds, caught, recall, fraudMissedMinor }]): Row => [
      name,
      whole(frauds),
      whole(caught),
      percent(recall),
      wholeMoney(fraudMissedMinor),
    ],
  );
  yield* alignRows([[title, 'frauds', 'caught', 'recall', 'let through'], ...rows]);
}

const SHOWN_RULES = 20;
const SHOWN_SAMPLES = 3;

function* comparisonLines(comparison: Comparison, here: BacktestReport, against: StackReport): Generator<string> {
  const { transitions, changed, compared, alerts, customers, money, rules } = comparison;
  yield `${here.configuration} against ${against.configuration}: ${whole(changed.outcome)} of ${whole(compared)} outcomes changed, ${whole(alerts.new)} alerts new, ${whole(alerts.lost)} no longer`;
  yield* alignRows([
    ['  was \\ is', ...OUTCOMES],
    ...OUTCOMES.map((before): Row => [`  ${before}`, ...OUTCOMES.map((now) => whole(transitions.all[before][now]))]),
  ]);
  const isLabelled = here.labels !== null;
  if (isLabelled)
    yield `  fraud newly held back ${wholeMoney(money.fraudNewlyStoppedMinor)}, newly let through ${wholeMoney(money.fraudNewlyMissedMinor)}`;
  yield `  ${isLabelled ? 'genuine customers' : 'customers'} disturbed: ${whole(customers.newlyDisturbed)} newly, ${whole(customers.noLongerDisturbed)} no longer`;
  const changes = rules.filter(({ newHits, lostHits }) => newHits + lostHits > 0);
  for (const { ruleId, newHits, newFrauds, lostHits, lostFrauds, newSamples, lostSamples } of changes.slice(
    0,
    SHOWN_RULES,
  )) {
    const frauds = (count: number): string => (isLabelled ? `, ${whole(count)} of them fraud` : '');
    const sides = [
      ...(newHits > 0 ? [`${whole(newHits)} new${frauds(newFrauds)}${examples(newSamples)}`] : []),
      ...(lostHits > 0 ? [`${whole(lostHits)} lost${frauds(lostFrauds)}${examples(lostSamples)}`] : []),
    ];
    yield `  hits of ${ruleId}: ${sides.join('; ')}`;
  }
  if (changes.length > SHOWN_RULES) yield `  and ${changes.length - SHOWN_RULES} more rules, see --report or --html`;
}

const examples = (samples: readonly Sample[]): string => {
  const ids = samples.slice(0, SHOWN_SAMPLES).map(({ transactionId }) => transactionId);
  return ids.length === 0 ? '' : `, such as ${ids.join(' ')}`;
};

function* shadowLines({ shadow }: StackReport): Generator<string> {
  if (shadow.length === 0) return;
  yield* alignRows([
    ['rule in shadow', 'hits', 'alerts a day', 'hours a day', 'precision', 'newly held'],
    ...shadow.map(
      (rule): Row => [
        rule.ruleId,
        whole(rule.hits),
        rule.newAlertsPerDay.toFixed(2),
        rule.analystHoursPerDay.toFixed(2),
        rule.precision === null ? NOTHING : percent(rule.precision),
        wholeMoney(rule.heldMinor),
      ],
    ),
  ]);
}
