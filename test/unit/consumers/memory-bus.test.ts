import { describe, expect, it } from 'vitest';
import { silentEvents } from '../../../src/consumers/consumer-events.ts';
import { createMemoryBus } from '../../../src/consumers/memory-bus.ts';
import type { Chunk } from '../../../src/domain/ports.ts';
import { messageBusSuite } from '../../conformance/message-bus-suite.ts';

const clock = { now: () => Date.now() };
const message = (value: string) => ({ key: 'k', value: Buffer.from(value) });

messageBusSuite('in this process', async (events) => {
  const partitions: Record<string, number> = {};
  const bus = createMemoryBus({ clock, partitions, events, retry: { initialMs: 10, maxMs: 50 } });
  let topics = 0;
  return {
    bus,
    async createTopic(count) {
      const topic = `topic-${topics++}`;
      partitions[topic] = count;
      return topic;
    },
    dropBefore: async (topic, partition, offset) => bus.dropBefore(topic, partition, offset),
    close: () => bus.close(),
  };
});

describe('the bus in this process', () => {
  it('keeps at most maxMessages of a topic that nobody reads', async () => {
    const bus = createMemoryBus({ clock, defaultPartitions: 1, maxMessages: 10 });
    for (let index = 0; index < 25; index++) await bus.publish('t', [message(String(index))]);
    const seen: string[] = [];
    await bus.subscribe({
      topic: 't',
      group: 'g',
      maxChunk: 100,
      onChunk: async (chunk) => void seen.push(...chunk.messages.map(({ value }) => String(value))),
    });
    await expect.poll(() => seen).toEqual(Array.from({ length: 10 }, (_, index) => String(index + 15)));
    await bus.close();
  });

  it('bounds a partition in bytes too, and takes a message that is larger than the bound', async () => {
    const bus = createMemoryBus({ clock, defaultPartitions: 1, maxBytes: 10_000 });
    const large = (size: number) => ({ key: 'k', value: Buffer.alloc(size) });
    await bus.publish(
      't',
      Array.from({ length: 50 }, () => large(1_000)),
    );
    await bus.publish('t', [large(50_000)]);
    await bus.publish('t', [large(100)]);
    const sizes: number[] = [];
    await bus.subscribe({
      topic: 't',
      group: 'g',
      maxChunk: 100,
      onChunk: async (chunk) => void sizes.push(...chunk.messages.map(({ value }) => value?.length ?? 0)),
    });
    await expect.poll(() => sizes).toEqual([100]);
    await bus.close();
  });

  it('lets a publisher wait for a slow group instead of dropping what it has not finished', async () => {
    const bus = createMemoryBus({ clock, defaultPartitions: 1, maxMessages: 10 });
    let release = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const seen: string[] = [];
    await bus.subscribe({
      topic: 't',
      group: 'g',
      maxChunk: 4,
      onChunk: async (chunk) => {
        await gate;
        seen.push(...chunk.messages.map(({ value }) => String(value)));
      },
    });
    let isPublished = false;
    const messages = Array.from({ length: 100 }, (_, index) => message(String(index)));
    const published = bus.publish('t', messages).then(() => {
      isPublished = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(isPublished).toBe(false);
    expect(bus.ends('t')).toEqual([10n]);
    release();
    await published;
    await expect.poll(() => seen).toEqual(messages.map(({ value }) => String(value)));
    await bus.close();
  });

  it('lets several publishers wait without keeping timers and sockets from their turn', async () => {
    const bus = createMemoryBus({ clock, defaultPartitions: 1, maxMessages: 4 });
    let seen = 0;
    await bus.subscribe({
      topic: 't',
      group: 'g',
      maxChunk: 2,
      onChunk: async (chunk) => {
        // a slow store: what it waits for is a timer
        await new Promise((resolve) => setTimeout(resolve, 1));
        seen += chunk.messages.length;
      },
    });
    const publishers = Array.from({ length: 3 }, (_, publisher) =>
      bus.publish(
        't',
        Array.from({ length: 20 }, (_, index) => message(`${publisher}-${index}`)),
      ),
    );
    await Promise.all(publishers);
    await expect.poll(() => seen).toBe(60);
    await bus.close();
  });

  it('hands what a killed member had in hand to another, and ignores its late results', async () => {
    const bus = createMemoryBus({ clock, defaultPartitions: 1 });
    await bus.publish('t', [message('1'), message('2')]);
    let release = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const late: Chunk[] = [];
    const first = await bus.subscribe({
      topic: 't',
      group: 'g',
      maxChunk: 1,
      onChunk: async (chunk) => {
        await gate;
        late.push(chunk);
      },
    });
    await new Promise((resolve) => setTimeout(resolve, 10));
    first.kill();
    const seen: string[] = [];
    await bus.subscribe({
      topic: 't',
      group: 'g',
      maxChunk: 1,
      onChunk: async (chunk) => void seen.push(String(chunk.messages[0]?.value)),
    });
    release();
    await expect.poll(() => seen).toEqual(['1', '2']);
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(late.length).toBe(1);
    await bus.close();
  });

  it('lets timers run while it has messages for ever', async () => {
    const bus = createMemoryBus({ clock, defaultPartitions: 1 });
    await bus.publish('t', [message('0')]);
    const subscription = await bus.subscribe({
      topic: 't',
      group: 'g',
      maxChunk: 1,
      onChunk: async (chunk) => bus.publish('t', chunk.messages),
    });
    await new Promise((resolve) => setTimeout(resolve, 20));
    await subscription.stop();
    await bus.close();
  });

  it('refuses to publish after it was closed', async () => {
    const bus = createMemoryBus({ clock, events: silentEvents });
    await bus.close();
    await expect(bus.publish('t', [message('1')])).rejects.toThrow('closed');
  });
});
