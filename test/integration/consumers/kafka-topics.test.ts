import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { CompressionTypes, Kafka, logLevel } from 'kafkajs';
import { afterAll, describe, expect, inject, it } from 'vitest';
import { silentEvents } from '../../../src/consumers/consumer-events.ts';
import { TRUNCATED_HEADER } from '../../../src/consumers/inflate-records.ts';
import { createKafkaBus } from '../../../src/consumers/kafka-bus.ts';
import { migrateTopics, verifyKafka } from '../../../src/consumers/kafka-topics.ts';
import { topicDefinitions } from '../../../src/consumers/topics.ts';
import type { ReceivedMessage } from '../../../src/domain/ports.ts';
import { freePort } from '../../helpers/servers/free-ports.ts';
import { ownTopics } from '../../helpers/servers/own.ts';

const clock = { now: () => Date.now() };
const connection = () => ({ brokers: inject('kafkaBrokers').split(','), clientId: 'vigil-test' });
const closers: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const close of closers) await close();
});

function definitionsOf(partitions: number, name: (base: string) => string) {
  const topics = {
    transactions: name('transactions'),
    decisions: name('decisions'),
    deadLetters: name('dead-letters'),
    feedback: name('feedback'),
    channelResults: name('channel-results'),
  };
  return topicDefinitions({ topics, partitions, replicationFactor: 1, retentionHours: 24 });
}

async function rawProducer() {
  const kafka = new Kafka({ ...connection(), logLevel: logLevel.NOTHING, retry: { retries: 1 } });
  const producer = kafka.producer({ allowAutoTopicCreation: false });
  await producer.connect();
  closers.push(() => producer.disconnect());
  return producer;
}

describe('the migration of the topics', () => {
  it('creates them, finds them the next time, adds partitions, refuses to take any away', async () => {
    const { name } = ownTopics('migrate');
    const created = await migrateTopics(connection(), definitionsOf(2, name));
    expect(created.create.length).toBe(5);
    const again = await migrateTopics(connection(), definitionsOf(2, name));
    expect(again).toMatchObject({ create: [], grow: [], different: [] });
    expect(again.unchanged.length).toBe(5);
    const grown = await migrateTopics(connection(), definitionsOf(3, name));
    expect(grown.grow.map(({ from, to }) => [from, to])).toEqual(Array.from({ length: 5 }, () => [2, 3]));
    await expect(migrateTopics(connection(), definitionsOf(1, name))).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('has 3 partitions and 1 are asked for'),
    });
  });

  it('makes the broker refuse a compression bomb at the door', async () => {
    const { name } = ownTopics('bomb');
    await migrateTopics(connection(), definitionsOf(1, name));
    const producer = await rawProducer();
    const bomb = {
      topic: name('transactions'),
      compression: CompressionTypes.GZIP,
      messages: [{ value: Buffer.alloc(30 * 2 ** 20) }],
    };
    expect(gzipSync(bomb.messages[0]?.value ?? '').length).toBeLessThan(100_000);
    await expect(producer.send(bomb)).rejects.toThrow(/larger than the max message size|too large/i);
    const honest = { ...bomb, messages: [{ value: 'small' }] };
    await producer.send(honest);
  });
});

describe('looking for Kafka at a start', () => {
  it('names the topics that are missing', async () => {
    const { name, create } = ownTopics('verify');
    const [present = ''] = await create({ present: {} });
    await verifyKafka(connection(), [present]);
    await expect(verifyKafka(connection(), [present, name('absent')])).rejects.toMatchObject({
      code: 'SERVER_MISSING',
      message: `Kafka has no topic ${name('absent')}: run \`vigil migrate\``,
    });
  });

  it('says within seconds that nobody answers, and what to do', async () => {
    const brokers = [`127.0.0.1:${await freePort()}`];
    const start = performance.now();
    await expect(verifyKafka({ brokers, clientId: 'x' }, ['t'])).rejects.toMatchObject({
      code: 'SERVER_MISSING',
      message: `Kafka at ${brokers[0]} cannot be reached: start it, or correct kafka.brokers (VIGIL_KAFKA_BROKERS)`,
    });
    expect(performance.now() - start).toBeLessThan(10_000);
  });

  it('says so when the broker does not take the login', async () => {
    const sasl = { mechanism: 'plain', username: 'u', password: 'wrong' } as const;
    const rejected = verifyKafka({ ...connection(), sasl }, ['t']);
    await expect(rejected).rejects.toMatchObject({ code: 'SERVER_MISSING' });
    await expect(rejected).rejects.not.toThrow('wrong');
  });
});

