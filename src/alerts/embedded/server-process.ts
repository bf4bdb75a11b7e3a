/**
 * One PostgreSQL process that never outlives us. A small shell starts it and holds a pipe from us: when the pipe closes,
 * because we asked or because we died (also by SIGKILL), it ends the server and removes the throw-away folder. The shell
 * stands between from the first moment on, so there is no instant in which a death of ours leaves a server behind.
 * (`setpriv --pdeathsig` does the same on Linux alone, and follows the parent *thread*.)
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { ServerAccount } from './server-account.ts';

/**
 * $1 = folder to remove at the end; the rest is the command. Fast shutdown first (SIGINT: rolls back, writes a checkpoint),
 * immediate after 1.2 s (SIGQUIT: recovers at the next start), so that 2 s are enough for the whole; and again every 1.2 s,
 * because a program that is only just starting on a busy machine may not listen to signals yet. A server that ended by
 * itself is told at once ("exited CODE"), and its process number, which may belong to another by now, is not touched any
 * more. A line "keep" instead of the mere end of the pipe leaves the folder to us.
 */
const WATCHDOG = `
scratch=$1; shift
exec 3<&0
"$@" </dev/null >/dev/null 3<&- &
pid=$!
trap '' PIPE
echo "pid $pid"
(
  read -r word <&3
  n=0
  while [ ! -e "$scratch/.ended" ] && kill -0 "$pid"; do
    if [ "$n" -eq 0 ]; then kill -INT "$pid"; fi
    if [ "$n" -gt 0 ] && [ "$((n % 12))" -eq 0 ]; then kill -QUIT "$pid"; fi
    sleep 0.1
    n=$((n + 1))
  done
  [ "$word" != keep ]
) >/dev/null 2>&1 &
watcher=$!
wait "$pid"
code=$?
: >"$scratch/.ended"
echo "exited $code"
if wait "$watcher"; then rm -rf -- "$scratch"; else rm -f -- "$scratch/.ended"; fi
`;

export const LOG_LINES_KEPT = 40;

export interface ServerProcess {
  /** of PostgreSQL itself, not of the shell */
  readonly pid: number;
  /** the newest lines that the server wrote */
  logTail(): readonly string[];
  /** the exit code as the shell sees it (128 + signal), undefined when the shell itself was killed */
  readonly exited: Promise<number | undefined>;
  hasExited(): boolean;
  /** closes the pipe and waits; after 2 s the process group is killed. The throw-away folder goes unless it is kept. */
  stop(scratch?: 'keep'): Promise<void>;
}

export interface ServerProcessOptions {
  readonly command: readonly string[];
  readonly account: ServerAccount | undefined;
  readonly cwd: string;
  /** removed when the server has ended and we have stopped or died */
  readonly scratchDir: string;
  readonly log?: (line: string) => void;
}

export async function startServerProcess(options: ServerProcessOptions): Promise<ServerProcess> {
  const shell = spawn('/bin/sh', ['-c', WATCHDOG, 'vigil-postgres', options.scratchDir, ...options.command], {
    cwd: options.cwd,
    // a group of its own: Ctrl-C in the terminal reaches us, and we end the server after our own drain
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(options.account === undefined ? {} : { uid: options.account.uid, gid: options.account.gid }),
  });
  // the pipe breaks when the shell dies first: that is what `exited` reports
  shell.stdin.on('error', () => undefined);
  const tail = keepTail(shell.stderr, options.log);
  const shellEnded = new Promise<void>((resolve) => {
    shell.once('exit', () => resolve());
    shell.once('error', () => resolve());
  });
  const { pid, exited } = await readReports(shell.stdout, shellEnded);
  let hasExited = false;
  void exited.then(() => {
    hasExited = true;
  });
  letUsEndNaturally(shell);
  return {
    pid,
    logTail: () => [...tail],
    exited,
    hasExited: () => hasExited,
    stop: (scratch) => stopShell(shell, shellEnded, scratch),
  };
}

function keepTail(stderr: Readable, log: ((line: string) => void) | undefined): readonly string[] {
  const tail: string[] = [];
  createInterface({ input: stderr }).on('line', (line) => {
    tail.push(line);
    if (tail.length > LOG_LINES_KEPT) tail.shift();
    log?.(line);
  });
  return tail;
}

interface Reports {
  readonly pid: number;
  readonly exited: Promise<number | undefined>;
}

/** The shell says "pid N" at once and "exited CODE" when the server has ended. */
function readReports(stdout: Readable, shellEnded: Promise<void>): Promise<Reports> {
  return new Promise((resolve, reject) => {
    const lines = createInterface({ input: stdout });
    const exited = new Promise<number | undefined>((resolveExited) => {
      lines.on('line', (line) => {
        const [word, number] = line.split(' ');
        if (word === 'exited') resolveExited(Number(number));
        else if (word === 'pid') resolve({ pid: Number(number), exited });
      });
      void shellEnded.then(() => resolveExited(undefined));
    });
    void shellEnded.then(() => reject(new Error('the shell that starts PostgreSQL ended at once')));
  });
}

/** A program that forgets `stop()` still ends: nothing here keeps its event loop alive, and its end closes the pipe. */
function letUsEndNaturally(shell: ChildProcess): void {
  shell.unref();
  for (const stream of [shell.stdin, shell.stdout, shell.stderr]) {
    (stream as unknown as { unref?: () => void } | null)?.unref?.();
  }
}

async function stopShell(shell: ChildProcess, shellEnded: Promise<void>, scratch: 'keep' | undefined): Promise<void> {
  shell.ref();
  shell.stdin?.end(scratch === undefined ? undefined : `${scratch}\n`);
  const killer = setTimeout(() => killGroup(shell.pid), 1_800);
  await shellEnded;
  clearTimeout(killer);
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    // ESRCH: the group ended by itself meanwhile
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
