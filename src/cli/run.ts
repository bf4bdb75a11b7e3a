/**
 * `vigil run`: workers of the real stack. One worker is this process; several are child processes, because scoring is bound
 * by the processor. A worker that dies of a bug ends all of them with a non-zero code: the platform starts Vigil anew, and
 * nobody believes that a half of it serves.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { runWorker } from '../main.ts';
import { type CommandIo, EXIT, type ExitCode } from './io.ts';
import { listenForShutdown, type Shutdown } from './lifecycle.ts';
import { startOrRefuse } from './load-or-refuse.ts';

export interface RunOptions {
  readonly config?: string;
  readonly workers: number;
  /** set for the child processes: which of the workers this is */
  readonly workerIndex?: number;
  readonly version: string;
}

export async function runVigil(options: RunOptions, io: CommandIo): Promise<ExitCode> {
  const shutdown = listenForShutdown();
  try {
    return options.workers === 1 || options.workerIndex !== undefined
      ? await runHere(options, shutdown, io)
      : await runChildren(options, shutdown, io);
  } finally {
    shutdown.dispose();
  }
}

async function runHere(options: RunOptions, shutdown: Shutdown, io: CommandIo): Promise<ExitCode> {
  const index = options.workerIndex ?? 0;
  const start = await startOrRefuse(options.config, 'real', io);
  try {
    await runWorker({
      ...start,
      version: options.version,
      index,
      signal: shutdown.signal,
      onReady: (url) => io.note(`Vigil worker ${index} is ready: ${url}`),
    });
    return EXIT.done;
  } finally {
    await start.store?.close();
  }
}

async function runChildren({ workers, config }: RunOptions, shutdown: Shutdown, io: CommandIo): Promise<ExitCode> {
  // a fault of the configuration is said once, not by each worker; and the first of them keeps it for all
  const { store } = await startOrRefuse(config, 'real', io);
  await store?.close();
  const cli = fileURLToPath(new URL('./vigil.js', import.meta.url));
  const children = Array.from({ length: workers }, (_, index) =>
    fork(cli, ['run', '--worker-index', String(index), ...(config === undefined ? [] : ['--config', config])]),
  );
  const stopAll = (): void => {
    for (const child of children) child.kill('SIGTERM');
  };
  shutdown.signal.addEventListener('abort', stopAll, { once: true });
  const codes = await Promise.all(
    children.map(async (child) => {
      const code = await exitOf(child);
      stopAll();
      return code;
    }),
  );
  return codes.every((code) => code === 0) ? EXIT.done : EXIT.failed;
}

const exitOf = (child: ChildProcess): Promise<number> =>
  new Promise((resolve) => child.once('exit', (code) => resolve(code ?? 1)));
