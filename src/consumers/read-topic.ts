/**
 * Reads what a topic holds now, from its first message to the ends that were there when it was opened, all partitions
 * merged by the time of their messages: what was produced at one time is read at one time, however full a partition is.
 * (One partition after the other would be days apart for whoever they share: a merchant, a device.)
 *
 * Reads as the only member of a consumer group of its own, commits nothing and removes the group at the end. Partitions
 * that run ahead of the others are paused: memory holds about a fetch of each.
 */
import { randomUUID } from 'node:crypto';
import type { Admin, Consumer, KafkaMessage } from 'kafkajs';
import type { ConsumerEvents } from './consumer-events.ts';
import { asVigilError, createKafkaClient, type KafkaConnection, QUICK_RETRY, RETRY } from './kafka-client.ts';
import { readWatermarks } from './kafka-positions.ts';

export interface TopicMessage {
  readonly partition: number;
  readonly offset: bigint;
  readonly timestampMs: number;
  readonly value: Buffer | null;
}

export interface TopicStart {
  readonly partition: number;
  /** of the first message that is still there; undefined when there is none */
  readonly oldestMs: number | undefined;
  /** messages before it have been there and were deleted */
  readonly isCut: boolean;
}

export interface TopicReading {
  /** messages between the ends, for a progress bar; fewer come where a topic is compacted */
  readonly total: number;
  /** how far back each partition reaches; waits for the first message of each */
  starts(): Promise<readonly TopicStart[]>;
  /** in order of their time, at most `most` at once. To be read once. */
  messages(most: number): AsyncGenerator<readonly TopicMessage[]>;
  close(): Promise<void>;
}

export interface ReadTopicOptions {
  readonly connection: KafkaConnection;
  readonly topic: string;
  /** messages of this time and later are left out */
  readonly beforeMs?: number;
  readonly events: ConsumerEvents;
}

/** messages of one partition that wait for the others */
const MOST_WAITING = 2_000;

interface Partition {
  readonly partition: number;
  readonly low: bigint;
  readonly end: bigint;
  /** what comes before it was taken */
  next: bigint;
  readonly waiting: TopicMessage[];
  oldestMs: number | undefined;
  isPaused: boolean;
  hasEnded: boolean;
}

export async function readTopic(options: ReadTopicOptions): Promise<TopicReading> {
  const { connection, topic, events } = options;
  const admin = createKafkaClient(connection, QUICK_RETRY, events).admin();
  const group = `${connection.clientId}-reading-${randomUUID()}`;
  await admin.connect().catch((error: unknown) => {
    throw asVigilError(error, `Kafka at ${connection.brokers.join(', ')} cannot be reached`);
  });
  try {
    const partitions = await findEnds(admin, options);
    const consumer = createKafkaClient(connection, RETRY, events).consumer({
      groupId: group,
      allowAutoTopicCreation: false,
      maxWaitTimeInMs: 100,
      retry: { ...RETRY, restartOnFailure: async () => true },
    });
    const state = createState(topic, partitions, consumer);
    if (partitions.some(({ hasEnded }) => !hasEnded)) await start(consumer, topic, state);
    return {
      total: partitions.reduce((sum, { low, end }) => sum + Number(end - low), 0),
      starts: () => startsOf(state),
      messages: (most) => merged(state, most),
      async close() {
        await consumer.disconnect();
        await removeGroup(admin, group, events);
        await admin.disconnect();
      },
    };
  } catch (error) {
    await admin.disconnect();
    throw asVigilError(error, `topic ${topic} cannot be read`);
  }
}

async function findEnds(admin: Admin, { topic, beforeMs }: ReadTopicOptions): Promise<readonly Partition[]> {
  const watermarks = await readWatermarks(admin, topic);
  const earlier =
    beforeMs === undefined || beforeMs === Number.POSITIVE_INFINITY
      ? []
      : await admin.fetchTopicOffsetsByTimestamp(topic, beforeMs);
  const endOf = new Map(earlier.map(({ partition, offset }) => [partition, BigInt(offset)]));
  return [...watermarks].map(([partition, { low, high }]) => {
    const wanted = endOf.get(partition) ?? high;
    const end = clamp(wanted, low, high);
    return { partition, low, end, next: low, waiting: [], oldestMs: undefined, isPaused: false, hasEnded: end <= low };
  });
}

function clamp(value: bigint, low: bigint, high: bigint): bigint {
  if (value < low) return low;
  return value > high ? high : value;
}

/** The group is of no use to anybody; that it stays for a while when it cannot be removed does no harm. */
async function removeGroup(admin: Admin, group: string, events: ConsumerEvents): Promise<void> {
  await admin.deleteGroups([group]).catch((error: unknown) => {
    events.clientWarned({ level: 'warn', message: 'a group could not be removed', context: { group, error } });
  });
}

interface State {
  readonly partitions: readonly Partition[];
  take(partition: number, messages: readonly KafkaMessage[]): void;
  /** everything up to this offset has been seen */
  seen(partition: number, offset: bigint): void;
  resume(partition: Partition): void;
  die(error: unknown): void;
  /** resolves at the next message, end or failure */
  changed(): Promise<void>;
}

