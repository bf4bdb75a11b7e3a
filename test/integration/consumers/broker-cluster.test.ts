/** Three brokers, three replicas, two of them in sync: what the promises are made for. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createKafkaBus, type KafkaBus } from '../../../src/consumers/kafka-bus.ts';
import { freePorts } from '../../helpers/servers/free-ports.ts';
import { FAST_RESTART, type KafkaServer, startKafka } from '../../helpers/servers/kafka.ts';
import { testAdmin } from '../../helpers/servers/kafka-admin.ts';
import { committedOf, endsOf } from './members.ts';
import { expectAllSeen, publishing, wait, watch } from './numbered-traffic.ts';

const clock = { now: () => Date.now() };
let cluster: KafkaServer[] = [];
let brokers: string;
let topicCount = 0;
const buses: KafkaBus[] = [];

beforeAll(async () => {
  const ports = await freePorts(6);
  const port = (index: number): number => ports[index] ?? 0;
  const voters = [0, 1, 2].map((index) => `${index + 1}@127.0.0.1:${port(index + 3)}`).join(',');
  const properties = {
    ...FAST_RESTART,
    'default.replication.factor': 3,
    'min.insync.replicas': 2,
    'offsets.topic.replication.factor': 3,
    'replica.lag.time.max.ms': 2_000,
    'controller.quorum.election.timeout.ms': 500,
    'controller.quorum.fetch.timeout.ms': 1_000,
  };
  cluster = await Promise.all(
    [0, 1, 2].map((index) =>
      startKafka({
        nodeId: index + 1,
        ports: [port(index), port(index + 3)],
        voters,
        properties,
        waitUntilReady: false,
      }),
    ),
  );
  await Promise.all(cluster.map((broker) => broker.ready()));
  brokers = cluster.map((broker) => broker.brokers).join(',');
});
afterEach(async () => {
  for (const bus of buses.splice(0)) await bus.close();
});
afterAll(async () => {
  await Promise.all(cluster.map((broker) => broker.kill()));
});

async function setUp() {
  const topic = `cluster-${topicCount++}`;
  const group = `${topic}-g`;
  const admin = testAdmin(brokers);
  await admin.connect();
  await admin.createTopics({ waitForLeaders: true, topics: [{ topic, numPartitions: 6, replicationFactor: 3 }] });
  await admin.disconnect();
  const bus = createKafkaBus({
    connection: { brokers: brokers.split(','), clientId: 'cluster' },
    clock,
    consumer: { sessionTimeoutMs: 6_000, heartbeatIntervalMs: 500 },
  });
  buses.push(bus);
  const watched = await watch(bus, topic, group);
  const traffic = publishing(bus, topic);
  await expect.poll(() => watched.seen.size, { timeout: 20_000 }).toBeGreaterThan(20);
  const finish = async (): Promise<void> => {
    await expectAllSeen(watched, await traffic.stop());
    await watched.subscription.stop();
    expect(await committedOf(brokers, group, topic)).toEqual(await endsOf(brokers, topic));
  };
  return { watched, traffic, finish };
}

describe('three brokers', () => {
  it('one killed and started again: nothing lost, no publish rejected, seconds of silence at most', async () => {
    const { traffic, finish } = await setUp();
    await cluster[0]?.kill();
    await wait(4_000);
    await cluster[0]?.restart();
    await wait(1_000);
    await finish();
    expect(traffic.longestGapMs()).toBeLessThan(30_000);
  });

  it('a rolling restart: nothing lost, the consumer goes on by itself', async () => {
    const { finish } = await setUp();
    for (const broker of cluster) {
      await broker.stop();
      await broker.restart();
      await wait(500);
    }
    await finish();
  });

  it('two of three down: publishing waits instead of losing, and goes on when they are back', async () => {
    const { traffic, finish } = await setUp();
    await Promise.all([cluster[1]?.kill(), cluster[2]?.kill()]);
    await wait(2_000);
    const stuckAt = traffic.count();
    await wait(2_000);
    expect(traffic.count() - stuckAt).toBeLessThanOrEqual(1);
    await Promise.all([cluster[1]?.restart(), cluster[2]?.restart()]);
    await expect.poll(() => traffic.count(), { timeout: 40_000 }).toBeGreaterThan(stuckAt + 20);
    await finish();
  });
});