describe('the bus on topics that are not as we make them', () => {
  it('refuses to subscribe to a topic that is not there', async () => {
    const bus = createKafkaBus({ connection: connection(), clock });
    closers.push(() => bus.close());
    const absent = { topic: ownTopics('absent').name('t'), group: 'g', maxChunk: 1, onChunk: async () => undefined };
    await expect(bus.subscribe(absent)).rejects.toMatchObject({ code: 'SERVER_MISSING' });
  });

  it('hands out a bomb without its value, its neighbours whole, and goes on', async () => {
    const [topic = ''] = await ownTopics('bomb').create({ t: {} });
    const producer = await rawProducer();
    const values = [Buffer.from('before'), Buffer.alloc(30 * 2 ** 20), Buffer.from('after')];
    const messages = values.map((value, index) => ({ key: `k${index}`, value }));
    await producer.send({ topic, compression: CompressionTypes.GZIP, messages });
    await producer.send({ topic, messages: [{ key: 'k3', value: 'later' }] });
    const bus = createKafkaBus({ connection: connection(), clock });
    closers.push(() => bus.close());
    const seen: ReceivedMessage[] = [];
    const onChunk = async (chunk: { messages: readonly ReceivedMessage[] }) => void seen.push(...chunk.messages);
    await bus.subscribe({ topic, group: `${topic}-g`, maxChunk: 10, onChunk });
    await expect.poll(() => seen.length, { timeout: 20_000 }).toBe(4);
    expect(seen.map(({ key, value }) => [key, String(value)])).toEqual([
      ['k0', 'before'],
      ['k1', ''],
      ['k2', 'after'],
      ['k3', 'later'],
    ]);
    expect(Number(seen[1]?.headers?.[TRUNCATED_HEADER])).toBeGreaterThan(30 * 2 ** 20);
  });

  it('splits a publish that is larger than the topic takes, and keeps its order', async () => {
    const [topic = ''] = await ownTopics('large').create({ t: { config: { 'max.message.bytes': '50000' } } });
    const requests: number[] = [];
    const events = { ...silentEvents, published: (event: { requests: number }) => void requests.push(event.requests) };
    const bus = createKafkaBus({ connection: connection(), clock, events });
    closers.push(() => bus.close());
    const values = Array.from({ length: 20 }, (_, index) =>
      Buffer.concat([Buffer.from(`${index}/`), randomBytes(9_000)]),
    );
    await bus.publish(
      topic,
      values.map((value) => ({ key: 'k', value })),
    );
    expect(requests[0]).toBeGreaterThan(1);
    const seen: string[] = [];
    const onChunk = async (chunk: { messages: readonly ReceivedMessage[] }) =>
      void seen.push(...chunk.messages.map(({ value }) => String(value?.subarray(0, 3)).split('/')[0] ?? ''));
    await bus.subscribe({ topic, group: `${topic}-g`, maxChunk: 10, onChunk });
    await expect.poll(() => seen).toEqual(values.map((_, index) => String(index)));
  });

  it('says which topic is too narrow for one message, as a fault to stop at', async () => {
    const [topic = ''] = await ownTopics('narrow').create({ t: { config: { 'max.message.bytes': '5000' } } });
    const bus = createKafkaBus({ connection: connection(), clock });
    closers.push(() => bus.close());
    await expect(bus.publish(topic, [{ key: 'k', value: randomBytes(9_000) }])).rejects.toMatchObject({
      code: 'BUG',
      message: expect.stringContaining(`is larger than ${topic} takes`),
    });
  });

  it('sees that retention overtook a slow reader in the middle', async () => {
    const topics = ownTopics('overtaken');
    const [topic = ''] = await topics.create({ t: {} });
    const lost: { from: bigint; to: bigint }[] = [];
    const bus = createKafkaBus({
      connection: connection(),
      clock,
      events: { ...silentEvents, offsetsLost: ({ from, to }) => void lost.push({ from, to }) },
      consumer: { maxBytesPerPartition: 2_000, maxBytes: 2_000 },
    });
    closers.push(() => bus.close());
    const message = (index: number) => ({ key: 'k', value: Buffer.from(`${index}/${'x'.repeat(500)}`) });
    for (let index = 0; index < 40; index++) await bus.publish(topic, [message(index)]);
    const seen: bigint[] = [];
    await bus.subscribe({
      topic,
      group: `${topic}-g`,
      maxChunk: 2,
      onChunk: async (chunk) => {
        if (seen.length === 0) await dropBefore(topic, 30);
        seen.push(...chunk.messages.map(({ offset }) => offset));
      },
    });
    await expect.poll(() => seen.at(-1), { timeout: 20_000 }).toBe(39n);
    const gapAt = seen.indexOf(30n);
    await expect.poll(() => lost).toEqual([{ from: (seen[gapAt - 1] ?? 0n) + 1n, to: 30n }]);
  });
});

async function dropBefore(topic: string, offset: number): Promise<void> {
  const kafka = new Kafka({ ...connection(), logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  await admin.fetchTopicOffsets(topic); // deleteTopicRecords needs the metadata and does not load them
  await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: String(offset) }] });
  await admin.disconnect();
}
