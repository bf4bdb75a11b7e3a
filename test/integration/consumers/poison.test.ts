/**
 * Poison on a real broker: every refused message is a dead letter with its code and its original bytes, its neighbours
 * are decided, the consumer lives. With the real parser, and a scorer that answers for what it lets through.
 */
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { silentEvents } from '../../../src/consumers/consumer-events.ts';
import { createKafkaBus, type KafkaBus } from '../../../src/consumers/kafka-bus.ts';
import { migrateTopics } from '../../../src/consumers/kafka-topics.ts';
import { topicDefinitions } from '../../../src/consumers/topics.ts';
import { startTransactionConsumer } from '../../../src/consumers/transaction-consumer.ts';
import { createTransactionParser } from '../../../src/domain/parse-transaction.ts';
import type { BusMessage, ReceivedMessage } from '../../../src/domain/ports.ts';
import type { ScoreTransactions } from '../../../src/pipeline/score-transactions.ts';
import { ownTopics } from '../../helpers/servers/own.ts';
import { findProgram } from '../../helpers/servers/programs.ts';
import { runCommand } from '../../helpers/servers/run-command.ts';
import { readTopic } from './members.ts';

const clock = { now: () => Date.now() };
const connection = () => ({ brokers: inject('kafkaBrokers').split(','), clientId: 'poison' });
const parse = createTransactionParser({ isChannel: (code) => code === 'ATM' });
let bus: KafkaBus;
beforeAll(() => {
  bus = createKafkaBus({ connection: connection(), clock });
});
afterAll(() => bus.close());

const scoreTransactions: ScoreTransactions = async (inputs) =>
  inputs.map(({ bytes, receivedAtMs, parsed }) => {
    const result = parsed ?? parse(bytes, receivedAtMs);
    if (!result.ok) return { kind: 'rejected', rejection: result.error };
    const { transactionId, customerId } = result.value.transaction;
    const identity = { customerId, fingerprint: result.value.fingerprint };
    return { kind: 'decided', bytes: transactionId, ...identity, isRepeat: false, isConflict: false };
  });

const good = (index: number): BusMessage => ({
  key: `C${index % 7}`,
  value: Buffer.from(
    JSON.stringify({
      schemaVersion: 1,
      transactionId: `T-${index}`,
      occurredAt: new Date().toISOString(),
      channel: 'ATM',
      type: 'LOGIN',
      customerId: `C${index % 7}`,
    }),
  ),
});

const text = (value: string): Buffer => Buffer.from(value, 'utf8');
const POISON: readonly [code: string, value: Buffer | null][] = [
  ['EMPTY', null],
  ['EMPTY', Buffer.alloc(0)],
  ['NOT_JSON', text('{"schemaVersion":1,')],
  ['NOT_UTF8', Buffer.from([0x7b, 0xff, 0xfe, 0x7d])],
  ['NOT_AN_OBJECT', text('[]')],
  ['TOO_DEEP', text('['.repeat(20_000))],
  ['DUPLICATE_KEY', text('{"a":1,"a":2}')],
  ['FORBIDDEN_KEY', text('{"__proto__":{"admin":true}}')],
  ['TOO_LARGE', Buffer.alloc(200_000, 0x20)],
  ['UNSUPPORTED_SCHEMA_VERSION', text('{"schemaVersion":2}')],
  ['MISSING_FIELD', text('{"schemaVersion":1}')],
];

async function ownVigilTopics(prefix: string) {
  const own = ownTopics(prefix);
  const topics = {
    transactions: own.name('transactions'),
    decisions: own.name('decisions'),
    deadLetters: own.name('dead-letters'),
    feedback: own.name('feedback'),
    channelResults: own.name('results'),
  };
  const settings = { topics, partitions: 3, replicationFactor: 1, retentionHours: 1 };
  await migrateTopics(connection(), topicDefinitions(settings));
  return { topics, brokers: own.brokers, group: own.name('group') };
}

describe('poison messages', () => {
  it('each become a dead letter with code, origin and original bytes; all others are decided', async () => {
    const { topics, brokers, group } = await ownVigilTopics('poison');
    const messages = Array.from({ length: 1_100 }, (_, index) => {
      const [, value = null] = POISON[index / 100] ?? [];
      return index % 100 === 0 && index / 100 < POISON.length ? { key: `P${index}`, value } : good(index);
    });
    await bus.publish(topics.transactions, messages);
    const consumer = { bus, topics, group, maxChunk: 64, scoreTransactions, clock, events: silentEvents };
    const subscription = await startTransactionConsumer(consumer);
    await expect.poll(() => [...subscription.lag().values()], { timeout: 20_000 }).toEqual([0n, 0n, 0n]);
    await subscription.stop();
    const decided = (await readTopic(brokers, topics.decisions)).map(({ value }) => value);
    const expected = messages.flatMap((_, index) => (index % 100 === 0 ? [] : [`T-${index}`]));
    expect(decided.sort()).toEqual(expected.sort());
    const letters = await readLetters(topics.deadLetters, POISON.length);
    const byKey = new Map(letters.map((letter) => [letter.key, letter]));
    for (const [index, [code, value]] of POISON.entries()) {
      const letter = byKey.get(`P${index * 100}`);
      expect(letter?.headers).toMatchObject({ code, topic: topics.transactions });
      expect(letter?.value?.toString('hex')).toBe(value?.toString('hex'));
    }
  });

  it.runIf(findProgram(['kcat']) !== undefined)(
    'in codecs that this client does not have arrive readable: the broker has changed them on our topics',
    async () => {
      const { topics, brokers, group } = await ownVigilTopics('codecs');
      for (const [index, codec] of ['snappy', 'lz4', 'zstd', 'gzip'].entries()) {
        const file = `${JSON.stringify(JSON.parse(String(good(index).value)))}\n`;
        await runCommand('/bin/sh', [
          '-c',
          'printf %s "$1" | kcat -q -P -b "$2" -t "$3" -z "$4"',
          ...['sh', file, brokers, topics.transactions, codec],
        ]);
      }
      const consumer = { bus, topics, group, maxChunk: 64, scoreTransactions, clock, events: silentEvents };
      const subscription = await startTransactionConsumer(consumer);
      const decided = async () => (await readTopic(brokers, topics.decisions)).map(({ value }) => value).sort();
      await expect.poll(decided, { timeout: 20_000 }).toEqual(['T-0', 'T-1', 'T-2', 'T-3']);
      await subscription.stop();
    },
  );
});

async function readLetters(topic: string, count: number): Promise<ReceivedMessage[]> {
  const seen: ReceivedMessage[] = [];
  const onChunk = async (chunk: { messages: readonly ReceivedMessage[] }) => void seen.push(...chunk.messages);
  const subscription = await bus.subscribe({ topic, group: `${topic}-read`, maxChunk: 100, onChunk });
  await expect.poll(() => seen.length, { timeout: 20_000 }).toBe(count);
  await subscription.stop();
  return seen;
}
