/**
 * `vigil run` on three real servers with 100,000 simulated transactions (and one refused message in a hundred), once
 * undisturbed and once with the worker killed by SIGKILL half-way and started again. Then everything that came out is held
 * against everything that went in: inputs = effective decisions + dead letters, exactly; no decision differs between its
 * repeats; every alert row has its decision and the other way round. Exit code 1 when anything differs.
 *
 *   npm run verify:run [-- --transactions 100000]     (needs a built dist)
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { Kafka, logLevel } from 'kafkajs';
import pg from 'pg';
import type { Decision } from '../../src/domain/decision.ts';
import { createBank, customersFor } from '../../src/simulation/bank.ts';
import { loadSimulationParameters } from '../../src/simulation/load-parameters.ts';
import { type RealServers, startRealServers } from '../helpers/real-servers.ts';

const { values } = parseArgs({ options: { transactions: { type: 'string', default: '100000' } } });
const TRANSACTIONS = Number(values.transactions);
const REFUSED_EACH = 100;
const CLI = path.resolve('dist/cli/vigil.js');
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

interface Sent {
  /** channel/id of every good message */
  readonly good: ReadonlySet<string>;
  readonly refused: number;
}

const kafkaOf = (servers: RealServers): Kafka =>
  new Kafka({
    brokers: [servers.kafka.brokers],
    logLevel: logLevel.NOTHING,
    retry: { retries: 20, initialRetryTime: 100 },
  });

