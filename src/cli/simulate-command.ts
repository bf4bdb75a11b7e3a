/** Puts `vigil simulate` together: with --kafka, a producer on the configured brokers. */
import { systemClock } from '../composition/system-clock.ts';
import type { CommandIo, ExitCode } from './io.ts';
import { listenForShutdown } from './lifecycle.ts';
import { runSimulate, type SimulateOptions } from './simulate.ts';

type Options = Pick<SimulateOptions, 'transactions' | 'seed' | 'out' | 'labels' | 'rate' | 'config'> & {
  readonly kafka?: boolean;
};

export async function simulateCommand(options: Options, io: CommandIo): Promise<ExitCode> {
  const shutdown = listenForShutdown();
  try {
    return await runSimulate({ ...options, clock: systemClock, signal: shutdown.signal }, io);
  } finally {
    shutdown.dispose();
  }
}
