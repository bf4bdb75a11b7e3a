/**
 * `vigil backtest`: the live code path over history in order of arrival, all state recomputed in this process. One decision
 * per accepted line out; refused lines into the report and into FILE.dead-letters.ndjson. With a second configuration, both
 * in one pass and what the one changes in the other.
 */
import path from 'node:path';
import type { AheadOrder } from '../backtest/ahead/ahead-messages.ts';
import type { AheadHistory } from '../backtest/ahead/open-ahead.ts';
import { DEFAULT_MINUTES_PER_ALERT } from '../backtest/analysis.ts';
import { countLines } from '../backtest/count-lines.ts';
import { reportPage } from '../backtest/html/report-page.ts';
import { openHistory } from '../backtest/open-history.ts';
import { readLabels } from '../backtest/read-labels.ts';
import { type BacktestResult, type BacktestStack, runBacktestHistory } from '../backtest/run-backtest.ts';
import type { HistoryItem } from '../backtest/run-history.ts';
import { maskCardNumbers } from '../domain/card-number.ts';
import type { Decision } from '../domain/decision.ts';
import type { Label } from '../domain/label.ts';
import { checkOutputs, type NamedFile, writeOutput } from './backtest-outputs.ts';
import { reportLines } from './backtest-table.ts';
import { type CommandIo, ConfigurationRefused, EXIT, type ExitCode } from './io.ts';
import { createLineWriter } from './line-writer.ts';
import { createProgress } from './progress.ts';

export interface BacktestFiles {
  readonly in: string;
  readonly labels?: string | undefined;
  readonly map?: string | undefined;
  readonly out?: string | undefined;
  readonly withFeatures?: boolean | undefined;
  readonly report?: string | undefined;
  readonly html?: string | undefined;
  readonly minutesPerAlert?: number | undefined;
  /** of changed outcomes and hits, for each list */
  readonly samples?: number | undefined;
}

export interface BacktestOptions extends BacktestFiles {
  readonly here: BacktestStack;
  readonly against: BacktestStack | null;
  /** the receiving clock, in milliseconds; also for the rate */
  readonly now: () => number;
  readonly chunkSize?: number;
  /** reads, records and scores the history in another thread; without it everything is done in this one */
  readonly openAhead?: (
    request: Pick<AheadOrder, 'file' | 'mapFile' | 'labels' | 'chunkSize'>,
  ) => Promise<AheadHistory>;
}

/** As live. Measured over 40,000 transactions, chunks of 32 to 256 cost the same CPU time within the noise. */
const CHUNK_SIZE = 256;

export const deadLetterFile = (out: string): string => `${out}.dead-letters.ndjson`;

/** Before anything is loaded: what can be known to fail ends the command at once. */
export async function checkBacktestFiles(options: BacktestFiles): Promise<void> {
  const named = (option: string, file: string | undefined): NamedFile[] =>
    file === undefined ? [] : [{ option, file }];
  await checkOutputs(
    [
      ...named('--out', options.out),
      ...named('--out', options.out === undefined ? undefined : deadLetterFile(options.out)),
      ...named('--report', options.report),
      ...named('--html', options.html),
    ],
    [...named('--in', options.in), ...named('--labels', options.labels), ...named('--map', options.map)],
  );
}

export async function runBacktest(options: BacktestOptions, io: CommandIo): Promise<ExitCode> {
  const { here, against, now } = options;
  await checkBacktestFiles(options);
  const lines = await openHistory(options.in, options.map);
  if (!lines.ok) throw new ConfigurationRefused(lines.error);
  const labels = options.labels === undefined ? null : await labelsOrRefuse(options.labels, [here, against]);
  const chunkSize = options.chunkSize ?? CHUNK_SIZE;
  const ahead = await options.openAhead?.({ file: options.in, mapFile: options.map, labels, chunkSize });
  const sinks = openSinks(options, here.configuration.generation.featureNames);
  const total = options.map === undefined ? await countLines(options.in) : undefined;
  const progress = createProgress(io, 'backtest', total, now);
  const report = await runBacktestHistory({
    lines: lines.value,
    ahead: ahead ?? null,
    labels,
    here,
    against,
    minutesPerAlert: options.minutesPerAlert ?? DEFAULT_MINUTES_PER_ALERT,
    samples: options.samples,
    chunkSize,
    now,
    onResult: sinks.write,
    onProgress: progress.update,
  });
  await sinks.end();
  progress.end();
  if (options.report !== undefined)
    await writeOutput('--report', options.report, `${JSON.stringify(report, null, 2)}\n`);
  if (options.html !== undefined) {
    const facts = { history: path.basename(options.in), generatedAt: new Date(now()).toISOString().slice(0, 10) };
    await writeOutput('--html', options.html, reportPage(report, facts));
  }
  for (const line of reportLines(report)) io.out(line);
  return EXIT.done;
}

async function labelsOrRefuse(file: string, stacks: readonly (BacktestStack | null)[]): Promise<readonly Label[]> {
  const labels = await readLabels(file, (code) =>
    stacks.some((stack) => stack?.configuration.channels.channels.has(code) === true),
  );
  if (!labels.ok) throw new ConfigurationRefused(labels.error);
  return labels.value;
}

interface Sinks {
  write(item: HistoryItem, result: BacktestResult, text: () => string): void | Promise<void>;
  end(): Promise<void>;
}

function openSinks({ out, withFeatures }: BacktestFiles, featureNames: readonly string[]): Sinks {
  if (out === undefined) return { write: () => undefined, end: async () => undefined };
  const decisions = createLineWriter(out);
  const deadLetters = createLineWriter(deadLetterFile(out));
  return {
    write: (item, result, text) =>
      result.kind === 'rejected'
        ? deadLetters.write(deadLetterLine(item, result))
        : decisions.write(withFeatures === true ? lineWithFeatures(text(), featureNames) : text()),
    end: async () => void (await Promise.all([decisions.end(), deadLetters.end()])),
  };
}

/** Every feature of the catalogue by name; a decision's evidence leaves the absent ones out. */
function lineWithFeatures(bytes: string, featureNames: readonly string[]): string {
  const decision = JSON.parse(bytes) as Decision;
  const features = Object.fromEntries(featureNames.map((name) => [name, decision.evidence?.features[name] ?? null]));
  return JSON.stringify({ ...decision, features });
}

function deadLetterLine(item: HistoryItem, { rejection }: Extract<BacktestResult, { kind: 'rejected' }>): string {
  return JSON.stringify({
    line: item.number,
    code: rejection.code,
    path: rejection.path,
    message: rejection.message,
    value: maskCardNumbers(item.bytes.toString('utf8')),
  });
}
