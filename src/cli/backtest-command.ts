/** Puts the stacks of `vigil backtest` together: one for each configuration, nothing shared but the clock. */
import { realpath } from 'node:fs/promises';
import { createAheadModel, createAheadResults, createAheadStore } from '../backtest/ahead/ahead-results.ts';
import { type AheadHistory, canRunAhead, openAhead } from '../backtest/ahead/open-ahead.ts';
import type { BacktestStack } from '../backtest/run-backtest.ts';
import { createDecisionRing } from '../backtest/texts/decision-ring.ts';
import type { LoadedConfiguration } from '../composition/load-generation.ts';
import {
  createHistoryStack,
  loadConfiguredModel,
  memoryStoreFor,
  type ScoringStack,
  zoneMinutes,
} from '../composition/scoring-stack.ts';
import { systemClock } from '../composition/system-clock.ts';
import { configDir, readEnvironment } from '../config/environment.ts';
import { VigilError } from '../domain/errors.ts';
import type { FeatureStore, FraudModel } from '../domain/ports.ts';
import { type BacktestFiles, checkBacktestFiles, runBacktest } from './backtest.ts';
import type { CommandIo, ExitCode } from './io.ts';
import { loadOrRefuse } from './load-or-refuse.ts';

export interface BacktestCommandOptions extends BacktestFiles {
  readonly config?: string;
  readonly against?: string;
  /** 1: everything in one thread; otherwise a second one runs ahead where there is a core for it */
  readonly threads?: number;
}

/** Transactions whose repeats are recognised; the live store keeps those of its horizon. */
const REPEAT_SLOTS = 50_000;
/** a decision is kept a chunk after its slot was taken */
const MAX_CHUNK = 4096;
const SHIPPED = 'shipped configuration';

export async function backtestCommand(options: BacktestCommandOptions, io: CommandIo): Promise<ExitCode> {
  await checkBacktestFiles(options);
  const { config, against } = options;
  if (config !== undefined && against !== undefined && (await isSameFolder(config, against)))
    throw new VigilError('USAGE', '--config and --against name the same folder: there is nothing to compare.');
  const configurations = await loadAll(config, against);
  const isAhead = options.threads !== 1 && canRunAhead();
  let ahead: AheadHistory | undefined;
  const stacks: OpenStack[] = [];
  try {
    for (const [index, named] of configurations.entries())
      stacks.push(await (isAhead ? openStackAhead(named, () => ahead?.modelVersions[index] ?? '') : openStack(named)));
    const [here, other = null] = stacks;
    if (here === undefined) throw new VigilError('BUG', 'a backtest has no configuration');
    const run = { ...options, here, against: other, now: systemClock.now };
    if (!isAhead) return await runBacktest(run, io);
    const sources = configurations.map(({ configuration }) => configuration.sources);
    const order = { configurations: sources, environment: readEnvironment(), maxSlots: REPEAT_SLOTS };
    return await runBacktest(
      {
        ...run,
        async openAhead(request) {
          ahead = await openAhead({ ...order, ...request });
          return ahead;
        },
      },
      io,
    );
  } finally {
    await ahead?.close();
    for (const stack of stacks) await stack.close();
  }
}

interface NamedConfiguration {
  readonly name: string;
  readonly configuration: LoadedConfiguration;
}

async function loadAll(
  config: string | undefined,
  against: string | undefined,
): Promise<readonly NamedConfiguration[]> {
  const folders = against === undefined ? [config] : [config, against];
  const loaded: NamedConfiguration[] = [];
  for (const folder of folders) {
    const name = configDir(folder, readEnvironment()) ?? SHIPPED;
    loaded.push({ name, configuration: await loadOrRefuse(folder) });
  }
  return loaded;
}

type OpenStack = BacktestStack & Pick<ScoringStack, 'close'>;

async function openStack(named: NamedConfiguration): Promise<OpenStack> {
  const { configuration } = named;
  const store = memoryStoreFor(configuration, { maxSlots: REPEAT_SLOTS });
  return stackOf(named, store, await loadConfiguredModel(configuration));
}

/** Its store and its model answer what the thread ahead has found. */
function openStackAhead(named: NamedConfiguration, modelVersion: () => string): OpenStack {
  const { features, settings } = named.configuration;
  const ahead = createAheadResults();
  const store = createAheadStore(ahead, { maxSlots: REPEAT_SLOTS, repeatHorizonMs: features.repeatHorizonMs });
  return { ...stackOf(named, store, settings.model.enabled ? createAheadModel(ahead, modelVersion) : null), ahead };
}

function stackOf(
  { name, configuration }: NamedConfiguration,
  store: FeatureStore,
  model: FraudModel | null,
): OpenStack {
  const texts = createDecisionRing({ capacity: REPEAT_SLOTS + MAX_CHUNK });
  const stack = createHistoryStack(configuration, store, model, texts);
  return { name, configuration, ...stack, texts, zoneMinutes: zoneMinutes(configuration) };
}

const isSameFolder = async (a: string, b: string): Promise<boolean> => {
  const [first, second] = await Promise.all([a, b].map((folder) => realpath(folder).catch(() => folder)));
  return first === second;
};
