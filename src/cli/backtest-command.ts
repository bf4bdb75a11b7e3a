/** Puts the stack of `vigil backtest` together. */
import {
  createScoringStack,
  loadConfiguredModel,
  memoryLimitUsage,
  memoryStoreFor,
} from '../composition/scoring-stack.ts';
import { systemClock } from '../composition/system-clock.ts';
import { type BacktestOptions, runBacktest } from './backtest.ts';
import type { CommandIo, ExitCode } from './io.ts';
import { loadOrRefuse } from './load-or-refuse.ts';

type Options = Pick<BacktestOptions, 'in' | 'labels' | 'map' | 'out' | 'withFeatures' | 'report'> & {
  readonly config?: string;
};

export async function backtestCommand(options: Options, io: CommandIo): Promise<ExitCode> {
  const configuration = await loadOrRefuse(options.config);
  const stack = createScoringStack({
    configuration,
    store: memoryStoreFor(configuration),
    limitUsage: memoryLimitUsage(systemClock),
    // every transaction of history gets its model score, however long it takes
    model: await loadConfiguredModel(configuration),
    modelBudgetMs: () => Number.POSITIVE_INFINITY,
    clock: systemClock,
    scorer: { decisionTime: 'event' },
  });
  try {
    return await runBacktest({ ...options, configuration, ...stack, now: systemClock.now }, io);
  } finally {
    await stack.close();
  }
}
