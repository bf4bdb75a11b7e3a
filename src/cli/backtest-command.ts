/** Puts the stacks of `vigil backtest` together: one for each configuration, nothing shared but the clock. */
import { realpath } from 'node:fs/promises';
import { keepDecisionsOutside } from '../backtest/decisions-outside.ts';
import type { BacktestStack } from '../backtest/run-backtest.ts';
import {
  createScoringStack,
  loadConfiguredModel,
  memoryLimitUsage,
  memoryStoreFor,
  type ScoringStack,
  zoneMinutes,
} from '../composition/scoring-stack.ts';
import { systemClock } from '../composition/system-clock.ts';
import { configDir, readEnvironment } from '../config/environment.ts';
import { VigilError } from '../domain/errors.ts';
import { type BacktestFiles, checkBacktestFiles, runBacktest } from './backtest.ts';
import type { CommandIo, ExitCode } from './io.ts';
import { loadOrRefuse } from './load-or-refuse.ts';

export interface BacktestCommandOptions extends BacktestFiles {
  readonly config?: string;
  readonly against?: string;
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
  const stacks: (BacktestStack & Pick<ScoringStack, 'close'>)[] = [];
  try {
    const here = await openStack(config);
    stacks.push(here);
    const other = against === undefined ? null : await openStack(against);
    if (other !== null) stacks.push(other);
    return await runBacktest({ ...options, here, against: other, now: systemClock.now }, io);
  } finally {
    for (const stack of stacks) await stack.close();
  }
}

async function openStack(folder: string | undefined): Promise<BacktestStack & Pick<ScoringStack, 'close'>> {
  const configuration = await loadOrRefuse(folder);
  const stack = createScoringStack({
    configuration,
    store: keepDecisionsOutside(memoryStoreFor(configuration, { maxSlots: REPEAT_SLOTS }), {
      capacity: REPEAT_SLOTS + MAX_CHUNK,
    }),
    limitUsage: memoryLimitUsage(systemClock),
    // every transaction of history gets its model score, however long it takes
    model: await loadConfiguredModel(configuration),
    modelBudgetMs: () => Number.POSITIVE_INFINITY,
    clock: systemClock,
    // an in-process store has no outage
    maxRecent: 0,
    scorer: { decisionTime: 'event' },
  });
  const name = configDir(folder, readEnvironment()) ?? SHIPPED;
  return { name, configuration, ...stack, zoneMinutes: zoneMinutes(configuration) };
}

const isSameFolder = async (a: string, b: string): Promise<boolean> => {
  const [first, second] = await Promise.all([a, b].map((folder) => realpath(folder).catch(() => folder)));
  return first === second;
};
