/** Builders and observers for the tests of the consumers. */
import { type ConsumerEvents, silentEvents } from '../../../src/consumers/consumer-events.ts';
import { createMemoryBus, type MemoryBus } from '../../../src/consumers/memory-bus.ts';
import type { BusMessage, ReceivedMessage } from '../../../src/domain/ports.ts';

export const clock = { now: () => Date.now() };

export const topics = {
  transactions: 'transactions',
  decisions: 'decisions',
  deadLetters: 'dead-letters',
  feedback: 'feedback',
  channelResults: 'channel-results',
} as const;

export const testBus = (events: ConsumerEvents = silentEvents): MemoryBus =>
  createMemoryBus({ clock, events, defaultPartitions: 1, retry: { initialMs: 5, maxMs: 20 } });

export const bytes = (value: string): Buffer => Buffer.from(value, 'utf8');
export const json = (key: string, value: unknown): BusMessage => ({ key, value: bytes(JSON.stringify(value)) });

export const aReceived = (overrides: Partial<ReceivedMessage> = {}): ReceivedMessage => ({
  key: 'C1',
  value: bytes('{}'),
  offset: 7n,
  timestampMs: 1_764_000_000_000,
  ...overrides,
});

/** Everything that a topic holds, read by a group of its own. */
export async function collect(bus: MemoryBus, topic: string): Promise<ReceivedMessage[]> {
  const end = bus.ends(topic)[0] ?? 0n;
  const seen: ReceivedMessage[] = [];
  if (end === 0n) return seen;
  const subscription = await bus.subscribe({
    topic,
    group: `collect-${Math.random()}`,
    maxChunk: 1000,
    onChunk: async (chunk) => void seen.push(...chunk.messages),
  });
  while (seen.length < Number(end)) await new Promise((resolve) => setTimeout(resolve, 5));
  await subscription.stop();
  return seen;
}

/** Counts what was published, request by request. */
export function countingBus(bus: MemoryBus): MemoryBus & { readonly requests: [string, number][] } {
  const requests: [string, number][] = [];
  return {
    ...bus,
    requests,
    publish(topic, messages) {
      requests.push([topic, messages.length]);
      return bus.publish(topic, messages);
    },
  };
}
