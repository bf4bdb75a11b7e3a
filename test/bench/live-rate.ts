/**
 * What one transaction costs on real servers: a seeded stream through the whole worker, and what it takes of Node, Redis and
 * Kafka. Shared by the benchmarks that print it or hold something against it.
 */
import { readFileSync } from 'node:fs';
import { Kafka, logLevel } from 'kafkajs';
import { createScorecard } from '../../src/backtest/scorecard.ts';
import { type LoadedConfiguration, loadConfiguration } from '../../src/composition/load-generation.ts';
import { startRealStack } from '../../src/composition/real-stack.ts';
import { systemClock } from '../../src/composition/system-clock.ts';
import { formatFault } from '../../src/domain/config-fault.ts';
import type { BusMessage } from '../../src/domain/ports.ts';
import { createBank, customersFor } from '../../src/simulation/bank.ts';
import { loadSimulationParameters } from '../../src/simulation/load-parameters.ts';
import { createTelemetry } from '../../src/telemetry/events.ts';
import type { RealServers } from '../helpers/real-servers.ts';

/** how many are measured, after how many to warm up */
export interface BenchSize {
  readonly transactions: number;
  readonly warmUp: number;
}

export interface Cost {
  readonly name: string;
  readonly perSecond: number;
  readonly nodeUs: number;
  readonly redisUs: number;
  readonly kafkaUs: number;
}

/** CPU seconds (user and system) of a process so far, or of a thread ("PID/task/ID"); Linux only, NaN elsewhere. */
export function cpuSeconds(pid: number | string): number {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return Number.NaN;
  }
}

export function createMeter(servers: RealServers): (name: string, transactions: number) => Cost {
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

/** The simulated bank's messages, as many as a run takes. */
export function* messages(seed: number, { transactions, warmUp }: BenchSize): Generator<BusMessage> {
  const parameters = loadSimulationParameters();
  const count = transactions + warmUp;
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

export const telemetryFor = (configuration: LoadedConfiguration, level: 'warn' | 'error' = 'error') =>
  createTelemetry({
    level,
    channels: [...configuration.channels.channels.keys()],
    clock: systemClock,
    homeCurrency: configuration.limits.settings.currency,
    withProcess: false,
  });

export async function configurationFor(environment: Readonly<Record<string, string>>): Promise<LoadedConfiguration> {
  const loaded = await loadConfiguration(undefined, environment);
  if (!loaded.ok) throw new Error(loaded.error.map(formatFault).join('\n'));
  return loaded.value;
}

export const kafkaClient = (servers: RealServers): Kafka =>
  new Kafka({
    brokers: [servers.kafka.brokers],
    logLevel: logLevel.ERROR,
    retry: { retries: 10, initialRetryTime: 100 },
  });

/** Answers how many bytes a message has. */
export async function produceAll(servers: RealServers, topic: string, stream: Iterable<BusMessage>): Promise<number> {
  const producer = kafkaClient(servers).producer({ allowAutoTopicCreation: false });
  await producer.connect();
  let batch: { key: string | null; value: Buffer | null }[] = [];
  let [count, bytes] = [0, 0];
  for (const { key, value } of stream) {
    batch.push({ key, value });
    count += 1;
    bytes += value?.length ?? 0;
    if (batch.length < 500) continue;
    await producer.send({ topic, messages: batch });
    batch = [];
  }
  if (batch.length > 0) await producer.send({ topic, messages: batch });
  await producer.disconnect();
  return bytes / count;
}

export function createProgress() {
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

/** The stream stands in its topic already. */
export async function wholeWorker(
  servers: RealServers,
  configuration: LoadedConfiguration,
  { transactions, warmUp }: BenchSize,
  level: 'warn' | 'error' = 'error',
): Promise<{ cost: Cost; report: string }> {
  const progress = createProgress();
  const scorecard = createScorecard();
  const stack = await startRealStack({
    configuration,
    clock: systemClock,
    telemetry: telemetryFor(configuration, level),
    onScored: (results, durationMs) => {
      progress.add(results.length);
      scorecard.latency(durationMs, results.length);
      for (const result of results)
        if (result.kind === 'decided' && result.decision !== undefined)
          scorecard.decided(result.decision, { isFraud: false });
    },
  });
  await progress.until(warmUp);
  const meter = createMeter(servers);
  const done = progress.count();
  await progress.until(transactions + warmUp);
  const cost = meter('Vigil on real servers', transactions + warmUp - done);
  await stack.close();
  const { level: levels, latencyMs } = scorecard.report(1);
  return {
    cost,
    report: `levels ${JSON.stringify(levels)}; a chunk takes p50 ${latencyMs.p50} ms, p99 ${latencyMs.p99} ms`,
  };
}