function createState(topic: string, partitions: readonly Partition[], consumer: Consumer): State {
  const byNumber = new Map(partitions.map((entry) => [entry.partition, entry]));
  let failure: { readonly error: unknown } | undefined;
  let wake: (() => void) | undefined;
  const pause = (entry: Partition): void => {
    entry.isPaused = true;
    consumer.pause([{ topic, partitions: [entry.partition] }]);
  };
  return {
    partitions,
    take(partition, messages) {
      const entry = byNumber.get(partition);
      if (entry === undefined || entry.hasEnded) return;
      for (const { offset, timestamp, value } of messages) {
        const message = { partition, offset: BigInt(offset), timestampMs: Number(timestamp), value };
        if (message.offset < entry.next || message.offset >= entry.end) continue;
        entry.waiting.push(message);
        entry.next = message.offset + 1n;
      }
      entry.oldestMs ??= entry.waiting[0]?.timestampMs;
      if (entry.waiting.length >= MOST_WAITING && !entry.isPaused) pause(entry);
    },
    seen(partition, offset) {
      const entry = byNumber.get(partition);
      if (entry !== undefined && offset + 1n >= entry.end && !entry.hasEnded) {
        entry.hasEnded = true;
        if (!entry.isPaused) pause(entry);
      }
      wake?.();
    },
    resume(entry) {
      entry.isPaused = false;
      consumer.resume([{ topic, partitions: [entry.partition] }]);
    },
    die(error) {
      failure ??= { error };
      wake?.();
    },
    async changed() {
      if (failure === undefined) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      if (failure !== undefined) throw asVigilError(failure.error, `topic ${topic} cannot be read`);
    },
  };
}

async function start(consumer: Consumer, topic: string, state: State): Promise<void> {
  const { CRASH, END_BATCH_PROCESS, GROUP_JOIN } = consumer.events;
  consumer.on(GROUP_JOIN, () => {
    // nothing is committed: a new membership would begin anew, with nothing paused
    for (const { partition, low, next, isPaused, hasEnded } of state.partitions) {
      if (next > low) consumer.seek({ topic, partition, offset: String(next) });
      if (isPaused || hasEnded) consumer.pause([{ topic, partitions: [partition] }]);
    }
  });
  // also for batches of which nothing is handed out (transaction markers, what compaction left)
  consumer.on(END_BATCH_PROCESS, ({ payload }) => state.seen(payload.partition, BigInt(payload.lastOffset)));
  consumer.on(CRASH, ({ payload }) => {
    if (!payload.restart) state.die(payload.error);
  });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    partitionsConsumedConcurrently: state.partitions.length,
    eachBatch: async ({ batch }) => state.take(batch.partition, batch.messages),
  });
}

const isWaitedFor = ({ waiting, hasEnded }: Partition): boolean => waiting.length === 0 && !hasEnded;

async function startsOf(state: State): Promise<readonly TopicStart[]> {
  while (state.partitions.some((entry) => entry.oldestMs === undefined && !entry.hasEnded)) await state.changed();
  return state.partitions.map(({ partition, low, oldestMs }) => ({ partition, oldestMs, isCut: low > 0n }));
}

async function* merged(state: State, most: number): AsyncGenerator<readonly TopicMessage[]> {
  const places = new Map(state.partitions.map((entry) => [entry, 0]));
  for (;;) {
    while (state.partitions.some(isWaitedFor)) await state.changed();
    if (state.partitions.every(({ waiting }) => waiting.length === 0)) return;
    const chunk: TopicMessage[] = [];
    while (chunk.length < most) {
      const next = takeOldest(state.partitions, places);
      if (next === undefined) break;
      chunk.push(next);
    }
    for (const [entry, place] of places) {
      entry.waiting.splice(0, place);
      places.set(entry, 0);
      if (entry.isPaused && !entry.hasEnded && entry.waiting.length < MOST_WAITING / 2) state.resume(entry);
    }
    yield chunk;
  }
}

/** undefined when a partition has to be waited for, or nothing is left */
function takeOldest(partitions: readonly Partition[], places: Map<Partition, number>): TopicMessage | undefined {
  let oldest: TopicMessage | undefined;
  let of: Partition | undefined;
  for (const entry of partitions) {
    const head = entry.waiting[places.get(entry) ?? 0];
    if (head === undefined) {
      if (!entry.hasEnded) return undefined;
    } else if (oldest === undefined || head.timestampMs < oldest.timestampMs) {
      oldest = head;
      of = entry;
    }
  }
  if (of !== undefined) places.set(of, (places.get(of) ?? 0) + 1);
  return oldest;
}

/**
 * From when on all partitions hold everything; −Infinity when nothing was ever deleted. `emptyMs` stands for a partition
 * of which nothing is left.
 */
export function completeSince(starts: readonly TopicStart[], emptyMs: number): number {
  const cut = starts.filter(({ isCut }) => isCut).map(({ oldestMs }) => oldestMs ?? emptyMs);
  return Math.max(Number.NEGATIVE_INFINITY, ...cut);
}
