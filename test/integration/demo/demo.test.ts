/** `vigil demo` as a person starts it: the built command line in processes of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const CLI = path.resolve(import.meta.dirname, '../../../dist/cli/vigil.js');
const folder = mkdtempSync(path.join(tmpdir(), 'vigil-demo-test-'));
chmodSync(folder, 0o1777); // like any folder for temporary files: as root, PostgreSQL runs as another user

afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Ended {
  readonly code: number | null;
  readonly output: string;
}

interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** resolves with everything printed so far once it matches */
  until(pattern: RegExp): Promise<string>;
}

function start(command: string, args: readonly string[], environment: Record<string, string> = {}): Started {
  // a folder of its own for temporary files: what is left in it is what the run has left behind
  const child = spawn(command, args, { env: { ...process.env, TMPDIR: folder, ...environment }, detached: true });
  let output = '';
  child.stdout?.on('data', (data) => (output += data));
  child.stderr?.on('data', (data) => (output += data));
  const ended = new Promise<Ended>((resolve) => child.once('close', (code) => resolve({ code, output })));
  return {
    child,
    ended,
    async until(pattern) {
      for (let waitedMs = 0; !pattern.test(output); waitedMs += 50) {
        if (waitedMs > 90_000 || child.exitCode !== null) throw new Error(`${pattern} never came: ${output}`);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      return output;
    },
  };
}

const demo = (...args: string[]): Started => start(process.execPath, [CLI, 'demo', ...args]);

/** Commands of live processes that name the test's folder: an embedded PostgreSQL keeps its data there. */
function processesOfTheTest(): readonly string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && name !== String(process.pid))
    .flatMap((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
        return command.includes(folder) || command.includes(`${CLI} demo`) ? [command] : [];
      } catch {
        return []; // it ended while we looked
      }
    });
}

async function untilNothingIsLeft(): Promise<void> {
  for (let waitedMs = 0; processesOfTheTest().length > 0 || leftFolders().length > 0; waitedMs += 100) {
    if (waitedMs > 8_000) throw new Error(`left behind: ${[...processesOfTheTest(), ...leftFolders()].join('\n')}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

const leftFolders = (): readonly string[] => readdirSync(folder).filter((name) => !name.endsWith('.json'));

describe('vigil demo', () => {
  it('ends with a report, and two runs of one seed agree', { timeout: 240_000 }, async () => {
    const reports = [];
    for (const name of ['a', 'b']) {
      const file = path.join(folder, `${name}.json`);
      const { code, output } = await demo('--transactions', '1500', '--seed', '7', '--no-serve', '--report', file)
        .ended;
      expect(code, output).toBe(0);
      expect(output).toMatch(/Scorecard of 1,500 transactions of 2,000 customers/);
      reports.push(JSON.parse(readFileSync(file, 'utf8')));
    }
    const [first, second] = reports;
    expect(Object.keys(first)).toEqual(
      expect.arrayContaining([
        'transactions',
        'decisions',
        'deadLetters',
        'alerts',
        'outcomes',
        'level',
        'detection',
        'latencyMs',
        'throughputPerSecond',
      ]),
    );
    expect(first).toMatchObject({
      transactions: 1500,
      decisions: 1500,
      deadLetters: 0,
      level: { L0: 1500, L1: 0, L2: 0, L3: 0 },
    });
    expect(second.outcomes).toEqual(first.outcomes);
    expect(second.alerts).toEqual(first.alerts);
    expect(second.detection).toEqual(first.detection);
    await untilNothingIsLeft();
  });

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'serves the API, the metrics and the console until %s, and leaves nothing',
    { timeout: 120_000 },
    async (signal) => {
      const run = demo('--transactions', '200', '--port', '0', '--token', 'demo-test');
      const printed = await run.until(/Metrics .*\n/);
      const url = /Console +(\S+)\/#token=demo-test/.exec(printed)?.[1] ?? '';
      const [health, metrics, page, refused, alerts] = await Promise.all([
        fetch(`${url}/healthz`),
        fetch(`${url}/metrics`),
        fetch(`${url}/`),
        fetch(`${url}/v1/alerts`),
        fetch(`${url}/v1/alerts?limit=1`, { headers: { authorization: 'Bearer demo-test' } }),
      ]);
      expect([health, metrics, page, refused, alerts].map((answer) => answer.status)).toEqual([
        200, 200, 200, 401, 200,
      ]);
      expect(await page.text()).toMatch(/<script[^>]+src="/);
      expect(page.headers.get('content-security-policy')).toMatch(/default-src 'none'|default-src 'self'/);
      run.child.kill(signal);
      const { code, output } = await run.ended;
      expect(code, output).toBe(0);
      await untilNothingIsLeft();
    },
  );

  it('leaves nothing when it is killed, or whoever started it is', { timeout: 180_000 }, async () => {
    const killed = demo('--transactions', '200', '--port', '0');
    await killed.until(/Metrics /);
    killed.child.kill('SIGKILL');
    await untilNothingIsLeft();

    const shell = start('sh', ['-c', `"${process.execPath}" "${CLI}" demo --transactions 200 --port 0; true`]);
    await shell.until(/Metrics /);
    shell.child.kill('SIGKILL');
    await untilNothingIsLeft();
  });

  it('says in one sentence that its port is taken', { timeout: 120_000 }, async () => {
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
    const address = holder.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const { code, output } = await demo('--transactions', '50', '--port', String(port)).ended;
    holder.close();
    expect(code).toBe(2);
    expect(output).toMatch(new RegExp(`Port ${port} of 127\\.0\\.0\\.1 is taken: .*\\.\\n$`));
    await untilNothingIsLeft();
  });

  it.each([
    [['--transactions', '0'], /whole number from 1 on/],
    [['--seed', 'x'], /whole number/],
    [['--config', '/nowhere/at/all'], /is not there: name an existing folder/],
    [['--shoe', '1'], /unknown option/],
  ])('refuses %j with exit code 2', async (args, message) => {
    const { code, output } = await demo(...args).ended;
    expect(code).toBe(2);
    expect(output).toMatch(message);
  });
});

it('is tested as it was built', () => {
  expect(existsSync(CLI), 'run `npm run build` first: this test starts the built command line').toBe(true);
});
