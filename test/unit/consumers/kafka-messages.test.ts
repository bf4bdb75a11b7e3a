import type { Batch, KafkaMessage } from 'kafkajs';
import { describe, expect, it } from 'vitest';
import { fromKafka, slices, toKafka } from '../../../src/consumers/kafka-messages.ts';

const aMessage = (offset: number, overrides: Partial<KafkaMessage> = {}): KafkaMessage =>
  ({
    key: null,
    value: null,
    timestamp: '1764000000123',
    attributes: 0,
    offset: String(offset),
    ...overrides,
  }) as KafkaMessage;

/** A batch whose last record is a transaction marker, which kafkajs does not hand out. */
const aBatch = (offsets: readonly number[], lastOffset: number): Batch =>
  ({ messages: offsets.map((offset) => aMessage(offset)), lastOffset: () => String(lastOffset) }) as unknown as Batch;

describe('slices of a batch', () => {
  it('have at most the wanted size and end after their last message', () => {
    const parts = [...slices(aBatch([10, 11, 14, 20, 21], 21), 2)];
    expect(parts.map(({ messages, next }) => [messages.map(({ offset }) => offset), next])).toEqual([
      [['10', '11'], 12n],
      [['14', '20'], 21n],
      [['21'], 22n],
    ]);
  });

  it('end behind a marker at the end of the batch', () => {
    expect([...slices(aBatch([10, 11], 12), 100)].map(({ next }) => next)).toEqual([13n]);
    expect([...slices(aBatch([10, 11], 12), 2)].map(({ next }) => next)).toEqual([13n]);
  });

  it('are none of a batch without messages', () => {
    expect([...slices(aBatch([], 9), 10)]).toEqual([]);
  });
});

describe('a message from kafkajs', () => {
  it('has its offset as a bigint and its time in milliseconds', () => {
    const message = fromKafka(aMessage(0, { offset: '9007199254740993' }));
    expect(message).toEqual({ key: null, value: null, offset: 9007199254740993n, timestampMs: 1764000000123 });
  });

  it('has headers as text, the last of a name', () => {
    const headers = { code: Buffer.from('编码'), twice: [Buffer.from('1'), Buffer.from('2')], none: undefined };
    expect(fromKafka(aMessage(0, { headers })).headers).toEqual({ code: '编码', twice: '2', none: '' });
  });

  it('keeps the difference between a tombstone and an empty value', () => {
    expect(fromKafka(aMessage(0, { value: Buffer.alloc(0) })).value?.length).toBe(0);
    expect(fromKafka(aMessage(0)).value).toBeNull();
  });
});

it('hands kafkajs no headers where there are none', () => {
  expect(toKafka({ key: 'k', value: null })).toEqual({ key: 'k', value: null });
});
