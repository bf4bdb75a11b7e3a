/** `vigil run` in processes of its own, as it is operated: how it starts, changes, ends, and what it says when it cannot. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Redis } from 'ioredis';
import { afterEach, describe, expect, inject, it } from 'vitest';
import { systemClock } from '../../../src/composition/system-clock.ts';
import { createKafkaBus } from '../../../src/consumers/kafka-bus.ts';
import type { Decision } from '../../../src/domain/decision.ts';
import { aMessage, bytesOf } from '../../helpers/a-transaction.ts';
import { startFreeClock } from '../../helpers/free-clock.ts';
import { ownDatabase, ownKeyPrefix, ownTopics } from '../../helpers/servers/own.ts';
import { startRedis } from '../../helpers/servers/redis.ts';
import { ruleFile, testFile } from '../../unit/composition/a-folder.ts';
import { sleep, until } from './live-traffic.ts';

const CLI = path.resolve(import.meta.dirname, '../../../dist/cli/vigil.js');
const closers: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

type Environment = Readonly<Record<string, string>>;

interface Started {
  readonly child: ChildProcess;
  output(): string;
  readonly ended: Promise<number | null>;
}

function vigil(environment: Environment, ...args: readonly string[]): Started {
  const child = spawn(process.execPath, [CLI, ...args], { env: { ...process.env, ...environment } });
  let output = '';
  child.stdout?.on('data', (data) => (output += data));
  child.stderr?.on('data', (data) => (output += data));
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  closers.push(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return { child, ended, output: () => output };
}

async function bank() {
  const names = ownTopics('worker');
  const database = await ownDatabase('empty', async () => undefined);
  const redisUrl = inject('redisUrl');
  const topic = (base: string): string => names.name(base);
  const environment: Environment = {
    VIGIL_KAFKA_BROKERS: inject('kafkaBrokers'),
    VIGIL_KAFKA_PARTITIONS: '2',
    VIGIL_TOPIC_TRANSACTIONS: topic('transactions'),
    VIGIL_TOPIC_DECISIONS: topic('decisions'),
    VIGIL_TOPIC_DEAD_LETTERS: topic('dead-letters'),
    VIGIL_TOPIC_FEEDBACK: topic('feedback'),
    VIGIL_TOPIC_CHANNEL_RESULTS: topic('channel-results'),
    VIGIL_REDIS_URL: redisUrl.startsWith('/') ? `unix:${redisUrl}` : redisUrl,
    VIGIL_REDIS_KEY_PREFIX: ownKeyPrefix().replace(/:$/, ''),
    VIGIL_POSTGRES_URL: database.url,
    VIGIL_HTTP_PORT: '0',
    VIGIL_HTTP_TOKEN: 'for-this-test',
    VIGIL_LOG_LEVEL: 'warn',
  };
  const folder = mkdtempSync(path.join(tmpdir(), 'vigil-worker-'));
  closers.push(() => rmSync(folder, { recursive: true, force: true }));
  const write = (name: string, text: string): void => {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), text);
  };
  // groups of its own: other tests run on the same broker
  write(
    'vigil.yaml',
    `kafka: { group: ${topic('scoring')}, alertGroup: ${topic('alerts')}, feedbackGroup: ${topic('labels')}, sessionTimeoutMs: 6000, heartbeatIntervalMs: 500 }\nredis: { budgetMs: 2000 }\nmodel: { enabled: false }\n`,
  );
  write('rules/test.yaml', ruleFile(1_000));
  write('rules/tests/test.test.yaml', testFile(1_000));
  const bus = createKafkaBus({
    connection: { brokers: inject('kafkaBrokers').split(','), clientId: 'worker-test' },
    clock: systemClock,
  });
  closers.push(() => bus.close());
  const run = (changes: Environment = {}) => vigil({ ...environment, ...changes }, 'run', '--config', folder);
  const migrated = async (): Promise<void> => {
    expect(await vigil(environment, 'migrate', '--config', folder).ended).toBe(0);
  };
  return {
    environment,
    folder,
    write,
    bus,
    run,
    migrated,
    transactions: topic('transactions'),
    decisions: topic('decisions'),
  };
}

const url = async ({ output, child }: Started): Promise<string> => {
  const pattern = /is ready: (http:\S+)/;
  await until(() => pattern.test(output()) || child.exitCode !== null);
  const found = pattern.exec(output())?.[1];
  if (found === undefined) throw new Error(`the worker did not start: ${output()}`);
  return found;
};

const decide = async (address: string, transactionId: string, amountMinor = 5_000): Promise<Decision> => {
  const message = aMessage({ transactionId, amountMinor, occurredAt: new Date().toISOString() });
  const answer = await fetch(`${address}/v1/decisions`, {
    method: 'POST',
    headers: { authorization: 'Bearer for-this-test', 'content-type': 'application/json' },
    body: JSON.stringify(message),
  });
  expect(answer.status).toBe(200);
  return (await answer.json()) as Decision;
};

describe('a worker that cannot start', () => {
  const sentence = async ({ ended, output }: Started): Promise<string> => {
    const code = await ended;
    // log lines are for machines, and beside it
    const lines = output()
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('{'));
    expect({ code, lines: lines.length }, output()).toEqual({ code: 2, lines: 1 });
    return lines[0] ?? '';
  };

  it('says in one sentence which server is missing, which password is wrong and what to do', async () => {
    const { run, migrated } = await bank();
    expect(await sentence(run())).toMatch(/topic.*vigil migrate/);
    await migrated();
    const closed = await freePort();
    const guarded = await startRedis({ port: await freePort() });
    closers.push(() => guarded.stop());
    const client = new Redis(guarded.url);
    await client.config('SET', 'requirepass', 'right');
    client.disconnect();
    const cases = await Promise.all([
      sentence(run({ VIGIL_KAFKA_BROKERS: `127.0.0.1:${closed}` })),
      sentence(run({ VIGIL_REDIS_URL: `redis://127.0.0.1:${closed}` })),
      sentence(run({ VIGIL_REDIS_URL: `redis://:wrong-secret@127.0.0.1:${guarded.port}` })),
      sentence(run({ VIGIL_POSTGRES_URL: `postgres://vigil:wrong-secret@127.0.0.1:${closed}/vigil` })),
    ]);
    expect(cases[0]).toMatch(/Kafka .*cannot be reached/);
    expect(cases[1]).toMatch(/Redis .*cannot be reached.*redis\.url/);
    expect(cases[2]).toMatch(/Redis .*refused the credentials.*redis\.url/);
    expect(cases[3]).toMatch(/PostgreSQL.*postgres\.url|postgres\.url.*PostgreSQL|VIGIL_POSTGRES_URL/);
    expect(cases.join()).not.toContain('wrong-secret');
  });

  it('says that its port is taken', async () => {
    const { run, migrated } = await bank();
    await migrated();
    const server = net.createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    closers.push(() => void server.close());
    const { port } = server.address() as net.AddressInfo;
    expect(await sentence(run({ VIGIL_HTTP_PORT: String(port) }))).toMatch(new RegExp(`port ${port}`, 'i'));
  });
});

/** unanswered at most; a worker takes as many in half a second of its own */
const MOST_WAITING = 2_000;
const PATIENCE_MS = 90_000;

