/**
 * What a transaction costs end to end, in one run on this machine: the whole worker on real servers beside a raw
 * kafkajs pass-through of the same bytes (same partitions, acks, chunk size), and the embedded stack. Prints rates, their
 * ratio, and the CPU time of Node, Redis and Kafka per transaction. Asserts nothing on time.
 *
 *   npm run bench [-- --transactions 40000]
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Kafka, logLevel } from 'kafkajs';
import { createScorecard } from '../../src/backtest/scorecard.ts';
import { startEmbeddedStack } from '../../src/composition/embedded-stack.ts';
import { type LoadedConfiguration, loadConfiguration } from '../../src/composition/load-generation.ts';
import { migrateEverything, startRealStack } from '../../src/composition/real-stack.ts';
import { systemClock } from '../../src/composition/system-clock.ts';
import { formatFault } from '../../src/domain/config-fault.ts';
import type { BusMessage } from '../../src/domain/ports.ts';
import { createBank, customersFor } from '../../src/simulation/bank.ts';
import { loadSimulationParameters } from '../../src/simulation/load-parameters.ts';
import { createTelemetry } from '../../src/telemetry/events.ts';
import { type RealServers, startRealServers } from '../helpers/real-servers.ts';

const { values } = parseArgs({
  options: {
    transactions: { type: 'string', default: '40000' },
    partitions: { type: 'string', default: '4' },
    log: { type: 'string', default: 'error' },
  },
});
const TRANSACTIONS = Number(values.transactions);
const PARTITIONS = Number(values.partitions);
const WARM_UP = Math.floor(TRANSACTIONS / 4);

interface Cost {
  readonly name: string;
  readonly perSecond: number;
  readonly nodeUs: number;
  readonly redisUs: number;
  readonly kafkaUs: number;
}

/** CPU seconds (user and system) of a process so far; Linux only, NaN elsewhere. */
function cpuSeconds(pid: number): number {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return Number.NaN;
  }
}

function createMeter(servers: RealServers): (name: string, transactions: number) => Cost {
  const read = () => {
    const { user, system } = process.cpuUsage();
    return {
      ms: performance.now(),
      node: (user + system) / 1e6,
      redis: cpuSeconds(servers.redis.pid()),
      kafka: cpuSeconds(servers.kafka.pid()),
    };
  };
  const start = read();
  return (name, transactions) => {
    const end = read();
    const us = (from: number, to: number): number => ((to - from) * 1e6) / transactions;
    return {
      name,
      perSecond: transactions / ((end.ms - start.ms) / 1000),
      nodeUs: us(start.node, end.node),
      redisUs: us(start.redis, end.redis),
      kafkaUs: us(start.kafka, end.kafka),
    };
  };
}

function* messages(seed: number): Generator<BusMessage> {
  const parameters = loadSimulationParameters();
  const count = TRANSACTIONS + WARM_UP;
  const bank = createBank({
    seed,
    startMs: Date.parse('2026-09-01T00:00:00Z'),
    parameters,
    customers: customersFor(count, parameters),
  });
  for (const { message } of bank.transactions({ count })) {
    yield { key: message.customerId, value: Buffer.from(JSON.stringify(message)) };
  }
}

const telemetryFor = (configuration: LoadedConfiguration) =>
  createTelemetry({
    level: values.log === 'warn' ? 'warn' : 'error',
    channels: [...configuration.channels.channels.keys()],
    clock: systemClock,
    homeCurrency: configuration.limits.settings.currency,
    withProcess: false,
  });

async function configurationFor(environment: Readonly<Record<string, string>>): Promise<LoadedConfiguration> {
  const loaded = await loadConfiguration(undefined, environment);
  if (!loaded.ok) throw new Error(loaded.error.map(formatFault).join('\n'));
  return loaded.value;
}

/** The same bytes from one topic to another: what kafkajs itself costs. */
async function passThrough(servers: RealServers, input: string, chunkSize: number): Promise<Cost> {
  const kafka = new Kafka({
    brokers: [servers.kafka.brokers],
    logLevel: logLevel.ERROR,
    retry: { retries: 10, initialRetryTime: 100 },
  });
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic: 'bench.copy', numPartitions: PARTITIONS }], waitForLeaders: true });
  await admin.disconnect();
  const producer = kafka.producer({ allowAutoTopicCreation: false });
  const consumer = kafka.consumer({ groupId: 'bench-copy', allowAutoTopicCreation: false });
  await Promise.all([producer.connect(), consumer.connect()]);
  await consumer.subscribe({ topic: input, fromBeginning: true });
  const progress = createProgress();
  await consumer.run({
    autoCommit: false,
    eachBatchAutoResolve: false,
    partitionsConsumedConcurrently: PARTITIONS,
    eachBatch: async ({ batch, resolveOffset, heartbeat, commitOffsetsIfNecessary }) => {
      for (let from = 0; from < batch.messages.length; from += chunkSize) {
        const chunk = batch.messages.slice(from, from + chunkSize);
        await producer.send({
          topic: 'bench.copy',
          acks: -1,
          messages: chunk.map(({ key, value }) => ({ key, value })),
        });
        const last = chunk.at(-1)?.offset ?? '0';
        resolveOffset(last);
        await heartbeat();
        await commitOffsetsIfNecessary({
          topics: [{ topic: input, partitions: [{ partition: batch.partition, offset: String(BigInt(last) + 1n) }] }],
        });
        progress.add(chunk.length);
      }
    },
  });
  await progress.until(WARM_UP);
  const meter = createMeter(servers);
  const done = progress.count();
  await progress.until(TRANSACTIONS + WARM_UP);
  const cost = meter('raw kafkajs pass-through', TRANSACTIONS + WARM_UP - done);
  await Promise.all([consumer.disconnect(), producer.disconnect()]);
  return cost;
}