function vigil(servers: RealServers, args: readonly string[], logFile: string): ChildProcess {
  const child = spawn(process.execPath, [CLI, ...args], {
    env: { ...process.env, ...servers.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const log = createWriteStream(path.join(servers.folder, logFile), { flags: 'a' });
  child.stdout?.pipe(log);
  child.stderr?.pipe(log);
  return child;
}

const exitOf = (child: ChildProcess): Promise<number | null> =>
  child.exitCode !== null || child.signalCode !== null
    ? Promise.resolve(child.exitCode)
    : new Promise((resolve) => child.once('exit', (code) => resolve(code)));

async function feed(servers: RealServers): Promise<Sent> {
  const producer = kafkaOf(servers).producer({ allowAutoTopicCreation: false });
  await producer.connect();
  const parameters = loadSimulationParameters();
  const bank = createBank({
    seed: 11,
    startMs: Date.parse('2026-09-01T00:00:00Z'),
    parameters,
    customers: customersFor(TRANSACTIONS, parameters),
  });
  const good = new Set<string>();
  let refused = 0;
  let batch: { key: string; value: string }[] = [];
  const flush = async (): Promise<void> => {
    if (batch.length > 0) await producer.send({ topic: 'vigil.transactions', acks: -1, messages: batch });
    batch = [];
  };
  for (const { message } of bank.transactions({ count: TRANSACTIONS })) {
    good.add(`${message.channel}/${message.transactionId}`);
    batch.push({ key: message.customerId, value: JSON.stringify(message) });
    if (good.size % REFUSED_EACH === 0) {
      refused += 1;
      batch.push({
        key: message.customerId,
        value: JSON.stringify({ ...message, transactionId: `refused-${refused}`, occurredAt: 'yesterday' }),
      });
    }
    if (batch.length >= 500) await flush();
  }
  await flush();
  await producer.disconnect();
  return { good, refused };
}

interface Out {
  readonly key: string;
  readonly value: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Everything that a topic holds now. */
async function readAll(servers: RealServers, topic: string): Promise<readonly Out[]> {
  const kafka = kafkaOf(servers);
  const admin = kafka.admin();
  await admin.connect();
  const ends = await admin.fetchTopicOffsets(topic);
  await admin.disconnect();
  const left = new Map(
    ends.filter(({ high, low }) => high !== low).map(({ partition, high }) => [partition, BigInt(high)]),
  );
  const out: Out[] = [];
  if (left.size === 0) return out;
  const consumer = kafka.consumer({ groupId: `audit-${Math.random()}`, allowAutoTopicCreation: false });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await new Promise<void>((resolve) => {
    void consumer.run({
      autoCommit: false,
      eachBatch: async ({ batch }) => {
        for (const { key, value, headers } of batch.messages) {
          out.push({
            key: key?.toString() ?? '',
            value: value?.toString() ?? '',
            headers: Object.fromEntries(Object.entries(headers ?? {}).map(([name, text]) => [name, String(text)])),
          });
        }
        const end = left.get(batch.partition);
        if (end !== undefined && BigInt(batch.lastOffset()) >= end - 1n) left.delete(batch.partition);
        if (left.size === 0) resolve();
      },
    });
  });
  await consumer.disconnect();
  return out;
}

async function written(servers: RealServers, topic: string): Promise<number> {
  const admin = kafkaOf(servers).admin();
  await admin.connect();
  const offsets = await admin.fetchTopicOffsets(topic);
  await admin.disconnect();
  return offsets.reduce((sum, { high, low }) => sum + Number(BigInt(high) - BigInt(low)), 0);
}

/** Until the scoring and the alert group have finished everything. */
async function untilDrained(servers: RealServers, worker: ChildProcess): Promise<void> {
  const admin = kafkaOf(servers).admin();
  await admin.connect();
  const client = new pg.Client({ connectionString: servers.postgres.url });
  await client.connect();
  for (;;) {
    if (worker.exitCode !== null) throw new Error(`the worker ended with ${worker.exitCode}`);
    const ends = new Map(
      (await admin.fetchTopicOffsets('vigil.transactions')).map(({ partition, high }) => [partition, high]),
    );
    const [group] = await admin.fetchOffsets({ groupId: 'vigil-scoring', topics: ['vigil.transactions'] });
    const isScored = group?.partitions.every(({ partition, offset }) => offset === ends.get(partition)) ?? false;
    if (isScored) {
      const decided = await admin.fetchTopicOffsets('vigil.decisions');
      const { rows } = await client.query<{ next: string }>(
        'SELECT coalesce(sum(next_offset), 0)::text AS next FROM consumer_offsets',
      );
      const total = decided.reduce((sum, { high }) => sum + BigInt(high), 0n);
      if (BigInt(rows[0]?.next ?? '0') >= total) break;
    }
    await sleep(300);
  }
  await client.end();
  await admin.disconnect();
}

async function run(isKilled: boolean): Promise<boolean> {
  const servers = await startRealServers({ partitions: 4, isFast: true });
  try {
    if ((await exitOf(vigil(servers, ['migrate'], 'migrate.log'))) !== 0) throw new Error('vigil migrate failed');
    const sent = await feed(servers);
    const startMs = performance.now();
    let worker = vigil(servers, ['run'], 'run.log');
    let killedAt = 0;
    if (isKilled) {
      while (killedAt < TRANSACTIONS / 2) {
        await sleep(100);
        killedAt = await written(servers, 'vigil.decisions');
      }
      worker.kill('SIGKILL');
      await exitOf(worker);
      worker = vigil(servers, ['run'], 'run.log');
    }
    await untilDrained(servers, worker);
    const seconds = (performance.now() - startMs) / 1000;
    const stopMs = performance.now();
    worker.kill('SIGTERM');
    const code = await exitOf(worker);
    const drainMs = performance.now() - stopMs;
    console.log(
      `\n${isKilled ? `killed at ${killedAt} decisions and started again` : 'undisturbed'}: ${Math.round(seconds)} s, SIGTERM ended it with ${code} in ${Math.round(drainMs)} ms`,
    );
    return (await audit(servers, sent)) && code === 0 && drainMs <= 10_000;
  } finally {
    await servers.close();
  }
}

async function audit(servers: RealServers, sent: Sent): Promise<boolean> {
  const decisions = await readAll(servers, 'vigil.decisions');
  const deadLetters = await readAll(servers, 'vigil.dead-letters');
  const bytesOf = new Map<string, string>();
  const effective = new Map<string, Decision>();
  let [repeats, conflicting, provisional] = [0, 0, 0];
  for (const { value } of decisions) {
    const decision = JSON.parse(value) as Decision;
    const before = bytesOf.get(decision.decisionId);
    if (before !== undefined) repeats += 1;
    if (before !== undefined && before !== value) conflicting += 1;
    bytesOf.set(decision.decisionId, value);
    if (decision.provisional === true) provisional += before === undefined ? 1 : 0;
    else effective.set(`${decision.channel}/${decision.transactionId}`, decision);
  }
  const origins = new Set(deadLetters.map(({ headers }) => `${headers.topic}/${headers.partition}/${headers.offset}`));
  const missing = [...sent.good].filter((key) => !effective.has(key)).length;
  const foreign = [...effective.keys()].filter((key) => !sent.good.has(key)).length;
  const alerting = new Set(
    [...effective.values()].filter((decision) => decision.alert).map((decision) => decision.decisionId),
  );
  const { alerts, rows } = await inPostgres(servers);
  const withoutDecision = [...alerts].filter((id) => !alerting.has(id)).length;
  const withoutAlert = [...alerting].filter((id) => !alerts.has(id)).length;
  const levels: Record<string, number> = {};
  for (const { level } of effective.values()) levels[level] = (levels[level] ?? 0) + 1;
  const inputs = sent.good.size + sent.refused;
  const figures = {
    inputs,
    effectiveDecisions: effective.size,
    deadLetters: origins.size,
    difference: inputs - effective.size - origins.size,
    missing,
    foreign,
    fallbacks: provisional,
    decisionMessages: decisions.length,
    repeats,
    repeatsThatDiffer: conflicting,
    deadLetterMessages: deadLetters.length,
    decisionRows: rows,
    alertRows: alerts.size,
    alertsWithoutDecision: withoutDecision,
    decisionsWithoutAlert: withoutAlert,
    levels,
  };
  console.log(figures);
  return (
    figures.difference === 0 &&
    missing + foreign + conflicting + withoutDecision + withoutAlert === 0 &&
    provisional === sent.refused &&
    rows === effective.size + provisional
  );
}

async function inPostgres(servers: RealServers): Promise<{ alerts: Set<string>; rows: number }> {
  const client = new pg.Client({ connectionString: servers.postgres.url });
  await client.connect();
  const alerts = await client.query<{ id: string }>('SELECT decision_id AS id FROM alerts');
  const decisions = await client.query<{ count: string }>('SELECT count(*) FROM decisions');
  await client.end();
  return { alerts: new Set(alerts.rows.map((row) => row.id)), rows: Number(decisions.rows[0]?.count ?? 0) };
}

const undisturbed = await run(false);
const killed = await run(true);
console.log(
  undisturbed && killed
    ? '\nnothing lost, nothing doubled, nothing contradicted'
    : '\nNOT exact: see the figures above',
);
process.exitCode = undisturbed && killed ? 0 : 1;