describe('a worker under load', () => {
  it('ends with 0 within ten seconds of SIGTERM, and its successor repeats nothing', {
    timeout: 4 * PATIENCE_MS,
  }, async () => {
    const { run, migrated, bus, transactions, decisions } = await bank();
    await migrated();
    const first = run();
    await url(first);
    let isOn = true;
    let sent = 0;
    const ids: string[] = [];
    const audit = await bus.subscribe({
      topic: decisions,
      group: `${decisions}-audit`,
      maxChunk: 500,
      onChunk: async ({ messages }) =>
        void ids.push(...messages.map(({ value }) => (JSON.parse(String(value)) as Decision).transactionId)),
    });
    const load = (async () => {
      while (isOn) {
        // a machine that is busy with other things decides slowly: what waits stays within what a worker takes in seconds
        while (isOn && sent - ids.length > MOST_WAITING) await sleep(25);
        const messages = Array.from({ length: 50 }, () => {
          const customerId = `C${sent % 40}`;
          return {
            key: customerId,
            value: bytesOf(
              aMessage({ transactionId: `L-${sent++}`, customerId, occurredAt: new Date().toISOString() }),
            ),
          };
        });
        await bus.publish(transactions, messages);
        await sleep(25);
      }
    })();
    await until(() => ids.length > 500, PATIENCE_MS);
    const free = startFreeClock();
    const startMs = systemClock.now();
    first.child.kill('SIGTERM');
    expect(await first.ended).toBe(0);
    const stoppedMs = systemClock.now();
    await sleep(50); // the free clock ticks beyond it
    const endedMs = free.between(startMs, stoppedMs);
    free.stop();
    expect(endedMs).toBeLessThan(10_000);
    const second = run();
    await url(second);
    await sleep(500);
    isOn = false;
    await load;
    await until(() => new Set(ids).size >= sent, PATIENCE_MS);
    await sleep(500);
    await audit.stop();
    console.log(
      `SIGTERM under load: ended after ${endedMs.toFixed(0)} ms; ${sent} sent, ${ids.length - sent} repeated`,
    );
    expect(new Set(ids).size).toBe(sent);
    expect(ids.length).toBe(sent);
    second.child.kill('SIGTERM');
    expect(await second.ended).toBe(0);
  });
});

