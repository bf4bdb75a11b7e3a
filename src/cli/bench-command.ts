/** Puts `vigil bench` together: the in-process stack of a configuration, and the clocks. */
import type { LoadedConfiguration } from '../composition/load-generation.ts';
import {
  createHistoryStack,
  loadConfiguredModel,
  memoryStoreFor,
  type ScoringStack,
} from '../composition/scoring-stack.ts';
import { systemClock } from '../composition/system-clock.ts';
import { runBench } from './bench.ts';
import type { CommandIo, ExitCode } from './io.ts';
import { loadOrRefuse } from './load-or-refuse.ts';

export interface BenchCommandOptions {
  readonly config?: string;
  readonly transactions: number;
  readonly seed: number;
}

export async function benchCommand(options: BenchCommandOptions, io: CommandIo): Promise<ExitCode> {
  const configuration = await loadOrRefuse(options.config);
  const stack = await openBenchStack(configuration);
  const store = memoryStoreFor(configuration);
  try {
    return await runBench(
      {
        configuration,
        store,
        score: stack.score,
        transactions: options.transactions,
        seed: options.seed,
        now: systemClock.now,
        cpuMicroseconds: () => {
          const { user, system } = process.cpuUsage();
          return user + system;
        },
        monotonicMs: () => performance.now(),
      },
      io,
    );
  } finally {
    await store.close();
    await stack.close();
  }
}

export const openBenchStack = async (configuration: LoadedConfiguration): Promise<ScoringStack> =>
  createHistoryStack(configuration, memoryStoreFor(configuration), await loadConfiguredModel(configuration));
