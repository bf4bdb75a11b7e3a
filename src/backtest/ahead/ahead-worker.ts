/**
 * The thread that runs ahead of the decisions of a backtest: configurations, a file and labels in, chunks out, at most
 * `MOST_AHEAD` of them waiting. See ahead-messages.ts for what is said.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { buildConfiguration, type LoadedConfiguration } from '../../composition/load-generation.ts';
import { loadConfiguredModel, memoryStoreFor } from '../../composition/scoring-stack.ts';
import { VigilError } from '../../domain/errors.ts';
import { createEarlyLabelFeed, labelDelayMs } from '../early-labels.ts';
import { openHistory } from '../open-history.ts';
import { buffersOf } from './ahead-chunk.ts';
import { type AheadOrder, type FromAhead, MOST_AHEAD, type ToAhead } from './ahead-messages.ts';
import { type AheadSide, runAhead } from './run-ahead.ts';

const port = parentPort;
if (port === null) throw new VigilError('BUG', 'this file is the entry of a thread');
const order = workerData as AheadOrder;
const say = (message: FromAhead, buffers: ArrayBuffer[] = []): void => port.postMessage(message, buffers);

let waiting = 0;
let onTaken: (() => void) | undefined;
const started = new Promise<number>((resolve) => {
  port.on('message', (message: ToAhead) => {
    if (message.kind === 'start') resolve(message.nowMs);
    else {
      waiting -= 1;
      onTaken?.();
    }
  });
});

async function sideOf(configuration: LoadedConfiguration): Promise<AheadSide> {
  return {
    isChannel: (code) => configuration.channels.channels.has(code),
    featureNames: configuration.generation.featureNames,
    store: memoryStoreFor(configuration, { maxSlots: order.maxSlots }),
    model: await loadConfiguredModel(configuration),
  };
}

async function run(): Promise<void> {
  const configurations = order.configurations.map((sources) => {
    const built = buildConfiguration(sources, order.environment);
    if (!built.ok) throw new VigilError('BUG', 'a configuration that was loaded cannot be loaded again');
    return built.value;
  });
  const sides: AheadSide[] = [];
  for (const configuration of configurations) sides.push(await sideOf(configuration));
  const lines = await openHistory(order.file, order.mapFile);
  if (!lines.ok) throw new VigilError('BUG', 'a mapping that was read cannot be read again');
  const catalogues = configurations.map(({ features }) => features);
  const labels = order.labels === null ? null : createEarlyLabelFeed(order.labels, labelDelayMs(catalogues));
  say({ kind: 'ready', modelVersions: sides.map(({ model }) => model?.version ?? null) });
  await runAhead({
    lines: lines.value,
    sides,
    labels,
    chunkSize: order.chunkSize,
    maxSpanMs: Math.min(...catalogues.map(({ repeatHorizonMs }) => repeatHorizonMs)),
    nowMs: await started,
    async emit(chunk) {
      say({ kind: 'chunk', chunk }, buffersOf(chunk));
      waiting += 1;
      while (waiting >= MOST_AHEAD)
        await new Promise<void>((resolve) => {
          onTaken = resolve;
        });
    },
  });
  say({ kind: 'end', unclaimedLabels: labels?.unclaimed ?? 0 });
}

try {
  await run();
} catch (error) {
  if (!(error instanceof VigilError)) throw error;
  say({ kind: 'failed', code: error.code, message: error.message });
}
port.close();
