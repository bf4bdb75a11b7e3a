/** The scorecard of a run, for people. */
import type { Report } from '../backtest/scorecard.ts';
import { currencyExponent } from '../domain/money.ts';

const percent = (share: number | null): string => (share === null ? '–' : `${(share * 100).toFixed(1)} %`);
const number = (value: number): string => value.toLocaleString('en');
const ms = (value: number | null): string => (value === null ? '–' : `${value.toFixed(1)} ms`);

export function formatMoney(amountMinor: number, currency: string): string {
  const exponent = currencyExponent(currency) ?? 2;
  const amount = amountMinor / 10 ** exponent;
  return `${currency} ${amount.toLocaleString('en', { minimumFractionDigits: exponent, maximumFractionDigits: exponent })}`;
}

export function scorecardLines(report: Report, customers: number): readonly string[] {
  const { detection, outcomes, level, latencyMs, money } = report;
  const row = (name: string, value: string): string => `  ${name.padEnd(22)}${value}`;
  const fraudMinor = (amounts: Readonly<Record<string, number>>): string =>
    Object.entries(amounts)
      .sort(([a], [b]) => Number(b === 'CNY') - Number(a === 'CNY'))
      .slice(0, 2)
      .map(([currency, amount]) => formatMoney(amount, currency))
      .join(', ') || '–';
  const width = Math.max(0, ...Object.keys(detection.scenarios).map((name) => name.length));
  return [
    '',
    `Scorecard of ${number(report.transactions)} transactions of ${number(customers)} customers`,
    row(
      'decisions',
      `${number(report.decisions)}  (${Object.entries(outcomes)
        .map(([name, n]) => `${name} ${number(n)}`)
        .join(', ')})`,
    ),
    row(
      'levels',
      Object.entries(level)
        .map(([name, n]) => `${name} ${number(n)}`)
        .join(', '),
    ),
    row('alerts', number(report.alerts)),
    row('dead letters', number(report.deadLetters)),
    row(
      'labelled frauds',
      `${number(detection.frauds)}, caught ${number(detection.caught)} (${percent(detection.recall)}), missed ${number(detection.frauds - detection.caught)}`,
    ),
    ...Object.entries(detection.scenarios).map(
      ([name, { frauds, caught }]) =>
        `    ${name.padEnd(width)}  caught ${String(caught).padStart(3)}, missed ${String(frauds - caught).padStart(3)}`,
    ),
    row(
      'precision',
      `${percent(detection.precision)}  (${number(detection.falsePositives)} genuine transactions were stopped or alerted)`,
    ),
    row('average precision', detection.averagePrecision === null ? '–' : detection.averagePrecision.toFixed(3)),
    row('fraud held back', fraudMinor(money.fraudStoppedMinor)),
    row('fraud let through', fraudMinor(money.fraudMissedMinor)),
    row(
      'latency',
      `p50 ${ms(latencyMs.p50)}, p99 ${ms(latencyMs.p99)}, p99.9 ${ms(latencyMs.p999)}  (in chunks, at full load)`,
    ),
    row('throughput', `${number(report.throughputPerSecond)} transactions/s`),
    '',
  ];
}
