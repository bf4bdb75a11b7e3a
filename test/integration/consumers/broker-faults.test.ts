/** A private broker that is killed, frozen, cut off, and whose replies get lost; the consumer must outlive all of it. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type ConsumerEvents, silentEvents } from '../../../src/consumers/consumer-events.ts';
import { createKafkaBus, type KafkaBus } from '../../../src/consumers/kafka-bus.ts';
import { freePorts } from '../../helpers/servers/free-ports.ts';
import { FAST_RESTART, type KafkaServer, startKafka } from '../../helpers/servers/kafka.ts';
import { testAdmin } from '../../helpers/servers/kafka-admin.ts';
import { startTcpProxy, type TcpProxy } from '../../helpers/servers/tcp-proxy.ts';
import { committedOf, endsOf, readTopic } from './members.ts';
import { expectAllSeen, publishing, wait, watch } from './numbered-traffic.ts';

const clock = { now: () => Date.now() };
const PRODUCE = 0;
const OFFSET_COMMIT = 8;
const isRequest = (apiKey: number) => (bytes: Buffer) => bytes.length > 6 && bytes.readInt16BE(4) === apiKey;

let kafka: KafkaServer;
let proxy: TcpProxy;
let brokers: string;
let topicCount = 0;
const buses: KafkaBus[] = [];

// clients reach the broker through the proxy only, because that is the address that it tells them
beforeAll(async () => {
  const [port = 0, controller = 0, proxyPort = 0] = await freePorts(3);
  kafka = await startKafka({
    ports: [port, controller],
    properties: { ...FAST_RESTART, 'advertised.listeners': `PLAINTEXT://127.0.0.1:${proxyPort}` },
  });
  proxy = await startTcpProxy({ port }, proxyPort);
  brokers = `127.0.0.1:${proxyPort}`;
});
afterEach(async () => {
  proxy.pass();
  for (const bus of buses.splice(0)) await bus.close();
});
afterAll(async () => {
  await proxy.close();
  await kafka.stop();
});

async function createTopic(partitions = 2): Promise<string> {
  const topic = `faults-${topicCount++}`;
  const admin = testAdmin(brokers);
  await admin.connect();
  await admin.createTopics({ waitForLeaders: true, topics: [{ topic, numPartitions: partitions }] });
  await admin.disconnect();
  return topic;
}

function newBus(events: Partial<ConsumerEvents> = {}, stopBudgetMs = 8_000): KafkaBus {
  const bus = createKafkaBus({
    connection: { brokers: [brokers], clientId: 'faults' },
    clock,
    events: { ...silentEvents, ...events },
    consumer: { sessionTimeoutMs: 6_000, heartbeatIntervalMs: 500, stopBudgetMs, retry: { initialMs: 50, maxMs: 500 } },
  });
  buses.push(bus);
  return bus;
}

describe('a broker', () => {
  it('killed and back: nothing lost, no publish rejected, consuming again within seconds, by itself', async () => {
    const topic = await createTopic();
    const bus = newBus();
    const watched = await watch(bus, topic, 'killed');
    const publisher = publishing(bus, topic);
    await expect.poll(() => watched.seen.size).toBeGreaterThan(20);
    await kafka.kill();
    await wait(1_500);
    await kafka.restart();
    const before = watched.seen.size;
    const start = performance.now();
    await expect.poll(() => watched.seen.size, { timeout: 30_000 }).toBeGreaterThan(before + 10);
    const backMs = performance.now() - start;
    await expectAllSeen(watched, await publisher.stop());
    expect(backMs).toBeLessThan(15_000);
    await watched.subscription.stop();
    expect(await committedOf(brokers, 'killed', topic)).toEqual(await endsOf(brokers, topic));
  });

  it('frozen for eight seconds (longer than the session): nothing lost', async () => {
    const topic = await createTopic();
    const bus = newBus();
    const watched = await watch(bus, topic, 'frozen');
    const publisher = publishing(bus, topic);
    await expect.poll(() => watched.seen.size).toBeGreaterThan(20);
    kafka.signal('SIGSTOP');
    await wait(8_000);
    expect(watched.subscription.silentForMs()).toBeGreaterThan(5_000);
    kafka.signal('SIGCONT');
    await expect.poll(() => watched.subscription.silentForMs(), { timeout: 20_000 }).toBeLessThan(1_000);
    await expectAllSeen(watched, await publisher.stop());
  });

  it('behind a black hole for five seconds, then cut: nothing lost', async () => {
    const topic = await createTopic();
    const bus = newBus();
    const watched = await watch(bus, topic, 'hole');
    const publisher = publishing(bus, topic);
    await expect.poll(() => watched.seen.size).toBeGreaterThan(20);
    proxy.blackHole();
    await wait(5_000);
    proxy.cut();
    proxy.pass();
    await wait(500);
    await expectAllSeen(watched, await publisher.stop());
  });

  it('whose acknowledgements of a publish get lost: every message is there, at least once', async () => {
    const topic = await createTopic(1);
    const bus = newBus();
    await bus.publish(topic, [{ key: 'c', value: Buffer.from('warm') }]);
    const lostBefore = proxy.lostReplies();
    for (let round = 0; round < 10; round++) {
      proxy.loseReplies({ request: isRequest(PRODUCE) });
      await bus.publish(topic, [{ key: 'c', value: Buffer.from(`m${round}`) }]);
    }
    expect(proxy.lostReplies() - lostBefore).toBe(10);
    const values = (await readTopic(brokers, topic)).map(({ value }) => value);
    expect([...new Set(values)]).toEqual(['warm', ...Array.from({ length: 10 }, (_, round) => `m${round}`)]);
    expect(values.length).toBeGreaterThan(11); // the effect had happened: that is why readers know messages by their ids
  });

  it('whose acknowledgements of a commit get lost: commits go on, nothing is lost', async () => {
    const topic = await createTopic(1);
    let committed = 0;
    const bus = newBus({ offsetsCommitted: () => committed++ });
    const watched = await watch(bus, topic, 'lost-commits');
    const publisher = publishing(bus, topic);
    await expect.poll(() => committed).toBeGreaterThan(1);
    const lostBefore = proxy.lostReplies();
    proxy.loseReplies({ request: isRequest(OFFSET_COMMIT), times: 3 });
    await expect.poll(() => proxy.lostReplies() - lostBefore, { timeout: 15_000 }).toBe(3);
    const before = committed;
    await expect.poll(() => committed, { timeout: 15_000 }).toBeGreaterThan(before + 2);
    const total = await publisher.stop();
    await expectAllSeen(watched, total);
    await watched.subscription.stop();
    expect(await committedOf(brokers, 'lost-commits', topic)).toEqual(await endsOf(brokers, topic));
  });
});

describe('a stop while the broker is gone', () => {
  it('ends within its budget and says so', async () => {
    const topic = await createTopic(1);
    const timeouts: unknown[] = [];
    const bus = newBus({ stopTimedOut: (event) => void timeouts.push(event) }, 1_000);
    const watched = await watch(bus, topic, 'gone');
    await bus.publish(topic, [{ key: 'c', value: Buffer.from('1') }]);
    await expect.poll(() => watched.seen.size).toBe(1);
    proxy.blackHole();
    const start = performance.now();
    await watched.subscription.stop();
    await watched.subscription.finished;
    expect(performance.now() - start).toBeLessThan(5_000);
    expect(timeouts).toMatchObject([{ topic, group: 'gone', budgetMs: 1_000 }]);
    proxy.cut();
    proxy.pass();
  });
});
