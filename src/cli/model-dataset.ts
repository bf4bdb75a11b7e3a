/** Simulated history through the live code path (parser, memory feature store, encoder), as rows for the model. */
import { createLabelFeed } from '../backtest/label-feed.ts';
import { type HistoryItem, type HistoryLine, runHistory } from '../backtest/run-history.ts';
import type { LoadedConfiguration } from '../composition/load-generation.ts';
import { memoryStoreFor } from '../composition/scoring-stack.ts';
import type { Label } from '../domain/label.ts';
import { createTransactionParser } from '../domain/parse-transaction.ts';
import type { ModelInput } from '../domain/ports.ts';
import { transactionKey } from '../domain/transaction.ts';
import { createInputEncoder } from '../models/fraud-model.ts';
import { MODEL_INPUT_NAMES } from '../models/model-inputs.ts';
import { createDatasetBuilder, type Dataset, type FraudTruth } from '../models/training/dataset.ts';
import { createBank, type SimulatedBank } from '../simulation/bank.ts';
import { loadSimulationParameters } from '../simulation/load-parameters.ts';

export interface SimulatedHistoryOptions {
  readonly configuration: LoadedConfiguration;
  readonly seed: number;
  readonly transactions: number;
  readonly customers: number;
  readonly startMs: number;
  readonly onProgress?: (done: number) => void;
}

/** MODEL inputs of every transaction, in order of arrival; labels reach the feature store when they became known. */
export async function simulatedDataset(options: SimulatedHistoryOptions): Promise<Dataset> {
  const { configuration, transactions } = options;
  const truth = simulatedTruth(options);
  const store = memoryStoreFor(configuration, { maxEntities: 10_000_000 });
  const encoder = createInputEncoder(configuration.settings.bank.zone);
  const names = configuration.generation.featureNames;
  const builder = createDatasetBuilder(MODEL_INPUT_NAMES.length, transactions);
  let done = 0;
  const handle = async (items: readonly HistoryItem[]): Promise<void> => {
    const parsed = items.flatMap((item) => (item.parsed.ok ? [item.parsed.value] : []));
    const readings = await store.recordAndRead(parsed);
    for (const [i, { transaction }] of parsed.entries()) {
      const reading = readings[i];
      if (reading === undefined) continue;
      const input: ModelInput = { transaction, names, values: reading.values, profile: reading.profile };
      const fraud = truth.frauds.get(transactionKey(transaction.channel, transaction.transactionId)) ?? null;
      builder.add({ inputs: encoder.encode(input), occurredAtMs: transaction.occurredAtMs, fraud });
    }
    done += items.length;
    options.onProgress?.(done);
  };
  await runHistory({
    lines: simulatedLines(options),
    parse: createTransactionParser({ isChannel: (code) => configuration.channels.channels.has(code) }),
    nowMs: Number.MAX_SAFE_INTEGER,
    labels: createLabelFeed(truth.labels),
    chunkSize: 256,
    handle,
    applyLabels: async (labels) => void (await store.applyLabels(labels)),
  });
  await store.close();
  return builder.build();
}

function bankOf({ seed, startMs, customers }: SimulatedHistoryOptions): SimulatedBank {
  return createBank({ seed, startMs, customers, parameters: loadSimulationParameters() });
}

/** A first pass over the same seed: a second one is cheaper than keeping every message. */
function simulatedTruth(options: SimulatedHistoryOptions): {
  labels: Label[];
  frauds: ReadonlyMap<string, FraudTruth>;
} {
  const labels: Label[] = [];
  const frauds = new Map<string, FraudTruth>();
  for (const { label, scenario, message } of bankOf(options).transactions({ count: options.transactions })) {
    if (label === null) continue;
    labels.push(label);
    if (label.label !== 'FRAUD') continue;
    const knownAtMs = label.labelledAtMs ?? Date.parse(message.occurredAt);
    frauds.set(transactionKey(label.channel, label.transactionId), { knownAtMs, scenario: scenario ?? '' });
  }
  return { labels, frauds };
}

async function* simulatedLines(options: SimulatedHistoryOptions): AsyncGenerator<HistoryLine> {
  let number = 0;
  for (const { message } of bankOf(options).transactions({ count: options.transactions })) {
    number++;
    yield { number, bytes: Buffer.from(JSON.stringify(message)) };
  }
}