function createProgress() {
  let done = 0;
  return {
    add: (count: number): void => {
      done += count;
    },
    count: () => done,
    async until(target: number): Promise<void> {
      while (done < target) await new Promise((resolve) => setTimeout(resolve, 2));
    },
  };
}

async function wholeWorker(
  servers: RealServers,
  configuration: LoadedConfiguration,
): Promise<{ cost: Cost; report: string }> {
  const progress = createProgress();
  const scorecard = createScorecard();
  const stack = await startRealStack({
    configuration,
    clock: systemClock,
    telemetry: telemetryFor(configuration),
    onScored: (results, durationMs) => {
      progress.add(results.length);
      scorecard.latency(durationMs, results.length);
      for (const result of results)
        if (result.kind === 'decided' && result.decision !== undefined)
          scorecard.decided(result.decision, { isFraud: false });
    },
  });
  await progress.until(WARM_UP);
  const meter = createMeter(servers);
  const done = progress.count();
  await progress.until(TRANSACTIONS + WARM_UP);
  const cost = meter('Vigil on real servers', TRANSACTIONS + WARM_UP - done);
  await stack.close();
  const { level, latencyMs } = scorecard.report(1);
  return {
    cost,
    report: `levels ${JSON.stringify(level)}; a chunk takes p50 ${latencyMs.p50} ms, p99 ${latencyMs.p99} ms`,
  };
}

async function embedded(configuration: LoadedConfiguration, servers: RealServers): Promise<Cost> {
  const progress = createProgress();
  const stack = await startEmbeddedStack({
    configuration,
    clock: systemClock,
    telemetry: telemetryFor(configuration),
    onScored: (results) => progress.add(results.length),
  });
  const { transactions } = configuration.settings.kafka.topics;
  const all = [...messages(2)];
  const publish = async (from: number, to: number): Promise<void> => {
    for (let at = from; at < to; at += 1000)
      await stack.bus.publish(transactions, all.slice(at, Math.min(at + 1000, to)));
    await progress.until(to);
  };
  await publish(0, WARM_UP);
  const meter = createMeter(servers);
  await publish(WARM_UP, all.length);
  const cost = meter('Vigil, embedded stack', TRANSACTIONS);
  await stack.close();
  return cost;
}

const servers = await startRealServers({ partitions: PARTITIONS, isFast: true });
try {
  const configuration = await configurationFor(servers.environment);
  const { topics, maxChunk } = configuration.settings.kafka;
  await migrateEverything(configuration.settings);
  const kafka = new Kafka({
    brokers: [servers.kafka.brokers],
    logLevel: logLevel.ERROR,
    retry: { retries: 10, initialRetryTime: 100 },
  });
  const producer = kafka.producer({ allowAutoTopicCreation: false });
  await producer.connect();
  let batch: { key: string | null; value: Buffer | null }[] = [];
  let bytes = 0;
  for (const { key, value } of messages(1)) {
    batch.push({ key, value });
    bytes += value?.length ?? 0;
    if (batch.length === 500) {
      await producer.send({ topic: topics.transactions, messages: batch });
      batch = [];
    }
  }
  if (batch.length > 0) await producer.send({ topic: topics.transactions, messages: batch });
  await producer.disconnect();
  console.log(
    `${TRANSACTIONS} transactions after ${WARM_UP} to warm up, ${Math.round(bytes / (TRANSACTIONS + WARM_UP))} bytes each, ${PARTITIONS} partitions, chunks of ${maxChunk}, acks all`,
  );

  const show = (cost: Cost, raw: Cost): void => {
    const numbers = [cost.nodeUs, cost.redisUs, cost.kafkaUs].map((us) => us.toFixed(1).padStart(8));
    const rate = Math.round(cost.perSecond).toString().padStart(7);
    const ratio = (cost.perSecond / raw.perSecond).toFixed(3).padStart(7);
    console.log(`${cost.name.padEnd(26)} ${rate} ${ratio} ${' '.repeat(24)}${numbers.join('')}`);
  };
  console.log('\n                             tx/s   ratio    CPU µs per transaction: Node   Redis   Kafka');
  const raw = await passThrough(servers, topics.transactions, maxChunk);
  show(raw, raw);
  const { cost: worker, report } = await wholeWorker(servers, configuration);
  show(worker, raw);
  show(await embedded(configuration, servers), raw);
  console.log(`\n${report}`);
  console.log(
    'Node is one process: its consumers, its scoring and the writing of alerts. Postgres is not in the figures.',
  );
} finally {
  await servers.close();
}
