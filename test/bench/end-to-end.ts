/**
 * What a transaction costs end to end, in one run on this machine: the whole worker on real servers beside a raw
 * kafkajs pass-through of the same bytes (same partitions, acks, chunk size), the embedded stack, and `vigil backtest` over
 * the same stream. Prints rates, their ratio, and the CPU time of Node, Redis and Kafka per transaction. Asserts nothing on
 * time.
 *
 *   npm run bench [-- --transactions 40000]
 */
import { parseArgs } from 'node:util';
import { startEmbeddedStack } from '../../src/composition/embedded-stack.ts';
import type { LoadedConfiguration } from '../../src/composition/load-generation.ts';
import { migrateEverything } from '../../src/composition/real-stack.ts';
import { systemClock } from '../../src/composition/system-clock.ts';
import { type RealServers, startRealServers } from '../helpers/real-servers.ts';
import { backtestLine, backtestRate } from './backtest-rate.ts';
import {
  type BenchSize,
  type Cost,
  configurationFor,
  createMeter,
  createProgress,
  kafkaClient,
  messages,
  produceAll,
  telemetryFor,
  wholeWorker,
} from './live-rate.ts';

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

const SIZE: BenchSize = { transactions: TRANSACTIONS, warmUp: WARM_UP };
const LEVEL = values.log === 'warn' ? 'warn' : 'error';

/** The same bytes from one topic to another: what kafkajs itself costs. */
async function passThrough(servers: RealServers, input: string, chunkSize: number): Promise<Cost> {
  const kafka = kafkaClient(servers);
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

async function embedded(configuration: LoadedConfiguration, servers: RealServers): Promise<Cost> {
  const progress = createProgress();
  const stack = await startEmbeddedStack({
    configuration,
    clock: systemClock,
    telemetry: telemetryFor(configuration, LEVEL),
    onScored: (results) => progress.add(results.length),
  });
  const { transactions } = configuration.settings.kafka.topics;
  const all = [...messages(2, SIZE)];
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
  const bytes = await produceAll(servers, topics.transactions, messages(1, SIZE));
  console.log(
    `${TRANSACTIONS} transactions after ${WARM_UP} to warm up, ${Math.round(bytes)} bytes each, ${PARTITIONS} partitions, chunks of ${maxChunk}, acks all`,
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
  const { cost: worker, report } = await wholeWorker(servers, configuration, SIZE, LEVEL);
  show(worker, raw);
  show(await embedded(configuration, servers), raw);
  console.log(`\n${report}`);
  console.log(backtestLine(await backtestRate(messages(1, SIZE)), worker));
  console.log(
    'Node is one process: its consumers, its scoring and the writing of alerts. Postgres is not in the figures.',
  );
} finally {
  await servers.close();
}