describe('a worker whose configuration changes', () => {
  const score = (decision: Decision): number | undefined => decision.hits[0]?.score;

  it('takes what is valid, refuses what is not, also across a restart, and goes back on demand', async () => {
    const { run, migrated, write, environment, folder } = await bank();
    await migrated();
    const first = run();
    const address = await url(first);
    expect(score(await decide(address, 'H-1'))).toBe(200);
    write('rules/test.yaml', ruleFile(1_000, 300));
    let n = 2;
    const becomes = (at: string, wanted: number): Promise<void> =>
      until(async () => score(await decide(at, `H-${n++}`)) === wanted);
    await becomes(address, 300);

    write('rules/test.yaml', ruleFile(9_000)); // its test fails
    await until(async () =>
      /vigil_config_loads_total\{result="refused"\} [1-9]/.test(await (await fetch(`${address}/metrics`)).text()),
    );
    expect(first.output()).toContain('a large transfer');
    expect(score(await decide(address, `H-${n++}`))).toBe(300);
    first.child.kill('SIGTERM');
    expect(await first.ended).toBe(0);

    const second = run();
    const again = await url(second);
    expect(second.output()).toContain('Vigil starts with what was in force last');
    expect(score(await decide(again, `H-${n++}`))).toBe(300);

    // the folder is still faulty: the way back does not depend on it
    const back = vigil(environment, 'config', 'rollback', '--by', 'Wang', '--config', folder);
    expect(await back.ended, back.output()).toBe(0);
    await becomes(again, 200);
    const history = vigil(environment, 'config', 'history', '--config', folder);
    expect(await history.ended).toBe(0);
    expect(
      history
        .output()
        .trim()
        .split('\n')
        .map((line) => line.split(/\s+/)[1]),
    ).toEqual(['folder', 'folder', 'roll-back']);
  });
});

describe('a worker that ends', () => {
  it('does not wait for the check of a configuration', async () => {
    const { run, migrated, write } = await bank();
    await migrated();
    const worker = run();
    await url(worker);
    await sleep(500);
    // 1,000 cases: many seconds of checking
    const [head = '', one = ''] = testFile(1_000).split('cases:\n');
    const many = Array.from({ length: 25 }, (_, k) => one.replace(/name: (.*)/, `name: $1 (${k})`)).join('');
    for (let n = 0; n < 40; n++) write(`rules/tests/more-${n}.test.yaml`, `${head}cases:\n${many}`);
    write('rules/test.yaml', ruleFile(900));
    await sleep(1_500);
    const startMs = performance.now();
    worker.child.kill('SIGTERM');
    expect(await worker.ended, worker.output()).toBe(0);
    expect(performance.now() - startMs).toBeLessThan(5_000);
    expect(worker.output()).not.toContain('refused'); // the check had not come to an end
  });
});

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as net.AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
