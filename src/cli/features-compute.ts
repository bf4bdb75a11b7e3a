/** `vigil features compute`: only the feature store, no rules and no model. One line out per line in, in order. */
import { createLabelFeed } from '../backtest/label-feed.ts';
import { openHistory } from '../backtest/open-history.ts';
import { readLabels } from '../backtest/read-labels.ts';
import { type HistoryItem, runHistory } from '../backtest/run-history.ts';
import type { LoadedConfiguration } from '../composition/load-generation.ts';
import { VigilError } from '../domain/errors.ts';
import { createTransactionParser } from '../domain/parse-transaction.ts';
import type { FeatureStore } from '../domain/ports.ts';
import { namedValues } from '../pipeline/build-decision.ts';
import { type CommandIo, ConfigurationRefused, EXIT, type ExitCode } from './io.ts';
import { createLineWriter } from './line-writer.ts';
import { createProgress } from './progress.ts';

export interface FeaturesComputeOptions {
  readonly in: string;
  readonly out: string;
  readonly labels?: string | undefined;
  readonly map?: string | undefined;
  readonly configuration: LoadedConfiguration;
  readonly store: FeatureStore;
  /** the receiving clock */
  readonly now: () => number;
  readonly chunkSize?: number;
}

export async function runFeaturesCompute(options: FeaturesComputeOptions, io: CommandIo): Promise<ExitCode> {
  const { configuration, store, now } = options;
  const isChannel = (code: string): boolean => configuration.channels.channels.has(code);
  const lines = await openHistory(options.in, options.map);
  if (!lines.ok) throw new ConfigurationRefused(lines.error);
  const labels = options.labels === undefined ? null : await readLabels(options.labels, isChannel);
  if (labels !== null && !labels.ok) throw new ConfigurationRefused(labels.error);
  const feed = labels === null ? null : createLabelFeed(labels.value);
  const writer = createLineWriter(options.out);
  const progress = createProgress(io, 'features', undefined, now);
  const counts = { lines: 0, refused: 0, applied: 0, unmatched: 0 };
  await runHistory({
    lines: lines.value,
    parse: createTransactionParser({ isChannel }),
    nowMs: now(),
    labels: feed,
    chunkSize: options.chunkSize ?? 64,
    async handle(items) {
      for (const line of await computeLines(items, configuration, store)) await writer.write(line);
      counts.lines += items.length;
      counts.refused += items.filter((item) => !item.parsed.ok).length;
      progress.update(counts.lines);
    },
    async applyLabels(due) {
      const { applied, unmatched } = await store.applyLabels(due);
      counts.applied += applied;
      counts.unmatched += unmatched;
    },
  });
  await writer.end();
  progress.end();
  const labelText =
    feed === null
      ? ''
      : `; labels: ${counts.applied} applied, ${counts.unmatched + feed.unclaimed} without their transaction`;
  io.note(`${counts.lines} lines, ${counts.refused} refused${labelText}`);
  return EXIT.done;
}

async function computeLines(
  items: readonly HistoryItem[],
  { generation }: LoadedConfiguration,
  store: FeatureStore,
): Promise<readonly string[]> {
  const parsed = items.flatMap(({ parsed: result }) => (result.ok ? [result.value] : []));
  const readings = await store.recordAndRead(parsed);
  let position = 0;
  return items.map((item) => {
    if (!item.parsed.ok) return JSON.stringify({ line: item.number, code: item.parsed.error.code });
    const reading = readings[position++];
    if (reading === undefined)
      throw new VigilError('BUG', 'the feature store answered fewer readings than it was asked');
    const { transactionId, channel } = item.parsed.value.transaction;
    return JSON.stringify({ transactionId, channel, features: namedValues(generation.featureNames, reading) });
  });
}
