/**
 * The embedded message bus: topics with partitions, offsets and consumer groups in this process, held to the same
 * conformance suite as Kafka. Keys go to the same partitions as on Kafka. Memory is bounded: a partition keeps
 * `maxMessages` and `maxBytes`; what a known group has not finished is never dropped, a publisher waits for it instead
 * (Kafka drops: here nobody could notice in time). Everything is gone with the process.
 */
import type { Clock } from '../domain/clock.ts';
import { VigilError } from '../domain/errors.ts';
import type { BusMessage, MessageBus, SubscribeOptions } from '../domain/ports.ts';
import { type ConsumerEvents, silentEvents } from './consumer-events.ts';
import { createMemoryGroup, type MemoryGroup, type MemorySubscription } from './memory-group.ts';
import { createMemoryLog, type LogLimits, type MemoryLog } from './memory-log.ts';
import { partitionForKey } from './partition-for-key.ts';
import { DEFAULT_RETRY, type RetryPolicy } from './retry-policy.ts';

export interface MemoryBusOptions {
  readonly clock: Clock;
  /** per topic; 4 where it is not named */
  readonly partitions?: Readonly<Record<string, number>>;
  readonly defaultPartitions?: number;
  /** kept per partition, 50,000 by default */
  readonly maxMessages?: number;
  /** kept per partition, 32 MiB by default: a decision with its evidence has 4 kB */
  readonly maxBytes?: number;
  readonly retry?: RetryPolicy;
  readonly events?: ConsumerEvents;
}

export interface MemoryBus extends MessageBus {
  subscribe(options: SubscribeOptions): Promise<MemorySubscription>;
  /** partition → next offset to be written, for tests and gauges */
  ends(topic: string): readonly bigint[];
  /** lets the messages before `offset` go, as retention does on Kafka, also those that a group has not read */
  dropBefore(topic: string, partition: number, offset: bigint): void;
}

export interface MemoryTopic {
  readonly name: string;
  readonly logs: readonly MemoryLog[];
  readonly groups: Map<string, MemoryGroup>;
  /** called when something was published or finished */
  readonly waiting: Set<() => void>;
  nextKeyless: number;
}

export function createMemoryBus(options: MemoryBusOptions): MemoryBus {
  const { clock, defaultPartitions = 4, retry = DEFAULT_RETRY, events = silentEvents } = options;
  const limits: LogLimits = { maxMessages: options.maxMessages ?? 50_000, maxBytes: options.maxBytes ?? 2 ** 25 };
  const topics = new Map<string, MemoryTopic>();
  let isClosed = false;

  const topicNamed = (name: string): MemoryTopic => {
    const known = topics.get(name);
    if (known !== undefined) return known;
    const partitions = options.partitions?.[name] ?? defaultPartitions;
    const logs = Array.from({ length: partitions }, createMemoryLog);
    const topic: MemoryTopic = { name, logs, groups: new Map(), waiting: new Set(), nextKeyless: 0 };
    topics.set(name, topic);
    return topic;
  };
  const refuseWhenClosed = (): void => {
    if (isClosed) throw new VigilError('BUG', 'the bus is closed');
  };
  const roomFor = async (topic: MemoryTopic, partition: number, log: MemoryLog): Promise<void> => {
    // once: the readers do not know yet what this call has appended. Two publishers that woke each other at each look would
    // never leave the microtasks, and the readers' own timers and sockets would starve.
    wake(topic);
    while (!log.makeRoom(limits, finishedByAll(topic, partition, log))) {
      await new Promise<void>((resolve) => topic.waiting.add(resolve));
      refuseWhenClosed();
    }
  };
  const append = async (topic: MemoryTopic, messages: readonly BusMessage[]): Promise<void> => {
    for (const message of messages) {
      const partition = partitionOf(topic, message);
      const log = topic.logs[partition];
      if (log === undefined) throw new VigilError('BUG', `partition ${partition} of ${topic.name} does not exist`);
      if (!log.makeRoom(limits, finishedByAll(topic, partition, log))) await roomFor(topic, partition, log);
      log.append(message, clock.now());
    }
  };
  return {
    async publish(name, messages) {
      refuseWhenClosed();
      const topic = topicNamed(name);
      const start = performance.now();
      await append(topic, messages);
      wake(topic);
      const bytes = messages.reduce((sum, { value }) => sum + (value?.length ?? 0), 0);
      const durationMs = performance.now() - start;
      events.published({ topic: name, messages: messages.length, bytes, requests: 1, durationMs });
    },
    async subscribe(subscription) {
      refuseWhenClosed();
      const topic = topicNamed(subscription.topic);
      let group = topic.groups.get(subscription.group);
      if (group === undefined) {
        group = createMemoryGroup({ topic, name: subscription.group, clock, retry, events, wake: () => wake(topic) });
        topic.groups.set(subscription.group, group);
      }
      return group.join(subscription);
    },
    async close() {
      isClosed = true;
      for (const topic of topics.values()) {
        for (const group of topic.groups.values()) await group.stopAll();
        wake(topic);
      }
    },
    dropBefore: (name, partition, offset) => topicNamed(name).logs[partition]?.dropBefore(offset),
    ends: (name) => topicNamed(name).logs.map((log) => log.end()),
  };
}

/** Wakes whoever waits for messages or for room; each looks again. */
function wake(topic: MemoryTopic): void {
  const waiting = [...topic.waiting];
  topic.waiting.clear();
  for (const resume of waiting) resume();
}

function partitionOf(topic: MemoryTopic, message: BusMessage): number {
  if (message.key !== null) return partitionForKey(message.key, topic.logs.length);
  topic.nextKeyless = (topic.nextKeyless + 1) % topic.logs.length;
  return topic.nextKeyless;
}

/** What every known group has finished; a topic that nobody reads has nothing to wait for. */
function finishedByAll(topic: MemoryTopic, partition: number, log: MemoryLog): bigint {
  let least = log.end();
  for (const group of topic.groups.values()) {
    const position = group.finished(partition);
    if (position < least) least = position;
  }
  return least;
}
