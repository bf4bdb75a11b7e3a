/**
 * `vigil backtest`: the live code path over history in order of arrival, all state recomputed in this process. One decision
 * per accepted line out; refused lines into the report and into FILE.dead-letters.ndjson.
 */
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { createLabelFeed } from '../backtest/label-feed.ts';
import { openHistory } from '../backtest/open-history.ts';
import { readLabels } from '../backtest/read-labels.ts';
import { type HistoryItem, runHistory } from '../backtest/run-history.ts';
import { createScorecard, type Report, type Scorecard, type Truth } from '../backtest/scorecard.ts';
import type { LoadedConfiguration } from '../composition/load-generation.ts';
import { maskCardNumbers } from '../domain/card-number.ts';
import type { Decision } from '../domain/decision.ts';
import type { Label } from '../domain/label.ts';
import { createTransactionParser } from '../domain/parse-transaction.ts';
import type { FeatureStore } from '../domain/ports.ts';
import { transactionKey } from '../domain/transaction.ts';
import type { ScoredInput, ScoreTransactions } from '../pipeline/score-transactions.ts';
import { type CommandIo, ConfigurationRefused, EXIT, type ExitCode } from './io.ts';
import { createLineWriter, type LineWriter } from './line-writer.ts';
import { createProgress } from './progress.ts';

export interface BacktestOptions {
  readonly in: string;
  readonly labels?: string | undefined;
  readonly map?: string | undefined;
  readonly out?: string | undefined;
  readonly withFeatures?: boolean | undefined;
  readonly report?: string | undefined;
  readonly configuration: LoadedConfiguration;
  /** the store that `score` records into: labels go there */
  readonly store: FeatureStore;
  readonly score: ScoreTransactions;
  /** the receiving clock, in milliseconds; also for the rate */
  readonly now: () => number;
  readonly chunkSize?: number;
}

interface Sinks {
  readonly decisions: LineWriter | null;
  readonly deadLetters: LineWriter | null;
}

export async function runBacktest(options: BacktestOptions, io: CommandIo): Promise<ExitCode> {
  const { configuration, store, score, now } = options;
  const isChannel = (code: string): boolean => configuration.channels.channels.has(code);
  const lines = await openHistory(options.in, options.map);
  if (!lines.ok) throw new ConfigurationRefused(lines.error);
  const labels = options.labels === undefined ? null : await readLabels(options.labels, isChannel);
  if (labels !== null && !labels.ok) throw new ConfigurationRefused(labels.error);
  const truth = truthOf(labels?.value ?? []);
  const sinks: Sinks = {
    decisions: options.out === undefined ? null : createLineWriter(options.out),
    deadLetters: options.out === undefined ? null : createLineWriter(`${options.out}.dead-letters.ndjson`),
  };
  const scorecard = createScorecard();
  const digest = createHash('sha256');
  const progress = createProgress(io, 'backtest', undefined, now);
  const startMs = now();
  let done = 0;
  await runHistory({
    lines: lines.value,
    parse: createTransactionParser({ isChannel }),
    nowMs: startMs,
    labels: labels === null ? null : createLabelFeed(labels.value),
    chunkSize: options.chunkSize ?? 256,
    async handle(items) {
      const chunkStartMs = performance.now();
      const results = await score(items.map(({ bytes, parsed }) => ({ bytes, parsed, receivedAtMs: startMs })));
      scorecard.latency(performance.now() - chunkStartMs, items.length);
      for (const [position, result] of results.entries()) {
        const item = items[position];
        if (item === undefined) continue;
        count(result, scorecard, truth);
        const line = lineOf(result, options.withFeatures === true);
        if (line !== null) digest.update(line).update('\n');
        if (line !== null) await sinks.decisions?.write(line);
        else await sinks.deadLetters?.write(deadLetterLine(item, result));
      }
      done += items.length;
      progress.update(done);
    },
    applyLabels: async (due) => void (await store.applyLabels(due)),
  });
  await Promise.all([sinks.decisions?.end(), sinks.deadLetters?.end()]);
  progress.end();
  const report = { ...scorecard.report((now() - startMs) / 1000), decisionsSha256: digest.digest('hex') };
  if (options.report !== undefined) await writeFile(options.report, `${JSON.stringify(report, null, 2)}\n`);
  for (const line of summaryLines(report)) io.out(line);
  return EXIT.done;
}

/** The last label of a transaction is the truth about it, whenever it became known. */
function truthOf(labels: readonly Label[]): ReadonlyMap<string, Truth> {
  const truth = new Map<string, Truth & { readonly atMs: number }>();
  for (const { channel, transactionId, label, labelledAtMs, scenario } of labels) {
    const key = transactionKey(channel, transactionId);
    const atMs = labelledAtMs ?? Number.NEGATIVE_INFINITY;
    const known = truth.get(key);
    if (known === undefined || atMs >= known.atMs) truth.set(key, { isFraud: label === 'FRAUD', scenario, atMs });
  }
  return truth;
}

const GENUINE: Truth = { isFraud: false };

function count(result: ScoredInput, scorecard: Scorecard, truth: ReadonlyMap<string, Truth>): void {
  if (result.kind === 'rejected') scorecard.rejected(result.rejection.code);
  else if (result.decision === undefined) scorecard.repeated(result.isConflict);
  else {
    const { channel, transactionId } = result.decision;
    scorecard.decided(result.decision, truth.get(transactionKey(channel, transactionId)) ?? GENUINE);
  }
}

/** null for a refused line */
function lineOf(result: ScoredInput, withFeatures: boolean): string | null {
  if (result.kind === 'rejected') return null;
  if (!withFeatures) return result.bytes;
  const decision = JSON.parse(result.bytes) as Decision;
  return JSON.stringify({ ...decision, features: decision.evidence?.features ?? {} });
}

function deadLetterLine(item: HistoryItem, result: ScoredInput): string {
  const rejection = result.kind === 'rejected' ? result.rejection : undefined;
  return JSON.stringify({
    line: item.number,
    code: rejection?.code,
    path: rejection?.path,
    message: rejection?.message,
    value: maskCardNumbers(item.bytes.toString('utf8')),
  });
}

const percent = (share: number | null): string => (share === null ? '–' : `${(share * 100).toFixed(1)} %`);

export function summaryLines(report: Report): readonly string[] {
  const { detection, outcomes, latencyMs } = report;
  return [
    `transactions ${report.transactions}, decisions ${report.decisions}, dead letters ${report.deadLetters}, repeats ${report.repeats}`,
    `outcomes ${Object.entries(outcomes)
      .map(([name, n]) => `${name} ${n}`)
      .join(', ')}; alerts ${report.alerts}`,
    `frauds ${detection.frauds}, caught ${detection.caught} (${percent(detection.recall)}), false positives ${detection.falsePositives}, precision ${percent(detection.precision)}`,
    `latency of a chunk p50 ${latencyMs.p50} ms, p99 ${latencyMs.p99} ms, p99.9 ${latencyMs.p999} ms; ${report.throughputPerSecond} transactions/s`,
  ];
}
