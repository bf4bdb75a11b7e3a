/**
 * History for the model commands: simulated or from a file, through the live code path (parser, memory feature store), as what
 * the model is given. Labels reach the feature store when they became known.
 */
import { createLabelFeed } from '../backtest/label-feed.ts';
import { openHistory } from '../backtest/open-history.ts';
import { readLabels } from '../backtest/read-labels.ts';
import { type HistoryItem, type HistoryLine, runHistory } from '../backtest/run-history.ts';
import type { LoadedConfiguration } from '../composition/load-generation.ts';
import { parserOf } from '../composition/parser-of.ts';
import { memoryStoreFor } from '../composition/scoring-stack.ts';
import { VigilError } from '../domain/errors.ts';
import type { Label } from '../domain/label.ts';
import type { ModelInput } from '../domain/ports.ts';
import { transactionKey } from '../domain/transaction.ts';
import type { FraudTruth } from '../models/training/dataset.ts';
import { createBank } from '../simulation/bank.ts';
import { loadSimulationParameters } from '../simulation/load-parameters.ts';
import { ConfigurationRefused } from './io.ts';

export interface ModelHistory {
  /** a fresh run over the same lines at each call */
  readonly lines: () => AsyncIterable<HistoryLine>;
  readonly labels: readonly Label[];
  /** by transaction key */
  readonly frauds: ReadonlyMap<string, FraudTruth>;
  /** the receiving clock */
  readonly nowMs: number;
}

export interface SimulatedHistoryOptions {
  readonly seed: number;
  readonly transactions: number;
  readonly customers: number;
  readonly startMs: number;
}

/** The ground truth comes from a first pass over the same seed: a second pass is cheaper than keeping every message. */
export function simulatedHistory(options: SimulatedHistoryOptions): ModelHistory {
  const parameters = loadSimulationParameters();
  const { seed, startMs, customers, transactions: count } = options;
  const run = () => createBank({ seed, startMs, customers, parameters }).transactions({ count });
  const labels: Label[] = [];
  for (const { label, scenario } of run())
    if (label !== null) labels.push(scenario === undefined ? label : { ...label, scenario });
  return {
    labels,
    frauds: fraudsOf(labels),
    // simulated times are where the parameters put them, and are not judged by today's clock
    nowMs: Number.MAX_SAFE_INTEGER,
    async *lines() {
      let number = 0;
      for (const { message } of run()) yield { number: ++number, bytes: Buffer.from(JSON.stringify(message)) };
    },
  };
}

export async function fileHistory(
  files: { readonly in: string; readonly labels?: string | undefined },
  configuration: LoadedConfiguration,
  nowMs: number,
): Promise<ModelHistory> {
  const isChannel = (code: string): boolean => configuration.channels.channels.has(code);
  const labels = files.labels === undefined ? null : await readLabels(files.labels, isChannel);
  if (labels !== null && !labels.ok) throw new ConfigurationRefused(labels.error);
  const known = labels?.value ?? [];
  const lines = await openHistory(files.in, undefined);
  if (!lines.ok) throw new ConfigurationRefused(lines.error);
  return { lines: () => lines.value, labels: known, frauds: fraudsOf(known), nowMs };
}

/** The label with the newest labelledAt is the truth; a fraud is known from its first FRAUD label on. */
function fraudsOf(labels: readonly Label[]): ReadonlyMap<string, FraudTruth> {
  const last = new Map<string, Label>();
  for (const label of labels) {
    const key = transactionKey(label.channel, label.transactionId);
    const before = last.get(key);
    if (before === undefined || (label.labelledAtMs ?? 0) >= (before.labelledAtMs ?? 0)) last.set(key, label);
  }
  const frauds = new Map<string, FraudTruth>();
  for (const [key, { label, labelledAtMs, scenario }] of last) {
    if (label === 'FRAUD')
      frauds.set(key, { knownAtMs: labelledAtMs ?? Number.NEGATIVE_INFINITY, scenario: scenario ?? '' });
  }
  return frauds;
}

export interface ModelHistoryRun {
  readonly configuration: LoadedConfiguration;
  readonly history: ModelHistory;
  /** the inputs of the accepted lines of a chunk, in order; refused lines are left out */
  readonly onChunk: (inputs: readonly ModelInput[]) => Promise<void>;
  readonly onProgress?: (lines: number) => void;
}

/** Answers how many lines there were, and how many were refused. */
export async function runModelHistory(
  run: ModelHistoryRun,
): Promise<{ readonly lines: number; readonly refused: number }> {
  const { configuration, history } = run;
  // nothing may be forgotten for want of room: training must see what the live store would
  const store = memoryStoreFor(configuration, { maxEntities: 10_000_000 });
  const names = configuration.generation.featureNames;
  const counts = { lines: 0, refused: 0 };
  const handle = async (items: readonly HistoryItem[]): Promise<void> => {
    const parsed = items.flatMap((item) => (item.parsed.ok ? [item.parsed.value] : []));
    const readings = await store.recordAndRead(parsed);
    const inputs = parsed.map(({ transaction }, i): ModelInput => {
      const reading = readings[i];
      if (reading === undefined)
        throw new VigilError('BUG', 'the feature store answered fewer readings than it was asked');
      return { transaction, names, values: reading.values, profile: reading.profile };
    });
    await run.onChunk(inputs);
    counts.lines += items.length;
    counts.refused += items.length - parsed.length;
    run.onProgress?.(counts.lines);
  };
  try {
    await runHistory({
      lines: history.lines(),
      parse: parserOf(configuration),
      nowMs: history.nowMs,
      labels: createLabelFeed(history.labels),
      chunkSize: 256,
      handle,
      applyLabels: async (labels) => void (await store.applyLabels(labels)),
    });
  } finally {
    await store.close();
  }
  return counts;
}

export const truthOf = (history: ModelHistory, { transaction }: ModelInput): FraudTruth | null =>
  history.frauds.get(transactionKey(transaction.channel, transaction.transactionId)) ?? null;
