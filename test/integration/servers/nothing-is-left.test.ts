/** A whole test run with real servers, ended in the ways a run can end: no process and no folder of it stays. */
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';

const root = path.resolve(import.meta.dirname, '../../..');
const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

interface Run {
  readonly child: ChildProcess;
  readonly temporary: string;
  readonly exited: Promise<void>;
  output(): string;
}

/** Its temporary folder is its own: what the run leaves there is what it leaves at all. */
function startRun(end: 'hang' | 'fail'): Run {
  const temporary = mkdtempSync(path.join(os.tmpdir(), 'run-'));
  chmodSync(temporary, 0o711); // as root Postgres runs as another user, who must be able to enter
  folders.push(temporary);
  const config = path.join(import.meta.dirname, 'fixture/vitest.config.ts');
  const child = spawn(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', '--config', config], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      TMPDIR: temporary,
      FIXTURE_READY_FILE: path.join(temporary, 'ready'),
      FIXTURE_END: end,
      VIGIL_TEST_KAFKA: '',
      VIGIL_TEST_REDIS: '',
      REDIS_URL: '',
      VIGIL_TEST_POSTGRES: '',
    },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (data: Buffer) => {
      output += data.toString();
    });
  }
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  return { child, temporary, exited, output: () => output };
}

/** Command lines of living processes that name the run's temporary folder (not those that wait to be collected). */
function processesOf(temporary: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map((name) => {
      try {
        return readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ');
      } catch {
        return ''; // it ended meanwhile
      }
    })
    .filter((line) => line.includes(temporary));
}

async function untilReady(run: Run): Promise<void> {
  await expect.poll(() => existsSync(path.join(run.temporary, 'ready')), { timeout: 40_000 }).toBe(true);
}

async function expectNothingLeft(run: Run): Promise<void> {
  await expect.poll(() => processesOf(run.temporary), { timeout: 10_000, interval: 50 }).toEqual([]);
  const left = (): string[] => readdirSync(run.temporary).filter((name) => name.startsWith('vigil-test-'));
  await expect.poll(left, { timeout: 10_000, interval: 50 }).toEqual([]);
}

describe.runIf(process.platform === 'linux')('a test run', () => {
  it('leaves nothing after a failed test, and says which servers it used', async () => {
    const run = startRun('fail');
    await run.exited;
    expect(run.child.exitCode).toBe(1);
    expect(run.output()).toMatch(/^kafka {4}\S.* at 127\.0\.0\.1:\d+$/m);
    expect(run.output()).toMatch(/^redis {4}\S/m);
    expect(run.output()).toMatch(/^postgres \S/m);
    expect(run.output()).toContain('told to fail');
    await expectNothingLeft(run);
  });

  it.each(['SIGINT', 'SIGTERM', 'SIGKILL'] as const)('leaves nothing after %s', async (signal) => {
    const run = startRun('hang');
    await untilReady(run);
    expect(processesOf(run.temporary).length).toBeGreaterThanOrEqual(4); // kafka, postgres, two redis
    run.child.kill(signal);
    await run.exited;
    await expectNothingLeft(run);
  });
});
