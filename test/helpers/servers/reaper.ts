/**
 * Nothing outlives its test process: no server, no container, no folder, also when the process is ended by SIGKILL.
 * A shell in a session of its own reads from a pipe what there is to end; when the pipe closes, for whatever reason, it
 * ends it. (`setpriv --pdeathsig` was the other candidate: Linux only, tied to the parent's thread, and leaves folders.)
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import './end-with-runner.ts';

// a stopped server takes no signal but KILL and CONT, hence the CONT; five seconds for a clean end, then KILL
const SCRIPT = `
trap '' INT TERM HUP
while read -r verb value signal; do
  case $verb in
    pid) pids="$pids $value:$signal" ;;
    gone) kept=; for p in $pids; do [ "\${p%%:*}" = "$value" ] || kept="$kept $p"; done; pids=$kept ;;
    container) containers="$containers $value" ;;
    removed) kept=; for c in $containers; do [ "$c" = "$value" ] || kept="$kept $c"; done; containers=$kept ;;
  esac
done
for p in $pids; do kill -s CONT "\${p%%:*}"; kill -s "\${p##*:}" "\${p%%:*}"; done
[ -n "$containers" ] && docker rm -f $containers
tries=0
while [ $tries -lt 50 ]; do
  alive=; for p in $pids; do kill -0 "\${p%%:*}" && alive="$alive \${p%%:*}"; done
  [ -z "$alive" ] && break
  tries=$((tries + 1)); sleep 0.1
done
[ -n "$alive" ] && kill -s KILL $alive
rm -rf -- "$1"
`;

export type DeathSignal = 'KILL' | 'INT';

interface Reaper {
  readonly folder: string;
  readonly shell: ChildProcess;
}

let current: Reaper | undefined;

function reaper(): Reaper {
  if (current !== undefined) return current;
  const folder = mkdtempSync(path.join(os.tmpdir(), 'vigil-test-'));
  chmodSync(folder, 0o711); // as root the servers below it run as another user
  const shell = spawn('/bin/sh', ['-c', SCRIPT, 'vigil-reaper', folder], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
    cwd: '/',
    env: { ...process.env, PATH: `${process.env.PATH ?? ''}:/usr/bin:/bin` }, // whatever a test has made of PATH
  });
  shell.unref();
  shell.stdin?.on('error', () => undefined); // a reaper that somebody killed must not fail the tests
  current = { folder, shell };
  return current;
}

const tell = (line: string): void => {
  reaper().shell.stdin?.write(`${line}\n`);
};

/** A new folder that goes when this process goes. */
export function temporaryFolder(name: string): string {
  const folder = mkdtempSync(path.join(reaper().folder, `${name}-`));
  return folder;
}

export const reapProcess = (pid: number, signal: DeathSignal): void => tell(`pid ${pid} ${signal}`);
export const forgetProcess = (pid: number): void => tell(`gone ${pid}`);
export const reapContainer = (id: string): void => tell(`container ${id}`);
export const forgetContainer = (id: string): void => tell(`removed ${id}`);

/** Ends what is still there and removes the folder; resolves when nothing is left. */
export async function reapAll(): Promise<void> {
  if (current === undefined) return;
  const { shell, folder } = current;
  current = undefined;
  const exited = new Promise((resolve) => shell.once('exit', resolve));
  shell.ref();
  shell.stdin?.end();
  await exited;
  rmSync(folder, { recursive: true, force: true });
}
