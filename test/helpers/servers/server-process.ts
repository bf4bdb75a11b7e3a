/**
 * A server's process: in a session of its own (Ctrl-C in the terminal reaches the test runner only), with its output in
 * a file, known to the reaper from the first moment.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { type DeathSignal, forgetProcess, reapProcess } from './reaper.ts';

export interface ServerCommand {
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly logFile: string;
  readonly deathSignal: DeathSignal;
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
  readonly env?: NodeJS.ProcessEnv;
}

export interface ServerProcess {
  readonly pid: number;
  /** how it ended, undefined while it runs */
  ended(): string | undefined;
  readonly exited: Promise<string>;
  signal(signal: NodeJS.Signals): void;
  /** SIGKILL; resolves when the process is gone */
  kill(): Promise<void>;
  /** asks to end, insists after `graceMs`; resolves when the process is gone */
  stop(signal: NodeJS.Signals, graceMs?: number): Promise<void>;
  /** the last lines that it said, for an error message */
  lastWords(): string;
}

export function spawnServer(command: ServerCommand): ServerProcess {
  const child = launch(command);
  const pid = child.pid ?? 0;
  let end: string | undefined;
  if (pid !== 0) reapProcess(pid, command.deathSignal);
  const exited = new Promise<string>((resolve) => {
    const settle = (how: string): void => {
      if (end !== undefined) return;
      end = how;
      if (pid !== 0) forgetProcess(pid);
      resolve(how);
    };
    child.once('exit', (code, signal) => settle(String(code ?? signal)));
    child.once('error', (error) => settle(error.message));
  });
  child.unref();
  const signal = (name: NodeJS.Signals): void => {
    if (end === undefined) child.kill(name);
  };
  return {
    pid,
    exited,
    ended: () => end,
    signal,
    async kill() {
      child.ref();
      signal('SIGKILL');
      await exited;
    },
    async stop(name, graceMs = 10_000) {
      child.ref();
      signal('SIGCONT');
      signal(name);
      const timer = setTimeout(() => signal('SIGKILL'), graceMs);
      await exited;
      clearTimeout(timer);
    },
    lastWords: () => readFileSync(command.logFile, 'utf8').slice(-2000),
  };
}

function launch(command: ServerCommand): ChildProcess {
  const { program, args, cwd, logFile, uid, gid, env = process.env } = command;
  const output = openSync(logFile, 'a');
  try {
    return spawn(program, args, {
      cwd,
      env,
      detached: true,
      stdio: ['ignore', output, output],
      ...(uid === undefined ? {} : { uid }),
      ...(gid === undefined ? {} : { gid }),
    });
  } finally {
    closeSync(output);
  }
}

/** Polls until `isReady` resolves true; rejects with the server's last words when it ends first or takes too long. */
export async function untilReady(
  server: ServerProcess,
  what: string,
  timeoutMs: number,
  isReady: () => Promise<boolean>,
): Promise<void> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    if (server.ended() !== undefined) throw new Error(`${what} ended (${server.ended()}): ${server.lastWords()}`);
    if (await isReady().catch(() => false)) return;
    if (performance.now() > end) throw new Error(`${what} is not ready after ${timeoutMs} ms: ${server.lastWords()}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
